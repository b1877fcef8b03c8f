# SPDX-License-Identifier: MIT
"""What is run by `make test`, by `make test-all` and by `make torture`.

A part is a command with a budget of CPU seconds. It stands in one list:

    TEST     what a newcomer runs: 5 minutes on two quiet cores
    ALL      `make test-all`: this and TEST, in front of every change
    TORTURE  `make torture`: what takes longer

The budgets of a list may not exceed LIMITS: for a part that is added another
one moves on. A file tests/test_NAME.py is found by itself. A line of it, as
"# parts: test 9, test-all 15", says in which lists its tests are, and what
they cost there; of a file in several lists those marked `slow` belong to the
second, those marked `torture` to the last.
"""
import os
import pathlib
import re
import sys
from dataclasses import dataclass

from tests.python import COMMAND as PYTHON

TEST, ALL, TORTURE = "test", "test-all", "torture"
# CPU seconds that the budgets of a list may add up to; ALL includes TEST.
LIMITS = {TEST: 600, ALL: 1600}

BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
LOGS = BUILD / "test"
CPUS = len(os.sched_getaffinity(0))
# A part may use so many times its budget: CPUs of a guest that wait for each
# other use more where the host is busy.
PATIENCE = 4


@dataclass
class Part:
    name: str
    command: list
    budget: float  # CPU seconds, of all its processes, on a quiet host
    where: str = ALL
    junit: pathlib.Path = None  # else: KTAP on stdout
    wall: float = 0  # seconds; only what hangs takes so long

    def __post_init__(self):
        self.wall = self.wall or wall(self.budget)


def wall(budget):
    return 120 + 10 * budget


def suites(name, where, budget, *options):
    """The suites in the image, in one boot."""
    return Part(name, [*PYTHON, "tests/suites.py", *options,
                       f"--timeout={wall(budget) - 30}"], budget, where)


# The suites for which it matters how a site reaches its subscribers.
TRACING = "ftrace*,direct*,fexit*,fgraph*,function*,unwind*,stack_tracer*"

# The suites of the ring and of its writers.
TRACERS = "function*,fgraph*,ring_buffer*,trace_*,stack_tracer*"

# What must hold for at least 1,000 exchanges, and the way that misses calls.
EXCHANGE = "direct.no_call*,direct.the_old*"

# Comes before all others, which need the image; it counts no test.
KERNEL = Part("kernel", ["make", "-s", f"-j{CPUS}", "kernel", "kernel-debug"],
              66, TEST)

COMMANDS = [
    Part("unit", [*PYTHON, "tests/run.py", "unit"], 26, TEST),
    Part("models", [*PYTHON, "tests/run.py", "models"], 20),
    Part("fuzz", [*PYTHON, "tests/run.py", "fuzz", "--short"], 30, TEST),
    Part("lint", [*PYTHON, "tests/lint/lint.py"], 16, TEST),
    suites("kernel-1", ALL, 32, "--smp=1"),
    suites("kernel-2", ALL, 62, "--smp=2"),
    suites("kernel-4", TEST, 119, "--smp=4"),
    # The INT3 handler with faults switched on.
    suites("faults", TEST, 5, "--smp=2", "--image=debug",
           "--tests=text_poke_faults.*,text_poke_nmi.*,text_poke_late.*,"
           "lock_order.*"),
    # All orders in which six kinds of users come and go; probes at all
    # instructions of kernel/ at once; each of kernel/lib alone; 100,000 random
    # lines for dynamic_events.
    suites("probes-asked", TORTURE, 70, "--smp=2", "--icount=0",
           "--tests=kprobe_orders.*,kprobe_kernel.*,kprobe_alone.*library*,"
           "probe_random_long.*"),
    # The same of kernel/base, and each alone; the pool full of slots.
    suites("probes-each", TORTURE, 45, "--smp=2",
           "--tests=kprobe_base.*,kprobe_slots.*,kprobe_alone.*_base*"),
    # Each of kernel/ alone; --append="share=I shares=N" runs one of N shares.
    suites("probes-each-kernel", TORTURE, 55, "--smp=2", "--icount=0",
           "--tests=kprobe_alone.*_kernel*"),
    # Every lock that is taken is checked: nop5-debug.elf.
    suites("kernel-4-debug", ALL, 142, "--smp=4", "--image=debug"),
    # What a site calls when the better ways are off.
    suites("no-chains", TEST, 39, "--smp=2", f"--tests={TRACING}",
           "--append=chains=off"),
    suites("no-trampolines", ALL, 34, "--smp=2", f"--tests={TRACING}",
           "--append=trampolines=off"),
    # N calls are N events, while the event is switched on and off.
    suites("events-8", ALL, 14, "--smp=8", "--tests=events.n_calls*,"
           "events.on_and_off*,event_load.between*"),
    # N calls are N hits, in tasks, interrupts and NMIs, while probes come and
    # go.
    suites("probes-8", ALL, 6, "--smp=8", "--tests=kprobe_load.*,"
           "kprobe_context.*,kprobe.counts*,kretprobe.*,fprobe.n*"),
    suites("tracers-8", ALL, 19, "--smp=8", f"--tests={TRACERS}"),
    # Counted instructions, CPUs in short turns: 1,000 exchanges are soon
    # made. In real concurrency each waits for the host's scheduler.
    suites("exchange-4", ALL, 64, "--smp=4", "--icount=0",
           f"--tests={EXCHANGE},fexit.no_call*", "--append=rounds=1000"),
    suites("exchange-8", TORTURE, 105, "--smp=8", "--icount=0",
           f"--tests={EXCHANGE}", "--append=rounds=1000"),
    # TCG takes interrupts between translated blocks; where turns end they
    # come at any instruction.
    suites("nmi-anywhere", ALL, 9, "--smp=2", "--icount=0",
           "--tests=unwind.*,stacktrace.no_caller*"),
    suites("short-turns", ALL, 6, "--smp=4", "--icount=0", "--image=debug",
           "--tests=quiesce.a_cpu*,text_poke_faults.*"),
    suites("fresh-stores", ALL, 1, "--smp=1", "--icount=0", "--image=debug",
           "--tests=text_poke_fresh.*"),
    # One instruction a nanosecond, bit-exact: upper bounds hold here. Not
    # for tests that spin for a while: there, too, for so many instructions.
    suites("kernel-icount", TEST, 13, "--smp=1", "--icount=0",
           "--tests=clock.*,timer.*,sched.*,lock.*,slab.*,text_poke*"),
]

# Of a file without such a line: all of it, in ALL.
DEFAULT = {ALL: 20}

ROW = re.compile(r"^# parts: (.*)$", re.MULTILINE)
ROW_ENTRY = re.compile(rf"({TEST}|{ALL}|{TORTURE}) (\d+)")


def lists_of(path, text):
    """{list: CPU seconds} of a line "# parts: test 9, test-all 15"."""
    found = ROW.search(text)
    if not found:
        return DEFAULT
    entries = [ROW_ENTRY.fullmatch(entry) for entry in found[1].split(", ")]
    if not all(entries):
        sys.exit(f"parts.py: {path}: '{found[0]}': entries are such as "
                 "'test-all 15', CPU seconds in a list, with commas between")
    return {entry[1]: int(entry[2]) for entry in entries}


# The lists that a test of a file may be in, and the marks that say so.
ORDER = [TEST, ALL, TORTURE]
MARKS = {ALL: "slow", TORTURE: "torture"}


def selection(where, lists):
    """pytest's -m for the tests of a file with these lists: each test is in
    the first list that is not before its mark's."""
    before = [here for here in lists if ORDER.index(here) < ORDER.index(where)]
    first = ORDER.index(before[-1]) + 1 if before else 0
    last = ORDER.index(where)
    own = [MARKS[here] for here in ORDER[first:last + 1] if here in MARKS]
    later = [MARKS[here] for here in ORDER[last + 1:]]
    terms = [f"not {mark}" for mark in later]
    if first:
        terms.insert(0, f"({' or '.join(own)})")
    return " and ".join(terms)


def pytest_command(path, where, lists, junit):
    return [*PYTHON, "-m", "pytest", "-q", "--tb=short", "--color=no",
            "-p", "no:cacheprovider", "--strict-markers",
            "-m", selection(where, lists), f"--junitxml={junit}", str(path)]


def pytest_parts(path, lists):
    """NAME is the first list's, then come NAME-all and NAME-torture."""
    name = path.stem.removeprefix("test_")
    for nr, (where, budget) in enumerate(lists.items()):
        own = f"{name}-{where.removeprefix('test-')}" if nr else name
        junit = LOGS / f"{own}.xml"
        yield Part(own, pytest_command(path, where, lists, junit), budget,
                   where, junit)


def files():
    return sorted(pathlib.Path("tests", path.name) for path in
                  pathlib.Path(__file__).parent.glob("test_*.py"))


def every():
    """All parts of all lists but KERNEL, those with most to do first."""
    found = list(COMMANDS)
    for path in files():
        found += pytest_parts(path, lists_of(path, path.read_text("utf-8")))
    return sorted(found, key=lambda part: (-part.budget, part.name))


def of(command, skip_test=False):
    """The parts of `make test`, `make test-all` or `make torture`."""
    wanted = {TEST, ALL} if command == ALL else {command}
    if skip_test:
        wanted.discard(TEST)
    return [part for part in every() if part.where in wanted]


def shard(parts, text):
    """Those of shard "i/n": all shards together are all parts, each once.

    The longest first, each to the shard that has least to do by then: alike on
    every machine that has the same list.
    """
    i, slash, n = text.partition("/")
    if not (slash and i.isdecimal() and n.isdecimal()
            and 1 <= int(i) <= int(n) <= len(parts)):
        sys.exit(f"run.py: shard '{text}': write i/n, such as 1/3; i goes from "
                 f"1 to n, and n to {len(parts)}, the number of parts")
    shards, loads = [[] for _ in range(int(n))], [0.0] * int(n)
    for part in parts:
        least = loads.index(min(loads))
        shards[least].append(part)
        loads[least] += part.budget
    return shards[int(i) - 1]
