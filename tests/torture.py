#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make torture`: what `make test` does briefly, for as long as you like.

Each row runs to its end; a failing one is shown and the others go on. HOURS=n
repeats the list until the time is up, with new seeds (SEED=n starts there).
"""
import os
import pathlib
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = sys.executable
HOURS = float(os.environ.get("HOURS", "0"))
SEED = int(os.environ.get("SEED", "1"))


def pytest(name):
    return [PYTHON, "-m", "pytest", "-q", "--tb=short", "-p",
            "no:cacheprovider", f"tests/test_{name}.py"]


def suites(*options):
    return [PYTHON, "tests/suites.py", "--timeout=3600", *options]


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
    ("fuzz targets, two minutes each", [PYTHON, "tests/run.py", "fuzz"], {}),
]


def run(seed):
    """How many rows failed."""
    failed = 0
    for what, command, more in ROWS:
        began = time.monotonic()
        env = os.environ | {"SEED": str(seed)} | more
        env = {key: value for key, value in env.items() if value is not None}
        done = subprocess.run(command, cwd=ROOT, env=env, text=True,
                              stdout=subprocess.PIPE, errors="replace",
                              stderr=subprocess.STDOUT, check=False)
        seconds = time.monotonic() - began
        verdict = "failed" if done.returncode else "passed"
        print(f"{verdict}  {seconds:7.0f} s  seed {seed}  {what}", flush=True)
        if done.returncode:
            failed += 1
            print("\n".join(done.stdout.splitlines()[-40:]), flush=True)
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
