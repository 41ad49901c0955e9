"""Tables of results: one JSON file a benchmark, and all of them together as
Markdown and JSON."""
import json
import os
import platform
import time


class Table:
    """Columns and rows; None prints as nothing."""

    def __init__(self, title, *columns, note=""):
        self.title, self.columns, self.note = title, columns, note
        self.rows = []

    def add(self, *cells):
        assert len(cells) == len(self.columns), (self.title, cells)
        self.rows.append(cells)
        print("  " + "  ".join("%s %s" % pair for pair in
                               zip(self.columns, map(text, cells)) if pair[1]),
              flush=True)


def text(cell):
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "**no**"
    if isinstance(cell, float):
        return "%.3g" % cell if abs(cell) < 1000 else "%.0f" % cell
    return str(cell)


def versus(title, note=""):
    """The table of a comparison: ours and theirs, in one unit."""
    return Table(title, "what", "cores", "unit", "ours", "peer", "theirs",
                 "ratio", "target", "met", "ratio of CPU time",
                 "share of ceiling", "our peak MiB", "their peak MiB",
                 note=note)


def compare(table, what, cores, unit, ours, peer=None, theirs=None,
            target=None, share=None, peaks=(None, None), bigger=False,
            cpu=(None, None)):
    """Add a row; the ratio is how much better ours is. Without a peer the
    target is held against ours itself. Where others use the machine, the
    seconds of processors, `cpu`, tell more than those on the wall."""
    ratio = None
    if theirs is not None:
        ratio = ours / theirs if bigger else theirs / ours
    judged = ours if peer is None else ratio
    met = None
    if target is not None and judged is not None:
        met = judged >= target
    mib = [None if peak is None else round(peak / 2**20) for peak in peaks]
    table.add(what, cores, unit, ours, peer, theirs, ratio,
              None if target is None else
              "≥ %g%s" % (target, "" if peer is None else "×"),
              met, None if None in cpu else cpu[1] / cpu[0],
              None if share is None else "%.0f%%" % (100 * share), *mib)


def save(folder, name, tables):
    content = {"name": name, "time": time.strftime("%Y-%m-%d %H:%M"),
               "machine": machine(),
               "load": os.getloadavg()[0],
               "tables": [vars(table) for table in tables]}
    with open(os.path.join(folder, name + ".json"), "w") as file:
        json.dump(content, file, indent=1)


def machine():
    model = platform.machine()
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return "%s, %d cores" % (model, len(os.sched_getaffinity(0)))


def markdown(content):
    yield "\n## %s" % content["name"]
    yield "\n%s; %s; load %.1f at the end." % (
        content["time"], content["machine"], content["load"])
    for table in content["tables"]:
        used = [c for c, name in enumerate(table["columns"])
                if any(row[c] is not None for row in table["rows"])]
        yield "\n**%s**%s\n" % (table["title"],
                                table["note"] and ": " + table["note"])
        yield "| %s |" % " | ".join(table["columns"][c] for c in used)
        yield "|" + "---|" * len(used)
        for row in table["rows"]:
            yield "| %s |" % " | ".join(text(row[c]) for c in used)


def collect(folder, names):
    """results.md and results.json of what is there."""
    contents = []
    for name in names:
        path = os.path.join(folder, name + ".json")
        if os.path.exists(path):
            with open(path) as file:
                contents.append(json.load(file))
    with open(os.path.join(folder, "results.json"), "w") as file:
        json.dump(contents, file, indent=1)
    with open(os.path.join(folder, "results.md"), "w") as file:
        file.write("# Results\n")
        for content in contents:
            file.write("\n".join(markdown(content)) + "\n")
