"""The sets that benchmarks run on: made once, kept in the data folder."""
import os
import subprocess
import sys

from measure import run

HERE = os.path.dirname(os.path.abspath(__file__))

# Name -> users, items, rows, seed.
RATED = {"r1m": (10000, 5000, 1000000, 1), "r20m": (138000, 27000, 20000000, 2)}
SHOP = {"amz": (4000000, 1000000, 20000000, 3)}
# Made by ours: of the shape of a shop's raw ratings of beauty products.
GENERATED = {"tiny": (300, 200, 6000), "small": (610, 9724, 80670),
             "beauty": (1210271, 249274, 2023070)}


class Sets:
    """Paths of a set's files, made when first asked for.

    CORACLE_BENCH_GENERATOR may name a program of one's own that makes the rated
    sets: GENERATOR NAME USERS ITEMS ROWS SEED FOLDER leaves FOLDER/NAME.csv.
    A genamz.py beside it makes the shop's: genamz.py FILE.npz."""

    def __init__(self, coracle, folder, python):
        self.coracle, self.folder, self.python = coracle, folder, python
        self.generator = os.environ.get("CORACLE_BENCH_GENERATOR")
        os.makedirs(folder, exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def _made(self, name, make):
        """The path of a file; make(path) makes it where it is not there."""
        path = self.path(name)
        if not os.path.exists(path):
            print("making %s" % path, file=sys.stderr, flush=True)
            make(path)
        return path

    def _data(self, *words):
        run([self.python, os.path.join(HERE, "data.py"), *words], cores=2)

    def csv(self, name):
        return self._made(name + ".csv", lambda path: self._make_csv(name, path))

    def _make_csv(self, name, path):
        if name in GENERATED:
            users, items, rows = GENERATED[name]
            store = self.path(name + ".generated.h5")
            self.coracle.job("generate", "-o", store, "--users", users,
                             "--items", items, "--interactions", rows)
            self._data("csv", store, path)
        elif name in RATED:
            self._rated(name)
        else:
            self._shop(name, path)

    def _rated(self, name):
        words = [name, *RATED[name], self.folder]
        if self.generator:
            subprocess.run([self.python, self.generator, *map(str, words)],
                           check=True, stdout=subprocess.DEVNULL)
        else:
            self._data("rated", *words)

    def _shop(self, name, path):
        program = os.path.join(os.path.dirname(self.generator or ""),
                               "genamz.py")
        if not self.generator or not os.path.exists(program):
            self._data("shop", *SHOP[name], path)
            return
        table = self._made(name + ".npz", lambda out: run(
            [self.python, program, out], cores=2))
        self._data("npz", table, path)

    def store(self, name):
        """All rows of a set, taken in."""
        return self._made(name + ".store.h5", lambda path: self.coracle.job(
            "ingest", self.csv(name), "-o", path))

    def decaying(self, rows, columns):
        """A matrix that most of is in few directions, taken in."""
        name = "decaying.%dx%d" % (rows, columns)
        table = self._made(name + ".npy", lambda path: self._data(
            "decaying", rows, columns, 1, path))
        return self._made(name + ".h5", lambda path: self.coracle.job(
            "ingest", "--matrix", table, "-o", path))

    def clusters(self, rows, columns, components):
        """A matrix of overlapping clusters, taken in, and a start for them."""
        name = "clusters.%dx%d.%d" % (rows, columns, components)
        table = self._made(name + ".npy", lambda path: self._data(
            "clusters", rows, columns, components, 1, path))
        return (self._made(name + ".h5", lambda path: self.coracle.job(
            "ingest", "--matrix", table, "-o", path)),
            self.path(name + ".start.npy"))

    def train(self, name):
        """Nine tenths of the rows, at random."""
        return self._made(name + ".part.train.h5",
                          lambda path: self.coracle.job(
                              "split", self.store(name), "-o",
                              self.path(name + ".part"), "--by", "random",
                              "--fractions", "0.9,0.1"))

    def test(self, name):
        """The tenth that was left out."""
        self.train(name)
        return self.path(name + ".part.test.h5")

    def raw(self, name, part="train"):
        """A part as plain arrays; the prefix of the files."""
        store = getattr(self, part)(name)
        kind = "raw" if part == "train" else "raw." + part
        path = self._made("%s.%s.u" % (name, kind), lambda made: self._data(
            "raw", store, made[:-len(".u")]))
        return path[:-len(".u")]

    def shape(self, name):
        """users, items, rows."""
        known = {**RATED, **SHOP, **GENERATED}
        return known[name][:3]
