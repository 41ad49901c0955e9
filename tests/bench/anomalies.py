#!/usr/bin/env python3
"""How well densities tell outliers from the rest, beside scikit-learn.

    tests/bench/anomalies.py [--coracle PROGRAM] TABLE.csv...

A table has a header and, as its last column, 1 for an outlier and 0 for other
rows. Half of the rows, by lot, train: of the mixtures of 1 to 10 components and
of the four kinds of covariance the one of the least BIC is kept, of three starts
each. The other half is judged: the area under the ROC curve of the density.
Outliers are among the training rows too, and nothing is told of them.

Needs numpy, and scikit-learn for the column beside.
"""
import argparse
import json
import os
import subprocess
import tempfile

import numpy

COMPONENTS = range(1, 11)
TYPES = ("full", "tied", "diag", "spherical")
STARTS = 3
SEED = 42


def area(density, outlier):
    """Of an outlier and another row, how often the outlier's density is less."""
    order = numpy.argsort(density, kind="stable")
    _, first, count = numpy.unique(density[order], return_index=True,
                                   return_counts=True)
    rank = numpy.empty(len(density))
    rank[order] = numpy.repeat(first + (count + 1) / 2, count)
    n = outlier.sum()
    wrong = rank[outlier].sum() - n * (n + 1) / 2
    return 1 - wrong / (n * (len(outlier) - n))


def ours(program, train, test):
    import h5py

    def job(*words):
        out = subprocess.run([program, *map(str, words), "--json", "-q"],
                             check=True, stdout=subprocess.PIPE).stdout
        return json.loads(out)
    with tempfile.TemporaryDirectory() as folder:
        def path(name):
            return os.path.join(folder, name)
        for name, rows in (("train", train), ("test", test)):
            numpy.save(path(name + ".npy"), rows)
            job("ingest", "--matrix", path(name + ".npy"), "-o",
                path(name + ".h5"))
        found = job("gmm", path("train.h5"), "--components",
                    "%d:%d" % (COMPONENTS[0], COMPONENTS[-1]), "--covariance",
                    "all", "--n-init", STARTS, "--seed", SEED, "-o",
                    path("model.h5"))
        job("score", path("model.h5"), path("test.h5"), "-o", path("score.h5"))
        with h5py.File(path("score.h5"), "r") as file:
            return (file["log_density"][:], found["bic"], found["covariance"],
                    found["components"])


def theirs(train, test):
    import warnings
    from sklearn.mixture import GaussianMixture
    warnings.filterwarnings("ignore")
    best = None
    for kind in TYPES:
        for components in COMPONENTS:
            model = GaussianMixture(components, covariance_type=kind,
                                    n_init=STARTS, random_state=SEED)
            bic = model.fit(train).bic(train)
            if best is None or bic < best[1]:
                best = model, bic, kind, components
    return (best[0].score_samples(test), *best[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--coracle", default="coracle")
    parser.add_argument("table", nargs="+")
    options = parser.parse_args()
    print("| table | rows judged | outliers | ours: AUC | BIC | mixture | "
          "scikit-learn: AUC | BIC | mixture |")
    print("|---|---|---|---|---|---|---|---|---|")
    for table in options.table:
        rows = numpy.loadtxt(table, delimiter=",", skiprows=1)
        order = numpy.random.default_rng(SEED).permutation(len(rows))
        train, test = numpy.array_split(rows[order], 2)
        outlier = test[:, -1] != 0
        line = [os.path.basename(table), len(test), outlier.sum()]
        train, test = (numpy.ascontiguousarray(part[:, :-1])
                       for part in (train, test))
        results = [ours(options.coracle, train, test)]
        try:
            results.append(theirs(train, test))
        except ImportError:
            print("skipped: scikit-learn is not installed")
        for density, bic, kind, components in results:
            line += ["%.4f" % area(density, outlier), "%.0f" % bic,
                     "%d %s" % (components, kind)]
        print("| %s |" % " | ".join(map(str, line)), flush=True)


if __name__ == "__main__":
    main()
