"""Running programs on chosen cores and measuring them: seconds on the wall, and
the greatest resident memory of any process among them.

This process must stay small: a child's peak is at least what its parent had
when it was started. So data is made and read by other programs alone.
"""
import json
import os
import shutil
import statistics
import subprocess
import tempfile
import time

CORES = sorted(os.sched_getaffinity(0))

# More ranks than cores must be allowed, must not spin, and may be root's.
ENVIRONMENT = {
    "OMPI_ALLOW_RUN_AS_ROOT": "1",
    "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
    "OMPI_MCA_rmaps_base_oversubscribe": "1",
    "OMPI_MCA_hwloc_base_binding_policy": "none",
    "OMPI_MCA_mpi_yield_when_idle": "1",
}


class Failed(Exception):
    """A program did not end well."""


class Run:
    """What one program left: seconds, cpu (seconds of processors), peak
    (bytes), out, err."""

    def __init__(self, seconds, usage, out, err):
        self.seconds, self.out, self.err = seconds, out, err
        self.cpu = usage.ru_utime + usage.ru_stime
        self.peak = usage.ru_maxrss * 1024

    @property
    def json(self):
        return json.loads(self.out.strip().splitlines()[-1])


def _threads(cores):
    """Every thread pool that we or a peer may use, held to the same number."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
             "POLARS_MAX_THREADS", "NUMEXPR_NUM_THREADS")
    return {name: str(cores) for name in names}


def run(words, cores=1, threads=None, env=None, out=None):
    """Run a program on the first `cores` cores, a process having `threads`
    threads (as many as cores, if not said). Failed if its exit code is not 0.
    What it prints is kept, or goes to the file `out`."""
    environment = {**os.environ, **ENVIRONMENT,
                   **_threads(threads or cores), **(env or {})}
    chosen = CORES[:max(1, min(cores, len(CORES)))]
    with (open(out, "w+b") if out else tempfile.TemporaryFile()) as out, \
            tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(
            [str(word) for word in words], env=environment, stdout=out,
            stderr=err, stdin=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, chosen))
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for file in (out, err):
            if file.seekable():
                file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    if process.returncode != 0:
        raise Failed("%s\nexit code %d\n%s" % (
            " ".join(map(str, words)), process.returncode, texts[1][-3000:]))
    return Run(seconds, usage, *texts)


class Coracle:
    """Our programs, out of a build folder."""

    def __init__(self, build, scratch):
        self.program = os.path.join(build, "jobs", "coracle")
        self.bench = os.path.join(build, "tests", "bench")
        self.scratch = scratch
        self.mpirun = os.environ.get("MPIRUN") or shutil.which("mpirun")
        if not self.mpirun:
            raise Failed("mpirun is not on the PATH")

    def _launch(self, ranks, words, threads=1, extra=()):
        return run([self.mpirun, "-n", ranks, *extra, *words],
                   cores=ranks * threads, threads=threads)

    def job(self, job, *args, ranks=1, threads=1, clock=False):
        """Run a job; `result` is its JSON, `stages` the seconds at which its
        stages ended, counted from the one before, `ranks` where the time of
        each rank went (with `clock`)."""
        log = os.path.join(self.scratch, "job.log")
        spans = os.path.join(self.scratch, "clock.json")
        for path in (log, spans):
            if os.path.exists(path):
                os.remove(path)
        extra = ["-x", "CORACLE_BENCH_CLOCK=" + spans, "-x",
                 "LD_PRELOAD=" + self._library("clock")] if clock else []
        words = [self.program, job, *args, "--json"]
        if "--plan" not in args:
            words += ["--log", log, "--force", "-q"]
        done = self._launch(ranks, words, threads, extra)
        done.result = done.json
        done.stages = stages(log)
        done.ranks = lines_of(spans)
        return done

    def _library(self, name):
        return os.path.join(self.bench, "libbench_%s.so" % name)

    def stages(self, *args, ranks=1, threads=1):
        """The seconds of the library's own stages, from bench_stages."""
        words = [os.path.join(self.bench, "bench_stages"), *args]
        return self._launch(ranks, words, threads).json

    def machine(self, threads, path, tiny):
        words = [os.path.join(self.bench, "bench_machine"), threads, path]
        return run(words + ["--tiny"] * tiny, cores=threads).json

    def kernels(self, threads, tiny):
        words = [os.path.join(self.bench, "bench_kernels"), threads]
        return run(words + ["--tiny"] * tiny, cores=threads).json


def lines_of(path):
    """The JSON objects of a file, one a line; none where there is no file."""
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [json.loads(line) for line in file]


def stages(log):
    """Stage -> seconds since the end of the stage before; `rest` is what
    follows the last one."""
    spans, last = {}, 0
    for line in lines_of(log):
        name = line.get("stage", "rest")
        spans[name] = spans.get(name, 0) + line["seconds"] - last
        last = line["seconds"]
    return spans


def interleave(repeats, *works):
    """Call all works in turn, `repeats` times; the results of each, as lists.
    So a slow minute of the machine meets all of them alike."""
    results = [[] for _ in works]
    for _ in range(repeats):
        for work, list_ in zip(works, results):
            list_.append(work())
    return results


def median(values):
    return statistics.median(values)
