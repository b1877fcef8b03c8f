#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make bench: boots the kernel, collects the rows of rows.d, judges them.

Prints TSV and a table with our figure, its target and Linux's figure (as
recorded by `make bench-linux`, or measured anew if it has run in the same
build directory). Ends with a non-zero status when a row is missing; a missed
target is reported but is no failure here: that is for tests/test_bench.py.
"""

import argparse
import fnmatch
import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, TOP]

import history  # noqa: E402
import machine  # noqa: E402
import plot  # noqa: E402
import results  # noqa: E402
import rows  # noqa: E402
from tests.python import COMMAND as PYTHON  # noqa: E402

ALL_DONE = 33  # QEMU's status when the guest says so
SITES = 100000
ON_SITES = ("sites", "scale")  # parts that need the image of build_sites()
# part, CPUs, accelerator, more for the command line
BOOTS = [("count", 1, machine.ICOUNT, ""),
         ("lists", 1, machine.ICOUNT, "chains=off"),
         ("sites", 1, machine.ICOUNT, ""),
         ("scale", 64, machine.ICOUNT, ""),
         ("wall", 1, machine.TCG, "")]
BOOTS += [("smp", cpus, machine.TCG, "") for cpus in (1, 2, 4, 8)]


def build_sites(build):
    """The kernel with SITES more functions. Objects are taken over."""
    target = os.path.join(build, "bench-sites")
    functions = os.path.join(target, "functions")
    shutil.rmtree(target, ignore_errors=True)
    os.makedirs(functions)
    for part in ("obj", "gen"):
        shutil.copytree(os.path.join(build, part),
                        os.path.join(target, part))
    with open(os.path.join(functions, "functions.asm"), "w",
              encoding="utf-8") as file:
        subprocess.run([*PYTHON,
                        os.path.join(HERE, "gen_functions.py"), str(SITES)],
                       stdout=file, check=True)
    # Relative paths: make cannot name one with a space.
    relative = os.path.relpath(target, TOP)
    subprocess.run(["make", "-s", "-C", TOP, f"{relative}/nop5-test.elf",
                    "BUILD=" + relative,
                    "EXTRA=" + os.path.relpath(functions, TOP)], check=True,
                   env=machine.outside_make(), stdout=subprocess.DEVNULL)
    return os.path.join(target, "nop5-test.elf")


def boot(elf, part, cpus, accel, append):
    """The rows of one boot."""
    print(f"bench: {part}, {cpus} CPU(s)", file=sys.stderr)
    lines, status = machine.run(
        ["-kernel", elf, "-append", f"mode=bench bench={part} {append}"],
        cpus, accel, 300)
    failed = [line for line in lines if line.startswith("FAIL")]
    if failed or status != ALL_DONE or "DONE" not in lines:
        print("\n".join(failed or lines[-25:]), file=sys.stderr)
        sys.exit(f"bench: the boot for '{part}' did not end well "
                 f"(QEMU's status {status})")
    return {row: value for row, value in rows.parse(lines).items()
            if row in rows.BY_NAME}


def first_act(build):
    """Instructions from the kernel's first in C to the demo, in nop5.elf.

    They are the time stamp of the last line of the log before it.
    """
    print("bench: boot, 1 CPU", file=sys.stderr)
    lines = machine.lines_until(
        "=== ", ["-kernel", os.path.join(build, "nop5.elf"), "-append",
                 "mode=demo"], machine.ICOUNT, 60)
    stamps = [found for found in (re.match(r"\[ *(\d+)\.(\d{6})\]", line)
                                  for line in lines) if found]
    microseconds = int(stamps[-1][1]) * 1000000 + int(stamps[-1][2])
    return {"boot.to_first_act": microseconds * 1000.0}


def measure(build, wanted):
    """All boots that have one of the wanted rows."""
    kinds = {row.kind for row in wanted}
    values = first_act(build) if "boot" in kinds else {}
    many = build_sites(build) if kinds & set(ON_SITES) else None
    for part, cpus, accel, append in BOOTS:
        if part not in kinds:
            continue
        elf = os.path.join(build, "nop5-test.elf")
        if part in ON_SITES:
            elf = many
        values.update(boot(elf, part, cpus, accel, append))
    return values


def record_ticks(build):
    """New to old: the old commit is the one whose figures are in force."""
    subprocess.run([*PYTHON, os.path.join(HERE, "cycles.py"), "--record",
                    "--build", os.path.relpath(build, TOP)], check=True)


def select(pattern, kinds):
    wanted = [row for row in rows.ROWS if row.sides in ("both", "ours")
              and fnmatch.fnmatch(row.name, pattern)
              and (not kinds or row.kind in kinds)]
    if not wanted:
        sys.exit(f"bench: no row is called {pattern}")
    if any(row.name.startswith("call.") for row in wanted):
        # What the others are compared with.
        base = [rows.BY_NAME[name] for name in ("call.nop_site", "call.ops2")]
        wanted = [row for row in rows.ROWS if row in wanted or row in base]
    return wanted


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    build = os.environ.get("BUILD", "build")
    parser.add_argument("--build", default=build)
    parser.add_argument("--rows", metavar="GLOB",
                        default=os.environ.get("ONLY", "*"),
                        help="measure these rows only; default: $ONLY")
    parser.add_argument("--kinds", default="", metavar="KIND,...",
                        help="only rows of these kinds of boots (rows.d)")
    parser.add_argument("--record", metavar="REASON",
                        help="write what changed to history.tsv, measure the "
                        "ticks, too, and renew the plots, RESULTS.md, the "
                        "table in README.md and demo/figures.h")
    args = parser.parse_args()
    build = os.path.abspath(args.build)

    wanted = select(args.rows, args.kinds.split(",") if args.kinds else [])
    if args.record and rows.missing(dict.fromkeys(r.name for r in wanted),
                                    "ours"):
        sys.exit("bench: --record needs every row: no ONLY, --rows, --kinds")
    plot.check()
    values = measure(build, wanted)
    versions = machine.versions()
    rows.write_values(os.path.join(build, "bench.tsv"), values, versions)
    fresh = os.path.join(build, "bench-linux", "linux.tsv")
    linux = rows.read_values(fresh if os.path.exists(fresh)
                             else rows.LINUX_FIGURES)
    rows.print_values(values)
    rows.print_table(values, linux, wanted)
    missing = rows.missing(values, "ours", wanted)
    if missing:
        sys.exit("bench: missing rows: " + " ".join(missing))
    if args.record:
        record_ticks(args.build)
        history.record(values, versions, args.record)
        results.write(values, linux, versions)
    plot.draw(values, linux,
              os.path.join(HERE, "plots") if args.record else build)


if __name__ == "__main__":
    main()
