#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""make bench-cycles: the hot paths in ticks of this processor, new to old.

Instructions are counted exactly (make bench), but fewer of them may take
longer. So the kernel's own objects are linked into a user program (harness.c),
once of this tree and once of the commit whose figures are recorded, and both
run in turns: five ratios of two minima each, of which the median counts. A row
is called slower above 1.02, if that is more than a tenth of a tick.

	BASE=COMMIT make bench-cycles	compare with another commit
"""

import argparse
import glob
import os
import shutil
import statistics
import subprocess
import sys

import history
import machine

BENCH = os.path.dirname(os.path.abspath(__file__))
HERE = os.path.join(BENCH, "cycles")
TOP = os.path.dirname(os.path.dirname(BENCH))
FIGURES = os.path.join(HERE, "figures.tsv")
TURNS = 5
RUNS = 6  # of each program in a turn: each has its memory elsewhere
SLOWER = 1.02
EXACT = 0.1  # ticks; what differs by less is not told apart
# What the paths consist of, and what their start needs.
FOLDERS = ["trace", "trace/core", "trace/graph", "trace/ring", "trace/event",
           "trace/output", "trace/probes", "trace/tracers", "kernel/lib"]
FILES = ["arch/x86_64/patch/ftrace_tramp.c", "arch/x86_64/patch/insn.c",
         "arch/x86_64/patch/fgraph_entry.asm",
         "arch/x86_64/patch/ftrace_entry.asm",
         "arch/x86_64/patch/kprobe_entry.asm", "arch/x86_64/asm/words.c",
         "tests/kernel/tp_events.c"]
CC = os.environ.get("CC", "gcc")
# As the kernel's own (Makefile), but that the program stands alone.
FLAGS = ["-std=gnu11", "-O2", "-ffreestanding", "-mcmodel=kernel", "-fno-pic",
         "-fno-pie", "-mno-red-zone", "-mgeneral-regs-only",
         "-mpreferred-stack-boundary=3",
         "-fcf-protection=none", "-fno-stack-protector",
         "-fno-omit-frame-pointer", "-fno-strict-aliasing",
         "-fno-asynchronous-unwind-tables", "-Wall", "-Werror"]
LINK = ["-static", "-nostdlib", "-z", "muldefs", "-z", "noexecstack",
        "--unresolved-symbols=ignore-all"]


def git(*argv):
    done = subprocess.run(["git", "-C", TOP, *argv], text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return done.stdout.strip() if done.returncode == 0 else None


def base_commit():
    """BASE, or the commit whose figures are recorded, as this clone has it."""
    asked = os.environ.get("BASE")
    if asked:
        found = git("rev-parse", "--verify", "-q", asked + "^{commit}")
        if not found:
            sys.exit(f"bench-cycles: BASE={asked}: there is no such commit")
        return found
    if git("rev-parse", "--git-dir") is None:
        sys.exit("bench-cycles: this is no clone of git, so there is no older "
                 "commit to compare with")
    recorded = history.in_force(history.read())["call.function_ring"].commit
    found = git("rev-parse", "--verify", "-q",
                recorded.rstrip("+") + "^{commit}")
    if not found and git("rev-parse", "--is-shallow-repository") == "true":
        sys.exit(f"bench-cycles: this clone is shallow and lacks {recorded}, "
                 "whose figures are recorded; `git fetch --unshallow` gets it")
    return found or git("log", "-1", "--format=%H", "--",
                        os.path.join(BENCH, "history.tsv"))


def objects(tree, build):
    """Built if need be."""
    sources = [path for folder in FOLDERS for kind in ("c", "asm")
               for path in glob.glob(os.path.join(tree, folder, "*." + kind))
               if not path.endswith("-offsets.c")]
    sources = sorted(os.path.relpath(path, tree) for path in sources)
    sources += [path for path in FILES
                if os.path.exists(os.path.join(tree, path))]
    names = [os.path.join(build, "obj", path[:-2] + ".o"
                          if path.endswith(".c") else path + ".o")
             for path in sources]
    subprocess.run(["make", "-s", "-C", tree, "BUILD=" + build, *names],
                   check=True, stdout=subprocess.DEVNULL,
                   env=machine.outside_make())
    return [os.path.join(tree, name) for name in names]


# What an ops gives its trampoline, and older trees lack.
OF_OPS = {"gate": "const bool *gate;",
          "fast": "const struct ftrace_fast *fast;"}


def gate(tree):
    """How the harness sets a trampoline's gate and fast code."""
    with open(os.path.join(tree, "trace/arch_ftrace.h"),
              encoding="utf-8") as file:
        seam = file.read()
    sets = [f"(desc).{name} = (ops)->{name}"
            for name, text in OF_OPS.items() if text in seam]
    return f"-DSET_GATE(desc, ops)=({', '.join(sets) or '(void)(ops)'})"


def own_header(target):
    """A folder to include this tree's cycles.h from, and nothing else."""
    root = os.path.splitext(target)[0] + ".include"
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(os.path.join(root, "tests", "bench"))
    os.symlink(HERE, os.path.join(root, "tests", "bench", "cycles"))
    return root


def compile_rows(tree, build, source, target):
    """Is it compiled? A commit may lack what a group of rows is about."""
    done = subprocess.run([CC, *FLAGS, gate(tree), "-I" + own_header(target),
                           "-I" + tree,
                           "-I" + tree + "/arch/x86_64",
                           "-I" + os.path.join(tree, build, "gen"), "-c", "-o",
                           target, source], check=False, text=True,
                          stderr=subprocess.PIPE)
    if done.returncode and (os.path.samefile(tree, TOP)
                            or source.endswith("harness.c")):
        sys.exit("bench-cycles: " + done.stderr.strip())
    if done.returncode:
        print(f"bench-cycles: {os.path.basename(source)}: the older commit "
              "lacks what these rows are about", file=sys.stderr)
    return not done.returncode


def link(tree, build, target):
    """The program of one tree, with the rows of this one."""
    found = objects(tree, build)
    ours = []
    for source in sorted(glob.glob(os.path.join(HERE, "*.c"))):
        ours.append(f"{target}.{os.path.basename(source)[:-2]}.o")
        if not compile_rows(tree, build, source, ours[-1]):
            ours.pop()
    subprocess.run(["ld", *LINK, "-T", os.path.join(HERE, "cycles.ld"), "-o",
                    target, *ours, *found], check=True,
                   stderr=subprocess.DEVNULL)
    return target


def link_base(commit, target):
    """The same of another commit, in a worktree that is then removed."""
    tree = target + ".tree"
    git("worktree", "prune")
    shutil.rmtree(tree, ignore_errors=True)
    if git("worktree", "add", "--detach", "--force", tree, commit) is None:
        sys.exit(f"bench-cycles: git makes no worktree of {commit}")
    try:
        return link(tree, "build", target)
    finally:
        git("worktree", "remove", "--force", tree)


def run(program):
    """{row: ticks}"""
    done = subprocess.run([program], text=True, check=False, timeout=120,
                          stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"bench-cycles: {os.path.basename(program)} ended with "
                 f"{done.returncode}: {done.stdout.strip()}")
    return {line.split("\t")[0]: float(line.split("\t")[1])
            for line in done.stdout.splitlines()}


def least_of(*programs):
    """Of each program the least of some runs, which alternate."""
    runs = [[run(program) for program in programs] for _ in range(RUNS)]
    return [{name: min(one[name] for one in of_one) for name in of_one[0]}
            for of_one in zip(*runs)]


def compare(new, old):
    """(row, ticks of the old, of the new, median of the ratios)"""
    turns = [least_of(new, old) for _ in range(TURNS)]
    for name in turns[0][0]:
        ratios = [a[name] / b[name] for a, b in turns if b.get(name)]
        if ratios:
            yield (name, min(b[name] for _, b in turns),
                   min(a[name] for a, _ in turns), statistics.median(ratios))


def slower(old, new, ratio):
    return ratio > SLOWER and new > old + EXACT


def counters(program):
    """What perf counts of one run, if it is there and may."""
    if not shutil.which("perf"):
        return
    done = subprocess.run(["perf", "stat", "-e",
                           "cycles:u,instructions:u,branch-misses:u", program],
                          text=True, check=False, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE)
    if done.returncode == 0 and "<not supported>" not in done.stderr:
        print(done.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default=os.environ.get("BUILD", "build"))
    parser.add_argument("--record", action="store_true",
                        help="keep the figures for RESULTS.md")
    args = parser.parse_args()
    commit = base_commit()
    place = os.path.join(os.path.abspath(os.path.join(TOP, args.build)),
                         "bench-cycles")
    os.makedirs(place, exist_ok=True)
    new = link(TOP, args.build, os.path.join(place, "new"))
    old = link_base(commit, os.path.join(place, "old"))
    lines = [f"# ticks of the TSC above a call of a NOP; old is {commit[:7]}",
             "# row\told\tnew\tnew / old"]
    for name, before, after, ratio in compare(new, old):
        lines.append(f"{name}\t{before:.2f}\t{after:.2f}\t{ratio:.3f}"
                     + "\tslower" * slower(before, after, ratio))
    print("\n".join(lines))
    if args.record:
        with open(FIGURES, "w", encoding="utf-8") as file:
            file.write("# SPDX-License-Identifier: MIT\n"
                       + "\n".join(lines) + "\n")
        import results  # which imports this module
        results.renew_ticks()
    counters(new)


if __name__ == "__main__":
    main()
