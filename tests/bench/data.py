"""The data of the benchmark: sets of the shapes of real ones, as CSV.

    data.py rated NAME USERS ITEMS ROWS SEED FOLDER   dense, like film ratings
    data.py shop USERS ITEMS ROWS SEED FILE.csv       sparse, like a shop's sales
    data.py csv STORE FILE.csv                        what a store holds
    data.py npz FILE.npz FILE.csv                     columns u, i, r, t
    data.py raw STORE PREFIX                          .u .i .r .te, for a probe
    data.py decaying ROWS COLUMNS SEED FILE.npy       a matrix of directions that
                                                      matter less and less
    data.py clusters ROWS COLUMNS COMPONENTS SEED FILE.npy
                                                      rows of some Gaussians, and
                                                      FILE.start.npy, some rows

Needs numpy; `csv` and `raw` need h5py.
"""
import sys

import numpy

FIRST, LAST = 789652009, 1427784002  # seconds since 1970: 1995 to 2015
HEADER = "userId,movieId,rating,timestamp\n"


def write_csv(path, user, item, value, time):
    with open(path, "w") as file:
        file.write(HEADER)
        for a in range(0, len(user), 1 << 18):
            part = slice(a, a + (1 << 18))
            rows = zip(user[part].tolist(), item[part].tolist(),
                       value[part].tolist(), time[part].tolist())
            file.write("".join(["%d,%d,%.1f,%d\n" % row for row in rows]))


def draw_pairs(random, user_weight, item_weight, rows):
    """Different pairs of user and item, in no order, drawn by weights."""
    items = len(item_weight)
    ends = [numpy.cumsum(w / w.sum()) for w in (user_weight, item_weight)]
    name = random.permutation(items)  # the popular are not the first
    keys = numpy.empty(0, numpy.int64)
    while len(keys) < rows:
        more = int((rows - len(keys)) * 1.5) + 1000
        user, item = (numpy.searchsorted(end, random.random(more))
                      .clip(0, len(end) - 1) for end in ends)
        keys = numpy.unique(numpy.concatenate([keys, user * items + name[item]]))
    keys = random.permutation(keys)[:rows]
    return keys // items, keys % items


def planted(random, user, item, users, items, rank=16):
    """Half stars from biases, a product of factors and noise."""
    bias = random.normal(0, .4, users), random.normal(0, .45, items)
    factor = [random.normal(0, .33, (n, rank)).astype("f4")
              for n in (users, items)]
    value = 3.5 + bias[0][user] + bias[1][item]
    for a in range(0, len(user), 1 << 20):
        part = slice(a, a + (1 << 20))
        value[part] += (factor[0][user[part]] * factor[1][item[part]]).sum(1)
    value += random.normal(0, .75, len(user))
    return numpy.clip(numpy.round(value * 2) / 2, .5, 5)


def times(random, rows):
    return random.integers(FIRST, LAST, rows)


def rated(name, users, items, rows, seed, folder):
    users, items, rows = int(users), int(items), int(rows)
    random = numpy.random.default_rng(int(seed))
    activity = numpy.maximum(random.lognormal(0, 1.1, users), .08)
    user, item = draw_pairs(random, activity,
                            1 / (numpy.arange(items) + 10.), rows)
    value = planted(random, user, item, users, items)
    write_csv("%s/%s.csv" % (folder, name), user, item, value,
              times(random, rows))


def shop(users, items, rows, seed, path):
    users, items, rows = int(users), int(items), int(rows)
    random = numpy.random.default_rng(int(seed))
    user, item = draw_pairs(random, random.lognormal(0, 1.3, users),
                            (numpy.arange(items) + 20.) ** -.85, rows)
    write_csv(path, user, item, random.integers(1, 11, rows) / 2,
              times(random, rows))


def read_store(path):
    import h5py
    with h5py.File(path, "r") as store:
        rows = store["interactions"]
        return [rows[name][:] for name in ("user", "item", "value", "time")]


def csv(store, path):
    """In an order that is not the store's, as data in the wild."""
    columns = read_store(store)
    order = numpy.random.default_rng(1).permutation(len(columns[0]))
    write_csv(path, *(column[order] for column in columns))


def npz(source, path):
    columns = numpy.load(source)
    write_csv(path, *(columns[name] for name in "uirt"))


def decaying(rows, columns, seed, path):
    """A tenth of its directions hold most of its variance, as in pictures."""
    rows, columns = int(rows), int(columns)
    random = numpy.random.default_rng(int(seed))
    rank = min(rows, columns)
    size = 1 / (1 + numpy.arange(rank)) + .002
    with open(path, "wb") as file:
        numpy.save(file, .5 + (random.normal(size=(rows, rank)) * size) @
                   random.normal(size=(rank, columns)))


def clusters(rows, columns, components, seed, path):
    rows, columns, components = int(rows), int(columns), int(components)
    random = numpy.random.default_rng(int(seed))
    mean = random.normal(size=(components, columns))
    value = mean[random.integers(components, size=rows)]
    value += random.normal(size=value.shape)
    numpy.save(path, value)
    numpy.save(path[:-len("npy")] + "start.npy",
               value[random.integers(rows, size=components)])


def raw(store, prefix):
    user, item, value, _ = read_store(store)
    user.astype("u4").tofile(prefix + ".u")
    item.astype("u4").tofile(prefix + ".i")
    value.astype("f4").tofile(prefix + ".r")
    numpy.zeros(len(user), "u1").tofile(prefix + ".te")


if __name__ == "__main__":
    {work.__name__: work for work in (rated, shop, csv, npz, decaying, clusters,
                                      raw)}[
        sys.argv[1]](*sys.argv[2:])
