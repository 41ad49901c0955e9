#!/usr/bin/env python3
"""Kill trainers that write checkpoints with `kill -9` at random times, run them
again with --resume, and compare each model, to the bit, with that of a run that
nobody disturbed. Nothing but the model and its checkpoints may be left."""
import argparse
import concurrent.futures
import os
import random
import shutil
import signal
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "cli"))
import coracle_test as ct

# Each writes a checkpoint at every step; als twice, since it matters most.
JOBS = (
    "als train.h5 --bias --factors 16 --iterations 40",
    "sgd train.h5 --factors 16 --epochs 60",
    "als train.h5 --bias --factors 16 --iterations 40",
    "gmm rows.h5 --components 3 --tol 0 --max-iter 150",
)
RANKS = (1, 3)
CHECKPOINTS = "--checkpoint kept --every 0.00001 -o model.h5 --force"


def run(folder, words, ranks=1):
    done = ct.run(*words.split(), ranks=ranks, cwd=folder, timeout=120)
    if done.code:
        raise SystemExit(str(done))


def make_inputs(top):
    run(top, "generate --users 600 --items 200 --interactions 12000 -o train.h5")
    run(top, "generate --rows 4000 --columns 4 --components 3 -o rows.h5")
    seconds = {}
    for number, job in enumerate(JOBS):
        begun = time.monotonic()
        run(top, "%s -o model.%d.h5" % (job, number))
        seconds[job] = time.monotonic() - begun
    return seconds


def kill_all(process):
    """A launcher and its ranks at once, as a machine that fails."""
    path = "/proc/%d/task/%d/children" % (process.pid, process.pid)
    try:
        with open(path) as children:
            ids = [process.pid] + list(map(int, children.read().split()))
    except OSError:
        ids = [process.pid]
    for one in ids:
        try:
            os.kill(one, signal.SIGKILL)
        except ProcessLookupError:
            pass
    process.communicate()
    for one in ids:
        while alive(one):
            time.sleep(0.01)


def alive(number):
    """Whether a process is there, and no zombie that nobody waits for."""
    try:
        with open("/proc/%d/stat" % number) as stat:
            return stat.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start(folder, job, ranks, resume):
    words = (job + " " + CHECKPOINTS + (" --resume" if resume else "")).split()
    return ct.start(*words, ranks=ranks, cwd=folder,
                    env={"OMPI_MCA_orte_tmpdir_base":
                         tempfile.mkdtemp(dir=ct.SESSIONS)})


def trial(top, number, seed, seconds):
    """One job, killed at least once and resumed. What is wrong, or None, and
    how often it was killed."""
    draw = random.Random("%d %d" % (seed, number))
    which = number % len(JOBS)
    folder = tempfile.mkdtemp(dir=top)
    for name in ("train.h5", "rows.h5"):
        os.link(os.path.join(top, name), os.path.join(folder, name))
    kills = 0
    while kills == 0 or draw.random() < 0.3:
        process = start(folder, JOBS[which], draw.choice(RANKS), kills > 0)
        time.sleep(draw.uniform(0, 3 * seconds[JOBS[which]]))
        kills += process.poll() is None
        kill_all(process)
    had = os.path.exists(os.path.join(folder, "kept"))
    done = ct.finish(start(folder, JOBS[which], draw.choice(RANKS), True), 120)
    what = str(done) if done.code else ct.difference(
        os.path.join(folder, "model.h5"),
        os.path.join(top, "model.%d.h5" % which))
    stray = [name for place, _, names in os.walk(folder) for name in names
             if ".part" in name]
    shutil.rmtree(folder)
    if not what and stray:
        what = "left " + " ".join(stray)
    return what, kills, had


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=5, help="jobs to kill (5)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    parser.add_argument("--workers", type=int, default=os.cpu_count())
    asked = parser.parse_args()
    print("seed", asked.seed, flush=True)
    wrong = kills = resumed = 0
    with tempfile.TemporaryDirectory(prefix="coracle-kill-") as top:
        seconds = make_inputs(top)
        with concurrent.futures.ThreadPoolExecutor(asked.workers) as pool:
            trials = pool.map(lambda number: trial(top, number, asked.seed,
                                                   seconds),
                              range(asked.times))
            for number, (what, times, had) in enumerate(trials):
                kills += times
                resumed += had
                if what:
                    wrong += 1
                    print("WRONG: %d: %s: %s" % (
                        number, JOBS[number % len(JOBS)], what), flush=True)
    print("%d jobs killed %d times, %d resumed from a checkpoint, %d wrong" % (
        asked.times, kills, resumed, wrong))
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
