#!/usr/bin/env python3
"""Gaussian mixtures: the same bits everywhere, the reference's numbers, choosing
among mixtures, stopping and resuming, what cannot be fitted."""
import json
import os
import signal

import coracle_test as ct
from coracle_test import Case, main
from test_als import wait_for

import h5py
import numpy as np

TYPES = ("full", "tied", "diag", "spherical")


def reference():
    with open(ct.data("golden", "mixture.json")) as file:
        return json.load(file)["blobs"]


class Blobs(Case):
    """The set that the reference results are of."""

    def setUp(self):
        super().setUp()
        self.rows = self.path("blobs.h5")
        self.ok("ingest", "--matrix", ct.data("golden", "blobs.csv"), "-o",
                self.rows)

    def test_iterations_from_a_fixed_start(self):
        right = reference()["fixed_start"]
        result = self.ok("gmm", self.rows, "-k", 3, "--init",
                         ct.data("golden", "blobs-start.csv"), "--tol", 0,
                         "--max-iter", 30, "-o", self.path("m.h5"), "--json",
                         ranks=3).json
        self.assertEqual(result["n_iter"], 30)
        self.assertFalse(result["converged"])
        for ours, theirs in zip(result["history"],
                                right["lower_bound_by_iteration"]):
            self.assertAlmostEqual(ours, theirs, delta=1e-9)
        for ours, theirs in zip(sum(result["means"], []),
                                sum(right["means_after_30"], [])):
            self.assertAlmostEqual(ours, theirs, delta=1e-7)
        for ours, theirs in zip(result["weights"], right["weights_after_30"]):
            self.assertAlmostEqual(ours, theirs, delta=1e-7)

    def test_the_best_of_ten_of_all_types_and_components(self):
        right = reference()
        result = self.ok("gmm", self.rows, "--components", "1:10",
                         "--covariance", "all", "--n-init", 10, "-o",
                         self.path("m.h5"), "--json", ranks=2).json
        self.assertEqual(len(result["table"]), 40)
        for point in result["table"]:
            theirs = right[point["covariance"]][point["components"] - 1]
            self.assertLess(point["bic"], theirs["bic"] + .5, point)
        self.assertEqual(result["covariance"], right["best_bic"]["covariance"])
        self.assertEqual(result["components"], right["best_bic"]["components"])
        self.assertEqual(result["bic"],
                         min(point["bic"] for point in result["table"]))
        self.assertEqual(result["lower_bound"], result["history"][-1])


class Overfitted(Case):
    """More components than the rows are of: many poor optima, and slow ways."""

    # Of scikit-learn 1.9, full covariances, the best of 10 starts.
    BIC = {6: 11140.187, 7: 11187.897, 8: 11252.878}

    def test_never_worse_than_the_reference(self):
        draw = np.random.RandomState(3)
        rows = np.concatenate([draw.normal(mean, size=(250, 3))
                               for mean in draw.uniform(-10, 10, (5, 3))])
        order = np.arange(len(rows))
        draw.shuffle(order)
        np.save(self.path("rows.npy"),
                rows[order] @ np.random.RandomState(1).randn(3, 3))
        self.ok("ingest", "--matrix", self.path("rows.npy"), "-o",
                self.path("rows.h5"))
        result = self.ok("gmm", self.path("rows.h5"), "--components", "6:8",
                         "--n-init", 10, "-o", self.path("m.h5"),
                         "--json").json
        for point in result["table"]:
            self.assertLess(point["bic"], self.BIC[point["components"]] + .5,
                            point)


class Mixture(Case):
    """Rows enough that several ranks work at one fit."""

    COLUMNS = 8

    def setUp(self):
        super().setUp()
        random = np.random.RandomState(3)
        means = 2 * random.normal(size=(4, self.COLUMNS))
        rows = means[random.randint(4, size=120000)]
        rows += random.normal(size=rows.shape)
        self.rows = self.take("rows", rows)

    def take(self, name, rows):
        """The rows as a matrix store."""
        np.save(self.path(name + ".npy"), rows)
        store = self.path(name + ".h5")
        self.ok("ingest", "--matrix", self.path(name + ".npy"), "-o", store)
        return store

    def test_same_bits_on_any_ranks_and_threads(self):
        def fit(name, **how):
            return self.ok("gmm", self.rows, "-k", 3, "--covariance", "all",
                           "--max-iter", 3, "-o", self.path(name), "--json",
                           *how.pop("more", ()), **how).json
        first = fit("m1.h5")
        runs = [fit("m%d.h5" % n, ranks=n) for n in ct.RANKS[1:]]
        runs.append(fit("mt.h5", more=("--threads", 2)))
        for run in runs:
            self.assertEqual({**run, "seconds": 0}, {**first, "seconds": 0})
        self.assertEqual([point["covariance"] for point in first["table"]],
                         list(TYPES))
        for name in ["m%d.h5" % n for n in ct.RANKS[1:]] + ["mt.h5"]:
            self.same(self.path("m1.h5"), self.path(name))

    def test_a_second_fit_without_the_least_dense(self):
        far = np.load(self.path("rows.npy"))
        far[::50] *= 20
        rows = self.take("far", far)
        settings = ("-k", 2, "--covariance", "diag", "--tries", 1)
        first = self.path("first.h5")
        self.ok("gmm", rows, *settings, "-o", first)
        scores = self.path("scores.h5")
        self.ok("score", first, rows, "--anomalies", 3, "-o", scores)
        with h5py.File(scores, "r") as file:
            kept = self.take("kept", far[file["anomaly"][:] == 0])
        runs = [self.ok("gmm", rows, *settings, "--refit", 3, "-o",
                        self.path("again%d.h5" % n), "--json", ranks=n).json
                for n in ct.RANKS]
        self.assertEqual(runs[0]["rows"], 120000 - runs[0]["refit"]["dropped"])
        self.assertEqual(runs[0]["refit"]["dropped"], 3600)
        self.assertLess(runs[0]["refit"]["lower_bound_before"] + 1,
                        runs[0]["lower_bound"])
        for n in ct.RANKS[1:]:
            self.same(self.path("again1.h5"), self.path("again%d.h5" % n))
        alone = self.ok("gmm", kept, *settings, "-o", self.path("alone.h5"),
                        "--json").json
        self.assertAlmostEqual(alone["lower_bound"], runs[0]["lower_bound"],
                               delta=2e-3)
        self.fails(ct.USAGE, "gmm", rows, "-k", 2, "--refit", 100, "-o",
                   self.path("x.h5"), says=["--refit 100"])

    def test_what_is_reported(self):
        result = self.ok("gmm", self.rows, "-k", 4, "--n-init", 2, "--tries", 1,
                         "-o", self.path("m.h5"), "--json").json
        self.assertEqual(result["job"], "gmm")
        self.assertEqual(result["iterations"], len(result["history"]))
        self.assertTrue(result["converged"])
        self.assertEqual(result["starts"], 2)
        self.assertNotIn("table", result)
        self.assertAlmostEqual(sum(result["weights"]), 1)
        self.assertEqual(len(result["means"][3]), self.COLUMNS)
        for earlier, later in zip(result["history"], result["history"][1:]):
            self.assertLessEqual(earlier, later + 1e-9)
        plan = self.ok("gmm", self.rows, "-k", 4, "--plan", "-o",
                       self.path("n.h5"), "--json", ranks=2).json
        self.assertGreater(plan["memory_per_rank"], 60000 * 64)
        self.assertFalse(os.path.exists(self.path("n.h5")))

    def test_a_signal_stops_and_resume_goes_on_to_the_same_bits(self):
        settings = ("-k", 5, "--n-init", 3, "--tol", 0, "--max-iter", 120)
        straight = self.ok("gmm", self.rows, *settings, "-o",
                           self.path("a.h5"), "--json").json
        for ranks, others in ((1, 3), (3, 1)):
            log = self.path("log%d" % ranks)
            name = self.path("m%d.h5" % ranks)
            process = ct.start("gmm", self.rows, *settings, "--log", log, "-o",
                               name, ranks=ranks)
            self.assertTrue(wait_for(
                lambda: os.path.exists(log) and os.path.getsize(log) > 20000))
            process.send_signal(signal.SIGUSR1)
            run = ct.finish(process, 30)
            self.assertEqual(run.code, ct.STOPPED, run)
            self.assertEqual(len(run.messages), 1, run)
            self.assertFalse(os.path.exists(name))
            self.assertEqual(os.listdir(name + ".checkpoint"),
                             ["gmm-full-5.h5"])
            resumed = self.ok("gmm", self.rows, *settings, "--resume", "-o",
                              name, "--json", ranks=others).json
            self.assertEqual({**resumed, "seconds": 0},
                             {**straight, "seconds": 0})
            self.same(self.path("a.h5"), name)

    def test_what_cannot_be_fitted_says_why(self):
        few = self.take("few", np.array([[1., 2], [3, 4], [5, 7]]))
        same = self.take("same", np.ones((2, 3)))
        far = self.path("far.csv")
        np.savetxt(far, [[0.] * 8, [1e9] * 8], delimiter=",",
                           header=",".join("abcdefgh"), comments="")
        for words, code, says in (
                ((few, "-k", 4), ct.DATA_BAD, "3 rows"),
                ((same, "-k", 2), ct.DATA_BAD, "only 1 different"),
                ((few, "-k", 3, "--reg-covar", 0), ct.NUMERIC, "--reg-covar"),
                ((self.rows, "-k", 2, "--init", far), ct.NUMERIC,
                 "component 2 of 2 has no rows"),
                ((self.rows, "-k", 3, "--init", far), ct.DATA_BAD, "2 rows"),
                ((self.rows, "--components", "2:1"), ct.USAGE, "2:1"),
                ((self.rows, "-k", "1O"), ct.USAGE, "1O"),
                ((self.rows, "-k", "1:2", "--init", far), ct.USAGE, "far.csv"),
                ((self.rows, "-k", 2, "--init", "kmean"), ct.USAGE, "random"),
                ((self.rows, "-k", 2, "--mean-precision", 2), ct.USAGE,
                 "--bayesian"),
                ((self.rows, "-k", 2, "--n-init", 0), ct.USAGE, "--n-init"),
                ((self.rows, "-k", 2, "--tol", -1), ct.USAGE, "--tol"),
                ((self.rows, "-k", 2, "--init", "none.csv"), ct.IO,
                 "none.csv")):
            for ranks in (1, 7) if words[0] == few else (1,):
                self.fails(code, "gmm", *words, "-o", self.path("m.h5"),
                           "--json", says=says, ranks=ranks)
                self.assertFalse(os.path.exists(self.path("m.h5")))

    def test_a_point_that_fails_is_marked(self):
        rows = self.take("four", np.array(
            [[1., 2], [1, 2], [3, 4], [5, 7], [5, 7.5]]))
        result = self.ok("gmm", rows, "--components", "1:6", "--covariance",
                         "spherical", "--select", "aic", "-o",
                         self.path("m.h5"), "--json", ranks=3).json
        failed = [point for point in result["table"] if "error" in point]
        self.assertEqual([point["components"] for point in failed], [5, 6])
        self.assertIn("only 4 different", failed[0]["error"])
        self.assertIn("5 rows", failed[1]["error"])
        self.assertEqual(result["aic"], min(
            point["aic"] for point in result["table"] if "aic" in point))


if __name__ == "__main__":
    main()
