#!/usr/bin/env python3
"""Searching for settings: folds against the same fits done one by one, any
number of ranks, parts that are joined, a search that was killed."""
import csv
import os
import random
import signal
import subprocess
import time

import coracle_test as ct
from coracle_test import Case, main

GRID = ("--grid", "factors=4,8", "--grid", "reg=2,6,20", "--grid",
        "iterations=4", "--grid", "bias=true")


class Tune(Case):
    def setUp(self):
        super().setUp()
        chance = random.Random(5)
        cells = sorted({(chance.randrange(60), int(40 * chance.random()**2))
                        for _ in range(1500)})
        self.rows = [(u, i, round(1 + 2 * (chance.random() + (u * i % 7) / 7)),
                      1000 + chance.randrange(500)) for u, i in cells]
        self.store = self.take_in("all", self.rows)

    def take_in(self, name, rows):
        path = self.write(name + ".csv", "user,item,value,time\n" + "".join(
            "%d,%d,%d,%d\n" % row for row in rows))
        self.ok("ingest", path, "-o", self.path(name + ".h5"), "--columns",
                "user=user,item=item,value=value,time=time")
        return self.path(name + ".h5")

    def tune(self, *words, ranks=1, job="als", **options):
        return self.ok("tune", job, self.store, *words, "--json", ranks=ranks,
                       **options).json

    def figures(self, table):
        """A table without what the clock says."""
        return [{name: value for name, value in row.items()
                 if name != "seconds"} for row in table]

    def test_folds_by_time_are_fits_done_one_by_one(self):
        got = self.tune("--by", "time", "--folds", 2, "--grid", "factors=4",
                        "--grid", "reg=5", "--grid", "bias=true")["table"][0]
        times = sorted(row[3] for row in self.rows)
        cuts = [times[len(times) * f // 3] for f in (1, 2)]
        part = [sum(row[3] >= cut for cut in cuts) for row in self.rows]
        rmse, mae = [], []
        for fold in (0, 1):
            train = self.take_in("train", [row for row, p in
                                           zip(self.rows, part) if p <= fold])
            test = self.take_in("test", [row for row, p in
                                         zip(self.rows, part) if p == fold + 1])
            self.ok("als", train, "-o", self.path("m.h5"), "--factors", 4,
                    "--reg", 5, "--bias")
            error = self.ok("evaluate", self.path("m.h5"), test, "--json").json
            rmse.append(error["rmse"])
            mae.append(error["mae"])
            for name in ("train", "test", "m"):
                os.remove(self.path(name + ".h5"))
        self.assertAlmostEqual(got["rmse"], sum(rmse) / 2, delta=2e-3)
        self.assertAlmostEqual(got["mae"], sum(mae) / 2, delta=2e-3)

    def test_ranks_and_groups_change_nothing(self):
        one = self.tune(*GRID)
        self.assertEqual(len(one["table"]), 6)
        self.assertEqual([(row["factors"], row["reg"]) for row in one["table"]],
                         [(4, 2), (4, 6), (4, 20), (8, 2), (8, 6), (8, 20)])
        best = min(one["table"], key=lambda row: row["rmse"])
        self.assertEqual(one["best"]["point"], best["point"])
        for ranks, group in ((2, 1), (3, 3), (7, 2)):
            other = self.tune(*GRID, "--ranks-per-fit", group, ranks=ranks)
            self.assertEqual(self.figures(other["table"]),
                             self.figures(one["table"]))

    def test_lists_can_be_the_metric(self):
        got = self.tune("--grid", "implicit=true", "--grid", "alpha=1,10",
                        "--grid", "factors=4", "--metric", "ndcg@10")
        best = max(got["table"], key=lambda row: row["ndcg@10"])
        self.assertEqual(got["best"]["point"], best["point"])
        self.assertGreater(best["ndcg@10"], 0)

    def test_a_point_that_diverges_is_marked(self):
        got = self.tune("--grid", "factors=30", "--grid", "reg=0,5")
        self.assertEqual(got["table"][0]["diverged"], 3)
        self.assertIsNone(got["table"][0]["rmse"])
        self.assertEqual(got["best"]["point"], 1)

    def test_points_drawn_at_random(self):
        draw = ("--random", 5, "--grid", "reg=1:100:log", "--grid",
                "factors=2:6", "--grid", "bias=true,false")
        code = ct.run("tune", "als", self.store, *draw)
        self.assertEqual(code.code, ct.USAGE, code)  # 2.7 factors
        got = self.tune("--random", 5, "--grid", "reg=1:100:log", "--grid",
                        "factors=2,6", ranks=2)["table"]
        self.assertEqual(len(got), 5)
        self.assertEqual(len({row["reg"] for row in got}), 5)
        for row in got:
            self.assertTrue(1 <= row["reg"] <= 100 and row["factors"] in (2, 6))

    def test_parts_are_joined(self):
        whole = self.tune(*GRID, "-o", self.path("whole.csv"))
        parts = []
        for part in range(3):
            parts.append(self.path("part.%d.csv" % part))
            self.tune(*GRID, "--part", "%d/3" % part, "-o", parts[-1])
        joined = self.ok("tune", "--merge", *reversed(parts), "-o",
                         self.path("joined.csv"), "--json").json
        self.assertEqual(self.figures(joined["table"]),
                         self.figures(whole["table"]))
        self.assertEqual(joined["best"]["point"], whole["best"]["point"])
        tables = []
        for name in ("whole.csv", "joined.csv"):
            with open(self.path(name), newline="") as file:
                tables.append(self.figures(csv.DictReader(file)))
        self.assertEqual(tables[0], tables[1])
        again = ct.run("tune", "--merge", parts[0], parts[0])
        self.assertEqual(again.code, ct.DATA_BAD, again)

    def test_the_script_for_an_array_of_jobs(self):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                              "..", "..", "slurm", "tune.sbatch")
        self.write("site.conf", "cor_site_start() { :; }\n"
                   'coracle() { "$COR_PROGRAM" "$@"; }\n')
        table = self.path("table.csv")
        for task in (7, 9, 8):
            self.assertFalse(os.path.exists(table))
            subprocess.run(
                ["bash", script, table, "als", self.store, *GRID, "-q"],
                check=True, stdout=subprocess.DEVNULL, env={
                    **os.environ, **ct.ENVIRONMENT, "COR_PROGRAM": ct.CORACLE,
                    "CORACLE_SLURM": self.dir,
                    "SLURM_ARRAY_TASK_ID": str(task),
                    "SLURM_ARRAY_TASK_MIN": "7",
                    "SLURM_ARRAY_TASK_COUNT": "3"})
        with open(table, newline="") as file:
            self.assertEqual([row["point"] for row in csv.DictReader(file)],
                             [str(point) for point in range(6)])

    def lines(self, path):
        try:
            with open(path) as file:
                return file.read().count("\n")
        except FileNotFoundError:
            return 0

    def test_a_killed_search_goes_on(self):
        expected = self.tune(*GRID)
        words = ("tune", "als", self.store, *GRID, "-o", self.path("t.csv"),
                 "--json")
        log = self.path("t.csv.finished")
        process = ct.start(*words)
        while process.poll() is None:
            if self.lines(log) > 3:
                os.killpg(process.pid, signal.SIGKILL)
                break
            time.sleep(0.002)
        process.communicate()
        if process.returncode == 0:
            self.skipTest("it was done before it could be killed")
        self.assertFalse(os.path.exists(self.path("t.csv")))
        with open(log) as file:
            kept = file.read().splitlines()[1:4]
        other = ct.run("tune", "als", self.store, "--grid", "reg=1", "-o",
                       self.path("t.csv"), "--resume")
        self.assertEqual(other.code, ct.USAGE, other)
        with open(log, "a") as file:
            file.write("5 2 0 0.1 0.")  # cut short by a kill
        done = self.ok(*words, "--resume", ranks=2).json
        self.assertEqual(self.figures(done["table"]),
                         self.figures(expected["table"]))
        first = sum(float(line.rstrip(";").split()[-1]) for line in kept
                    if line.startswith("0 "))
        self.assertAlmostEqual(done["table"][0]["seconds"], first, delta=1e-6)
        self.assertFalse(os.path.exists(log))

    def test_what_makes_no_sense_is_refused(self):
        for words, says in ((("als", self.store), "--grid"),
                            (("ingest", self.store, *GRID), "ingest"),
                            (("als", self.store, "--grid", "factor=2"),
                             "--factors"),
                            (("als", self.store, "--grid", "reg=x"), "x"),
                            (("als", self.store, "--grid", "reg"), "reg"),
                            (("als", self.store, *GRID, "--folds", 1), "--folds"),
                            (("als", self.store, *GRID, "--metric", "auc"),
                             "auc"),
                            (("als", self.store, *GRID, "--part", "3/3"),
                             "3/3")):
            run = ct.run("tune", *words)
            self.assertEqual(run.code, ct.USAGE, run)
            self.assertIn(says, run.messages[0])


if __name__ == "__main__":
    main()
