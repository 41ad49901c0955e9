"""Files of records: filter, sample, split, top, count and generate --records,
against a few lines of Python each."""
import collections
import csv
import gzip
import hashlib
import io
import json
import os
import re
import resource
import shutil
import subprocess
import unittest

from coracle_test import (Case, DATA_BAD, IO, RANKS, USAGE, data, main, run)


def postings():
    return data("data", "job-postings", "job-postings-100.jsonl")


def lines_of(path):
    """The lines of a file that are no blanks, each with its newline."""
    with open(path, "rb") as file:
        return [line for line in file.read().split(b"\n")[:-1] if line.strip()]


def joined(lines):
    return b"".join(line + b"\n" for line in lines)


def number(value):
    """A number, or the number that a text is; None for all else."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def at(record, *path):
    """What a record holds at a path, or None."""
    for part in path:
        try:
            record = record[part]
        except (KeyError, IndexError, TypeError):
            return None
    return record


def md5(text):
    return int(hashlib.md5(text.encode()).hexdigest(), 16)


# Conditions, and the same in Python.
CONDITIONS = [
    ('title icontains "data scientist"',
     lambda r: "data scientist" in r["title"].lower()),
    ("estimatedSalary.value.maxValue >= 100000 and "
     "jobLocation.address.addressCountry.name = 'US'",
     lambda r: (number(at(r, "estimatedSalary", "value", "maxValue")) or 0)
     >= 100000 and at(r, "jobLocation", "address", "addressCountry", "name")
     == "US"),
    ("not estimatedSalary exists or occupationalCategory[1] matches "
     "'^Comp.*ists$'",
     lambda r: "estimatedSalary" not in r or
     re.search("^Comp.*ists$", at(r, "occupationalCategory", 1) or "")),
    ("jobLocation.address.addressLocality in ('Seattle', 'London') or "
     "occupationalCategory = '15-2041.00'",
     lambda r: at(r, "jobLocation", "address", "addressLocality")
     in ("Seattle", "London") or "15-2041.00" in r["occupationalCategory"]),
    ('description contains "\\n" and validThrough != null and '
     'datePosted < "2018-07"',
     lambda r: "\n" in r["description"] and r.get("validThrough") is not None
     and r["datePosted"] < "2018-07"),
]


class Records(Case):
    """Tests on generated records."""

    def setUp(self):
        super().setUp()
        self.file = self.path("made.jsonl")
        self.ok("generate", "--records", 700, "-o", self.file, "--seed", 5)
        self.lines = lines_of(self.file)
        self.records = [json.loads(line) for line in self.lines]

    def read(self, name):
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_generate(self):
        self.assertEqual([r["jobId"] for r in self.records],
                         list(range(1, 701)))
        firms = collections.Counter(r["hiringOrganization"]["name"]
                                    for r in self.records)
        self.assertGreater(firms.most_common(1)[0][1], 25)  # of 4,095 firms
        self.assertGreater(len(firms), 200)
        for ranks in (3, 7):
            self.ok("generate", "--records", 700, "-o", self.path("again"),
                    "--seed", 5, "--force", ranks=ranks)
            self.assertEqual(self.read("again"), self.read("made.jsonl"))
        self.ok("generate", "--records", 700, "-o", self.path("again"),
                "--seed", 6, "--force", "--threads", 2)
        self.assertNotEqual(self.read("again"), self.read("made.jsonl"))
        self.fails(USAGE, "generate", "--records", -1, "-o", self.path("x"))

    def check_filter(self, file, lines, records, conditions, ranks):
        for condition, fits in conditions:
            kept = [line for line, r in zip(lines, records) if fits(r)]
            self.assertGreater(len(kept), 0, condition)
            done = self.ok("filter", file, "--where", condition, "--json", "-o",
                           self.path("out.jsonl"), "--force", ranks=ranks)
            self.assertEqual(done.json, {"read": len(lines),
                                         "kept": len(kept)}, condition)
            self.assertEqual(self.read("out.jsonl"), joined(kept), condition)

    def test_filter(self):
        self.check_filter(self.file, self.lines, self.records, CONDITIONS, 1)
        for ranks in RANKS[1:]:
            self.check_filter(self.file, self.lines, self.records,
                              CONDITIONS[:1], ranks)
        one = self.read("out.jsonl")
        self.ok("filter", self.file, "--where", CONDITIONS[0][0], "-o",
                self.path("out.jsonl"), "--force", "--threads", 2, ranks=2)
        self.assertEqual(self.read("out.jsonl"), one)

    def test_filter_postings(self):
        lines = lines_of(postings())
        records = [json.loads(line) for line in lines]
        self.check_filter(postings(), lines, records, CONDITIONS[:3], 3)

    def test_sample(self):
        kept = []
        for ranks, threads in ((1, 1), (3, 1), (7, 1), (2, 2)):
            done = self.ok("sample", self.file, "--fraction", 0.2, "--json",
                           "-o", self.path("s.jsonl"), "--force", "--threads",
                           threads, ranks=ranks)
            kept.append(self.read("s.jsonl"))
            self.assertEqual(done.json["read"], 700)
            self.assertEqual(done.json["kept"], kept[-1].count(b"\n"))
        self.assertEqual(len(set(kept)), 1)
        chosen = set(kept[0].splitlines())
        self.assertEqual(kept[0], joined(l for l in self.lines if l in chosen))
        # six standard deviations of a binomial are 64
        self.assertLess(abs(len(chosen) - 140), 64)
        self.ok("sample", self.file, "--fraction", 0.2, "-o",
                self.path("s.jsonl"), "--force", "--seed", 1)
        self.assertNotEqual(self.read("s.jsonl"), kept[0])
        self.ok("sample", self.file, "--fraction", 1, "-o",
                self.path("all.jsonl"))
        self.assertEqual(self.read("all.jsonl"), joined(self.lines))
        for bad in (-0.1, 1.1):
            self.fails(USAGE, "sample", self.file, "-o", self.path("x"),
                       "--fraction=%s" % bad, says="between 0 and 1")
        self.fails(USAGE, "sample", self.file, "-o", self.path("x"))

    def parts(self, prefix, ending):
        return [self.read("%s.%s%s" % (prefix, part, ending))
                for part in ("train", "test")]

    def test_split_by_hash(self):
        key = [r["hiringOrganization"]["name"] for r in self.records]
        for ranks in (1, 3):
            done = self.ok("split", self.file, "-o", self.path("p"), "--by",
                           "hash", "--key", "hiringOrganization.name", "--json",
                           "--force", ranks=ranks)
            test = [md5(k) % 10 < 3 for k in key]
            self.assertEqual(done.json, {"train": test.count(False),
                                         "valid": 0, "test": test.count(True)})
            self.assertEqual(self.parts("p", ".jsonl"), [
                joined(l for l, t in zip(self.lines, test) if t == part)
                for part in (False, True)])
        self.assertFalse(os.path.exists(self.path("p.valid.jsonl")))

    def test_split_of_integers(self):
        """Of the integers 0 to 999 there are 259 in test at 0.25."""
        keys = ["%d" % i if i % 2 else "%d.0" % i for i in range(1000)]
        file = self.write("k.jsonl", "".join('{"k": %s}\n' % k for k in keys))
        done = self.ok("split", file, "-o", self.path("k"), "--by", "hash",
                       "--key", "k", "--test", "0.25", "--json", ranks=2)
        self.assertEqual(done.json, {"train": 741, "valid": 0, "test": 259})
        rows = self.write("k.csv", "a,k\n" + "".join(
            "x,%d\n" % i for i in range(1000)))
        done = self.ok("split", rows, "-o", self.path("k"), "--by", "hash",
                       "--key", "k", "--test", "0.25", "--json")
        self.assertEqual(done.json["test"], 259)
        self.assertTrue(self.read("k.test.csv").startswith(b"a,k\nx,"))
        third = repr(1 / 3)  # 16 digits
        done = self.ok("split", rows, "-o", self.path("k"), "--by", "hash",
                       "--key", "k", "--test", third, "--force", "--json")
        self.assertEqual(done.json["test"], sum(
            md5(str(i)) % 10 ** 16 < int(third[2:]) for i in range(1000)))

    def test_split_without_a_key(self):
        file = self.write("m.jsonl", '{"k": 1}\n{"k": "a"}\n{"j": 2}\n'
                                     '{"k": null}\n{"k": 2.5}\n{"k": true}\n')
        args = ("split", file, "-o", self.path("m"), "--by", "hash", "--key",
                "k", "--test", "0.5")
        self.fails(DATA_BAD, *args,
                   says=("m.jsonl:3: ", "no key k", "--missing"), ranks=2)
        self.assertEqual(os.listdir(self.dir).count("m.train.jsonl"), 0)
        done = self.ok(*args, "--missing", "none", "--json")
        test = [md5(k) % 10 < 5
                for k in ("1", "a", "none", "none", "2.5", "true")]
        self.assertEqual(done.json["test"], sum(test))
        self.fails(USAGE, "split", file, "-o", self.path("m"), says="--by hash")
        self.fails(USAGE, *args[:6], says="--key")
        self.fails(DATA_BAD, "split", self.write("a.jsonl", '{"k": []}\n'),
                   "-o", self.path("n"), *args[4:],
                   says="a.jsonl:1: the key k is an array")

    def test_split_at_random(self):
        got = []
        for ranks in (1, 3):
            done = self.ok("split", self.file, "-o", self.path("r"), "--by",
                           "random", "--fractions", "0.6,0.2,0.2", "--json",
                           "--force", ranks=ranks)
            parts = [self.read("r.%s.jsonl" % p).splitlines()
                     for p in ("train", "valid", "test")]
            got.append(parts)
            self.assertEqual(list(done.json.values()), [len(p) for p in parts])
        self.assertEqual(got[0], got[1])
        self.assertEqual(sorted(sum(got[0], [])), sorted(self.lines))
        self.assertLess(abs(len(got[0][0]) - 420), 78)
        for part in got[0]:
            self.assertEqual(part, [l for l in self.lines if l in set(part)])

    def test_top(self):
        salary = [number(at(r, "estimatedSalary", "value", "maxValue"))
                  for r in self.records]
        have = [i for i, s in enumerate(salary) if s is not None]
        by = ("--by", "estimatedSalary.value.maxValue")
        for lowest in (False, True):
            turn = 1 if lowest else -1
            flag = ("--lowest",) if lowest else ()
            best = sorted(have, key=lambda i: (turn * salary[i], i))[:40]
            pairs = sorted(have, key=lambda i: (turn * salary[i],
                                                turn * self.records[i]["jobId"]))
            for ranks in (1, 4):
                done = self.ok("top", self.file, "-n", 40, *by, *flag, "--json",
                               ranks=ranks)
                self.assertEqual(done.json, {
                    "read": 700, "kept": 40, "skipped": 700 - len(have),
                    "values": [salary[i] for i in best]})
            self.ok("top", self.file, "-n", 40, *by, *flag, "--records", "-o",
                    self.path("t.jsonl"), "--force", ranks=3, env={
                        "OMP_NUM_THREADS": 2})
            self.assertEqual(self.read("t.jsonl"),
                             joined(self.lines[i] for i in best))
            done = self.ok("top", self.file, "-n", 3, *by, "--by", "jobId",
                           *flag, "--json")
            self.assertEqual(done.json["values"], [
                [salary[i], self.records[i]["jobId"]] for i in pairs[:3]])

    def test_top_of_windows_lines(self):
        file = self.write("w.jsonl", b'{"v": 1}\r\n{"v": 2}\r\n{"v": 3}')
        done = self.ok("top", file, "-n", 3, "--by", "v", "--records",
                       "--json")
        self.assertEqual(done.json["records"],
                         ['{"v": 3}', '{"v": 2}', '{"v": 1}'])

    def test_top_of_few(self):
        file = self.write("f.jsonl", '{"v": 2}\n{"v": "10"}\n{"v": "x"}\n{}\n'
                          '{"v": 9007199254740993}\n{"v": 9007199254740992}\n'
                          '{"v": 2.5}\n{"v": 1e400}\n{"v": true}\n')
        done = self.ok("top", file, "-n", 99, "--by", "v", "--json", ranks=7)
        self.assertEqual(done.json, {
            "read": 9, "kept": 6, "skipped": 3,
            "values": [None, 9007199254740993, 9007199254740992, 10, 2.5, 2]})
        done = self.ok("top", file, "-n", 2, "--by", "v", "--lowest",
                       "--records", "--json", ranks=3)
        self.assertEqual(done.json["records"], ['{"v": 2}', '{"v": 2.5}'])
        self.ok("top", file, "-n", 3, "--by", "v", "--by", "v", "--lowest",
                "-o", self.path("v"))
        self.assertEqual(self.read("v"), b"[2, 2]\n[2.5, 2.5]\n[10, 10]\n")
        self.fails(USAGE, "top", file, "-n", 0, "--by", "v")
        self.fails(USAGE, "top", file)
        message = run("top", file, "--by", "v[")
        self.assertIn("\n  v[\n    ^", message.err)

    def test_count(self):
        expected = collections.Counter(r["title"] for r in self.records)
        expected = sorted(expected.items(), key=lambda x: (-x[1],
                                                           x[0].encode()))
        for ranks in (1, 3, 7):
            done = self.ok("count", self.file, "--by", "title", "--json",
                           ranks=ranks)
            self.assertEqual(done.json, {
                "read": 700, "missing": 0, "distinct": len(expected),
                "values": [{"value": v, "count": c} for v, c in expected]})
        done = self.ok("count", self.file, "--by", "title", "--json", "-n", 5,
                       ranks=3)
        self.assertEqual(done.json["values"], [
            {"value": v, "count": c} for v, c in expected[:5]])
        self.assertEqual(done.json["distinct"], len(expected))

    def test_count_kinds(self):
        values = ["5", "5.0", "\"5\"", "null", "true", "[1,  2]", "{}", "2.5",
                  "1e400", "null", "\"a\\u0062\"", "\"ab\"", "-0"]
        file = self.write("c.jsonl", "{}\n" + "".join(
            '{"v": %s}\n' % v for v in values))
        done = self.ok("count", file, "--by", "v", "--json", ranks=2)
        self.assertEqual(done.json["missing"], 1)
        self.assertEqual(
            [(v["value"], v["count"]) for v in done.json["values"]],
            [(None, 2), (5, 2), ("ab", 2), (True, 1), (0, 1), (2.5, 1),
             (None, 1), ("5", 1), ("[1,  2]", 1), ("{}", 1)])

    def test_parts(self):
        expected = joined(l for l, r in zip(self.lines, self.records)
                          if CONDITIONS[0][1](r))
        self.ok("filter", self.file, "--where", CONDITIONS[0][0], "-o",
                self.path("out.jsonl"), "--parts", ranks=3)
        parts = ["out-%04d.jsonl" % r for r in range(3)]
        self.assertEqual(b"".join(map(self.read, parts)), expected)
        self.assertFalse(os.path.exists(self.path("out.jsonl")))
        self.fails(IO, "filter", self.file, "--where", "jobId > 0", "-o",
                   self.path("out.jsonl"), "--parts", "--force", ranks=2,
                   says="out-0002.jsonl is left")
        self.ok("sample", self.file, "--fraction", 0.2, "-o",
                self.path("s.jsonl"), "--parts", ranks=3)
        self.ok("sample", self.file, "--fraction", 0.2, "-o",
                self.path("one.jsonl"))
        self.assertEqual(b"".join(self.read("s-%04d.jsonl" % r)
                                  for r in range(3)), self.read("one.jsonl"))

    def test_packed(self):
        """Several files, packed and plain, count as one."""
        files = []
        for i in range(5):
            text = joined(self.lines[i * 100:(i + 1) * 100])
            files.append(self.write("in%d.jsonl" % i, text))
            if i % 2:
                continue
            with gzip.open(files[-1] + ".gz", "wb") as file:
                file.write(text)
            files[-1] += ".gz"
        if shutil.which("zstd"):
            subprocess.run(["zstd", "-q", files[3]], check=True)
            files[3] += ".zst"
        lines, records = self.lines[:500], self.records[:500]
        kept = [l for l, r in zip(lines, records) if CONDITIONS[0][1](r)]
        for ranks, threads in ((1, 1), (3, 2), (7, 1)):
            done = self.ok("filter", *files, "--where", CONDITIONS[0][0], "-o",
                           self.path("o.jsonl"), "--force", "--json",
                           "--threads", threads, ranks=ranks)
            self.assertEqual(done.json, {"read": 500, "kept": len(kept)})
            self.assertEqual(self.read("o.jsonl"), joined(kept))
        self.ok("split", *files, "-o", self.path("z"), "--by", "random",
                "--fractions", "0.5,0.5", ranks=3)
        plain = self.write("all.jsonl", joined(lines))
        self.ok("split", plain, "-o", self.path("y"), "--by", "random",
                "--fractions", "0.5,0.5")
        self.assertEqual(self.parts("z", ".jsonl"), self.parts("y", ".jsonl"))
        with open(files[0], "rb") as file:
            cut = self.write("cut.jsonl.gz", file.read()[:5000])
        self.fails(DATA_BAD, "filter", cut, "--where", "jobId > 0", "-o",
                   self.path("x.jsonl"), says=("cut.jsonl.gz", "too early"))
        self.assertEqual([f for f in os.listdir(self.dir)
                          if "part" in f or "spool" in f or f == "x.jsonl"], [])
        bad = self.write("bad.jsonl", b"{}\n{}\n{\n")
        subprocess.run(["gzip", bad], check=True)
        self.fails(DATA_BAD, "filter", bad + ".gz", "--where", "a = 1", "-o",
                   self.path("x.jsonl"), says="bad.jsonl.gz:3: column 2: ")


ODD = (b'\xef\xbb\xbf{"a": 1}\r\n\r\n   \n{"a": 2, "a": 3}\n\n{"a": 1e400}\r\n'
       b'{"a": 123456789012345678901234567890}\n{"n": ' + b"[" * 10000 +
       b"]" * 10000 + b', "a": 5}\n{"a": "\\ud83d\\ude00"}\n{"a": "4"}')


class Odd(Case):
    """What is stated of odd input."""

    def kept(self, text, condition, *args, name="odd.jsonl", ranks=2, **how):
        self.ok("filter", self.write(name, text), "--where", condition, "-o",
                self.path("out" + name), "--force", *args, ranks=ranks, **how)
        with open(self.path("out" + name), "rb") as file:
            return file.read()

    def test_lines(self):
        lines = [l for l in ODD[3:].split(b"\n") if l.strip()]
        self.assertEqual(self.kept(ODD, "a exists", ranks=7), joined(lines))
        self.assertEqual(self.kept(ODD, "a = 3"), joined(lines[1:2]))
        self.assertEqual(self.kept(ODD, "a > 1e308"), joined(lines[2:3]))
        self.assertEqual(self.kept(ODD, "a > 1e29 and a < 1e30"),
                         joined(lines[3:4]))
        self.assertEqual(self.kept(ODD, "n exists and a = 5"),
                         joined(lines[4:5]))
        self.assertEqual(self.kept(ODD, "a = '\U0001f600'"), joined(lines[5:6]))
        self.assertEqual(self.kept(ODD, "a = 4"), joined(lines[6:]))
        self.assertEqual(self.kept(b"", "a = 4"), b"")
        self.assertEqual(self.kept(b"\n\n", "a = 4", ranks=3), b"")

    def test_long_line(self):
        """A line of 64 MB between two short ones."""
        long = b'{"a": 2, "b": "' + b"x" * (64 << 20) + b'"}\n'
        text = b'{"a": 1}\n' + long + b'{"a": 3}\n'
        self.assertEqual(self.kept(text, "a = 2", ranks=3), long)
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
        self.assertLess(peak, 700 << 10)

    def test_bad_records(self):
        bad = [(b'{"a": 1}\n{"a": }\n{"a": 2}\n', "2: column 7: "),
               (b'{"a": 1}\n{"b": "\xff"}\n', "2: column 8: this is not UTF-8"),
               (b'{"a": 1}\n\n{"a": "x\n"}\n', "3: column 7: the string"),
               (b'{"a": NaN}\n', "1: column 7: this is no JSON value: NaN}"),
               ('{"\u00e4": "\u00f6" x}\n'.encode(), "1: column 11: a comma"),
               (b'{"a": 1} {"a": 2}\n', "1: column 10: more text"),
               (b'{"a": "\\q"}\n', "1: column 8: this is no escape")]
        for text, says in bad:
            file = self.write("bad.jsonl", text)
            self.fails(DATA_BAD, "filter", file, "--where", "a = 1", "-o",
                       self.path("o.jsonl"), says=("bad.jsonl:" + says,))
        many = b"".join(text for text, _ in bad)
        self.fails(DATA_BAD, "count", self.write("bad.jsonl", many), "--by",
                   "a", says="bad.jsonl:2: column 7: ", ranks=3)
        self.assertFalse(os.path.exists(self.path("o.jsonl")))
        many += b'{"a": "x\\\n{"a": 7}\n'
        for kernel in (None, "fallback"):
            self.assertEqual(
                self.kept(many, "a exists", "--on-error", "skip",
                          env={"SIMDJSON_FORCE_IMPLEMENTATION": kernel}),
                b'{"a": 1}\n{"a": 2}\n{"a": 1}\n{"a": 1}\n{"a": 7}\n')
        done = self.ok("count", self.path("odd.jsonl"), "--by", "a", "--json",
                       "--on-error", "skip", ranks=3)
        self.assertEqual((done.json["read"], done.json["rejected"]), (14, 9))

    def test_mistakes_of_expressions(self):
        file = self.write("a.jsonl", b"{}\n")
        for condition, caret in (("title icontain 'x'", 6), ("(a = 1", 0),
                                 ("\u00e4 = 'x", 4), ("", 0), ("a in (1,)", 8)):
            done = run("filter", file, "--where", condition, "-o",
                       self.path("o"), ranks=1)
            self.assertEqual(done.code, USAGE, str(done))
            self.assertTrue(done.err.startswith("coracle filter: --where: "))
            self.assertEqual(done.err.splitlines()[1:],
                             ["  " + condition, "  " + " " * caret + "^"])
        self.fails(USAGE, "filter", file, "-o", self.path("o"), says="--where")

    def test_outputs(self):
        file = self.write("a.jsonl", b'{"a": 1}\n' * 1000)
        args = ("filter", file, "--where", "a = 1", "-o", self.path("o.jsonl"))
        self.ok(*args)
        self.fails(IO, *args, says="o.jsonl exists: give --force")
        self.fails(USAGE, *args[:-1], self.path("o.jsonl.gz"), says=".gz")
        self.fails(USAGE, "sample", file, "-o", self.path("s.jsonl"),
                   says="needs --fraction")
        self.fails(IO, *args[:-1], self.path("no", "folder"))
        self.fails(IO, "filter", self.path("none.jsonl"), *args[2:])
        self.fails(USAGE, "filter", self.write("a.txt", b"{}\n"), *args[2:],
                   says="--format")
        self.fails(DATA_BAD, "filter", file, self.write("a.csv", b"a\n1\n"),
                   *args[2:], says="two kinds")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
        before = sorted(os.listdir(self.dir))
        self.fails(IO, *args, "--force", preexec_fn=limit,
                   says="o.jsonl")
        self.assertEqual(sorted(os.listdir(self.dir)), before)
        plan = self.ok(*args, "--plan", "--json").json
        self.assertLess(plan["memory_per_rank"], 1 << 30)


TABLE = ('name,"the ""value""",note\r\nplain,5,a\r\n"two\nlines",6,"x, y"\n'
         '\n"say ""hi""",7.5,\nempty,,"b"\nlast,"8",c')


class Csv(Case):
    def rows(self, text):
        """Each row's bytes, and the row as a dictionary."""
        table = list(csv.reader(io.StringIO(text, newline="")))
        table = [row for row in table if row]
        return [dict(zip(table[0], row)) for row in table[1:]]

    def out(self, *args, name="o.csv", **how):
        self.ok(*args, "-o", self.path(name), "--force", **how)
        with open(self.path(name), newline="") as file:
            return file.read()

    def test_filter(self):
        file = self.write("t.csv", TABLE)
        rows = self.rows(TABLE)
        number_of = '`the "value"`'
        for ranks in (1, 7):
            got = self.out("filter", file, "--where", number_of + " > 5",
                           ranks=ranks)
            self.assertEqual(self.rows(got), [rows[1], rows[2], rows[4]])
            self.assertTrue(got.startswith(TABLE[:27]))
            self.assertIn('"two\nlines",6,"x, y"\n', got)
        got = self.out("filter", file, "--where", "name contains '\"hi' or "
                       "note = 'x, y' or not note exists")
        self.assertEqual(self.rows(got), [rows[1], rows[2]])
        got = self.out("filter", file, "--where", number_of + " exists")
        self.assertEqual(len(self.rows(got)), 4)
        self.fails(DATA_BAD, "filter", file, "--where", "nmae = 1", "-o",
                   self.path("x.csv"), says=("no column nmae", "name, the"))

    def test_jobs(self):
        text = "id;score\n" + "".join("%d;%d\n" % (i, i * 7919 % 101)
                                      for i in range(500))
        file = self.write("s.csv", text)
        rows = self.rows(text.replace(";", ","))
        best = sorted(range(500), key=lambda i: (-int(rows[i]["score"]), i))[:9]
        got = self.out("top", file, "-n", 9, "--by", "score", "--records",
                       ranks=3)
        self.assertEqual(got, "id;score\n" + "".join(
            "%d;%d\n" % (i, i * 7919 % 101) for i in best))
        got = self.out("top", file, "-n", 2, "--by", "score", "--by", "id")
        self.assertEqual(got, "score,id\n100,%d\n100,%d\n" % tuple(
            sorted((i for i in range(500) if i * 7919 % 101 == 100),
                   reverse=True)[:2]))
        done = self.ok("count", file, "--by", "score", "--json", ranks=2)
        self.assertEqual(sum(v["count"] for v in done.json["values"]), 500)
        self.assertEqual(done.json["distinct"], 101)
        one = self.out("sample", file, "--fraction", 0.3)
        self.assertEqual(self.out("sample", file, "--fraction", 0.3, ranks=3),
                         one)
        self.assertLess(abs(len(one.splitlines()) - 151), 60)
        other = self.write("u.csv", "id;points\n1;2\n")
        self.fails(DATA_BAD, "count", file, other, "--by", "id",
                   says="headers of")

    def test_bad_rows(self):
        for text, says in (("a,b\n1,2\n3\n", "t.csv:3: 1 field"),
                           ("a,b\n1,\"2\" 3\n", "t.csv:2: column 2 (b): text"),
                           ("a,b\n1,2\n\"3,4\n", "t.csv:3: the record")):
            self.fails(DATA_BAD, "count", self.write("t.csv", text), "--by",
                       "a", says=says, ranks=2)
        done = self.ok("count", self.write("t.csv", "a,b\n1,2\n3\n1,5\n"),
                       "--by", "a", "--on-error", "skip", "--json")
        self.assertEqual(done.json["rejected"], 1)
        self.assertEqual(done.json["values"], [{"value": "1", "count": 2}])


class Stores(Case):
    """The same jobs on the rows of a store."""

    def setUp(self):
        super().setUp()
        self.table = [(u % 9, "i%d" % (u * u % 31), u % 5 + 0.1, 1000 - u)
                      for u in range(300)]
        file = self.write("r.csv", "user,item,value,time\n" + "".join(
            "%d,%s,%s,%d\n" % row for row in self.table))
        self.store = self.path("r.h5")
        self.ok("ingest", file, "-o", self.store, "--shards", 16)

    def rows(self, path):
        done = self.ok("export", path, "-o", path + ".csv", "--force")
        self.assertEqual(done.code, 0)
        with open(path + ".csv") as file:
            next(file)
            return sorted((int(u), i, float(v), int(float(t))) for u, i, v, t in
                          (line.strip().split(",") for line in file))

    def test_filter(self):
        out = self.path("f.h5")
        for condition, fits in (
                ("value = 3.1 and user in (1, 2, 5)",
                 lambda r: r[2] == 3.1 and r[0] in (1, 2, 5)),
                ("item = 'i4' or item icontains 'I1' and time < 900",
                 lambda r: r[1] == "i4" or "i1" in r[1] and r[3] < 900)):
            expected = sorted(r for r in self.table if fits(r))
            for ranks in (1, 3):
                done = self.ok("filter", self.store, "--where", condition,
                               "-o", out, "--force", "--json", ranks=ranks)
                self.assertEqual(done.json, {"read": 300,
                                             "kept": len(expected)})
            self.assertEqual(self.rows(out), expected)
        self.fails(USAGE, "filter", self.store, "--where", "title = 1", "-o",
                   self.path("x.h5"), says="user, item, value and time")
        self.fails(USAGE, "filter", self.store, self.store, "--where",
                   "value = 1", "-o", self.path("x.h5"), says="one store")

    def test_kept_columns(self):
        """Columns that a store keeps are fields; empty ones are missing."""
        kinds = ("like", "", "buy, now", "123456789012345678901", "like")
        table = [(u % 9, u % 31, kinds[u % 5], "" if u % 7 == 0 else u / 8)
                 for u in range(300)]
        file = self.write("k.csv", "user,item,the kind,price\n" + "".join(
            '%d,%d,"%s",%s\n' % row for row in table))
        store, out = self.path("k.h5"), self.path("f.h5")
        self.ok("ingest", file, "-o", store, "--keep", "the kind,price")
        for condition, fits in (
                ('`the kind` = "like" and price >= 20',
                 lambda r: r[2] == "like" and r[3] != "" and r[3] >= 20),
                ("not `the kind` exists", lambda r: r[2] == ""),
                ("`the kind` = 123456789012345678901 or price = 12.625",
                 lambda r: r[2].isdigit() or r[3] == 12.625)):
            for ranks in (1, 7):
                done = self.ok("filter", store, "--where", condition, "-o",
                               out, "--force", "--json", ranks=ranks)
                self.assertEqual(done.json["kept"], sum(map(fits, table)))
        kind = collections.Counter(r[2] for r in table if r[2])
        done = self.ok("count", store, "--by", "the kind", "--json", ranks=3)
        self.assertEqual(done.json["missing"], 60)
        self.assertEqual({v["value"]: v["count"] for v in done.json["values"]},
                         dict(kind))
        done = self.ok("top", store, "--by", "price", "-n", 2, "--json",
                       ranks=3)
        self.assertEqual(done.json["values"], [299 / 8, 298 / 8])
        self.assertEqual(done.json["skipped"], 43)
        self.fails(USAGE, "filter", store, "--where", "kind = 1", "-o",
                   self.path("x.h5"), says=("the kind, price", "not kind"))

    def test_others(self):
        one, three = self.path("1.h5"), self.path("3.h5")
        for args in (("sample", "--fraction", 0.3),
                     ("top", "-n", 20, "--by", "value", "--by", "time",
                      "--records")):
            self.ok(*args[:1], self.store, *args[1:], "-o", one, "--force")
            self.ok(*args[:1], self.store, *args[1:], "-o", three, "--force",
                    ranks=3)
            self.same(one, three)
        best = sorted(self.table, key=lambda r: (-r[2], -r[3]))[:20]
        self.assertEqual(self.rows(one), sorted(best))
        done = self.ok("top", self.store, "-n", 3, "--by", "value", "--json")
        self.assertEqual(done.json["values"], [4.1] * 3)
        done = self.ok("count", self.store, "--by", "value", "--json", ranks=2)
        self.assertEqual(done.json["values"], [
            {"value": v + 0.1, "count": 60} for v in range(5)])
        done = self.ok("count", self.store, "--by", "item", "--json", ranks=3)
        expected = collections.Counter(r[1] for r in self.table)
        self.assertEqual({v["value"]: v["count"] for v in done.json["values"]},
                         dict(expected))


if __name__ == "__main__":
    main()
