#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Reads KTAP out of a serial log in which other lines may stand between.

    tools/ktap.py LOG             KTAP alone, each suite with its tests inside
    tools/ktap.py LOG --junit     JUnit's XML
    tools/ktap.py LOG --json      one JSON object
    tools/ktap.py LOG --errors    FILE:LINE: error: TEXT, one line per failure

LOG may be `-`: standard input. Status: 0 if all tests passed, 1 if one failed
or results are missing, 2 if LOG cannot be read.
"""
import argparse
import dataclasses
import itertools
import json
import re
import sys
import xml.etree.ElementTree as xml
from dataclasses import dataclass, field

VERSION = re.compile(r"^(?:KTAP|TAP) version \d+\s*$")
PLAN = re.compile(r"^1\.\.(\d+)\s*$")
RESULT = re.compile(r"^(not ok|ok) (\d+)(?: -)? ?(.*?)\s*$")
# The kernel's failed EXPECT, and the time of a test (times=on).
ERROR = re.compile(r"^# ((?:[\w.-]+/)*[\w.-]+:\d+: error: .*)$")
TIME = re.compile(r"^# (\S+): (\d+) ms$")
LINES_SHOWN = 20


@dataclass
class Test:
    name: str  # suite.test
    status: str  # "ok", "not ok", "skip"
    why: str = ""  # of a skip
    ms: int | None = None
    lines: list = field(default_factory=list)  # printed since the last result

    @property
    def suite(self):
        return self.name.partition(".")[0]

    @property
    def test(self):
        return self.name.partition(".")[2] or self.name

    def errors(self):
        """FILE:LINE: error: TEXT of each failed expectation."""
        return [match[1] for line in self.lines
                if (match := ERROR.match(line))]


@dataclass
class Report:
    """What the results of one or more KTAP documents add up to."""
    plans: int = 0
    planned: int = 0
    tests: list = field(default_factory=list)
    problems: list = field(default_factory=list)  # the form, not the tests

    def count(self, status):
        return sum(test.status == status for test in self.tests)

    @property
    def passed(self):
        return self.count("ok")

    @property
    def skipped(self):
        return self.count("skip")

    @property
    def failures(self):
        return [test for test in self.tests if test.status == "not ok"]

    @property
    def names(self):
        return [test.name for test in self.tests]

    @property
    def seen(self):
        return len(self.tests)

    def text(self):
        """Everything that is wrong, readable; empty when all is well."""
        out = list(self.problems)
        for failure in self.failures:
            out.append(f"not ok: {failure.name}")
            out += [f"    {line}" for line in failure.lines]
        return "\n".join(out)


def parse(log):
    report = Report()
    left, since = 0, []
    for line in log.splitlines():
        line = line.rstrip("\r")
        if match := PLAN.match(line):
            if left:
                report.problems.append(f"a new plan with {left} results of "
                                       "the old one missing")
            left, since = int(match[1]), []
            report.plans += 1
            report.planned += left
            expected = 1
        elif (match := RESULT.match(line)) and report.plans:
            report.tests.append(test_of(match, since))
            if left <= 0 or int(match[2]) != expected:
                report.problems.append(f"out of plan: {line}")
            expected += 1
            left, since = left - 1, []
        elif not VERSION.match(line):
            since.append(line)
    if not report.plans:
        report.problems.append("no KTAP plan was printed")
    if left > 0:
        report.problems.append(
            f"{left} of {report.planned} planned results are missing; after "
            f"{report.names[-1] if report.names else 'the plan'} came:\n"
            + "\n".join(f"    {line}" for line in since[-15:]))
    return report


def test_of(match, since):
    name, _, directive = match[3].partition(" # ")
    test = Test(name, match[1], lines=since[-LINES_SHOWN:])
    if match[1] == "ok" and directive.upper().startswith("SKIP"):
        test.status, test.why = "skip", directive[4:].strip()
    for line in since:
        if (time := TIME.match(line)) and time[1] == name:
            test.ms = int(time[2])
    return test


# ---- writers ----------------------------------------------------------------

def suites(report):
    """(suite, its tests), in the order of the log."""
    for suite, tests in itertools.groupby(report.tests,
                                          lambda test: test.suite):
        yield suite, list(tests)
    if report.problems:
        yield "log", [Test("log.form", "not ok",
                           lines="\n".join(report.problems).splitlines())]


def nested_lines(nr, test):
    """A test as the lines inside its suite."""
    if test.status == "not ok":
        for line in test.lines:
            yield line if line.startswith("#") else f"# {line}"
    skip = f" # SKIP {test.why}" if test.status == "skip" else ""
    word = "not ok" if test.status == "not ok" else "ok"
    yield f"{word} {nr} - {test.test}{skip}"


def nested(report):
    """KTAP, each suite a test with its own tests inside."""
    groups = list(suites(report))
    out = ["KTAP version 1", f"1..{len(groups)}"]
    for nr, (suite, tests) in enumerate(groups, 1):
        out += ["    KTAP version 1", f"    # Subtest: {suite}",
                f"    1..{len(tests)}"]
        for inner, test in enumerate(tests, 1):
            out += [f"    {line}" for line in nested_lines(inner, test)]
        bad = any(test.status == "not ok" for test in tests)
        out.append(f"{'not ok' if bad else 'ok'} {nr} - {suite}")
    return "\n".join(out) + "\n"


def printable(text):
    """XML has no way to write most control characters."""
    return re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd]", "?", text)


def junit_case(parent, test):
    case = xml.SubElement(parent, "testcase", classname=test.suite,
                          name=printable(test.test))
    if test.ms is not None:
        case.set("time", f"{test.ms / 1000:.3f}")
    if test.status == "skip":
        xml.SubElement(case, "skipped", message=printable(test.why))
    elif test.status == "not ok":
        lines = test.errors() or test.lines or ["the log gives no reason"]
        failure = xml.SubElement(case, "failure", message=printable(lines[0]))
        failure.text = printable("\n".join(test.lines))


def junit(report):
    root = xml.Element("testsuites")
    for suite, tests in suites(report):
        by = [test.status for test in tests]
        junit_suite = xml.SubElement(
            root, "testsuite", name=suite, tests=str(len(tests)),
            failures=str(by.count("not ok")), skipped=str(by.count("skip")),
            errors="0")
        for test in tests:
            junit_case(junit_suite, test)
    xml.indent(root)
    return xml.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def as_json(report):
    return json.dumps({
        "planned": report.planned, "passed": report.passed,
        "failed": len(report.failures), "skipped": report.skipped,
        "problems": report.problems,
        "tests": [{"suite": test.suite, **dataclasses.asdict(test),
                   "name": test.test} for test in report.tests],
    }, indent=1) + "\n"


def errors(report):
    lines = [line for test in report.failures for line in test.errors()]
    return "".join(f"{line}\n" for line in lines)


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", metavar="LOG", nargs="?", default="-")
    form = parser.add_mutually_exclusive_group()
    for name, write in (("junit", junit), ("json", as_json),
                        ("errors", errors)):
        form.add_argument(f"--{name}", dest="write", action="store_const",
                          const=write, default=nested)
    args = parser.parse_args(argv)
    try:
        with (sys.stdin.buffer if args.log == "-"
              else open(args.log, "rb")) as file:
            report = parse(file.read().decode(errors="replace"))
    except OSError as error:
        parser.error(f"{args.log}: {error.strerror}")
    sys.stdout.write(args.write(report))
    return 0 if not report.text() else 1


if __name__ == "__main__":
    sys.exit(main())
