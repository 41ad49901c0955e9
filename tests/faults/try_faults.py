#!/usr/bin/env python3
"""Make the n-th allocation, call of the system, HDF5 or MPI of every job of
jobs.txt fail: the job must end by itself, with an exit code that says so, and
leave no output, whole or half. A sample of all n; CORACLE_FAULTS=all tries every
one. A job is a test: try_faults.py Faults.test_als"""
import hashlib
import os
import re
import shlex
import shutil
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))
import coracle_test as ct
from coracle_test import main

ALL = os.environ.get("CORACLE_FAULTS") == "all"
RANKS = (1, 3)
EXPECTED = {"memory": (ct.MEMORY,), "hdf5": (ct.IO, ct.DATA_BAD),
            "file": (ct.IO, ct.DATA_BAD), "window": (ct.MEMORY,),
            "system": (ct.IO, ct.DATA_BAD)}
ON_ALL = ("file", "window")  # fails on all ranks or on none
ABORTS = ("exchange",)       # a broken network: the job is ended from outside


def jobs():
    """The lines of jobs.txt: those made first, those then tried."""
    parts, here = {"made first:": [], "then tried:": []}, None
    with open(os.path.join(HERE, "jobs.txt")) as lines:
        for line in map(str.strip, lines):
            if line in parts:
                here = parts[line]
            elif line and not line.startswith("#"):
                here.append(line)
    return parts.values()


MADE_FIRST, TRIED = jobs()


def draw(count, *words):
    """One of `count` by some words: always the same, another for others."""
    digest = hashlib.md5(" ".join(map(str, words)).encode()).digest()
    return int.from_bytes(digest[:4], "little") % count


def places(count, *words):
    """Which of the calls of a kind to try: all or one."""
    if ALL or count == 0:
        return range(1, count + 1)
    return [1 + draw(count, *words)]


def victims(ranks, *words):
    """Which ranks fail, one at a time: the first alone reads heads and writes
    results, the last stands for all others."""
    both = sorted({0, ranks - 1})
    return both if ALL else [both[draw(len(both), *words, ranks)]]


def write_inputs(folder):
    rows = [(i * 7 % 31, i * 5 % 23, i % 5 + 1, 1000 + i) for i in range(400)]
    with open(os.path.join(folder, "in.csv"), "w") as file:
        file.write("user,item,rating,time\n")
        file.writelines("%d,%d,%d,%d\n" % row for row in rows)
    with open(os.path.join(folder, "in.jsonl"), "w") as file:
        file.writelines('{"user": %d, "item": "i%d", "rating": %d, '
                        '"time": %d}\n' % row for row in rows)
    with open(os.path.join(folder, "rows.csv"), "w") as file:
        file.write("a,b,c\n")
        file.writelines("%d,%g,%g\n" % (i % 2 * 9, i * 7 % 13 / 3, i * i % 17)
                        for i in range(60))


class Faults(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="coracle-faults-")
        cls.addClassCleanup(shutil.rmtree, cls.dir, ignore_errors=True)
        write_inputs(cls.dir)
        for line in MADE_FIRST:
            run = ct.run(*cls.words(line))
            if run.code:
                raise AssertionError(str(run))
        cls.kept = set(os.listdir(cls.dir))

    @classmethod
    def words(cls, line):
        return [os.path.join(cls.dir, word[1:]) if word.startswith("@") else word
                for word in shlex.split(line)]

    def outputs(self):
        return set(os.listdir(self.dir)) - self.kept

    def clean(self):
        for name in self.outputs():
            path = os.path.join(self.dir, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)

    def counts(self, words, ranks, victim):
        """How often each kind is called when nothing fails."""
        run = ct.run(*words, ranks=ranks, env={
            "CORACLE_FAULT": "count", "CORACLE_FAULT_RANK": victim})
        self.assertEqual(run.code, 0, run)
        self.clean()
        return {kind: int(count) for kind, count in
                re.findall(r"fault count (\w+) (\d+)", run.err)}

    def fail_at(self, words, ranks, victim, kind, n):
        env = {"CORACLE_FAULT": "%s:%d" % (kind, n)}
        if kind not in ON_ALL:
            env["CORACLE_FAULT_RANK"] = victim
        run = ct.run(*words, ranks=ranks, env=env, timeout=60)
        place = "%s\n%s %d on rank %d of %d" % (run, kind, n, victim, ranks)
        if run.code == 0:
            # a call whose failure does no harm: the output must be there
            self.assertTrue(self.outputs() or "-o" not in words, place)
        elif kind in ABORTS:
            # an aborted job can't tidy up: part files may stay, and of several
            # outputs those that were whole before
            self.assertTrue(all(map(self.is_whole, self.outputs())), place)
        else:
            self.assertEqual(self.outputs(), set(), place)
            self.check_end(run, ranks, kind, place)

    def is_whole(self, name):
        path = os.path.join(self.dir, name)
        return ".part" in name or (
            name.endswith(".h5") and ct.run("info", path, "--json").code == 0)

    def check_end(self, run, ranks, kind, place):
        """One message and the code of the contract."""
        self.assertIn(run.code, EXPECTED[kind], place)
        self.assertEqual(len(run.messages), 1, place)

    def try_job(self, name, line):
        words = self.words(line)
        for ranks in RANKS:
            tried = victims(ranks, name)
            for victim in tried:
                counts = self.counts(words, ranks, victim)
                for kind, count in counts.items():
                    if kind in ON_ALL and victim != tried[0]:
                        continue
                    for n in places(count, name, kind, ranks):
                        self.try_place(words, ranks, victim, kind, n)

    def try_place(self, words, ranks, victim, kind, n):
        with self.subTest(ranks=ranks, victim=victim, kind=kind, n=n):
            try:
                self.fail_at(words, ranks, victim, kind, n)
            finally:
                self.clean()

    def test_every_job_is_here(self):
        listed = re.findall(r"^  (\w+)  ", ct.run(None, "--help").out, re.M)
        here = {line.split()[0] for line in TRIED}
        self.assertEqual(sorted(set(listed) - here), [],
                         "these jobs have no line in tests/faults/jobs.txt")


def add_tests():
    for line in TRIED:
        name = base = "test_" + line.split()[0]
        number = 1
        while hasattr(Faults, name):
            number += 1
            name = "%s_%d" % (base, number)
        setattr(Faults, name, lambda self, name=name, line=line:
                self.try_job(name, line))


add_tests()
if __name__ == "__main__":
    main()
