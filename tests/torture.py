#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make torture`: what `make test-all` does briefly, for as long as you like,
and the parts of tests/parts.py that take too long for it.

Each row runs to its end; a failing one is shown and the others go on. HOURS=n
repeats the list until the time is up, with new seeds (SEED=n starts there).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tests import parts  # noqa: E402
from tests.python import COMMAND as PYTHON  # noqa: E402

HOURS = float(os.environ.get("HOURS", "0"))
SEED = int(os.environ.get("SEED", "1"))


def pytest(name):
    return [*PYTHON, "-m", "pytest", "-q", "--tb=short", "-p",
            "no:cacheprovider", f"tests/test_{name}.py"]


def suites(*options):
    return [*PYTHON, "tests/suites.py", "--timeout=3600", *options]


# (what, command, more environment)
ROWS = [
    ("suites, 4 CPUs, 5 times", suites("--smp=4", "--append=repeat=5"), {}),
    ("suites, 8 CPUs", suites("--smp=8"), {}),
    ("suites, 2 CPUs, counted instructions",
     suites("--smp=2", "--icount=0"), {}),
    ("suites, chains off", suites("--smp=4", "--append=chains=off"), {}),
    ("suites, trampolines off",
     suites("--smp=4", "--append=trampolines=off"), {}),
    ("direct callers exchanged 10,000 times",
     suites("--smp=4", "--icount=0", "--tests=direct.no_call*",
            "--append=rounds=10000"), {}),
    ("the same, 8 CPUs",
     suites("--smp=8", "--icount=0", "--tests=direct.no_call*",
            "--append=rounds=10000"), {}),
    ("direct callers exchanged in real concurrency",
     suites("--smp=4", "--tests=direct.no_call*", "--append=rounds=1000"), {}),
    ("ops made, changed and freed, 4 CPUs",
     suites("--smp=4", "--tests=ftrace_storm.*", "--append=storm=120"), {}),
    ("the same, 8 CPUs",
     suites("--smp=8", "--tests=ftrace_storm.*", "--append=storm=120"), {}),
    # There SEED would ask for one alone.
    ("1,000 seeded schedules", pytest("patch_seeds"),
     {"SEEDS": "1000", "SEED": None}),
    ("10,000 random shell lines", pytest("shell_random"), {"LINES": "10000"}),
    ("fuzz targets, two minutes each", [*PYTHON, "tests/run.py", "fuzz"], {}),
]


def rows():
    """(what, command, more environment, limits of CPU seconds and seconds)."""
    for row in ROWS:
        yield *row, "inf", "inf"
    for part in parts.of(parts.TORTURE):
        yield (part.name, part.command, {"SEED": None},
               str(part.budget * parts.PATIENCE), str(part.wall))


def run_row(command, env, cpu, wall):
    """Status, output, and CPU seconds: see watch.py."""
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as result:
        done = subprocess.run(
            [*PYTHON, "tests/watch.py", result.name, cpu, wall, *command],
            cwd=ROOT, env=env, text=True, stdout=subprocess.PIPE,
            errors="replace", stderr=subprocess.STDOUT, check=False)
        cost = json.loads(result.read() or '{"cpu": 0, "why": "not watched"}')
    status = done.returncode or bool(cost["why"])
    return status, f"{done.stdout}\n{cost['why']}", cost["cpu"]


def run(seed):
    """How many rows failed."""
    failed = 0
    for what, command, more, cpu, wall in rows():
        began = time.monotonic()
        env = os.environ | {"SEED": str(seed)} | more
        env = {key: value for key, value in env.items() if value is not None}
        status, output, used = run_row(command, env, cpu, wall)
        seconds = time.monotonic() - began
        print(f"{'failed' if status else 'passed'}  {used:7.0f} CPU s  "
              f"{seconds:7.0f} s  seed {seed}  {what}", flush=True)
        if status:
            failed += 1
            print("\n".join(output.splitlines()[-40:]), flush=True)
    return failed


def main():
    end = time.monotonic() + HOURS * 3600
    seed, failed = SEED, run(SEED)
    while time.monotonic() < end:
        seed += 1
        failed += run(seed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
