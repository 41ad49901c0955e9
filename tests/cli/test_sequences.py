"""The job `sequences`, and the whole way from ratings to the sequences of
training, validation and test, beside a plain version of the same."""
import csv
import os
import random
import subprocess
from collections import Counter

from coracle_test import (CORACLE, DATA_BAD, ENVIRONMENT, IO, MPIRUN, RANKS,
                          USAGE, Case, data, main)

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                      "jobs", "sequences.sh")
WRITTEN = ("users.txt", "train.tsv", "valid.tsv", "test.tsv")


# ---- the plain version ----

def read_ratings(path):
    with open(path, newline="") as file:
        return [(row["userId"], row["movieId"], int(row["timestamp"]))
                for row in csv.DictReader(file)]


def cut_by_time(rows):
    """Train, valid, test at the times of ranks 80% and 90%; ties go later."""
    times = sorted(row[2] for row in rows)
    first, second = times[len(rows) * 8 // 10], times[len(rows) * 9 // 10]
    return ([row for row in rows if row[2] < first],
            [row for row in rows if first <= row[2] < second],
            [row for row in rows if row[2] >= second])


def core_of(rows, k):
    """The users and items of the k-core."""
    while True:
        users, items = (Counter(row[side] for row in rows) for side in (0, 1))
        left = [row for row in rows
                if users[row[0]] >= k and items[row[1]] >= k]
        if len(left) == len(rows):
            return set(users), set(items)
        rows = left


def number(rows, side, those):
    """Numbers from 1 on, in the order in which the input names them first."""
    order = dict.fromkeys(row[side] for row in rows if row[side] in those)
    return {name: place for place, name in enumerate(order, 1)}


def by_user(rows, users):
    """Each user's items in the order of time; the sort keeps that of input."""
    sequences = {user: [] for user in users}
    for user, item, _ in sorted(rows, key=lambda row: row[2]):
        sequences[user].append(item)
    return sequences


def lines_of(own, histories=(), most=None):
    """A line a user."""
    for user, items in own.items():
        before = [item for part in histories for item in part.get(user, [])]
        if items:
            all_ = before + items
            yield [user] + all_[-most if most else 0:]


def prefixes_of(own, histories=(), least=1, most=None):
    """A line a prefix of at least `least` items and its next."""
    for user, items in own.items():
        before = [item for part in histories for item in part.get(user, [])]
        for place, item in enumerate(items, len(before)):
            prefix = (before + items)[:place]
            if place >= least:
                yield user, prefix[-most if most else 0:], item


def text_of_lines(lines):
    return "".join(" ".join(map(str, line)) + "\n" for line in lines)


def text_of_prefixes(lines):
    return "".join("%s\t%s\t%s\n" % (user, " ".join(map(str, prefix)), item)
                   for user, prefix, item in lines)


class Sequences(Case):
    """What all of these tests do."""

    def equal(self, path, wanted):
        """The file holds this text; a diff of megabytes would take minutes."""
        with open(self.path(path)) as file:
            found = file.read()
        if found != wanted:
            pairs = zip(found.splitlines(), wanted.splitlines())
            for line, (a, b) in enumerate(pairs, 1):
                self.assertEqual(a, b, "line %d of %s" % (line, path))
            self.assertEqual(len(found), len(wanted), path)

    def expect(self, wanted, *args, ranks=(1,)):
        """The job writes this text at these numbers of ranks."""
        lines = wanted.splitlines()
        for size in ranks:
            done = self.ok("sequences", *args, "-o", self.path("out.txt"),
                           "--force", "--json", ranks=size)
            self.equal("out.txt", wanted)
            self.assertEqual(done.json, {
                "users": len({line.split()[0] for line in lines}),
                "lines": len(lines)})

    def store(self, name, rows, *args):
        """A store of (user, item, time)."""
        text = "".join("%s\t%s\t1\t%s\n" % row for row in rows)
        path = self.path(name + ".h5")
        self.ok("ingest", self.write(name + ".tsv", text), "-o", path, "-q",
                *args)
        return path


class Notebook(Sequences):
    def test_beauty_comes_back(self):
        store = self.path("beauty.h5")
        self.ok("ingest", data("data", "beauty", "Amazon_Beauty.inter"), "-o",
                store)
        with open(data("data", "beauty", "Amazon_Beauty.txt")) as file:
            wanted = file.read()
        self.expect(wanted, store, ranks=(1, 3))
        self.expect(wanted, store, "--ids", "original", ranks=(4,))
        self.expect(wanted, store, "--threads", 2)
        core = self.ok("kcore", store, "-o", self.path("core.h5"), "--users",
                       10, "--items", 10, "--json").json
        self.assertEqual((core["users"], core["items"], core["interactions"]),
                         (1340, 733, 28798))

    def test_the_whole_way_equals_the_plain_one(self):
        rows = read_ratings(data("data", "ml-latest-small", "ratings.csv"))
        parts = cut_by_time(rows)
        users, items = core_of(parts[0], 5)
        user, item = number(rows, 0, users), number(rows, 1, items)
        train, valid, test = (by_user(
            [(user[u], item[i], t) for u, i, t in part
             if u in user and i in item], user.values()) for part in parts)
        paths = self.drive()
        before = ["--history", paths[0]]
        both = before + ["--history", paths[1]]
        written = (text_of_lines(lines_of(train)),
                   text_of_prefixes(prefixes_of(train, (), 3, 50)),
                   text_of_prefixes(prefixes_of(valid, [train], 3, 50)),
                   text_of_prefixes(prefixes_of(test, [train, valid], 3, 50)))
        for name, text in zip(WRITTEN, written):
            self.equal(name, text)
        self.expect(written[0], paths[0], ranks=(4,))
        self.expect(text_of_prefixes(prefixes_of(valid, [train])), paths[1],
                    "--prefixes", *before, ranks=(7,))
        self.expect(text_of_prefixes(prefixes_of(test, [train, valid])),
                    paths[2], "--prefixes", *both, ranks=RANKS)
        self.expect(text_of_prefixes(prefixes_of(test, [train, valid])),
                    paths[2], "--prefixes", *both, "--threads", 2)
        self.expect(text_of_lines(lines_of(test, [train, valid])),
                    paths[2], *both, ranks=(2,))
        names = ({number: name for name, number in side.items()}
                 for side in (user, item))
        self.check_original(paths, test, *names)

    def drive(self):
        """All steps by the script that shows them, on 3 ranks; the stores of
        training, validation and test. A second run finds all done."""
        words = [SCRIPT, data("data", "ml-latest-small", "ratings.csv"),
                 self.path()]
        environment = {**os.environ, **ENVIRONMENT, "CORACLE": CORACLE,
                       "LAUNCH": MPIRUN + " -n 3", "LEAST": "3"}
        for name in list(environment):  # the script itself sees to root
            if name.startswith("OMPI_ALLOW_RUN_AS_ROOT"):
                del environment[name]
        for steps in (7, 0):
            done = subprocess.run(words, env=environment, text=True,
                                  stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT)
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertEqual(done.stdout.count("== coracle"), steps)
        return [self.path("core", "cut.%s.h5" % part)
                for part in ("train", "valid", "test")]

    def check_original(self, paths, test, user, item):
        named = {user[u]: [item[i] for i in items]
                 for u, items in test.items()}
        self.expect(text_of_lines(lines_of(named)), paths[2], "--ids",
                    "original", ranks=(7,))


class Synthetic(Sequences):
    def test_long_users_and_many_without_rows(self):
        """Prefixes of more than a buffer, a line of more than one, and users
        of whom a part knows nothing."""
        draw = random.Random(5)
        rows = [(1, draw.randrange(1, 9000), t) for t in range(200000)]
        rows += [(draw.randrange(2, 60), draw.randrange(1, 9000), t)
                 for t in range(150000, 200020)]
        store = self.store("all", rows)
        self.ok("split", store, "-o", self.path("part"), "--by", "time",
                "--fractions", "0.9999,0.0001")
        train, test = self.path("part.train.h5"), self.path("part.test.h5")
        cut = sorted(row[2] for row in rows)[int(len(rows) * 0.9999)]
        users = dict.fromkeys(row[0] for row in rows)
        old = by_user([row for row in rows if row[2] < cut], users)
        new = by_user([row for row in rows if row[2] >= cut], users)
        self.assertIn([], new.values())
        own = ["--ids", "original"]
        self.expect(text_of_prefixes(prefixes_of(new, [old])), test, *own,
                    "--prefixes", "--history", train, ranks=(3,))
        self.expect(text_of_lines(lines_of(new, [old], 70)), test, *own,
                    "--max-length", 70, "--history", train, ranks=(7,))
        wanted = {1: [row[1] for row in rows if row[0] == 1 and row[2] < cut]}
        one = self.store("one", [row for row in rows
                                 if row[0] == 1 and row[2] < cut])
        lines = ((1, wanted[1][max(0, p - 9):p], wanted[1][p])
                 for p in range(1, len(wanted[1])))
        self.expect(text_of_prefixes(lines), one, *own, "--prefixes",
                    "--max-length", 9, ranks=(2,))

    def test_equal_times_and_no_rows(self):
        rows = [("b", "x", 5), ("a", "y", 5), ("b", "y", 5), ("b", "z", 4)]
        store = self.store("few", rows)
        self.expect("1 3 1 2\n2 2\n", store, ranks=(7,))
        self.expect("b z x y\na y\n", store, "--ids", "original")
        self.expect("1\t3 1\t2\n", store, "--prefixes", "--min-length", 2,
                    ranks=(7,))
        self.expect("", store, "--prefixes", "--min-length", 3)
        self.ok("split", store, "-o", self.path("cut"), "--by", "last")
        self.expect("1 3 1\n", self.path("cut.train.h5"), ranks=(3,))

    def test_stores_numbered_on_their_own(self):
        """Users and items of a history are found by their ids."""
        first = self.store("first", [(30, 7, 1), (10, 5, 2), (20, 9, 3),
                                     (10, 9, 4)])
        later = self.store("later", [("10", "7", 9), ("30", "5", 9),
                                     ("new", "9", 9)])
        self.expect("1 2 3 1\n2 1 2\n3 3\n", later, "--history", first,
                    ranks=(7,))
        self.expect("10\t5 9\t7\n30\t7\t5\n", later, "--history", first,
                    "--ids", "original", "--prefixes", ranks=(3,))
        more = self.store("more", [(99, 1, 1), (30, 4, 1), (10, 3, 1)])
        self.fails(DATA_BAD, "sequences", later, "-o", self.path("no.txt"),
                   "--history", first, "--history", more, ranks=3,
                   says=('more.h5 has the item "4", which', "later.h5 does "
                         "not number", "coracle kcore TRAIN OTHER"))
        self.assertFalse(os.path.exists(self.path("no.txt")))

    def test_what_cannot_be(self):
        store = self.store("blank", [("a", "x", 1), ("a b", "y", 2)])
        out = self.path("out.txt")
        self.expect("1 1\n2 2\n", store)
        self.fails(IO, "sequences", store, "-o", out, says="out.txt exists")
        os.remove(out)
        self.fails(DATA_BAD, "sequences", store, "-o", out, "--ids",
                   "original", ranks=2,
                   says=('the user "a b" has a blank', "--ids dense"))
        for args, says in (
                (("--min-length", 2), "--prefixes"),
                (("--prefixes", "--min-length", 0), "least length"),
                (("--prefixes", "--min-length", 5, "--max-length", 4),
                 "it must be 5 or more"),
                (("--max-length", -1), "greatest length")):
            self.fails(USAGE, "sequences", store, "-o", out, *args, says=says)
        self.fails(USAGE, "sequences", store, "-o", self.path("out.h5"),
                   says="FILE.txt")
        self.fails(USAGE, "sequences", store, says="-o")
        self.fails(IO, "sequences", store, "-o", out, "--history",
                   self.path("none.h5"), says="none.h5")
        self.assertEqual([name for name in os.listdir(self.dir)
                          if name.startswith("out")], [])
        plan = self.ok("sequences", store, "-o", out, "--plan", "--json").json
        self.assertIn("memory_per_rank", plan)


if __name__ == "__main__":
    main()
