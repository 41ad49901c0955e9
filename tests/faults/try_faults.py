#!/usr/bin/env python3
"""Make the n-th allocation, call of the system, HDF5 or MPI of every job of
jobs.txt fail: the job must end by itself, with one message and the exit code
that says so, and leave no output, whole or half. Where it ends well although a
call failed, its output must be what it is without the failure.

What is tried is each way through the code (three callers deep) that leads to
such a call, on one rank and on three, of which the first and the last fail;
without --all or --every a sample of them, by a seed that is printed."""
import argparse
import collections
import concurrent.futures
import hashlib
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))
import coracle_test as ct

RANKS = (1, 3)
SAMPLE = {1: 8, 3: 2}  # places of a job at so many ranks
EXPECTED = {"memory": (ct.MEMORY,), "hdf5": (ct.IO, ct.DATA_BAD, ct.MEMORY),
            "file": (ct.IO, ct.DATA_BAD), "window": (ct.MEMORY,),
            "system": (ct.IO, ct.DATA_BAD), "exchange": (ct.IO,)}
ON_ALL = ("file", "window")  # fails on all ranks or on none
TIMEOUT = 30

Place = collections.namedtuple("Place", "line ranks victim kind n way")


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


def write_inputs(folder):
    rows = [(i * 7 % 31, i * 5 % 23, i % 5 + 1, 1000 + i) for i in range(400)]
    with open(os.path.join(folder, "in.csv"), "w") as file:
        file.write("user,item,rating,time\n")
        file.writelines("%d,%d,%d,%d\n" % row for row in rows)
    with open(os.path.join(folder, "new.csv"), "w") as file:
        file.write("user,item,rating,time\n99,1,4,2000\n1,2,3,2001\n")
    with open(os.path.join(folder, "in.jsonl"), "w") as file:
        file.writelines('{"user": %d, "item": "i%d", "rating": %d, '
                        '"time": %d}\n' % row for row in rows)
    with open(os.path.join(folder, "rows.csv"), "w") as file:
        file.write("a,b,c\n")
        file.writelines("%d,%g,%g\n" % (i % 2 * 9, i * 7 % 13 / 3, i * i % 17)
                        for i in range(60))


def digest(path):
    """Of the content, without the seconds that something took."""
    with open(path, "rb") as file:
        content = file.read()
    if path.endswith(".csv") and b"seconds" in content.split(b"\n")[0]:
        rows = [line.split(b",") for line in content.split(b"\n")]
        timed = rows[0].index(b"seconds")
        content = repr([row[:timed] + row[timed + 1:] for row in rows]).encode()
    return hashlib.md5(content).hexdigest()


class Folder:
    """A copy of the inputs that one worker has for itself."""

    def __init__(self, path):
        self.path = path
        self.kept = set(os.listdir(path))
        self.sessions = tempfile.mkdtemp(dir=ct.SESSIONS)

    def words(self, line):
        return [word[1:] if word.startswith("@") else word
                for word in shlex.split(line)]

    def run(self, line, ranks, env):
        # lone processes would meet in one folder of sessions
        env = {"OMPI_MCA_orte_tmpdir_base": self.sessions, **env}
        return ct.run(*self.words(line), ranks=ranks, env=env, timeout=TIMEOUT,
                      cwd=self.path)

    def outputs(self):
        """What a job wrote, by a digest of the content, and what it forgot."""
        found = {}
        for top, _, files in os.walk(self.path):
            for name in files:
                path = os.path.join(top, name)
                short = os.path.relpath(path, self.path)
                if short.startswith("out") or ".part" in short:
                    found[short] = digest(path)
        found.pop("out.csv.finished", None)  # what a search can resume from
        return found

    def clean(self):
        for name in set(os.listdir(self.path)) - self.kept:
            path = os.path.join(self.path, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


def count(folder, line, ranks, victim):
    """The places of a run in which nothing fails, and what it writes."""
    run = folder.run(line, ranks, {"CORACLE_FAULT": "count",
                                   "CORACLE_FAULT_RANK": victim})
    if run.code:
        raise SystemExit(str(run))
    outputs = folder.outputs()
    folder.clean()
    places, calls = [], 0
    for kind, total, first in re.findall(r"fault count (\w+) (\d+):(.*)",
                                         run.err):
        calls += int(total)
        if kind not in ON_ALL or victim == 0:
            places += [Place(line, ranks, victim, kind, int(n), way)
                       for n, way in re.findall(r"(\d+)=(\w+)", first)]
    return places, calls, outputs


def once(places):
    """Of places that are reached by the same way, in whatever job, the first."""
    first = {}
    for place in places:
        first.setdefault(place[1:4] + (place.way,), place)
    return list(first.values())


def complaint(run, place, left, wanted):
    """What is wrong with how a run ended, or None."""
    if run.code == 0:
        # a call whose failure does no harm
        return None if left == wanted else "the output is another"
    # what was whole before the failure may stay
    torn = [name for name in sorted(left) if left[name] != wanted.get(name)]
    if place.kind == "exchange":
        # a rank may begin a part while another ends the job
        torn = [name for name in torn if ".part-" not in name]
    if torn:
        return "left " + " ".join(torn)
    if run.code not in EXPECTED[place.kind]:
        return "exit code %d" % run.code
    if len(run.messages) != 1:
        return "%d messages" % len(run.messages)
    return None


def fail_at(folder, place, wanted):
    """Let the call of a place fail; None or what is wrong, and the run."""
    env = {"CORACLE_FAULT": "%s:%d" % (place.kind, place.n),
           "CORACLE_FAULT_RANK": None if place.kind in ON_ALL
           else place.victim}
    try:
        run = folder.run(place.line, place.ranks, env)
        return complaint(run, place, folder.outputs(), wanted), run
    except AssertionError as hang:
        return "hangs", hang
    finally:
        folder.clean()


class Trial:
    """All that is tried: folders for the workers, places, what went wrong."""

    def __init__(self, top, workers):
        first = os.path.join(top, "0")
        os.mkdir(first)
        write_inputs(first)
        made, self.lines = jobs()
        for line in made:
            run = Folder(first).run(line, 1, {})
            if run.code:
                raise SystemExit(str(run))
        self.free = [Folder(first)]
        for i in range(1, workers):
            shutil.copytree(first, os.path.join(top, str(i)))
            self.free.append(Folder(os.path.join(top, str(i))))
        self.pool = concurrent.futures.ThreadPoolExecutor(workers)
        self.wanted = {}

    def each(self, function, things):
        """function(folder, thing) of all things, in their order."""
        def work(thing):
            folder = self.free.pop()
            try:
                return function(folder, thing)
            finally:
                self.free.append(folder)
        return self.pool.map(work, things)

    def places(self, lines, kinds, draw):
        """What to try of some lines, all or what a generator draws."""
        runs = [(line, ranks, victim) for line in lines for ranks in RANKS
                for victim in sorted({0, ranks - 1})]
        if draw:
            runs = [run for run in runs
                    if run[1] == 1 or run[2] == draw.choice((0, 2))]
        found, calls = [], 0
        counts = self.each(lambda folder, run: count(folder, *run), runs)
        for run, (places, more, outputs) in zip(runs, counts):
            calls += more
            self.wanted[run[:2]] = outputs
            places = [place for place in places if place.kind in kinds]
            if draw:
                size = min(len(places), SAMPLE[run[1]])
                places = draw.sample(places, size)
            found += places
        return found, calls

    def fail(self, places):
        """Try places; prints what is wrong. Returns how many were."""
        wrong = 0
        tried = self.each(
            lambda folder, place: fail_at(
                folder, place, self.wanted[place.line, place.ranks]), places)
        for place, (what, run) in zip(places, tried):
            if what:
                wrong += 1
                print("WRONG: %s: %s %d on rank %d of %d of: %s" % (
                    what, place.kind, place.n, place.victim, place.ranks,
                    place.line))
                print("    " + str(run).replace("\n", "\n    "), flush=True)
        return wrong


def jobs_without_a_line(lines):
    listed = re.findall(r"^  (\w+)  ", ct.run(None, "--help").out, re.M)
    return sorted(set(listed) - {line.split()[0] for line in lines})


def main():
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n\n")[0],
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true",
                        help="each way once, in the first job that goes it")
    parser.add_argument("--every", action="store_true",
                        help="each way of each job: hours")
    parser.add_argument("--runs", action="store_true",
                        help="let nothing fail: each job once on three ranks")
    parser.add_argument("--kinds", default=",".join(EXPECTED),
                        help="what fails (%(default)s)")
    parser.add_argument("--seed", type=int, help="of the sample")
    parser.add_argument("--workers", type=int, default=2 * os.cpu_count())
    parser.add_argument("job", nargs="*", help="lines that hold these words")
    asked = parser.parse_args()
    seed = random.randrange(10**6) if asked.seed is None else asked.seed
    with tempfile.TemporaryDirectory(prefix="coracle-faults-") as top:
        trial = Trial(top, asked.workers)
        missing = jobs_without_a_line(trial.lines)
        if missing:
            print("WRONG: jobs without a line in tests/faults/jobs.txt:",
                  *missing)
        lines = [line for line in trial.lines
                 if all(word in line.split() for word in asked.job)]
        if asked.runs:
            runs = list(trial.each(
                lambda folder, line: count(folder, line, max(RANKS), 0), lines))
            print("%d jobs run" % len(runs))
            return bool(missing)
        whole = asked.all or asked.every
        places, calls = trial.places(lines, asked.kinds.split(","),
                                     None if whole else random.Random(seed))
        if not whole:
            print("a sample; again with --seed", seed)
        elif not asked.every:
            places = once(places)
        print("%d places to try, of %d calls" % (len(places), calls), flush=True)
        wrong = trial.fail(places)
        print("%d places tried, %d wrong" % (len(places), wrong))
    return 1 if wrong or missing else 0


if __name__ == "__main__":
    sys.exit(main())
