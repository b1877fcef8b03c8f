# SPDX-License-Identifier: MIT
"""Runs the tests of a lab in a tree that sync() has made. The verdicts are
those of the tests; what a test costs is counted in instructions."""
import pathlib
import re
import signal
import subprocess
import tempfile
from dataclasses import dataclass

from tests import qemu
from tools import ktap
from tools.labs import answers, build
from tools.labs.cut import LabError, tests_of

MOST_GLOBS = 240  # characters; tests/kernel/ktest.c takes 255
REASON = re.compile(r"^# |kernel panic: ")
SANITIZER = re.compile(r"(?:==\d+==)?(ERROR: \w+Sanitizer: .*)|"
                       r"(.*: runtime error: .*)")
TOO_LONG = "# {} takes more than "  # tests/kernel/ktest.c
LINES = 4  # of a reason that are shown


@dataclass
class Result:
    name: str
    passed: bool
    why: str = ""


def not_compiled(name, error):
    return Result(name, False, f"it does not compile:\n{error}")


def reason(lines):
    """The lines that say why, a sanitizer's first; else the last ones."""
    lines = [line for line in lines if line.strip()]
    for nr, line in enumerate(lines):
        if match := SANITIZER.match(line):
            return "\n".join([match[1] or match[2],
                              *lines[nr + 1:nr + LINES]])
    good = [line for line in lines if REASON.search(line)]
    return "\n".join((good or lines[-LINES:])[:LINES])


# ---- tests in the image ------------------------------------------------------

def order_of_tests(tree):
    """All tests in the image, in the order in which it runs them: that of the
    link, so of the names of the files."""
    names = []
    for folder in ("tests/kernel", "tests/bench/kernel", "tests/debug",
                   "tests/lab"):
        for path in sorted((tree / folder).glob("*.c"),
                           key=lambda path: path.name):
            names += tests_of(path.read_text("utf-8"))
    return {name: nr for nr, name in enumerate(names)}


def batch(names):
    """As many of the first names as fit in one command line."""
    taken, room = [], MOST_GLOBS
    for name in names:
        room -= len(name) + 1
        if taken and room < 0:
            break
        taken.append(name)
    return taken


def ended(log):
    """Why a run stopped in the middle of a test."""
    found = re.search(r"kernel panic: .*", log)
    return found[0] if found else reason(log.splitlines())


def after_boot(names, run):
    """{name: Result} of one boot; a test in which it ended has failed."""
    report = ktap.parse(run.log)
    if not report.plans:
        why = run.stopped() or "the kernel does not come to its tests: "
        return {name: Result(name, False, why + ended(run.log))
                for name in names}
    found = {test.name: Result(test.name, test.status == "ok",
                               reason(test.lines) if test.status != "ok"
                               else "") for test in report.tests}
    missing = [name for name in names if name not in found]
    if report.planned < len(names) and report.seen == report.planned:
        return found | {name: Result(name, False, "no such test in the image")
                        for name in missing}
    last = report.tests[-1].name if report.tests else None
    if last in names and TOO_LONG.format(last) in run.log:
        return found  # that one ended the run; the next ones did not begin
    if missing:
        why = run.stopped() or ended(run.log)
        found[missing[0]] = Result(missing[0], False, why)
    elif run.status == qemu.PANIC:
        found[names[-1]] = Result(names[-1], False, ended(run.log))
    return found


def boot_group(tree, names, where, logs):
    kernel = build.image(tree, where["image"])
    order = order_of_tests(tree)
    left = sorted(names, key=lambda name: order.get(name, len(order)))
    results = {}
    while left:
        now = batch(left)
        run = build.boot(kernel, where["smp"], f"mode=tests "
                         f"tests={','.join(now)} {where['append']}".strip(),
                         where.get("quiet") or build.QUIET_MS)
        logs.append(run.log)
        results |= after_boot(now, run)
        left = [name for name in left if name not in results]
    return results


def together(test, results):
    """The result of a test that counts only with another one."""
    other = results[test.where["also"] or test.name]
    if other.passed or other.name == test.name:
        return results[test.name]
    return Result(test.name, False, f"counts only together with {other.name}")


def judge_boots(tree, tests, logs):
    groups = {}
    for test in tests:
        place = {key: value for key, value in test.where.items()
                 if key != "also"}
        _, names = groups.setdefault(str(place), (place, set()))
        names |= {test.name, test.where["also"]} - {""}
    results = {}
    for place, names in groups.values():
        results |= boot_group(tree, names, place, logs)
    return {test.name: together(test, results) for test in tests}


# ---- tests on the host -------------------------------------------------------

def unit_run(tree, program, globs, done):
    """Status and output of a run; done: of runs that were made already."""
    key = program, *globs
    if key not in done:
        path = build.unit_program(tree, program)
        done[key] = build.run(tree, str(path), *globs,
                              limit=build.CPU_SECONDS)
    return done[key]


def judge_unit(tree, test, done):
    """Each in a process of its own, because a sanitizer ends it."""
    globs = [] if test.where["whole"] else [test.name]
    status, output = unit_run(tree, test.where["program"], globs, done)
    found = [one for one in ktap.parse(output).tests if one.name == test.name]
    if not found and status == -signal.SIGKILL:
        return Result(test.name, False, f"no end after {build.CPU_SECONDS} s "
                      "of a CPU: it hangs")
    if not found:
        return Result(test.name, False, "no such test" if status == 2 else
                      reason(output.splitlines()))
    return Result(test.name, found[0].status == "ok",
                  reason(found[0].lines) if found[0].status != "ok" else "")


def judge_units(tree, tests, logs):
    results, done = {}, {}
    for test in tests:
        try:
            results[test.name] = judge_unit(tree, test, done)
        except build.BuildError as error:
            results[test.name] = not_compiled(test.name, error)
    return results


# ---- the model ---------------------------------------------------------------

MODEL = "tests/model/text_poke.pml"


def spin(folder, source, defines):
    """How many errors Spin finds, at most 1; None: it cannot search."""
    options = [f"-D{name}" for name in defines]
    for words in (["spin", "-a", *options, str(source)],
                  ["gcc", "-O1", "-DSAFETY", "-DNOREDUCE", "-DCOLLAPSE", "-o",
                   "pan", "pan.c"]):
        if build.run(folder, *words)[0]:
            return None
    output = build.run(folder, "./pan", "-m100000",
                       limit=build.CPU_SECONDS)[1]
    errors = re.search(r"errors: (\d+)", output)
    if not errors or "max search depth too small" in output:
        return None
    return int(errors[1])


def judge_model(tree, test):
    for wanted, defines in test.where["runs"]:
        with tempfile.TemporaryDirectory(prefix="nop5-") as folder:
            found = spin(pathlib.Path(folder), tree / MODEL, defines)
        if found != wanted:
            return Result(test.name, False, f"{MODEL} with {' '.join(defines)}"
                          f": Spin finds {found} errors, should find {wanted}")
    return Result(test.name, True)


def judge_models(tree, tests, logs):
    return {test.name: judge_model(tree, test) for test in tests}


# ---- answers -----------------------------------------------------------------

def judge_answers(tree, tests, logs):
    lines = answers.read(tree)
    results = {}
    for test in tests:
        why = answers.check(test.where["check"], tree, lines)
        results[test.name] = Result(test.name, not why, why or "")
    return results


JUDGES = {"boot": judge_boots, "unit": judge_units, "model": judge_models,
          "answer": judge_answers}


def judge(tree, lab, logs):
    """Results in the order of the lab's tests. logs: of the boots, out."""
    results = {}
    for kind, function in JUDGES.items():
        tests = [test for test in lab.tests if test.kind == kind]
        if not tests:
            continue
        try:
            results |= function(tree, tests, logs)
        except build.BuildError as error:
            results |= {test.name: not_compiled(test.name, error)
                        for test in tests}
        except subprocess.TimeoutExpired as error:
            raise LabError(f"no end after {error.timeout} s") from error
    return [results[test.name] for test in lab.tests]
