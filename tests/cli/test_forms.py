"""The forms in which `coracle ingest` takes interactions beside the plain ones
of test_ingest.py: further columns that are kept, JSON lines, lists, packed
files and times by pattern, at every rank count, against plain Python."""
import csv
import datetime
import gzip
import io
import json
import random

from coracle_test import DATA_BAD, RANKS, USAGE, Case, data, main

KINDS = ["view", "buy", 'say "no"', "a, b", "", "käse", "3"]


def make_rows(count, seed=5):
    """Rows as dictionaries of texts: what a file says, column by column."""
    draw = random.Random(seed)
    rows = []
    for n in range(count):
        rows.append({"user": "u%d" % draw.randrange(40),
                     "item": str(draw.randrange(25)),
                     "value": str(draw.randrange(1, 6)),
                     "time": str(1000 + draw.randrange(30)),
                     "kind": draw.choice(KINDS),
                     "price": draw.choice(["", "%.2f" % draw.uniform(-9, 99),
                                           "%de3" % n]),
                     "mixed": "x" if n == count - 7 else str(n % 11),
                     "serial": str(n)})
    return rows


def number_text(text):
    """As export prints a number: the shortest text, %g above 1e16."""
    return "" if text == "" else "%.17g" % float(text) if abs(
        float(text)) >= 1e16 else repr(float(text)).removesuffix(".0")


def expected(rows, kept=(), numbers=(), has_time=True):
    """The lines that export gives: by user in order of first appearance, time,
    and the order of the input."""
    users = {u: n for n, u in enumerate(dict.fromkeys(r["user"] for r in rows))}
    ordered = sorted(rows, key=lambda r: (users[r["user"]],
                                          int(r["time"]) if has_time else 0))
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = ["user", "item", "value"] + (["time"] if has_time else [])
    writer.writerow(columns + list(kept))
    for r in ordered:
        writer.writerow([r[c] for c in columns] +
                        [number_text(r[c]) if c in numbers else r[c]
                         for c in kept])
    return out.getvalue()


def as_csv(rows, columns, end="\n"):
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, extrasaction="ignore",
                            lineterminator=end)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


class Forms(Case):
    def exported(self, store, ranks=1, ending="csv"):
        path = self.path("exported." + ending)
        self.ok("export", store, "-o", path, "--force", "-q", ranks=ranks)
        with open(path, newline="", encoding="utf-8") as file:
            return file.read()

    def everywhere(self, *args, ranks=(3,)):
        """Ingest at these rank counts, the same each time; the last store.
        Records have all of them once: 3 elsewhere, and 1 or 7 beside it where
        something may be cut there."""
        digests = set()
        store = self.path("all.h5")
        for n in ranks:
            done = self.ok("ingest", *args, "-o", store, "--force", "--json",
                           "-q", ranks=n)
            digests.add(done.json["digest"])
        self.assertEqual(len(digests), 1)
        return store


class Keep(Forms):
    COLUMNS = ["user", "item", "value", "time", "kind", "price", "mixed",
               "serial"]
    KEPT = ["kind", "price", "mixed", "serial"]

    def store(self, rows=None, **how):
        self.rows = rows or make_rows(300)
        file = self.write("rows.csv", as_csv(self.rows, self.COLUMNS))
        return self.everywhere(file, "--keep", ",".join(self.KEPT), **how)

    def expect(self, rows):
        return expected(rows, self.KEPT, ("price", "serial"))

    def test_columns_are_kept(self):
        store = self.store(ranks=(1, 3))
        for ranks in (1, 3):
            self.assertEqual(self.exported(store, ranks),
                             self.expect(self.rows))
        shown = self.ok("info", store, "--json").json["kept"]
        prices = [float(r["price"]) for r in self.rows if r["price"]]
        empty = sum(r["kind"] == "" for r in self.rows)
        self.assertEqual(shown, [
            {"name": "kind", "type": "category", "missing": empty,
             "categories": len(KINDS) - 1},
            {"name": "price", "type": "number", "min": min(prices),
             "missing": len(self.rows) - len(prices), "max": max(prices)},
            {"name": "mixed", "type": "category", "missing": 0,
             "categories": 12},
            {"name": "serial", "type": "number", "missing": 0, "min": 0,
             "max": len(self.rows) - 1}])

    def test_inter_says_the_types(self):
        store = self.store(ranks=(1,))
        inter = self.exported(store, 3, "inter")
        head = inter.split("\n", 1)[0].split("\t")
        self.assertEqual(head[4:], ["kind:token", "price:float", "mixed:token",
                                    "serial:float"])
        again = self.everywhere(self.write("again.inter", inter), "--keep",
                                ",".join(self.KEPT))
        lines = sorted(self.expect(self.rows).splitlines())
        self.assertEqual(sorted(self.exported(again).splitlines()), lines)

    def test_stores_from_the_store_keep_them(self):
        store = self.store(ranks=(3,))
        by_serial = {r["serial"]: r for r in self.rows}

        def rows_of(name, ranks=1):
            lines = list(csv.DictReader(io.StringIO(self.exported(name, ranks))))
            for line in lines:
                row = by_serial[line["serial"]]
                self.assertEqual((line["user"], line["item"], line["kind"],
                                  line["mixed"], line["price"]),
                                 (row["user"], row["item"], row["kind"],
                                  row["mixed"], number_text(row["price"])))
            return len(lines)

        out = self.path("out.h5")
        for job, args in (("kcore", ("--users", "5", "--items", "9")),
                          ("filter", ("--where", "value >= 3")),
                          ("sample", ("--fraction", "0.4"))):
            digests = set()
            for ranks in (1, 3):
                self.ok(job, store, *args, "-o", out, "--force", "-q",
                        ranks=ranks)
                digests.add(self.ok("info", out, "--json").json["digest"])
            self.assertEqual(len(digests), 1, job)
            self.assertTrue(20 < rows_of(out) < 300, job)
        self.ok("split", store, "--by", "time", "--fractions", "0.8,0.1,0.1",
                "-o", self.path("part"), "-q", ranks=3)
        self.assertEqual(sum(rows_of(self.path("part.%s.h5" % part))
                             for part in ("train", "valid", "test")), 300)

    def test_what_is_said_counts(self):
        rows = [dict(r, mixed=str(n)) for n, r in enumerate(make_rows(9))]
        file = self.write("rows.csv", as_csv(rows, self.COLUMNS, "\r\n"))
        store = self.everywhere(file, "--keep",
                                "zip:token=mixed,n:float=serial")
        kinds = [c["type"] for c in self.ok("info", store, "--json").json["kept"]]
        self.assertEqual(kinds, ["category", "number"])
        self.assertTrue(self.exported(store).startswith(
            "user,item,value,time,zip,n\n"))

    def test_by_position_and_bad_rows(self):
        file = self.write("rows.csv", "a,b,1,2,x,1\nc,d,2,3,y,1e999\n"
                                      "e,f,3,4,%s,2\n" % ("z" * 1025))
        message = self.fails(DATA_BAD, "ingest", file, "-o", self.path("s.h5"),
                             "--keep", "word=5,n=6", ranks=3)
        self.assertIn('rows.csv:2: column 6 (n): "1e999" is not a number that a '
                      'double holds', message)
        reject = self.path("bad.csv")
        store = self.everywhere(file, "--keep", "word=5,n=6", "--on-error",
                                "skip", "--reject", reject, ranks=(1, 3))
        self.assertEqual(self.exported(store),
                         "user,item,value,time,word,n\na,b,1,2,x,1\n")
        with open(reject, encoding="utf-8") as left:
            self.assertEqual(left.read().count("\n"), 2)
        self.fails(DATA_BAD, "ingest", file, "-o", self.path("s.h5"), "--keep",
                   "w:float=5", says=':1: column 5 (w): "x" is not a number')

    def test_names_that_make_no_sense(self):
        file = self.write("rows.csv", as_csv(make_rows(3), self.COLUMNS))
        for keep, says in (("time", "is taken"), ("a/b=kind", "slashes"),
                           ("kind,kind", "names kind twice"),
                           ("kind=", "must have 1 to"), ("", "must have 1 to"),
                           (",".join("c%d=kind" % n for n in range(40)),
                            "at most 32")):
            self.fails(USAGE, "ingest", file, "-o", self.path("s.h5"), "--keep",
                       keep, says=says)
        self.fails(DATA_BAD, "ingest", file, "-o", self.path("s.h5"), "--keep",
                   "colour", says='the header has no column "colour"')
        self.fails(DATA_BAD, "ingest", file, "-o", self.path("s.h5"), "--keep",
                   "stars=value", says="is both value and stars")


def as_json(rows, end="\n", ascii_only=True):
    """The rows as nested records, with what such files have in them."""
    lines = []
    for n, r in enumerate(rows):
        record = {"who": {"id": r["user"]},
                  "what": [{"sku": int(r["item"]) if n % 2 else r["item"]}],
                  "value": int(r["value"]) if n % 3 else r["value"],
                  "at": int(r["time"]), "serial": n, "a.b": r["mixed"],
                  "more": {"deep": [[], {"x": None}]}}
        if r["kind"] or n % 2:
            record["kind"] = r["kind"] or None
        if r["price"]:
            record["price"] = float(r["price"])
        line = json.dumps(record, ensure_ascii=ascii_only)
        if n % 10 == 4: # the last of equal names counts
            line = '{"value": {"not": "this"}, "kind": 7, ' + line[1:]
            line = line[:-1] + ', "kind": %s}' % json.dumps(record.get("kind"))
        lines.append(line + end + ("  " + end if n % 17 == 0 else ""))
    return "".join(lines)


class Json(Forms):
    COLUMNS = "user=who.id,item=what[0].sku,time=at"
    KEPT = ["kind", "price", "mixed", "serial"]
    WORDS = ["--columns", COLUMNS, "--keep", "kind,price,mixed=`a.b`,serial"]

    def setUp(self):
        super().setUp()
        self.rows = make_rows(250)
        for n, r in enumerate(self.rows):
            r["user"] = ['%s"\\q', "ü%s", "%s", "%s"][n % 4] % r["user"]
        self.expected = expected(self.rows, self.KEPT, ("price", "serial"))

    def test_records(self):
        digests = []
        for name, text in (
                ("a.jsonl", as_json(self.rows)),
                ("b.txt", "\ufeff\r\n" + as_json(self.rows, "\r\n", False)),
                ("c.json", as_json(self.rows).rstrip())):
            ranks = RANKS if name == "a.jsonl" else (3,)
            store = self.everywhere(self.write(name, text), *self.WORDS,
                                    ranks=ranks)
            digests.append(self.ok("info", store, "--json").json["digest"])
        self.assertEqual(len(set(digests)), 1)
        self.assertEqual(self.exported(store, 3), self.expected)

    def test_packed_files(self):
        whole = self.write("a.jsonl", as_json(self.rows))
        one = self.everywhere(whole, *self.WORDS, ranks=(1,))
        digest = self.ok("info", one, "--json").json["digest"]
        parts = []
        for n, (first, last) in enumerate(((0, 70), (70, 71), (71, 250))):
            text = as_json(self.rows).split("\n{")
            text = ("" if first == 0 else "{") + "\n{".join(text[first:last])
            text = text.encode("utf-8")
            parts.append(self.write(
                "p%d.json%s" % (n, "" if n == 1 else ".gz"),
                text if n == 1 else gzip.compress(text)))
        store = self.everywhere(*parts, *self.WORDS, ranks=(1, 4))
        self.assertEqual(self.ok("info", store, "--json").json["digest"],
                         digest)
        text = as_csv(self.rows, ["user", "item", "value", "time"], "\r\n")
        plain = self.everywhere(self.write("rows.csv", text), ranks=(1,))
        plain = self.ok("info", plain, "--json").json["digest"]
        packed = self.write("rows.csv.gz", gzip.compress(text.encode("utf-8")))
        store = self.everywhere(packed, ranks=(3,))
        self.assertEqual(self.ok("info", store, "--json").json["digest"], plain)

    def test_bad_records(self):
        good = '{"user": 1, "item": "a", "value": 2, "time": 3}'
        out = ["-o", self.path("s.h5"), "--force"]
        for bad, says in (
                ('{"item": 1, "value": 1, "time": 1}',
                 ":3: field user: the record has none"),
                ('{"user": null, "item": 1, "value": 1, "time": 1}',
                 ":3: field user: the record has none"),
                ('{"user": [1], "item": 1, "value": 1, "time": 1}',
                 ':3: field user: "[1]" is not a text or a number'),
                ('{"user": 1, "item": true, "value": 1, "time": 1}',
                 ':3: field item: "true" is not a text or a number'),
                ('{"user": 1, "item": 1, "value": "x", "time": 1}',
                 ':3: field value: "x" is not a number'),
                ('{"user": 1, "item": 1, "value": 1e400, "time": 1}',
                 ':3: field value: "1e400" is not a finite number'),
                ('{"user": 1, "item": 1, "value": 1, "time": "soon"}',
                 ':3: field time: "soon" is not a time'),
                ('{"user": 1, "item": "", "value": 1, "time": 1}',
                 ":3: field item: the id is empty"),
                ('{"user": 1, "item": 1 "value": 1, "time": 1}',
                 ':3: column 23: a comma or a } should be here: "value": 1'),
                ('{"user": 1, "item": 1', ":3: column "), ("7", ":3: field user")):
            text = "%s\n\n%s\n%s\n" % (good, bad, good)
            ranks = 3 if bad.startswith('{"item"') else 1
            packed = ranks == 3 or bad.startswith('{"user": 1, "item": 1')
            for name, content in (
                    ("bad.jsonl", text.encode()),
                    ("bad.json.gz", gzip.compress(text.encode())))[:1 + packed]:
                file = self.write(name, content)
                self.fails(DATA_BAD, "ingest", file, *out, ranks=ranks,
                           says=[name + says, "--on-error skip"])
            if not packed:
                continue
            reject = self.path("reject.jsonl")
            for name in ("bad.jsonl", "bad.json.gz"):
                done = self.ok("ingest", self.path(name), *out, "-q",
                               "--on-error", "skip", "--reject", reject,
                               "--json")
                self.assertEqual(done.json["rejected"], 1)
                with open(reject, encoding="utf-8") as file:
                    self.assertEqual(file.read(), bad + "\n")
        self.fails(DATA_BAD, "ingest", self.write("a.json", "[" + good + "]"),
                   *out, says="is a JSON array")
        file = self.write("a.json", '{"u": 1}\n')
        self.fails(DATA_BAD, "ingest", file, *out,
                   says="no field is known to hold the user")
        self.fails(USAGE, "ingest", file, *out, "--columns", "user=a..b,item=u",
                   says='--columns: the path "a..b" of user')

    def test_a_record_far_longer_than_the_others(self):
        rows = [{"user": n % 5, "item": n} for n in range(40)]
        rows[20]["text"] = "x" * 3000000
        text = "".join(json.dumps(r) + "\n" for r in rows)
        store = self.everywhere(self.write("a.jsonl", text), ranks=(1, 7))
        self.assertEqual(self.ok("info", store, "--json").json["interactions"],
                         40)


class Lists(Forms):
    def lists(self, rows, separator):
        by_user = {}
        for r in rows:
            by_user.setdefault(r["user"], []).append(r["item"])
        return "".join(separator.join([user] + items) + "\n"
                       for user, items in by_user.items())

    def test_lists(self):
        rows = [dict(r, value="1") for r in make_rows(400)]
        wanted = expected(rows, has_time=False)
        users = sorted(rows, key=lambda r: list(dict.fromkeys(
            x["user"] for x in rows)).index(r["user"]))
        digests = set()
        for separator in (" ", "\t", ",", " , ", "  "):
            text = self.lists(users, separator).replace("\n", "  \r\n", 9)
            ranks = (3,) if separator == " " else (1,)
            store = self.everywhere(
                self.write("lists.txt", "\n" + text + "lonely\n"), "--format",
                "lists", ranks=ranks)
            digests.add(self.ok("info", store, "--json").json["digest"])
        self.assertEqual(len(digests), 1)
        self.assertEqual(self.exported(store, 3), wanted)

    def test_odd_lists(self):
        out = ["-o", self.path("s.h5"), "--format", "lists"]
        for text, says in (("1 2\n3,,4\n", ':2: column 2 (item): the id is empty'),
                           ("1 2\n3,4,\n", ':2: column 3 (item): the id is empty'),
                           ("1 2\n3 %s\n" % ("y" * 1025), ":2: column 2 (item): 1025"),
                           ("1 2\n3 \udcff\n", ':2: column 2 (item): "\\xff" is not')):
            file = self.write("l.txt", text.encode("utf-8", "surrogateescape"))
            self.fails(DATA_BAD, "ingest", file, *out, says=says)
        self.fails(USAGE, "ingest", file, *out, "--keep", "x", says="lists have")
        file = self.write("l.txt", "a b;c d;e\nx;c d\n")
        store = self.everywhere(file, "--format", "lists", "--delimiter", ";",
                                ranks=(1,))
        self.assertEqual(self.exported(store), "user,item,value\na b,c d,1\n"
                                               "a b,e,1\nx,c d,1\n")

    def test_gowalla(self):
        file = data("data", "gowalla", "train.txt")
        done = self.ok("ingest", file, "--format", "lists", "-o",
                       self.path("s.h5"), "--json", "-q", ranks=3).json
        with open(file, encoding="utf-8") as lines:
            items = [line.split() for line in lines]
        self.assertEqual(done["interactions"], sum(len(l) - 1 for l in items))
        self.assertEqual(done["users"], sum(len(l) > 1 for l in items))
        wanted = [["user", "item", "value"]] + [
            [line[0], item, "1"] for line in items for item in line[1:]]
        lines = self.exported(self.path("s.h5")).splitlines()
        self.assertEqual([line.split(",") for line in lines], wanted)


    def test_beauty(self):
        """The lists are the rows of the .inter, user by user."""
        digests = {self.ok("ingest", data("data", "beauty", name), "-o",
                           self.path("s.h5"), "--force", "--json", "-q", *words)
                   .json["digest"]
                   for name, words in (("Amazon_Beauty.inter", ()),
                                       ("Amazon_Beauty.txt",
                                        ("--format", "lists")))}
        self.assertEqual(len(digests), 1)

    def test_a_user_alone(self):
        """Whose id is a text, of which no row is left."""
        file = self.write("l.txt", "1,2,3\n3.4\n2,3\n")
        store = self.everywhere(file, "--format", "lists", ranks=(2,))
        self.assertEqual(self.exported(store),
                         "user,item,value\n1,2,1\n1,3,1\n2,3,1\n")


class Times(Forms):
    def seconds(self, pattern, texts, ranks=(1,)):
        rows = "".join("u\t%d\t1\t%s\n" % (n, t) for n, t in enumerate(texts))
        store = self.everywhere(self.write("t.tsv", rows), "--time-format",
                                pattern, "--header", "no", ranks=ranks)
        lines = csv.DictReader(io.StringIO(self.exported(store)))
        by_item = {int(line["item"]): int(line["time"]) for line in lines}
        return [by_item[n] for n in range(len(texts))]

    def test_patterns(self):
        draw = random.Random(3)
        utc = datetime.timezone.utc
        moments = [datetime.datetime.fromtimestamp(draw.randrange(-2**31, 2**32),
                                                   utc) for _ in range(60)]
        moments += [datetime.datetime(2000, 2, 29, tzinfo=utc),
                    datetime.datetime(1900, 3, 1, tzinfo=utc)]
        for pattern in ("%Y-%m-%d %H:%M:%S", "%a %b %d %H:%M:%S %z %Y",
                        "%d/%B/%Y:%I:%M:%S %p", "%Y%m%dT%H%M%SZ", "%j %Y %T",
                        "%m %d, %Y"):
            texts = [m.strftime(pattern.replace("%T", "%H:%M:%S"))
                     for m in moments]
            exact = [int(m.timestamp()) for m in moments]
            if pattern.startswith("%m"):
                exact = [e // 86400 * 86400 for e in exact]
            ranks = (1, 3) if pattern.startswith("%m") else (1,)
            self.assertEqual(self.seconds(pattern, texts, ranks), exact, pattern)
        self.assertEqual(
            self.seconds("%m %d, %Y", ["09 13, 2009", "9 1, 2009", "09   1, 2009"]),
            [1252800000, 1251763200, 1251763200])
        self.assertEqual(
            self.seconds("%Y-%m-%d %H:%M:%S.%f %z",
                         ["2009-09-13 00:00:00.75 +02:00",
                          "2009-09-13 00:00:00.5 -0130",
                          "2009-09-13 00:00:00.5 Z"]),
            [1252792800, 1252805400, 1252800000])

    def test_what_is_no_time(self):
        for pattern, text in (("%m %d, %Y", "02 29, 2009"),
                              ("%m %d, %Y", "13 01, 2009"),
                              ("%m %d, %Y", "02 28, 2009 "),
                              ("%m %d, %Y", "02 28,2009"),
                              ("%a %F", "Mon 2009-09-13"),
                              ("%F %T", "2009-09-13 24:00:00"),
                              ("%d %b %Y", "1 Mai 2009")):
            file = self.write("t.tsv", "u\ti\t1\t%s\n" % text)
            self.fails(DATA_BAD, "ingest", file, "-o", self.path("s.h5"),
                       "--header", "no", "--time-format", pattern,
                       says='t.tsv:1: column 4 (time): "%s" is not a time as '
                            "--time-format says" % text)
        for pattern, says in (("%Q %Y-%m-%d", "there is no %Q"),
                              ("%H:%M", "which day"), ("soon", "must be auto|"),
                              ("%Y-%m-%d %", "there is no %")):
            self.fails(USAGE, "ingest", file, "-o", self.path("s.h5"),
                       "--time-format", pattern, says=says)

    def test_in_records(self):
        text = ('{"user": 1, "item": 1, "time": "09 13, 2009"}\n'
                '{"user": 1, "item": 2, "time": "9 1\\u002c 2009"}\n')
        store = self.everywhere(self.write("t.jsonl", text), "--time-format",
                                "%m %d, %Y")
        self.assertEqual(self.exported(store), "user,item,value,time\n"
                                               "1,2,1,1251763200\n"
                                               "1,1,1,1252800000\n")


if __name__ == "__main__":
    main()
