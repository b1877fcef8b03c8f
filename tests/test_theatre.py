# SPDX-License-Identifier: MIT
# parts: test 1
"""The theatre's reader, its judge, and what a frame shows. Scenes are written
by hand (theatre_scenes.py); what must come out follows from the protocol."""
import json
import re
import subprocess
import sys

import pytest

from tests import qemu, theatre_scenes
from tools.theatre import frames, page
from tools.theatre.judge import judge
from tools.theatre.scene import SceneError, parse


def scene_of(rows):
    return parse("\n".join(rows))[0]


@pytest.mark.parametrize("name, torn, possible", [
    ("naive", 1, True),
    ("int3", 0, False),
    ("int3-nosync", 0, True),  # nothing tore, and nothing forbade it
    ("stop", 0, False),
])
def test_verdicts(name, torn, possible):
    verdict = judge(scene_of(theatre_scenes.ALL[name]()))
    assert (verdict.torn, bool(verdict.possible)) == (torn, possible)
    assert verdict.problems == [] and verdict.lost == 0


@pytest.mark.parametrize("gone", [1, 2])
def test_each_of_the_first_two_syncs_is_needed(gone):
    """Without it a CPU may hold the old first byte, or the old tail, when the
    other part is new. After the third there is nothing left to forbid: the
    handler's references, not the bytes, are what it is for."""
    rows = [row for row in theatre_scenes.int3()
            if not ('"e":"ack"' in row and f'"round":{gone},' in row)]
    assert judge(scene_of(rows)).possible


def test_one_cpu_that_does_not_serialise_is_enough():
    rows = [row for row in theatre_scenes.int3()
            if not ('"e":"ack"' in row and '"round":2,"cpu":3' in row)]
    played = frames.of_scene(scene_of(rows))
    bad = {cpu for shown in played["frames"]
           for cpu, row in enumerate(shown["rows"]) if row["bad"]}
    assert bad == {3}


def test_a_parked_cpu_executes_nothing():
    rows = [row for row in theatre_scenes.stop() if '"e":"park"' not in row]
    rows = [row.replace("[5]", "[1,1,1,1,1]") for row in rows]
    assert judge(scene_of(rows)).possible
    parked = frames.of_scene(scene_of(theatre_scenes.stop()))
    assert any(row["verdict"] == "nothing: it is parked"
               for shown in parked["frames"] for row in shown["rows"])


@pytest.mark.parametrize("old, new, words", [
    ('"calls":84', '"calls":85', "the kernel counts 85 calls, the events 84"),
    ('"torn":1', '"torn":0', "the kernel counts 0 torn, the events 1"),
    ('"saw":"e8ab440000"', '"saw":"e8ab190000"', "is a whole instruction"),
    ('"t":140,"end":143,"off":4,"len":1,"b":"e8ab190000"',
     '"t":140,"end":143,"off":4,"len":1,"b":"e8ab190001"', "the stores end in"),
])
def test_a_log_that_contradicts_itself(old, new, words):
    text = "\n".join(theatre_scenes.naive())
    assert old in text
    verdict = judge(parse(text.replace(old, new))[0])
    assert any(words in problem for problem in verdict.problems)


def test_a_call_that_reaches_nobody():
    text = "\n".join(theatre_scenes.naive())
    text = text.replace('"did":"mix"', '"did":"nobody"').replace(
        '"torn":1,"lost":0', '"torn":0,"lost":1')
    verdict = judge(parse(text)[0])
    assert verdict.lost == 1 and "reached no target" in verdict.sentence


@pytest.mark.parametrize("change, words", [
    (("\"e\":\"end\"", "\"e\":\"fin\""), "has no end"),
    (("\"off\":1", "\"off\":5"), "a store outside the site"),
    (("\"cpu\":3", "\"cpu\":7"), "there is no CPU 7"),
    (("[1,1,1,1,1]", "[1,1,1]"), "do not make 5 bytes"),
    (("e81f440000", "e81f44"), "3 bytes instead of 5"),
    (("e81f440000", "e81f44zz00"), "no hex bytes"),
    (("\"did\":\"old\"", "\"did\":\"odd\""), "did 'odd'"),
    (("\"n\":12", "\"n\":\"12\""), "run needs n, a int"),
    (("\"patcher\":0", "\"patcher\":4"), "patcher 4 of 4 CPUs"),
    (("\"n\":12,", "\"n\":12"), "a damaged line"),
])
def test_refusals_name_the_line(change, words):
    text = theatre_scenes.log("naive")
    assert change[0] in text
    with pytest.raises(SceneError, match=re.escape(words)) as error:
        parse(text.replace(*change), "some.log")
    assert "some.log" in str(error.value)


@pytest.mark.parametrize("name, true, early, store, seen", [
    ("naive", 168, 120, "CPU 0 stores byte 2: 19.",
     "CPU 3: 9 calls reach the new target."),
    ("int3", 245, 189, "CPU 0 stores byte 0: cc.",
     "CPU 3: 7 calls reach the new target."),
])
def test_a_run_is_shown_after_the_store_that_it_saw(name, true, early, store,
                                                    seen):
    """Its first call began before the store, and fetched the new byte."""
    text = "\n".join(theatre_scenes.ALL[name]())
    assert f'"cpu":3,"t":{true},' in text
    scene, = parse(text.replace(f'"cpu":3,"t":{true},',
                                f'"cpu":3,"t":{early},'))
    said = [shown["sentence"] for shown in frames.of_scene(scene)["frames"]]
    assert said.index(store) < said.index(seen)
    assert judge(scene).problems == []


def test_every_step_has_two_sentences():
    """They differ where nobody waited."""
    for name, rows in theatre_scenes.ALL.items():
        for step in frames.of_scene(scene_of(rows()))["steps"]:
            assert len(re.findall(r"[.](?: |$)", step["why"])) == 2, step
    why = {name: {step["name"]: step["why"] for step in frames.of_scene(
        scene_of(theatre_scenes.ALL[name]()))["steps"]}
        for name in ("int3", "int3-nosync")}
    assert why["int3"]["tails"].startswith("Every CPU traps on byte 0.")
    assert "nobody waited" in why["int3-nosync"]["tails"]


def test_the_table_says_how_many_mixtures():
    """After one store only one mixture is possible: the new byte 0 and the old
    rest."""
    played = frames.of_scene(scene_of(theatre_scenes.naive()))
    verdicts = [shown["rows"][1]["verdict"] for shown in played["frames"]]
    assert verdicts[0] == "only the old one"
    assert "1 mixture: e8 1f 44 00 00" in verdicts
    assert any(re.match("[0-9]+ mixtures, e.g. ", one) for one in verdicts)
    played = frames.of_scene(scene_of(theatre_scenes.int3()))
    verdicts = {row["verdict"] for shown in played["frames"]
                for row in shown["rows"]}
    assert verdicts >= {"only the old one or the trap", "only the trap",
                        "only the new one or the trap", "only the new one"}


def test_the_page_says_what_the_versions_do():
    assert [one["text"] for one in frames.of_scene(scene_of(
        theatre_scenes.naive()))["versions"]] == [
            "old: 0f 1f 44 00 00, a NOP, which does nothing",
            "new: e8 ab 19 00 00, a call"]


def test_exceptions_have_names():
    played = frames.of_scene(scene_of(theatre_scenes.naive()))
    assert any("ended in exception 14 (page fault)." in shown["detail"]
               for shown in played["frames"])


def test_a_log_without_scenes():
    with pytest.raises(SceneError, match="no scene"):
        parse("nothing here\n")


def test_other_lines_and_newer_forms_are_ignored():
    rows = theatre_scenes.naive()
    rows.insert(3, '[    1.0] {"th":1,"e":"weather","t":3}')
    assert len(parse("\n".join(rows))[0].events) == \
        len(parse("\n".join(theatre_scenes.naive()))[0].events)


def test_a_frame_says_everything_in_words():
    """The picture as text: each frame has its sentence, each byte
    its origin, each row its verdict."""
    for name, rows in theatre_scenes.ALL.items():
        played = frames.of_scene(scene_of(rows()))
        for shown in played["frames"]:
            assert shown["sentence"].endswith("."), (name, shown)
            assert len(shown["bytes"]) == 5 and len(shown["rows"]) == 4
            assert all(row["verdict"] for row in shown["rows"])
        assert played["frames"][-1]["sentence"].startswith(
            "The patch is complete. ")


def test_the_page_is_one_file():
    text = page.build(parse(theatre_scenes.log(*theatre_scenes.ALL)))
    assert not re.search(r"@[A-Z]+@", text)
    assert not re.findall(r"""(?:src|href)=|url\((?!#)|https?://(?!www\.w3)""",
                          text)
    scenes = json.loads(re.search(
        r'<script type="application/json" id="scenes">(.*?)</script>', text,
        re.S)[1])
    assert [one["title"] for one in scenes["scenes"]] == [
        "naive (seed 9)", "int3", "int3-nosync", "stop"]


def luminance(color):
    """Relative luminance as WCAG 2.1 defines it."""
    if len(color) == 4:
        color = "#" + "".join(digit * 2 for digit in color[1:])
    parts = [int(color[i:i + 2], 16) / 255 for i in (1, 3, 5)]
    return sum(weight * (part / 12.92 if part <= 0.04045
                         else ((part + 0.055) / 1.055) ** 2.4)
               for weight, part in zip((0.2126, 0.7152, 0.0722), parts))


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_every_text_can_be_read_on_what_is_behind_it():
    """4.5 is what WCAG 2.1 asks for text of this size (level AA)."""
    assert round(contrast("#777777", "#fff"), 2) == 4.48  # WCAG's own example
    text = (qemu.ROOT / "tools/theatre/page.css").read_text(encoding="utf-8")
    light, dark = (dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in
                   re.findall(r":root \{(.*?)\}", text, re.S))
    for colors in (light, light | dark):
        pairs = [("#fff", colors[name])
                 for name in ("old", "new", "int3", "other", "both")]
        pairs += [(colors[ink], colors[back])
                  for ink in ("ink", "soft", "bad", "accent")
                  for back in ("back", "card")]
        pairs += [(colors["soft"], colors["band"])]
        for ink, back in pairs:
            assert contrast(ink, back) >= 4.5, (ink, back)


def test_text_cannot_leave_its_element():
    rows = [row.replace("demo_step", "</script><b>") for row in
            theatre_scenes.naive()]
    text = page.build([scene_of(rows)])
    assert "</script><b>" not in text


def theatre(*args):
    return subprocess.run([sys.executable, "-m", "tools.theatre", *args],
                          cwd=qemu.ROOT, capture_output=True, text=True,
                          check=False)


def test_the_command(tmp_path):
    log = tmp_path / "log"
    log.write_text(theatre_scenes.log("int3", "naive"))
    done = theatre(log, "-o", tmp_path / "page.html")
    assert done.returncode == 0, done.stderr
    assert "int3: All 225 calls were whole" in done.stdout
    assert (tmp_path / "page.html").stat().st_size > 20000
    log.write_text(theatre_scenes.log("naive").replace('"torn":1', '"torn":3'))
    done = theatre(log, "--check")
    assert done.returncode == 1 and "counts 3 torn" in done.stderr
    done = theatre(tmp_path / "none", "--check")
    assert done.returncode == 2 and "Traceback" not in done.stderr
    log.write_text("x")
    done = theatre(log, "-o", tmp_path / "no.html")
    assert done.returncode == 2 and not (tmp_path / "no.html").exists()
