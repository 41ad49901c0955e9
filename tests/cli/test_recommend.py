"""Using a model: evaluate, predict, recommend. A small set of ratings is
written here, so that every answer can be checked against its own text."""
import csv
import json
import math
import os
import shutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from coracle_test import (DATA_BAD, IO, RANKS, USAGE, Case, data,  # noqa: E402
                          h5py, main, run)

USERS, ITEMS = 60, 45


def rating(user, item):
    """Half stars with a pattern that factors can learn."""
    taste = math.sin(user) * math.cos(item) + 0.5 * math.sin(item)
    return min(5.0, max(0.5, round(2 * (3 + 1.6 * taste)) / 2))


def item_name(item):
    return 'i,"%d"' % item if item % 10 == 3 else "i%d" % item


def quote(text):
    return '"%s"' % text.replace('"', '""') if "," in text else text


def rows(wanted):
    """(user, item, rating) of the pairs that `wanted` says."""
    return [(user, item, rating(user, item)) for user in range(USERS)
            for item in range(ITEMS) if wanted(user, item)]


def in_train(user, item):
    return (user * 7 + item * 5) % 4 == 1 and user < 55 and item < 40


def in_test(user, item):
    return (user * 7 + item * 5) % 9 == 2 and not in_train(user, item)


def text_of(some):
    return "user,item,rating\n" + "".join(
        "%d,%s,%g\n" % (user, quote(item_name(item)), value)
        for user, item, value in some)


class Using(Case):
    """One model for all tests of this script."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="coracle-model-")
        cls.train = os.path.join(cls.folder, "train.h5")
        cls.test = os.path.join(cls.folder, "test.h5")
        cls.model = os.path.join(cls.folder, "model.h5")
        titles = "item,title\n" + "".join(
            '%s,"Film, ""%d"""\n' % (quote(item_name(item)), item)
            for item in range(ITEMS))
        for name, some in (("train", rows(in_train)), ("test", rows(in_test))):
            with open(os.path.join(cls.folder, name + ".csv"), "w") as file:
                file.write(text_of(some))
        with open(os.path.join(cls.folder, "titles.csv"), "w") as file:
            file.write(titles)
        for words in (
                ("ingest", cls.train[:-2] + "csv", "-o", cls.train, "--titles",
                 os.path.join(cls.folder, "titles.csv")),
                ("ingest", cls.test[:-2] + "csv", "-o", cls.test),
                ("als", cls.train, "--bias", "--factors", "8", "--reg", "2",
                 "--reg-bias", "1", "--iterations", "6", "-o", cls.model)):
            done = run(*words)
            if done.code:
                raise AssertionError(str(done))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder, ignore_errors=True)

    def read(self, path):
        with open(path, newline="") as file:
            return list(csv.DictReader(file))

    def all_ranks(self, job, *args, threads=False):
        """The result is the same text at every rank count; returns it."""
        results = [self.ok(job, *args, "--json", "-q", ranks=ranks).out
                   for ranks in RANKS]
        if threads:
            results.append(self.ok(job, *args, "--json", "-q", "--threads", 2,
                                   ranks=2).out)
        self.assertEqual(set(results), {results[0]})
        return self.ok(job, *args, "--json", "-q").json

    def all_files(self, job, *args):
        """The same for what is written with -o; returns its path."""
        contents = []
        for ranks in RANKS:
            path = self.path("%d.csv" % ranks)
            self.ok(job, *args, "-q", "-o", path, ranks=ranks)
            with open(path, "rb") as file:
                contents.append(file.read())
        self.assertEqual(set(contents), {contents[0]})
        return path


class Evaluate(Using):
    def test_same_as_the_predictions_say(self):
        found = self.all_ranks("evaluate", self.model, self.test, threads=True)
        test = rows(in_test)
        pairs = self.write("pairs.csv", text_of(test))
        self.ok("predict", self.model, pairs, "-o", self.path("p.csv"))
        errors = [float(line["prediction"]) - value for line, (_, _, value)
                  in zip(self.read(self.path("p.csv")), test)]
        self.assertEqual(found["n"], len(test))
        self.assertEqual(found["unknown"], sum(
            user >= 55 or item >= 40 for user, item, _ in test))
        rmse = math.sqrt(sum(e * e for e in errors) / len(test))
        mae = sum(map(abs, errors)) / len(test)
        # predictions are floats below 8, written with 9 digits
        self.assertAlmostEqual(found["rmse"], rmse, delta=1e-6)
        self.assertAlmostEqual(found["mae"], mae, delta=1e-6)

    def test_a_text_file_counts_as_well(self):
        found = self.ok("evaluate", self.model, self.test, "--json").json
        text = self.ok("evaluate", self.model, self.test[:-2] + "csv",
                       "--columns", "user=user,item=item,value=rating",
                       "--json").json
        self.assertEqual(found["n"], text["n"])
        self.assertAlmostEqual(found["rmse"], text["rmse"], delta=1e-12)

    def test_what_makes_no_sense(self):
        missing = self.path("none.h5")
        self.fails(USAGE, "evaluate", self.model)
        self.fails(IO, "evaluate", missing, self.test, says=missing)
        self.fails(IO, "evaluate", self.model, missing, says=missing)
        self.fails(DATA_BAD, "evaluate", self.train, self.test,
                   says=self.train, ranks=3)
        self.fails(DATA_BAD, "evaluate", self.model, self.model,
                   says=self.model)

    def test_a_model_cut_short(self):
        with open(self.model, "rb") as file:
            cut = self.write("cut.h5", file.read()[:5000])
        self.fails(DATA_BAD, "evaluate", cut, self.test, says=cut, ranks=2)

    def test_a_model_of_other_shapes(self):
        """A matrix where a column belongs must not be read into its place."""
        if not h5py:
            self.skipTest("no h5py")
        for name in ("items/count", "users/mean", "items/id", "shards/user"):
            wrong = shutil.copy(self.model, self.path("wrong.h5"))
            with h5py.File(wrong, "r+") as file:
                column = file[name][:]
                del file[name]
                file[name] = [[value] * 7 for value in column]
            self.fails(DATA_BAD, "evaluate", wrong, self.test, says=wrong)

    def test_real_data(self):
        golden = [data("golden", "ml-latest-small-%s.csv" % part)
                  for part in ("train", "test")]
        train, test, model = map(self.path, ("train.h5", "test.h5", "m.h5"))
        self.ok("ingest", golden[0], "-o", train)
        self.ok("ingest", golden[1], "-o", test)
        self.ok("als", train, "--bias", "--factors", 64, "--reg", 12,
                "--reg-bias", 4, "--iterations", 10, "-o", model)
        found = self.ok("evaluate", model, test, "--json", ranks=3).json
        self.assertEqual(found["n"], 20168)
        self.assertLess(found["rmse"], 0.860)


class Predict(Using):
    PAIRS = ("item,when,user\n"
             '"i,""13""",x,7\ni2,y,7\ni2,z,nobody\nnothing,,7\n'
             "nothing,,nobody\ni2,y,7\n")

    def test_in_input_order(self):
        pairs = self.write("pairs.csv", self.PAIRS)
        lines = self.read(self.all_files("predict", self.model, pairs))
        self.assertEqual([(line["user"], line["item"]) for line in lines],
                         [("7", 'i,"13"'), ("7", "i2"), ("nobody", "i2"),
                          ("7", "nothing"), ("nobody", "nothing"),
                          ("7", "i2")])
        self.assertEqual(lines[1], lines[5])
        known = [value for _, _, value in rows(in_train)]
        self.assertAlmostEqual(float(lines[4]["prediction"]),
                               sum(known) / len(known), delta=1e-5)
        for line in lines:
            self.assertTrue(0.5 <= float(line["prediction"]) <= 5)

    def test_counts(self):
        pairs = self.write("pairs.csv", self.PAIRS)
        out = self.path("out.csv")
        found = self.ok("predict", self.model, pairs, "-o", out, "--json",
                        ranks=2).json
        self.assertEqual(found, {"rows": 6, "unknown": 3, "clipped": True,
                                 "range": {"min": 1, "max": 5}})

    def test_beyond_the_range(self):
        """--no-clip gives the scores of recommend, and evaluate its errors."""
        model = self.path("wild.h5")
        self.ok("als", self.train, "--factors", 8, "--reg", 0.01, "-o", model)
        lists = self.ok("recommend", model, "--all", "-n", ITEMS,
                        "--json").json["recommendations"]
        user, found = max(lists.items(), key=lambda one: one[1][0]["score"])
        pairs = self.write("pairs.csv", "user,item,rating\n" + "".join(
            "%s,%s,3\n" % (user, quote(one["item"])) for one in found))
        out = self.path("out.csv")
        done = self.ok("predict", model, pairs, "--no-clip", "-o", out,
                       "--json", ranks=3).json
        self.assertEqual((done["clipped"], done["range"]["max"]), (False, 5))
        lines = self.read(out)
        for one, line in zip(found, lines):
            self.assertAlmostEqual(one["score"], float(line["prediction"]),
                                   delta=1e-5)
        self.assertTrue(any(not 1 <= one["score"] <= 5 for one in found))
        squares = {clip: sum((min(max(one["score"], 1 if clip else -9),
                                  5 if clip else 99) - 3)**2 for one in found)
                   for clip in (True, False)}
        for clip, words in ((True, ()), (False, ("--no-clip",))):
            done = self.ok("evaluate", model, pairs, *words, "--json",
                           ranks=2).json
            self.assertEqual(done["clipped"], clip)
            self.assertAlmostEqual(done["rmse"]**2 * len(found), squares[clip],
                                   delta=1e-3)

    def test_columns_by_name_and_position(self):
        named = self.write("named.csv", "a,b\ni2,7\n")
        bare = self.write("bare.csv", "i2,7\n")
        for pairs, columns in ((named, "user=b,item=a"),
                               (bare, "user=2,item=1")):
            out = self.path("out.csv")
            self.ok("predict", self.model, pairs, "--columns", columns, "-o",
                    out, "--force")
            self.assertEqual(self.read(out)[0]["item"], "i2")

    def test_a_store(self):
        lines = self.read(self.all_files("predict", self.model, self.test))
        test = sorted((str(user), item_name(item))
                      for user, item, _ in rows(in_test))
        self.assertEqual(sorted((line["user"], line["item"])
                                for line in lines), test)

    def test_what_makes_no_sense(self):
        pairs = self.write("pairs.csv", self.PAIRS)
        out = self.path("out.csv")
        self.fails(USAGE, "predict", self.model, pairs)
        self.fails(IO, "predict", self.model, self.path("none.csv"), "-o", out)
        self.fails(DATA_BAD, "predict", self.model, self.write("e.csv", ""),
                   "-o", out, ranks=3)
        self.fails(IO, "predict", self.model, pairs, "-o",
                   self.path("no", "folder.csv"), ranks=2)
        self.fails(IO, "predict", self.model, pairs, "-o", pairs,
                   says="--force")
        pipe = self.path("pipe.csv")
        os.mkfifo(pipe)
        self.fails(IO, "predict", self.model, pairs, "-o", pipe, "--force",
                   says="a pipe")
        self.assertFalse(os.path.exists(out))


class Recommend(Using):
    def test_best_without_seen(self):
        found = self.all_ranks("recommend", self.model, "--users", "7,12,3",
                               "-n", 4, "--seen", self.train, threads=True)
        self.assertEqual(found["users"], 3)
        self.assertEqual(found["popular"], 0)
        lists = found["recommendations"]
        self.assertEqual(list(lists), ["7", "12", "3"])
        names = {item_name(item): item for item in range(ITEMS)}
        for user, items in lists.items():
            self.assertEqual(len(items), 4)
            scores = [one["score"] for one in items]
            self.assertEqual(scores, sorted(scores, reverse=True))
            for one in items:
                item = names[one["item"]]
                self.assertFalse(in_train(int(user), item))
                self.assertLess(item, 40)
                self.assertEqual(one["title"], 'Film, "%d"' % item)
                self.assertNotIn("popular", one)

    def test_scores_are_predictions_not_clipped(self):
        user = "7"
        found = self.ok("recommend", self.model, "--users", user, "-n", ITEMS,
                        "--json").json["recommendations"][user]
        self.assertEqual(len(found), 40)
        pairs = self.write("pairs.csv", "user,item\n" + "".join(
            "%s,%s\n" % (user, quote(one["item"])) for one in found))
        out = self.path("out.csv")
        self.ok("predict", self.model, pairs, "-o", out)
        for one, line in zip(found, self.read(out)):
            self.assertAlmostEqual(min(5, max(0.5, one["score"])),
                                   float(line["prediction"]), delta=1e-5)

    def test_everybody_into_a_file(self):
        lines = self.read(self.all_files("recommend", self.model, "--all",
                                         "-n", 3, "--seen", self.train))
        self.assertEqual(len(lines), 55 * 3)
        seen = {(str(user), item_name(item))
                for user, item, _ in rows(in_train)}
        self.assertFalse(seen & {(line["user"], line["item"])
                                 for line in lines})
        self.assertEqual([line["rank"] for line in lines[:4]],
                         ["1", "2", "3", "1"])
        self.assertEqual({line["popular"] for line in lines}, {"0"})

    def test_the_same_lists_in_every_format(self):
        """JSON lines and HDF5 say what CSV says: ids, titles, scores, marks,
        also of users who are new, and of lists that end early."""
        fresh = self.write("new.csv", 'user,item,rating\n"n\\""\t1",i2,5\n')
        words = ("recommend", self.model, "--all", "-n", 39, "--seen",
                 self.train, "--ratings", fresh)
        expected = self.read(self.all_files(*words))
        files = []
        for ranks in RANKS:
            lines = self.path("%d.jsonl" % ranks)
            tables = self.path("%d.h5" % ranks)
            self.ok(*words, "-q", "-o", lines, ranks=ranks)
            with open(lines, "rb") as file:
                files.append(file.read())
            if ranks in (1, 3, 7):
                self.ok(*words, "-q", "-o", tables, ranks=ranks)
                self.same(tables, self.path("1.h5"))
        self.assertEqual(set(files), {files[0]})
        got = []
        for line in files[0].decode().splitlines():
            one = json.loads(line)
            self.assertEqual(list(one), ["user", "popular", "items"])
            self.assertEqual(isinstance(one["user"], int),
                             one["user"] != 'n\\"\t1')
            for rank, item in enumerate(one["items"], 1):
                self.assertEqual(list(item), ["item", "title", "score"])
                got.append({"user": str(one["user"]), "rank": str(rank),
                            "item": item["item"], "title": item["title"],
                            "score": "%.9g" % item["score"],
                            "popular": "%d" % one["popular"]})
        self.assertEqual(got, expected)
        if not h5py:
            return
        with h5py.File(self.path("1.h5"), "r") as file:
            titles = dict(zip(file["items/id"][:], file["items/title"][:]))
            lists = {name: file["lists"][name][:] for name in file["lists"]}
            self.assertEqual(file.attrs["kind"], b"lists")
        self.assertEqual(lists["rank"].shape, (56, 39))
        got = [{"user": lists["id"][q].decode(), "rank": str(rank),
                "item": lists["item"][q, place].decode(),
                "title": titles[lists["item"][q, place]].decode(),
                "score": "%.9g" % lists["score"][q, place],
                "popular": "%d" % lists["popular"][q]}
               for q in range(56) for place, rank in enumerate(lists["rank"][q])
               if rank]
        self.assertEqual(got, expected)

    def test_numbers_stay_numbers(self):
        """Ids that are integers are so in every file, however asked for."""
        rows = self.write("n.csv", "user,item,rating\n" + "".join(
            "%d,%d,%d\n" % (u * 7, i * 3, 1 + (u + i) % 5)
            for u in range(9) for i in range(8) if (u + i) % 3))
        store, model = self.path("n.h5"), self.path("m.h5")
        self.ok("ingest", rows, "-o", store)
        self.ok("baseline", store, "-o", model)
        out = self.path("few")
        self.ok("recommend", model, "--users", "7,nobody", "-n", 2, "-o", out,
                "--format", "jsonl", ranks=3)
        with open(out) as file:
            one, other = map(json.loads, file)
        self.assertEqual((one["user"], other["user"]), (7, "nobody"))
        self.assertTrue(isinstance(one["items"][0]["item"], int))
        if h5py:
            self.ok("recommend", model, "--all", "-n", 2, "-o", out, "--force",
                    "--format", "hdf5", ranks=2)
            with h5py.File(out, "r") as file:
                self.assertEqual(list(file["lists/id"]),
                                 [u * 7 for u in range(9)])
                self.assertEqual(file["lists/item"].dtype.kind, "i")

    def test_nothing_known(self):
        done = self.ok("recommend", self.model, "--users", "7,nobody", "-n", 3,
                       "--json")
        self.assertIn("popular", done.err)
        self.assertEqual(done.json["popular"], 1)
        known, popular = done.json["recommendations"].values()
        self.assertTrue(all(one["popular"] for one in popular))
        self.assertFalse(any("popular" in one for one in known))
        ratings, mean = {}, 0
        for _, item, value in rows(in_train):
            ratings.setdefault(item_name(item), []).append(value)
        total = [value for some in ratings.values() for value in some]
        mean = sum(total) / len(total)
        damped = {item: (sum(some) + 10 * mean) / (len(some) + 10)
                  for item, some in ratings.items()}
        best = sorted(damped.values(), reverse=True)[:3]
        for one, expected in zip(popular, best):
            self.assertAlmostEqual(one["score"], expected, delta=1e-6)
            self.assertAlmostEqual(damped[one["item"]], expected, delta=1e-6)

    def test_fold_in(self):
        fresh = [("new1", item, rating(7, item)) for item in range(0, 40, 2)]
        fresh += [("new2", item, rating(9, item)) for item in (3, 44)]
        path = self.write("new.csv", "user,item,rating\n" + "".join(
            "%s,%s,%g\n" % (user, quote(item_name(item)), value)
            for user, item, value in fresh))
        found = self.all_ranks("recommend", self.model, "--users",
                               "new1,nobody,new2", "-n", 5, "--ratings", path)
        self.assertEqual((found["users"], found["popular"]), (3, 1))
        self.assertEqual((found["folded_in"], found["ignored"]), (2, 1))
        lists = found["recommendations"]
        rated = {item_name(item) for user, item, _ in fresh if user == "new1"}
        self.assertFalse(rated & {one["item"] for one in lists["new1"]})
        self.assertTrue(lists["nobody"][0]["popular"])
        self.assertNotEqual(lists["new1"], lists["nobody"])
        # without --users the lists are for those of the file
        found = self.ok("recommend", self.model, "--ratings", path, "-n", 5,
                        "--json", ranks=3).json
        self.assertEqual(found["recommendations"],
                         {user: lists[user] for user in ("new1", "new2")})

    def test_fold_in_beside_all(self):
        path = self.write("new.csv", "user,item,rating\nnew,i2,5\n3,i4,1\n")
        lines = self.read(self.all_files("recommend", self.model, "--all",
                                         "--ratings", path, "-n", 2))
        self.assertEqual(len(lines), 56 * 2)
        self.assertEqual([line["user"] for line in lines[-2:]], ["new", "new"])

    def test_plan_reads_no_data(self):
        found = self.ok("recommend", self.model, "--all", "--seen", self.train,
                        "--plan", "--json", ranks=2).json
        self.assertGreater(found["memory_per_rank"], 0)

    def test_what_makes_no_sense(self):
        out = self.path("out.csv")
        self.fails(USAGE, "recommend", self.model)
        self.fails(USAGE, "recommend", self.model, "--users", "1", "--all")
        self.fails(USAGE, "recommend", self.model, "--users", ",")
        self.fails(USAGE, "recommend", self.model, "--all", "-n", 0)
        self.fails(IO, "recommend", self.model, "--all", "-o",
                   self.path("no", "x.csv"), ranks=2)
        self.fails(IO, "recommend", self.model, "--all", "--seen",
                   self.path("none.h5"), "-o", out, ranks=2)
        self.fails(DATA_BAD, "recommend", self.model, "--ratings",
                   self.write("bad.csv", "user,item,rating\nnew,i2,good\n"),
                   "-o", out, says="good")
        self.assertFalse(os.path.exists(out))


class Similar(Using):
    def cosines(self):
        import numpy
        with h5py.File(self.model, "r") as file:
            names = [name.decode() for name in file["items/id"][:]]
            rows = file["items/factors"][:].astype(float)
        rows /= numpy.sqrt((rows**2).sum(1))[:, None]
        return names, rows @ rows.T

    def test_nearest_by_cosine_without_itself(self):
        if h5py is None:
            self.skipTest("no h5py")
        names, cosines = self.cosines()
        runs = [self.ok("similar", self.model, "--items", "i4,i7,nothing", "-n",
                        6, "--json", ranks=ranks).json for ranks in (1, 3, 7)]
        for one in runs[1:]:
            self.assertEqual(one, runs[0])
        self.assertEqual(runs[0]["items"]["nothing"], [])
        self.assertEqual(runs[0]["unknown"], 1)
        for name in ("i4", "i7"):
            row = cosines[names.index(name)]
            best = sorted((row[i] for i, other in enumerate(names)
                           if other != name), reverse=True)[:6]
            got = runs[0]["items"][name]
            self.assertEqual(len({place["item"] for place in got} - {name}), 6)
            for place, score in zip(got, best):  # some are all but equal
                self.assertAlmostEqual(place["score"], score, delta=1e-5)
                self.assertAlmostEqual(row[names.index(place["item"])], score,
                                       delta=1e-5)

    def test_into_a_file(self):
        path = self.path("like.csv")
        self.ok("similar", self.model, "--items", "i4", "-n", 2, "-o", path)
        with open(path, newline="") as file:
            lines = list(csv.reader(file))
        self.assertEqual(lines[0], ["like", "rank", "item", "title", "score"])
        self.assertEqual([line[:2] for line in lines[1:]],
                         [["i4", "1"], ["i4", "2"]])
        path = self.path("like.jsonl")
        self.ok("similar", self.model, "--items", "i4,nothing", "-n", 2, "-o",
                path, ranks=2)
        with open(path) as file:
            one, none = map(json.loads, file)
        self.assertEqual([place["item"] for place in one["items"]],
                         [line[2] for line in lines[1:]])
        self.assertEqual(none, {"like": "nothing", "items": []})

    def test_what_makes_no_sense(self):
        for words, says in (((), "--items"), (("--items", ","), "--items"),
                            (("--items", "i4", "-n", 0), "-n")):
            done = run("similar", self.model, *words)
            self.assertEqual(done.code, USAGE, done)
            self.assertIn(says, done.messages[0])


if __name__ == "__main__":
    main()
