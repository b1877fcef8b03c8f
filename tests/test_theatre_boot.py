# SPDX-License-Identifier: MIT
# parts: test 22, test-all 15
"""Scenes that nop5-debug.elf records: each method ends, counted and in real
concurrency; the host's judge agrees with the kernel; the same image and QEMU
give the same bytes."""
import copy
import os
import re
import subprocess

import pytest

from tests import qemu
from tests.conftest import existing
from tests.python import COMMAND as PYTHON
from tools.theatre import boot, model, page, plugin
from tools.theatre.hold import Stage, explained, moments
from tools.theatre.judge import judge
from tools.theatre.scene import SceneError, parse

METHODS = ["naive", "int3", "int3-nosync", "stop", "jmpself"]
SCENES = [*METHODS, "exchange-gap", "exchange", "free-early", "free"]


@pytest.fixture(name="kernel", scope="module")
def fixture_kernel():
    return existing(qemu.DEBUG)


@pytest.fixture(name="searched", scope="module")
def fixture_searched(kernel):
    """All scenes of the first seed that tears."""
    said = []
    scenes = boot.search(kernel, 4, None, said.append)
    return scenes, said


@pytest.fixture(name="scenes", scope="module")
def fixture_scenes(searched):
    return {scene.about["method"]: scene for scene in searched[0]}


def test_each_method_is_there_and_the_judge_agrees(scenes):
    assert list(scenes) == SCENES
    for name, scene in scenes.items():
        verdict = judge(scene)
        assert verdict.problems == [] and verdict.stale == [], name
        assert scene.end["dropped"] == 0


def test_no_run_is_shown_before_its_bytes_can_be_held(scenes):
    for name, scene in scenes.items():
        stage = Stage(scene)
        for at, event in moments(scene):
            stage.play(event)
            if event["e"] == "run":
                assert explained(scene, stage, at, event), (name, event)


def test_naive_tears_at_the_printed_seed(kernel, searched, scenes):
    said = re.fullmatch(r"seed (\d+) tears: make theatre SEED=\1 shows it "
                        "again", searched[1][0])
    assert 1 <= int(said[1]) <= boot.SEEDS
    assert scenes["naive"].about["seed"] == int(said[1])
    again = boot.record(kernel, 4, None, said[1])
    assert page.build(again) == page.build(searched[0])


@pytest.mark.slow
def test_one_method_alone_has_seeds_of_its_own(kernel):
    """The words of the command line are part of the schedule."""
    said = []
    scene, = boot.search(kernel, 4, "naive", said.append)
    seed = scene.about["seed"]
    assert said == [f"seed {seed} tears: make theatre METHOD=naive "
                    f"SEED={seed} shows it again"]
    assert judge(boot.record(kernel, 4, "naive", seed)[0]).torn > 0


def test_only_a_mixture_is_torn(scenes):
    """Each byte that was executed is an old or a new one, in one place."""
    scene = scenes["naive"]
    saw = [event["saw"] for event in scene.events if event.get("saw")]
    assert saw
    for data in saw:
        assert data not in (scene.old, scene.new)
        assert all(byte in pair for byte, *pair in
                   zip(data, scene.old, scene.new))


def test_what_the_protocol_forbids_and_what_luck_does(scenes):
    verdicts = {name: judge(scene) for name, scene in scenes.items()}
    for name in ("int3", "stop", "jmpself"):
        assert (verdicts[name].torn, verdicts[name].possible) == (0, 0), name
    nosync = verdicts["int3-nosync"]
    assert nosync.torn == 0 and nosync.possible > 0
    assert "by luck" in nosync.sentence


def test_each_route_is_recorded(scenes):
    routes = {name: {event["how"] for event in scene.events
                     if event["e"] == "run"} for name, scene in scenes.items()}
    assert "trap" in routes["int3"] and "spin" in routes["jmpself"]
    assert routes["naive"] == routes["stop"] == {"direct"}


def test_all_cpus_are_parked_while_the_bytes_change(scenes):
    scene = scenes["stop"]
    stores = [event for event in scene.events if event["e"] == "store"]
    parks = {event["cpu"]: event for event in scene.events
             if event["e"] == "park"}
    assert set(parks) == set(scene.cpus) and stores
    assert all(park["t"] <= stores[0]["t"] and stores[-1]["end"] <= park["end"]
               for park in parks.values())


def test_a_round_asks_and_hears_every_cpu(scenes):
    events = scenes["int3"].events
    assert [event["round"] for event in events if event["e"] == "ipi"] == \
        [1, 2, 3]
    assert len([event for event in events if event["e"] == "ack"]) == 12


def test_a_target_is_exchanged_with_and_without_a_gap(scenes):
    gap, step = judge(scenes["exchange-gap"]), judge(scenes["exchange"])
    assert gap.lost > 0 and (gap.torn, gap.possible) == (0, 0)
    assert (step.lost, step.torn, step.possible) == (0, 0, 0)
    words = [event["b"] for event in scenes["exchange-gap"].events
             if event["e"] == "store"]
    assert bytes.fromhex("0f1f440000") in words
    assert len([event for event in scenes["exchange"].events
                if event["e"] == "ipi"]) == 3


def test_a_trampoline_is_freed_too_early_and_in_time(scenes):
    early, late = scenes["free-early"], scenes["free"]
    assert judge(early).freed == 3 == early.end["lost"]
    assert judge(late).freed == 0 == late.end["lost"]
    for scene in (early, late):
        inside = [event for event in scene.events if event["e"] == "inside"]
        free, = [event for event in scene.events
                 if event["e"] == "step" and event["name"] == "free"]
        assert {event["cpu"] for event in inside} == {1, 2, 3}
        assert all((event["end"] > free["t"]) == (scene is early)
                   for event in inside)


@pytest.fixture(name="freed", scope="module")
def fixture_freed(kernel):
    return boot.between_marks(boot.boot(kernel, 4, "scene=free-early seed=2"))


@pytest.mark.parametrize("old, new, words", [
    ('"did":"freed"', '"did":"new"', "3 CPUs were inside, but 0 executed"),
    ('"e":"inside","cpu":1', '"e":"outside","cpu":1', None),
    ('"e":"step","i":9,"name":"free"', '"e":"quiet","t":1}\n{"th":1,'
     '"e":"step","i":9,"name":"free"', "is inside when no task can be"),
])
def test_the_judge_sees_what_does_not_fit(freed, old, new, words):
    assert old in freed
    scene, = parse(freed.replace(old, new.replace("\\n", "\n")))
    problems = judge(scene).problems
    assert bool(problems) == bool(words), problems
    assert not words or any(words in problem for problem in problems)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20, 24))
def test_int3_never_tears(kernel, seed):
    scene, = boot.record(kernel, 2 + seed % 3, "int3", seed)
    verdict = judge(scene)
    assert (verdict.torn, verdict.lost, verdict.possible) == (0, 0, 0)
    assert verdict.problems == []


@pytest.mark.parametrize("smp", [2, pytest.param(4, marks=pytest.mark.slow)])
def test_each_method_ends_in_real_concurrency(kernel, smp):
    scenes = boot.record(kernel, smp, None, 1, clock="ns")
    assert [scene.about["method"] for scene in scenes] == SCENES
    for scene in scenes:
        assert judge(scene).problems == []
        assert scene.about["clock"] == "ns" and scene.end["calls"] > 0


def test_the_same_image_and_qemu_give_the_same_bytes(kernel):
    texts = [page.build(boot.record(kernel, 3, "naive", 9)) for _ in range(2)]
    assert texts[0] == texts[1]
    assert texts[0] != page.build(boot.record(kernel, 3, "naive", 10))


@pytest.mark.parametrize("method", [
    "naive", "int3", *(pytest.param(method, marks=pytest.mark.slow)
                       for method in METHODS[2:])])
def test_an_outside_judge_sees_the_same_calls(kernel, method):
    """To the last call, and the same bytes where one was torn."""
    ours, theirs = plugin.record(kernel, 4, method, 1)
    assert plugin.counts(ours) == plugin.counts(theirs)
    verdict = judge(theirs)
    assert verdict.problems == [] and verdict.calls == judge(ours).calls
    if method == "int3":
        assert verdict.possible == 0  # by the interrupts' IRETs


@pytest.mark.parametrize("change", [
    {"n": 1}, {"did": "mix", "saw": b"12345"}, {"how": "spin"}])
def test_another_account_is_seen(scenes, change):
    ours, theirs = scenes["int3"], copy.deepcopy(scenes["int3"])
    plugin.compare(ours, theirs)
    next(event for event in theirs.events if event["e"] == "run"
         and event["n"] > 1 and event["how"] == "direct").update(change)
    with pytest.raises(SceneError, match="the kernel says"):
        plugin.compare(ours, theirs)


@pytest.mark.parametrize("name, steps, saw", [
    # What tears is the first byte of one version with the tail of the other.
    ("NO_SYNC1", ["publish", "int3", "tails"], "0f0b200000"),
    ("NO_SYNC2", ["publish", "int3", "sync", "tails", "first byte"],
     "e81f440000"),
])
def test_a_counterexample_of_the_model_is_a_scene(name, steps, saw):
    scene, = model.record(name)
    verdict = judge(scene)
    assert (verdict.torn, verdict.problems) == (1, [])
    assert [event["name"] for event in scene.events
            if event["e"] == "step"] == steps
    torn, = [event for event in scene.events if event.get("did") == "mix"]
    assert torn["saw"].hex() == saw
    fetched = [event for event in scene.events if event["e"] == "fetch"
               and event["cpu"] == torn["cpu"]]
    assert {event["off"] for event in fetched} == {0, 1}
    assert page.build([scene]) == page.build(model.record(name))


@pytest.mark.parametrize("name, sentence", [
    ("NO_SYNC3", "Spin finds no counterexample"),
    ("NO_LATE", "is none of mixed bytes; NO_SYNC1, NO_SYNC2 and HEAD_FIRST"),
    ("NO_FOO", "the model has no NO_FOO"),
    ("NBATCH", "the model has no NBATCH"),
    ("x; y", "MODEL=x; y: a name such as NO_SYNC1"),
])
def test_a_model_without_such_a_counterexample_is_refused(name, sentence):
    with pytest.raises(SceneError, match=re.escape(sentence)):
        model.record(name)


def test_no_other_line_stands_inside_a_scene(kernel):
    log = boot.boot(kernel, 2, "scene=stop seed=3")
    assert boot.between_marks(log).count("\n") > 10
    assert log.count('{"th":1,') == len(boot.between_marks(log).splitlines())
    begin, end = "THEATRE BEGIN stop\n", "THEATRE END stop\n"
    for broken, words in (
            (log[:log.index(end)], "scene stop has no end"),
            (log.replace(begin, begin + begin), "is out of place"),
            (log.replace(end, "[ 1.0] a line\n" + end), "inside a scene")):
        with pytest.raises(SceneError, match=words):
            boot.between_marks(broken)


def test_in_machine_mode_the_lines_are_the_same_objects(kernel):
    log = boot.boot(kernel, 2, "scene=stop seed=3 log=json")
    scene, = parse("\n".join(row for row in log.splitlines()
                             if row.startswith('{"th":1,')))
    assert judge(scene).problems == []


def test_one_cpu_is_refused(kernel):
    with pytest.raises(SceneError, match="needs a second CPU"):
        boot.boot(kernel, 1, "scene=int3")


def suites(tmp_path, test):
    done = subprocess.run(
        [*PYTHON, "tests/suites.py", "--smp=3", "--icount=0", "--image=debug",
         f"--tests={test}"], cwd=qemu.ROOT, text=True, capture_output=True,
        env=os.environ | {"BUILD": str(tmp_path)}, check=False, timeout=120)
    return done, tmp_path / "test" / "planted.html"


def test_a_load_that_fails_leaves_its_page(tmp_path, kernel):
    (tmp_path / kernel.name).symlink_to(kernel)
    done, path = suites(tmp_path, "planted.load_that_tears")
    assert done.returncode and "# theatre:\nplanted (seed 1): " in done.stdout
    assert str(path) in done.stdout
    scene, = parse(done.stdout)
    verdict = judge(scene)
    assert verdict.torn and verdict.problems == []
    assert '"method":"planted"' in path.read_text(encoding="utf-8")


def test_a_load_that_does_not_fail_leaves_none(tmp_path, kernel):
    (tmp_path / kernel.name).symlink_to(kernel)
    done, path = suites(tmp_path, "planted.load_that_does_not")
    assert done.returncode == 0, done.stderr
    assert "THEATRE" not in done.stdout and not path.exists()


def make(tmp_path, **environment):
    return subprocess.run(
        [*PYTHON, "-m", "tools.theatre.make", "--kernel", str(qemu.DEBUG),
         "--smp", environment.pop("SMP", "3"), "-o",
         str(tmp_path / "page.html")],
        cwd=qemu.ROOT, env=os.environ | environment, text=True,
        capture_output=True, check=False, timeout=300)


def test_make_theatre(tmp_path, kernel):
    """make gives the variables that nobody has set as empty ones."""
    done = make(tmp_path, METHOD="int3", SEED="5", CLOCK="", MODEL="",
                PLUGIN="")
    assert done.returncode == 0, done.stderr
    assert "int3 (seed 5): All " in done.stdout
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert all(f'"{key}":"' in text for key in ("elf", "qemu", "gcc", "build"))


@pytest.mark.parametrize("words, sentence", [
    ({"METHOD": "int4"}, "scene has no such value"),
    ({"SEED": "x"}, "SEED=x: a number"),
    ({"SMP": "1"}, "SMP=1: a scene needs 2 to 64 CPUs"),
    ({"CLOCK": "sun"}, "CLOCK=sun: insn or ns"),
    ({"PLUGIN": "2"}, "PLUGIN=2: 0 or 1"),
])
def test_make_theatre_refuses(tmp_path, kernel, words, sentence):
    done = make(tmp_path, **words)
    assert done.returncode == 2 and sentence in done.stderr, done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "page.html").exists()
