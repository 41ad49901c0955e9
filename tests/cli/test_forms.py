"""The forms in which `coracle ingest` takes interactions beside the plain ones
of test_ingest.py: further columns that are kept, at every rank count, against
plain Python."""
import csv
import io
import random

from coracle_test import DATA_BAD, RANKS, USAGE, Case, main

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

    def everywhere(self, *args, ranks=RANKS):
        """Ingest at every rank count, the same each time; the last store."""
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
        store = self.store()
        for ranks in (1, 3, 7):
            self.assertEqual(self.exported(store, ranks),
                             self.expect(self.rows))
        shown = self.ok("info", store, "--json", ranks=3).json["kept"]
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
        store = self.store(ranks=(2,))
        inter = self.exported(store, 3, "inter")
        head = inter.split("\n", 1)[0].split("\t")
        self.assertEqual(head[4:], ["kind:token", "price:float", "mixed:token",
                                    "serial:float"])
        again = self.everywhere(self.write("again.inter", inter), "--keep",
                                ",".join(self.KEPT), ranks=(1, 3))
        lines = sorted(self.expect(self.rows).splitlines())
        self.assertEqual(sorted(self.exported(again).splitlines()), lines)

    def test_stores_from_the_store_keep_them(self):
        store = self.store(ranks=(3,))
        by_serial = {r["serial"]: r for r in self.rows}

        def rows_of(name, ranks=3):
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
            for ranks in (1, 4):
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
        store = self.everywhere(file, "--keep", "zip:token=mixed,n:float=serial",
                                ranks=(1, 3))
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


if __name__ == "__main__":
    main()
