#!/usr/bin/env python3
"""Training by alternating least squares: the same bits everywhere, stopping,
resuming, and what happens when a rank dies."""
import os
import re
import signal
import subprocess
import time

import coracle_test as ct
from coracle_test import Case, main


def ranks_of(process):
    """The processes of the ranks that an mpirun started."""
    listing = subprocess.run(["ps", "-o", "pid=,comm=", "--ppid",
                              str(process.pid)], stdout=subprocess.PIPE)
    return [int(pid) for pid, name in
            re.findall(r"(\d+) (\S+)", listing.stdout.decode())
            if name == "coracle"]


def is_running(pid):
    """Whether a process is there and not just waiting to be collected."""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_for(condition, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


class Als(Case):
    def setUp(self):
        super().setUp()
        store = self.path("all.h5")
        self.ok("generate", "--users", 400, "--items", 150, "--interactions",
                12000, "-o", store)
        self.ok("split", store, "--by", "random", "--fractions", "0.8,0.1,0.1",
                "-o", self.path("part"))
        self.train = self.path("part.train.h5")
        self.valid = self.path("part.valid.h5")
        self.test = self.path("part.test.h5")
        self.settings = ("--factors", 12, "--bias", "--reg", 3, "--reg-bias", 2)

    def fit(self, name, *more, ranks=1, code=0, **options):
        run = ct.run("als", self.train, "--valid", self.valid, *self.settings,
                     "--json", "-o", self.path(name), *more, ranks=ranks,
                     **options)
        self.assertEqual(run.code, code, run)
        return run

    def test_same_bits_on_any_ranks_and_threads(self):
        runs = [self.fit("m%d.h5" % n, "--iterations", 5, ranks=n)
                for n in ct.RANKS]
        runs.append(self.fit("mt.h5", "--iterations", 5, "--threads", 2))
        runs.append(self.fit("mn.h5", "--iterations", 5, ranks=4,
                             env={"CORACLE_RANKS_PER_NODE": 2}))
        first = {**runs[0].json, "seconds": 0}
        for run in runs[1:]:
            self.assertEqual(first, {**run.json, "seconds": 0})
        for name in ["m%d.h5" % n for n in ct.RANKS[1:]] + ["mt.h5", "mn.h5"]:
            self.same(self.path("m1.h5"), self.path(name))

    def test_what_is_reported(self):
        result = self.fit("m.h5", "--iterations", 6).json
        self.assertEqual(result["job"], "als")
        self.assertEqual(result["iterations"], 6)
        self.assertEqual(len(result["history"]), 6)
        self.assertAlmostEqual(result["valid"]["rmse"], min(result["history"]))
        for earlier, later in zip(result["loss"], result["loss"][1:]):
            self.assertLessEqual(later, earlier * (1 + 1e-6))
        again = self.ok("evaluate", self.path("m.h5"), self.valid, "--json").json
        self.assertEqual(again["rmse"], result["valid"]["rmse"])
        again = self.ok("evaluate", self.path("m.h5"), self.train, "--json").json
        self.assertAlmostEqual(again["rmse"], result["train"]["rmse"], places=6)
        self.assertAlmostEqual(again["mae"], result["train"]["mae"], places=6)

    def test_early_stop_keeps_the_best(self):
        result = self.fit("m.h5", "--iterations", 300, "--early-stop", 2,
                          "--reg", 0.5).json
        self.assertLess(result["iterations"], 300)
        self.assertEqual(result["iterations"], result["best_iteration"] + 2)
        self.assertEqual(result["valid"]["rmse"],
                         result["history"][result["best_iteration"] - 1])

    def stop_in_the_middle(self, ranks, *more):
        process = ct.start("als", self.train, "--valid", self.valid,
                           *self.settings, "--iterations", 100000,
                           "--checkpoint", self.path("kept"), "--every", 0.001,
                           "-o", self.path("stopped.h5"), *more, ranks=ranks)
        self.assertTrue(wait_for(
            lambda: os.path.exists(self.path("kept", "als.h5"))))
        return process

    def iterations_kept(self):
        info = self.ok("info", self.path("kept", "als.h5"), "--json")
        return int(re.search(r'"iterations": (\d+)', info.out).group(1))

    def test_a_signal_stops_and_resume_goes_on_to_the_same_bits(self):
        for ranks, others in ((1, 3), (2, 1), (3, 4)):
            process = self.stop_in_the_middle(ranks)
            process.send_signal(signal.SIGUSR1)
            run = ct.finish(process, 20)
            self.assertEqual(run.code, ct.STOPPED, run)
            self.assertEqual(len(run.messages), 1, run)
            self.assertFalse(os.path.exists(self.path("stopped.h5")))
            done = int(re.search(r"iteration (\d+)", run.err).group(1))
            self.fit("resumed.h5", "--iterations", done + 3, "--checkpoint",
                     self.path("kept"), "--resume", "--force", ranks=others)
            self.fit("straight.h5", "--iterations", done + 3, "--force")
            self.same(self.path("resumed.h5"), self.path("straight.h5"))
            subprocess.run(["rm", "-r", self.path("kept")], check=True)

    def test_resume_without_a_checkpoint_begins(self):
        self.fit("a.h5", "--iterations", 2, "--checkpoint", self.path("kept"),
                 "--resume")
        self.fit("b.h5", "--iterations", 2)
        self.same(self.path("a.h5"), self.path("b.h5"))

    def test_a_signal_without_a_folder_keeps_a_checkpoint_beside_the_model(self):
        log = self.path("log")
        process = ct.start("als", self.train, *self.settings, "--iterations",
                           100000, "--log", log, "-o", self.path("m.h5"))
        self.assertTrue(wait_for(
            lambda: os.path.exists(log) and os.path.getsize(log)))
        process.send_signal(signal.SIGUSR1)
        run = ct.finish(process, 20)
        self.assertEqual(run.code, ct.STOPPED, run)
        self.assertEqual(os.listdir(self.path("m.h5.checkpoint")), ["als.h5"])
        done = int(re.search(r"iteration (\d+)", run.err).group(1))
        for name, more in (("m.h5", ["--resume"]), ("straight.h5", [])):
            self.ok("als", self.train, *self.settings, "--iterations", done + 1,
                    "-o", self.path(name), *more, ranks=2)
        self.same(self.path("m.h5"), self.path("straight.h5"))

    def test_a_checkpoint_of_another_run_is_refused(self):
        process = self.stop_in_the_middle(1)
        process.send_signal(signal.SIGUSR1)
        ct.finish(process, 20)
        run = self.fit("m.h5", "--checkpoint", self.path("kept"), "--resume",
                       "--reg", 4, code=ct.USAGE)
        self.assertIn("another run", run.err)

    def test_a_killed_rank_ends_the_job_and_leaves_a_whole_checkpoint(self):
        process = self.stop_in_the_middle(3)
        self.assertTrue(wait_for(lambda: len(ranks_of(process)) == 3))
        os.kill(ranks_of(process)[1], signal.SIGKILL)
        run = ct.finish(process, 30)
        self.assertNotEqual(run.code, 0)
        self.assertFalse(os.path.exists(self.path("stopped.h5")))
        self.fit("resumed.h5", "--iterations", 100000, "--early-stop", 1,
                 "--checkpoint", self.path("kept"), "--resume",
                 code=ct.USAGE)  # early-stop is part of what a run is
        self.go_on_from_kept()

    def go_on_from_kept(self):
        run = ct.run("als", self.train, "--valid", self.valid, *self.settings,
                     "--iterations", 1, "--checkpoint", self.path("kept"),
                     "--resume", "-o", self.path("probe.h5"))
        done = int(re.search(r"of iteration (\d+) already", run.err).group(1))
        self.fit("resumed.h5", "--iterations", done + 2, "--checkpoint",
                 self.path("kept"), "--resume", ranks=2)
        self.fit("straight.h5", "--iterations", done + 2)
        self.same(self.path("resumed.h5"), self.path("straight.h5"))

    def test_a_killed_mpirun_takes_its_ranks_along(self):
        process = self.stop_in_the_middle(3)
        self.assertTrue(wait_for(lambda: len(ranks_of(process)) == 3))
        ranks = ranks_of(process)
        process.kill()
        ct.finish(process, 30)
        self.assertTrue(wait_for(
            lambda: not any(is_running(pid) for pid in ranks), 10))
        self.assertFalse(os.path.exists(self.path("stopped.h5")))
        self.go_on_from_kept()

    def test_bad_options_and_files(self):
        for more, code, word in (
                (("--factors", 0), ct.USAGE, "--factors"),
                (("--iterations", 0), ct.USAGE, "--iterations"),
                (("--reg", -1), ct.USAGE, "--reg"),
                (("--reg", "nan"), ct.USAGE, "--reg"),
                (("--factors", "1O"), ct.USAGE, "1O"),
                (("--reg-scale", "often"), ct.USAGE, "often"),
                (("--checkpoint", "x", "--checkpoint-signal", "TEA"), ct.USAGE,
                 "TEA")):
            for ranks in (1, 3):
                run = self.fit("m.h5", *more, ranks=ranks, code=code)
                self.assertEqual(len(run.messages), 1, run)
                self.assertIn(word, run.messages[0])
                self.assertEqual(run.out, "")
        for folder in self.train, self.path("no", "folder"):
            run = self.fit("m.h5", "--checkpoint", folder, ranks=3, code=ct.IO)
            self.assertEqual(len(run.messages), 1, run)
            self.assertIn(folder, run.messages[0])
            self.assertFalse(os.path.exists(self.path("m.h5")))
        run = ct.run("als", self.path("none.h5"), "-o", self.path("m.h5"))
        self.assertEqual(run.code, ct.IO, run)
        open(self.path("m.h5"), "w").close()
        self.fit("m.h5", code=ct.IO)
        run = ct.run("als", self.train, "-o", self.path("no", "folder.h5"))
        self.assertEqual(run.code, ct.IO, run)

    def test_a_singular_system_says_what_to_do(self):
        for ranks in (1, 3):
            run = ct.run("als", self.train, "--factors", 100, "--reg", 0, "-o",
                         self.path("m.h5"), ranks=ranks)
            self.assertEqual(run.code, ct.NUMERIC, run)
            self.assertEqual(len(run.messages), 1, run)
            self.assertIn("--reg", run.messages[0])
            self.assertFalse(os.path.exists(self.path("m.h5")))

    def test_one_rank_out_of_memory_is_everyone_s_end(self):
        limited = ["sh", "-c", "ulimit -v 600000; exec \"$0\" \"$@\""]
        words = ["generate", "--users", "100000", "--items", "10000",
                 "--interactions", "30000000", "-o", self.path("big.h5"), "-q"]
        process = subprocess.Popen(
            [ct.MPIRUN, "-n", "1", ct.CORACLE, *words, ":", "-n", "1",
             *limited, ct.CORACLE, *words],
            env={**os.environ, **ct.ENVIRONMENT}, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True)
        run = ct.finish(process, 60)
        self.assertEqual(run.code, ct.MEMORY, run)
        self.assertEqual(len(run.messages), 1, run)
        self.assertFalse(os.path.exists(self.path("big.h5")))

    def test_plan(self):
        plan = self.fit("m.h5", "--plan").json
        self.assertGreater(plan["memory_per_rank"], 0)
        self.assertFalse(os.path.exists(self.path("m.h5")))


class MovieLens(Case):
    """The figure that the README promises, with the settings it names."""

    def test_rmse_on_the_held_out_fifth(self):
        for part in ("train", "test"):
            self.ok("ingest",
                    ct.data("golden", "ml-latest-small-%s.csv" % part), "-o",
                    self.path(part + ".h5"))
        self.ok("als", self.path("train.h5"), "--bias", "--factors", 128,
                "--reg", 12, "--reg-bias", 2, "--iterations", 15, "-o",
                self.path("m.h5"), ranks=2)
        result = self.ok("evaluate", self.path("m.h5"), self.path("test.h5"),
                         "--json").json
        self.assertEqual(result["n"], 20168)
        self.assertLess(result["rmse"], 0.8560)
        self.assertLess(result["mae"], 0.6532)


if __name__ == "__main__":
    main()
