# SPDX-License-Identifier: MIT
# parts: test-all 20, torture 1100
"""The labs: the tree itself gets all points; a tree with holes builds, boots
and gets none; each prepared wrong answer is noticed by the tests it names.

Of the labs in SHORT the solution, the holes and wrong lines of answers are in
`make test-all`; the rest is in `make torture` and in `make test-labs`, which
runs all. One object directory serves them all.
"""
import functools
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import pytest

from tests import qemu
from tests.mutants import TOKEN, mutated
from tests.python import COMMAND as PYTHON
from tools import ktap
from tools.labs import (answers, build, cut, grade, hand_out, judge, spec,
                        tree)
from tools.labs.cut import LabError
from tools.theatre.judge import judge as verdict

ROOT = qemu.ROOT
LABS = {number: spec.load(number) for number in spec.numbers()}
SHORT = ("1", "2")
# What a hole breaks in no lab.
UNCONCERNED = "lib.*,printk.*,page.*,slab.*,paging.*,acpi.*,kallsyms.*"


def of_each(cases, short=SHORT):
    """(lab, case): those of short labs, and marked all others."""
    return [pytest.param(lab, case, id=f"{number}-{name}".replace(" ", "-"),
                         marks=[] if number in short else pytest.mark.torture)
            for number, lab in LABS.items() for name, case in cases(lab)]


@pytest.fixture(scope="module")
def base():
    return tree.read(ROOT)


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    folder = tmp_path_factory.mktemp("labs") / "tree"
    folder.mkdir()
    tree.seed_objects(folder, qemu.BUILD)
    return folder


def answered(lab, files, start="3"):
    """answers.txt of somebody who has played the scenes."""
    def solve(root):
        seed = answers.first_seed(root, int(start))
        naive = answers.scene(root, "naive", seed)
        could = answers.mixtures(answers.scene(root, "int3-nosync", seed))
        trapped = answers.trapped_calls(answers.scene(root, "int3", seed))
        return {"start": start, "seed": seed,
                "bytes": answers.torn(naive)["saw"].hex(" "),
                "torn": verdict(naive).torn, "could": min(could).hex(" "),
                "trapped": trapped}
    text = "".join(f"{name}: {value}\n" for name, value in solve(files).items())
    return {f"{lab.folder}/answers.txt": text.encode()}


ANSWERED = {}  # of each lab, once


def solution(lab, base, work):
    if lab.answers and lab.folder not in ANSWERED:
        tree.sync(work, base, ROOT)
        ANSWERED[lab.folder] = answered(lab, work)
    return ANSWERED.get(lab.folder, {})


def failing(lab, base, own, work):
    results, logs = grade.run(lab, base, own, work, ROOT)
    assert [result.name for result in results] == [t.name for t in lab.tests]
    assert all(result.why for result in results if not result.passed)
    return [result.name for result in results if not result.passed], logs


def test_a_line_that_is_missing_is_told(monkeypatch):
    """Also with a seed that does not tear."""
    monkeypatch.setattr(answers, "scene", lambda *_: None)
    monkeypatch.setattr(answers, "torn", lambda _: None)
    assert answers.check("bytes", None, {"seed": "5"}) == (
        "bytes: '' is not five bytes such as e8 00 00 00 00")


def test_a_program_that_hangs_is_killed_with_its_children(monkeypatch):
    """A child that keeps the pipe open, too."""
    monkeypatch.setattr(build, "HANGS", 5)
    began = time.monotonic()
    with pytest.raises(LabError, match="^sh did not end in 5 s: no points"):
        build.run("/", "sh", "-c", "echo 1; sleep 60 & sleep 60")
    assert time.monotonic() - began < 50


# A shell waits for ever, and its clock goes on.
HANG = (qemu.TESTS, 1, "mode=shell")


@pytest.mark.parametrize("before, after, ms", [
    ((0, 0), (0, 3579545), 1000), ((1, 0xfffff0), (1, 0x6fe), 0),
    ((1, 0xfffff0), (2, 0xdfb), 1), ((0, 5), (9, 5), 8000)])
def test_the_clock_of_the_guest_wraps(before, after, ms):
    assert build.GuestClock.ms_between(before, after) == ms


def test_a_kernel_that_hangs_is_ended_by_its_own_clock():
    boot = build.boot(*HANG)
    assert boot.status is None and "nop5# " in boot.log, boot.excerpt()
    assert judge.after_boot(["a.one"], boot)["a.one"].why.startswith(
        "no end after 0.3 s: the kernel hangs")


def test_the_clock_of_the_wall_decides_no_points(monkeypatch):
    monkeypatch.setattr(build, "HANGS", 1)
    with pytest.raises(LabError, match="^a kernel did not end in 1 s: no poi"):
        build.boot(*HANG, quiet=10 ** 9)


def test_a_kernel_that_never_stops_printing_is_ended(monkeypatch, tmp_path):
    """However slow its clock is."""
    class Clock(build.GuestClock):
        def look(self):
            return 0, 0
    monkeypatch.setattr(build, "HANGS", 20)
    serial = tmp_path / "serial"
    serial.touch()
    os.truncate(serial, build.PRINTED + 1)
    with subprocess.Popen(["sleep", "60"]) as process:
        assert build.watch(process, Clock(None), serial, 300) is None
    assert process.returncode == -signal.SIGKILL


@pytest.mark.torture
def test_a_look_at_the_guests_clock_changes_nothing(monkeypatch):
    """Not one time stamp of the log."""
    logs = []
    for pause in (0.01, 1):
        monkeypatch.setattr(build, "PAUSE", pause)
        logs.append(build.boot(qemu.TESTS, 4, "mode=tests tests=ipi.*").log)
    assert "\nok 1 - ipi." in logs[0] and logs[0] == logs[1]


# ---- each lab ----------------------------------------------------------------

@pytest.mark.parametrize("lab, _", of_each(lambda lab: [("solution", None)]))
def test_the_solution_gets_all_points(lab, _, base, work):
    assert not failing(lab, base, solution(lab, base, work), work)[0]


@pytest.mark.parametrize("name, value, fails", [
    pytest.param("seed", "5", ["seed"], marks=pytest.mark.torture),
    ("bytes", "e8 00 00 00 00", ["bytes"]),
    ("bytes", "e8", ["bytes"]), ("torn", "0", ["torn"]),
    ("could", "0f 1f 44 00 00", ["could"]), ("trapped", "1", ["trapped"]),
    ("trapped", "many", ["trapped"]),
])
def test_a_wrong_line_of_answers_is_noticed(name, value, fails, base, work):
    lab = LABS["2"]
    (path, text), = solution(lab, base, work).items()
    text = re.sub(rf"^{name}: .*", f"{name}: {value}", text.decode(),
                  flags=re.M)
    failed, _ = failing(lab, base, {path: text.encode()}, work)
    # Another seed has other answers, too.
    assert failed == fails or name == "seed" and set(fails) <= set(failed)


@pytest.mark.parametrize("lab, _", of_each(lambda lab: [("hole", None)]))
def test_holes_fail_the_named_tests_and_nothing_else(lab, _, base, work):
    own = hand_out.with_holes(lab, base) | hand_out.blank(lab)
    failed, logs = failing(lab, base, own, work)
    assert failed == [test.name for test in lab.tests]
    assert all(ktap.parse(log).plans for log in logs)  # it boots
    if not lab.holes:
        return
    boot = build.boot(build.image(work, "test"), 2,
                      f"mode=tests tests={UNCONCERNED}")
    assert boot.problem(tests=True) is None, boot.problem(tests=True)


@pytest.mark.parametrize("lab, wrong", of_each(
    lambda lab: [(wrong.what, wrong) for wrong in lab.wrong], short=()))
def test_a_wrong_answer_is_noticed(lab, wrong, base, work):
    text = mutated(base[wrong.file].decode(), wrong.text, wrong.becomes)
    if wrong.file.endswith(".c"):
        text = cut.quiet(text)  # a helper may be unused now
    own = {wrong.file: text.encode()}
    failed = failing(lab, base, own, work)[0]
    assert [name for name in failed if name not in wrong.perhaps] == list(
        wrong.fails)
    assert wrong.fails


@functools.cache
def shown_by_the_book():
    """The functions whose code stands in a chapter."""
    return {name for path in ROOT.glob("book/*.md") for name in
            re.findall(r"^:function: (\w+)$", path.read_text("utf-8"), re.M)}


@pytest.mark.parametrize("number", LABS)
def test_a_lab_has_its_form(number):
    lab, folder = LABS[number], ROOT / LABS[number].folder
    text = (folder / "README.md").read_text("utf-8")
    assert text.startswith(f"# Lab {number}: ")
    assert re.search(r"^Difficulty: .* Expected time: .* hours?\. "
                     rf"{lab.points} points\.$", text, re.M)
    for part in ("**Goal.**", "## Read first", "## Hints, one at a time",
                 "## How it is graded", "## Challenge"):
        assert part in text, part
    for test in lab.tests:
        assert f"| `{test.name}` | {test.points} |" in text, test.name
    for hole in lab.holes:
        assert f"`{hole.name}" in text, hole.name
    shown = {hole.name for hole in lab.holes} & shown_by_the_book()
    assert ("book shows" in text) == bool(shown), shown
    for path in re.findall(r"`(\w[\w/.-]*/[\w.-]+\.\w+)`", text):
        made = path.startswith("build/") or path.endswith("answers.txt")
        assert made or (ROOT / path).exists(), path
    assert lab.points == 100 and (lab.wrong or lab.answers)
    assert len({test.name for test in lab.tests}) == len(lab.tests)
    names = {test.name for test in lab.tests}
    assert all({*wrong.fails, *wrong.perhaps} <= names for wrong in lab.wrong)
    assert not any({*wrong.fails} & {*wrong.perhaps} for wrong in lab.wrong)


def test_a_round_that_is_missing_costs_much():
    """Lab 4 is about them."""
    points = {test.name: test.points for test in LABS["4"].tests}
    lost = {wrong.what: sum(points[name] for name in wrong.fails)
            for wrong in LABS["4"].wrong if wrong.what.startswith("no round")}
    assert len(lost) == 2 and min(lost.values()) >= 40, lost


@functools.cache
def bare(text):
    return "".join(TOKEN.findall(text))


@pytest.mark.parametrize("number", LABS)
def test_a_hand_out_does_not_contain_the_solution(number, base):
    lab = LABS[number]
    files = hand_out.make(lab, base)
    texts = {path: bare(data.decode("utf-8", "ignore"))
             for path, data in files.items()}
    for hole in lab.holes:
        body = bare(cut.body(hole.file, base[hole.file].decode(), hole.name))
        if len(body) < 80:  # one or two lines, as others write them, too
            continue
        assert body in bare(base[hole.file].decode())
        assert [path for path, text in texts.items() if body in text] == []
    assert not [path for path in files
                if re.match(r"labs/.*\.py|tests/.*_mutants\.py", path)]


# ---- a name that is gone -----------------------------------------------------

C_TEXT = ("// SPDX\nint f(int a);\n\nstatic int f(int a)\n{\n\treturn a;\n}\n\n"
          "static const u8 steps[] = {\n\t1, 2,\n};\n\nvoid\ng(int a,\n"
          "  int b)\n{\n\tf(1);\n}\n")


def test_a_body_is_cut_by_name():
    done = cut.holes("x.c", C_TEXT, "labs/7", [("f", "return 0;"),
                                               ("steps", ""), ("g", "")])
    assert "\treturn a;\n" not in done and "\tf(1);" not in done
    assert "{\n\t/* Yours to write: labs/7/README.md */\n\treturn 0;\n}\n" \
        in done
    assert "1, 2" not in done and "int f(int a);" in done
    assert done.startswith("// SPDX\n/* Code may be cut out of here: ")


def test_assembly_and_promela_are_cut():
    text = "x\nfunc one\n\tnop\nendfunc one\nfunc two\n\tret\nendfunc two\n"
    assert cut.holes("x.asm", text, "labs/7", [("one", "ud2")]) == text.replace(
        "\tnop\n", "\t; Yours to write: labs/7/README.md\n\tud2\n")
    model = "proctype one()\n{\n\tskip\n}\nactive proctype two()\n{\n\tx\n}\n"
    assert "\tx\n" not in cut.holes("x.pml", model, "labs/7", [("two", "y")])


@pytest.mark.parametrize("file, name, count", [
    ("x.c", "h", 0), ("x.c", "a", 0), ("x.asm", "f", 0), ("x.pml", "f", 0)])
def test_a_name_that_is_gone_is_an_error(file, name, count):
    with pytest.raises(LabError, match=f"^{file}: '{name}' is to be cut out, "
                                       f"but is defined {count} times$"):
        cut.holes(file, C_TEXT, "labs/7", [(name, "")])
    with pytest.raises(LabError, match="is defined 2 times"):
        cut.holes("x.c", C_TEXT * 2, "labs/7", [("f", "")])


def test_a_lab_without_its_file_is_an_error(base):
    files = {path: data for path, data in base.items()
             if path != LABS["1"].holes[0].file}
    with pytest.raises(LabError, match="there is no arch/x86_64/patch/insn.c"):
        hand_out.make(LABS["1"], files)


# ---- points and forms --------------------------------------------------------

def test_the_report_has_points_and_a_score():
    lab = spec.Lab("labs/7-x", "X", [spec.unit("a", "a.b", 30),
                                     spec.unit("a", "a.c", 70)])
    results = [judge.Result("a.b", False, "because\nof that"),
               judge.Result("a.c", True)]
    assert list(grade.lines_of(lab, results)) == [
        "a.b: FAIL (0/30)", "    because", "    of that", "a.c: OK (70/70)",
        "Score: 70/100"]
    found = grade.gradescope(lab, results)
    assert found["score"] == 70
    assert [(test["name"], test["score"], test["max_score"], test["status"],
             test["output"]) for test in found["tests"]] == [
        ("a.b", 0, 30, "failed", "because\nof that"),
        ("a.c", 70, 70, "passed", "")]


def test_a_reason_that_comes_twice_is_shown_once():
    """A file that does not compile fails all tests with the same words."""
    lab = spec.Lab("labs/7-x", "X", [spec.unit("a", "a.b", 30),
                                     spec.unit("a", "a.c", 70)])
    results = [judge.not_compiled(test.name, "x.c:5: error: no") for test in
               lab.tests]
    assert list(grade.lines_of(lab, results)) == [
        "a.b: FAIL (0/30)", "    it does not compile:",
        "    x.c:5: error: no", "a.c: FAIL (0/70)",
        "    as a.b: it does not compile", "Score: 0/100"]
    assert all("error: no" in test["output"] for test in
               grade.gradescope(lab, results)["tests"])


@pytest.mark.parametrize("line, first", [
    ("==7==ERROR: AddressSanitizer: stack-buffer-overflow on address 0x7f",
     "ERROR: AddressSanitizer: stack-buffer-overflow on address 0x7f"),
    ("a.c:7:3: runtime error: shift exponent 64 is too large",) * 2])
def test_a_sanitizers_first_line_is_shown(line, first):
    output = ["KTAP version 1", "1..1", "=" * 65, line, "READ of size 1",
              "    #0 0x1 in insn_load", "    #1 0x2 in main",
              *["  frame"] * 9, "ABORTING"]
    assert judge.reason(output).splitlines() == [first, *output[4:7]]


def test_a_lab_without_a_scene_says_nothing_of_it(tmp_path, capsys):
    lab = spec.Lab("labs/7-x", "X", [spec.unit("a", "a.b", 100)])
    results = [judge.Result("a.b", False, "because")]
    assert grade.report(lab, results, [], tmp_path, tmp_path) == 1
    assert capsys.readouterr().out.endswith("    because\nScore: 0/100\n")


# ---- write your own ----------------------------------------------------------

OWN = ("cat available_tracers\necho own > current_tracer\ncat trace\n"
       "echo nop > current_tracer\nown nobody\n"
       "echo 1 > events/own/own_step/enable\nown first second\ncat trace\n")


@pytest.mark.torture
def test_the_examples_of_ones_own_work(base, work):
    """All three in one image, as `make own` builds them."""
    tree.sync(work, base, ROOT)
    folders = sorted(path.relative_to(ROOT).as_posix()
                     for path in ROOT.glob("labs/own-*"))
    assert len(folders) == 3
    build.make(work, f"EXTRA={' '.join(folders)}", "build/nop5-test.elf")
    kernel = work / "build/nop5-test.elf"
    log = qemu.Machine(smp=2, kernel=kernel).boot("mode=own_ops").ok().log
    assert "\nown_ops: 10 of 11 calls counted\n" in log
    done = subprocess.run(
        [*PYTHON, "tools/run.py", "--smp", "2", "--kernel", str(kernel),
         "--append", "mode=shell", "--interactive"], cwd=ROOT, input=OWN,
        text=True, capture_output=True, check=True, timeout=120)
    tracers, first, second = re.split("# tracer: ", done.stdout)
    assert "nop own\n" in tracers
    assert first.startswith("own\n") and len(re.findall(
        r"^ +\S+-\d+ +\[\d+\] .* <-", first, re.M)) > 5
    assert re.findall(r"own_step: (.*)", second) == [
        "number=1 what=first", "number=2 what=second"]


# ---- as it is typed ----------------------------------------------------------

def typed(folder, *words):
    return subprocess.run(["make", "-s", *words], cwd=folder, text=True,
                          capture_output=True, check=False, timeout=600,
                          env=build.environment())


@pytest.mark.parametrize("words, why", [
    (["hand-out", "LAB=77", "DIR=x"], "hand-out: LAB=77: labs are 1, 2, 3, "),
    (["hand-out", "LAB=one", "DIR=x"], "hand-out: LAB=one: labs are 1, 2, 3, "),
    (["hand-out", "LAB=1"], "hand-out: DIR= is missing: where to?"),
    (["hand-out", "LAB=1", "DIR=tests/.."],
     "hand-out: DIR=tests/..: is inside this tree, which would then hold a "
     "second repository; name a folder outside\n"),
    (["hand-out", "LAB=1", "DIR=x"], "hand-out: DIR=x: is inside this tree, "),
    (["hand-out", "LAB=1", "DIR=/etc"],
     "hand-out: DIR=/etc: is there already and is not empty"),
    (["grade", "LAB=77"], "grade: LAB=77: labs are 1, 2, 3, "),
    (["grade", "LAB=1", "DIR=/nowhere"],
     "grade: DIR=/nowhere: is no folder"),
    (["grade", "LAB=1", "DIR=labs"], "labs: there is no arch/x86_64/patch/"),
])
def test_bad_words_are_refused(words, why):
    done = typed(ROOT, *words)
    assert done.returncode == 2 and why in done.stderr
    assert not (ROOT / "x").exists()


@pytest.mark.torture
def test_a_hand_out_is_graded_where_it_lies(tmp_path):
    """The tests are those of its first commit, whatever a student does."""
    to = tmp_path / "student"
    done = typed(ROOT, "hand-out", "LAB=1", f"DIR={to}")
    assert done.returncode == 0, done.stderr
    assert tree.git(to, "log", "--format=%s").decode() == (
        "labs/01-five-bytes: Five bytes: encode a site and decode it\n")
    assert not tree.git(to, "status", "--porcelain")
    test = to / "tests/unit/test_insn.c"
    test.write_text(re.sub(r"CHECK.*;", ";", test.read_text()))
    tree.git(to, "commit", "-q", "-a", "-m", "all is well now")
    done = typed(to, "grade", "LAB=1")
    assert done.returncode == 2 and "\nScore: 0/100\n" in done.stdout
    assert ("tests/unit/test_insn.c: changed, but not part of this lab: not "
            "taken\n") in done.stdout
    good = (ROOT / LABS["1"].holes[0].file).read_text("utf-8")
    (to / LABS["1"].holes[0].file).write_text(good)
    done = typed(to, "grade")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("\nScore: 100/100\n")
    assert json.loads((to / "results.json").read_text())["score"] == 100
    assert pathlib.Path(to, "results.json").name not in tree.git(
        to, "status", "--porcelain").decode()


@pytest.mark.torture
def test_a_failed_lab_has_its_page(tmp_path):
    to = tmp_path / "student"
    assert typed(ROOT, "hand-out", "LAB=2", f"DIR={to}").returncode == 0
    done = typed(to, "grade", "LAB=2")
    page = to / "build/lab-theatre.html"
    assert done.returncode == 2 and "\nScore: 0/100\n" in done.stdout
    assert f"theatre: {page}\n" in done.stdout
    assert "<html" in page.read_text("utf-8")
