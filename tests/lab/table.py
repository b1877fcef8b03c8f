#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make lab`: boots each way of patching in turn and prints one table.

Each method runs under the same load with the same counters (see
tests/lab/lab.c). Two of them must be seen to fail and one must not;
otherwise the laboratory itself is broken, and the status is 1.
"""
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
from tests import qemu  # noqa: E402

METHODS = ["int3", "naive", "int3-nosync", "stop", "jmpself"]
LIMIT = "2,000 batches, or as many as 4 s allow"


def count(key):
    return lambda found: f"{found.get(key, 0):,}"


def rate(key, of, scale=1):
    """How many of them for `scale` of the others; "-": there were none."""
    def show(found):
        if not found.get(of):
            return "-"
        value = found[key] * scale / found[of]
        return f"{value:,.0f}" if value >= 10 or not value else f"{value:.2g}"
    return show


# Title, what stands below it, and what that is.
MILLION = 1000000
COLUMNS = [
    ("batches", count("patches"), "of 8 sites, each across a cache line: "
     + LIMIT),
    ("batches/s", rate("patches", "ms", 1000), "under load"),
    ("calls/s", rate("calls", "ms", 1000), "made during it by the other CPUs"),
    ("torn/M", rate("torn", "calls", MILLION), "of a million calls: ended in a "
     "trap, old and new bytes mixed"),
    ("#UD/M", rate("ud", "calls", MILLION), "of these: no instruction at all"),
    ("wrong/M", rate("wrong", "calls", MILLION), "reached what they could not "
     "have reached then"),
    ("lost/M", rate("lost", "calls", MILLION), "of these: reached nobody"),
    ("doubled/M", rate("doubled", "calls", MILLION), "reached more than one"),
    ("INT3/M", rate("int3", "calls", MILLION), "met, and emulated"),
    ("IPIs", rate("ipis", "patches"), "for a batch"),
    ("stopped us", rate("stopped_us", "patches"), "for a batch: the other CPUs "
     "were parked"),
    ("in turns", count("short_torn"), "torn of 1,000 batches with counted "
     "instructions, turns shorter than a batch: alike in every run"),
    ("ahead 1", count("ahead1"), "of 200 batches: tails were written before a "
     "CPU with interrupts off had answered"),
    ("ahead 2", count("ahead2"), "the same with first bytes"),
    ("insn/site", count("per_site"), "instructions per site, 1,000 sites, one "
     "CPU, with the hooks of nop5-debug.elf: fewer in nop5.elf"),
]
# What is seen for sure is not wider, so a row can be printed before the next.
WIDTH = 10


def boot(method, smp, icount=None):
    """The counters of one boot."""
    append = f"mode=lab poke={method}" + (" icount=1" if icount == 0 else "")
    machine = qemu.Machine(smp=smp, icount=icount, kernel=qemu.DEBUG)
    run = machine.boot(append, timeout=120).ok()
    rows = [line.split("\t") for line in run.log.splitlines()
            if line.startswith("LAB\t")]
    return {name: int(value) for _, name, value in rows}


def measure(method, smp):
    """The load with real concurrency, the rest with counted instructions."""
    return (boot(method, smp) | boot(method, 2, icount=0) |
            boot(method, 1, icount=0))


def row(first, cells):
    return "  ".join([first.ljust(len("int3-nosync"))]
                     + [cell.rjust(max(WIDTH, len(title)))
                        for cell, (title, *_) in zip(cells, COLUMNS)])


def head():
    return row("method", [title for title, *_ in COLUMNS])


def line(method, found):
    return row(method, [show(found) for _, show, _ in COLUMNS])


def complaints(results):
    """What the laboratory must show, and does not."""
    good, naive, nosync = (results[name] for name in METHODS[:3])
    if any(good[key] for key in ("torn", "short_torn", "lost", "doubled",
                                 "wrong", "ahead1", "ahead2")):
        yield "int3 failed"
    # Counted instructions: as many in every run. All but a few at the
    # beginning and the end, when the observer has not come or has gone.
    most = 3 * good["shown"] // 4
    if min(good["watched1"], good["watched2"]) < most:
        yield "int3: the observer saw little, so its silence says little"
    if not naive["short_torn"]:
        yield "naive was not seen to tear"
    if min(nosync["ahead1"], nosync["ahead2"]) < most:
        yield "int3-nosync was not seen to run ahead"
    # jmpself may tear: OSv, which uses it, aligns each site to two bytes, and
    # here a site lies anywhere.
    if results["stop"]["torn"] or results["stop"]["short_torn"]:
        yield "stop tore"


def main():
    smp = os.environ.get("SMP", "2")
    if not smp.isdecimal() or int(smp) < 2:
        sys.exit(f"lab: SMP={smp}: a patch under load needs two CPUs")
    print(f"Patching by five methods under the same load, QEMU TCG, {smp} "
          "CPUs:\n")
    for title, _, what in COLUMNS:
        print(f"  {title:<11}{what}")
    print(f"\n{head()}", flush=True)
    results = {}
    for method in METHODS:
        results[method] = measure(method, int(smp))
        print(line(method, results[method]), flush=True)
    found = list(complaints(results))
    print("\n".join(["", *found]) if found else
          "\nint3 let nothing through; naive and int3-nosync were caught.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
