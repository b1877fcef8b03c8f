# SPDX-License-Identifier: MIT
"""Grades a puzzle: 100 points, half of them for the mend.

    mend             50   the tests that were withheld pass
    test.sound       20   the student's new tests pass in the sound kernel
    test.fault       30   one of them fails in the kernel with the fault

The three trees are built one after the other in one folder. Of the student's
tree the mend takes everything but tests/, tools/, labs/ and the makefiles, and
the other two take the files of tests/ that are new or changed, the harness
included.
"""
import re

from tools.labs import build, cut, judge, puzzle, spec, tree
from tools.labs.cut import LabError

NOT_THE_KERNEL = re.compile(r"(?:tests|tools|labs|book)/|[^/]*$|.*\.mk$")
QUIET_MS = 1000  # the tests of a puzzle may be anybody's
TEST_FILE = re.compile(r"tests/(?:kernel|debug|lab)/\w+\.[ch]$")


def is_puzzle(root):
    return (root / puzzle.SEALED).exists()


def lab(sealed):
    """What is graded, in the form of a lab."""
    tests = [spec.Test("puzzle", "mend", 50), spec.Test("puzzle", "test.sound",
                                                        20),
             spec.Test("puzzle", "test.fault", 30)]
    return spec.Lab(puzzle.FOLDER, "One fault", tests,
                    scene="int3" if "/patch/" in sealed["file"] else "")


def own(student, handed, wanted):
    """Files of the student's tree that are new or changed, if wanted."""
    return {path: data for path, data in student.items()
            if wanted(path) and handed.get(path) != data}


def new_tests(files, handed):
    """suite.name of tests that the tree handed out does not have."""
    known = {test for path, data in handed.items() if TEST_FILE.match(path)
             for test in cut.tests_of(data.decode())}
    return [test for path, data in sorted(files.items())
            if path.endswith(".c") for test in cut.tests_of(data.decode())
            if test not in known]


def run(work, sealed, names, logs):
    """{name: Result} of those tests in the tree that stands there."""
    where = {"smp": sealed["smp"], "image": sealed["image"], "append": "",
             "quiet": QUIET_MS}
    try:
        return judge.boot_group(work, names, where, logs)
    except build.BuildError as error:
        return {name: judge.not_compiled(name, error) for name in names}


def told(result):
    """The reason, with the name of the test if it was run at all."""
    if result.why.startswith("it does not compile"):
        return result.why
    return f"{result.name}: {result.why}"


def all_pass(name, results):
    bad = [result for result in results.values() if not result.passed]
    return judge.Result(name, not bad, "\n".join(dict.fromkeys(map(told, bad))))


def unnamed(result):
    """The name and the message of a withheld test would give the fault away."""
    if result.passed or "it does not compile" in result.why:
        return result
    return judge.Result(result.name, False, "a withheld test fails")


def catches(name, results):
    bad = [result for result in results.values() if not result.passed]
    if any(result.why.startswith("it does not compile") for result in bad):
        return all_pass(name, results)
    return judge.Result(name, bool(bad), "" if bad else
                        "no new test fails in the kernel with the fault")


def judged(handed, student, sealed, work, logs, like=None):
    """The three results. sealed: see puzzle.seal()."""
    whole = {path: text.encode() for path, text in sealed["files"].items()}
    kernel = own(student, handed, lambda path: not NOT_THE_KERNEL.match(path))
    tests = own(student, handed, TEST_FILE.match)
    names = new_tests(tests, handed)
    withheld = {path: data for path, data in whole.items()
                if path != sealed["file"]}
    tree.sync(work, handed | kernel | withheld, like)
    results = [unnamed(all_pass("mend", run(work, sealed, sealed["tests"],
                                            logs)))]
    if not names:
        why = "there is no new test: a KTEST() in tests/kernel/"
        return results + [judge.Result(name, False, why)
                          for name in ("test.sound", "test.fault")]
    sound = {sealed["file"]: whole[sealed["file"]]}
    tree.sync(work, handed | sound | tests)
    results.append(all_pass("test.sound", run(work, sealed, names, logs)))
    tree.sync(work, handed | tests)
    results.append(catches("test.fault", run(work, sealed, names, [])))
    return results


def from_seed(seed, base):
    """The tree that was handed out for a seed, and what is sealed in it."""
    fault = puzzle.chosen(seed)
    return puzzle.make(fault, base), puzzle.unseal(puzzle.seal(fault, base))


def grade(root, folder, seed, work, base):
    """(lab, results, logs). In a tree that was handed out seed is empty, and
    base is its first commit; a lecturer's seed takes all from the lecturer's.
    """
    if seed and is_puzzle(root):
        raise LabError(f"SEED={seed}: is for the whole tree; this is a puzzle")
    if seed and not folder:
        raise LabError("DIR= is missing: whose tree?")
    handed, sealed = from_seed(seed, base) if seed else (
        base, puzzle.unseal(base[puzzle.SEALED]))
    logs = []
    results = judged(handed, tree.read(folder), sealed, work, logs, root)
    return lab(sealed), results, logs
