#!/usr/bin/env python3
"""Pictures: that each is drawn, the same bytes anywhere, and what is said where
there is none."""
import json
import os
import shutil
import unittest

import coracle_test as ct
from coracle_test import Case, main

ROWS = "x,y's,z\n" + "".join("%d,%d,%d\n" % (i % 7 + 9 * (i % 2), i * 5 % 11, i)
                             for i in range(80))


@unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
class Plot(Case):
    def setUp(self):
        super().setUp()
        self.matrix, self.model = self.path("rows.h5"), self.path("gmm.h5")
        self.ok("ingest", "--matrix", self.write("rows.csv", ROWS), "-o",
                self.matrix)
        self.ok("gmm", self.matrix, "--components", 2, "-o", self.model, "--log",
                self.path("gmm.log"))

    def draw(self, name, *words, ranks=1):
        got = self.ok("plot", *words, "-o", self.path(name), "--force", "--json",
                      ranks=ranks).json
        self.assertEqual(got["files"], [self.path(name)])
        self.assertFalse([other for other in os.listdir(self.dir)
                          if ".part" in other])
        with open(self.path(name), "rb") as file:
            return file.read()

    def test_a_mixture_over_its_rows(self):
        words = (self.model, self.matrix, "--anomalies", 5, "--columns", "2,1")
        svg = self.draw("a.svg", *words)
        self.assertIn(b"<svg", svg)
        self.assertIn(b"y's", svg.replace(b"&apos;", b"'").replace(b"&#39;", b"'"))
        self.assertIn(b"anomalies", svg)
        self.assertEqual(self.draw("b.svg", *words, ranks=3), svg)
        self.assertTrue(self.draw("a.png", *words).startswith(b"\x89PNG"))

    def test_explained_variance_and_logs(self):
        self.ok("pca", self.matrix, "--components", 2, "-o", self.path("pca.h5"))
        self.assertIn(b"Explained variance", self.draw("v.svg",
                                                       self.path("pca.h5")))
        self.assertIn(b"lower bound", self.draw("l.svg", self.path("gmm.log")))

    def test_criteria_over_components(self):
        log = self.path("select.log")
        printed = self.ok("gmm", self.matrix, "--components", "1:3",
                          "--covariance", "all", "-o", self.path("best.h5"),
                          "--log", log, "--json").json
        svg = self.draw("c.svg", log)
        for word in (b"components", b"bic", b"aic", b"spherical"):
            self.assertIn(word, svg)
        self.assertNotIn(b"lower bound", svg)
        self.assertEqual(self.draw("d.svg", self.write("fit.json",
                                                       json.dumps(printed))),
                         svg)

    def test_the_table_of_a_search(self):
        table = self.write("tune.csv", """\
point,factors,"r,eg",rmse,mae,seconds,diverged
0,16,a,0.9,0.7,1,0
1,16,b,0.8,0.6,1,0
2,32,a,,,1,3
3,32,b,0.85,0.65,1,0
""")
        svg = self.draw("t.svg", table)
        for word in (b"factors", b"r,eg", b"rmse", b"best", b"32"):
            self.assertIn(word, svg)
        self.assertEqual(self.draw("u.svg", table, ranks=3), svg)

    def test_what_makes_no_sense_is_refused(self):
        out = self.path("x.svg")
        text = self.write("no.log", "nothing\n")
        for words, code, says in (
                ((self.model, "-o", out), ct.USAGE, "MATRIX"),
                ((self.model, self.matrix, "-o", self.path("x.pdf")), ct.USAGE,
                 ".svg"),
                ((self.model, self.matrix, "--columns", "1,9", "-o", out),
                 ct.USAGE, "--columns"),
                ((text, "-o", out), ct.DATA_BAD, "line 1"),
                ((self.path("rows.csv"), "-o", out), ct.DATA_BAD, "tune"),
                ((self.write("cut.csv", "point,a,rmse,mae,seconds\n1,2\n"),
                  "-o", out), ct.DATA_BAD, "line 2"),
                ((self.matrix, "-o", out), ct.DATA_BAD, "")):
            run = ct.run("plot", *words)
            self.assertEqual(run.code, code, run)
            self.assertIn(says, run.messages[0])
            self.assertFalse(os.path.exists(out))
        lost = ct.run("plot", self.model, self.matrix, "-o", out,
                      env={"PATH": "/nowhere"})
        self.assertEqual(lost.code, ct.IO, lost)
        self.assertIn("gnuplot-nox", lost.messages[0])


if __name__ == "__main__":
    main()
