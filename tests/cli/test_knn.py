#!/usr/bin/env python3
"""Baselines and neighbourhoods: against the reference's figures, against plain
Python, the same bits everywhere, and what is odd about ratings."""
import csv
import json
import os
import random
import signal
import subprocess
import time

import coracle_test as ct
from coracle_test import Case, main


def write_ratings(case, name, rows):
    text = "userId,movieId,rating\n" + "".join(
        "%s,%s,%s\n" % tuple(row) for row in rows)
    return case.write(name, text)


def predictions(path):
    with open(path) as file:
        return [(int(row["user"]), int(row["item"]), float(row["prediction"]))
                for row in csv.DictReader(file)]


class MovieLens(Case):
    """The reference's figures on its own split. Ties among similarities are
    the reference's where the store has its order: where it has no times."""

    def setUp(self):
        super().setUp()
        with open(ct.data("golden", "rating.json")) as file:
            self.golden = json.load(file)

    def take_in(self, times):
        for part in ("train", "test"):
            path = ct.data("golden", "ml-latest-small-%s.csv" % part)
            if not times:
                with open(path) as file:
                    rows = [line.rstrip("\n").split(",")[:3] for line in file]
                path = write_ratings(self, part + ".csv",
                                     rows[1:])
            self.ok("ingest", path, "-o", self.path(part + ".h5"), "--force")

    def errors(self, job, *options, ranks=1):
        model = self.path("model.h5")
        result = self.ok(job, self.path("train.h5"), *options, "--force",
                         "--json", "-o", model, ranks=ranks).json
        again = self.ok("evaluate", model, self.path("test.h5"), "--json",
                        ranks=ranks).json
        self.assertEqual(again["n"], 20168)
        self.assertEqual(again["unknown"], 813)
        return again, result

    def near(self, name, found, within):
        for metric in ("rmse", "mae"):
            self.assertAlmostEqual(found[metric], self.golden[name][metric],
                                   delta=within, msg=name)

    def first_predictions(self, name):
        rows = self.golden[name]["first_5_predictions"]
        pairs = write_ratings(self, "pairs.csv", rows)
        out = self.path("predicted.csv")
        self.ok("predict", self.path("model.h5"), pairs, "-o", out, "--force")
        for (user, item, right), found in zip(rows, predictions(out)):
            self.assertEqual(found[:2], (user, item))
            self.assertAlmostEqual(found[2], right, delta=1e-4)

    def test_baselines(self):
        self.take_in(times=True)
        found, _ = self.errors("baseline", ranks=2)
        self.near("baseline_als", found, 1e-6)
        self.first_predictions("baseline_als")
        found, _ = self.errors("baseline", "--method", "sgd")
        self.near("baseline_sgd", found, 0.001)

    def test_neighbours(self):
        self.take_in(times=True)
        found, result = self.errors("knn", ranks=2)
        self.near("knn_baseline_items_pearson_baseline", found, 1e-6)
        self.first_predictions("knn_baseline_items_pearson_baseline")
        self.assertEqual(result["similarities"], 3170966)
        found, _ = self.errors("knn", "--between", "users")
        self.near("knn_baseline_users_pearson_baseline", found, 1e-6)
        found, _ = self.errors("knn", "--similarity", "cosine")
        self.near("knn_baseline_items_cosine", found, 0.0005)
        found, _ = self.errors("knn", "--similarity", "msd")
        self.near("knn_baseline_items_msd", found, 0.0005)

    def test_ties_in_the_order_of_the_input(self):
        self.take_in(times=False)
        found, _ = self.errors("knn", "--similarity", "msd")
        self.near("knn_baseline_items_msd", found, 1e-6)


class Plain:
    """The reference's definitions, rating by rating."""

    def __init__(self, rows, between, similarity, k, least, support,
                 shrinkage):
        self.rows, self.between, self.kind = rows, between, similarity
        self.k, self.least, self.shrinkage = k, least, shrinkage
        self.support = max(support, 2 if similarity == "pearson-baseline" else 1)
        self.mean = sum(r for _, _, r in rows) / len(rows)
        self.fit_baseline()
        self.raters = {}
        for row in rows:
            self.raters.setdefault(self.sides(row)[1], []).append(row)
        self.known = {}

    def fit_baseline(self):
        self.user = {u: 0 for u, _, _ in self.rows}
        self.item = {i: 0 for _, i, _ in self.rows}
        for _ in range(10):
            for side, of, other, at, reg in (
                    (self.item, 1, self.user, 0, 10),
                    (self.user, 0, self.item, 1, 15)):
                for thing in side:
                    mine = [row for row in self.rows if row[of] == thing]
                    side[thing] = sum(row[2] - self.mean - other[row[at]]
                                      for row in mine) / (reg + len(mine))

    def baseline(self, user, item):
        return self.mean + self.user.get(user, 0) + self.item.get(item, 0)

    def sides(self, row):
        """Thing and rater."""
        return (row[1], row[0]) if self.between == "items" else row[:2]

    def value(self, row):
        if self.kind == "pearson-baseline":
            return row[2] - self.baseline(*row[:2])
        return row[2]

    def similarity(self, a, b):
        if a == b:
            return 1
        if (a, b) not in self.known:
            both = [(self.value(x), self.value(y))
                    for rows in self.raters.values()
                    for x in rows if self.sides(x)[0] == a
                    for y in rows if self.sides(y)[0] == b]
            self.known[a, b] = self.known[b, a] = self.compare(both)
        return self.known[a, b]

    def compare(self, both):
        n = len(both)
        if n < self.support:
            return 0
        if self.kind == "msd":
            return 1 / (1 + sum((x - y) ** 2 for x, y in both) / n)
        root = (sum(x * x for x, _ in both) * sum(y * y for _, y in both)) ** .5
        if root == 0:
            return 0
        shrunk = ((n - 1) / (n - 1 + self.shrinkage)
                  if self.kind == "pearson-baseline" else 1)
        return sum(x * y for x, y in both) / root * shrunk

    def predict(self, user, item, low, high):
        estimate = self.baseline(user, item)
        if user in self.user and item in self.item:
            thing, rater = self.sides((user, item))
            near = sorted(self.raters[rater], reverse=True, key=lambda row:
                          self.similarity(thing, self.sides(row)[0]))[:self.k]
            near = [(self.similarity(thing, self.sides(row)[0]),
                     row[2] - self.baseline(*row[:2])) for row in near]
            near = [pair for pair in near if pair[0] > 0]
            if len(near) >= self.least:
                estimate += (sum(s * r for s, r in near) /
                             sum(s for s, _ in near))
        return min(max(estimate, low), high)


class Neighbours(Case):
    def setUp(self):
        super().setUp()
        random.seed(4)
        self.rows = []
        for user in range(1, 26):
            items = random.sample(range(1, 20), random.randint(3, 12))
            self.rows += [(user, 10 * item, random.choice((1, 2.5, 3, 4, 4.7)))
                          for item in items]
        self.rows += [(user, 5, 1 + user % 5) for user in range(1, 26)]
        self.rows.append((26, 5, 4))  # one rating

    def take_in(self, rows, name="train.h5"):
        self.ok("ingest", write_ratings(self, "r.csv", rows), "-o",
                self.path(name), "--force")

    def test_against_plain_python(self):
        """Unequal numbers of neighbours in each run; ties are rare with
        pearson-baseline, and elsewhere all neighbours count."""
        self.take_in(self.rows)
        pairs = [(user, item, 0) for user in (1, 7, 20, 26, 99)
                 for item in (5, 10, 40, 70, 190, 12345)]
        asked = write_ratings(self, "pairs.csv", pairs)
        for between in ("items", "users"):
            for kind, k, least, support in (("pearson-baseline", 4, 1, 1),
                                            ("cosine", 40, 2, 3),
                                            ("msd", 40, 3, 2)):
                self.ok("knn", self.path("train.h5"), "--between", between,
                        "--similarity", kind, "--neighbors", k,
                        "--min-neighbors", least, "--min-support", support,
                        "--shrinkage", 20, "--force", "-o", self.path("m.h5"))
                self.ok("predict", self.path("m.h5"), asked, "--force", "-o",
                        self.path("p.csv"))
                plain = Plain(self.rows, between, kind, k, least, support, 20)
                for user, item, found in predictions(self.path("p.csv")):
                    self.assertAlmostEqual(
                        found, plain.predict(user, item, 1, 5), delta=2e-5,
                        msg=(between, kind, user, item))

    def test_all_ratings_equal(self):
        self.take_in([(u, i, 3) for u, i, _ in self.rows])
        for job in ("baseline", "knn"):
            result = self.ok(job, self.path("train.h5"), "--json", "-o",
                             self.path(job + ".h5")).json
            self.assertEqual(result["train"], {"rmse": 0, "mae": 0})
        self.assertEqual(result["similarities"], 0)  # nothing to correlate
        result = self.ok("knn", self.path("train.h5"), "--similarity", "msd",
                         "--keep", 1, "--json", "-o", self.path("k.h5")).json
        self.assertEqual(result["similarities"], 20)

    def test_more_ranks_than_anything(self):
        self.take_in([(1, 1, 3), (1, 2, 4), (2, 1, 5)])
        for job, *options in (["baseline"], ["baseline", "--method", "sgd"],
                              ["knn", "--similarity", "msd"],
                              ["knn", "--between", "users", "--keep", 2]):
            one, many = (self.ok(job, self.path("train.h5"), *options, "--json",
                                 "--force", "-o", self.path("m.h5"),
                                 ranks=ranks).json for ranks in (1, 7))
            self.assertEqual({**one, "seconds": 0}, {**many, "seconds": 0})
        self.ok("recommend", self.path("m.h5"), "--all", ranks=7)

    def test_new_users_are_folded_in_between_items(self):
        self.take_in(self.rows)
        mine = write_ratings(self, "mine.csv", [(7, i, r) for u, i, r in
                                                self.rows if u == 7])
        self.ok("knn", self.path("train.h5"), "--keep", 15, "-o",
                self.path("k.h5"))
        args = (self.path("k.h5"), "--users", 7, "-n", 5, "--json")
        known = self.ok("recommend", *args, "--seen", self.path("train.h5"))
        folded = self.ok("recommend", *args, "--ratings", mine, ranks=3)
        known, folded = (run.json["recommendations"]["7"]
                         for run in (known, folded))
        self.assertEqual([one["item"] for one in known],
                         [one["item"] for one in folded])
        for one, other in zip(known, folded):
            self.assertAlmostEqual(one["score"], other["score"], delta=1e-3)
        self.ok("knn", self.path("train.h5"), "--between", "users", "-o",
                self.path("u.h5"))
        self.fails(ct.USAGE, "recommend", self.path("u.h5"), "--ratings", mine,
                   says="between items")

    def test_bad_options(self):
        self.take_in(self.rows)
        for job, options, says in (
                ("knn", ("--neighbors", 0), "--neighbors"),
                ("knn", ("--min-neighbors", 41), "--min-neighbors"),
                ("knn", ("--keep", 0), "--keep"),
                ("knn", ("--keep", "some"), "--keep"),
                ("knn", ("--shrinkage", -1), "--shrinkage"),
                ("knn", ("--epochs", 0), "--epochs"),
                ("knn", ("--similarity", "jaccard"), "jaccard"),
                ("baseline", ("--lr", 0), "--lr"),
                ("baseline", ("--reg-users", -1), "--reg-users"),
                ("baseline", ("--early-stop", 2), "--valid")):
            self.fails(ct.USAGE, job, self.path("train.h5"), *options, "-o",
                       self.path("m.h5"), says=says)
        self.fails(ct.NUMERIC, "baseline", self.path("train.h5"), "--method",
                   "sgd", "--lr", 1000, "-o", self.path("m.h5"), says="--lr")
        self.assertFalse(os.path.exists(self.path("m.h5")))

    def test_a_damaged_model_is_refused(self):
        if not ct.h5py:
            self.skipTest("no h5py")
        self.take_in(self.rows)
        self.ok("knn", self.path("train.h5"), "-o", self.path("m.h5"))
        with ct.h5py.File(self.path("m.h5"), "r+") as file:
            file["items/similar/index"][0] = 1000
        self.fails(ct.DATA_BAD, "evaluate", self.path("m.h5"),
                   self.path("train.h5"), says="damaged")


class Generated(Case):
    def setUp(self):
        super().setUp()
        self.ok("generate", "--users", 300, "--items", 120, "--interactions",
                9000, "-o", self.path("all.h5"))
        self.ok("split", self.path("all.h5"), "--by", "random", "--fractions",
                "0.8,0.1,0.1", "-o", self.path("part"))
        self.train = self.path("part.train.h5")
        self.valid = self.path("part.valid.h5")

    def fit(self, job, *options, **how):
        return self.ok(job, self.train, "--valid", self.valid, *options,
                       "--json", "--force", "-o", self.path("m.h5"), **how).json

    def test_same_bits_on_any_ranks_and_threads(self):
        for job, *options in (["baseline", "--method", "sgd"],
                              ["knn"],
                              ["knn", "--between", "users", "--similarity",
                               "cosine", "--keep", 10]):
            runs = [self.fit(job, *options, ranks=n) for n in ct.RANKS]
            runs.append(self.fit(job, *options, "--threads", 2))
            runs.append(self.fit(job, *options, ranks=4,
                                 env={"CORACLE_RANKS_PER_NODE": 2}))
            for run in runs[1:]:
                self.assertEqual({**runs[0], "seconds": 0},
                                 {**run, "seconds": 0})

    def test_what_is_reported(self):
        for job, *options in (["baseline"], ["knn", "--keep", 20]):
            result = self.fit(job, *options, ranks=2)
            self.assertEqual(result["job"], job)
            self.assertEqual(result["epochs"], 10)
            self.assertEqual(len(result["history"]), 10)
            for part, store in (("valid", self.valid), ("train", self.train)):
                again = self.ok("evaluate", self.path("m.h5"), store,
                                "--json").json
                for metric in ("rmse", "mae"):
                    self.assertAlmostEqual(again[metric], result[part][metric],
                                           places=6)
        info = self.ok("info", self.path("m.h5"), "--json").json
        self.assertEqual(info["model"], "knn")
        self.assertEqual(info["keep"], 20)
        self.assertEqual(info["similarities"], result["similarities"])

    def test_lists_at_any_ranks(self):
        for options in ((), ("--between", "users", "--keep", 25)):
            self.fit("knn", *options)
            lists = []
            for ranks in (1, 3):
                self.ok("recommend", self.path("m.h5"), "--all", "-n", 5,
                        "--seen", self.train, "--force", "-o",
                        self.path("l.csv"), ranks=ranks)
                with open(self.path("l.csv")) as file:
                    lists.append(file.read())
            self.assertEqual(*lists)
            self.assertEqual(lists[0].count("\n"), 1 + 5 * 300)

    def test_the_best_epoch_is_kept(self):
        result = self.fit("baseline", "--method", "sgd", "--lr", 0.1,
                          "--epochs", 200, "--early-stop", 3)
        self.assertLess(result["epochs"], 200)
        self.assertEqual(result["epochs"], result["best_epoch"] + 3)
        self.assertAlmostEqual(result["valid"]["rmse"], min(result["history"]))

    def test_a_baseline_goes_on_from_its_checkpoint(self):
        for method, ranks, others in (("sgd", 2, 3), ("als", 1, 2)):
            options = ("baseline", self.train, "--method", method, "--valid",
                       self.valid, "--checkpoint", self.path("kept"))
            process = ct.start(*options, "--epochs", 1000000, "--every", 0.001,
                               "-o", self.path("m.h5"), ranks=ranks)
            while process.poll() is None and not os.path.exists(
                    self.path("kept", "baseline.h5")):
                time.sleep(0.02)
            process.send_signal(signal.SIGUSR1)
            run = ct.finish(process)
            self.assertEqual(run.code, ct.STOPPED, run)
            done = int(run.messages[0].split("epoch ")[1].split(";")[0])
            self.ok(*options, "--epochs", done + 2, "--resume", "-o",
                    self.path("resumed.h5"), "--force", ranks=others)
            self.ok(*options[:-2], "--epochs", done + 2, "-o",
                    self.path("straight.h5"), "--force")
            self.same(self.path("resumed.h5"), self.path("straight.h5"))
            subprocess.run(["rm", "-r", self.path("kept")], check=True)

    def test_neighbours_go_on_from_their_checkpoint(self):
        """In the baseline by a signal; in the search, where the last timed
        checkpoint of a fit that ended has some things compared."""
        words = ("knn", self.train, "--keep", 10, "--json", "-o",
                 self.path("m.h5"), "--force")
        keeping = ("--checkpoint", self.path("kept"))
        process = ct.start(*words, "--epochs", 20000, *keeping, "--every",
                           0.001)
        while process.poll() is None and not os.path.exists(
                self.path("kept", "knn.h5")):
            time.sleep(0.02)
        process.send_signal(signal.SIGUSR1)
        run = ct.finish(process)
        self.assertEqual(run.code, ct.STOPPED, run)
        self.assertIn("after epoch", run.messages[0])
        self.assertFalse(os.path.exists(self.path("m.h5")))
        straight, resumed = (self.ok(*words, "--epochs", 20000, *more).json
                             for more in ((), (*keeping, "--resume")))
        self.assertEqual(straight["digest"], resumed["digest"])
        self.fails(ct.USAGE, *words, *keeping, "--resume", says="another run")
        straight = self.ok(*words).json
        for ranks, others in ((3, 2), (1, 4)):
            keeping = ("--checkpoint", self.path("kept%d" % ranks))
            self.ok(*words, *keeping, "--every", 1e-9, ranks=ranks)
            resumed = self.ok(*words, *keeping, "--resume", ranks=others)
            self.assertRegex(resumed.err, r"10 of the baseline, [1-9]\d* of")
            self.assertEqual({**straight, "seconds": 0},
                             {**resumed.json, "seconds": 0})

    def test_plans(self):
        for job in ("baseline", "knn"):
            plan = self.fit(job, "--plan")
            self.assertGreater(plan["memory_per_rank"], 0)
        self.assertFalse(os.path.exists(self.path("m.h5")))


if __name__ == "__main__":
    main()
