"""generate, kcore, split and popular, end to end, at several rank counts."""
import hashlib
import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from coracle_test import (Case, DATA_BAD, IO, RANKS, USAGE, data,  # noqa: E402
                          main)


def ratings_csv(rows):
    return "user,item,rating,timestamp\n" + "".join(
        "%s,%s,%s,%s\n" % row for row in rows)


def made_up(count, users, items):
    """Rows with repeated pairs and ties in time, from a small generator."""
    state, rows = 12345, []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        a, b, c = state >> 33, state >> 41, state >> 50
        rows.append(("u%d" % (a % users * (b % 5) // 4), b % items * (c % 3) // 2,
                     1 + c % 9 / 2, 1000 + c % 700))
    return rows


def core_by_loops(rows, least_users, least_items):
    """Rounds and rows left, counting everything anew each round."""
    rounds = []
    users = {row[0] for row in rows}
    items = {row[1] for row in rows}
    while True:
        rows = [row for row in rows if row[0] in users and row[1] in items]
        count = {}
        for row in rows:
            for key in (("u", row[0]), ("i", row[1])):
                count[key] = count.get(key, 0) + 1
        few_users = {u for u in users if count.get(("u", u), 0) < least_users}
        few_items = {i for i in items if count.get(("i", i), 0) < least_items}
        users, items = users - few_users, items - few_items
        rounds.append([len(users), len(items)])
        if not few_users and not few_items:
            return rounds, len(rows)


class Prepared(Case):
    def store(self, rows, name="all.h5"):
        path = self.path(name)
        self.ok("ingest", self.write("all.csv", ratings_csv(rows)), "-o", path)
        return path


class Generate(Case):
    SIZE = ("--users", 700, "--items", 300, "--interactions", 20000)

    def test_same_on_all_ranks_and_threads(self):
        first = None
        for ranks in RANKS:
            done = self.ok("generate", "-o", self.path("%d.h5" % ranks),
                           *self.SIZE, "--titles", "--json", ranks=ranks)
            first = first or done.json
            self.assertEqual(done.json, first)
            self.same(self.path("1.h5"), self.path("%d.h5" % ranks))
        self.ok("generate", "-o", self.path("t.h5"), *self.SIZE, "--titles",
                "--threads", 2, ranks=2)
        self.same(self.path("1.h5"), self.path("t.h5"))
        self.assertEqual(first["interactions"], 20000)
        self.assertEqual((first["users"], first["items"]), (700, 300))
        self.assertAlmostEqual(first["density"], 20000 / 700 / 300)
        self.assertGreaterEqual(first["value"]["min"], 0.5)
        self.assertLessEqual(first["value"]["max"], 5)
        self.assertLess(first["time"]["min"], first["time"]["max"])
        self.assertGreaterEqual(first["shards"], 64)

    def test_seed_and_shards_matter(self):
        one = self.ok("generate", "-o", self.path("1.h5"), *self.SIZE,
                      "--json").json
        two = self.ok("generate", "-o", self.path("2.h5"), *self.SIZE,
                      "--seed", 43, "--shards", 5, "--json").json
        self.assertNotEqual(one["digest"], two["digest"])
        self.assertEqual(two["shards"], 5)

    def test_refused(self):
        out = self.path("x.h5")
        self.fails(USAGE, "generate", *self.SIZE, says="-o")
        self.fails(USAGE, "generate", "-o", out, "--users", 3, "--items", 3,
                   "--interactions", 10, says=["10", "3"])
        self.fails(USAGE, "generate", "-o", out, "--users", 0, ranks=2)
        self.fails(USAGE, "generate", "-o", out, *self.SIZE, "--shards",
                   1048577, says="shards")
        self.fails(IO, "generate", "-o", self.path("no", "x.h5"), *self.SIZE,
                   ranks=2)
        self.ok("generate", "-o", out, *self.SIZE)
        self.fails(IO, "generate", "-o", out, *self.SIZE, says=out)
        self.ok("generate", "-o", out, *self.SIZE, "--force")

    def test_plan_writes_nothing(self):
        done = self.ok("generate", "-o", self.path("x.h5"), *self.SIZE,
                       "--plan", "--json", ranks=2)
        self.assertEqual(set(done.json), {"rows_per_rank", "memory_per_rank",
                                          "memory_per_node", "disk"})
        self.assertFalse(os.path.exists(self.path("x.h5")))


class KCore(Prepared):
    def test_same_as_loops_on_all_ranks(self):
        rows = made_up(4000, 400, 300)
        store = self.store(rows)
        rounds, left = core_by_loops(rows, 7, 6)
        self.assertGreater(len(rounds), 3)
        self.assertGreater(left, 100)
        for ranks in RANKS:
            out = self.path("%d.h5" % ranks)
            done = self.ok("kcore", store, "-o", out, "--users", 7, "--items",
                           6, "--json", ranks=ranks).json
            self.assertEqual(done, {"rounds": rounds, "users": rounds[-1][0],
                                    "items": rounds[-1][1],
                                    "interactions": left})
            self.same(self.path("1.h5"), out)

    def test_core_of_a_core_is_itself(self):
        store = self.store(made_up(4000, 400, 300))
        one, two = self.path("1.h5"), self.path("2.h5")
        self.ok("kcore", store, "-o", one, "--users", 7, "--items", 6)
        done = self.ok("kcore", one, "-o", two, "--users", 7, "--items", 6,
                       "--json").json
        self.assertEqual(len(done["rounds"]), 1)
        self.same(one, two)

    def test_distinct(self):
        rows = made_up(4000, 400, 300)
        pairs = {(row[0], row[1]): row for row in rows}
        rounds, _ = core_by_loops(list(pairs.values()), 6, 6)
        done = self.ok("kcore", self.store(rows), "-o", self.path("d.h5"),
                       "--users", 6, "--items", 6, "--distinct", "--json",
                       ranks=3).json
        self.assertEqual(done["rounds"], rounds)

    def test_others_are_numbered_alike(self):
        rows = made_up(4000, 400, 300)
        store = self.store(rows)
        self.ok("split", store, "-o", self.path("p"), "--by", "random")
        # The same ratings under another numbering: the file backwards.
        back = self.write("back.csv", ratings_csv(reversed(rows)))
        self.ok("ingest", back, "-o", self.path("back.h5"))
        inputs = [self.path("p.%s.h5" % part)
                  for part in ("train", "valid", "test")]
        for ranks in (1, 3, 4):
            out = self.path("core%d" % ranks)
            self.ok("kcore", *inputs, self.path("back.h5"), "-o", out,
                    "--users", 5, "--items", 5, ranks=ranks)
            for name in sorted(os.listdir(out)):
                self.same(self.path("core1", name), os.path.join(out, name))
        self.assertEqual(
            sorted(os.listdir(self.path("core1"))),
            ["back.h5", "p.test.h5", "p.train.h5", "p.valid.h5"])
        for table in ("/users/id", "/items/id"):
            tables = {self.dump(self.path("core1", name), table)
                      for name in os.listdir(self.path("core1"))}
            self.assertEqual(len(tables), 1)
        counts = [self.ok("info", self.path("core1", name), "--json").json
                  ["interactions"] for name in
                  ("p.train.h5", "p.valid.h5", "p.test.h5", "back.h5")]
        self.assertEqual(sum(counts[:3]), counts[3])

    def dump(self, path, name):
        return subprocess.run(["h5dump", "-y", "-d", name, path],
                              stdout=subprocess.PIPE, check=True
                              ).stdout.split(b"DATASET", 1)[1]

    def test_refused(self):
        store = self.store(made_up(500, 50, 50))
        out = self.path("core.h5")
        for ranks in (1, 3):
            self.fails(DATA_BAD, "kcore", store, "-o", out, "--users", 5000,
                       says="the k-core is empty", ranks=ranks)
            self.assertFalse(os.path.exists(out))
        self.fails(USAGE, "kcore", store, "-o", out, "--users", 0)
        self.fails(USAGE, "kcore", "-o", out)
        self.fails(USAGE, "kcore", store, store, "-o", out, says="same file")
        self.fails(IO, "kcore", self.path("none.h5"), "-o", out)
        other = self.write("other.h5", "this is no store")
        self.fails(DATA_BAD, "kcore", store, other, "-o", self.path("dir"),
                   says="other.h5", ranks=2)
        self.assertFalse(os.path.exists(self.path("dir")))

    def check_counts(self, golden, path, least, *columns):
        store = self.path("store.h5")
        if not os.path.exists(store):
            self.ok("ingest", path, "-o", store, *columns, ranks=2)
        for ranks in (1, 3):
            done = self.ok("kcore", store, "-o", self.path("core.h5"),
                           "--users", least, "--items", least, "--json",
                           "--force", ranks=ranks).json
            self.assertEqual((done["users"], done["items"],
                              done["interactions"]), golden)
        return done["rounds"]

    def test_movielens(self):
        path = data("data", "ml-latest-small", "ratings.csv")
        self.check_counts((610, 3650, 90274), path, 5)
        self.check_counts((609, 2269, 81109), path, 10)

    def test_lastfm(self):
        path = data("data", "lastfm", "user_artists.dat")
        self.check_counts((1859, 2823, 71355), path, 5, "--columns",
                          "user=userID,item=artistID,value=weight")

    def test_beauty_takes_ten_rounds(self):
        path = data("data", "beauty", "Amazon_Beauty.inter")
        rounds = self.check_counts((1340, 733, 28798), path, 10)
        self.assertEqual(len(rounds), 10)
        self.assertEqual(rounds[-1], rounds[-2])


class Split(Prepared):
    def parts(self, store, *options, ranks=1):
        """Split; the result, and the rows of each part by their time."""
        prefix = self.path("r%d" % ranks)
        return self.ok("split", store, "-o", prefix, *options, "--json",
                       "--force", ranks=ranks).json

    def check_ranks(self, store, *options):
        one = self.parts(store, *options)
        for ranks in RANKS[1:]:
            self.assertEqual(self.parts(store, *options, ranks=ranks), one)
            for part in ("train", "valid", "test"):
                path = self.path("r1.%s.h5" % part)
                self.assertEqual(
                    os.path.exists(path),
                    os.path.exists(self.path("r%d.%s.h5" % (ranks, part))))
                if os.path.exists(path):
                    self.same(path, self.path("r%d.%s.h5" % (ranks, part)))
        return one

    def test_by_time(self):
        rows = made_up(3000, 200, 100)
        times = sorted(row[3] for row in rows)
        done = self.check_ranks(self.store(rows), "--by", "time",
                                "--fractions", "0.8,0.1,0.1")
        cuts = [times[2400], times[2700]]
        self.assertEqual(done, {
            "train": sum(t < cuts[0] for t in times),
            "valid": sum(cuts[0] <= t < cuts[1] for t in times),
            "test": sum(t >= cuts[1] for t in times), "thresholds": cuts})
        test = self.ok("info", self.path("r1.test.h5"), "--json").json
        self.assertEqual(test["interactions"], done["test"])
        self.assertEqual(test["time"], {"min": cuts[1], "max": times[-1]})

    def test_by_random_with_two_fractions(self):
        done = self.check_ranks(self.store(made_up(3000, 200, 100)), "--by",
                                "random", "--fractions", "0.7,0.3")
        self.assertEqual(done["train"] + done["test"], 3000)
        self.assertEqual(done["valid"], 0)
        self.assertNotIn("thresholds", done)
        self.assertFalse(os.path.exists(self.path("r1.valid.h5")))
        self.assertLess(abs(done["train"] - 2100), 150)  # six deviations

    def test_by_hash(self):
        rows = made_up(3000, 200, 100)
        store = self.store(rows)

        def in_test(key, denominator):
            digest = hashlib.md5(str(key).encode()).hexdigest()
            return int(digest, 16) % denominator
        done = self.check_ranks(store, "--by", "hash", "--key", "user",
                                "--test", "0.3")
        self.assertEqual(done["test"],
                         sum(in_test(row[0], 10) < 3 for row in rows))
        done = self.check_ranks(store, "--by", "hash", "--key", "item",
                                "--test", "0.25")
        self.assertEqual(done["test"],
                         sum(in_test(row[1], 100) < 25 for row in rows))

    def test_by_last(self):
        rows = made_up(3000, 200, 100)
        count = {}
        for row in rows:
            count[row[0]] = count.get(row[0], 0) + 1
        done = self.check_ranks(self.store(rows), "--by", "last", "--count", 2)
        self.assertEqual(done["test"], sum(min(n, 2) for n in count.values()))

    def test_parts_keep_the_tables(self):
        store = self.store(made_up(3000, 200, 100))
        self.parts(store, "--by", "last")
        whole = subprocess.run(["h5diff", store, self.path("r1.test.h5"),
                                "/users/id"])
        self.assertEqual(whole.returncode, 0)

    def test_ending_is_that_of_the_input(self):
        store = self.store(made_up(300, 20, 10), "all.hdf5")
        self.ok("split", store, "-o", self.path("q"), "--by", "last")
        self.assertTrue(os.path.exists(self.path("q.train.hdf5")))

    def test_refused(self):
        store = self.store(made_up(300, 20, 10))
        out = ("-o", self.path("x"))
        for ranks in (1, 3):
            self.fails(USAGE, "split", store, *out, "--fractions", "0.8,0.1",
                       ranks=ranks)
        self.fails(USAGE, "split", store, *out, "--fractions", "0.8,x",
                   says=["fractions", "x"])
        self.fails(USAGE, "split", store, *out, "--fractions", "1.2,-0.2")
        self.fails(USAGE, "split", store, *out, "--by", "luck")
        self.fails(USAGE, "split", store, *out, "--by", "hash", "--test", "1")
        self.fails(USAGE, "split", store, *out, "--by", "last", "--count", 0)
        self.fails(USAGE, "split", store)
        self.fails(DATA_BAD, "split", store, *out, "--by", "last", "--count",
                   1000, says="nothing would be left", ranks=2)
        timeless = self.path("timeless.h5")
        pairs = self.write("pairs.csv", "user,item\na,1\nb,2\na,2\n")
        self.ok("ingest", pairs, "-o", timeless)
        self.fails(DATA_BAD, "split", timeless, *out, "--by", "time",
                   says="time", ranks=2)
        self.assertEqual([name for name in os.listdir(self.dir)
                          if name.startswith("x")], [])

    def test_nothing_is_written_where_one_part_exists(self):
        store = self.store(made_up(300, 20, 10))
        taken = self.write("x.test.h5", "mine")
        self.fails(IO, "split", store, "-o", self.path("x"), says=taken)
        self.assertFalse(os.path.exists(self.path("x.train.h5")))

    def test_movielens_by_time(self):
        path = data("data", "ml-latest-small", "ratings.csv")
        with open(path) as file:
            times = sorted(int(line.rsplit(",", 1)[1])
                           for line in list(file)[1:])
        store = self.path("ml.h5")
        self.ok("ingest", path, "-o", store)
        done = self.parts(store, "--by", "time", ranks=3)
        self.assertEqual(done["thresholds"], [times[len(times) * 8 // 10],
                                              times[len(times) * 9 // 10]])


class Popular(Prepared):
    def test_same_on_all_ranks(self):
        rows = made_up(3000, 200, 100)
        store = self.store(rows)
        values = {}
        for row in rows:
            values.setdefault(row[1], []).append(row[2])
        order = sorted((item for item in values if len(values[item]) >= 20),
                       key=lambda item: -sum(values[item]) / len(values[item]))
        first = None
        for ranks in RANKS:
            done = self.ok("popular", store, "-n", 5, "--min-interactions", 20,
                           "--json", ranks=ranks).json
            first = first or done
            self.assertEqual(done, first)
        self.assertEqual(len(first["items"]), 5)
        for one, item in zip(first["items"], order):
            self.assertEqual(one["count"], len(values[one["item"]]))
            self.assertAlmostEqual(one["mean"],
                                   sum(values[item]) / len(values[item]))
            self.assertNotIn("title", one)
        by_count = self.ok("popular", store, "-n", 1, "--by", "count",
                           "--json").json["items"]
        self.assertEqual(by_count[0]["count"],
                         max(len(some) for some in values.values()))

    def test_titles(self):
        self.ok("generate", "-o", self.path("g.h5"), "--users", 300,
                "--items", 50, "--interactions", 5000, "--titles")
        done = self.ok("popular", self.path("g.h5"), "-n", 3, "--json",
                       ranks=3).json
        for one in done["items"]:
            self.assertEqual(one["title"], "Item %d" % one["item"])

    def test_movielens(self):
        folder = data("data", "ml-latest-small")
        store = self.path("ml.h5")
        self.ok("ingest", os.path.join(folder, "ratings.csv"), "-o", store,
                "--titles", os.path.join(folder, "movies.csv"))
        done = self.ok("popular", store, "-n", 5, "--min-interactions", 200,
                       "--json", ranks=2).json["items"]
        self.assertEqual(done[0]["title"], "Shawshank Redemption, The (1994)")
        self.assertEqual((done[0]["item"], done[0]["count"]), (318, 317))

    def test_refused(self):
        store = self.store(made_up(300, 20, 10))
        for ranks in (1, 3):
            kept = self.path("popular.json")
            printed = self.ok("popular", store, "-n", 3, "--json", "-o", kept,
                              ranks=ranks)
            with open(kept) as file:
                self.assertEqual(file.read(), printed.out)
            self.fails(IO, "popular", store, "-o", kept, says="--force",
                       ranks=ranks)
            os.remove(kept)
        self.fails(USAGE, "popular", store, "-n", 0, ranks=2)
        self.fails(IO, "popular", self.path("none.h5"), ranks=2)
        none = self.ok("popular", store, "--min-interactions", 10000, "--json")
        self.assertEqual(none.json, {"items": []})


if __name__ == "__main__":
    main()
