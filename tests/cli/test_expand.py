"""generate --like: the fractal expansion beside a plain version of it."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from coracle_test import Case, DATA_BAD, IO, RANKS, USAGE, main  # noqa: E402

try:
    import h5py
    import numpy as np
except ImportError:
    h5py = None

STREAM_BLOCK = 28  # COR_STREAM_BLOCK
USERS, ITEMS = 3, 5  # times so many
# Singular values stand still to 1e-8, so their vectors to the root of that, or
# a few times as much where two values are near.
CLOSE = 1e-3


def philox(seed, stream, row, step):
    """Philox 4x32-10 of counters (row, stream, step): rows x steps x 4."""
    low = np.uint64(0xffffffff)
    row, step = np.meshgrid(np.asarray(row, np.uint64),
                            np.asarray(step, np.uint64), indexing="ij")
    x = [row & low, row >> np.uint64(32), np.full_like(row, stream), step]
    key = [seed & 0xffffffff, seed >> 32]
    for _ in range(10):
        a = np.uint64(0xD2511F53) * x[0]
        b = np.uint64(0xCD9E8D57) * x[2]
        x = [b >> np.uint64(32) ^ x[1] ^ np.uint64(key[0]), b & low,
             a >> np.uint64(32) ^ x[3] ^ np.uint64(key[1]), a & low]
        key = [(key[0] + 0x9E3779B9) & 0xffffffff,
               (key[1] + 0xBB67AE85) & 0xffffffff]
    return np.stack(x, axis=-1)


def columns(path):
    with h5py.File(path, "r") as file:
        return {name: file["interactions/" + name][()]
                for name in ("user", "item", "value", "time")
                if name in file["interactions"]}


def expanded(real, rates, seed):
    """The copies that stay, by user and time, from the rates."""
    a, b = rates.shape
    rows = len(real["user"])
    words = philox(seed, STREAM_BLOCK, np.arange(rows),
                   np.arange((a * b + 3) // 4)).reshape(rows, -1)[:, :a * b]
    limit = np.floor(rates.ravel() * 2.0 ** 32).astype(np.uint64)
    row, block = np.nonzero(words < limit)
    out = {"user": real["user"][row] * a + block // b,
           "item": real["item"][row] * b + block % b}
    for name in ("value", "time"):
        if name in real:
            out[name] = real[name][row]
    order = np.argsort(out["user"], kind="stable")
    return {name: column[order] for name, column in out.items()}


def averaged(matrix, parts):
    n = len(matrix)
    return np.array([matrix[n * p // parts:n * (p + 1) // parts].mean(axis=0)
                     for p in range(parts)])


def closest(matrix):
    left, _, right = np.linalg.svd(matrix, full_matrices=False)
    return left @ right


def reduced_rates(real, users, items, a, b):
    """By a whole singular value decomposition."""
    value = real["value"].astype(float)
    value = value - value.mean() if np.ptp(value) else np.ones_like(value)
    matrix = np.zeros((users, items))
    np.add.at(matrix, (real["user"], real["item"]), value)
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    k = min(a, b)
    small = np.abs(closest(averaged(u[:, :k], a)) @ np.diag(s[:k]) @
                   closest(averaged(v[:k].T, b)).T)
    return np.clip(small / small.max(), 0.01, 0.95)


@unittest.skipUnless(h5py, "needs numpy and h5py")
class Expand(Case):
    SIZE = ("--users", 400, "--items", 150, "--interactions", 9000)

    def setUp(self):
        super().setUp()
        self.real = self.path("real.h5")
        self.ok("generate", "-o", self.real, *self.SIZE)

    def expand(self, name, *args, like=None, **how):
        return self.ok("generate", "--like", like or self.real, "--scale",
                       "%dx%d" % (USERS, ITEMS), "-o", self.path(name),
                       "--json", *args, **how).json

    def check(self, name, like, done, seed=42):
        want = expanded(columns(like), np.array(done["rates"]), seed)
        found = columns(self.path(name))
        self.assertEqual(set(found), set(want))
        for column, values in want.items():
            np.testing.assert_array_equal(found[column], values, column)
        self.assertEqual(done["interactions"], len(want["user"]))

    def test_same_as_plain_version_on_all_ranks(self):
        first = None
        for ranks in RANKS:
            done = self.expand("%d.h5" % ranks, ranks=ranks)
            first = first or done
            self.assertEqual(done, first)
            self.same(self.path("1.h5"), self.path("%d.h5" % ranks))
        self.expand("t.h5", "--threads", 2, ranks=2)
        self.same(self.path("1.h5"), self.path("t.h5"))
        self.check("1.h5", self.real, first)
        with h5py.File(self.path("1.h5"), "r") as file:
            np.testing.assert_array_equal(
                file["users/id"][()], np.arange(400 * USERS) + 1)
            np.testing.assert_array_equal(
                file["items/id"][()], np.arange(150 * ITEMS) + 1)
            self.assertNotIn("title", file["items"])

    def test_rates_are_those_of_the_reduced_matrix(self):
        real = columns(self.real)
        done = self.expand("x.h5")
        np.testing.assert_allclose(
            done["rates"], reduced_rates(real, 400, 150, USERS, ITEMS),
            atol=CLOSE)
        for scale in ((5, 2), (1, 4)):
            done = self.ok("generate", "--like", self.real, "--scale",
                           "%dx%d" % scale, "-o", self.path("y.h5"), "--json",
                           "--force").json
            np.testing.assert_allclose(
                done["rates"], reduced_rates(real, 400, 150, *scale), atol=CLOSE)

    def test_distributed_as_the_real_one(self):
        done = self.expand("x.h5", "--seed", 7, "--titles")
        rates = np.array(done["rates"])
        self.check("x.h5", self.real, done, seed=7)
        self.assertAlmostEqual(done["expected"], 9000 * rates.sum())
        spread = np.sqrt(9000 * (rates * (1 - rates)).sum())
        self.assertLess(abs(done["interactions"] - done["expected"]),
                        5 * spread)
        real, copy = columns(self.real), columns(self.path("x.h5"))
        for side, copies, sums in (("user", USERS, rates.sum(axis=1)),
                                   ("item", ITEMS, rates.sum(axis=0))):
            one = np.bincount(real[side]).astype(float)
            many = np.bincount(copy[side], minlength=len(one) * copies)
            many = many.reshape(-1, copies)
            # every copy of an entity is a thinned one of itself
            deviation = (many - one[:, None] * sums) / np.sqrt(
                one[:, None] * sums + 1)
            self.assertLess(np.abs(deviation).max(), 6)
            # on a logarithmic scale: as wide as the real one, shifted
            often = one >= 5
            wide = np.log(one[often]).std()
            for j in range(copies):
                here = np.log(np.maximum(many[often, j], 0.5))
                self.assertLess(abs(here.std() / wide - 1), 0.25, (side, j))
                self.assertLess(abs((here - np.log(one[often])).mean() -
                                    np.log(sums[j])), 0.25, (side, j))
        np.testing.assert_allclose(
            done["value"]["mean"], real["value"].mean(), atol=0.05)
        self.assertEqual(set(copy["value"]), set(real["value"]))

    def test_without_times_and_of_one_value(self):
        rows = "user,item\n" + "".join(
            "u%d,i%d\n" % (u, i) for u in range(40) for i in range(30)
            if (u * i + u) % 7 < 2)
        like = self.path("yes.h5")
        self.ok("ingest", self.write("yes.csv", rows), "-o", like)
        done = self.expand("x.h5", like=like, ranks=3)
        self.check("x.h5", like, done)
        self.assertNotIn("time", done)

    def test_few_rows_on_many_ranks(self):
        rows = "user,item,rating,timestamp\na,x,1,5\nb,y,2,6\nb,x,5,7\n"
        like = self.path("few.h5")
        self.ok("ingest", self.write("few.csv", rows), "-o", like)
        out = []
        for ranks in (1, 7):
            out.append(self.ok("generate", "--like", like, "--scale", "2x2",
                               "-o", self.path("few%d.h5" % ranks), "--json",
                               ranks=ranks).json)
        self.assertEqual(out[0], out[1])
        np.testing.assert_allclose(
            out[0]["rates"], reduced_rates(columns(like), 2, 2, 2, 2),
            atol=CLOSE)

    def test_plan_writes_nothing(self):
        done = self.expand("x.h5", "--plan", ranks=2)
        self.assertEqual(set(done), {"rows_per_rank", "memory_per_rank",
                                     "memory_per_node", "disk"})
        self.assertFalse(os.path.exists(self.path("x.h5")))

    def test_plan_is_near_after_a_few_rounds(self):
        rounds, rows = [], []
        for more in ("--plan",), ():
            log = self.path("log%d" % len(more))
            done = self.expand("x.h5", "--log", log, *more)
            rows.append(done["rows_per_rank" if more else "interactions"])
            with open(log) as file:
                rounds.append(sum('"reduce"' in line for line in file))
        self.assertLess(2 * rounds[0], rounds[1])
        self.assertAlmostEqual(rows[0], rows[1], delta=0.1 * rows[1])

    def test_refused(self):
        out = self.path("x.h5")
        for scale in ("4x", "2x2x2", "0x2", "257x2"):
            self.fails(USAGE, "generate", "--like", self.real, "-o", out,
                       "--scale", scale, says="--scale " + scale)
        self.fails(USAGE, "generate", "--like", self.real, "-o", out,
                   says="--scale")
        self.fails(USAGE, "generate", "--scale", "2x2", "-o", out,
                   says="--like")
        self.fails(USAGE, "generate", "--like", self.real, "--rows", 5, "-o",
                   out, says="--like")
        self.fails(USAGE, "generate", "--like", self.real, "--scale", "4x200",
                   "-o", out, says=["200", "150"], ranks=2)
        self.fails(IO, "generate", "--like", self.path("no.h5"), "--scale",
                   "2x2", "-o", out, says="no.h5")
        self.fails(DATA_BAD, "generate", "--like",
                   self.write("text.h5", "no store"), "--scale", "2x2", "-o",
                   out, says="text.h5")
        self.assertFalse(os.path.exists(out))


if __name__ == "__main__":
    main()
