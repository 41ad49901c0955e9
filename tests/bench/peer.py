"""One peer doing one thing once: prints {"seconds": ..., "cpu": ...} for the work alone,
without starting and without reading its data (but where reading is the work).

    peer.py NAME ARGUMENT...

A peer that is not installed ends with exit code 77.
"""
import json
import os
import sys
import time

import h5py
import numpy

from peer_pipeline import PIPELINES

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))


def columns(store, *names):
    with h5py.File(store, "r") as file:
        return [file["interactions"][name][:] for name in names]


def timed(work):
    start, cpu = time.perf_counter(), time.process_time()
    work()
    return {"seconds": time.perf_counter() - start,
            "cpu": time.process_time() - cpu}


# ---- reading a CSV ----

def pandas_typed(path):
    import pandas
    types = {"userId": "int32", "movieId": "int32", "rating": "float32",
             "timestamp": "int64"}
    return timed(lambda: pandas.read_csv(path, dtype=types))


def pandas_untyped(path):
    import pandas
    return timed(lambda: pandas.read_csv(path))


def polars_read(path):
    import polars
    return timed(lambda: polars.read_csv(path))


def duckdb_read(path):
    import duckdb
    base = duckdb.connect()
    base.execute("SET threads = %d" % THREADS)
    return timed(lambda: base.execute(
        "CREATE TABLE t AS SELECT * FROM read_csv('%s')" % path))


# ---- k-core ----

def pandas_kcore(store, k):
    import pandas
    user, item, value, when = columns(store, "user", "item", "value", "time")
    data = pandas.DataFrame({"u": user, "i": item, "r": value, "t": when})
    k = int(k)

    def loop():
        left = data
        while True:
            users, items = left.u.value_counts(), left.i.value_counts()
            stay = (left.u.map(users) >= k) & (left.i.map(items) >= k)
            if stay.all():
                return
            left = left[stay]
    return timed(loop)


def numpy_kcore(store, k):
    user, item = columns(store, "user", "item")
    k = int(k)

    def loop():
        u, i = user, item
        while True:
            stay = (numpy.bincount(u)[u] >= k) & (numpy.bincount(i)[i] >= k)
            if stay.all():
                return
            u, i = u[stay], i[stay]
    return timed(loop)


# ---- split by time ----

def pandas_split(store):
    import pandas
    user, item, value, when = columns(store, "user", "item", "value", "time")
    data = pandas.DataFrame({"u": user, "i": item, "r": value, "t": when})
    n = len(data)

    def split():
        ordered = data.sort_values("t", kind="stable")
        return (ordered[:n * 8 // 10], ordered[n * 8 // 10:n * 9 // 10],
                ordered[n * 9 // 10:])
    return timed(split)


# ---- factorisation ----

def sparse(store):
    from scipy.sparse import csr_matrix
    user, item, value = columns(store, "user", "item", "value")
    return csr_matrix((value, (user, item)))


def implicit_als(store, factors, iterations, cg):
    """Seconds of the median iteration, both sides."""
    from implicit.cpu.als import AlternatingLeastSquares
    matrix = sparse(store)
    model = AlternatingLeastSquares(
        factors=int(factors), iterations=int(iterations), use_cg=cg == "cg",
        use_native=True, num_threads=THREADS, random_state=1)
    spans = []
    model.fit(matrix, show_progress=False,
              callback=lambda i, seconds, loss: spans.append(seconds))
    return {"seconds": float(numpy.median(spans))}


def implicit_recommend(store, factors, n):
    """Factors of no meaning serve: the time does not depend on them."""
    from implicit.cpu.als import AlternatingLeastSquares
    matrix = sparse(store)
    random = numpy.random.default_rng(1)
    model = AlternatingLeastSquares(factors=int(factors), num_threads=THREADS)
    model.user_factors, model.item_factors = (
        random.normal(0, .1, (rows, int(factors))).astype("f4")
        for rows in matrix.shape)
    users = numpy.arange(matrix.shape[0])
    return timed(lambda: model.recommend(users, matrix, N=int(n)))


def implicit_cosine(store, nearest):
    from implicit.nearest_neighbours import CosineRecommender
    matrix = sparse(store)
    model = CosineRecommender(K=int(nearest), num_threads=THREADS)
    return timed(lambda: model.fit(matrix, show_progress=False))


# ---- components ----

def sklearn_pca(store, components, solver):
    from sklearn.decomposition import PCA
    with h5py.File(store, "r") as file:
        rows = file["matrix"][:]
    share = float(components)
    model = PCA(share if share < 1 else int(share), svd_solver=solver,
                random_state=1)
    return timed(lambda: model.fit(rows))


def sklearn_gmm(store, start, components, covariance):
    """One iteration: what some take more than one; the more, the less one costs
    beside the rest of a fit."""
    import warnings
    from sklearn.mixture import GaussianMixture
    warnings.filterwarnings("ignore")
    with h5py.File(store, "r") as file:
        rows = file["matrix"][:]
    count, columns = int(components), rows.shape[1]
    identity = {"full": numpy.stack([numpy.eye(columns)] * count),
                "tied": numpy.eye(columns),
                "diag": numpy.ones((count, columns)),
                "spherical": numpy.ones(count)}[covariance]

    def fit(iterations):
        model = GaussianMixture(
            count, covariance_type=covariance, tol=0, max_iter=iterations,
            means_init=numpy.load(start), precisions_init=identity,
            weights_init=numpy.full(count, 1 / count), init_params="random")
        return model, timed(lambda: model.fit(rows))
    some = 3 if covariance in ("full", "tied") and columns > 8 else 7
    _, one = fit(1)
    model, last = fit(some)
    return {"seconds": (last["seconds"] - one["seconds"]) / (some - 1),
            "cpu": (last["cpu"] - one["cpu"]) / (some - 1),
            "iterations": some, "lower_bound": model.lower_bound_}


PEERS = (pandas_typed, pandas_untyped, polars_read, duckdb_read, pandas_kcore,
         numpy_kcore, pandas_split, implicit_als, implicit_recommend,
         implicit_cosine,
         sklearn_pca, sklearn_gmm, *PIPELINES)

if __name__ == "__main__":
    try:
        found = {peer.__name__: peer for peer in PEERS}[sys.argv[1]](
            *sys.argv[2:])
    except ImportError as missing:
        print(missing, file=sys.stderr)
        sys.exit(77)
    print(json.dumps(found))
