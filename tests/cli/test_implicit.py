#!/usr/bin/env python3
"""Implicit feedback by alternating least squares against its formulas in numpy,
every cell written out; the solvers, new users, and what makes no sense."""
import random

import coracle_test as ct
from coracle_test import Case, main

import h5py
import numpy as np

USERS, ITEMS = 120, 70

# form, alpha, unobserved weight, reg, exponent
SETTINGS = ((2, 0, 3, 0), (0.5, 0, 0.1, 0.5), (1, 0.1, 0.05, 1), (0, 0.3, 0.05, 0))


class Formula:
    """The loss over all cells and a side's best factors, as als.h has them."""

    def __init__(self, values, alpha, unobserved, reg, exponent, there=None):
        self.values, self.reg, self.exponent = values, reg, exponent
        self.confidence = unobserved == 0
        self.all = 1 if self.confidence else unobserved
        seen = values != 0
        self.weight = alpha * abs(values) if alpha else seen * 1.0
        self.prefer = (values > 0) * 1.0
        there = seen if there is None else there
        self.counts = there.sum(1), there.sum(0)

    def regs(self, side):
        others = self.values.shape[1 - side]
        return self.reg * (self.counts[side] + self.all * others)**self.exponent

    def loss(self, x, y):
        scores = x @ y.T
        if self.confidence:
            cells = (1 + self.weight) * (self.prefer - scores)**2
        else:
            cells = (self.weight * (self.prefer - scores)**2 +
                     self.all * scores**2)
        return (cells.sum() + self.regs(0) @ (x**2).sum(1) +
                self.regs(1) @ (y**2).sum(1))

    def items(self, x):
        """The best item factors for these users."""
        wanted = self.prefer * (self.weight + self.confidence)
        gram = self.all * x.T @ x
        return np.array([
            np.linalg.solve(gram + (x.T * self.weight[:, i]) @ x +
                            self.regs(1)[i] * np.eye(x.shape[1]),
                            x.T @ wanted[:, i])
            for i in range(self.values.shape[1])])


class Implicit(Case):
    def setUp(self):
        super().setUp()
        chance = random.Random(1)
        # item 3 is everyone's, user 7 has one value; some speak against
        cells = {(u, i): chance.choice((1, 2, 5, -2, 0))
                 for u in range(USERS) for i in range(ITEMS)
                 if i == 3 or (u != 7 and chance.random() < .12)}
        self.store = self.path("plays.h5")
        self.ok("ingest", self.write("plays.csv", "user,item,value\n" + "".join(
            "%d,%d,%d\n" % (u, i, v) for (u, i), v in cells.items())),
            "-o", self.store)
        self.cells = cells

    def fit(self, alpha, unobserved, reg, exponent, *more, ranks=1, **options):
        return self.ok("als", self.store, "-o", self.path("m.h5"), "--force",
                       "--json", "--implicit", "--alpha", alpha,
                       "--unobserved-weight", unobserved, "--reg", reg,
                       "--reg-exponent", exponent, *more, ranks=ranks,
                       **options).json

    def model(self):
        with h5py.File(self.path("m.h5"), "r") as file:
            users, items = file["users/id"][:], file["items/id"][:]
            values = np.array([[self.cells.get((u, i), 0) for i in items]
                               for u in users], float)
            self.there = np.array([[(u, i) in self.cells for i in items]
                                   for u in users])
            return (values, file["users/factors"][:].astype(float),
                    file["items/factors"][:].astype(float), list(items))

    def test_rows_are_the_best_and_the_loss_is_that_of_all_cells(self):
        for setting in SETTINGS:
            for factors in (8, 40):  # fewer and more than rows have values
                done = self.fit(*setting, "--factors", factors,
                                "--iterations", 3)
                values, x, y, _ = self.model()
                formula = Formula(values, *setting, self.there)
                best = formula.items(x)
                self.assertLess(abs(y - best).max() / abs(best).max(), 3e-6)
                self.assertAlmostEqual(done["loss"][-1] / formula.loss(x, y), 1,
                                       delta=2e-6)

    def test_solvers_go_down_to_the_same_loss(self):
        for setting in SETTINGS:
            last = []
            for solver in ("cholesky", "cg", "subspace"):
                loss = self.fit(*setting, "--factors", 40, "--iterations", 40,
                                "--solver", solver, "--block", 16)["loss"]
                for before, after in zip(loss, loss[1:]):
                    self.assertLessEqual(after, before * (1 + 1e-6))
                values, x, y, _ = self.model()
                formula = Formula(values, *setting, self.there)
                self.assertAlmostEqual(loss[-1] / formula.loss(x, y), 1,
                                       delta=2e-6)
                last.append(loss[-1])
            self.assertLess(max(last) / min(last), 1.01)

    def test_bits_do_not_depend_on_ranks_and_threads(self):
        for solver in ("cholesky", "cg", "subspace"):
            more = ("--solver", solver, "--factors", 20, "--iterations", 2,
                    "--block", 16)
            digests = {self.fit(2, 0, 3, 0.5, *more, ranks=ranks)["digest"]
                       for ranks in ct.RANKS}
            digests.add(self.fit(2, 0, 3, 0.5, *more, "--threads", 2)["digest"])
            self.assertEqual(len(digests), 1, solver)

    def test_ratings_too_are_improved_by_every_solver(self):
        rmse = [self.ok("als", self.store, "-o", self.path("m.h5"), "--force",
                        "--json", "--reg", 2, "--factors", 20, "--iterations",
                        30, "--solver", solver).json["train"]["rmse"]
                for solver in ("cholesky", "cg", "subspace")]
        self.assertLess(max(rmse) - min(rmse), 1e-3)

    def test_new_users_get_what_training_would_give_them(self):
        taken = {1: 2, 5: 3, 9: 1, 33: 5}
        new = self.write("new.csv", "user,item,value\n" + "".join(
            "999,%d,%d\n" % pair for pair in taken.items()))
        for setting in (SETTINGS[0], SETTINGS[1], SETTINGS[2]):
            self.fit(*setting, "--factors", 20, "--iterations", 4)
            _, _, y, items = self.model()
            values = np.zeros((len(items), 1))
            for item, value in taken.items():
                values[items.index(item)] = value
            # items take the place of users: one column to be solved for
            score = Formula(values, *setting).items(y) @ y.T
            lists = [self.ok("recommend", self.path("m.h5"), "--ratings", new,
                             "-n", 20, "--json", ranks=ranks).json
                     for ranks in (1, 3)]
            self.assertEqual(lists[0], lists[1])
            for place in lists[0]["recommendations"]["999"]:
                self.assertNotIn(place["item"], taken)
                self.assertAlmostEqual(place["score"],
                                       score[0, items.index(place["item"])],
                                       delta=1e-5)

    def test_validation_is_about_preference(self):
        done = self.fit(2, 0, 3, 0, "--factors", 8, "--iterations", 2, "--valid",
                        self.store)
        values, x, y, _ = self.model()
        error = ((values > 0) - x @ y.T)[self.there]
        self.assertAlmostEqual(done["valid"]["rmse"],
                               np.sqrt((error**2).mean()), delta=1e-5)

    def test_what_makes_no_sense_is_refused(self):
        for words, says in ((("--bias",), "--bias"), (("--reg", 0), "--reg"),
                            (("--alpha", -1), "--alpha"),
                            (("--alpha", 0), "--alpha"),
                            (("--solver", "cg", "--cg-steps", 0), "--cg-steps"),
                            (("--solver", "subspace", "--block", 5), "--block"),
                            (("--solver", "lu"), "lu")):
            run = ct.run("als", self.store, "-o", self.path("no.h5"),
                         "--implicit", *words)
            self.assertEqual(run.code, ct.USAGE, run)
            self.assertIn(says, run.messages[0])


if __name__ == "__main__":
    main()
