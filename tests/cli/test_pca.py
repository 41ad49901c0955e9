#!/usr/bin/env python3
"""Principal components as a user has them: the reference results, the same
bits on any ranks and threads by every solver, scores and back, bad input."""
import json
import math

import coracle_test as ct
from coracle_test import Case, main

TIMES = ("seconds",)


def number(row, column):
    """Something irregular between -1 and 1."""
    return math.sin(12.9898 * row + 78.233 * column + row * column * 0.37)


def table(rows, columns):
    lines = [",".join("c%d" % c for c in range(columns))]
    lines += [",".join("%.6f" % (number(r, c) / (1 + c % 9))
                       for c in range(columns)) for r in range(rows)]
    return "\n".join(lines) + "\n"


class Pca(Case):
    def matrix(self, rows, columns, name="m.h5"):
        csv = self.write("m.csv", table(rows, columns))
        self.ok("ingest", "--matrix", csv, "--shards", 16, "-o",
                self.path(name), "--force")
        return self.path(name)

    def fit(self, matrix, name, *more, **how):
        result = self.ok("pca", matrix, "-o", self.path(name), "--json",
                         "--force", *more, **how).json
        return {key: value for key, value in result.items()
                if key not in TIMES}

    def test_same_bits_on_any_ranks_and_threads(self):
        tall, wide = self.matrix(300, 12), self.matrix(20, 700, "wide.h5")
        for matrix, options in ((tall, ("-k", 5)), (wide, ("-k", 0.8)),
                                (wide, ("-k", 4, "--solver", "randomized"))):
            first = self.fit(matrix, "1.h5", *options)
            for ranks in ct.RANKS[1:]:
                self.assertEqual(first, self.fit(matrix, "n.h5", *options,
                                                 ranks=ranks))
                self.same(self.path("1.h5"), self.path("n.h5"))
            self.assertEqual(first, self.fit(matrix, "n.h5", *options,
                                             "--threads", 2))
            self.same(self.path("1.h5"), self.path("n.h5"))

    def test_scores_and_back(self):
        matrix = self.matrix(300, 12)
        self.fit(matrix, "m2.h5", "-k", 4, "--whiten")
        done = []
        for ranks, threads in ((1, 1), (3, 1), (7, 1), (1, 2)):
            done.append(self.ok(
                "transform", self.path("m2.h5"), matrix, "--anomalies", 4,
                "--json", "--force", "-o", self.path("s%d.h5" % ranks),
                "--threads", threads, ranks=ranks).json)
        for other in done[1:]:
            self.assertEqual(done[0], other)
        self.same(self.path("s1.h5"), self.path("s7.h5"))
        self.assertEqual((done[0]["rows"], done[0]["columns"]), (300, 4))
        self.assertEqual(done[0]["anomalies"], 12)
        self.assertIn("/anomaly", ct.datasets(self.path("s1.h5")))
        self.assertIn("/reconstruction_error", ct.datasets(self.path("s1.h5")))
        back = [self.ok("transform", self.path("m2.h5"), self.path("s1.h5"),
                        "--inverse", "--json", "--force", "-o",
                        self.path("b.h5"), ranks=ranks).json
                for ranks in (1, 3)]
        self.assertEqual(back[0], back[1])
        self.assertEqual(back[0]["columns"], 12)
        again = self.ok("transform", self.path("m2.h5"), self.path("b.h5"),
                        "--json", "-o", self.path("again.h5")).json
        self.assertLess(again["reconstruction_error"]["max"], 1e-25)
        info = self.ok("info", self.path("m2.h5"), "--json").json
        self.assertEqual((info["model"], info["components"]), ("pca", 4))
        self.assertGreater(info["explained_variance_total"], 0.5)

    def test_the_reference(self):
        with open(ct.data("golden", "mixture.json")) as file:
            right = json.load(file)["faces"]
        faces = self.path("faces.h5")
        self.ok("ingest", "--matrix", ct.data("golden", "faces.npy"), "-o",
                faces)
        fit = self.fit(faces, "m.h5", "--components", 0.99, ranks=2)
        self.assertEqual(fit["solver"], "small")
        self.assertEqual(fit["components"],
                         right["components_for_99_percent"])
        for mine, theirs in zip(fit["explained_variance_ratio"],
                                right["explained_variance_ratio_first_10"]):
            self.assertAlmostEqual(mine / theirs, 1, delta=1e-5)
        self.assertAlmostEqual(fit["explained_variance_total"],
                               right["explained_variance_total"], delta=1e-6)
        done = self.ok("transform", self.path("m.h5"), faces, "--json", "-o",
                       self.path("s.h5"), ranks=2).json
        error = done["reconstruction_error"]
        for name in ("mean", "max"):
            self.assertAlmostEqual(
                error[name] / right["reconstruction_error_" + name], 1,
                delta=1e-5)
        if ct.h5py:
            with ct.h5py.File(self.path("s.h5"), "r") as file:
                row = file["matrix"][0, :5]
            for mine, theirs in zip(
                    row, right["transform_abs_first_row_first_5"]):
                self.assertAlmostEqual(abs(mine) / theirs, 1, delta=1e-5)

    def test_what_cannot_be_done_is_said(self):
        matrix = self.matrix(30, 6)
        flat = self.write("flat.csv", "a,b\n" + "1,2\n" * 9)
        one = self.write("one.csv", "a,b\n1,2\n")
        for csv in (flat, one):
            self.ok("ingest", "--matrix", csv, "-o", csv[:-3] + "h5")
        out = ("-o", self.path("x.h5"))
        self.fails(ct.DATA_BAD, "pca", flat[:-3] + "h5", *out,
                   says="no variance", ranks=3)
        self.fails(ct.DATA_BAD, "pca", one[:-3] + "h5", *out, says="at least 2")
        self.fails(ct.USAGE, "pca", matrix, *out, "-k", 7, ranks=7,
                   says=("7 components", "at most 6"))
        self.fails(ct.USAGE, "pca", matrix, *out, "-k", 1.5, says="--components")
        self.fails(ct.USAGE, "pca", matrix, *out, "-k", 0.5, "--solver",
                   "randomized", says="whole number")
        self.fails(ct.USAGE, "pca", matrix, *out, "--solver", "small",
                   says="gram")
        self.fit(matrix, "model.h5", "-k", 2)
        model = self.path("model.h5")
        self.fails(ct.USAGE, "transform", model, flat[:-3] + "h5", *out,
                   says=("2 columns", "6"), ranks=3)
        self.fails(ct.USAGE, "transform", model, matrix, *out, "--inverse",
                   says="components")
        self.fails(ct.USAGE, "transform", model, matrix, *out, "--anomalies",
                   100, says="--anomalies")
        self.fails(ct.USAGE, "transform", model, matrix, *out, "--anomalies",
                   5, "--inverse", says="--inverse")
        other = self.write("other.csv", table(30, 6).replace("c3", "c33"))
        self.ok("ingest", "--matrix", other, "-o", self.path("other.h5"))
        self.fails(ct.USAGE, "transform", model, self.path("other.h5"), *out,
                   says=("c33", "c3", "column 4"))
        self.fails(ct.DATA_BAD, "transform", matrix, matrix, *out)
        plan = self.ok("pca", matrix, *out, "--plan", "--json").json
        self.assertEqual(plan["rows_per_rank"], 31)
        self.ok("transform", model, matrix, *out, "--plan", "--json")


if __name__ == "__main__":
    main()
