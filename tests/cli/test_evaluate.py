#!/usr/bin/env python3
"""Lists judged over the whole catalogue, against a plain version of every
figure; who and what is left out; what makes no sense."""
import math
import os
import random

import coracle_test as ct
from coracle_test import Case, main

import h5py
import numpy as np

CUTOFFS = (1, 5, 20)


def plain(scores, counts, seen, test, cutoffs):
    """All figures by definition. scores: user -> item -> score, of known users
    and items; counts: item -> training interactions; seen, test: user -> items."""
    figures = {"mrr": 0.0}
    named = {k: [] for k in cutoffs}
    users = [u for u in test if test[u] and u in scores]
    for user in users:
        wanted = test[user]
        ranking = sorted((i for i in scores[user] if i not in seen.get(user, ())),
                         key=lambda i: (-scores[user][i][0], scores[user][i][1]))
        places = [p for p, i in enumerate(ranking, 1) if i in wanted]
        figures["mrr"] += 1 / places[0] if places else 0
        for k in cutoffs:
            hits = [p for p in places if p <= k]
            most = min(k, len(wanted))
            add = {"precision": len(hits) / k, "recall": len(hits) / len(wanted),
                   "recall_capped": len(hits) / most,
                   "hit_rate": float(bool(hits)),
                   "ndcg": sum(1 / math.log2(p + 1) for p in hits) /
                   sum(1 / math.log2(p + 1) for p in range(1, most + 1)),
                   "map": sum((n + 1) / p for n, p in enumerate(hits)) / most}
            for name, value in add.items():
                name = "%s@%d" % (name, k)
                figures[name] = figures.get(name, 0.0) + value
            named[k] += ranking[:k]
    figures = {name: total / len(users) for name, total in figures.items()}
    for k in cutoffs:
        figures["coverage@%d" % k] = len(set(named[k])) / len(counts)
        figures["popularity@%d" % k] = (sum(counts[i] for i in named[k]) /
                                        len(named[k]))
    return figures


class Evaluate(Case):
    def setUp(self):
        super().setUp()
        chance = random.Random(3)
        def rows(users, items, count):
            return sorted({(int(users * chance.random()),
                            int(items * chance.random()**2))
                           for _ in range(count)})
        # users 80.. and items 60.. are in the test part alone
        self.train_rows = rows(80, 60, 1500)
        self.test_rows = [(u, i) for u, i in rows(90, 65, 400) if u % 7]
        self.train = self.store("train", self.train_rows)
        self.test = self.store("test", self.test_rows, chance)
        self.model = self.path("m.h5")
        self.ok("als", self.train, "-o", self.model, "--implicit", "--factors",
                8, "--iterations", 4)

    def store(self, name, rows, chance=None):
        self.ok("ingest", self.write(name + ".csv", "user,item,value\n" +
                                     "".join("%d,%d,%d\n" % (
                                         u, i, chance.choice((1, 5))
                                         if chance else 1) for u, i in rows)),
                "-o", self.path(name + ".h5"))
        return self.path(name + ".h5")

    def expected(self, test_rows, seen=True):
        with h5py.File(self.model, "r") as file:
            users, items = file["users/id"][:], file["items/id"][:]
            table = (file["users/factors"][:].astype(float) @
                     file["items/factors"][:].astype(float).T)
        scores = {u: {i: (table[a, b], b) for b, i in enumerate(items)}
                  for a, u in enumerate(users)}
        counts = {i: sum(row[1] == i for row in self.train_rows) for i in items}
        parts = []
        for rows in (self.train_rows if seen else [], test_rows):
            parts.append({})
            for u, i in rows:
                parts[-1].setdefault(u, set()).add(i)
        return plain(scores, counts, *parts, CUTOFFS)

    def judge(self, *more, ranks=1, model=None, **options):
        return self.ok("evaluate", model or self.model, self.test, "--at",
                       ",".join(map(str, CUTOFFS)), "--json", *more, ranks=ranks,
                       **options).json

    def agree(self, got, expected):
        for name, value in expected.items():
            self.assertAlmostEqual(got[name], value, delta=1e-12, msg=name)

    def test_figures_are_those_of_the_plain_version(self):
        runs = [self.judge("--seen", self.train, ranks=ranks)
                for ranks in ct.RANKS]
        runs.append(self.judge("--seen", self.train, "--threads", 2))
        for run in runs[1:]:
            self.assertEqual(run, runs[0])
        self.agree(runs[0], self.expected(self.test_rows))
        self.agree(self.judge(), self.expected(self.test_rows, seen=False))

    def test_what_is_popular_calibrates(self):
        """The printed list, the model's lists and predictions, and the figures
        say the same, at any number of ranks."""
        values = {}
        with h5py.File(self.test, "r") as file:
            users, items = file["users/id"][:], file["items/id"][:]
            for u, i, v in zip(file["interactions/user"],
                               file["interactions/item"],
                               file["interactions/value"]):
                values.setdefault(int(items[i]), []).append((int(users[u]), v))
        total = [v for some in values.values() for _, v in some]
        mean = sum(total) / len(total)
        order = {int(i): row for row, i in enumerate(items)}
        for by, words, score in (
                ("count", ("--by", "count"), lambda some: len(some)),
                ("mean", ("--damping", 4), lambda some:
                 (sum(some) + 4 * mean) / (len(some) + 4))):
            scores = {i: (score([v for _, v in some]), order[i])
                      for i, some in values.items() if len(some) >= 5}
            done = [self.ok("popular", self.test, "-n", 1000, *words,
                            "--min-interactions", 5, "--json", "-o",
                            self.path("%s%d.h5" % (by, ranks)), ranks=ranks).json
                    for ranks in ct.RANKS]
            for ranks, one in zip(ct.RANKS, done):
                self.assertEqual(one, done[0])
                self.same(self.path("%s%d.h5" % (by, ranks)),
                          self.path("%s1.h5" % by))
            model = self.path("%s1.h5" % by)
            best = sorted(scores, key=lambda i: -scores[i][0])
            self.assertEqual(len(done[0]["items"]), len(best))
            for place, i in zip(done[0]["items"], best):
                self.assertAlmostEqual(place.get("score", place["count"]),
                                       scores[i][0], delta=1e-12)
            # known or not, all get this order
            found = self.ok("recommend", model, "--users", "1,nobody", "-n",
                            1000, "--json", ranks=3).json
            self.assertEqual(found["popular"], 1)
            one, other = found["recommendations"].values()
            self.assertEqual([(p["item"], p["score"]) for p in one],
                             [(p["item"], p["score"]) for p in other])
            for place, i in zip(one, best):
                for item in (i, place["item"]):
                    self.assertAlmostEqual(place["score"], scores[item][0],
                                           delta=1e-5)
            pairs = self.write("pairs.csv", "user,item\n" + "".join(
                "1,%d\n" % i for i in best))
            self.ok("predict", model, pairs, "-o", self.path("p.csv"), "--force")
            with open(self.path("p.csv")) as file:
                for line, i in zip(list(file)[1:], best):
                    self.assertAlmostEqual(float(line.split(",")[2]),
                                           scores[i][0], delta=1e-5)
            # of equal ones the plain version and the model take the same
            near = {i: (round(s, 4), row) for i, (s, row) in scores.items()}
            got = self.ok("evaluate", model, self.train, "--seen", self.test,
                          "--at", "1,5,20", "--json", ranks=2).json
            seen = {}
            for i, some in values.items():
                for u, _ in some:
                    seen.setdefault(u, set()).add(i)
            wanted = {}
            for u, i in self.train_rows:
                wanted.setdefault(u, set()).add(i)
            self.agree(got, plain({u: near for u in seen},
                                  {i: len(values[i]) for i in near}, seen,
                                  wanted, CUTOFFS))

    def test_a_popular_model_stays_as_it_is(self):
        """New ratings move nobody; all values alike are counted; what is
        refused."""
        model = self.path("p.h5")
        self.ok("popular", self.train, "-o", model)
        fresh = self.write("f.csv", "user,item,value\n7,3,1\n7,4,1\nnew,3,1\n")
        found = self.ok("recommend", model, "--users", "new,nobody", "-n", 60,
                        "--ratings", fresh, "--json").json["recommendations"]
        self.assertEqual([p["item"] for p in found["new"]],
                         [p["item"] for p in found["nobody"] if p["item"] != 3])
        scores = [p["score"] for p in found["nobody"]]
        counts = [sum(i == p["item"] for _, i in self.train_rows)
                  for p in found["nobody"]]
        self.assertEqual(scores, counts)
        self.fails(ct.USAGE, "popular", self.train, "--damping", -1,
                   says="--damping", ranks=2)
        self.fails(ct.IO, "popular", self.train, "-o", model, says="--force")
        self.ok("popular", self.train, "-o", self.path("n.h5"), "--plan")
        self.assertFalse(os.path.exists(self.path("n.h5")))

    def test_who_is_left_out_is_counted(self):
        got = self.judge("--seen", self.train)
        known = {u for u, _ in self.train_rows}
        wanted = {u for u, _ in self.test_rows}
        self.assertEqual(got["users"], len(wanted & known))
        self.assertEqual(got["users_unknown"], len(wanted - known))
        self.assertEqual(got["catalogue"], len({i for _, i in self.train_rows}))
        self.assertEqual(got["relevant"],
                         sum(u in known for u, _ in self.test_rows))
        self.assertEqual(got["items_unknown"],
                         sum(u in known and i >= 60 for u, i in self.test_rows))
        self.assertEqual(got["left_out"], self.train)
        self.assertEqual(self.judge()["left_out"], "nothing")

    def test_only_items_of_enough_value_are_relevant(self):
        with h5py.File(self.test, "r") as file:
            users, items = file["users/id"][:], file["items/id"][:]
            liked = [(users[u], items[i]) for u, i, v in
                     zip(file["interactions/user"], file["interactions/item"],
                         file["interactions/value"]) if v >= 3]
        got = self.judge("--seen", self.train, "--relevant", 3)
        self.agree(got, self.expected(liked))
        self.assertEqual(got["users_without"],
                         len(users) - len({u for u, _ in liked}))

    def test_what_makes_no_sense_is_refused(self):
        for words, says in ((("--seen", self.train), "--at"),
                            (("--at", "0"), "--at"), (("--at", "five"), "five"),
                            (("--relevant", "3"), "--at")):
            run = ct.run("evaluate", self.model, self.test, *words)
            self.assertEqual(run.code, ct.USAGE, run)
            self.assertIn(says, run.messages[0])


if __name__ == "__main__":
    main()
