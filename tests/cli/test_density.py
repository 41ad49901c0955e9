#!/usr/bin/env python3
"""Using mixtures: densities, labels and anomalies against their formulas in
numpy, rows drawn against the mixture's own moments; variational fits."""
import json
import math

import coracle_test as ct
from coracle_test import Case, main

import h5py
import numpy as np

TYPES = ("full", "tied", "diag", "spherical")
WEIGHTS = (0.5, 0.3, 0.2)
MEANS = np.array([[0, 0, 0], [6, 1, -4], [-5, 5, 2.]])


def rows(count, seed=1):
    chance = np.random.default_rng(seed)
    which = chance.choice(3, count, p=WEIGHTS)
    shape = np.array([[1, 0, 0], [.7, 1.2, 0], [-.3, .4, .8]])
    return MEANS[which] + chance.standard_normal((count, 3)) @ shape.T


def covariances(file, components, columns):
    """One matrix a component, whatever the type."""
    kind = file.attrs["covariance"]
    kind = kind.decode() if isinstance(kind, bytes) else kind
    values = file["mixture/covariance"][:]
    if kind == "full":
        return values.reshape(components, columns, columns)
    if kind == "tied":
        return np.array([values.reshape(columns, columns)] * components)
    if kind == "diag":
        return np.array([np.diag(v) for v in
                         values.reshape(components, columns)])
    return np.array([v * np.eye(columns) for v in values.ravel()])


class Density(Case):
    def setUp(self):
        super().setUp()
        self.rows = rows(600)
        np.save(self.path("rows.npy"), self.rows)
        self.matrix = self.path("rows.h5")
        self.ok("ingest", "--matrix", self.path("rows.npy"), "-o", self.matrix)

    def fit(self, *more, ranks=1, **options):
        return self.ok("gmm", self.matrix, "--components", 3, "--tries", 2,
                       "-o", self.path("m.h5"), "--force", "--json", *more,
                       ranks=ranks, **options).json

    def expected(self):
        """Log density and responsibilities of each row under the model."""
        with h5py.File(self.path("m.h5"), "r") as file:
            weights, means = file["mixture/weight"][:], file["mixture/mean"][:]
            spread = covariances(file, len(weights), means.shape[1])
        logs = []
        for weight, mean, cov in zip(weights, means, spread):
            far = self.rows - mean
            logs.append(math.log(weight) - .5 * (
                (far @ np.linalg.inv(cov) * far).sum(1) +
                np.linalg.slogdet(2 * math.pi * cov)[1]))
        logs = np.array(logs).T
        top = logs.max(1)
        density = top + np.log(np.exp(logs - top[:, None]).sum(1))
        return density, np.exp(logs - density[:, None])

    def test_scores_are_those_of_the_formulas(self):
        for kind in TYPES:
            self.fit("--covariance", kind)
            got = self.ok("score", self.path("m.h5"), self.matrix, "--labels",
                          "--proba", "--anomalies", 4, "-o", self.path("s.h5"),
                          "--force", "--json").json
            density, share = self.expected()
            cut = np.percentile(density, 4)
            self.assertAlmostEqual(got["mean_log_density"], density.mean(),
                                   delta=1e-9)
            self.assertAlmostEqual(got["threshold"], cut, delta=1e-9)
            self.assertEqual(got["anomalies"], (density < cut).sum())
            with h5py.File(self.path("s.h5"), "r") as file:
                self.assertLess(abs(file["log_density"][:] - density).max(), 1e-9)
                self.assertLess(abs(file["responsibility"][:] - share).max(),
                                1e-9)
                self.assertTrue((file["label"][:] == share.argmax(1)).all())
                self.assertTrue((file["anomaly"][:] == (density < cut)).all())

    def test_ranks_and_threads_change_nothing(self):
        self.fit()
        for ranks in ct.RANKS:
            self.ok("score", self.path("m.h5"), self.matrix, "--labels",
                    "--proba", "--below", -6, "-o", self.path("s%d.h5" % ranks),
                    ranks=ranks)
            self.ok("draw", self.path("m.h5"), "-n", 1000, "-o",
                    self.path("d%d.h5" % ranks), ranks=ranks)
            self.same(self.path("s1.h5"), self.path("s%d.h5" % ranks))
            self.same(self.path("d1.h5"), self.path("d%d.h5" % ranks))

    def test_rows_drawn_are_the_mixtures(self):
        count = 100000
        for kind in TYPES:
            self.fit("--covariance", kind)
            got = self.ok("draw", self.path("m.h5"), "-n", count, "-o",
                          self.path("d.h5"), "--force", "--json").json
            self.assertEqual(got["rows"], count)
            with h5py.File(self.path("d.h5"), "r") as file:
                drawn, which = file["matrix"][:], file["component"][:]
            with h5py.File(self.path("m.h5"), "r") as file:
                weights, means = file["mixture/weight"][:], file["mixture/mean"][:]
                spread = covariances(file, 3, 3)
            for k in range(3):
                of = drawn[which == k]
                self.assertAlmostEqual(len(of) / count, weights[k], delta=0.01)
                error = np.sqrt(np.diag(spread[k]).max() / len(of))
                self.assertLess(abs(of.mean(0) - means[k]).max(), 5 * error)
                self.assertLess(abs(np.cov(of.T) - spread[k]).max(),
                                0.05 * abs(spread[k]).max())

    def test_drawn_as_text(self):
        self.fit()
        self.ok("draw", self.path("m.h5"), "-n", 7, "-o", self.path("d.csv"))
        self.ok("draw", self.path("m.h5"), "-n", 7, "-o", self.path("d.h5"))
        text = np.loadtxt(self.path("d.csv"), delimiter=",", skiprows=1)
        with h5py.File(self.path("d.h5"), "r") as file:
            self.assertTrue((text[:, :3] == file["matrix"][:]).all())
            self.assertTrue((text[:, 3] == file["component"][:]).all())

    def test_variational_fits(self):
        for kind in TYPES:
            for prior in ("process", "distribution"):
                words = ("--components", 6, "--covariance", kind, "--bayesian",
                         "--weight-prior", prior, "--max-iter", 400)
                got = self.fit(*words)
                history = got["history"]
                for before, after in zip(history, history[1:]):
                    self.assertGreater(after, before - 1e-9 * abs(before))
                self.assertAlmostEqual(sum(got["weights"]), 1, delta=1e-12)
                if prior == "process":
                    other = [self.fit(*words, ranks=ranks)["digest"]
                             for ranks in (3, 7)]
                    other.append(self.fit(*words, "--threads", 2)["digest"])
                    self.assertEqual({*other}, {got["digest"]})
                self.ok("score", self.path("m.h5"), self.matrix)
        full = self.fit("--components", 6, "--bayesian", "--max-iter", 400)
        self.assertEqual(full["effective"], 3)

    def test_golden_variational_fit(self):
        with open(ct.data("golden", "mixture.json")) as file:
            golden = json.load(file)["blobs"]["bayesian_10"]
        self.ok("ingest", "--matrix", ct.data("golden", "blobs.csv"), "-o",
                self.path("blobs.h5"))
        got = self.ok("gmm", self.path("blobs.h5"), "--components", 10,
                      "--bayesian", "--max-iter", 1000, "-o", self.path("m.h5"),
                      "--json").json
        self.assertEqual(got["effective"], golden["effective"])
        self.assertGreater(got["lower_bound"], golden["lower_bound"] - 0.5)
        for mine, theirs in zip(sorted(got["weights"], reverse=True),
                                golden["weights_sorted"]):
            self.assertAlmostEqual(mine, theirs, delta=0.005)

    def test_what_makes_no_sense_is_refused(self):
        self.fit()
        np.save(self.path("two.npy"), self.rows[:, :2])
        self.ok("ingest", "--matrix", self.path("two.npy"), "-o",
                self.path("two.h5"))
        model, out = self.path("m.h5"), self.path("out.h5")
        for words, code, says in (
                (("score", model, self.path("two.h5")), ct.DATA_BAD, "2 columns"),
                (("score", model, self.matrix, "--anomalies", 100), ct.USAGE,
                 "--anomalies"),
                (("score", model, self.matrix, "--labels"), ct.USAGE, "-o"),
                (("score", model, self.matrix, "--anomalies", 4, "--below", -3),
                 ct.USAGE, "--below"),
                (("draw", model, "-o", out), ct.USAGE, "-n"),
                (("gmm", self.matrix, "--bayesian", "--components", "1:3", "-o",
                  out), ct.USAGE, "--bayesian"),
                (("gmm", self.matrix, "--bayesian", "--degrees-of-freedom", 1,
                  "-o", out), ct.USAGE, "--degrees-of-freedom")):
            run = ct.run(*words)
            self.assertEqual(run.code, code, run)
            self.assertIn(says, run.messages[0])


if __name__ == "__main__":
    main()
