"""The whole way from ratings to sequences as people write it with pandas, with
Polars, with DuckDB: cut at the times of 80% and 90%, keep the k-core of the first
part, cut and number the others alike, write a line a user and a line a prefix.

Each leaves the files that ours does (Polars and DuckDB that of lines alone, the
rest is loops in Python for them as well), and says what each step took.
"""
import os
import time

import numpy

THREADS = int(os.environ.get("OMP_NUM_THREADS", "1"))
MOST = 50  # items of a prefix


class Steps:
    """Seconds of each step, one after the other."""

    def __init__(self):
        self.steps = {}
        self.start, self.cpu = time.perf_counter(), time.process_time()
        self.last = self.start

    def done(self, name):
        now = time.perf_counter()
        self.steps[name] = now - self.last
        self.last = now

    def result(self):
        return {"seconds": self.last - self.start,
                "cpu": time.process_time() - self.cpu, "steps": self.steps}


def cuts_of(times):
    """The times of the ranks 80% and 90%."""
    places = [len(times) * 8 // 10, len(times) * 9 // 10]
    return numpy.partition(times, places)[places]


# ---- pandas ----

def pandas_core(left, k):
    while True:
        users, items = left.u.value_counts(), left.i.value_counts()
        stay = (left.u.map(users) >= k) & (left.i.map(items) >= k)
        if stay.all():
            return left
        left = left[stay]


def pandas_core_by_groups(left, k):
    """As notebooks have it: a call of Python for each user and item."""
    while True:
        rows = len(left)
        for name in ("u", "i"):
            left = left.groupby(name).filter(lambda group: len(group) >= k)
        if len(left) == rows:
            return left


def pandas_lists(part):
    """User -> its items in the order of time, as texts."""
    part = part.sort_values(["u", "t"], kind="stable")
    part.i = part.i.astype(str)
    return part.groupby("u").i.agg(list).to_dict()


def write_prefixes(path, own, *histories):
    with open(path, "w") as file:
        for user, items in own.items():
            all_ = [item for part in histories for item in part.get(user, ())]
            begin = max(len(all_), 1)
            all_ += items
            file.writelines("%d\t%s\t%s\n" % (
                user, " ".join(all_[max(0, end - MOST):end]), all_[end])
                for end in range(begin, len(all_)))


def pandas_pipeline(path, folder, k, core_of=pandas_core):
    import pandas
    steps = Steps()
    data = pandas.read_csv(path, dtype={
        "userId": "int32", "movieId": "int32", "rating": "float32",
        "timestamp": "int64"})
    data.columns = ["u", "i", "r", "t"]
    steps.done("ingest")
    first, second = cuts_of(data.t.to_numpy())
    parts = [data[data.t < first],
             data[(data.t >= first) & (data.t < second)],
             data[data.t >= second]]
    steps.done("split")
    core = core_of(parts[0], int(k))
    numbers = {}
    for name in ("u", "i"):
        stay = data[name][data[name].isin(core[name].unique())].unique()
        numbers[name] = pandas.Series(numpy.arange(1, len(stay) + 1), stay)
    parts = [part[part.u.isin(numbers["u"].index) &
                  part.i.isin(numbers["i"].index)].copy() for part in parts]
    for part in parts:
        part.u = part.u.map(numbers["u"])
        part.i = part.i.map(numbers["i"])
    steps.done("kcore")
    lists = [pandas_lists(part) for part in parts]
    with open(os.path.join(folder, "users.txt"), "w") as file:
        file.writelines("%d %s\n" % (user, " ".join(items))
                        for user, items in lists[0].items())
    steps.done("lines")
    for last, name in enumerate(("train", "valid", "test")):
        write_prefixes(os.path.join(folder, name + ".tsv"), lists[last],
                       *lists[:last])
    steps.done("prefixes")
    return steps.result()


def pandas_groups_pipeline(path, folder, k):
    return pandas_pipeline(path, folder, k, pandas_core_by_groups)


# ---- Polars ----

def polars_core(left, k):
    import polars
    while True:
        stay = left.filter((polars.len().over("u") >= k) &
                           (polars.len().over("i") >= k))
        if len(stay) == len(left):
            return left
        left = stay


def polars_numbers(data, core, name):
    """Those who stay, in the order in which the data names them first."""
    stay = data.select(name).unique(maintain_order=True).join(
        core.select(name).unique(), on=name, how="semi",
        maintain_order="left")
    return stay.with_row_index("n" + name, 1)


def polars_pipeline(path, folder, k):
    import polars
    steps = Steps()
    data = polars.read_csv(path, new_columns=["u", "i", "r", "t"])
    steps.done("ingest")
    first, second = cuts_of(data["t"].to_numpy())
    time_ = polars.col("t")
    parts = [data.filter(time_ < first),
             data.filter((time_ >= first) & (time_ < second)),
             data.filter(time_ >= second)]
    steps.done("split")
    core = polars_core(parts[0], int(k))
    numbers = [polars_numbers(data, core, name) for name in ("u", "i")]
    parts = [part.join(numbers[0], on="u", maintain_order="left").join(
        numbers[1], on="i", maintain_order="left") for part in parts]
    steps.done("kcore")
    lines = parts[0].sort("nu", "t", maintain_order=True).group_by(
        "nu", maintain_order=True).agg(
            polars.col("ni").cast(str).str.join(" "))
    lines.write_csv(os.path.join(folder, "users.txt"), include_header=False,
                    separator=" ", quote_style="never")
    steps.done("lines")
    return steps.result()


# ---- DuckDB ----

DUCK_CORE = """
CREATE OR REPLACE TABLE core AS SELECT * FROM core
WHERE u IN (SELECT u FROM core GROUP BY u HAVING count(*) >= %d)
AND i IN (SELECT i FROM core GROUP BY i HAVING count(*) >= %d)"""

# Numbers by where the data names a user or an item first.
DUCK_NUMBER = """
CREATE TABLE number_{0} AS
SELECT {0}, row_number() OVER (ORDER BY place) AS n FROM
(SELECT {0}, min(place) AS place FROM data
 WHERE {0} IN (SELECT {0} FROM core) GROUP BY {0})"""

DUCK_CUT = """
CREATE OR REPLACE TABLE {0} AS
SELECT a.n AS u, b.n AS i, t, place FROM {0}
JOIN number_u AS a USING (u) JOIN number_i AS b USING (i)"""

DUCK_LINES = """
COPY (SELECT u, string_agg(i, ' ' ORDER BY t, place) FROM train
      GROUP BY u ORDER BY u)
TO '%s' (HEADER false, DELIMITER ' ', QUOTE '')"""


def duckdb_pipeline(path, folder, k):
    import duckdb
    base = duckdb.connect()
    base.execute("SET threads = %d" % THREADS)
    steps = Steps()
    base.execute("CREATE TABLE data AS SELECT row_number() OVER () AS place, "
                 "userId AS u, movieId AS i, rating AS r, timestamp AS t "
                 "FROM read_csv('%s')" % path)
    steps.done("ingest")
    times = base.execute("SELECT t FROM data").fetchnumpy()["t"]
    first, second = cuts_of(times)
    base.execute("CREATE TABLE train AS SELECT * FROM data WHERE t < %d" %
                 first)
    base.execute("CREATE TABLE valid AS SELECT * FROM data WHERE t >= %d "
                 "AND t < %d" % (first, second))
    base.execute("CREATE TABLE test AS SELECT * FROM data WHERE t >= %d" %
                 second)
    steps.done("split")
    base.execute("CREATE TABLE core AS SELECT u, i FROM train")
    left = None
    while left != (left := base.execute(
            "SELECT count(*) FROM core").fetchone()):
        base.execute(DUCK_CORE % (int(k), int(k)))
    for name in ("u", "i"):
        base.execute(DUCK_NUMBER.format(name))
    for name in ("train", "valid", "test"):
        base.execute(DUCK_CUT.format(name))
    steps.done("kcore")
    base.execute(DUCK_LINES % os.path.join(folder, "users.txt"))
    steps.done("lines")
    return steps.result()


PIPELINES = (pandas_pipeline, pandas_groups_pipeline, polars_pipeline,
             duckdb_pipeline)
