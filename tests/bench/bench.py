#!/usr/bin/env python3
"""The benchmark: ours and theirs, in turn, on the same cores. run.sh starts it;
`bench.py --help` tells the options."""
import argparse
import filecmp
import os
import re
import subprocess
import sys
import tempfile

from measure import CORES, Coracle, Failed, interleave, median, run
from report import Table, collect, compare, save, versus
from sets import HERE, Sets

GIB = 2.0**30


class Bench:
    """What all benchmarks share: the programs, the sets, the ceilings."""

    def __init__(self, options, scratch):
        self.tiny = options.tiny
        self.repeats = 1 if self.tiny else options.repeats
        self.python = options.python
        self.scratch = scratch
        self.coracle = Coracle(options.build, scratch)
        self.sets = Sets(self.coracle, options.data, options.python)
        self.names = ["tiny"] if self.tiny else options.sets.split(",")
        self.missing = set()
        self.ceiling = {}

    def one(self, *names):
        """The first of these sets that is asked for, else any."""
        return (self.among(*names) or self.names)[0]

    def among(self, *names):
        """Those of the sets that are asked for; the tiny one stands for all."""
        return ["tiny"] if self.tiny else [n for n in names if n in self.names]

    def out(self, name):
        return os.path.join(self.scratch, name)

    def peer(self, name, *args, cores=1):
        """A peer's run, `value` its seconds; None where it is not there."""
        if self.tiny or name in self.missing:
            return None
        try:
            done = run([self.python, os.path.join(HERE, "peer.py"), name,
                        *args], cores=cores)
        except Failed as failure:
            print("skipped: peer %s: %s" % (
                name, str(failure).strip().splitlines()[-1]), flush=True)
            self.missing.add(name)
            return None
        done.value = done.json["seconds"]
        done.cpu = done.json.get("cpu")
        return done

    def measure_ceilings(self):
        path = self.sets.csv(self.one("r20m", "r1m"))
        for threads in (1, 2):
            self.ceiling[threads] = self.coracle.machine(threads, path,
                                                         self.tiny)


def values(runs, name="value"):
    return [getattr(run_, name) for run_ in runs if run_ is not None]


def cpu_of(runs):
    """The median of the seconds of processors, where all are known."""
    spent = values(runs, "cpu")
    return median(spent) if spent and None not in spent else None


def add_peers(table, what, cores, unit, ours, our_peak, peers, share=None,
              cpu=None):
    """A row for each peer that was there, with its target, or one row for us
    alone. peers: (name, runs, target); cpu: our seconds of processors."""
    there = [peer for peer in peers if values(peer[1])]
    for name, runs, target in there:
        peak = max(run_.peak for run_ in runs if run_ is not None)
        compare(table, what, cores, unit, ours, name, median(values(runs)),
                target, share, (our_peak, peak), cpu=(cpu, cpu_of(runs)))
    if not there:
        compare(table, what, cores, unit, ours, share=share,
                peaks=(our_peak, None))


# ---- the machine ----

def ceilings(bench):
    table = Table("The machine", "ceiling", "unit", "1 thread", "2 threads")
    units = {"fma32": "GF/s", "fma64": "GF/s", "sgemm": "GF/s",
             "dgemm": "GF/s"}
    for name in bench.ceiling[1]:
        if name != "threads":
            table.add(name, units.get(name, "GB/s"), bench.ceiling[1][name],
                      bench.ceiling[2][name])
    return [table]


def linalg(bench):
    table = Table("Kernels", "factors", "threads", "kernel", "GF/s",
                  "share of fma32",
                  note="one row of ALS solved (long: 1000 ratings, even: as "
                       "many as factors, short: a quarter), tiles of scores")
    for threads in (1, 2):
        rates = bench.coracle.kernels(threads, bench.tiny)
        top = bench.ceiling[threads]["fma32"]
        for factors in ("32", "64", "128"):
            for kernel, rate in rates[factors].items():
                table.add(factors, threads, kernel, rate,
                          "%.0f%%" % (100 * rate / top))
    return [table]


# ---- preparing ----

def take_in(bench, path, ranks):
    return bench.coracle.job("ingest", path, "-o", bench.out("in.h5"),
                             ranks=ranks)


READERS = (("pandas, types given", "pandas_typed", 2),
           ("pandas", "pandas_untyped", None),
           ("polars", "polars_read", None), ("duckdb", "duckdb_read", None))


def ingest(bench):
    whole = versus("Ingest", "the whole job against peers that parse alone; "
                             "the target is for 2 ranks")
    stages = Table("Stages of ingest", "set", "ranks", "stage", "seconds",
                   "MB/s a rank", "target", "met", "share of scan_text")
    for name in bench.among("r20m"):
        path = bench.sets.csv(name)
        megabytes = os.path.getsize(path) / 1e6
        for ranks in (1, 2):
            ours, *theirs = interleave(
                bench.repeats, lambda: take_in(bench, path, ranks),
                *[lambda peer=peer: bench.peer(peer, path, cores=ranks)
                  for _, peer, _ in READERS])
            seconds = median([run_.seconds for run_ in ours])
            add_peers(whole, "%s, whole job" % name, ranks, "s", seconds,
                      max(run_.peak for run_ in ours),
                      [(title, runs, target if ranks == 2 else None)
                       for (title, _, target), runs in zip(READERS, theirs)],
                      cpu=cpu_of(ours))
            ingest_stages(stages, name, ranks, ours, megabytes,
                          bench.ceiling[1]["scan_text"])
    return [whole, stages]


def ingest_stages(table, name, ranks, runs, megabytes, ceiling):
    parse = median([run_.stages["parse"] for run_ in runs])
    rate = megabytes / parse / ranks
    table.add(name, ranks, "parse", parse, rate, 700, rate >= 700,
              "%.0f%%" % (rate / 10 / ceiling))
    for stage in runs[0].stages:
        if stage != "parse":
            seconds = median([run_.stages[stage] for run_ in runs])
            table.add(name, ranks, "writing" if stage == "rest" else stage,
                      seconds, None, None, None, None)


def at_memory_speed(bench, cores, rows, bytes_a_row, seconds):
    """Share of the time in which memory could deliver the bytes."""
    return rows * bytes_a_row / 1e9 / bench.ceiling[cores]["triad"] / seconds


def job_and_stages(bench, ranks, job, stages):
    """A job as a whole, and its work alone by bench_stages."""
    done = bench.coracle.job(*job, ranks=ranks)
    done.work = bench.coracle.stages(*stages, ranks=ranks)
    return done


def kcore(bench):
    table = versus("k-core", "`find` is the work itself, as is the peer's "
                   "figure: both begin with the rows in memory")
    for name, k in ([("tiny", 5)] if bench.tiny else
                    [("r20m", 5), ("amz", 5), ("amz", 10)]):
        if bench.among(name):
            kcore_of(bench, table, name, k)
    return [table]


def kcore_of(bench, table, name, k):
    store, rows = bench.sets.store(name), bench.sets.shape(name)[2]
    job = ("kcore", store, "-o", bench.out("core.h5"), "--users", k,
           "--items", k)
    one, two, pandas, numpy = interleave(
        bench.repeats,
        lambda: job_and_stages(bench, 1, job, ("kcore", store, k)),
        lambda: job_and_stages(bench, 2, job, ("kcore", store, k)),
        lambda: bench.peer("pandas_kcore", store, k),
        lambda: bench.peer("numpy_kcore", store, k))
    find, cpu = ([median([run_.work[key] for run_ in runs])
                  for runs in (one, two)] for key in ("find", "find_cpu"))
    what = "%s, k %d: " % (name, k)
    add_peers(table, what + "find", 1, "s", find[0],
              max(run_.peak for run_ in one),
              [("pandas loop", pandas, 25), ("numpy loop", numpy, None)],
              at_memory_speed(bench, 1, rows, 8, find[0]), cpu[0])
    compare(table, what + "find", 2, "s", find[1], "ours on 1 rank", find[0],
            1, at_memory_speed(bench, 2, rows, 8, find[1]),
            cpu=(cpu[1], cpu[0]))
    for ranks, runs in ((1, one), (2, two)):
        compare(table, what + "whole job", ranks, "s",
                median([run_.seconds for run_ in runs]),
                peaks=(max(run_.peak for run_ in runs), None))


def split(bench):
    table = versus("Split by time", "`find` decides each row's part, the peer "
                   "sorts and cuts; both begin with the rows in memory")
    for name in bench.among("r20m"):
        store, rows = bench.sets.store(name), bench.sets.shape(name)[2]
        job = ("split", store, "-o", bench.out("parts"), "--by", "time")
        for ranks in (1, 2):
            ours, pandas = interleave(
                bench.repeats,
                lambda: job_and_stages(bench, ranks, job, ("split", store)),
                lambda: bench.peer("pandas_split", store, cores=ranks))
            find = median([run_.work["find"] for run_ in ours])
            peak = max(run_.peak for run_ in ours)
            add_peers(table, name + ": find", ranks, "s", find, None,
                      [("pandas", pandas, 20)],
                      at_memory_speed(bench, ranks, rows, 8, find),
                      ranks * median([run_.work["find_cpu"] for run_ in ours]))
            add_peers(table, name + ": whole job, with reading and writing",
                      ranks, "s", median([run_.seconds for run_ in ours]),
                      peak, [("pandas", pandas, None)], cpu=cpu_of(ours))
    return [table]


# ---- training ----

def als_flops(shape, rows, factors):
    """Of one iteration by the normal equations, both sides."""
    users, items, _ = shape
    return (2.0 * rows * factors * (factors + 1) +
            (users + items) * factors**3 / 3.0)


def train(bench, store, factors, iterations, *more, ranks=1, threads=1, **how):
    """A run of als, `value` the seconds of an iteration."""
    done = bench.coracle.job("als", store, "-o", bench.out("model.h5"),
                             "--factors", factors, "--iterations", iterations,
                             *more, ranks=ranks, threads=threads, **how)
    done.value = done.result["seconds"] / iterations
    return done


def probe(bench, name, factors, iterations, threads):
    """A probe of the same work, where CORACLE_BENCH_PROBES names a folder with
    alsprobe.c: another ceiling. Seconds of its quickest iteration, or None."""
    source = os.path.join(os.environ.get("CORACLE_BENCH_PROBES", ""),
                          "alsprobe.c")
    if bench.tiny or not os.path.exists(source):
        return None
    program = bench.sets.path("alsprobe")
    if not os.path.exists(program):
        subprocess.run(["gcc", "-O3", "-march=native", "-fopenmp", "-w",
                        source, "-o", program, "-lm", "-lopenblas"], check=True)
    users, items, _ = bench.sets.shape(name)
    done = run([program, bench.sets.raw(name), users, items, factors, threads,
                iterations, 0.1], cores=threads)
    done.value = min(float(wall) for wall in
                     re.findall(r" wall ([\d.]+)", done.out))
    return done


def als_of(bench, table, name, factors, cores):
    """All on `cores` cores: ours as threads and as ranks."""
    store = bench.sets.train(name)
    large = name == "r20m"
    repeats = 1 if large else bench.repeats
    exact, ours, spread, probed, cg = interleave(
        repeats,
        lambda: bench.peer("implicit_als", store, factors,
                           1 if large else 2, "exact", cores=cores),
        lambda: train(bench, store, factors, 3, threads=cores),
        lambda: cores > 1 and train(bench, store, factors, 3, ranks=cores)
        or None,
        lambda: probe(bench, name, factors, 3, cores),
        lambda: bench.peer("implicit_als", store, factors, 2, "cg",
                           cores=cores))
    flops = als_flops(bench.sets.shape(name),
                      .9 * bench.sets.shape(name)[2], factors)
    for runs, how in ((ours, "%d threads" % cores), (spread, "ranks")):
        if not values(runs):
            continue
        seconds = median(values(runs))
        share = flops / seconds / 1e9 / bench.ceiling[cores]["fma32"]
        what = "%s, %d factors%s" % (name, factors,
                                     ", " + how if cores > 1 else "")
        add_peers(table, what, cores, "s an iteration", seconds,
                  max(run_.peak for run_ in runs),
                  [("implicit, exact", exact, 8)] +
                  [("implicit, CG", cg, None), ("probe", probed, None)] *
                  (runs is ours), share)
    return [median(values(runs)) if values(runs) else None
            for runs in (ours, spread)]


def als(bench):
    table = versus("ALS, exact", "share: operations of the normal equations "
                   "against fma32; the smaller space needs fewer")
    ratios = versus("ALS: what the second core gives")
    for name in bench.among("r1m", "r20m"):
        for factors in (64,) if bench.tiny else (64, 128):
            one, _ = als_of(bench, table, name, factors, 1)
            both = als_of(bench, table, name, factors, 2)
            for how, seconds, target in zip(("2 threads", "2 ranks"), both,
                                            (None, 1.8)):
                compare(ratios, "%s, %d factors, %s" % (name, factors, how), 2,
                        "s an iteration", seconds, "1 rank of 1 thread", one,
                        target)
    return [table, ratios]


def als_implicit(bench):
    table = versus("ALS of implicit feedback, an iteration")
    for name in bench.among("r1m", "r20m"):
        store = bench.sets.train(name)
        for factors in (64,) if bench.tiny else (64, 128):
            for cores in (1, 2):
                for ours, theirs, target in (("cg", "cg", 3),
                                             ("cholesky", "exact", 8),
                                             ("subspace", "cg", None)):
                    als_implicit_of(bench, table, name, store, factors, cores,
                                    (ours, theirs), target)
    return [table]


def als_implicit_of(bench, table, name, store, factors, cores, solvers, target):
    large = name == "r20m"
    runs, peer = interleave(
        1 if large else bench.repeats,
        lambda: train(bench, store, factors, 3, "--implicit", "--solver",
                      solvers[0], threads=cores),
        lambda: bench.peer("implicit_als", store, factors, 1 if large else 3,
                           solvers[1], cores=cores))
    add_peers(table, "%s, %d factors, %s" % (name, factors, solvers[0]), cores,
              "s an iteration", median(values(runs)),
              max(run_.peak for run_ in runs),
              [("implicit, " + solvers[1], peer, target)])


# ---- stochastic gradient descent ----

# Of LIBMF those with which it does best on these sets; ours have the same.
SGD_REG, SGD_RATE, SGD_EPOCHS = .04, .1, 20


def libmf(bench, name, factors, cores, epochs, judged):
    """LIBMF's run; `value` seconds of training, `rmse` by epoch where judged.
    None where it could not be built."""
    program = os.path.join(bench.sets.folder, "libmf")
    if bench.tiny or not os.path.exists(program):
        return None
    done = run([program, bench.sets.raw(name),
                bench.sets.raw(name, "test") if judged else "-", factors, cores,
                epochs, SGD_REG, SGD_RATE], cores=cores)
    done.value, done.cpu = done.json["seconds"], done.json["cpu"]
    done.rmse = [float(line.split()[2]) for line in done.out.splitlines()
                 if re.match(r"\s*\d+\s+\d", line)]
    return done


def sgd_run(bench, name, factors, epochs, *more, ranks=1, threads=1):
    done = bench.coracle.job(
        "sgd", bench.sets.train(name), "--factors", factors, "--epochs", epochs,
        "--adaptive", "--lr", SGD_RATE, "--reg", SGD_REG, "-o",
        bench.out("sgd.h5"), *more, ranks=ranks, threads=threads)
    done.value = done.result["seconds"]
    return done


def an_epoch(train_):
    """What seven epochs take more than one, of each: train_(epochs)."""
    first, last = train_(1), train_(7)
    if last is not None:
        last.value = (last.value - first.value) / 6
        last.cpu = (last.cpu - first.cpu) / 6
    return last


def sgd(bench):
    table = versus("SGD, an epoch")
    race = Table("SGD, to the same error on the test part", "what", "cores",
                 "RMSE", "our epochs", "our s", "LIBMF's epochs", "LIBMF's s",
                 "ratio", "target", "our best RMSE", "LIBMF's best RMSE",
                 note="training alone, without judging")
    for name in bench.among("r1m", "r20m"):
        for factors in (32,) if bench.tiny else (32, 64, 128):
            alone = sgd_of(bench, table, name, factors, 1, (1, 1))
            sgd_of(bench, table, name, factors, 2, (1, 2))
            both = sgd_of(bench, table, name, factors, 2, (2, 1))
            compare(table, "%s, %d factors, 2 ranks beside 1" % (name, factors),
                    2, "s an epoch", both[0], "1 rank", alone[0], 1.8)
            if factors == 64:
                race_of(bench, race, name, factors, alone)
    return [table, race]


def sgd_of(bench, table, name, factors, cores, how):
    """The median seconds of an epoch, ours and theirs."""
    ranks, threads = how
    ours, theirs = interleave(
        bench.repeats,
        lambda: an_epoch(lambda epochs: sgd_run(
            bench, name, factors, epochs, ranks=ranks, threads=threads)),
        lambda: an_epoch(lambda epochs: libmf(bench, name, factors, cores,
                                              epochs, False)))
    seconds = median(values(ours))
    what = "%s, %d factors%s" % (name, factors, "" if cores == 1 else
                                 ", 2 ranks" if ranks > 1 else ", 2 threads")
    add_peers(table, what, cores, "s an epoch", seconds,
              max(run_.peak for run_ in ours), [("LIBMF", theirs, 3.5)],
              cpu=cpu_of(ours))
    return seconds, median(values(theirs)) if values(theirs) else None


def epochs_to(history, goal):
    """Epochs until the error is at most the goal."""
    return next(n for n, rmse in enumerate(history, 1) if rmse <= goal)


def race_of(bench, table, name, factors, epoch):
    theirs = libmf(bench, name, factors, 1, SGD_EPOCHS, True)
    if theirs is None:
        return
    ours = sgd_run(bench, name, factors, SGD_EPOCHS, "--valid",
                   bench.sets.test(name)).result["history"]
    goal = max(min(theirs.rmse), min(ours))
    n, m = epochs_to(ours, goal), epochs_to(theirs.rmse, goal)
    table.add("%s, %d factors" % (name, factors), 1, "%.4f" % goal, n,
              n * epoch[0], m, m * epoch[1], m * epoch[1] / (n * epoch[0]),
              "≥ 3×", "%.4f" % min(ours), "%.4f" % min(theirs.rmse))


# ---- neighbours ----

def knn(bench):
    table = versus("The 20 nearest items of each, cosine")
    for name in bench.among("r1m", "r20m"):
        store = bench.sets.train(name)
        for cores in (1, 2):
            ours, theirs = interleave(
                1 if name == "r20m" else bench.repeats,
                lambda: bench.coracle.job(
                    "knn", store, "--similarity", "cosine", "--keep", 20, "-o",
                    bench.out("knn.h5"), threads=cores),
                lambda: bench.peer("implicit_cosine", store, 20, cores=cores))
            add_peers(table, name, cores, "s",
                      median([run_.result["seconds"] for run_ in ours]),
                      max(run_.peak for run_ in ours),
                      [("implicit", theirs, 5)])
    return [table]


# ---- searching ----

GRID = ("factors=50,100,150", "epochs=20,30", "lr=0.002,0.005",
        "reg=0.02,0.05,0.1")


def tune(bench):
    """The shape of MovieLens' small set, 36 points, 3 folds."""
    table = Table("A search over 36 points of sgd, 3 folds, 80,000 ratings",
                  "ranks", "s", "s of processors", "at most")
    store = bench.sets.store("tiny" if bench.tiny else "small")
    grid = [word for axis in (GRID[:1] if bench.tiny else GRID)
            for word in ("--grid", axis)]
    for ranks in (1, 2):
        runs = [bench.coracle.job("tune", "sgd", store, "--folds", 3, *grid,
                                  "-o", bench.out("tune.csv"), ranks=ranks)
                for _ in range(bench.repeats)]
        table.add(ranks, median(values(runs, "seconds")), cpu_of(runs),
                  4 if ranks == 2 else None)
    return [table]


def recommend(bench):
    table = versus("Lists of 10 for all users, seen ones left out",
                   "with the seen ones looked up, without reading and writing")
    for name in bench.among("r20m"):
        store, shape = bench.sets.train(name), bench.sets.shape(name)
        for factors in (64,) if bench.tiny else (64, 128):
            train(bench, store, factors, 1, ranks=2)
            for cores in (1, 2):
                recommend_of(bench, table, name, store, shape, factors, cores)
    return [table]


def recommend_of(bench, table, name, store, shape, factors, cores):
    users, items, _ = shape
    ours, theirs = interleave(
        1 if name == "r20m" else bench.repeats,
        lambda: bench.coracle.stages("recommend", bench.out("model.h5"), store,
                                     10, threads=cores),
        lambda: bench.peer("implicit_recommend", store, factors, 10,
                           cores=cores))
    seconds = median([run_["see"] + run_["score"] for run_ in ours])
    made = users * items * median([run_["products"] for run_ in ours])
    share = 2e-9 * made * factors / seconds
    cpu = median([run_["see_cpu"] + run_["score_cpu"] for run_ in ours])
    compare(table, "%s, %d factors" % (name, factors), cores, "users/s",
            users / seconds, "implicit",
            users / median(values(theirs)) if values(theirs) else None, 4,
            share / bench.ceiling[cores]["fma32"], bigger=True,
            cpu=(cpu, cpu_of(theirs)))


def pca_flops(rows, columns, components, solver):
    """Of the products alone: a Gram matrix (and the components from it), or
    nine times to a subspace, of them eight and back."""
    if solver == "small":
        return rows * (rows + 1.0) * columns + 2.0 * rows * columns * components
    if solver == "gram":
        return columns * (columns + 1.0) * rows
    return 34.0 * rows * columns * (components + 10)


# Rows, columns, components or their share of the variance, solver, target.
PCA = ((400, 4096, .99, "small", "full", 10),
       (200000, 64, 10, "gram", "covariance_eigh", None),
       (20000, 512, 20, "gram", "covariance_eigh", None),
       (6000, 5000, 20, "randomized", "randomized", None))


def pca(bench):
    table = versus("Principal components", "the fit alone, data in memory; "
                   "share: the products against fma64")
    for rows, columns, components, solver, theirs, target in (
            ((40, 90, .9, "small", "full", 10),) if bench.tiny else PCA):
        store = bench.sets.decaying(rows, columns)
        for cores in (1, 2):
            ours, peer = interleave(
                bench.repeats,
                lambda: bench.coracle.job(
                    "pca", store, "-k", components, "--solver", solver, "-o",
                    bench.out("pca.h5"), threads=cores),
                lambda: bench.peer("sklearn_pca", store, components, theirs,
                                   cores=cores))
            seconds = median([run_.result["seconds"] for run_ in ours])
            found = ours[0].result["components"]
            share = (pca_flops(rows, columns, found, solver) / seconds / 1e9 /
                     bench.ceiling[cores]["fma64"])
            add_peers(table, "%d x %d, %d components, %s" % (
                rows, columns, found, solver), cores, "s", seconds,
                max(run_.peak for run_ in ours),
                [("scikit-learn, " + theirs, peer, target)], share)
    return [table]


# Rows, columns, components.
MIXTURES = ((1000000, 16, 16), (200000, 64, 32), (1000000, 2, 3),
            (5000000, 8, 8))
COVARIANCES = ("full", "tied", "diag", "spherical")


def gmm_run(bench, store, start, components, covariance, cores):
    """`value` and `cpu` are of one iteration: what more of them cost more."""
    first, last = (bench.coracle.job(
        "gmm", store, "-k", components, "--covariance", covariance, "--init",
        start, "--tol", 0, "--max-iter", iterations, "-o", bench.out("gmm.h5"),
        threads=cores) for iterations in (1, 7))
    last.value = (last.result["seconds"] - first.result["seconds"]) / 6
    last.cpu = (last.cpu - first.cpu) / 6
    return last


def check_bounds(ours, theirs, what):
    """The peer came to the same lower bound as we by the same iterations."""
    if theirs is None:
        return
    found = theirs.json
    mine = ours.result["history"][found["iterations"] - 1]
    if abs(mine - found["lower_bound"]) > 1e-8 * abs(mine):
        raise Failed("%s: lower bound %.17g, the peer's %.17g" % (
            what, mine, found["lower_bound"]))


def gmm(bench):
    table = versus("Mixtures", "an iteration from the same start, which comes "
                   "to the same lower bound")
    shares = Table("Mixtures, full covariances, beside the ceilings", "what",
                   "cores", "GF/s", "share of fma64", "share of dgemm")
    for rows, columns, components in (((600, 3, 2),) if bench.tiny else
                                      MIXTURES):
        store, start = bench.sets.clusters(rows, columns, components)
        for covariance in COVARIANCES:
            for cores in (1, 2):
                gmm_of(bench, table, shares, (store, start, components,
                                              covariance),
                       "%d x %d, %d %s" % (rows, columns, components,
                                           covariance),
                       rows * components * columns * (columns + 1.0), cores)
    return [table, shares]


def gmm_of(bench, table, shares, job, what, multiply_adds, cores):
    ours, peer = interleave(
        1 if bench.tiny else bench.repeats,
        lambda: gmm_run(bench, *job, cores),
        lambda: bench.peer("sklearn_gmm", *job, cores=cores))
    for run_ in peer:
        check_bounds(ours[0], run_, what)
    seconds = median(values(ours))
    full = job[3] == "full"
    add_peers(table, what, cores, "s an iteration", seconds,
              max(run_.peak for run_ in ours),
              [("scikit-learn", peer, 20 * cores if full else 10)],
              cpu=cpu_of(ours))
    if full and seconds > 0:
        rate = 2e-9 * multiply_adds / seconds
        top = bench.ceiling[cores]
        shares.add(what, cores, rate, "%.0f%%" % (100 * rate / top["fma64"]),
                   "%.0f%%" % (100 * rate / top["dgemm"]))


# ---- scaling and memory ----

def jobs_on(bench, name):
    """The four jobs that are looked at on many ranks: name -> words."""
    store = bench.sets.store(name)
    return {
        "ingest": ("ingest", bench.sets.csv(name), "-o", bench.out("in.h5")),
        "kcore": ("kcore", store, "-o", bench.out("core.h5")),
        "split": ("split", store, "-o", bench.out("parts"), "--by", "time"),
        "als": ("als", bench.sets.train(name), "-o", bench.out("model.h5"),
                "--factors", 64, "--iterations", 2)}


SPANS = ("waiting", "exchange", "io")


def scaling(bench):
    table = Table("Ranks", "job", "ranks", "seconds", "against 1 rank",
                  "compute", "waiting", "exchange", "I/O",
                  note="seconds of the whole job, and of its ranks on average; "
                       "more than %d ranks share cores, so their waiting is "
                       "for cores as well" % len(CORES))
    name = bench.one("r20m", "r1m")
    for job, words in jobs_on(bench, name).items():
        base = None
        for ranks in (1, 2) if bench.tiny else (1, 2, 4, 8):
            done = bench.coracle.job(*words, ranks=ranks, clock=True)
            base = base or done.seconds
            spans = [sum(rank[span] for rank in done.ranks) / ranks
                     for span in SPANS]
            whole = sum(rank["whole"] for rank in done.ranks) / ranks
            table.add("%s, %s" % (job, name), ranks, done.seconds,
                      base / done.seconds, whole - sum(spans), *spans)
    return [table]


def memory(bench):
    table = Table("Memory of a rank", "job", "ranks", "peak MiB",
                  "of 1 rank's", "target", "met", "--plan MiB", "plan / peak",
                  "within 20 %")
    name = bench.one("r20m", "r1m")
    for job, words in jobs_on(bench, name).items():
        base = None
        for ranks in (1, 4):
            done = bench.coracle.job(*words, ranks=ranks)
            plan = bench.coracle.job(*words, "--force", "--plan", ranks=ranks)
            planned = plan.result["memory_per_rank"]
            base = base or done.peak
            share, ratio = done.peak / base, planned / done.peak
            table.add("%s, %s" % (job, name), ranks,
                      round(done.peak / 2**20), share,
                      "< 0.4" if ranks > 1 else None,
                      share < .4 if ranks > 1 else None,
                      round(planned / 2**20), ratio, abs(ratio - 1) <= .2)
    return [table]


# ---- from ratings to sequences ----

WRITTEN = ("users.txt", "train.tsv", "valid.tsv", "test.tsv")


def notebook(bench, path, k, ranks):
    """All steps as jobs of their own; `steps` the seconds of each."""
    def out(*names):
        return os.path.join(bench.scratch, "ours", *names)

    def part(name):
        return out("core", "cut.%s.h5" % name)

    def prefixes(name, *before):
        return ("sequences", part(name), "-o", out(name + ".tsv"), "--prefixes",
                "--max-length", 50, *(word for one in before
                                      for word in ("--history", part(one))))
    jobs = (("ingest", "ingest", path, "-o", out("all.h5")),
            ("split", "split", out("all.h5"), "-o", out("cut"), "--by", "time"),
            ("kcore", "kcore", *(out("cut.%s.h5" % name) for name in
                                 ("train", "valid", "test")),
             "-o", out("core"), "--users", k, "--items", k),
            ("lines", "sequences", part("train"), "-o", out("users.txt")),
            ("prefixes", *prefixes("train")),
            ("prefixes", *prefixes("valid", "train")),
            ("prefixes", *prefixes("test", "train", "valid")))
    os.makedirs(out(), exist_ok=True)
    runs = [bench.coracle.job(*words, ranks=ranks) for _, *words in jobs]
    done = runs[0]
    done.peak = max(run_.peak for run_ in runs)
    done.cpu = sum(run_.cpu for run_ in runs)
    done.steps = {}
    for (step, *_), run_ in zip(jobs, runs):
        done.steps[step] = done.steps.get(step, 0) + run_.seconds
    done.value = sum(done.steps.values())
    return done


def pipeline_peer(bench, name, path, k, cores):
    """A peer's run, once it is seen to have written what ours did."""
    folder = os.path.join(bench.scratch, name)
    os.makedirs(folder, exist_ok=True)
    done = bench.peer(name, path, folder, k, cores=cores)
    if done is None:
        return None
    done.steps = done.json["steps"]
    for written in WRITTEN:
        theirs = os.path.join(folder, written)
        if os.path.exists(theirs) and not filecmp.cmp(
                theirs, os.path.join(bench.scratch, "ours", written), False):
            raise Failed("%s wrote another %s" % (name, written))
    return done


def pipeline(bench):
    """Ours: jobs that each start, read and write; theirs: one program that
    keeps all in memory and writes the same sequences."""
    name, k = ("tiny", 5) if bench.tiny else ("beauty", 3)
    path = bench.sets.csv(name)
    table = versus("From ratings to sequences",
                   "%d users, %d items, %d ratings; k %d" % (
                       *bench.sets.shape(name), k))
    for ranks in (2,) if bench.tiny else (1, 2):
        ours, *theirs = interleave(
            bench.repeats, lambda: notebook(bench, path, k, ranks),
            *(lambda peer=peer: pipeline_peer(bench, peer + "_pipeline", path,
                                              k, ranks)
              for peer in ("pandas", "polars", "duckdb")))
        peers = list(zip(("pandas", "polars", "duckdb"), theirs))
        if ranks == 1:  # once, since it takes minutes
            peers.append(("pandas, group by group", [pipeline_peer(
                bench, "pandas_groups_pipeline", path, k, 1)]))
        add_pipeline(table, ranks, ours, peers)
    return [table]


def add_pipeline(table, ranks, ours, peers):
    for step in ours[0].steps:
        add_peers(table, step, ranks, "s",
                  median([run_.steps[step] for run_ in ours]), None,
                  [(name, with_step(runs, step), None)
                   for name, runs in peers])
    whole = [(name, with_step(runs, None), None) for name, runs in peers
             if name.startswith("pandas")]
    add_peers(table, "all of it", ranks, "s", median(values(ours)),
              max(run_.peak for run_ in ours), whole, cpu=cpu_of(ours))


def with_step(runs, step):
    """Runs with a step as their value; None: all of them. Those that do not go
    that far are left out."""
    there = [run_ for run_ in runs if run_ is not None and
             (step is None or step in run_.steps)]
    for run_ in there:
        run_.value = run_.steps[step] if step else run_.json["seconds"]
    return there


# ---- large ----

def large(bench):
    users, items, rows = ((300, 200, 6000) if bench.tiny else
                          (500000, 60000, 100000000))
    table = Table("%d generated interactions through all jobs, 2 ranks" % rows,
                  "job", "seconds", "peak MiB a rank", "both within 16 GiB")
    path = {name: bench.sets.path("large." + name + ".h5")
            for name in ("all", "core", "model", "part.train", "part.valid",
                         "part.test")}
    steps = (("generate", "-o", path["all"], "--users", users, "--items", items,
              "--interactions", rows),
             ("kcore", path["all"], "-o", path["core"]),
             ("split", path["core"], "-o", bench.sets.path("large.part")),
             ("als", path["part.train"], "--valid", path["part.valid"], "-o",
              path["model"], "--factors", 32, "--iterations", 2))
    for words in steps:
        done = bench.coracle.job(*words, ranks=2)
        table.add(words[0], done.seconds, round(done.peak / 2**20),
                  2 * done.peak < 16 * GIB)
    for made in path.values():
        os.remove(made)
    return [table, large_matrix(bench)]


def large_matrix(bench):
    rows = 600 if bench.tiny else 20000000
    table = Table("A mixture of %d float32 rows of 32 columns, 2 ranks" % rows,
                  "job", "seconds", "peak MiB a rank", "both within 6 GiB")
    store = bench.sets.path("large.matrix.h5")
    for words in (("generate", "-o", store, "--rows", rows, "--columns", 32,
                   "--type", "float32"),
                  ("gmm", store, "-k", 8, "--max-iter", 5, "--init",
                   "k-means++", "-o", bench.out("gmm.h5"))):
        done = bench.coracle.job(*words, ranks=2)
        table.add(words[0], done.seconds, round(done.peak / 2**20),
                  2 * done.peak < 6 * GIB)
    os.remove(store)
    return table


# ---- records ----

def records(bench):
    """Ten gigabytes of JSON lines, and what reading them takes at least."""
    count = 2000 if bench.tiny else 5000000
    path = bench.sets.path("records.jsonl")
    bench.coracle.job("generate", "--records", count, "-o", path, ranks=2)
    size = os.path.getsize(path)
    table = Table("%.1f GB of JSON lines, 2 ranks" % (size / 1e9), "job",
                  "seconds", "MB/s", "share of reading alone",
                  "peak MiB a rank", "below 1 GiB")
    read = median([run(["cat", path], cores=2, out=os.devnull).seconds
                   for _ in range(bench.repeats)])
    table.add("cat", read, size / read / 1e6, None, None, None)
    kept = bench.out("kept.jsonl")
    for words in (("filter", path, "--where", 'title icontains "data scientist"'
                   " and estimatedSalary.value.maxValue >= 100000", "-o", kept),
                  ("sample", path, "--fraction", .01, "-o", kept),
                  ("split", path, "--by", "hash", "--key", "jobId", "--test",
                   .25, "-o", bench.sets.path("records.cut")),
                  ("top", path, "-n", 100, "--by",
                   "estimatedSalary.value.maxValue"),
                  ("count", path, "--by", "employmentType")):
        done = bench.coracle.job(*words, ranks=2)
        table.add(words[0], done.seconds, size / done.seconds / 1e6,
                  "%.0f%%" % (100 * read / done.seconds),
                  round(done.peak / 2**20), done.peak < GIB)
    for made in (path, *(bench.sets.path("records.cut.%s.jsonl" % part)
                         for part in ("train", "test"))):
        os.remove(made)
    return [table]


BENCHES = (ceilings, linalg, ingest, kcore, split, als, als_implicit, sgd, knn,
           tune, recommend, pca, gmm, scaling, memory, pipeline, large, records)
LONG = ("large", "records")  # only when named


def arguments():
    names = [work.__name__ for work in BENCHES]
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog="names: %s; without any, all but %s" % (
            ", ".join(names), ", ".join(LONG)))
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--tiny", action="store_true",
                        help="a tiny size of each, without peers")
    parser.add_argument("--build", required=True, help="the build folder")
    parser.add_argument("--data", required=True, help="where sets are kept")
    parser.add_argument("--results", required=True, help="where tables go")
    parser.add_argument("--sets", default="r1m,r20m,amz",
                        help="only these sets (default %(default)s)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N",
                        help="runs of each, of which the median counts "
                             "(default %(default)s)")
    parser.add_argument("--python", default=sys.executable,
                        help="the Python that has the peers")
    options = parser.parse_args()
    unknown = set(options.names) - set(names)
    if unknown:
        parser.error("no benchmark %s" % ", ".join(sorted(unknown)))
    return options


def chosen(options):
    names = options.names or [work.__name__ for work in BENCHES
                              if options.tiny or work.__name__ not in LONG]
    return [work for work in BENCHES if work.__name__ in names]


def main():
    options = arguments()
    os.makedirs(options.results, exist_ok=True)
    os.makedirs(options.data, exist_ok=True)
    failed = 0
    with tempfile.TemporaryDirectory(dir=options.data) as scratch:
        bench = Bench(options, scratch)
        bench.measure_ceilings()
        for work in chosen(options):
            print(work.__name__, flush=True)
            try:
                save(options.results, work.__name__, work(bench))
            except Failed as failure:
                print("failed: %s" % failure, file=sys.stderr, flush=True)
                failed += 1
            collect(options.results, [work_.__name__ for work_ in BENCHES])
    print("results: %s" % os.path.join(options.results, "results.md"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
