# SPDX-License-Identifier: MIT
"""The rows: which there are, their targets, and how they are printed."""

import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
LINUX_FIGURES = os.path.join(HERE, "linux", "figures.tsv")
# These are printed as they are; all other call.* rows above the NOP site.
RAW_CALLS = ("call.loop_only", "call.notrace", "call.nop_site")


class Row:
    """One line of a file of rows.d/."""

    def __init__(self, line):
        (self.name, self.unit, self.kind, self.sides, self.target,
         self.note) = line.split("\t")

    def above(self, values):
        """The figure to compare: calls less the cost of the bare loop."""
        value = values.get(self.name)
        if value is None or self.name in RAW_CALLS \
                or not self.name.startswith("call."):
            return value
        if "call.nop_site" not in values:
            return None
        return value - values["call.nop_site"]

    def limit(self, values):
        """The target as a number; it may refer to another row."""
        if not self.target:
            return None
        if "+" in self.target:
            name, more = self.target.split("+")
            other = BY_NAME[name].above(values)
            return None if other is None else other + float(more)
        return float(self.target)

    def missed(self, values):
        """Is the figure worse than its target? None: nothing to compare."""
        figure, limit = self.above(values), self.limit(values)
        return None if None in (figure, limit) else figure > limit


def _load():
    """Of all files, in the order of their names."""
    folder = os.path.join(HERE, "rows.d")
    rows = []
    for name in sorted(os.listdir(folder)):
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            rows += [Row(line.rstrip("\n")) for line in file
                     if not line.startswith("#")]
    return rows


ROWS = _load()
BY_NAME = {row.name: row for row in ROWS}


def parse(lines):
    """{row: value} of the BENCH lines; of repeated ones the least counts."""
    values = {}
    for line in lines:
        found = re.match(r"BENCH\t(\S+)\t([0-9.]+)\t(\S+)$", line)
        if found:
            name, value = found.group(1), float(found.group(2))
            values[name] = min(value, values.get(name, value))
    return values


def missing(values, side, wanted=None):
    """Names of rows that this side owes and has not measured."""
    return [row.name for row in ROWS
            if row.sides in ("both", side) and row.name not in values
            and (wanted is None or row in wanted)]


def text(value):
    """A number as short as it is exact enough."""
    if value is None:
        return "-"
    if abs(value - round(value)) < 0.005:
        return f"{round(value):,}"
    return f"{value:,.2f}"


def _tsv(row, values):
    return f"{row.name}\t{values[row.name]:.12g}\t{row.unit}\n"


def write_values(path, values, about):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write("# SPDX-License-Identifier: MIT\n")
        for key, value in about.items():
            file.write(f"# {key}: {value}\n")
        for row in ROWS:
            if row.name in values:
                file.write(_tsv(row, values))


def read_values(path):
    with open(path, encoding="utf-8") as file:
        return {line.split("\t")[0]: float(line.split("\t")[1])
                for line in file if not line.startswith("#")}


def print_values(values):
    for row in ROWS:
        if row.name in values:
            print(_tsv(row, values), end="")


def table(ours, linux, wanted=None, same_run=False, ticks=None):
    """Markdown lines: row, ours, target, Linux, ratio. Wall time stands beside
    Linux's only if both were taken in one run. ticks: {row: new to old}, which
    make one more column."""
    lines = ["| row | unit | ours | target | | Linux | Linux / ours |",
             "|---|---|---:|---:|---|---:|---:|"]
    if ticks is not None:
        lines = [lines[0] + " ticks, new / old |", lines[1] + "---:|"]
    for row in wanted or ROWS:
        us, them = row.above(ours), row.above(linux)
        if row.kind == "wall" and not same_run:
            them = None
        limit = row.limit(ours) if us is not None else None
        verdict = {None: "", False: "met", True: "MISSED"}[row.missed(ours)]
        shown = text(limit) if limit is not None else row.target
        ratio = f"{them / us:,.1f}" if us and them is not None else "-"
        lines.append(f"| {row.name} | {row.unit} | {text(us)} | {shown} | "
                     f"{verdict} | {text(them)} | {ratio} |")
        if ticks is not None:
            lines[-1] += f" {ticks.get(row.name, '-')} |"
    return lines


def notes(wanted=None):
    return [f"- {row.name}: {row.note}" for row in wanted or ROWS if row.note]


def print_table(ours, linux, wanted=None, same_run=False):
    print()
    print("call.* rows: instructions above call.nop_site")
    print("\n".join(table(ours, linux, wanted, same_run)))
    print("\n".join(notes(wanted)))
