#!/usr/bin/env python3
"""How the settings of the README's MovieLens figure were found, and the figure.

    tests/bench/movielens.py TRAIN.csv TEST.csv [CORACLE]

The training part is split 90/10 at random three times; every point of the grid
is fitted on the 90 and judged on the 10; the point with the least mean RMSE is
fitted on the whole training part. The test part is looked at once, at the end.
"""
import itertools
import json
import os
import subprocess
import sys
import tempfile

GRID = {"--factors": (32, 64, 128), "--reg": (8, 10, 12, 14),
        "--reg-bias": (2, 4, 6)}
SPLITS = (1, 2, 3)
ITERATIONS = 15


def coracle(*words):
    out = subprocess.run([program, *map(str, words), "--json", "-q"],
                         check=True, stdout=subprocess.PIPE).stdout
    return json.loads(out)


def fit(train, settings, *more):
    words = [word for pair in settings.items() for word in pair]
    return coracle("als", train, "--bias", "--iterations", ITERATIONS, *words,
                   "--force", *more)


def search(folder):
    """The grid, best first: (mean RMSE, settings)."""
    for seed in SPLITS:
        coracle("split", folder + "/train.h5", "--by", "random", "--fractions",
                "0.9,0.1", "--seed", seed, "-o", "%s/%d" % (folder, seed))
    table = []
    for values in itertools.product(*GRID.values()):
        settings = dict(zip(GRID, values))
        errors = [fit("%s/%d.train.h5" % (folder, seed), settings, "--valid",
                      "%s/%d.test.h5" % (folder, seed), "-o",
                      folder + "/trial.h5")["history"][-1] for seed in SPLITS]
        table.append((sum(errors) / len(errors), settings))
    return sorted(table, key=lambda row: row[0])


def run(train, test):
    with tempfile.TemporaryDirectory() as folder:
        coracle("ingest", train, "-o", folder + "/train.h5")
        coracle("ingest", test, "-o", folder + "/test.h5")
        table = search(folder)
        for rmse, settings in table[:5] + table[-1:]:
            print("%.4f  %s" % (rmse, settings))
        fit(folder + "/train.h5", table[0][1], "-o", folder + "/model.h5")
        print("test:", coracle("evaluate", folder + "/model.h5",
                               folder + "/test.h5"))


if len(sys.argv) < 3:
    sys.exit(__doc__)
program = sys.argv[3] if len(sys.argv) > 3 else os.path.join(
    os.path.dirname(os.path.abspath(__file__)),
    "../../build/release/jobs/coracle")
run(sys.argv[1], sys.argv[2])
