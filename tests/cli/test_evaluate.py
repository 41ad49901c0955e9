#!/usr/bin/env python3
"""Lists judged over the whole catalogue, against a plain version of every
figure; who and what is left out; what makes no sense."""
import math
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
