"""`coracle ingest --matrix`, `info` and `export` from end to end: tables in every
form against NumPy and h5py, the same store at every rank count, there and back
without a changed bit, and what is refused."""
import csv
import gzip
import os
import struct

import h5py
import numpy

from coracle_test import (DATA_BAD, IO, NUMERIC, RANKS, USAGE, Case, data, main)

ROWS, COLUMNS = 500, 6


def table(rows=ROWS, columns=COLUMNS):
    """Numbers of many sizes, all 17 digits of them."""
    draw = numpy.random.RandomState(7)
    return draw.normal(size=(rows, columns)) * 10.0 ** draw.randint(
        -6, 7, size=(1, columns))


def as_csv(numbers, header=True, end="\n", quoted=False):
    """Text with a column of text in the third place where it is `quoted`."""
    lines = []
    if header:
        names = ["c%d" % c for c in range(numbers.shape[1])]
        lines.append(",".join(names[:2] + ["say"] * quoted + names[2:]))
    for i, row in enumerate(numbers):
        cells = ["%r" % float(x) for x in row]
        if quoted:
            text = ('"one, ""two""\n%d,2,3"' % i, '"a\n\n"', "plain",
                    '"1,2\r\n3,4,5,6,7,8\n"')[i % 4]
            cells.insert(2, text)
        lines.append(",".join(cells))
        if i % 50 == 7:
            lines.append("")
    return end.join(lines) + (end if numbers.shape[0] % 2 else "")


def as_idx(code, numbers):
    return struct.pack(">BBBB", 0, 0, code, numbers.ndim) + struct.pack(
        ">%dI" % numbers.ndim, *numbers.shape) + numbers.tobytes()


class Matrix(Case):
    def save(self, name, numbers):
        numpy.save(self.path(name), numbers)
        return self.path(name)

    def pack(self, path):
        with open(path, "rb") as file:
            return self.write(os.path.basename(path) + ".gz",
                              gzip.compress(file.read()))

    def ingest(self, *args, name="m.h5", **how):
        found = self.ok("ingest", "--matrix", *args, "-o", self.path(name),
                        "--force", "--json", **how).json
        with h5py.File(self.path(name), "r") as file:
            return found, file["matrix"][()]

    def holds(self, wanted, *args, **how):
        """The store holds these very bits; gives its digest."""
        found, numbers = self.ingest(*args, **how)
        self.assertEqual((found["rows"], found["columns"]), wanted.shape)
        self.assertEqual(numbers.dtype, wanted.dtype)
        self.assertEqual(numbers.tobytes(), wanted.tobytes())
        return found["digest"]


class Forms(Matrix):
    def test_text_is_the_same_on_any_ranks(self):
        numbers = table(4000)  # more than a buffer, with quotes across it
        first = self.write("a.csv", as_csv(numbers, quoted=True))
        second = self.write("b.csv", as_csv(numbers, header=False, end="\r\n",
                                            quoted=True))
        wanted = numpy.vstack([numbers, numbers])
        digests = {self.holds(wanted, first, second, "--columns", "c0,2,4-7",
                              ranks=ranks, name="%d.h5" % ranks)
                   for ranks in RANKS}
        digests.add(self.holds(wanted, first, second, "--columns", "1-2,4-7",
                               "--threads", 2, ranks=3))
        self.assertEqual(len(digests), 1)
        for ranks in RANKS[1:]:
            self.same(self.path("1.h5"), self.path("%d.h5" % ranks))

    def test_arrays_are_the_same_on_any_ranks(self):
        numbers = table()
        with h5py.File(self.path("t.h5"), "w") as file:
            file.create_dataset("in/here", data=numbers, chunks=(33, 5),
                                compression=1)
        files = [self.save("c.npy", numbers),
                 self.save("f.npy", numpy.asfortranarray(numbers)),
                 self.pack(self.save("swapped.npy", numbers.astype(">f8"))),
                 self.path("t.h5:/in/here"), self.pack(self.path("c.npy"))]
        wanted = numpy.vstack([numbers] * len(files))
        digests = {self.holds(wanted, *files, ranks=ranks) for ranks in RANKS}
        digests.add(self.holds(wanted, *files, "--threads", 2, ranks=2))
        self.assertEqual(len(digests), 1)

    def test_fewer_rows_than_ranks(self):
        numbers = table(3)
        self.holds(numbers, self.save("c.npy", numbers),
                   ranks=7)
        self.holds(numbers, self.write("a.csv", as_csv(numbers)), ranks=7)
        self.holds(numbers, self.pack(self.path("c.npy")), ranks=7)

    def test_types_of_arrays(self):
        for kind in ("i1", "u1", "?", "<i2", ">u2", "<i4", ">u4", "<i8", "<u8",
                     "<f4", ">f4", ">f8"):
            numbers = (table(20) * 100).clip(0, 100).astype(kind)
            narrow = numbers.dtype.itemsize <= (4 if "f" in kind else 2)
            wanted = numbers.astype("<f4" if narrow else "<f8")
            self.holds(wanted, self.save("n.npy", numbers))
        numbers = table(20)
        path = self.save("n.npy", numbers)
        self.holds(numbers.astype("f4"), path, "--type", "float32")
        self.holds(numbers.astype("f4").astype("f8"),
                   self.save("n4.npy", numbers.astype("f4")), "--type",
                   "float64")
        self.holds(numbers[:, :1], self.save("line.npy", numbers[:, 0]))
        self.holds(numbers[:, [4, 0, 1]], path, "--columns", "5,1-2")

    def test_idx(self):
        images = numpy.random.RandomState(1).randint(
            0, 256, size=(30, 4, 5)).astype("u1")
        wanted = images.reshape(30, 20).astype("f4")
        self.holds(wanted, self.write("images.idx", as_idx(8, images)))
        packed = self.pack(self.write("images-ubyte", as_idx(8, images)))
        self.holds(wanted, packed, ranks=3)
        self.holds(table(9, 2), self.write(
            "real.idx", as_idx(14, table(9, 2).astype(">f8"))))
        self.holds(images[:, 0, 0].reshape(30, 1).astype("f4"), self.write(
            "labels.idx", as_idx(8, images[:, 0, 0].copy())))

    def test_text_as_people_write_it(self):
        wanted = numpy.array([[1, 2.5], [-3e-2, 4]])
        for content in ("1,2.5\n-3e-2,4\n", "1;2.5\n-.03;4.\n",
                        "1\t+2.5\r\n-0.03\t4e0", "x,y\n1,2.5\n-0.030,4\n",
                        "1 2.5\n-0.03 4\n", '"x","y"\n"1","2.5"\n-0.03,"4"\n',
                        "\xef\xbb\xbf\n\n 1 , 2.5\n-0.03,\t4 \n\n"):
            self.holds(wanted, self.write("t.csv", content.encode("latin-1")))
        self.holds(wanted[1:], self.write("t.csv", "1,2.5\n-0.03,4\n"),
                   "--header", "yes")
        # a name above a number is a header, numbers alone are none
        self.holds(wanted[:, 1:], self.write("t.csv", "7,y\nq,2.5\nq,4\n"),
                   "--columns", "y")
        self.holds(wanted, self.write("t.txt", "1::2.5\n-0.03::4\n"),
                   "--format", "dat")

    def test_standardize(self):
        numbers = table()
        numbers[:, 1] = 1e8 + numpy.arange(ROWS) % 5  # no digit to lose
        numbers[:, 2] = 0.1
        path = self.save("c.npy", numbers)
        mean, deviation = numbers.mean(0), numbers.std(0)
        deviation[2] = 1
        digests = set()
        for ranks in (1, 3):
            found, scaled = self.ingest(path, "--standardize", ranks=ranks)
            digests.add(found["digest"])
            self.assertEqual(found["constant"], 1)
        self.assertEqual(len(digests), 1)
        wanted = (numbers - mean) / deviation
        wanted[:, 2] = 0
        self.assertLess(abs(scaled - wanted).max(), 1e-9)
        with h5py.File(self.path("m.h5"), "r") as file:
            offset, scale = file["columns/offset"][()], file["columns/scale"][()]
        self.assertEqual(scale[2], 1)
        self.assertTrue(numpy.allclose(scaled * scale + offset, numbers,
                                       rtol=1e-13, atol=0))
        _, narrow = self.ingest(path, "--standardize", "--type", "float32")
        self.assertEqual(narrow.tobytes(), scaled.astype("f4").tobytes())

    def test_coarse_float32_is_warned_of(self):
        numbers = numpy.array([[1e8 + i % 5, 16777200.0 + i % 5, 0.1 * i]
                               for i in range(20)])
        path = self.write("t.csv", as_csv(numbers))
        done = self.ok("ingest", "--matrix", path, "--type", "float32", "-o",
                       self.path("t.h5"))
        self.assertIn("column c0 spans 4, and float32 rounds it", done.err)
        done = self.ok("ingest", "--matrix", path, "--columns", "2,3", "--type",
                       "float32", "-o", self.path("t.h5"), "--force")
        self.assertNotIn("float32", done.err)

    def test_plan(self):
        path = self.save("c.npy", table(1000, 50))
        one = self.ok("ingest", "--matrix", path, "-o", self.path("x.h5"),
                      "--plan", "--json", ranks=2).json
        self.assertEqual((one["rows_per_rank"], one["disk"]), (500, 400000))
        self.assertFalse(os.path.exists(self.path("x.h5")))

    def test_info(self):
        numbers = table()
        self.ingest(self.write("a.csv", as_csv(numbers)), "--shards", 9)
        found = self.ok("info", self.path("m.h5"), "--json", ranks=2).json
        self.assertEqual((found["kind"], found["rows"], found["columns"],
                          found["type"], found["shards"],
                          found["standardized"]),
                         ("matrix", ROWS, COLUMNS, "float64", 9, False))
        for c, column in enumerate(found["table"]):
            self.assertEqual(column["column"], "c%d" % c)
            self.assertEqual(column["min"], numbers[:, c].min())
            self.assertEqual(column["max"], numbers[:, c].max())
            for name, value in (("mean", numbers[:, c].mean()),
                                ("deviation", numbers[:, c].std())):
                self.assertAlmostEqual(column[name] / value, 1, places=12)
        wide = self.save("wide.npy", table(3, 200))
        self.ingest(wide)
        self.assertNotIn("table", self.ok("info", self.path("m.h5"),
                                          "--json").json)


class Generate(Matrix):
    def test_a_planted_mixture(self):
        words = ("--rows", 3000, "--columns", 5, "--components", 3,
                 "--separation", 40)
        digests = {self.ok("generate", *words, "-o", self.path("g.h5"),
                           "--force", "--json", ranks=ranks).json["digest"]
                   for ranks in (1, 3, 7)}
        digests.add(self.ok("generate", *words, "--threads", 2, "-o",
                            self.path("g.h5"), "--force",
                            "--json").json["digest"])
        self.assertEqual(len(digests), 1)
        with h5py.File(self.path("g.h5"), "r") as file:
            numbers = file["matrix"][()]
        left, sizes = numbers, []  # heaps far from each other
        while len(left):
            near = abs(left - left[0]).max(1) < 20
            deviation = left[near].std(0)
            self.assertTrue(((0.5 < deviation) & (deviation < 4)).all())
            sizes.append(near.sum())
            left = left[~near]
        self.assertEqual(len(sizes), 3)
        self.assertGreater(min(sizes), 3000 / 9)
        self.fails(USAGE, "generate", "--rows", 5, "--columns", 0, "-o",
                   self.path("x.h5"), says="columns")


class Export(Matrix):
    def export(self, store, name, *args, **how):
        path = self.path(name)
        rows = self.ok("export", store, "-o", path, "--json", "--force", *args,
                       **how).json["rows"]
        with open(path, "rb") as file:
            return rows, file.read()

    def test_there_and_back(self):
        numbers = table()
        numbers[4, 3] = -0.0
        for kind, options in (("f8", ()), ("f4", ("--type", "float32"))):
            wanted = numbers.astype(kind)
            digest = self.holds(wanted, self.save("c.npy", wanted))
            store = self.path("m.h5")
            texts = {self.export(store, "e.csv", ranks=r) for r in (1, 3)}
            arrays = {self.export(store, "e.npy", ranks=r) for r in (1, 7)}
            self.assertEqual((len(texts), len(arrays)), (1, 1))
            self.assertEqual(texts.pop()[0], ROWS)
            self.assertEqual(numpy.load(self.path("e.npy")).tobytes(),
                             wanted.tobytes())
            self.assertEqual(digest, self.holds(
                wanted, self.path("e.csv"), *options, name="again.h5"))
            self.assertEqual(digest, self.holds(
                wanted, self.path("e.npy"), name="again.h5", ranks=3))

    def test_names_and_shortest_digits(self):
        path = self.write("a.csv", 'plain,"with, comma",\n0.1,1e22,-3\n'
                                   "100,0.30000000000000004,2.5e-7\n")
        self.ingest(path)
        self.assertEqual(self.export(self.path("m.h5"), "e.csv")[1],
                         b'plain,"with, comma",\n0.1,1e+22,-3\n'
                         b"100,0.30000000000000004,2.5e-07\n")

    def test_interactions(self):
        lines = [("u%d" % (i % 7), "item %d, \"x\"" % (i * i % 11),
                  (i % 10) / 2 + 0.1, 1000 - i) for i in range(60)]
        with open(self.path("r.csv"), "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(("user", "item", "value", "time"))
            writer.writerows(lines)
        self.ok("ingest", self.path("r.csv"), "-o", self.path("r.h5"))
        first = list(dict.fromkeys(line[0] for line in lines))
        wanted = sorted(lines, key=lambda r: (first.index(r[0]), r[3]))
        for name, options in (("e.csv", ()), ("e.inter", ()),
                              ("e.txt", ("--format", "inter"))):
            got = {self.export(self.path("r.h5"), name, *options, ranks=ranks)
                   for ranks in ((1, 7) if name == "e.csv" else (1,))}
            self.assertEqual(len(got), 1)
            rows, content = got.pop()
            text = content.decode()
            dialect = {"delimiter": ","} if name == "e.csv" else {
                "delimiter": "\t", "quoting": csv.QUOTE_NONE}
            read = list(csv.reader(text.splitlines(), **dialect))
            self.assertEqual(rows, len(lines))
            self.assertEqual(read[0], ["user", "item", "value", "time"]
                             if name == "e.csv" else
                             ["user_id:token", "item_id:token", "rating:float",
                              "timestamp:float"])
            self.assertEqual([(u, i, float(v), int(t))
                              for u, i, v, t in read[1:]], wanted)
        digests = {self.ok("ingest", self.path(name), "--id-order", "sorted",
                           "-o", self.path("s.h5"), "--force",
                           "--json").json["digest"]
                   for name in ("r.csv", "e.csv", "e.inter")}
        self.assertEqual(len(digests), 1)

    def test_interactions_without_times(self):
        self.ok("ingest", self.write("r.csv", "5,6,1\n4,6,2\n"), "-o",
                self.path("r.h5"))
        self.assertEqual(self.export(self.path("r.h5"), "e.csv", ranks=3)[1],
                         b"user,item,value\n5,6,1\n4,6,2\n")

    def test_refused(self):
        self.ingest(self.save("c.npy", table()))
        store, out = self.path("m.h5"), self.path("e.inter")
        self.fails(USAGE, "export", store, "-o", out, says="csv npy")
        self.fails(USAGE, "export", store, "-o", self.path("e"),
                   says="--format")
        self.fails(USAGE, "export", store, says="-o")
        self.fails(IO, "export", self.path("none.h5"), "-o", self.path("e.csv"),
                   says="none.h5")
        self.write("e.csv", "mine")
        self.fails(IO, "export", store, "-o", self.path("e.csv"), ranks=3,
                   says="--force")
        with open(self.path("e.csv")) as file:
            self.assertEqual(file.read(), "mine")
        self.ok("ingest", self.write("r.csv", 'a,"x\ty"\nb,z\n'), "--columns",
                "user=1,item=2", "-o", self.path("r.h5"))
        self.fails(DATA_BAD, "export", self.path("r.h5"), "-o", out, ranks=3,
                   says=("tab", "CSV"))
        self.assertFalse([name for name in os.listdir(self.dir)
                          if "inter" in name])


class Bad(Matrix):
    def refused(self, code, says, *args, ranks=1):
        before = sorted(os.listdir(self.dir))
        self.fails(code, "ingest", "--matrix", *args, "-o", self.path("o.h5"),
                   says=says, ranks=ranks)
        self.assertEqual(sorted(os.listdir(self.dir)), before)

    def bad_text(self, content, says, *args, ranks=1):
        path = self.write("bad.csv", content)
        self.refused(DATA_BAD, says, path, *args, ranks=ranks)

    def test_cells(self):
        head = "x,y,z\n1,2,3\n"
        here = "bad.csv:3: "
        self.bad_text(head + "4,setosa,6\n",
                      (here, 'column 2 (y): "setosa"', "--columns"))
        self.bad_text("1,2,3\n4,5,\n", ("bad.csv:2: column 3 is empty",))
        for word in ("nan", "-inf", "NA", "1e999"):
            self.bad_text(head + "4,5,%s\n" % word,
                          (here, 'column 3 (z): "%s"' % word, "finite"))
        self.bad_text(head + "1,2,1e39\n", (here, '"1e+39"', "float64"),
                      "--type", "float32")
        self.bad_text(head + "4,5\n", (here, "2 fields", "the header has 3"))
        self.bad_text(head + '4,"5"6,7\n', (here, "closing quote"))
        self.bad_text(head + '4,"5,6\n7,8,9\n', (here, "never closed"))
        self.bad_text("x,y\n", ("no rows", "header"))
        self.bad_text("", ("no rows", "empty"))

    def test_the_first_bad_row_of_all_ranks(self):
        lines = ["1,2"] * 4000
        lines[3999], lines[1234], lines[2500] = "1,x", "7,first", "1"
        self.bad_text("\n".join(lines), ("bad.csv:1235: ", '"first"'), ranks=7)

    def test_columns(self):
        path = self.write("t.csv", "x,y\n1,2\n")
        self.refused(DATA_BAD, ('"z"', "header"), path, "--columns", "x,z")
        self.refused(DATA_BAD, ("2 columns", "asks for 3"), path, "--columns",
                     "3")
        self.refused(USAGE, "twice", path, "--columns", "x,1")
        self.refused(DATA_BAD, "positions", self.save("c.npy", table()),
                     "--columns", "x")
        other = self.write("u.csv", "x,q\n1,2\n")
        self.refused(DATA_BAD, ("u.csv:1", '"q"', '"y"'), path, other)
        self.refused(DATA_BAD, ("3 columns", "has 2"), path,
                     self.write("v.csv", "1,2,3\n"))
        self.refused(DATA_BAD, "one kind", path, self.path("c.npy"))
        self.refused(DATA_BAD, ("5 columns", "has 6"), self.path("c.npy"),
                     self.save("d.npy", table(4, 5)), ranks=3)

    def test_options(self):
        path = self.write("t.csv", "1,2\n")
        self.refused(USAGE, "--on-error", path, "--on-error", "skip")
        self.refused(USAGE, "dat", path, "--format", "inter")
        self.refused(USAGE, "--shards", path, "--shards", -3)
        self.fails(USAGE, "ingest", path, "--standardize", "-o",
                   self.path("o.h5"), says="--matrix")

    def test_arrays(self):
        numbers = table()
        numbers[ROWS - 2, 1] = float("nan")
        path = self.save("c.npy", numbers)
        self.refused(DATA_BAD, ("c.npy: row 499, column 2: nan",), path,
                     ranks=3)
        self.refused(DATA_BAD, ("c.npy.gz: row 499, column 2: nan",),
                     self.pack(path), ranks=3)
        self.holds(numbers[:, 2:], path, "--columns", "3-6", name="good.h5")
        self.refused(DATA_BAD, "1e+300", self.save("l.npy", [[1e300]]),
                     "--type", "float32")
        with open(path, "rb") as file:
            whole = file.read()
        self.refused(DATA_BAD, "cut short", self.write("cut.npy", whole[:-1]))
        self.refused(DATA_BAD, "header", self.write("head.npy", whole[:40]))
        packed = self.write("cut.npy.gz", gzip.compress(whole)[:-4000])
        self.refused(DATA_BAD, "cut.npy.gz", packed, ranks=3)
        self.refused(DATA_BAD, "row 500", self.write(
            "short.npy.gz", gzip.compress(whole[:-1])))
        self.refused(DATA_BAD, "3 dimensions",
                     self.save("three.npy", numpy.zeros((2, 3, 4))))
        self.refused(DATA_BAD, "<c16", self.save("c.npy", numbers * 1j))
        self.refused(DATA_BAD, "no rows", self.save("c.npy", numbers[:0]))
        self.refused(DATA_BAD, "no columns", self.save("c.npy", numbers[:, :0]))
        records = numpy.zeros(3, dtype=[("a", "f8")])
        self.refused(DATA_BAD, "records", self.save("c.npy", records))
        self.refused(DATA_BAD, "unpack", self.write(
            "t.csv.gz", gzip.compress(b"1,2\n")))
        self.refused(DATA_BAD, "binary", self.write("elf", b"\x7fELF\0\0\1,2"))
        self.refused(IO, "none.npy", self.path("none.npy"), ranks=3)
        self.refused(IO, "directory", self.dir)

    def test_hdf5(self):
        path = self.path("t.h5")
        with h5py.File(path, "w") as file:
            file["good"] = table()
            file["deep/words"] = numpy.array([b"a", b"b"])
            file["cube"] = numpy.zeros((2, 2, 2))
        self.refused(DATA_BAD, "t.h5:/DATASET", path)
        self.refused(DATA_BAD, ("no dataset /x", "/good", "/deep/words"),
                     path + ":/x", ranks=3)
        self.refused(DATA_BAD, "no numbers", path + ":/deep/words")
        self.refused(DATA_BAD, "dimensions", path + ":/cube")
        self.refused(DATA_BAD, "/deep", path + ":/deep")
        with open(path, "rb") as file:
            cut = self.write("cut.h5", file.read()[:4000])
        self.refused(DATA_BAD, "cut.h5", cut + ":/good", ranks=3)
        self.refused(DATA_BAD, "HDF5", self.write("no.h5", "text") + ":/good")

    def test_too_large_to_sum(self):
        path = self.save("c.npy", numpy.array([[1e300], [-1e300]]))
        self.refused(NUMERIC, "column 1", path)


class Real(Matrix):
    def test_files(self):
        for name, options, shape in (
                ("faithful", (), (272, 2)), ("digits", (), (1797, 65)),
                ("iris", ("--columns", "1-4"), (150, 4)),
                ("letter", ("--columns", "2-17"), (20000, 16))):
            path = data("data", "matrix", name + ".csv")
            with open(path, newline="") as file:
                rows = list(csv.reader(file))[1:]
            first = 1 if name == "letter" else 0
            wanted = numpy.array([[float(x) for x in
                                   row[first:first + shape[1]]]
                                  for row in rows])
            self.assertEqual(wanted.shape, shape)
            self.holds(wanted, path, *options)
        message = self.fails(DATA_BAD, "ingest", "--matrix",
                             data("data", "matrix", "iris.csv"), "-o",
                             self.path("o.h5"))
        self.assertIn('iris.csv:2: column 5 (Species): "setosa"', message)

    def test_references(self):
        faces = data("golden", "faces.npy")
        self.holds(numpy.load(faces), faces, ranks=3)
        blobs = data("golden", "blobs.csv")
        self.holds(numpy.loadtxt(blobs, delimiter=",", skiprows=1), blobs,
                   ranks=3)


if __name__ == "__main__":
    main()
