#!/usr/bin/env python3
"""How good lists from feedback are, beside `implicit` on the same split.

    tests/bench/feedback.py [--coracle PROGRAM] [--factors K] FOLDER

FOLDER holds lastfm/user_artists.dat (plays), gowalla/{train,validation,test}.txt
(check-ins, a user and its places a line) and beauty/Amazon_Beauty.inter (a
shop's sales in the order of time); what is not there is left out.

Each of the forms of `als --implicit`, and implicit's ALS, is fitted at every
point of its grid, of the same factors and iterations. The point with the best
NDCG on the validation part is judged on the test part, once, after training on
both other parts. Lists rank the whole catalogue but for what a user has already;
Beauty's users are judged by their last item, and tuned by the one before.
Ours are judged by `coracle evaluate`, theirs by the same definitions here.

Needs numpy and h5py, and implicit and scipy for the rows beside.
"""
import argparse
import itertools
import json
import math
import os
import subprocess
import tempfile

# implicit brings its own threads, which those of BLAS would fight with.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import h5py  # noqa: E402
import numpy  # noqa: E402

ITERATIONS = 15
# Feedback that counts is weighed lightly, single clicks more.
ALPHA = {"lastfm": (.01, .05, .2), "gowalla": (2, 10, 40),
         "beauty": (2, 10, 40)}
REG = (.1, 5, 50)
UNOBSERVED = (.01, .03, .1, .3)
SHARED_REG = (.003, .01, .03, .1)


class Set:
    """A set's parts as stores, and what its lists are judged by."""

    def __init__(self, coracle, name, folder):
        self.coracle, self.name, self.folder = coracle, name, folder
        self.metric, self.at = ("hit_rate", 10) if name == "beauty" else (
            "recall", 20)

    def path(self, part):
        return os.path.join(self.folder, "%s.%s.h5" % (self.name, part))

    def make(self, source):
        """The parts train, valid, test, and both (train and valid together).
        False where the files are not there."""
        if self.name == "gowalla":
            files = {part: os.path.join(source, part + ".txt") for part in
                     ("train", "validation", "test")}
            if not os.path.exists(files["train"]):
                return False
            for part, taken in (("train", ["train"]), ("valid", ["validation"]),
                                ("test", ["test"]),
                                ("both", ["train", "validation"])):
                self.coracle("ingest", *(files[one] for one in taken),
                             "--format", "lists", "-o", self.path(part))
            return True
        file = os.path.join(source, {"lastfm": "user_artists.dat",
                                     "beauty": "Amazon_Beauty.inter"}[self.name])
        if not os.path.exists(file):
            return False
        how = (["--format", "tsv", "--columns",
                "user=userID,item=artistID,value=weight"]
               if self.name == "lastfm" else [])
        self.coracle("ingest", file, *how, "-o", self.path("raw"))
        whole = self.path("raw")
        if self.name == "lastfm":
            whole = self.path("core")
            self.coracle("kcore", self.path("raw"), "--users", 5, "--items", 5,
                         "-o", whole)
        self.cut(whole, "both", "test", 9)
        self.cut(self.path("both"), "train", "valid", 8)
        return True

    def cut(self, store, first, second, share):
        how = (["--by", "last"] if self.name == "beauty" else
               ["--by", "random", "--fractions",
                "%.17g,%.17g" % (share / (share + 1), 1 / (share + 1))])
        prefix = os.path.join(self.folder, self.name + ".cut")
        self.coracle("split", store, *how, "-o", prefix)
        os.replace(prefix + ".train.h5", self.path(first))
        os.replace(prefix + ".test.h5", self.path(second))


def ours(data, settings, train, test):
    """The metric and NDCG of a fit with these settings."""
    model = os.path.join(data.folder, "model.h5")
    words = [word for pair in settings.items() for word in pair]
    data.coracle("als", data.path(train), "--implicit", "--iterations",
                 ITERATIONS, *words, "-o", model)
    found = data.coracle("evaluate", model, data.path(test), "--seen",
                         data.path(train), "--at", data.at)
    return (found["%s@%d" % (data.metric, data.at)],
            found["ndcg@%d" % data.at], found["users"])


def read(store, user_ids, item_ids):
    """User, item, value of a store, numbered by the dictionaries given, which
    grow."""
    with h5py.File(store, "r") as file:
        ids = [[known.setdefault(str(one), len(known)) for one in
                file[side + "s/id"].asstr()[:]] if
               h5py.check_string_dtype(file[side + "s/id"].dtype) else
               [known.setdefault(str(one), len(known)) for one in
                file[side + "s/id"][:]]
               for side, known in (("user", user_ids), ("item", item_ids))]
        inside = file["interactions"]
        user, item = (numpy.array(known, "i8")[inside[side][:]]
                      for known, side in zip(ids, ("user", "item")))
        value = (inside["value"][:] if "value" in inside
                 else numpy.ones(len(user)))
    return user, item, value.astype("f4")


def theirs(data, settings, train, test):
    import logging
    from implicit.cpu.als import AlternatingLeastSquares
    from scipy.sparse import csr_matrix
    logging.disable(logging.WARNING)
    users, items = {}, {}
    user, item, value = read(data.path(train), users, items)
    known = len(users)
    wanted = {}
    for u, i in zip(*read(data.path(test), users, items)[:2]):
        if u < known:
            wanted.setdefault(int(u), set()).add(int(i))
    catalogue = int(item.max()) + 1
    plays = csr_matrix((1 + settings["--alpha"] * value, (user, item)),
                       shape=(known, catalogue))
    model = AlternatingLeastSquares(
        factors=settings["--factors"], regularization=settings["--reg"],
        alpha=1, iterations=ITERATIONS, use_cg=False, random_state=42)
    model.fit(plays, show_progress=False)
    who = numpy.array(sorted(wanted))
    lists, _ = model.recommend(who, plays[who], N=data.at,
                               filter_already_liked_items=True)
    hits, gains = [], []
    for u, row in zip(who, lists):
        places = [p for p, i in enumerate(row) if int(i) in wanted[u]]
        ideal = min(data.at, len(wanted[u]))
        hits.append(len(places) / len(wanted[u]) if data.metric == "recall"
                    else float(bool(places)))
        gains.append(sum(1 / math.log2(p + 2) for p in places) /
                     sum(1 / math.log2(p + 2) for p in range(ideal)))
    return float(numpy.mean(hits)), float(numpy.mean(gains)), len(who)


def grids(name, factors):
    """Who, what is fitted, the settings to try."""
    def points(**axes):
        names = ["--" + axis.replace("_", "-") for axis in axes]
        return [{"--factors": factors, **dict(zip(names, values))}
                for values in itertools.product(*axes.values())]
    return (("ours, as Hu, Koren and Volinsky", ours,
             points(alpha=ALPHA[name], reg=REG)),
            ("ours, as Rendle et al.", ours,
             points(unobserved_weight=UNOBSERVED, reg=SHARED_REG,
                    reg_exponent=(1,),
                    alpha=(0,) if name == "lastfm" else (1,))),
            ("implicit", theirs, points(alpha=ALPHA[name], reg=REG)))


def judge(data, factors):
    for who, fit, points in grids(data.name, factors):
        try:
            trials = [(fit(data, point, "train", "valid")[1], n)
                      for n, point in enumerate(points)]
        except ImportError as missing:
            print("skipped: %s: %s" % (who, missing))
            continue
        best = points[max(trials)[1]]
        found = fit(data, best, "both", "test")
        print("| %s | %s | %s@%d %.4f | NDCG@%d %.4f | %d | %s |" % (
            data.name, who, data.metric, data.at, found[0], data.at, found[1],
            found[2], " ".join("%s %g" % pair for pair in best.items())),
            flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--coracle", default="coracle")
    parser.add_argument("--factors", type=int, default=64)
    parser.add_argument("--sets", default="lastfm,gowalla,beauty")
    parser.add_argument("folder")
    options = parser.parse_args()

    def coracle(job, *words):
        out = subprocess.run([options.coracle, job, *map(str, words), "--json",
                              "-q", "--force"], check=True,
                             stdout=subprocess.PIPE).stdout
        return json.loads(out)
    print("| set | who | | | users | settings |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in options.sets.split(","):
            data = Set(coracle, name, folder)
            if data.make(os.path.join(options.folder, name)):
                judge(data, options.factors)
            else:
                print("skipped: %s is not in %s" % (name, options.folder))


if __name__ == "__main__":
    main()
