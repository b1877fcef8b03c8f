#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs Linux's own tests of ftrace and compares with a table of results.

    ftracetest.py SUITE TABLE [--only GLOB] [--write]

It runs inside a namespace in which tracing is a guest's (inside.py), and
refuses to run anywhere else: the suite would test the host's kernel. SUITE is
tools/testing/selftests/ftrace of a Linux source. A row of TABLE is a test (its
path; of the second run, in an instance, with " (instance)"), its result, and
why it is not PASS. Every difference is printed and fails, be it worse or
better. --write writes the results into the table; reasons stay.

Status: 0 all as in the table; 1 there are differences, or it cannot run.
"""
import argparse
import fnmatch
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent.parent))
from tools.tracefs import mounts  # noqa: E402

LINE = re.compile(r"^\[(\d+)\] (\(instance\) )?.*\t\[(\w+)\]$", re.MULTILINE)
# What the suite says of a test that it does not run, and our words for it.
MISSING = [(re.compile(r"^Required feature interface (\S+) doesn't exist\.$",
                       re.MULTILINE), "no {}"),
           (re.compile(r"^Required feature pattern (.*) is not in README\.$",
                       re.MULTILINE), "README has no {}"),
           (re.compile(r"^Required tracer (\w+) is not configured\.$",
                       re.MULTILINE), "no tracer {}")]
HEAD = """\
# Results of Linux's own tests (tools/testing/selftests/ftrace of Linux 6.1), by
# `make ftracetest`. A result that differs fails, worse or better: then change
# the row. Columns: test, result, why it is not PASS.
"""


@dataclass
class Row:
    test: str
    result: str
    reason: str = ""

    def text(self):
        return "\t".join(filter(None, (self.test, self.result, self.reason)))


def read_table(path):
    rows = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            row = Row(*line.split("\t"))
            rows[row.test] = row
    return rows


def tests_of(suite):
    """{name of a file: its path}, of all tests."""
    found = {}
    for path in sorted((suite / "test.d").rglob("*.tc")):
        assert path.name not in found, f"two tests are called {path.name}"
        found[path.name] = str(path.relative_to(suite / "test.d"))
    return found


def logs_of(folder):
    """{number of a test: (name of its file, log)}"""
    found = {}
    for path in folder.glob("*/*.tc-log.*"):
        number, _, rest = path.name.partition("-")
        found[int(number)] = (rest.rpartition("-log.")[0],
                              path.read_text(errors="replace"))
    return found


def reason_of(log):
    """Why a test is not run; "" if the suite does not say it."""
    for pattern, words in MISSING:
        if found := pattern.findall(log):
            return words.format(found[-1])
    return ""


def results(output, logs, paths):
    """[(Row, log)] in the order of the tests."""
    for number, instance, result in LINE.findall(output):
        name, log = logs[int(number)]
        reason = reason_of(log) if result != "PASS" else ""
        yield Row(paths[name] + (" (instance)" if instance else ""), result,
                  reason), log


def run_suite(suite, only):
    """[(Row, log)]. The suite writes beside itself and into $HOME."""
    with tempfile.TemporaryDirectory(prefix="nop5-") as folder:
        copy, home = pathlib.Path(folder, "ftrace"), pathlib.Path(folder, "h")
        shutil.copytree(suite, copy)
        home.mkdir()
        paths = tests_of(copy)
        chosen = [f"test.d/{path}" for path in paths.values()
                  if fnmatch.fnmatch(path, only)]
        if not chosen:
            sys.exit(f"ftracetest.py: ONLY='{only}' selects no test")
        arguments = [] if only == "*" else chosen
        output = ""
        with subprocess.Popen(
                ["./ftracetest", "-k", "--logdir", f"{folder}/logs",
                 *arguments], cwd=copy, text=True, stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                errors="replace", env=os.environ | {"HOME": str(home)}
                ) as process:
            for line in process.stdout:
                output += line
                sys.stdout.write(line)
                sys.stdout.flush()
        return list(results(output, logs_of(pathlib.Path(folder)), paths))


def differences(found, expected, only):
    """Sentences; found: [(Row, log)]."""
    seen = set()
    for row, log in found:
        seen.add(row.test)
        want = expected.get(row.test)
        if want is None:
            yield f"{row.test}: {row.result}, and there is no row for it"
        elif want.result != row.result:
            tail = "\n".join(f"  | {line}" for line in log.splitlines()[-8:])
            yield (f"{row.test}: {row.result}, and the table says "
                   f"{want.result}\n{tail}")
    for test in expected:
        bare = test.removesuffix(" (instance)")
        if test not in seen and fnmatch.fnmatch(bare, only):
            yield f"{test}: it was not run"


def write_table(path, found, expected):
    """A row whose result is as before keeps its reason."""
    text = HEAD
    for row, _ in found:
        old = expected.get(row.test)
        if old and old.result == row.result and old.reason:
            row.reason = old.reason
        text += row.text() + "\n"
    path.write_text(text, encoding="utf-8")


def require_guest():
    if not mounts.tree_at("/sys/kernel/tracing"):
        sys.exit("ftracetest.py: /sys/kernel/tracing is not a guest's: this "
                 "would test the host's kernel; make ftracetest runs it")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("suite", type=pathlib.Path)
    parser.add_argument("table", type=pathlib.Path)
    parser.add_argument("--only", default="*")
    parser.add_argument("--write", action="store_true")
    args = parser.parse_args()
    require_guest()
    expected = read_table(args.table) if args.table.exists() else {}
    found = run_suite(args.suite, args.only)
    if args.write:
        write_table(args.table, found, expected)
        return 0
    wrong = list(differences(found, expected, args.only))
    print("\n".join(wrong))
    passed = sum(row.result == "PASS" for row, _ in found)
    print(f"ftracetest.py: {len(found)} results, {passed} PASS, "
          f"{len(wrong)} not as in {args.table}")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
