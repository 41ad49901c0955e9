#!/usr/bin/env python3
"""What data can be like, for every trainer of a recommender: an item that all
have rated, a user with one rating, pairs that come twice, users whom training
never saw, values that are all equal, feedback of 0 and less; and going on from
a checkpoint to the same bits."""
import math
import os
import random
import re
import signal
import time

import coracle_test as ct
from coracle_test import Case, main

import h5py
import numpy as np

USERS, ITEMS = 40, 30
ALL, ONCE = 7, 35  # the item of everybody, the user with one rating

RATINGS = {
    "baseline": ("baseline",),
    "descent": ("baseline", "--method", "sgd"),
    "between items": ("knn",),
    "between users": ("knn", "--between", "users"),
    "als": ("als", "--factors", 5, "--reg", 2, "--iterations", 4),
    "als with biases": ("als", "--bias", "--factors", 5, "--reg", 2,
                        "--iterations", 4),
    "sgd": ("sgd", "--factors", 5, "--epochs", 5),
    "popular": ("popular", "--damping", 3)}

FEEDBACK = {
    "confidence": ("als", "--implicit", "--alpha", 2, "--factors", 5, "--reg", 2,
                   "--iterations", 4),
    "unobserved": ("als", "--implicit", "--unobserved-weight", 0.1, "--factors",
                   5, "--reg", 0.1, "--iterations", 4, "--solver", "cg"),
    "logistic": ("sgd", "--loss", "logistic", "--factors", 5, "--epochs", 4),
    "bpr": ("sgd", "--loss", "bpr", "--factors", 5, "--epochs", 4)}


class Cases(Case):
    def store(self, name, rows):
        text = self.write(name + ".csv", "user,item,rating\n" + "".join(
            "%d,%d,%g\n" % row for row in rows))
        self.ok("ingest", text, "-o", self.path(name + ".h5"))
        return self.path(name + ".h5")

    def odd_rows(self):
        chance = random.Random(11)
        rows = [(u, i, 1 + (u * i + 2 * u + i) % 9 / 2) for u in range(USERS)
                for i in range(ITEMS) if i != ALL and u != ONCE and
                chance.random() < 0.3]
        rows += [(u, ALL, 1 + u % 5) for u in range(USERS)]
        rows += [(u, i, 6 - v) for u, i, v in rows[:60]]  # twice, not alike
        rows += rows[60:80]                               # twice, alike
        chance.shuffle(rows)
        return rows

    def fit(self, words, train, out, ranks=1, **how):
        self.ok(words[0], train, *words[1:], "-q", "-o", self.path(out),
                ranks=ranks, **how)
        return self.path(out)

    def values_of(self, model, pairs):
        text = self.write("pairs.csv", "user,item\n" + "".join(
            "%d,%d\n" % pair for pair in pairs))
        self.ok("predict", model, text, "-q", "-o", self.path("p.csv"),
                "--force")
        with open(self.path("p.csv")) as file:
            return [float(line.split(",")[2]) for line in list(file)[1:]]

    def test_odd_rows(self):
        rows = self.odd_rows()
        train = self.store("train", rows)
        pairs = {(u, i) for u, i, _ in rows}
        # users from USERS on are strangers; two rows of one pair
        test = [(u, i, 3) for u in range(30, USERS + 4) for i in range(0, 30, 4)
                if (u, i) not in pairs]
        test.append(test[0])
        probe = self.store("test", test)
        strangers = sum(u >= USERS for u, _, _ in test)
        for name, words in {**RATINGS, **FEEDBACK}.items():
            with self.subTest(trainer=name):
                one, three = (self.fit(words, train, "%s.%d.h5" % (name, ranks),
                                       ranks) for ranks in (1, 3))
                self.same(one, three)
                found = self.ok("evaluate", one, probe, "--at", 10, "--seen",
                                train, "--json").json
                self.assertEqual((found["n"], found["unknown"]),
                                 (len(test), strangers))
                self.assertTrue(math.isfinite(found["rmse"]))
                self.assertEqual(found["users_unknown"], 4)
                self.assertEqual(found["relevant"], len(
                    {(u, i) for u, i, _ in test if u < USERS}))
                lists = self.ok("recommend", one, "--users",
                                "%d,3,%d" % (ONCE, USERS), "-n", ITEMS, "--seen",
                                train, "--json").json
                self.assertEqual(lists["popular"], 1)
                if name in FEEDBACK:  # its values are no ratings: counts
                    for p in lists["recommendations"][str(USERS)]:
                        self.assertEqual(p["score"], sum(
                            i == p["item"] for _, i, _ in rows))
                for user, some in lists["recommendations"].items():
                    seen = {i for u, i in pairs if u == int(user)}
                    self.assertEqual(sorted(p["item"] for p in some),
                                     sorted(set(range(ITEMS)) - seen))
                    for p in some:
                        self.assertTrue(math.isfinite(p["score"]))

    def test_all_values_equal(self):
        """There is one thing to predict, and no list but the popular one."""
        rows = [(u, i, 3.5) for u, i, _ in self.odd_rows()]
        train = self.store("train", rows)
        for name, words in RATINGS.items():
            if name in ("als", "popular"):  # drawn to 0; counts
                continue
            with self.subTest(trainer=name):
                model = self.fit(words, train, name + ".h5")
                for value in self.values_of(model, [(0, 1), (ONCE, 2),
                                                    (0, 999), (999, 999)]):
                    self.assertEqual(value, 3.5)
                scores = self.ok("recommend", model, "--users", "3", "-n", 5,
                                 "--json").json["recommendations"]["3"]
                for p in scores:
                    self.assertAlmostEqual(p["score"], 3.5, delta=0.2)

    def test_feedback_of_nothing_and_less(self):
        """0 says nothing: without those rows the model is the same. Less than 0
        is against: such a pair stands behind a liked one."""
        chance = random.Random(3)
        liked = [(u, i, 1 + i % 3) for u in range(USERS) for i in range(ITEMS)
                 if (u + i) % 2 == 0 and chance.random() < 0.7]
        against = [(u, i, -2) for u, i, _ in liked[::9]]
        drop = {(u, i) for u, i, _ in against}
        liked = [row for row in liked if row[:2] not in drop]
        known = {row[0] for row in liked}, {row[1] for row in liked}
        nothing = [(u, i, 0) for u in range(USERS) for i in range(ITEMS)
                   if (u + i) % 7 == 1 and (u, i) not in drop and
                   (u, i, 1 + i % 3) not in liked and u in known[0] and
                   i in known[1]]
        for name in ("confidence", "unobserved"):
            words = FEEDBACK[name][:-2] + ("--iterations", 30)
            words = tuple(w for w in words if w not in ("--solver", "cg"))
            with self.subTest(trainer=name):
                full = self.store("full", liked + against + nothing)
                bare = self.store("bare", liked + against)
                models = [self.fit(words, store, "%s%d.h5" % (name, n), 1 + 2 * n)
                          for n, store in enumerate((full, bare))]
                self.same(models[0], self.fit(words, full, name + "3.h5", 3))
                os.remove(self.path(name + "3.h5"))
                tables = []
                for model in models:
                    with h5py.File(model, "r") as file:
                        tables.append(file["users/factors"][:].astype(float) @
                                      file["items/factors"][:].astype(float).T)
                        users = list(file["users/id"][:])
                        items = list(file["items/id"][:])
                # starts are by row, and rows are numbered alike
                np.testing.assert_allclose(*tables, atol=2e-3)
                mean = [np.mean([tables[0][users.index(u), items.index(i)]
                                 for u, i, _ in some])
                        for some in (against, liked)]
                self.assertLess(mean[0] + 0.2, mean[1])
            os.remove(full)
            os.remove(bare)

    def test_checkpoints_go_on_to_the_same_bits(self):
        train = self.store("train", self.odd_rows())
        for name, words, count, ranks, others in (
                ("sgd", RATINGS["sgd"], "--epochs", 3, 1),
                ("adaptive", RATINGS["sgd"] + ("--adaptive",), "--epochs", 1, 3),
                ("bpr", FEEDBACK["bpr"], "--epochs", 1, 3),
                ("confidence", FEEDBACK["confidence"], "--iterations", 3, 1),
                ("unobserved", FEEDBACK["unobserved"], "--iterations", 1, 3)):
            with self.subTest(trainer=name):
                folder = self.path(name)
                process = ct.start(words[0], train, *words[1:], count, 10000000,
                                   "--checkpoint", folder, "--every", 1e-5,
                                   "-o", self.path("m.h5"), ranks=ranks)
                while process.poll() is None and not os.path.exists(
                        os.path.join(folder, words[0] + ".h5")):
                    time.sleep(0.02)
                process.send_signal(signal.SIGUSR1)
                run = ct.finish(process)
                self.assertEqual(run.code, ct.STOPPED, run)
                done = int(re.search(r"(epoch|iteration) (\d+);",
                                     run.messages[0]).group(2)) + 2
                self.fit(words + (count, done, "--checkpoint", folder,
                                  "--resume"), train, name + ".r.h5", others)
                self.fit(words + (count, done), train, name + ".s.h5")
                self.same(self.path(name + ".r.h5"), self.path(name + ".s.h5"))


if __name__ == "__main__":
    main()
