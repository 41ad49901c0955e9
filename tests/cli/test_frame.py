"""The frame that every job shares: help, options, messages, exit codes,
results, progress. Mostly on the jobs of fake.c, which do nothing else."""
import json
import os
import pty
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from coracle_test import (CORACLE, MEMORY, IO, OK, STOPPED, USAGE,  # noqa: E402
                          DATA_BAD, DEFECT, NUMERIC, Case, finish, main, run,
                          start)

FAKE = os.environ.get("CORACLE_FAKE", "cli_fake")


class Fake(Case):
    program = FAKE

    def echo(self, *args, **how):
        return self.ok("echo", *args, "--json", **how).json

    def wrong(self, says, *args, **how):
        return self.fails(USAGE, "echo", *args, says=says, **how)


class Overview(Case):
    def test_list_of_jobs(self):
        for args in ([], ["--help"], ["help"], ["-h"]):
            done = self.ok(None, *args)
            for text in ("mpirun", "srun", "Data in", "Training", "75"):
                self.assertIn(text, done.out)
            self.assertEqual(done.err, "")

    def test_version_names_the_libraries(self):
        out = self.ok(None, "--version").out
        for text in ("coracle 0.", "MPI  ", "HDF5  ", "BLAS  ", "kernels  "):
            self.assertIn(text, out)

    def test_lines_fit(self):
        for line in self.ok(None, "--help").out.splitlines():
            self.assertLessEqual(len(line), 80, line)

    def test_once_on_many_ranks(self):
        for args in (["--help"], ["--version"]):
            one, three = self.ok(None, *args), self.ok(None, *args, ranks=3)
            self.assertEqual(one.out, three.out.replace("\r", ""))

    def test_every_job_explains_itself(self):
        listed = re.findall(r"^  (\w+)  ", self.ok(None, "--help").out, re.M)
        self.assertTrue(listed)
        for job in listed:
            done = self.ok("help", job)
            self.assertEqual(done.out, self.ok(job, "--help").out)
            for text in ("usage: coracle %s " % job, "--seed N",
                         "(default 42)"):
                self.assertIn(text, done.out)
            example = r"\n  .*coracle %s .*\n" % job
            self.assertRegex(done.out.split("Options of")[0], example)

    def test_unknown_job(self):
        self.fails(USAGE, "kcroe", says="did you mean kcore?")
        self.fails(USAGE, "xyzzy", says="no such job", ranks=3)
        done = run("--json", "kcore")
        self.assertEqual(done.code, USAGE)
        self.assertIn("coracle: the job comes first", done.err)


class Options(Fake):
    def test_defaults(self):
        self.assertEqual(
            self.echo(), {
                "inputs": [], "flag": False, "on": True, "count": 5,
                "ratio": 0.1, "text": None, "order": "first", "mode": None,
                "output": None, "force": False, "plan": False, "seed": 42,
                "threads": 1, "ranks": 1, "command": "coracle echo --json",
                "list": [1, 2], "first_of_list": 1})

    def test_all_kinds(self):
        done = self.ok("echo", "--json", "in 1.csv", "-f", "--no-on", "-n", "-5", "--ratio",
                         "-.5e-3", "--text=it's", "--order", "sorted",
                         "--mode=b", "-oout", "--force", "--seed=-9",
                         "--threads", "2", "--plan", "--list", "-1,2.5,3e2",
                         "--", "--json").json
        for key, value in {
                "inputs": ["in 1.csv", "--json"], "flag": True, "on": False,
                "count": -5, "ratio": -0.0005, "text": "it's",
                "order": "sorted", "mode": "b", "output": "out",
                "force": True, "plan": True, "seed": -9, "threads": 2,
                "list": [-1, 2.5, 300]}.items():
            self.assertEqual(done[key], value, key)

    def test_last_word_counts(self):
        done = self.echo("--flag", "--no-flag", "-n1", "-n2", "-qf")
        self.assertEqual((done["flag"], done["count"]), (True, 2))
        self.assertFalse(self.echo("--flag", "--no-flag")["flag"])

    def test_record_of_the_command(self):
        line = self.echo("a b", "--text", "it's")["command"]
        self.assertEqual(line,
                         "coracle echo 'a b' --text 'it'\\''s' --json")

    def test_numbers_are_read_whole(self):
        for text in ("1O", "", " 1", "0x10", "1e3", "-"):
            self.wrong(["--count", '"%s" is not a whole number' % text],
                       "--count=" + text)
        for text in ("9223372036854775808", "1" * 40):
            self.wrong("64 bits", "--count", text)
        self.assertEqual(self.echo("-n", "9223372036854775807")["count"],
                         2**63 - 1)
        self.assertEqual(self.echo("-n", "+007")["count"], 7)
        for text in ("nan", "1e999", "1,5", ""):
            self.wrong(["--ratio", '"%s"' % text], "--ratio=" + text)
        for text in ("1,x", "1,", "1,2,3,4"):
            self.wrong("--list", "--list=" + text)

    def test_words(self):
        self.wrong(['"frist"', "first, sorted"], "--order", "frist")
        self.wrong("first, sorted", "--order", "first|sorted")
        self.wrong("a, b", "--mode=")

    def test_unknown_options(self):
        self.wrong(["--cuont", "did you mean --count?"], "--cuont", "3")
        self.wrong("did you mean --count?", "-count", "3")
        self.wrong("did you mean --output?", "--outptu=x")
        self.wrong("did you mean --verbose?", "--verb")
        self.wrong("there is no option -z;", "-z")
        self.assertNotIn("did you", self.wrong("--frobnicate", "--frobnicate"))
        self.wrong("there is no option -5", "-5")

    def test_arguments_missing_or_too_many(self):
        self.wrong("--count needs an argument", "--count")
        self.wrong("--output needs an argument (PATH) and found the option "
                   "--force", "-o", "--force")
        self.assertEqual(self.echo("--text=--force")["text"], "--force")
        self.wrong("takes no argument", "--flag=yes")
        self.wrong('"c" is one too many', "a", "b", "c")
        self.wrong("exclude each other", "-q", "-v")
        self.wrong("path is empty", "-o", "")
        for threads in ("0", "-1", "many", "99999999999"):
            self.wrong("--threads", "--threads", threads)

    def test_one_message_whatever_the_ranks(self):
        for ranks in (1, 3, 7):
            self.wrong("whole number", "--count", "1O", ranks=ranks)

    def test_same_on_all_ranks(self):
        done = self.echo("-n7", ranks=3)
        self.assertEqual((done["count"], done["ranks"]), (7, 3))

    def test_output_is_needed(self):
        self.fails(USAGE, "plan", says=["-o PATH", "coracle plan -o FILE"])

    def test_help_of_a_job(self):
        help_text = self.ok("echo", "--help").out
        for text in ("usage: coracle echo [options] [INPUT [INPUT]]",
                     "  -n, --count K  ", "(default 5)", "first|sorted",
                     "(default first)", "--no-on takes it back",
                     "-o, --output PATH", "    coracle echo --count 3"):
            self.assertIn(text, help_text)
        for line in help_text.splitlines():
            self.assertLessEqual(len(line), 80, line)
        for args in (["echo", "--count", "x", "-h"], ["help", "echo"]):
            self.assertEqual(self.ok(None, *args).out, help_text)

    def test_launcher_of_lone_processes(self):
        # one of two processes of a launcher that does not speak our protocol
        lone = {"SLURM_NTASKS": "2", "SLURM_PROCID": "0", "SLURM_JOB_ID": "1",
                "SLURM_STEP_ID": "0"}
        self.wrong("srun --mpi=pmix", env=lone)
        silent = run("echo", program=FAKE, env={**lone, "SLURM_PROCID": "1"})
        self.assertEqual((silent.code, silent.out, silent.err), (USAGE, "", ""))
        self.assertIn("usage", self.ok("echo", "--help", env=lone).out)
        lone["SLURM_PROCID"] = "1"
        self.assertEqual(self.ok("echo", "--help", env=lone).out, "")
        self.assertEqual(self.ok(None, "--version", env=lone).out, "")


class Failures(Fake):
    def test_codes(self):
        for code in (DEFECT, USAGE, DATA_BAD, IO, NUMERIC, MEMORY, STOPPED):
            self.fails(code, "fail", "--code", code, says="ratings.csv line 3")

    def test_a_code_that_is_none(self):
        for code in (-1, 7, 74, 255):
            self.fails(DEFECT, "fail", "--code", code, says="please report")

    def test_any_rank_may_fail(self):
        for ranks, rank in ((3, 0), (3, 1), (3, 2), (7, 6)):
            self.fails(DATA_BAD, "fail", "--on", rank, "--message",
                       "rank %d" % rank, says="rank %d" % rank, ranks=ranks)

    def test_message_is_one_line(self):
        message = self.fails(DATA_BAD, "fail", "--message", "a\nb\x1b[1mc")
        self.assertEqual(message, "coracle fail: a b [1mc")

    def test_message_survives_quiet_and_json(self):
        self.fails(DATA_BAD, "fail", "-q", "--json", "--plan")

    def test_bar_is_gone_before_the_message(self):
        done = run("fail", program=FAKE, env={"CORACLE_PROGRESS": "bar"})
        self.assertTrue(done.err.startswith("\rfail"), done.err)
        self.assertRegex(done.err, r"\r +\rcoracle fail: ratings")

    def test_stdout_that_fails(self):
        with open("/dev/full", "w") as full:
            for args in (["echo"], ["echo", "--json"], ["--help"],
                         ["show", "--json"]):
                done = finish(start(*args, program=FAKE, stdout=full))
                self.assertEqual(done.code, IO, str(done))
                self.assertEqual(len(done.messages), 1, str(done))

    def test_stdout_that_is_closed(self):
        done = run("echo", program=FAKE, preexec_fn=lambda: os.close(1))
        self.assertEqual(done.code, IO, str(done))
        self.assertIn("cannot write", done.err)

    def test_reader_that_leaves(self):
        out, into = os.pipe()
        os.close(out)
        process = start("show", program=FAKE, stdout=into)
        os.close(into)
        done = finish(process)
        self.assertEqual(done.code, IO, str(done))


class Results(Fake):
    def test_json(self):
        done = self.ok("show", "--json", ranks=3)
        self.assertEqual(done.json["rounds"], [[610, 9724], [609, 12345]])
        self.assertEqual(done.json["density"], 0.1)
        self.assertIsNone(done.json["none"])
        self.assertEqual(done.json["top"][0]["title"], "Am\u00e9lie (2001)")
        self.assertEqual(len(done.out.splitlines()), 1)

    def test_table(self):
        self.assertEqual(self.ok("show").out, """\
interactions  100,836
density       0.1
none          -
value         min 0.5, max 5
time          min 1970-01-01 00:00:00, max 2018-09-23 05:04:06
rounds
  610   9,724
  609  12,345
top
  item  title            count  mean
  4973  Am\u00e9lie (2001)  123,456  4.25
  4974  Heat               456  3.25
nothing       none
recommendations
  user 7
    title
    Heat
""")

    def test_plan(self):
        done = self.ok("plan", "--plan", "--json", "--gib", "2", ranks=3).json
        self.assertEqual(done["rows_per_rank"], 12)
        self.assertGreater(done["memory_per_rank"], 2 << 30)
        self.assertEqual(done["memory_per_node"], 3 * done["memory_per_rank"])
        self.assertEqual(done["disk"], 5000)
        self.assertRegex(self.ok("plan", "--plan").out,
                         r"memory_per_rank +1\.0 GiB\n")

    def test_more_than_there_is(self):
        self.fails(MEMORY, "plan", "--gib", "100000", "-o", "x",
                   says=["3 ranks of 100000", "GiB left", "more nodes"],
                   ranks=3)
        self.ok("plan", "--gib", "0", "-o", "x")


class Progress(Fake):
    def test_lines(self):
        done = self.ok("steps", ranks=3)
        self.assertEqual(done.out.split(), ["steps", "3"])
        lines = done.err.splitlines()
        self.assertEqual(len(lines), 3, done.err)
        self.assertRegex(lines[0], r"^steps  read  1\.23M")
        self.assertEqual(lines[1], "steps  a note of 1")
        self.assertRegex(lines[2], r"^steps  iterations  3/3  train 0\.3333  "
                                   r"valid 0\.5  ")

    def test_quiet_and_verbose(self):
        self.assertEqual(self.ok("steps", "-q").err, "")
        quiet = self.ok("steps", "-q", env={"CORACLE_PROGRESS": "bar"})
        self.assertEqual(quiet.err, "")
        err = self.ok("steps", "-v").err
        self.assertIn("a detail", err)
        self.assertIn("  2/3  train 0.5", err)
        self.assertEqual(
            self.ok("steps", env={"CORACLE_PROGRESS": "off"}).err, "")
        self.fails(USAGE, "steps", env={"CORACLE_PROGRESS": "bars"},
                   says=["CORACLE_PROGRESS", "off, line or bar"], ranks=3)

    def test_bar(self):
        err = self.ok("steps", "--pause", "120", ranks=3,
                      env={"CORACLE_PROGRESS": "bar", "COLUMNS": "80"}).err
        self.assertRegex(err, r"\rsteps  iterations \[#{6}\.{14}\]  33%  1/3  "
                              r"train 1  0\.\d s, 0\.\d s left")
        self.assertRegex(err, r"\nsteps  a note of 1\n")
        self.assertRegex(err, r"\r +\rsteps  iterations  3/3 [^\r]*\n$")
        for drawn in err.replace("\n", "\r").split("\r"):
            self.assertLess(len(drawn), 80)

    def test_bar_is_drawn_ten_times_a_second(self):
        err = self.ok("steps", "--steps", "400", "--pause", "1",
                      env={"CORACLE_PROGRESS": "bar"}).err
        self.assertLess(err.count("\rsteps  iterations ["), 30)

    def test_bar_on_a_terminal(self):
        for ranks in (1, 3):
            terminal, end = pty.openpty()
            process = start("steps", "--pause", "150", program=FAKE,
                            ranks=ranks, stderr=end)
            os.close(end)
            seen = b""
            while True:
                try:
                    more = os.read(terminal, 4096)
                except OSError:  # how a terminal tells that all have left
                    break
                if not more:
                    break
                seen += more
            os.close(terminal)
            self.assertEqual(finish(process).code, OK)
            self.assertIn(b"[######..............]", seen)

    def test_log(self):
        log = self.path("log.jsonl")
        before = time.time()
        for _ in range(2):
            self.ok("steps", "--log", log, "-q", ranks=3)
        with open(log) as file:
            lines = [json.loads(line) for line in file]
        self.assertEqual(len(lines), 10)
        self.assertEqual([line.get("step") for line in lines[:5]],
                         [1234567, 1, 2, 3, None])
        self.assertEqual([line.get("stage") for line in lines[:5]],
                         ["read"] + ["iterations"] * 3 + [None])
        self.assertEqual(lines[2]["train"], 0.5)
        self.assertNotIn("valid", lines[1])
        self.assertEqual(lines[3]["valid"], 0.5)
        self.assertEqual(lines[4]["result"], {"steps": 3})
        for line in lines:
            self.assertEqual(line["job"], "steps")
            self.assertTrue(before - 1 < line["time"] < time.time() + 1)
            self.assertGreaterEqual(line["seconds"], 0)
            self.assertGreaterEqual(line["bytes_moved"], 0)

    def test_log_that_fails(self):
        self.fails(IO, "steps", "--log", self.path("none", "log"),
                   says=self.path("none", "log"), ranks=3)
        self.fails(IO, "steps", "--log", "/dev/full", says="/dev/full")


class SharedModule(Case):
    """What the other scripts rely on must itself be able to say no."""

    def test_stores_that_differ(self):
        try:
            import h5py
        except ImportError:
            self.skipTest("no h5py")
        for name, last, command in (("a", 3.0, "x"), ("b", 3.0, "y"),
                                    ("c", 4.0, "x"), ("d", 3.0, "x")):
            with h5py.File(self.path(name), "w") as file:
                file.attrs["command"] = command
                file.attrs["seed"] = 7 if name == "d" else 42
                file["/part/v"] = [1.0, 2.0, last]
        self.same(self.path("a"), self.path("b"))
        for other in ("c", "d"):
            with self.assertRaises(AssertionError):
                self.same(self.path("a"), self.path(other))


if __name__ == "__main__":
    main()
