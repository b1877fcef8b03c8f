# SPDX-License-Identifier: MIT
"""Reads KTAP out of a log in which other lines may stand between."""
import re
from dataclasses import dataclass, field

VERSION = re.compile(r"^(?:KTAP|TAP) version \d+\s*$")
PLAN = re.compile(r"^1\.\.(\d+)\s*$")
RESULT = re.compile(r"^(not ok|ok) (\d+)(?: -)? ?(.*?)\s*$")


@dataclass
class Failure:
    name: str
    lines: list  # what was printed since the last result: the reasons


@dataclass
class Report:
    """What the results of one or more KTAP documents add up to."""
    plans: int = 0
    planned: int = 0
    passed: int = 0
    skipped: int = 0
    failures: list = field(default_factory=list)
    problems: list = field(default_factory=list)  # the form, not the tests
    names: list = field(default_factory=list)

    @property
    def seen(self):
        return self.passed + self.skipped + len(self.failures)

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
            count(report, match, since)
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


def count(report, match, since):
    words, name = match[1], match[3]
    name, _, directive = name.partition(" # ")
    report.names.append(name)
    if words == "not ok":
        report.failures.append(Failure(name, since[-20:]))
    elif directive.upper().startswith("SKIP"):
        report.skipped += 1
    else:
        report.passed += 1
