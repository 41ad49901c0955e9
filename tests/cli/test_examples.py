"""Examples from end to end: `coracle ingest --examples` of LIBSVM's text, CSV and
RecordIO-protobuf against plain Python, the same store at every rank count,
`info`, `export` there and back, and what is refused. The formats are written
here by hand, byte by byte."""
import gzip
import math
import random
import struct

import h5py
import numpy

from coracle_test import (DATA_BAD, RANKS, USAGE, Case, data, main)

MAGIC = struct.pack("<I", 0xced7230a)


def single(number):
    return float(numpy.float32(number))


def make_rows(rows=300, features=50, seed=3):
    """(label, {id: value}) with rows of no, of few and of many features."""
    draw = random.Random(seed)
    made = []
    for i in range(rows):
        ids = sorted(draw.sample(range(features),
                                 min(features, draw.choice((0, 1, 3, 9)))))
        if i == rows // 2:
            ids = list(range(features))
        made.append((single(draw.choice((-1, 1, 2.5, 1e-7 * i))),
                     {k: single(draw.gauss(0, 10 ** draw.randint(-5, 5)))
                      for k in ids}))
    return made


# ---- LIBSVM ----

def as_libsvm(rows, end="\n"):
    return end.join("%r %s" % (label, " ".join("%d:%r" % pair for pair in
                                               sorted(row.items())))
                    for label, row in rows) + end


# ---- RecordIO-protobuf ----

def varint(number):
    number &= (1 << 64) - 1
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def field(number, payload):
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def tensor(kind, values, keys=None, shape=None):
    """A Value with a tensor: kind 2 float32, 3 float64, 7 int32. Empty lists
    are not written."""
    packed = b"".join(varint(v) if kind == 7 else
                      struct.pack("<f" if kind == 2 else "<d", v)
                      for v in values)
    inner = field(1, packed) if packed else b""
    if keys:
        inner += field(2, b"".join(varint(k) for k in keys))
    if shape is not None:
        inner += field(3, varint(shape))
    return field(kind, inner)


def entry(value, name=b"values"):
    return field(1, name) + field(2, value)


def record(features, label, more=b""):
    return (field(1, entry(features)) +
            (field(2, entry(label)) if label is not None else b"") + more)


def frame(payload):
    return (MAGIC + struct.pack("<I", len(payload)) + payload +
            bytes(-len(payload) % 4))


def sparse(row, features, kind=2):
    keys = sorted(row)
    return tensor(kind, [row[k] for k in keys], keys, features)


def as_recordio(rows, features):
    return b"".join(frame(record(sparse(row, features), tensor(2, [label])))
                    for label, row in rows)


class Examples(Case):
    def ingest(self, *args, name="e.h5", **how):
        return self.ok("ingest", "--examples", *args, "-o", self.path(name),
                       "--force", "--json", **how).json

    def stored(self, name="e.h5"):
        with h5py.File(self.path(name), "r") as file:
            begin = file["examples/begin"][...]
            feature = file["examples/feature"][...].tolist()
            value = file["examples/value"][...].tolist()
            label = file["examples/label"][...].tolist()
        return [(label[i], dict(zip(feature[begin[i]:begin[i + 1]],
                                    value[begin[i]:begin[i + 1]])))
                for i in range(len(label))]

    def check_all(self, path, rows, features, *options, on=RANKS):
        """The same store and the right one on all ranks and threads."""
        digests = set()
        for ranks in on:
            found = self.ingest(path, *options, ranks=ranks)
            self.assertEqual(self.stored(), rows)
            digests.add(found["digest"])
        if on == RANKS:
            digests.add(self.ingest(path, *options, "--threads", "2",
                                    ranks=2)["digest"])
        self.assertEqual(len(digests), 1)
        labels = [label for label, _ in rows]
        self.assertEqual(found["rows"], len(rows))
        self.assertEqual(found["features"], features)
        self.assertEqual(found["nonzeros"], sum(len(r) for _, r in rows))
        self.assertEqual(found["rejected"], 0)
        self.assertEqual(found["labels"]["min"], min(labels))
        self.assertEqual(found["labels"]["max"], max(labels))
        self.assertTrue(math.isclose(found["labels"]["mean"],
                                     math.fsum(labels) / len(labels),
                                     rel_tol=1e-14))
        return digests.pop()

    def refuse(self, text, *parts, options=(), code=DATA_BAD, ranks=1):
        """Refused, with a message that says so."""
        path = self.write("bad", text)
        return self.fails(code, "ingest", "--examples", path, "-o",
                          self.path("bad.h5"), *options, ranks=ranks,
                          says=parts).split(path)[-1]

    # ---- LIBSVM ----

    def test_libsvm(self):
        rows = make_rows()
        digest = self.check_all(self.write("a.txt", as_libsvm(rows)), rows, 50)
        text = as_libsvm(rows, "\r\n")
        lines = text.split("\r\n")
        lines[3] += " # a comment 7:7"
        lines[4] = "\t" + lines[4].replace(" ", "\t ") + " "
        lines.insert(5, "# only a comment")
        lines.insert(9, "")
        head, _, tail = lines[20].partition(" ")
        lines[20] = "%s qid:77 %s" % (head, tail)
        odd = "\ufeff" + "\r\n".join(lines)[:-2]
        self.assertEqual(self.ingest(self.write("b.txt", odd),
                                     ranks=3)["digest"], digest)
        packed = self.write("b.gz", gzip.compress(odd.encode()))
        self.assertEqual(self.ingest(packed)["digest"], digest)
        half = text.index("\r\n", len(text) // 2) + 2
        parts = [self.write("p0", text[:half]), self.write("p1", text[half:])]
        self.assertEqual(self.ingest(*parts, ranks=3)["digest"], digest)
        shown = self.ok("info", self.path("e.h5"), "--json").json
        self.assertEqual((shown["kind"], shown["rows"], shown["features"],
                          shown["digest"]), ("examples", 300, 50, digest))

    def test_libsvm_that_is_bad(self):
        good = "1 0:1 5:2\n" * 40
        for line, parts in (
                ("1 3:1 2:1", ("bad:41", "column 7", '"2"', "greater")),
                ("1 3:1 3:1", ("bad:41", "column 7", "twice")),
                ("1 3:nan", ("column 5", '"nan"', "finite")),
                ("1 3:1e39", ('"1e39"', "finite")),
                ("inf 3:1", ("column 1", '"inf"')),
                ("3:1 4:1", ("column 1", "label is missing")),
                ("1 2147483647:1", ("column 3", "2147483646")),
                ("1 99999999999999999999:1", ("2147483646",)),
                ("1 -1:1", ('"-1:1"', "not a feature")),
                ("1 x:1", ('"x:1"',)), ("1 7", ('"7"',)), ("1 7:", ('""',)),
                ("1 2:3x", ('"3x"',)), ("1 0:1 qid:3", ('"qid:3"',)),
                ("1,2 0:1", ('"1,2"', "label"))):
            with self.subTest(line=line):
                self.refuse(good + line + "\n" + good, *parts)
        two = good + "1 3:1 3:1\n" + good + "x\n"
        self.assertEqual(self.refuse(two), self.refuse(two, ranks=3))
        self.refuse("# nothing\n\n", "no examples")
        self.refuse("", "no examples")
        self.refuse("1 0:1\n\0", "zero")
        path = self.write("skip", good + "1 3:1 3:1\n" + good)
        found = self.ingest(path, "--on-error", "skip", ranks=2)
        self.assertEqual((found["rows"], found["rejected"]), (80, 1))

    def test_frappe(self):
        path = data("data", "frappe", "frappe.validation.libfm")
        rows = []
        with open(path) as lines:
            for line in lines:
                label, *pairs = line.split()
                rows.append((float(label),
                             {int(p.split(":")[0]): float(p.split(":")[1])
                              for p in pairs}))
        found = self.ingest(path, ranks=3)
        self.assertEqual(found["rows"], 57722)
        self.assertEqual(found["features"], 5382)
        self.assertEqual(self.stored(), rows)

    # ---- CSV ----

    def test_csv(self):
        rows = make_rows(features=8, seed=5)
        rows = [(label, {k: v for k, v in row.items() if v})
                for label, row in rows]
        names = ["a", "b,c", "d", "e \u00e4", "f", "g", "h", "i"]
        lines = [",".join('"%s"' % n for n in names[:3] + ["y"] + names[3:])]
        for i, (label, row) in enumerate(rows):
            cells = [repr(row[k]) if k in row else ("", "0", " ", "-0.0")[i % 4]
                     for k in range(8)]
            cells.insert(3, '"%r"' % label if i % 3 else repr(label))
            lines.append(",".join(cells))
        path = self.write("a.csv", "\n".join(lines) + "\n")
        digest = self.check_all(path, rows, 8, "--label", "y", on=(1, 3))
        with h5py.File(self.path("e.h5"), "r") as file:
            found = [n.decode() for n in file["features/name"][...]]
        self.assertEqual(found, names)
        tabs = self.write("b.csv", "\ufeff" + "\r\n".join(lines[1:]).replace(
            ",", ";"))
        self.ingest(tabs, "--label", "4", ranks=3)
        self.assertEqual(self.stored(), rows)
        self.assertEqual(self.ingest(path, path, "--label", "4",
                                     ranks=3)["rows"], 600)
        packed = self.write("a.gz", gzip.compress(
            ("\n".join(lines)).encode()))
        self.assertEqual(self.ingest(packed, "--label", "y")["digest"], digest)

    def test_csv_that_is_bad(self):
        good = "y,a,b\n" + "1,2,3\n" * 30
        y = ("--label", "y")
        for line, parts in (("1,x,3", (":32", "field 2", '"x"')),
                            (",2,3", ("field 1", "label is missing")),
                            ("1,nan,3", ("field 2", "finite")),
                            ("1,2,1e40", ("field 3", "single")),
                            ("1,2", ("2 fields", "3")),
                            ('1,"2"z,3', ("field 2",)),
                            ('1,"2,3', ("field 2", "not closed"))):
            with self.subTest(line=line):
                self.refuse(good + line + "\n1,2,3\n", *parts, options=y)
        self.refuse(good, "no column", "x", options=("--label", "x"))
        self.refuse(good, "--label", options=("--format", "csv"), code=USAGE)
        self.refuse(good, "--label", options=("--format", "libsvm", *y),
                    code=USAGE)
        for options in (("--columns", "1"), ("--format", "inter"),
                        ("--standardize",)):
            self.refuse(good, "examples", options=(*y, *options), code=USAGE)
        self.fails(USAGE, "ingest", self.write("g.csv", good), "-o",
                   self.path("g.h5"), *y, says=["--examples"])
        self.fails(USAGE, "ingest", "--examples", self.path("g.csv"), "-o",
                   self.path("g.h5"), says=["g.csv", "--label"])

    # ---- RecordIO-protobuf ----

    def test_recordio(self):
        rows = make_rows()
        whole = as_recordio(rows, 60)
        digest = self.check_all(self.write("a.rec", whole), rows, 60,
                                on=(1, 4))
        # in other types, dense, with fields that are passed over
        many = [(2.0, {0: 1.5, 3: -2.0}), (-1.0, {1: 7.0}), (0.0, {})]
        frames = b"".join([
            frame(record(tensor(3, [1.5, 0, 0, -2.0]), tensor(7, [2]),
                         field(3, b"an id") + varint(9 << 3) + varint(5))),
            frame(field(4, b"{}") + record(tensor(7, [0, 7, 0, 0]),
                                           tensor(3, [-1.0]))),
            frame(record(tensor(2, [], shape=4), tensor(2, [0.0])))])
        self.check_all(self.write("b.rec", frames), many, 4, on=(3,))
        self.assertEqual(self.ingest(self.write("c.rec", whole), "--format",
                                     "recordio")["digest"], digest)
        parts = [self.write("p0", as_recordio(rows[:100], 60)),
                 self.write("p1", as_recordio(rows[100:], 60))]
        self.assertEqual(self.ingest(*parts, ranks=3)["digest"], digest)

    def test_recordio_within_recordio(self):
        """Data that holds records itself deceives no rank."""
        inner = as_recordio(make_rows(40), 50)
        rows, frames = [], b""
        for i in range(30):
            plain = record(sparse({i: 1.0}, 99), tensor(2, [i]))
            # in most it stands where records may: at a multiple of 4
            at = len(frames) + 8 + len(plain) + 3
            more = field(4, bytes(-at % 4 + (i % 5 == 4)) + inner[4 * (i % 7):])
            rows.append((float(i), {i: 1.0}))
            frames += frame(plain + more)
        self.check_all(self.write("a.rec", frames), rows, 99,
                       on=(3, 7))
        long = frame(record(sparse({1: 2.0}, 99), tensor(2, [5]),
                            field(4, inner * 9)))
        self.check_all(self.write("b.rec", long), [(5.0, {1: 2.0})], 99,
                       on=(3,))

    def test_recordio_that_is_bad(self):
        one = frame(record(sparse({1: 1.0, 4: 2.0}, 9), tensor(2, [1.0])))
        good = one * 40
        at = "byte %d" % len(good)
        ids = varint(1), varint(4)
        for bad, parts in (
                (one[:-4], ("record 41", at, "cut short")),
                (one[:6], ("record 41", at, "cut short")),
                (b"\0" + one[1:] + good, ("record 41", at, "magic")),
                (MAGIC + struct.pack("<I", 1 << 20) + good,
                 ("record 41", "beyond the end")),
                (MAGIC + struct.pack("<I", 1 << 30) + good, ("parts",)),
                (frame(record(tensor(2, [1.0]), None)) + good,
                 ("record 41", "label is missing")),
                (frame(record(tensor(2, [1.0]), tensor(2, [1.0, 2.0]))),
                 ("more than one label",)),
                (frame(field(2, entry(tensor(2, [1.0])))), ("no features",)),
                (frame(field(1, entry(tensor(2, [1.0]), b"image"))),
                 ("values",)),
                (frame(record(field(9, b"xx"), tensor(2, [1.0]))), ("bytes",)),
                (frame(varint(1 << 3 | 5) + b"1234"), ("wrong wire type",)),
                (frame(varint(1 << 3 | 3)), ("wire type",)),
                (frame(field(1, b"")[:-1] + varint(99)), ("longer",)),
                (frame(record(tensor(2, [1, 2], [4, 1], 9), tensor(2, [1]))),
                 ("record 41", "ascend")),
                (frame(record(tensor(2, [1, 2], [4, 4], 9), tensor(2, [1]))),
                 ("twice",)),
                (frame(record(tensor(2, [1, 2], [4, 9], 9), tensor(2, [1]))),
                 ("beyond the tensor's shape",)),
                (frame(record(tensor(2, [1], [1 << 31]), tensor(2, [1]))),
                 ("2147483646",)),
                (frame(record(tensor(2, [1], [4], 1 << 40), tensor(2, [1]))),
                 ("shape",)),
                (frame(record(tensor(2, [1, 2, 3], [4, 5], 9),
                              tensor(2, [1]))), ("more values",)),
                (frame(record(tensor(2, [1], [4, 5], 9), tensor(2, [1]))),
                 ("more keys",)),
                (frame(record(tensor(2, [math.nan]), tensor(2, [1]))),
                 ("finite",)),
                (frame(record(tensor(3, [1e300]), tensor(2, [1]))),
                 ("finite",)),
                (frame(record(field(2, field(1, b"123")), tensor(2, [1]))),
                 ("cut short",)),
                (frame(record(tensor(2, [1]) + tensor(2, [1]),
                              tensor(2, [1]))), ("second tensor",)),
                (frame(record(tensor(2, [1, 2], None, 3), tensor(2, [1]))),
                 ("shape",))):
            with self.subTest(parts=parts, ids=ids):
                self.refuse(good + bad, *parts)
        two = good + one[:-8] + good
        self.assertEqual(self.refuse(two), self.refuse(two, ranks=3))
        self.refuse(one, "--label", options=("--label", "1"), code=USAGE)
        self.refuse("1 1:1 2:2\n", "magic", options=("--format", "recordio"))
        packed = self.write("p.gz", gzip.compress(good))
        self.fails(DATA_BAD, "ingest", "--examples", packed, "-o",
                   self.path("p.h5"), says=["unpack"])
        mixed = [self.write("m0", one), self.write("m1", "1 1:1\n")]
        self.fails(DATA_BAD, "ingest", "--examples", *mixed, "-o",
                   self.path("m.h5"), says=["two formats"])

    # ---- export ----

    def export(self, name, *options, on=(1,)):
        """The file that export writes, the same on all ranks."""
        written = set()
        for ranks in on:
            path = self.path(name)
            found = self.ok("export", self.path("e.h5"), "-o", path, "--force",
                            "--json", *options, ranks=ranks).json
            with open(path, "rb") as file:
                written.add(file.read())
        self.assertEqual(len(written), 1)
        self.rows_written = found["rows"]
        return written.pop()

    def test_export(self):
        rows = make_rows()
        whole = as_recordio(rows, 60)
        digest = self.ingest(self.write("a.rec", whole))["digest"]
        self.assertEqual(self.export("b.rec", on=RANKS), whole)
        self.assertEqual(self.rows_written, len(rows))
        self.assertEqual(self.export("b", "--format", "recordio", "--threads",
                                     "3"), whole)
        text = self.export("b.libsvm", on=(1, 3)).decode()
        self.assertEqual([single(line.split(" ")[0])
                          for line in text.splitlines()],
                         [label for label, _ in rows])
        again = self.ingest(self.path("b.libsvm"), name="l.h5")
        self.assertEqual((again["digest"], again["features"]), (digest, 50))
        self.export("b.csv", on=(1, 3))
        again = self.ingest(self.path("b.csv"), "--label", "1", name="c.h5")
        self.assertEqual((again["digest"], again["features"]), (digest, 60))
        zero = self.write("z.txt", "1 0:0 3:-0\n-0\n")
        digest = self.ingest(zero)["digest"]
        self.assertEqual(self.export("z.libsvm"), b"1 0:0 3:-0\n-0\n")
        self.assertEqual(len(self.export("z.rec")) % 4, 0)
        self.assertEqual(self.ingest(self.path("z.rec"))["digest"], digest)

    def test_export_of_names(self):
        names = ["a", "b,c", 'd "e"', "\u00e4"]
        text = 'y,a,"b,c","d ""e""",\u00e4\n1,2,0,4,0\n-1,0,0,0,0.1\n'
        path = self.write("a.csv", text)
        digest = self.ingest(path, "--label", "y")["digest"]
        self.assertEqual(self.export("b.csv").decode(),
                         text.replace("y", "label", 1))
        again = self.ingest(self.path("b.csv"), "--label", "label")
        self.assertEqual(again["digest"], digest)
        with h5py.File(self.path("e.h5"), "r") as file:
            self.assertEqual([n.decode() for n in file["features/name"][...]],
                             names)
        self.fails(USAGE, "export", self.path("e.h5"), "-o",
                   self.path("e.npy"), says=["libsvm csv recordio"])
        wide = self.ingest(self.write("w.txt", "1 2000000:1\n"), name="w.h5")
        self.assertEqual(wide["features"], 2000001)
        self.fails(USAGE, "export", self.path("w.h5"), "-o",
                   self.path("w.csv"), says=["too many columns"])


if __name__ == "__main__":
    main()
