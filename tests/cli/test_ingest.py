"""`coracle ingest` and `coracle info` from end to end: real data and small files,
against Python's own csv module, at every rank count."""
import collections
import csv
import io
import os
import stat
import struct
import subprocess

from coracle_test import (DATA_BAD, IO, RANKS, USAGE, Case, data, datasets,
                          main)


def dump(store, name, order):
    """The bytes of a dataset, by h5dump."""
    raw = store + ".bin"
    subprocess.run(["h5dump", "-d", name, "-b", order, "-o", raw, store],
                   check=True, stdout=subprocess.DEVNULL)
    with open(raw, "rb") as file:
        content = file.read()
    os.unlink(raw)
    return content


def column(store, name, code):
    """A numeric dataset as a list."""
    content = dump(store, name, "LE")
    return list(struct.unpack("<%d%s" % (len(content) // struct.calcsize(code),
                                         code), content))


def texts(store, name):
    """A text dataset as a list; its width is in the file."""
    shape = subprocess.run(["h5dump", "-H", "-d", name, store], check=True,
                           stdout=subprocess.PIPE).stdout.decode()
    width = int(shape.split("STRSIZE")[1].split(";")[0])
    content = dump(store, name, "FILE")
    return [content[i:i + width].rstrip(b"\0").decode("utf-8")
            for i in range(0, len(content), width)]


def is_integer(text):
    return text.lstrip("-").isdigit() and str(int(text)) == text


def ids(store, name, sample):
    """Ids as texts, checked to be integers on disk where all are."""
    if all(is_integer(text) for text in sample):
        return [str(number) for number in column(store, name, "q")]
    return texts(store, name)


Row = collections.namedtuple("Row", "user item value time")


def expected(rows, key=None):
    """(users, items, sorted numbered rows) as ingest should make them."""
    tables = []
    for side in (0, 1):
        names = list(dict.fromkeys(row[side] for row in rows))
        tables.append(sorted(names, key=key) if key else names)
    users, items = ({name: n for n, name in enumerate(table)}
                    for table in tables)
    numbered = [Row(users[r.user], items[r.item], r.value, r.time)
                for r in rows]
    numbered.sort(key=lambda r: (r.user, r.time or 0))  # stable
    return tables[0], tables[1], numbered


class Ingest(Case):
    maxDiff = 1000

    def holds(self, store, rows, key=None):
        users, items, numbered = expected(rows, key)
        self.assertEqual(ids(store, "/users/id", users), users)
        self.assertEqual(ids(store, "/items/id", items), items)
        self.assertEqual(column(store, "/interactions/user", "i"),
                         [r.user for r in numbered])
        self.assertEqual(column(store, "/interactions/item", "i"),
                         [r.item for r in numbered])
        self.assertEqual(column(store, "/interactions/value", "f"),
                         [struct.unpack("f", struct.pack("f", r.value))[0]
                          for r in numbered])
        has_time = "/interactions/time" in datasets(store)
        self.assertEqual(has_time, rows[0].time is not None)
        if has_time:
            self.assertEqual(column(store, "/interactions/time", "q"),
                             [r.time for r in numbered])

    def everywhere(self, *args, **how):
        """Ingest at every rank count, with equal stores and equal JSON."""
        results = []
        for ranks in RANKS:
            store = self.path("%d.h5" % ranks)
            threads = {1: 1, 2: 2, 3: 5}.get(ranks, 1)
            done = self.ok("ingest", *args, "-o", store, "--json", "--force",
                           "--threads", threads, ranks=ranks, **how)
            results.append(done.json)
            self.assertEqual(results[0], done.json)
            if ranks > 1:
                self.same(self.path("1.h5"), store)
        return self.path("1.h5"), results[0]


class RealData(Ingest):
    def test_movielens(self):
        ratings = data("data", "ml-latest-small", "ratings.csv")
        movies = data("data", "ml-latest-small", "movies.csv")
        with open(ratings, newline="") as file:
            rows = [Row(r["userId"], r["movieId"], float(r["rating"]),
                        int(r["timestamp"])) for r in csv.DictReader(file)]
        store, found = self.everywhere(ratings, "--titles", movies)
        self.assertEqual((found["interactions"], found["users"],
                          found["items"], found["rejected"]),
                         (100836, 610, 9724, 0))
        self.assertEqual(found["time"], {"min": 828124615, "max": 1537799250})
        self.assertEqual((found["value"]["min"], found["value"]["max"]),
                         (0.5, 5.0))
        self.assertAlmostEqual(found["value"]["mean"],
                               sum(r.value for r in rows) / len(rows), 12)
        self.assertAlmostEqual(found["density"], 100836 / (610 * 9724), 15)
        self.holds(store, rows)
        with open(movies, newline="", encoding="utf-8") as file:
            title = {r["movieId"]: r["title"] for r in csv.DictReader(file)}
        items = ids(store, "/items/id", ["1"])
        self.assertEqual(texts(store, "/items/title"),
                         [title[item] for item in items])

    def test_lastfm(self):
        plays = data("data", "lastfm", "user_artists.dat")
        artists = data("data", "lastfm", "artists.dat")
        with open(plays) as file:
            rows = []
            for line in list(file)[1:]:
                user, item, value = line.rstrip("\n").split("\t")
                rows.append(Row(user, item, float(value), None))
        store, found = self.everywhere(plays, "--titles", artists)
        self.assertEqual((found["interactions"], found["users"],
                          found["items"]), (92834, 1892, 17632))
        self.assertNotIn("time", found)
        self.holds(store, rows)
        with open(artists, encoding="utf-8") as file:
            name = dict(line.split("\t")[:2] for line in list(file)[1:])
        items = ids(store, "/items/id", ["1"])
        self.assertEqual(texts(store, "/items/title"),
                         [name[item] for item in items])

    def test_beauty(self):
        pairs = data("data", "beauty", "Amazon_Beauty.inter")
        with open(pairs) as file:
            rows = [Row(*line.split(), 1.0, None) for line in list(file)[1:]]
        store, found = self.everywhere(pairs, "--id-order", "sorted")
        self.assertEqual((found["interactions"], found["users"],
                          found["items"]), (198502, 22363, 12101))
        self.holds(store, rows, key=int)


class SmallFiles(Ingest):
    def test_text_ids_sorted_by_bytes(self):
        names = ["b", "a", "aa", "é", "B", "10", "9", "common prefix long 2",
                 "common prefix long 1", "common prefix long"]
        names += ["user %d of many" % (k * 7919 % 1000) for k in range(300)]
        rows = [Row(name, names[-1 - n], n / 2, 5 * n)
                for n, name in enumerate(names)]
        path = self.write("ids.tsv", "".join(
            "%s\t%s\t%s\t%d\n" % row for row in rows))
        store, _ = self.everywhere(path, "--id-order", "sorted")
        self.holds(store, rows, key=lambda name: name.encode())

    def test_quotes_as_python_reads_them(self):
        content = io.StringIO(newline="")
        writer = csv.writer(content, lineterminator="\r\n")
        writer.writerow(["note", "itemId", "userId", "rating"])
        for n in range(500):
            writer.writerow(['a "note",\n' * (n % 4), 'it,em "%d"' % (n % 37),
                             "us\ner\r\n%d" % (n % 91), n % 9 / 2])
        path = self.write("nasty.csv", content.getvalue())
        with open(path, newline="") as file:
            rows = [Row(r["userId"], r["itemId"], float(r["rating"]), None)
                    for r in csv.DictReader(file)]
        store, _ = self.everywhere(path)
        self.holds(store, rows)

    def test_double_colons(self):
        path = self.write("ratings.dat", "1::1193::5::978300760\r\n"
                          "1::661::3::978302109\r\n2::1193::4::978298413")
        titles = self.write("movies.dat", "1193::One: Flew (1975)::Drama\n"
                            "661::\"James\" & Peach::A|B\n7::None::C\n")
        store, found = self.everywhere(path, "--titles", titles)
        self.holds(store, [Row("1", "1193", 5.0, 978300760),
                           Row("1", "661", 3.0, 978302109),
                           Row("2", "1193", 4.0, 978298413)])
        self.assertEqual(texts(store, "/items/title"),
                         ["One: Flew (1975)", '"James" & Peach'])
        self.assertEqual(found["titles"], 2)

    def test_several_files_with_and_without_header(self):
        one = self.write("one.csv", "movieId,userId,rating\n10,a,1\n20,b,2\n")
        two = self.write("two.csv", "rating;userId;movieId\n3;b;10\n")
        three = self.write("three.csv", "30,c,4")
        store, _ = self.everywhere(one, two, three)
        self.holds(store, [Row("a", "10", 1.0, None), Row("b", "20", 2.0, None),
                           Row("b", "10", 3.0, None), Row("c", "30", 4.0, None)])

    def test_columns_by_name_and_position(self):
        path = self.write("x.csv", "who,what,when,stars\nu,i,7,2.5\n")
        by_name = self.path("name.h5")
        self.ok("ingest", path, "-o", by_name, "--columns",
                "user=who,item=what,value=stars,time=when")
        self.holds(by_name, [Row("u", "i", 2.5, 7)])
        by_position = self.path("position.h5")
        self.ok("ingest", path, "-o", by_position, "--header", "yes",
                "--columns", "user=2,item=1")
        self.holds(by_position, [Row("i", "u", 2.5, None)])
        self.ok("ingest", path, "-o", by_position, "--force", "--header",
                "yes", "--columns", "user=2,item=1,value=")
        self.holds(by_position, [Row("i", "u", 1.0, None)])

    def test_times(self):
        for form, text, seconds in (
                ("unix", "978300760.9", 978300760),
                ("unix-ms", "978300760999", 978300760),
                ("unix-ms", "-1", -1),
                ("iso8601", "2000-12-31T22:12:40Z", 978300760),
                ("auto", "2000-12-31 23:12:40+01:00", 978300760),
                ("auto", "2000-12-31", 978220800)):
            path = self.write("t.csv", "user,item,rating,date\n1,2,3,%s\n" % text)
            store = self.path("t.h5")
            self.ok("ingest", path, "-o", store, "--force", "--time-format",
                    form)
            self.assertEqual(column(store, "/interactions/time", "q"),
                             [seconds], (form, text))

    def test_more_ranks_than_rows_and_shards(self):
        path = self.write("one.csv", "1,2,3,4\n")
        store, found = self.everywhere(path, "--shards", 1)
        self.assertEqual((found["interactions"], found["shards"]), (1, 1))
        self.holds(store, [Row("1", "2", 3.0, 4)])
        path = self.write("text.csv", "u,i,3,4\n")
        store, _ = self.everywhere(path)
        self.holds(store, [Row("u", "i", 3.0, 4)])

    def test_ids_that_are_almost_integers(self):
        """One text among integers makes the column text, wherever it is; an id
        in a row that is set aside does not."""
        rows = [Row(str(n % 50), str(n % 70), 1.0, None) for n in range(2000)]
        rows[1700] = Row("007", "-0", 1.0, None)
        text = "".join("%s,%s\n" % row[:2] for row in rows)
        store, _ = self.everywhere(self.write("a.csv", text))
        self.holds(store, rows)
        store, found = self.everywhere(
            self.write("b.csv", text.replace("007,-0\n", "007,-0,7\n")),
            "--on-error", "skip")
        self.assertEqual(found["rejected"], 1)
        del rows[1700]
        self.holds(store, rows)

    def test_integers_of_any_size(self):
        """Those that an array finds, and those that are hashed."""
        edge = 1 << 22
        names = [*range(-3, 4), *range(edge - 3, edge + 4), 1 << 40,
                 -1 << 40, *(7 * n for n in range(500))]
        rows = [Row(str(names[n * 7919 % len(names)]),
                    str(names[n * n % len(names)]), n % 5, n)
                for n in range(2000)]
        path = self.write("a.csv", "".join("%s,%s,%d,%d\n" % r for r in rows))
        store, _ = self.everywhere(path)
        self.holds(store, rows)
        store, _ = self.everywhere(path, "--id-order", "sorted")
        self.holds(store, rows, key=int)

    def test_compressed_holds_the_same(self):
        path = self.write("a.csv", "".join(
            "%d,%d,%d,%d\n" % (n % 10, n % 7, n % 5, n) for n in range(500)))
        plain, small = self.path("plain.h5"), self.path("small.h5")
        self.ok("ingest", path, "-o", plain)
        self.ok("ingest", path, "-o", small, "--compress", ranks=3)
        self.same(plain, small)

    def test_reject(self):
        path = self.write("a.csv", "user,item,rating\n1,2,3\n1,x,bad\n"
                          "5,6,nan\n,7,1\n8,9,4")
        for ranks in RANKS:
            store, reject = self.path("a.h5"), self.path("reject.csv")
            found = self.ok("ingest", path, "-o", store, "--on-error", "skip",
                            "--reject", reject, "--json", "--force",
                            ranks=ranks).json
            self.assertEqual((found["interactions"], found["rejected"]), (2, 3))
            with open(reject) as file:
                self.assertEqual(file.read(), "1,x,bad\n5,6,nan\n,7,1\n")
        self.assertEqual(sorted(os.listdir(self.dir)),
                         ["a.csv", "a.h5", "reject.csv"])

    def test_plan(self):
        path = self.write("a.csv", "1,2,3,4\n" * 1000)
        found = self.ok("ingest", path, "-o", self.path("a.h5"), "--plan",
                        "--json", ranks=2).json
        self.assertEqual(found["rows_per_rank"], 500)
        self.assertFalse(os.path.exists(self.path("a.h5")))


class Bad(Ingest):
    def refused(self, code, *args, says=()):
        """At one rank and at three: the same message, and nothing left."""
        before = sorted(os.listdir(self.dir))
        messages = {self.fails(code, "ingest", *args, "-o", self.path("o.h5"),
                               says=says, ranks=ranks, timeout=30)
                    for ranks in (1, 3)}
        self.assertEqual(len(messages), 1, messages)
        self.assertEqual(sorted(os.listdir(self.dir)), before)

    def bad_file(self, content, says, *args):
        path = self.write("bad.csv", content)
        self.refused(DATA_BAD, path, *args, says=says)

    def test_files(self):
        self.refused(IO, self.path("none.csv"), says="none.csv")
        self.refused(IO, self.dir, says="directory")
        self.bad_file("", "no interactions")
        self.bad_file("user,item,rating\n", "no interactions")
        self.bad_file(b"\x7fELF\0\0\1,2\n" * 9, "binary")

    def test_header_without_the_column(self):
        self.bad_file("user,item\n1,2\n", "rating", "--columns", "value=rating")

    def test_rows(self):
        head = "user,item,rating,timestamp\n1,2,3,4\n"
        bad = ("bad.csv:3: ",)
        self.bad_file(head + "1,2,abc,4\n",
                      bad + ('column 3 (rating): "abc" is not a number',
                             "--on-error skip"))
        self.bad_file(head + "1,2,nan,4\n", bad + ("nan",))
        self.bad_file(head + "1,2,inf,4\n", bad + ("inf",))
        self.bad_file(head + "1,2,3,9223372036854775808\n",
                      bad + ("column 4 (timestamp)", "9223372036854775808"))
        self.bad_file(head + "1,2,3\n", bad + ("3 fields",))
        self.bad_file(head + "1,2,3,4,5\n", bad + ("5 fields",))
        self.bad_file(head + "1,%s,3,4\n" % ("9" * 10000),
                      bad + ("column 2 (item)", "10000 bytes"))
        self.bad_file(head + '1,"2,3,4\n5,6,7,8\n', bad + ("never closed",))

    def test_titles(self):
        path = self.write("a.csv", "1,2\n3\n")
        for content, says in (
                ("item,title\n2,a,b\n", ("titles.csv:2: ", "3 fields")),
                ("movieId,genre\n2,b\n", ("titles.csv:1: ", "title")),
                ("item,title\n2,%s\n" % ("x" * 2000), ("column 2 (title)",)),
                (b"item,title\n2,\xe9\n", ("UTF-8",))):
            titles = self.write("titles.csv", content)
            self.refused(DATA_BAD, self.write("good.csv", "1,2\n"),
                         "--titles", titles, says=says)
        # what was set aside is taken back where the job then fails
        self.write("titles.csv", 'item,title\n2,"open\n')
        self.refused(DATA_BAD, path, "--titles", titles, "--on-error", "skip",
                     "--reject", self.path("reject.csv"), says="titles.csv:2: ")

    def test_options(self):
        path = self.write("a.csv", "1,2\n")
        for words in (["--columns", "foo=1"], ["--columns", "user"],
                      ["--columns", "user=1,user=2"], ["--delimiter", ""],
                      ["--reject", "r.csv"], ["--shards", "-1"],
                      ["--shards", "1048577"],
                      ["--on-error", "skip", "--reject", self.path("o.h5")],
                      ["--titles-columns", "item=1"], ["--keep", "time"],
                      ["--header", "no", "--columns", "user=a"],
                      ["--format", "parquet"]):
            self.refused(USAGE, path, *words)

    def test_output(self):
        path = self.write("a.csv", "1,2\n")
        self.fails(IO, "ingest", path, "-o", self.path("none", "a.h5"))
        self.fails(USAGE, "ingest", path)
        self.ok("ingest", path, "-o", self.path("a.h5"))
        self.fails(IO, "ingest", path, "-o", self.path("a.h5"), says="--force")

    def test_a_pipe_is_no_store(self):
        """--force would replace it, as it would /dev/null for root; reading
        would wait for a writer."""
        path, pipe = self.write("a.csv", "1,2\n"), self.path("pipe.h5")
        os.mkfifo(pipe)
        self.fails(IO, "ingest", path, "-o", pipe, "--force", says="a pipe")
        self.fails(IO, "info", pipe, says="a pipe", ranks=3, timeout=30)
        self.fails(IO, "ingest", path, "-o", self.path("o.h5"), "--force",
                   "--on-error", "skip", "--reject", pipe, says="pipe.h5")
        self.assertTrue(stat.S_ISFIFO(os.stat(pipe).st_mode))
        self.assertEqual(sorted(os.listdir(self.dir)), ["a.csv", "pipe.h5"])


class Info(Ingest):
    def quantile(self, lengths, q):
        lengths = sorted(lengths)
        place = q * (len(lengths) - 1)
        low = int(place)
        high = min(low + 1, len(lengths) - 1)
        return lengths[low] + (place - low) * (lengths[high] - lengths[low])

    def check(self, path, rows, histogram):
        store = self.path("i.h5")
        self.ok("ingest", path, "-o", store, "--force")
        found = self.ok("info", store, "--json").json
        for ranks in RANKS[1:]:
            self.assertEqual(self.ok("info", store, "--json",
                                     ranks=ranks).json, found)
        self.assertEqual(found["kind"], "interactions")
        self.assertEqual(found["interactions"], len(rows))
        for side, key in ((0, "user_lengths"), (1, "item_lengths")):
            lengths = collections.Counter(r[side] for r in rows).values()
            self.assertEqual((found[key]["min"], found[key]["max"]),
                             (min(lengths), max(lengths)))
            for name, q in (("p25", .25), ("median", .5), ("p75", .75),
                            ("p90", .9), ("p99", .99)):
                self.assertAlmostEqual(found[key][name],
                                       self.quantile(lengths, q), 9)
        self.assertEqual(found["histogram"], histogram)

    def test_values_are_listed(self):
        rows = [Row(str(n * n % 23), str(n * n % 101), n % 5 - 1.5, None)
                for n in range(700)]
        path = self.write("a.csv", "".join("%s,%s,%s\n" % r[:3] for r in rows))
        counts = collections.Counter(r.value for r in rows)
        self.check(path, rows, [{"value": v, "count": counts[v]}
                                for v in sorted(counts)])

    def test_many_values_are_binned(self):
        rows = [Row(str(n % 3), str(n % 11), float(n), None)
                for n in range(201)]
        path = self.write("a.csv", "".join("%s,%s,%s\n" % r[:3] for r in rows))
        self.check(path, rows, [{"value": 10.0 * b, "to": 10.0 * (b + 1),
                                 "count": 11 if b == 19 else 10}
                                for b in range(20)])

    def test_bad_files(self):
        cases = [(IO, self.path("none.h5")),
                 (DATA_BAD, self.write("text.h5", "1,2\n"))]
        for code, path in cases:
            for ranks in (1, 3):
                self.fails(code, "info", path, ranks=ranks)


if __name__ == "__main__":
    main()
