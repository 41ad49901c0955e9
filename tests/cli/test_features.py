"""features: labelled examples of interactions beside a plain version."""
import csv
import datetime
import os
import sys
import unittest
from collections import Counter

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from coracle_test import (Case, DATA_BAD, IO, RANKS, USAGE,  # noqa: E402
                          main)

try:
    import h5py
    import numpy as np
except ImportError:
    h5py = None

NUMBERS = ["user_count", "item_count", "recency_days", "day_of_week", "hour"]
KINDS = ["view", "like", "", "buy, later", "über"]
ROME = "Europe/Rome"
HAS_ROME = os.path.exists("/usr/share/zoneinfo/" + ROME)


def made_up(count, begin, users, items, kinds, state):
    """Rows (user, item, value, time, kind, place, price) of a small generator;
    hours from one end of the year to the other, some before 1970."""
    rows = []
    for n in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
        a, b, c = state >> 33, state >> 41, state >> 50
        rows.append(("u%d" % (a % users * (b % 5) // 4),
                     b % items * (c % 3) // 2, 1 + c % 9 / 2,
                     begin + a % 40000000, kinds[c % len(kinds)],
                     "p%d" % (b % 4), "%.2f" % (a % 1000 / 8)))
    return rows


def local(time, hours):
    """A clock that is so many hours ahead, or in Rome."""
    if hours == ROME:
        import zoneinfo
        return datetime.datetime.fromtimestamp(time, zoneinfo.ZoneInfo(ROME))
    zone = datetime.timezone(datetime.timedelta(hours=hours))
    return (datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc) +
            datetime.timedelta(seconds=time)).astimezone(zone)


def in_order(rows):
    """As a store has them: by first appearance of the user, then by time."""
    place = {}
    for row in rows:
        place.setdefault(row[0], len(place))
    return sorted(rows, key=lambda row: (place[row[0]], row[3]))


class Plain:
    """Learns from rows and makes examples {name: value} of rows."""

    def __init__(self, train, columns, hours=0, scale="none"):
        self.columns, self.hours = columns, hours
        self.users = Counter(row[0] for row in train)
        self.items = Counter(row[1] for row in train)
        self.known = {k: {row[k] for row in train} - {""} for k in columns}
        self.newest = max(row[3] for row in train)
        table = np.array([self.numbers(row) for row in train], float)
        self.offset, self.factor = np.zeros(5), np.ones(5)
        if scale == "standard":
            self.offset, self.factor = table.mean(axis=0), table.std(axis=0)
        elif scale == "minmax":
            self.offset = table.min(axis=0)
            self.factor = table.max(axis=0) - self.offset
        self.factor[self.factor == 0] = 1

    def numbers(self, row):
        clock = local(row[3], self.hours)
        return [self.users[row[0]], self.items[row[1]],
                (self.newest - row[3]) // 86400, clock.weekday(), clock.hour]

    def example(self, row):
        found = {}
        if row[0] in self.users:
            found["user=%s" % row[0]] = 1
        if row[1] in self.items:
            found["item=%s" % row[1]] = 1
        for k, name in self.columns.items():
            if row[k] in self.known[k]:
                found["%s=%s" % (name, row[k])] = 1
        scaled = (np.array(self.numbers(row)) - self.offset) / self.factor
        found.update((n, v) for n, v in zip(NUMBERS, scaled) if v != 0)
        return found


def read(path):
    """Examples of a store as [{name: value}], names in order, labels."""
    with h5py.File(path, "r") as file:
        names = [name.decode() for name in file["features/name"][()]]
        begin = file["examples/begin"][()]
        feature = file["examples/feature"][()]
        value = file["examples/value"][()]
        label = file["examples/label"][()]
    rows = []
    for i in range(len(label)):
        here = slice(begin[i], begin[i + 1])
        assert (np.diff(feature[here]) > 0).all()
        rows.append(dict(zip((names[f] for f in feature[here]), value[here])))
    return rows, names, label


@unittest.skipUnless(h5py, "needs numpy and h5py")
class Features(Case):
    def store(self, name, rows, keep=("--keep", "kind,place,price")):
        path = self.path(name + ".csv")
        with open(path, "w", newline="", encoding="utf-8") as file:
            out = csv.writer(file)
            out.writerow(["user", "item", "rating", "timestamp", "kind",
                          "place", "price"])
            out.writerows(rows)
        self.ok("ingest", path, "-o", self.path(name + ".h5"), *keep)
        return self.path(name + ".h5")

    def setUp(self):
        super().setUp()
        self.rows = made_up(1500, -2000000, 60, 40, KINDS, 99)
        self.train = self.store("train", self.rows)

    def features(self, store, name, *args, **how):
        return self.ok("features", store, "-o", self.path(name), "--json",
                       *args, **how).json

    def check_scales(self, path, kind, plain, first):
        """The examples say how their numbers were scaled."""
        self.assertEqual(self.ok("info", self.path(path), "--json")
                         .json["scale"], kind)
        with h5py.File(self.path(path), "r") as file:
            scales = file["scales"]
            np.testing.assert_allclose(scales["offset"][()], plain.offset,
                                       rtol=1e-12)
            np.testing.assert_allclose(scales["scale"][()], plain.factor,
                                       rtol=1e-12)
            self.assertEqual(scales.attrs["first"], first)
            self.assertEqual(scales.attrs["newest"], plain.newest)

    def compare(self, path, rows, plain, labels):
        """The examples of a store are the plain ones."""
        found, names, label = read(self.path(path))
        self.assertEqual(len(found), len(rows))
        for one, row in zip(found, in_order(rows)):
            want = plain.example(row)
            self.assertEqual(set(one), set(want), row)
            for key in want:
                self.assertAlmostEqual(one[key], want[key], delta=1e-6 *
                                       max(1, abs(want[key])), msg=row)
        np.testing.assert_array_equal(
            label, np.array([labels(row) for row in in_order(rows)],
                            np.float32))
        return names, found

    def test_same_as_plain_version_on_all_ranks(self):
        first = None
        for ranks in RANKS:
            done = self.features(self.train, "%d.h5" % ranks, "--scale",
                                 "standard", ranks=ranks)
            first = first or done
            self.assertEqual(done, first)
            self.same(self.path("1.h5"), self.path("%d.h5" % ranks))
        self.features(self.train, "t.h5", "--scale", "standard", "--threads",
                      2, ranks=2)
        self.same(self.path("1.h5"), self.path("t.h5"))
        plain = Plain(self.rows, {4: "kind", 5: "place"}, scale="standard")
        names, found = self.compare("1.h5", self.rows, plain,
                                    lambda row: row[2])
        users = list(dict.fromkeys(row[0] for row in self.rows))
        items = list(dict.fromkeys(row[1] for row in self.rows))
        self.assertEqual(names[:len(users)], ["user=" + u for u in users])
        self.assertEqual(names[len(users):len(users) + len(items)],
                         ["item=%s" % i for i in items])
        self.assertEqual(names[-5:], NUMBERS)
        self.assertEqual(len(names), len(users) + len(items) + 4 + 4 + 5)
        self.check_scales("1.h5", "standard", plain, len(users) + len(items) + 8)
        values = [row[2] for row in self.rows]
        self.assertEqual(
            (first["rows"], first["features"], first["nonzeros"],
             first["labels"]["min"], first["labels"]["max"]),
            (1500, len(names), sum(map(len, found)), min(values),
             max(values)))
        self.assertAlmostEqual(first["labels"]["mean"], np.mean(values))
        self.assertEqual(set(first["unknown"].values()), {0})

    def test_of_a_test_store_by_what_train_knows(self):
        kinds = ["view", "gift", "like", ""]
        rows = made_up(400, 39000000, 80, 50, kinds, 7)
        test = self.store("test", rows)
        done = []
        for ranks in (1, 3, 7):
            done.append(self.features(
                test, "%d.h5" % ranks, "--like", self.train, "--label",
                "kind=like", "--scale", "minmax", "--timezone", "-03:30",
                ranks=ranks))
        self.assertEqual(done[0], done[1])
        self.assertEqual(done[0], done[2])
        plain = Plain(self.rows, {5: "place"}, hours=-3.5, scale="minmax")
        names, _ = self.compare("7.h5", rows, plain,
                                lambda row: row[4] == "like")
        self.features(self.train, "own.h5", "--label", "kind=like", "--scale",
                      "minmax", "--timezone", "-03:30", ranks=3)
        self.assertEqual(names, read(self.path("own.h5"))[1])
        for path in ("1.h5", "own.h5"):
            self.check_scales(path, "minmax", plain, len(names) - 5)
        strangers = sum(row[0] not in plain.users for row in rows)
        self.assertGreater(strangers, 10)
        self.assertEqual(done[0]["unknown"], {
            "users": strangers,
            "items": sum(row[1] not in plain.items for row in rows),
            "categories": 0})
        # a category that TRAIN has not seen
        done = self.features(test, "kinds.h5", "--like", self.train, "--label",
                             "price")
        plain = Plain(self.rows, {4: "kind", 5: "place"})
        self.compare("kinds.h5", rows, plain, lambda row: float(row[6]))
        self.assertEqual(done["unknown"]["categories"],
                         sum(row[4] == "gift" for row in rows))

    def test_parts_of_a_split(self):
        """Parts share their tables: who has no row in TRAIN is unknown."""
        parts = self.path("part")
        self.ok("split", self.train, "-o", parts)
        self.features(parts + ".test.h5", "x.h5", "--like",
                      parts + ".train.h5")
        rows = sorted(self.rows, key=lambda row: row[3])
        cut = rows[int(0.8 * len(rows))][3]
        plain = Plain([row for row in rows if row[3] < cut],
                      {4: "kind", 5: "place"})
        for one in read(self.path("x.h5"))[0]:
            user = [key for key in one if key.startswith("user=")]
            self.assertEqual(one.get("user_count", 0),
                             plain.users[user[0][5:]] if user else 0)
            self.assertLessEqual(one.get("recency_days", 0), 0)

    @unittest.skipUnless(HAS_ROME, "needs tzdata")
    def test_zone_with_summer_time(self):
        self.features(self.train, "x.h5", "--timezone", ROME, ranks=2)
        self.compare("x.h5", self.rows,
                     Plain(self.rows, {4: "kind", 5: "place"}, hours=ROME),
                     lambda row: row[2])

    def test_without_times_and_few_rows(self):
        path = self.path("few.h5")
        self.ok("ingest", self.write("few.csv", "user,item\na,x\nb,x\nb,y\n"),
                "-o", path)
        one = self.features(path, "1.h5")
        self.assertEqual(self.features(path, "7.h5", ranks=7), one)
        found, names, label = read(self.path("7.h5"))
        self.assertEqual(names, ["user=a", "user=b", "item=x", "item=y",
                                 "user_count", "item_count"])
        self.assertEqual(found[1], {"user=b": 1, "item=x": 1, "user_count": 2,
                                    "item_count": 2})
        self.assertEqual(list(label), [1, 1, 1])
        self.fails(DATA_BAD, "features", path, "-o", self.path("x.h5"),
                   "--like", self.train, says=[path, "times"])

    def test_refused(self):
        out = self.path("x.h5")

        def fails(code, *args, says, **how):
            self.fails(code, "features", self.train, "-o", out, *args,
                       says=says, **how)
        fails(USAGE, "--label", "colour", says=["colour", "--keep"], ranks=2)
        fails(USAGE, "--label", "kind", says="kind=NAME")
        fails(USAGE, "--label", "price=3", says="--label price")
        fails(USAGE, "--label", "kind=no such", says="no such")
        fails(USAGE, "--timezone", "+2", says="+2", ranks=2)
        for zone in ("../UTC", "+25:00", "tzdata.zi"):
            fails(USAGE, "--timezone", zone, says=zone)
        fails(IO, "--like", self.path("no.h5"), says="no.h5")
        plain = self.store("plain", self.rows[:9], keep=())
        self.fails(DATA_BAD, "features", plain, "-o", out, "--like",
                   self.train, says=["plain.h5", "kind", "--keep"])
        some = [row[:6] + ("" if n == 3 else row[6],)
                for n, row in enumerate(in_order(self.rows))]
        self.fails(DATA_BAD, "features", self.store("some", some), "-o", out,
                   "--label", "price", says=["some.h5", "interaction 4 ",
                                             "price"], ranks=3)
        self.assertFalse(os.path.exists(out))
        done = self.features(self.train, "x.h5", "--plan", ranks=2)
        self.assertEqual(set(done), {"rows_per_rank", "memory_per_rank",
                                     "memory_per_node", "disk"})
        self.assertFalse(os.path.exists(out))


if __name__ == "__main__":
    main()
