#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the checks behind `make test`, `make unit`, `make lint`, ...

`test` runs every part below, two at a time. A part is a command with a budget
of seconds; it reports by KTAP on its output or by pytest's junit file. The last
line is "N passed, N failed"; the status is 0 only if nothing failed.

A new tests/test_NAME.py, tests/unit/test_NAME.c or tests/fuzz/fuzz_NAME.c is
found by itself.
"""
import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests import ktap  # noqa: E402

os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
# The make that called us is not the parent of those that tests call.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(name, None)
PYTHON = sys.executable
BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
LOGS = BUILD / "test"
AT_ONCE = 2
# A part may take this many times its budget before it is stopped.
PATIENCE = 4
DEFAULT_BUDGET = 60


@dataclass
class Part:
    name: str
    command: list
    budget: int  # seconds it should take on two cores
    junit: pathlib.Path = None  # else: KTAP on stdout


@dataclass
class Outcome:
    part: Part
    passed: int
    failed: int
    skipped: int
    seconds: float
    output: str  # to be shown when something failed


# Budgets of pytest files that need more or less than DEFAULT_BUDGET.
BUDGETS = {
    "boot": 120,
    "harness": 30,
    "checks": 15,
    "patch_bochs": 30,
    "patch_model": 40,
    "patch_seeds": 130,
}


# The suites for which it matters how a site reaches its subscribers.
TRACING = "ftrace*,direct*,fexit*,fgraph*,function*,unwind*,stack_tracer*"

# The suites of the ring and of those who write to it.
TRACERS = "function*,fgraph*,ring_buffer*,trace_*,stack_tracer*"

# What must hold for at least 1,000 exchanges, and the way that misses calls.
EXCHANGE = "direct.no_call*,direct.the_old*"


def parts():
    """All parts of `make test`, the longest first."""
    found = [
        Part("unit", [PYTHON, "tests/run.py", "unit"], 40),
        Part("models", [PYTHON, "tests/run.py", "models"], 60),
        Part("fuzz", [PYTHON, "tests/run.py", "fuzz", "--short"], 60),
        Part("lint", [PYTHON, "tests/lint/lint.py"], 60),
        suites("kernel-1", 30, "--smp=1"),
        suites("kernel-2", 60, "--smp=2"),
        suites("kernel-4", 100, "--smp=4"),
        # What a site calls when the better ways are off.
        suites("no-chains", 40, "--smp=2", f"--tests={TRACING}",
               "--append=chains=off"),
        suites("no-trampolines", 40, "--smp=2", f"--tests={TRACING}",
               "--append=trampolines=off"),
        suites("tracers-8", 20, "--smp=8", f"--tests={TRACERS}"),
        # Counted instructions, CPUs in short turns: 1,000 exchanges are soon
        # made. In real concurrency each waits for the host's scheduler.
        suites("exchange-4", 80, "--smp=4", "--icount=0",
               f"--tests={EXCHANGE},fexit.no_call*", "--append=rounds=1000"),
        suites("exchange-8", 90, "--smp=8", "--icount=0",
               f"--tests={EXCHANGE}", "--append=rounds=1000"),
        # TCG takes interrupts between translated blocks; where turns end they
        # come at any instruction.
        suites("nmi-anywhere", 20, "--smp=2", "--icount=0",
               "--tests=unwind.*,stacktrace.no_caller*"),
        suites("short-turns", 10, "--smp=4", "--icount=0",
               "--tests=quiesce.a_cpu*,text_poke_faults.*"),
        # One instruction a nanosecond, bit-exact: upper bounds hold here. Not
        # for tests that spin for a while: there, too, for so many instructions.
        suites("kernel-icount", 30, "--smp=1", "--icount=0",
               "--tests=clock.*,timer.*,sched.*,lock.*,slab.*,text_poke*"),
    ]
    for path in sorted(pathlib.Path("tests").glob("test_*.py")):
        name = path.stem.removeprefix("test_")
        junit = LOGS / f"{name}.xml"
        found.append(Part(name, pytest_command(path, junit),
                          BUDGETS.get(name, DEFAULT_BUDGET), junit))
    return sorted(found, key=lambda part: -part.budget)


def suites(name, budget, *options):
    """The suites in the image, in one boot."""
    return Part(name, [PYTHON, "tests/suites.py", *options,
                       f"--timeout={budget * PATIENCE - 10}"], budget)


def pytest_command(path, junit):
    return [PYTHON, "-m", "pytest", "-q", "--tb=short", "--color=no",
            "-p", "no:cacheprovider", f"--junitxml={junit}", str(path)]


def run_part(part):
    if part.junit:
        part.junit.unlink(missing_ok=True)
    began = time.monotonic()
    output, status = run(part.command, part.budget * PATIENCE)
    seconds = time.monotonic() - began
    (LOGS / f"{part.name}.log").write_text(output)
    passed, failed, skipped, text = count(part, output)
    if status is None:
        failed, text = max(failed, 1), text + "\nstopped: no end in sight"
    elif status and not failed:
        failed, text = 1, f"status {status}, but no test failed\n{text}"
    elif not passed + failed:
        failed, text = 1, f"not one test was run\n{text}"
    return Outcome(part, passed, failed, skipped, seconds, text)


running = set()  # commands under way, each the leader of its group
ending = threading.Event()  # none is to begin any more


def run(command, timeout):
    """Output and status; None for a command that had to be stopped."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, errors="replace",
                               stderr=subprocess.STDOUT,
                               start_new_session=True)
    running.add(process)
    if ending.is_set():  # it began before, and was not yet among them
        end(process)
    try:
        return process.communicate(timeout=timeout)[0], process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0], None
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        running.discard(process)


def end(process):
    """It may end what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)


def interrupt(pool):
    """No part begins any more; those under way are told to end."""
    pool.shutdown(wait=False, cancel_futures=True)
    ending.set()
    for process in list(running):
        end(process)


def count(part, output):
    if part.junit:
        return count_junit(part, output)
    report = ktap.parse(output)
    failed = len(report.failures) + len(report.problems)
    text = f"{report.text()}\n{tail(output)}" if failed else tail(output)
    return report.passed, failed, report.skipped, text


def count_junit(part, output):
    try:
        suites = list(xml.etree.ElementTree.parse(part.junit).iter("testsuite"))
    except (OSError, xml.etree.ElementTree.ParseError):
        return 0, 0, 0, output
    total, failed, skipped = (
        sum(int(suite.get(key, "0")) for suite in suites for key in keys)
        for keys in (["tests"], ["failures", "errors"], ["skipped"]))
    return total - failed - skipped, failed, skipped, output


def tail(output):
    return "\n".join(output.splitlines()[-40:])


def row(outcome):
    part = outcome.part
    line = f"{part.name:<12}{outcome.passed:>6} passed"
    if outcome.failed:
        line += f", {outcome.failed} failed"
    if outcome.skipped:
        line += f", {outcome.skipped} skipped"
    slow = outcome.seconds > part.budget
    late = f", over its budget of {part.budget} s" if slow else ""
    return f"{line:<44}{outcome.seconds:7.1f} s{late}"


def test():
    os.environ["ONLY"] = "*"  # it selects within a part, `test` is all of all
    LOGS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    outcomes = []
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            jobs = [pool.submit(run_part, part) for part in parts()]
            for job in concurrent.futures.as_completed(jobs):
                outcomes.append(job.result())
                print(row(outcomes[-1]), flush=True)
        except KeyboardInterrupt:
            interrupt(pool)
            raise
    for outcome in outcomes:
        if outcome.failed:
            print(f"\n---- {outcome.part.name} "
                  f"({LOGS / outcome.part.name}.log) ----\n{outcome.output}")
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    print(f"{time.monotonic() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


def build_host(variant):
    """The programs, and a KTAP row about the build when it failed."""
    BUILD.mkdir(parents=True, exist_ok=True)
    with open(BUILD / "host.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = subprocess.run(["make", "-s", "-k", "-j2", "-f",
                               "tests/host/host.mk", variant,
                               f"BUILD={BUILD}"], check=False,
                              stdin=subprocess.DEVNULL)
    if done.returncode:
        print(f"KTAP version 1\n1..1\nnot ok 1 - {variant}.build",
              flush=True)
    names = sorted(pathlib.Path("tests", variant).glob(
        "test_*.c" if variant == "unit" else "fuzz_*.c"))
    programs = [BUILD / "host" / variant / name.stem for name in names]
    return [path for path in programs if path.exists()], done.returncode


# Host tests that search a space of schedules: seconds instead of milliseconds.
MODELS = {"test_ftrace_model", "test_ring_buffer"}


def unit():
    return run_units(lambda name: name not in MODELS)


def models():
    return run_units(lambda name: name in MODELS)


# What a program says of which ONLY selects no test: see tests/unit/unit.c.
NONE_SELECTED = 2


def run_units(wanted):
    only = os.environ.get("ONLY", "*")
    programs, failed = build_host("unit")
    found = {subprocess.run([program, only], timeout=300,
                            check=False).returncode
             for program in programs if wanted(program.name)}
    if found == {NONE_SELECTED}:
        print(f"run.py: ONLY='{only}' selects no test", file=sys.stderr)
        return 1
    return failed or not found <= ({0} if only == "*" else {0, NONE_SELECTED})


def fuzz():
    """Every target over its seeds and on; bounded by runs, so repeatable."""
    short = "--short" in sys.argv
    programs, failed = build_host("fuzz")
    print(f"KTAP version 1\n1..{len(programs)}", flush=True)
    for nr, program in enumerate(programs, 1):
        output, status = fuzz_one(program, short)
        if status:
            print("\n".join(f"# {line}" for line in output.splitlines()[-40:]))
        failed += status != 0
        print(f"{'not ok' if status else 'ok'} {nr} - fuzz.{program.name}",
              flush=True)
    return failed != 0


def fuzz_one(program, short):
    seeds = pathlib.Path("tests/fuzz/seeds", program.name)
    # New inputs go to the first directory. A short run starts from the seeds
    # alone, each time alike; a long one goes on where the last one stopped.
    corpus = BUILD / "fuzz" / ("short" if short else "long") / program.name
    artifacts = BUILD / "fuzz" / "found"
    if short:
        shutil.rmtree(corpus, ignore_errors=True)
    for directory in (corpus, artifacts):
        directory.mkdir(parents=True, exist_ok=True)
    limits = (["-seed=1", "-runs=100000", "-max_total_time=15"] if short
              else ["-max_total_time=120"])
    return run([str(program), *limits, "-timeout=5", "-rss_limit_mb=1024",
                "-max_len=4096", f"-artifact_prefix={artifacts}/",
                str(corpus), *([str(seeds)] if seeds.is_dir() else [])], 150)


def lint():
    return subprocess.call([PYTHON, "tests/lint/lint.py"])


def script(path):
    return lambda: subprocess.call([PYTHON, path])


CHECKS = {"test": test, "unit": unit, "models": models, "fuzz": fuzz,
          "lint": lint,
          "lab": script("tests/lab.py"),
          "torture": script("tests/torture.py"),
          "bench": script("tests/bench/run.py"),
          "bench-linux": script("tests/bench/linux/run.py")}


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in CHECKS:
        sys.exit(f"usage: tests/run.py {'|'.join(CHECKS)}")
    os.chdir(ROOT)
    sys.exit(int(CHECKS[sys.argv[1]]()))


if __name__ == "__main__":
    main()
