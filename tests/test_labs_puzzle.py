# SPDX-License-Identifier: MIT
# parts: test-all 20, torture 420
"""Puzzles: each seed gives a fault that is noticed by a test that was withheld,
and is mended, with that test as the student's, for full points."""
import re
import subprocess

import pytest

from tests import qemu
from tests.lint import invariants
from tools.labs import build, cut, hand_out, puzzle, puzzle_grade, tree
from tools.labs.cut import LabError

SEEDS = [f"student {nr}" for nr in range(30)]
SHORT = ("student 0", "student 1")


def marked(seeds):
    return [pytest.param(seed, id=seed.replace(" ", "-"), marks=[] if seed in
                         SHORT else pytest.mark.torture) for seed in seeds]


@pytest.fixture(scope="module")
def base():
    return tree.read(qemu.ROOT)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("puzzle") / "tree"
    folder.mkdir()
    tree.seed_objects(folder, qemu.BUILD)
    return folder


def case(seed, base):
    """What is handed out, what is sealed in it, and the whole files."""
    handed, sealed = puzzle_grade.from_seed(seed, base)
    whole = {path: text.encode() for path, text in sealed["files"].items()}
    return handed, sealed, whole


def points(results):
    return [result.passed for result in results]


@pytest.mark.parametrize("seed", marked(SEEDS))
def test_the_reverse_patch_gets_all_points(seed, base, work):
    """The last part also says that the withheld tests notice the fault."""
    handed, sealed, whole = case(seed, base)
    results = puzzle_grade.judged(handed, handed | whole, sealed, work, [],
                                  qemu.ROOT)
    assert points(results) == [True, True, True], results


@pytest.mark.torture
@pytest.mark.parametrize("seed", SEEDS[:5])
def test_what_is_handed_out_gets_no_points(seed, base, work):
    handed, sealed, _ = case(seed, base)
    results = puzzle_grade.judged(handed, handed, sealed, work, [], qemu.ROOT)
    assert points(results) == [False, False, False]
    assert results[0].why == "a withheld test fails"


@pytest.mark.torture
def test_a_test_that_asserts_nothing_catches_nothing(base, work):
    handed, sealed, whole = case(SHORT[0], base)
    path = next(path for path in whole if path != sealed["file"])
    empty = handed[path] + b"\nKTEST(mine, nothing)\n{\n}\n"
    mend = {sealed["file"]: whole[sealed["file"]], path: empty}
    results = puzzle_grade.judged(handed, handed | mend, sealed, work, [],
                                  qemu.ROOT)
    assert points(results) == [True, True, False]
    assert results[2].why == "no new test fails in the kernel with the fault"


@pytest.mark.torture
def test_a_test_that_always_fails_is_not_sound(base, work):
    handed, sealed, whole = case(SHORT[0], base)
    path = next(path for path in whole if path != sealed["file"])
    always = handed[path] + b"\nKTEST(mine, all)\n{\n\tEXPECT(false);\n}\n"
    results = puzzle_grade.judged(handed, handed | {path: always}, sealed,
                                  work, [], qemu.ROOT)
    assert points(results) == [False, False, True]


@pytest.mark.torture
def test_a_mend_in_the_tests_mends_nothing(base, work):
    """Tests, tools and makefiles of the student's tree do not count."""
    handed, sealed, whole = case(SHORT[0], base)
    cheat = {"Makefile": b"all:\n", "tools/run.py": b"",
             "tests/kernel/ktest.c": b""}
    results = puzzle_grade.judged(handed, handed | cheat, sealed, work, [],
                                  qemu.ROOT)
    assert points(results)[0] is False
    assert "compile" not in results[0].why


@pytest.mark.torture
def test_the_sound_kernel_passes_the_tests_of_each_fault():
    """Each alone, as a grade runs them; else a mutant is noticed by nothing."""
    runs = {(fault.tests, fault.smp, fault.image) for fault in puzzle.faults()}
    problems = {}
    for tests, smp, image in sorted(runs, key=str):
        boot = build.boot(qemu.BUILD / build.IMAGES[image], smp,
                          f"mode=tests tests={tests}",
                          puzzle_grade.QUIET_MS)
        problems[tests] = boot.problem(tests=True)
    assert not {tests: why for tests, why in problems.items() if why}


def test_every_fault_has_its_tests(base):
    for fault in puzzle.faults():
        tests = puzzle.withheld(fault, base)
        text = puzzle.broken(fault, base)[fault.file].decode()
        assert text.encode() != base[fault.file]
        assert not re.search(r"[ \t]+$", text, re.MULTILINE), fault.what
        for path, data in puzzle.without(base, tests).items():
            left = cut.tests_of(data.decode())
            assert not set(tests[path]) & set(left)
            assert len(left) + len(tests[path]) == len(
                cut.tests_of(base[path].decode()))


def test_what_is_handed_out_does_not_tell(base):
    fault = puzzle.chosen("student 0")
    files = puzzle.make(fault, base)
    for path, names in puzzle.withheld(fault, base).items():
        for name in names:
            assert name.partition(".")[2].encode() not in files[path]
    assert not [path for path, data in files.items() if b"#pragma GCC diag" in
                data and data != base.get(path)]
    assert not [path for path in files if path.endswith("_mutants.py")
                or path.startswith("labs/0") or path == "tests/test_labs.py"]
    assert fault.what.encode() not in b"".join(files.values())
    sealed = puzzle.unseal(files[puzzle.SEALED])
    assert sealed["files"][fault.file].encode() == base[fault.file]


def test_an_invariant_is_cited_unless_its_test_was_taken_out(base):
    """The README tells students to look for one that is not."""
    files = {path: data.decode() for path, data in hand_out.kept(base).items()
             if re.search(r"^tests/(?!lint).*\.(py|session)$|\.([ch]|asm)$",
                          path)}
    tests = {path: files.pop(path) for path in list(files)
             if path.startswith("tests/")}
    assert not list(invariants.check_texts(files, base["DESIGN.md"].decode(),
                                           tests))


def test_a_seed_is_a_fault_and_seeds_differ():
    assert puzzle.chosen("ann") == puzzle.chosen("ann")
    assert len({puzzle.chosen(seed) for seed in SEEDS}) > 15


def test_a_seed_is_needed():
    with pytest.raises(LabError, match="^SEED= is missing"):
        puzzle.chosen("")


def typed(folder, *words):
    return subprocess.run(["make", "-s", *words], cwd=folder, text=True,
                          capture_output=True, check=False, timeout=900,
                          env=build.environment())


@pytest.mark.torture
def test_as_it_is_typed(base, tmp_path):
    """Handed out, mended, and graded: there, and in the lecturer's tree."""
    to = tmp_path / "ann"
    done = typed(qemu.ROOT, "puzzle", "SEED=student 0", f"DIR={to}")
    assert done.returncode == 0, done.stderr
    assert tree.git(to, "rev-list", "--count", "HEAD") == b"1\n"
    done = typed(to, "grade")
    assert done.returncode == 2 and "\nScore: 0/100\n" in done.stdout
    for path, data in case("student 0", base)[2].items():
        (to / path).write_bytes(data)
    for folder, words in ((to, []), (qemu.ROOT, ["SEED=student 0",
                                                 f"DIR={to}"])):
        done = typed(folder, "grade", *words)
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.endswith("\nScore: 100/100\n")
    (qemu.ROOT / "results.json").unlink()


@pytest.mark.parametrize("words, why", [
    (["puzzle", "DIR=x"], "puzzle: SEED= is missing"),
    (["puzzle", "SEED=ann"], "puzzle: DIR= is missing: where to?"),
    (["puzzle", "SEED=ann", "DIR=x"], "puzzle: DIR=x: is inside this tree, "),
    (["grade", "SEED=ann"], "grade: DIR= is missing: whose tree?"),
])
def test_bad_words_are_refused(words, why):
    done = typed(qemu.ROOT, *words)
    assert done.returncode == 2 and why in done.stderr
