#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs the checks behind `make test`, `make unit`, `make lint`, ...

`test` and `test-all` run the parts that tests/parts.py has for them, as many
at a time as there are CPUs. A part is a command with a budget of CPU seconds;
it reports by KTAP on its output or by pytest's junit file. The last line is
"N passed, N failed"; the status is 0 only if nothing failed.

SHARD=i/n (--shard i/n) runs one of n shares of the parts; SKIP_TEST=1 leaves
out of `test-all` what is also in `test`.

A new tests/test_NAME.py, tests/unit/test_NAME.c or tests/fuzz/fuzz_NAME.c is
found by itself.
"""
import concurrent.futures
import contextlib
import fcntl
import fnmatch
import json
import os
import pathlib
import re
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
from tests import parts  # noqa: E402
from tools import ktap  # noqa: E402

os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
# The make that called us is not the parent of those that tests call.
for name in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL"):
    os.environ.pop(name, None)
PYTHON, BUILD, LOGS = parts.PYTHON, parts.BUILD, parts.LOGS


@dataclass
class Outcome:
    part: parts.Part
    passed: int
    failed: int
    skipped: int
    cpu: float
    seconds: float
    output: str  # to be shown when something failed


def run_part(part):
    if part.junit:
        part.junit.unlink(missing_ok=True)
    began = time.monotonic()
    output, status, cpu, why = run_watched(part)
    seconds = time.monotonic() - began
    (LOGS / f"{part.name}.log").write_text(output)
    passed, failed, skipped, text = count(part, output)
    if why:
        failed, text = max(failed, 1), f"{text}\nstopped: {why}"
    elif status and not failed:
        failed, text = 1, f"status {status}, but no test failed\n{text}"
    elif not passed + failed + skipped and part is not parts.KERNEL:
        failed, text = 1, f"not one test was run\n{text}"
    return Outcome(part, passed, failed, skipped, round(cpu, 1), seconds, text)


def run_watched(part):
    """Output, status, CPU seconds, and why it was stopped; see watch.py."""
    result = LOGS / f"{part.name}.cost"
    result.unlink(missing_ok=True)
    output, status = run(
        [*PYTHON, "tests/watch.py", str(result),
         str(part.budget * parts.PATIENCE), str(part.wall), *part.command])
    try:
        cost = json.loads(result.read_text())
    except (OSError, ValueError):
        return output, status, 0, "nobody knows what it has used"
    return output, status, cost["cpu"], cost["why"]


running = set()  # commands under way, each the leader of its group
ending = threading.Event()  # none is to begin any more


def run(command, timeout=None):
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
        os.killpg(process.pid, signal.SIGTERM)  # watch.py ends what it watches
        raise
    finally:
        running.discard(process)


def end(process):
    """It may end what it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)


def interrupt(pool):
    """No part begins any more; those under way are asked to end."""
    pool.shutdown(wait=False, cancel_futures=True)
    ending.set()
    for process in list(running):
        end(process)


def count(part, output):
    if part is parts.KERNEL:
        return 0, 0, 0, tail(output)
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
    line = f"{part.name:<16}{outcome.passed:>5} passed"
    if outcome.failed:
        line += f", {outcome.failed} failed"
    if outcome.skipped:
        line += f", {outcome.skipped} skipped"
    dear = outcome.cpu > part.budget
    late = f", over its budget of {part.budget:g}" if dear else ""
    return f"{line:<44}{outcome.cpu:7.1f} CPU s {outcome.seconds:7.1f} s{late}"


def show(outcome, outcomes):
    outcomes.append(outcome)
    print(row(outcome), flush=True)
    return outcome


def run_all(chosen, at_once):
    """Outcomes of all parts, the kernel's first: without it there are none."""
    outcomes = []
    if show(run_part(parts.KERNEL), outcomes).failed:
        return outcomes
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        try:
            jobs = [pool.submit(run_part, part) for part in chosen]
            for job in concurrent.futures.as_completed(jobs):
                show(job.result(), outcomes)
        except KeyboardInterrupt:
            interrupt(pool)
            raise
    return outcomes


def check(chosen, at_once=parts.CPUS):
    """Run these parts; 0 only if nothing failed."""
    os.environ["ONLY"] = "*"  # it selects within a part, here all is run
    LOGS.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    outcomes = run_all(chosen, at_once)
    for outcome in outcomes:
        if outcome.failed:
            print(f"\n---- {outcome.part.name} "
                  f"({LOGS / outcome.part.name}.log) ----\n{outcome.output}")
    passed = sum(outcome.passed for outcome in outcomes)
    failed = sum(outcome.failed for outcome in outcomes)
    cpu = sum(outcome.cpu for outcome in outcomes)
    budget = sum(outcome.part.budget for outcome in outcomes)
    print(f"{cpu:.1f} CPU s, budget {budget:g}; "
          f"{time.monotonic() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return failed != 0


def options():
    """SKIP_TEST and SHARD, not to be seen by what the parts call."""
    skip, share = (os.environ.pop(name, "") for name in ("SKIP_TEST", "SHARD"))
    if sys.argv[2:]:
        if sys.argv[2] != "--shard" or len(sys.argv) != 4:
            sys.exit(f"run.py: {' '.join(sys.argv[2:])}: the only option is "
                     "--shard i/n")
        share = sys.argv[3]
    if skip not in ("", "0", "1"):
        sys.exit(f"run.py: SKIP_TEST='{skip}': it is 1 or 0")
    return skip == "1", share


def listed(which):
    """The check of one list of parts."""
    def run_list():
        skip, share = options()
        chosen = parts.of(which, skip_test=skip and which == parts.ALL)
        return check(parts.shard(chosen, share) if share else chosen)
    return run_list


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
MODELS = {"test_ftrace_model", "test_ring_buffer", "test_ring_buffer_swap"}


def unit():
    return run_units(lambda name: name not in MODELS)


def models():
    return run_units(lambda name: name in MODELS)


# What a program says of which ONLY selects no test: see tests/unit/unit.c.
NONE_SELECTED = 2


# A test of a host program, in its source.
UNIT_TEST = re.compile(r"^UNIT\((\w+),\s*(\w+)\)", re.MULTILINE)


def not_run(program, only):
    """Tells that tests which ONLY selects are of a program that is left out.
    Return: whether there are any."""
    source = pathlib.Path("tests/unit", f"{program.name}.c")
    text = source.read_text(encoding="utf-8") if source.exists() else ""
    names = [".".join(match) for match in UNIT_TEST.findall(text)]
    found = [name for name in names if fnmatch.fnmatchcase(name, only)]
    if only == "*" or not found:
        return False
    part = "models" if program.name in MODELS else "unit"
    print(f"run.py: ONLY='{only}': {', '.join(found)}: not run here, but by "
          f"tests/run.py {part}, or: {program} '{only}'", file=sys.stderr)
    return True


def run_units(wanted):
    only = os.environ.get("ONLY", "*")
    programs, failed = build_host("unit")
    found = {subprocess.run([program, only], timeout=300,
                            check=False).returncode
             for program in programs if wanted(program.name)}
    others = [path for path in programs if not wanted(path.name)]
    said = sum(not_run(path, only) for path in others)
    if found == {NONE_SELECTED}:
        if not said:
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


def short_runs(target):
    """Runs of a target in a short run; one that is slow says it itself."""
    source = pathlib.Path("tests/fuzz", f"{target}.c")
    said = re.search(r"fuzz-runs: (\d+)", source.read_text(encoding="utf-8"))
    return int(said[1]) if said else 100000


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
    limits = (["-seed=1", f"-runs={short_runs(program.name)}"] if short
              else ["-max_total_time=120"])
    return run([str(program), *limits, "-timeout=5", "-rss_limit_mb=1024",
                "-max_len=4096", f"-artifact_prefix={artifacts}/",
                str(corpus), *([str(seeds)] if seeds.is_dir() else [])],
               None if short else 150)


def lint():
    return subprocess.call([*PYTHON, "tests/lint/lint.py"])


def script(path):
    return lambda: subprocess.call([*PYTHON, path])


CHECKS = {"test": listed(parts.TEST), "test-all": listed(parts.ALL),
          "unit": unit, "models": models, "fuzz": fuzz, "lint": lint,
          "lab": script("tests/lab/table.py"),
          "torture": script("tests/torture.py"),
          "bench": script("tests/bench/run.py"),
          "bench-linux": script("tests/bench/linux/run.py")}
TAKE_OPTIONS = ("test", "test-all", "fuzz")


def main():
    if len(sys.argv) < 2 or sys.argv[1] not in CHECKS:
        sys.exit(f"usage: tests/run.py {'|'.join(CHECKS)}")
    if sys.argv[2:] and sys.argv[1] not in TAKE_OPTIONS:
        sys.exit(f"run.py: {sys.argv[2]}: {sys.argv[1]} takes no options")
    os.chdir(ROOT)
    sys.exit(int(CHECKS[sys.argv[1]]()))


if __name__ == "__main__":
    main()
