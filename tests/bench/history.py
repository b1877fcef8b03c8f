# SPDX-License-Identifier: MIT
"""history.tsv: what each deterministic row has been, and why it changed.

One line per row and commit measured; the last line of a row is in force. A
line is added when a figure has changed, never altered.
"""

import collections
import os
import subprocess
import time

import rows

HERE = os.path.dirname(os.path.abspath(__file__))
FILE = os.path.join(HERE, "history.tsv")
TOLERANCE = 0.05
FIELDS = ("row", "value", "unit", "commit", "date", "gcc", "nasm", "qemu",
          "reason")
DETERMINISTIC = ("count", "lists", "sites")
COUNTED = ("boot", "scale", *DETERMINISTIC)  # these have targets

Line = collections.namedtuple("Line", FIELDS)


def parse(text):
    lines = []
    for line in text.split("\n"):
        if line and not line.startswith("#"):
            lines.append(Line(*line.split("\t")))
    return lines


def in_force(lines):
    """{row: its last line}"""
    return {line.row: line for line in lines}


def read():
    if not os.path.exists(FILE):
        return []
    with open(FILE, encoding="utf-8") as file:
        return parse(file.read())


def deterministic(values):
    return {name: value for name, value in values.items()
            if rows.BY_NAME[name].kind in DETERMINISTIC}


def regressions(values, recorded):
    """A sentence for each row above its target or TOLERANCE worse than it was.

    Smaller is better everywhere. Rows of known length have that as target. The
    boot, which grows with the kernel, has nothing but its target, and so have
    the rows of 64 CPUs, whose ticks fall into them here or there.
    """
    found = [f"{row.name}: {row.above(values):g}, the target is "
             f"{row.limit(values):g}" for row in rows.ROWS
             if row.kind in COUNTED and row.missed(values)]
    for name, value in deterministic(values).items():
        if name not in recorded:
            found.append(f"{name}: {value:g}, never recorded")
            continue
        old = float(recorded[name].value)
        if value > old * (1 + TOLERANCE) + 0.005:
            found.append(f"{name}: {value:g}, recorded {old:g} at "
                         f"{recorded[name].commit}")
    return found


def other_versions(versions, recorded):
    """None, or why figures taken with these programs cannot be compared."""
    for name, line in recorded.items():
        for program in ("gcc", "nasm", "qemu"):
            if getattr(line, program) != versions[program]:
                return (f"{name} was recorded with {program} "
                        f"{getattr(line, program)}, here is "
                        f"{versions[program]}")
    return None


def head():
    def git(*argv):
        return subprocess.run(["git", "-C", HERE, *argv], text=True,
                              stdout=subprocess.PIPE, check=True).stdout
    changed = git("status", "--porcelain", "--untracked-files=no")
    return git("rev-parse", "--short", "HEAD").strip() + "+" * bool(changed)


def record(values, versions, reason):
    """Adds a line for each row that changed since it was last recorded."""
    if not reason.strip() or "\t" in reason:
        raise SystemExit("bench: a record needs a reason, without tabs")
    recorded = in_force(read())
    same = not other_versions(versions, recorded)
    commit, date = head(), time.strftime("%Y-%m-%d")
    new = not os.path.exists(FILE)
    with open(FILE, "a", encoding="utf-8") as file:
        if new:
            file.write("# SPDX-License-Identifier: MIT\n# "
                       + "\t".join(FIELDS) + "\n")
        for name, value in deterministic(values).items():
            if same and name in recorded \
                    and float(recorded[name].value) == value:
                continue
            file.write("\t".join((
                name, f"{value:.12g}", rows.BY_NAME[name].unit, commit, date,
                versions["gcc"], versions["nasm"], versions["qemu"],
                reason)) + "\n")
