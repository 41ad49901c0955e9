#!/usr/bin/env python3
"""Taking in new interactions: rows against the same equations solved in numpy,
new ids of other types, titles, the same bits on any number of ranks."""
import random

import coracle_test as ct
from coracle_test import Case, main

import h5py
import numpy as np

USERS, ITEMS = 70, 50


class Update(Case):
    def setUp(self):
        super().setUp()
        chance = random.Random(5)
        pairs = sorted({(int(80 * chance.random()),
                         int(60 * chance.random()**1.5)) for _ in range(1500)})
        rows = [(u, i, 1 + (u * i + u + 2 * i) % 9 / 2) for u, i in pairs]
        chance.shuffle(rows)
        old = [row for row in rows if row[0] < USERS and row[1] < ITEMS]
        self.old, self.new = old[:700], old[700:] + [
            row for row in rows if row[0] >= USERS or row[1] >= ITEMS]
        titles = self.write("titles.csv", "item,title\n" + "".join(
            "%d,Film %d\n" % (i, i) for i in range(60)))
        self.train = self.store("train", self.old, "--titles", titles)
        self.fresh = self.store("new", self.new, "--titles", titles)

    def store(self, name, rows, *more):
        text = self.write(name + ".csv", "user,item,rating\n" + "".join(
            "%s,%s,%g\n" % row for row in rows))
        self.ok("ingest", text, "-o", self.path(name + ".h5"), *more)
        return self.path(name + ".h5")

    def fit(self, name, *words):
        self.ok(*words[:1], self.train, *words[1:], "-o", self.path(name))
        return self.path(name)

    def update(self, model, out, *more, ranks=1):
        return self.ok("update", model, self.fresh, "-o", self.path(out),
                       "--json", *more, ranks=ranks).json

    def read(self, path):
        """Sides as tables by id, and the attributes."""
        model = {}
        with h5py.File(path, "r") as file:
            attributes = {name: value.decode() if isinstance(value, bytes)
                          else value for name, value in file.attrs.items()}
            for side in ("users", "items"):
                group = file[side]
                k = attributes["factors"]
                x = group["factors"][:] if k else np.zeros((len(group["id"]), 0))
                b = group["bias"][:] if "bias" in group else np.zeros(len(x))
                model[side] = {int(id): [int(n), float(m), v.astype(float), float(c)]
                               for id, n, m, v, c in zip(
                                   group["id"], group["count"], group["mean"],
                                   x, b)}
        return model, attributes

    def half(self, a, side, other, rows, reg_bias):
        """A plain half of an update: `side` moves, `other` stays."""
        k, bias = a["factors"], a["bias"]
        mean = a["mean"] if bias else 0.0
        by_count = a["reg_scale"] == "count"
        implicit = "implicit" in a
        alpha = a.get("alpha", 0.0)

        def of(row):
            return np.append(row[2], 1.0) if bias else row[2]

        def reg(count):
            r = np.full(k + bool(bias), a["reg"] * (count if by_count else 1))
            if bias:
                r[-1] = reg_bias * (count if by_count else 1)
            if implicit and a["reg_exponent"]:
                known = sum(row[0] > 0 for row in other.values())
                r *= (count + a["unobserved_weight"] * known)**a["reg_exponent"]
            return r

        typical = sum(row[0] * np.outer(of(row), of(row))
                      for row in other.values())
        typical /= sum(row[0] for row in other.values())
        everywhere = 0
        weight = 1.0
        if implicit:
            everywhere = a["unobserved_weight"] * sum(
                np.outer(row[2], row[2]) for row in other.values())
            weight = alpha * np.mean([abs(v) for _, _, v in self.new])
        result = {id: list(row) for id, row in side.items()}
        values = {}
        for mine, theirs, value in rows:
            if theirs in other and other[theirs][0]:
                values.setdefault(mine, []).append((theirs, value))
        for id, some in values.items():
            old = side.get(id, [0, 0.0, np.zeros(k), 0.0])
            x = np.append(old[2], old[3]) if bias else old[2]
            count = old[0] + len(some)
            left = old[0] * weight * typical + everywhere + np.diag(reg(count))
            right = -(reg(count) - reg(old[0])) * x if old[0] else 0 * x
            if not old[0]:
                right = -everywhere @ x if implicit else right
            for theirs, value in some:
                y = of(other[theirs])
                if implicit:
                    w = alpha * abs(value)
                    besides = 1 if a["implicit"] == "confidence" else 0
                    target = (w + besides) / w * (value > 0)
                else:
                    w, target = 1.0, value - mean - other[theirs][3]
                left = left + w * np.outer(y, y)
                right = right + w * (target - x @ y) * y
            x = x + np.linalg.solve(left, right)
            result[id] = [count, (old[0] * old[1] + sum(v for _, v in some)) /
                          count, x[:k], x[-1] if bias else 0.0]
        return result

    def expected(self, path):
        model, a = self.read(path)
        users = self.half(a, model["users"], model["items"], self.new,
                          a["reg_bias"])
        items = self.half(a, model["items"], users,
                          [(i, u, v) for u, i, v in self.new],
                          a.get("reg_bias_item", a["reg_bias"]))
        return {"users": users, "items": items}

    MODELS = {
        "baseline": ("baseline",),
        "als": ("als", "--bias", "--factors", 5, "--reg", 3, "--reg-bias", 2),
        "counted": ("als", "--factors", 20, "--reg", 0.3, "--reg-scale", "count"),
        "sgd": ("sgd", "--factors", 6, "--epochs", 4),
        "implicit": ("als", "--implicit", "--alpha", 2, "--factors", 7,
                     "--reg", 4),
        "weighted": ("als", "--implicit", "--unobserved-weight", 0.2,
                     "--factors", 7, "--reg", 0.1, "--reg-exponent", 0.5)}

    def test_rows_are_those_of_the_plain_equations(self):
        for name, words in self.MODELS.items():
            with self.subTest(model=name):
                model = self.fit(name + ".h5", *words)
                done = self.update(model, name + ".1.h5")
                for ranks in ct.RANKS if name == "als" else (3,):
                    out = "%s.%d.h5" % (name, ranks)
                    if ranks > 1:
                        self.assertEqual(self.update(
                            model, out, "--threads", 2, ranks=ranks), done)
                        self.same(self.path(out), self.path(name + ".1.h5"))
                got, _ = self.read(self.path(name + ".1.h5"))
                expected = self.expected(model)
                feedback = name in ("implicit", "weighted")
                for side in ("users", "items"):
                    self.assertEqual(sorted(got[side]), sorted(expected[side]))
                    for id, (count, mean, x, bias) in expected[side].items():
                        row = got[side][id]
                        self.assertEqual(row[0], count)
                        self.assertAlmostEqual(row[1], 0 if feedback else mean,
                                               delta=1e-5)
                        # solved in single precision, condition below 1000
                        np.testing.assert_allclose(row[2], x, atol=2e-4)
                        self.assertAlmostEqual(row[3], bias, delta=2e-4)
                # of the new users, those who rated what was known
                known = {i for _, i, _ in self.old}
                there = {u for u, _, _ in self.old}
                new = {u for u, i, _ in self.new if i in known} - there
                self.assertEqual(done["new_users"], len(new))
                self.assertEqual(done["ignored"], sum(
                    u not in there | new for u, _, _ in self.new))
                self.assertIn("approximation", done["note"])

    def test_it_is_as_good_as_training_again(self):
        """On ratings that a model can learn, the updated one does better than
        the old one on the rest of the new users' ratings."""
        model = self.fit("m.h5", *self.MODELS["als"])
        self.update(model, "u.h5")
        errors = [self.ok("evaluate", self.path(one), self.fresh, "--json")
                  .json for one in ("m.h5", "u.h5")]
        self.assertLess(errors[1]["rmse"], errors[0]["rmse"])
        self.assertLess(errors[1]["unknown"], errors[0]["unknown"])

    def test_ids_and_titles_of_all_kinds(self):
        model = self.fit("m.h5", "als", "--bias", "--factors", 4)
        fresh = self.write("text.csv", 'user,item,rating\n3,1,5\n"ann, b",1,4\n'
                           '"ann, b",new,2\nnobody,newer,3\n3,new,1\n')
        for ranks in (1, 3):
            done = self.ok("update", model, fresh, "-o",
                           self.path("t%d.h5" % ranks), "--json",
                           ranks=ranks).json
            self.assertEqual((done["users"], done["new_users"], done["items"],
                              done["new_items"], done["ignored"]),
                             (2, 1, 2, 1, 1))
        self.same(self.path("t1.h5"), self.path("t3.h5"))
        found = self.ok("recommend", self.path("t1.h5"), "--users",
                        "ann, b,3".replace("ann, b,", ""), "-n", 60,
                        "--json").json["recommendations"]["3"]
        titles = {one["item"]: one["title"] for one in found}
        self.assertEqual(titles["7"], "Film 7")
        self.assertEqual(titles["new"], "")
        self.update(model, "u.h5")  # a store brings titles along
        found = self.ok("recommend", self.path("u.h5"), "--users", "3", "-n",
                        60, "--json").json["recommendations"]["3"]
        for one in found:
            self.assertEqual(one["title"], "Film %d" % one["item"])
        self.assertEqual(len(found), len({i for _, i, _ in self.old + self.new}))

    def test_nothing_new_changes_nothing(self):
        model = self.fit("m.h5", "baseline")
        fresh = self.write("none.csv", "user,item,rating\nx,y,5\n")
        done = self.ok("update", model, fresh, "-o", self.path("n.h5"), "--json",
                       ranks=3).json
        self.assertEqual((done["users"], done["items"], done["ignored"]),
                         (0, 0, 1))
        self.same(model, self.path("n.h5"))

    def test_what_makes_no_sense(self):
        out = self.path("out.h5")
        model = self.fit("m.h5", "baseline")
        for name, words, says in (
                ("knn.h5", ("knn",), "knn"),
                ("p.h5", ("popular",), "popular"),
                ("b.h5", ("sgd", "--loss", "bpr", "--factors", 4), "squared")):
            self.fails(ct.USAGE, "update", self.fit(name, *words), self.fresh,
                       "-o", out, says=says, ranks=2)
        self.fails(ct.USAGE, "update", model, self.fresh, says="-o")
        self.fails(ct.USAGE, "update", model, "-o", out)
        self.fails(ct.IO, "update", model, self.path("none.csv"), "-o", out)
        self.fails(ct.IO, "update", model, self.fresh, "-o", model,
                   says="--force", ranks=3)
        self.fails(ct.DATA_BAD, "update", self.train, self.fresh, "-o", out,
                   says="train.h5")
        plan = self.ok("update", model, self.fresh, "-o", out, "--plan",
                       "--json").json
        self.assertGreater(plan["memory_per_rank"], 0)


if __name__ == "__main__":
    main()
