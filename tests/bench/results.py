# SPDX-License-Identifier: MIT
"""What a record leaves to read: RESULTS.md, the table in README.md, and the
figures that the demo's acts quote; run by itself, it renews demo/figures.h."""

import os
import re
import time

import cycles
import history
import rows

HERE = os.path.dirname(os.path.abspath(__file__))
RESULTS = os.path.join(HERE, "RESULTS.md")
README = os.path.join(HERE, "..", "..", "README.md")
DEMO = os.path.join(HERE, "..", "..", "demo", "figures.h")
TICKS = "\n## Ticks of a processor\n"
BEGIN, END = "<!-- bench: begin -->\n", "<!-- bench: end -->\n"

# The rows of the short table, in words.
SHORT = [
    ("call.ops1", "a call with one consumer, above the untraced call"),
    ("call.ops2", "... two consumers"),
    ("call.ops16", "... sixteen"),
    ("call.ops2_irr100", "... two, and a hundred on other functions"),
    ("call.direct_call_ops1", "... a direct caller and one consumer"),
    ("call.entry_exit", "... generated handlers at entry and exit"),
    ("call.function_ring", "... a function event into the ring"),
    ("call.graph_ring", "... entry and exit event of the graph tracer"),
    ("patch.enable_all.per_site", "tracing everything, per function"),
    ("patch.enable_one", "tracing one function"),
    ("patch.rounds.5000", "rounds of IPIs to patch 5,000 functions"),
    ("patch.exchange.per_site", "another direct target for 1,000 functions, "
     "per function"),
    ("read.text_per_event", "reading an event as text"),
    ("mem.site_record", "bytes kept per function"),
    ("mem.trampoline", "bytes of a trampoline"),
]


# The rows that the acts quote, those of both sides.
QUOTED = ["call.ops2", "call.list2", "call.graph_ring", "call.kprobe_ftrace",
          "call.kprobe_int3", "call.kretprobe", "event.enabled", "keys.flip.1",
          "patch.enable_one", "patch.rounds.5000", "patch.exchange.per_site"]


DEMO_HEAD = """\
/* SPDX-License-Identifier: MIT */
/*
 * figures.h - what the benchmarks have recorded of what the acts show:
 * instructions (patch.rounds: rounds), those of call.* above an untraced call.
 * Linux is Debian's 6.1 under the same emulator. Written by
 * tests/bench/results.py, of tests/bench/history.tsv and linux/figures.tsv.
 */
#pragma once

enum demo_figure {"""


def demo_figures(ours, linux):
    """demo/figures.h, of values as they are recorded."""
    lines = [DEMO_HEAD]
    for name in QUOTED:
        word = name.upper().replace(".", "_")
        for side, values in (("OURS", ours), ("LINUX", linux)):
            figure = rows.BY_NAME[name].above(values)
            lines.append(f"\t{side}_{word} = {int(figure + 0.5)},")
    return "\n".join(lines + ["};"]) + "\n"


def write_demo_figures(ours, linux):
    with open(DEMO, "w", encoding="utf-8") as file:
        file.write(demo_figures(ours, linux))


def about(versions):
    return (f"{time.strftime('%Y-%m-%d')}, QEMU {versions['qemu']}, "
            f"gcc {versions['gcc']}, NASM {versions['nasm']}; "
            "Linux is Debian's 6.1 cloud kernel, mitigations off")


def short_table(ours, linux, versions):
    lines = ["| instructions, if nothing else is said | nop5 | Linux |",
             "|---|---:|---:|"]
    for name, words in SHORT:
        row = rows.BY_NAME[name]
        lines.append(f"| {words} | {rows.text(row.above(ours))} | "
                     f"{rows.text(row.above(linux))} |")
    return "\n".join(lines) + f"\n\n{about(versions)}.\n"


def between(text, table):
    """The text with what stands between the marks replaced."""
    head, rest = text.split(BEGIN)
    return head + BEGIN + table + END + rest.split(END)[1]


def read_ticks():
    """The lines of `make bench-cycles`, as last recorded: the first says what
    they are; [row, old, new, new / old]."""
    with open(os.path.join(HERE, "cycles", "figures.tsv"),
              encoding="utf-8") as file:
        first, _, *lines = [line.rstrip("\n") for line in file
                            if "SPDX" not in line]
    return first.lstrip("# "), [line.split("\t")[:4] for line in lines]


# New / old; any other row may have cycles.SLOWER.
MOST_TICKS = {"call.function_ring": 0.90, "call.graph_ring": 0.90}


def above_limits(lines):
    """A sentence on the rows above their limits."""
    found = []
    for name, *figures in lines:
        old, new, ratio = map(float, figures)
        if ratio > MOST_TICKS[name] if name in MOST_TICKS else \
                cycles.slower(old, new, ratio):
            found.append(f"`{name}` takes {ratio:.3f}")
    limits = ", ".join(f"{most:.2f} for `{name}`"
                       for name, most in MOST_TICKS.items())
    return (f"\nThe limits of new / old are {limits}, and {cycles.SLOWER} for "
            f"every other row that is more than {cycles.EXACT} ticks slower: "
            + ("; ".join(found) if found else "none is above") + ".\n")


def ticks_section(first, lines):
    table = ["| row | old | new | new / old |", "|---|---:|---:|---:|"]
    table += ["| " + " | ".join(line) + " |" for line in lines]
    return (f"{TICKS}\n`BASE={first.split()[-1]} make "
            f"bench-cycles`: {first}. Both are the least of all runs; the "
            "ratio is the median of five ratios, one of each turn, so it is "
            "not the quotient of the columns. There are none of Linux: its "
            "paths cannot be linked into a user program, and an emulator has "
            "no ticks.\n\n"
            + "\n".join(table) + "\n" + above_limits(lines))


def with_ticks(results):
    """RESULTS.md with the ticks that were recorded last."""
    first, lines = read_ticks()
    ratios = {line[0]: line[3] for line in lines}
    table = [re.sub(r"[^|]+\|$", f" {ratios[name]} |", line)
             if (name := line[2:].partition(" ")[0]) in ratios else line
             for line in results.partition(TICKS)[0].split("\n")]
    return "\n".join(table) + ticks_section(first, lines)


def renew_ticks():
    with open(RESULTS, encoding="utf-8") as file:
        renewed = with_ticks(file.read())
    with open(RESULTS, "w", encoding="utf-8") as file:
        file.write(renewed)


def text(ours, linux, versions):
    """RESULTS.md"""
    first, lines = read_ticks()
    ratios = {line[0]: line[3] for line in lines}
    return ("# Results\n\nWritten by `tests/bench/run.py --record`; what the "
            "rows mean: `tests/bench/README.md`.\n\n"
            f"{about(versions)}. `call.*` above `call.nop_site`. Ticks are "
            "those of a processor, of the recorded commit over those of "
            f"{first.split()[-1]}.\n\n"
            + "\n".join(rows.table(ours, linux, ticks=ratios)) + "\n\n"
            + "\n".join(rows.notes()) + "\n" + ticks_section(first, lines))


def write(ours, linux, versions):
    with open(RESULTS, "w", encoding="utf-8") as file:
        file.write(text(ours, linux, versions))
    with open(README, encoding="utf-8") as file:
        top = file.read()
    with open(README, "w", encoding="utf-8") as file:
        file.write(between(top, short_table(ours, linux, versions)))
    write_demo_figures(*recorded())


def recorded():
    """The figures in force, ours and Linux's."""
    return ({name: float(line.value) for name, line
             in history.in_force(history.read()).items()},
            rows.read_values(rows.LINUX_FIGURES))


if __name__ == "__main__":
    write_demo_figures(*recorded())
