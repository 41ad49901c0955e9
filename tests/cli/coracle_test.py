"""What the tests of the command share: run a job at a number of ranks, look at
what it printed, compare two stores.

    from coracle_test import Case, main

    class KCore(Case):
        def test_same_on_all_ranks(self):
            store = self.ok("ingest", ratings, "-o", self.path("all.h5"))
            one = self.ok("kcore", ..., "--json").json["rounds"]
            self.same(self.path("1.h5"), self.path("3.h5"))

    if __name__ == "__main__":
        main()

Standard library alone; where h5py is there, stores are compared by their bytes
as well. CORACLE is the program, CORACLE_TEST_DATA the folder of real data.
"""
import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

try:
    import h5py
except ImportError:
    h5py = None

CORACLE = os.environ.get("CORACLE", "coracle")
MPIRUN = os.environ.get("MPIRUN", "mpirun")
DATA = os.environ.get("CORACLE_TEST_DATA")
RANKS = (1, 2, 3, 4, 7)

# What is set before a program starts: the lines of tests/environment.
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..",
                       "environment")) as lines:
    ENVIRONMENT = dict(re.findall(r"^(\w+)=(.*)$", lines.read(), re.M))
# Lone processes of scripts that run at the same time would meet in one folder.
SESSIONS = tempfile.mkdtemp(prefix="coracle-mpi-")
atexit.register(shutil.rmtree, SESSIONS, ignore_errors=True)
ENVIRONMENT["OMPI_MCA_orte_tmpdir_base"] = SESSIONS

# Exit codes of coracle.
OK, DEFECT, USAGE, DATA_BAD, IO, NUMERIC, MEMORY, STOPPED = 0, 1, 2, 3, 4, 5, 6, 75


class Run:
    """What one run of the program left: code, out, err, and json (parsed)."""

    def __init__(self, command, code, out, err):
        self.command, self.code, self.out, self.err = command, code, out, err

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def messages(self):
        """The lines of stderr that are coracle's own errors."""
        return [line for line in self.err.splitlines()
                if re.match(r"coracle( [\w-]+)?: ", line)]

    def __str__(self):
        return "%s\nexit code %d\n--- stdout\n%s\n--- stderr\n%s" % (
            " ".join(self.command), self.code, self.out[-4000:],
            self.err[-4000:])


def command_of(job, args, ranks, launch=(), program=CORACLE):
    words = [program] + ([job] if job else []) + [str(arg) for arg in args]
    if ranks > 1 or launch:
        words = [MPIRUN, *launch, "-n", str(ranks)] + words
    return words


def start(job, *args, ranks=1, env=None, launch=(), program=CORACLE,
          stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=None,
          cwd=None):
    """The program as a Popen, in a process group of its own: for tests that
    signal or kill it. `launch` are words for mpirun, which then is used for one
    rank too."""
    environment = {**os.environ, **ENVIRONMENT}
    for name, value in (env or {}).items():
        environment.pop(name, None)
        if value is not None:
            environment[name] = str(value)
    return subprocess.Popen(command_of(job, args, ranks, launch, program),
                            env=environment, stdin=subprocess.DEVNULL,
                            stdout=stdout, stderr=stderr,
                            start_new_session=True, preexec_fn=preexec_fn,
                            cwd=cwd)


def finish(process, timeout=60):
    """Wait for a process of start(); past the time limit its group is killed
    and the test fails."""
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        raise AssertionError("not done after %s s: %s\n%s" % (
            timeout, " ".join(process.args),
            (err or b"").decode("utf-8", "replace")[-4000:]))
    return Run(process.args, process.returncode,
               (out or b"").decode("utf-8", "replace"),
               (err or b"").decode("utf-8", "replace"))


def run(job, *args, ranks=1, env=None, timeout=60, launch=(), **more):
    """Run `coracle JOB ARGS` on so many ranks (one: without mpirun). A variable
    of `env` that is None is taken away."""
    return finish(start(job, *args, ranks=ranks, env=env, launch=launch, **more),
                  timeout)


def data(*parts):
    """A path in the real data; skips the test, visibly, where there is none."""
    if not DATA:
        raise unittest.SkipTest("CORACLE_TEST_DATA is not set")
    path = os.path.join(DATA, *parts)
    if not os.path.exists(path):
        raise unittest.SkipTest("no " + path)
    return path


def datasets(path):
    """The names of all datasets of an HDF5 file, by h5ls."""
    listing = subprocess.run(["h5ls", "-r", path], check=True,
                             stdout=subprocess.PIPE).stdout.decode()
    names = re.findall(r"^(/.*?)\s+Dataset \{", listing, re.M)
    return sorted(name.replace("\\ ", " ") for name in names)


def _attributes(thing, but=()):
    import numpy
    return {name: (numpy.asarray(value).dtype.str, numpy.asarray(value).tobytes())
            if not isinstance(value, str) else value
            for name, value in thing.attrs.items() if name not in but}


def _bytes_differ(a, b):
    """Every dataset and attribute, but for the command line, to the bit."""
    with h5py.File(a, "r") as one, h5py.File(b, "r") as two:
        names = ["/"]
        one.visit(names.append)
        others = ["/"]
        two.visit(others.append)
        if sorted(names) != sorted(others):
            return "%s holds %s, %s holds %s" % (a, names, b, others)
        for name in names:
            left, right = one[name], two[name]
            if _attributes(left, ("command",)) != _attributes(right, ("command",)):
                return "attributes of %s differ: %s, %s" % (
                    name, dict(left.attrs), dict(right.attrs))
            if not isinstance(left, h5py.Dataset):
                continue
            if left.shape != right.shape or left.dtype != right.dtype:
                return "%s: %s %s, %s %s" % (name, left.shape, left.dtype,
                                             right.shape, right.dtype)
            if left[()].tobytes() != right[()].tobytes():
                return "the bytes of %s differ" % name
    return None


def difference(a, b):
    """None where two HDF5 files hold the same, else what differs."""
    names = datasets(a)
    if names != datasets(b):
        return "datasets of %s: %s, of %s: %s" % (a, names, b, datasets(b))
    if not names:
        return "%s holds no dataset" % a
    for name in names:
        diff = subprocess.run(["h5diff", "-c", a, b, name],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if diff.returncode != 0 or b"not comparable" in diff.stdout:
            return "h5diff %s %s %s: %s" % (
                a, b, name, diff.stdout.decode("utf-8", "replace")[:1000])
    return _bytes_differ(a, b) if h5py else None


def same(a, b):
    """Whether two HDF5 files hold the same datasets, bit for bit."""
    return difference(a, b) is None


class Case(unittest.TestCase):
    """A test with a folder of its own, removed afterwards."""

    maxDiff = None
    program = CORACLE

    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="coracle-")
        self.addCleanup(shutil.rmtree, self.dir, ignore_errors=True)

    def path(self, *parts):
        return os.path.join(self.dir, *parts)

    def write(self, name, content):
        """A file of this test; returns its path."""
        path = self.path(name)
        with open(path, "wb") as file:
            file.write(content if isinstance(content, bytes)
                       else content.encode("utf-8"))
        return path

    def ok(self, job, *args, **how):
        """Run and expect success."""
        done = run(job, *args, **{"program": self.program, **how})
        self.assertEqual(done.code, 0, str(done))
        return done

    def fails(self, code, job, *args, says=(), **how):
        """Run and expect a failure: the exit code, nothing on stdout, one
        message that starts with `coracle JOB: ` and holds all of `says`.
        Returns the message."""
        done = run(job, *args, **{"program": self.program, **how})
        self.assertEqual(done.code, code, str(done))
        self.assertEqual(done.out, "", str(done))
        self.assertEqual(len(done.messages), 1, str(done))
        message = done.messages[0]
        self.assertTrue(message.startswith("coracle %s: " % job), str(done))
        for text in [says] if isinstance(says, str) else says:
            self.assertIn(text, message)
        return message

    def same(self, a, b):
        """Expect two HDF5 files to hold the same, bit for bit."""
        self.assertIsNone(difference(a, b))


def main():
    """Run the tests of a script; a script with nothing but skips says so by
    exit code 77, which CTest shows as skipped."""
    program = unittest.main(exit=False, verbosity=2)
    result = program.result
    if not result.wasSuccessful():
        sys.exit(1)
    sys.exit(77 if result.testsRun and
             len(result.skipped) == result.testsRun else 0)
