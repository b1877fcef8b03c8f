# SPDX-License-Identifier: MIT
# parts: test-all 12
"""The book says what is so: its transcripts are played again, its figures are
those of the table, what it names exists, its words are spelt right, its pages
open in a browser without an error and all their links lead somewhere."""
import html
import json
import re
import subprocess

import pytest

from book import (excerpt, figures, pages as paper, pictures, prose, slides,
                  transcripts)
from tests import qemu
from tests.conftest import existing
from tests.test_theatre_page import browse

ROOT = qemu.ROOT
CHAPTERS = [path for path in prose.chapters() if path.name[0].isdigit()]
PLAYED = transcripts.chapters()


def by_name(paths):
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.stem)


# ---- transcripts -----------------------------------------------------------

@pytest.fixture(name="player", scope="module")
def fixture_player():
    existing(qemu.SHIPPED), existing(qemu.DEBUG)
    player = transcripts.Player()
    yield player
    player.end()


@by_name(PLAYED)
def test_a_chapter_is_played_again(player, path):
    names = transcripts.Names()
    for block, typed, expected, actual in player.play(PLAYED[path]):
        wrong = transcripts.missing(expected, actual, names)
        assert wrong is None, (
            f"{block.name}: {typed}: {wrong}: what comes (if this is right "
            "now: make book-update):\n" + "\n".join(actual))


def test_the_session_of_the_chapters_ends_well(player):
    """Now, not behind all other tests: it uses a CPU as long as it waits."""
    assert player.end() == qemu.OK


ACTUAL = ["f:", "ffffffff80101000  e8 01 02 03 04  call ffffffff80200000 <g>",
          "again ffffffff80101000  0f 1f 44 00 00", "3 rounds",
          "824 sites, 0 differ", "[    1.25] cpu1 12, 5 calls"]
ELSEWHERE = ["f:",
             "ffffffff80401000  e8 aa bb cc dd  call ffffffff80700000 <g>",
             "again ffffffff80401000  0f 1f 44 00 00", "3 rounds",
             "1162 sites, 0 differ", "[    7.75] cpu1 9, 77 calls"]


def test_the_same_transcript_in_another_image_fits():
    assert transcripts.missing(ELSEWHERE, ACTUAL) is None
    assert transcripts.missing(["f:", "...", "3 rounds", "..."], ACTUAL) is None


@pytest.mark.parametrize("nr, line", [
    (1, "ffffffff80401000  e9 aa bb cc dd  call ffffffff80700000 <g>"),
    (1, "ffffffff80401000  e8 aa bb cc dd  call ffffffff80700000 <h>"),
    (2, "again ffffffff80701000  0f 1f 44 00 00"),  # not the same address
    (2, "again ffffffff80401000  0f 1f 44 00 01"),
    (3, "4 rounds"), (4, "824 sites, 1 differ"),
    (5, "[    1.25] cpu2 12, 5 calls"), (5, "[    1.25] cpu1 12, 0 calls")])
def test_a_changed_transcript_is_noticed(nr, line):
    changed = [*ELSEWHERE[:nr], line, *ELSEWHERE[nr + 1:]]
    assert transcripts.missing(changed, ACTUAL) == line


def test_what_follows_dots_may_begin_anywhere():
    actual = ["a {", "b", "a {", "}", "c"]
    assert transcripts.missing(["...", "a {", "}", "..."], actual) is None
    assert transcripts.missing(["...", "a {", "}"], actual) == "a {"
    assert transcripts.missing(["...", "a {", "}", "c"], actual) is None
    assert transcripts.missing([], ["a"]) == "at the end: a"
    assert transcripts.missing([], []) is None
    assert transcripts.missing(["...", "a {", "c"], actual) == "a {"
    assert transcripts.missing(["...", "b", "}", "..."], actual) == "}"
    assert transcripts.missing(["a {", "...", "c"], actual) is None
    assert transcripts.missing(["a {", "...", "b", "..."], actual) is None
    assert transcripts.missing(["...", "c", "...", "b"], actual) == "b"


def test_a_line_too_many_or_too_few_is_noticed():
    assert transcripts.missing(ACTUAL[:-1], ACTUAL).startswith("at the end")
    assert transcripts.missing([*ACTUAL, "more"], ACTUAL) == "more"
    swapped = [ACTUAL[3], *ACTUAL[:3], *ACTUAL[4:]]
    assert transcripts.missing(swapped, ACTUAL) == ACTUAL[3]


def test_one_address_cannot_stand_for_two():
    names = transcripts.Names()
    assert names.fit("ffffffff80000001", "ffffffff80000002")
    assert not names.fit("ffffffff80000003", "ffffffff80000002")


def test_a_transcript_is_renewed():
    assert transcripts.renewed(["old"], ["new", "more"]) == ["new", "more"]
    assert transcripts.renewed(["...", "3 rounds", "gone"], ACTUAL) == [
        "...", "3 rounds", "gone"]
    assert transcripts.renewed(["...", "9 rounds"], ACTUAL)[1] == "3 rounds"


# ---- figures, names, words -------------------------------------------------

TABLE = figures.rows(figures.RESULTS.read_text("utf-8"))


@by_name(prose.chapters())
def test_figures_are_those_of_the_table(path):
    text = path.read_text("utf-8")
    assert not [*figures.problems(text, TABLE), *figures.unmarked(text)]


@pytest.mark.parametrize("text, ok", [
    ("33 (a.b)", True), ("36 (a.b)", True), ("37 (a.b)", False),
    ("212 (a.b, Linux)", True), ("33 (a.b, Linux)", False),
    ("1 (a.c)", False), ("33", False), ("5,873,155 (big)", True)])
def test_a_wrong_figure_is_noticed(text, ok):
    table = figures.rows("| a.b | insn | 33 | 50 | met | 212 | 6.4 |\n"
                         "| big | insn | 5,873,155 |  |  | - | - |\n")
    assert (not list(figures.problems(f"x {{fig}}`{text}` y", table))) == ok


def test_a_wrong_figure_is_renewed():
    table = {"a": (498.73, 1041.0), "b": (5.0, None), "c": (95.3, None)}
    text = "{fig}`1,042 (a)` {fig}`1,042 (a, Linux)` {fig}`5 (b)`"
    assert figures.renewed(text + " {fig}`7.5 (c)`", table) == (
        text.replace("1,042", "499", 1) + " {fig}`95.3 (c)`")


def test_a_figure_without_a_mark_is_noticed():
    assert figures.unmarked("It takes 33 instructions.")
    assert not figures.unmarked("It takes {fig}`33 (a.b)` instructions.")


def mistakes(text):
    for check in (prose.wrong_links, prose.wrong_paths, prose.wrong_names,
                  prose.wrong_includes):
        yield from check(text)


@by_name(prose.chapters())
def test_what_is_named_exists(path):
    assert not list(mistakes(path.read_text("utf-8")))


INCLUDE = "```{literalinclude} ../kernel/quiesce.c\n"


@pytest.mark.parametrize("text", [
    "[x](pictures/nosuch.svg)", "`kernel/nosuch.c`", f"`no_such_{1}`",
    f"`no_such_{1}()`",
    f"{INCLUDE}:function: nosuch\n```", f"{INCLUDE}:start-at: nosuch\n```",
    "```{literalinclude} ../nosuch.c\n```"])
def test_what_does_not_exist_is_noticed(text):
    assert list(mistakes(text))


def test_the_lines_of_a_function_are_found():
    text = "int f(void);\n\nstatic int\nf(void)\n{\n\tx();\n}\n\nint g;\n"
    assert excerpt.function(text, "f") == (3, 7)
    assert excerpt.function("; f\nfunc f\n\tret\nendfunc f\n", "f") == (2, 4)
    with pytest.raises(LookupError):
        excerpt.function(text, "nosuch")


@by_name(prose.chapters())
def test_words_are_spelt_right(path):
    assert not prose.misspelt(path.read_text("utf-8"))


def test_a_misspelt_word_is_noticed():
    assert prose.misspelt("A `nmae` in code, but a wrnog word.") == ["wrnog"]


# ---- form ------------------------------------------------------------------

@by_name(CHAPTERS)
def test_a_chapter_has_all_its_parts(path):
    text = path.read_text("utf-8")
    for part in ("```{admonition} The question", "```{literalinclude} ",
                 "```{transcript} ", "```{admonition} On Linux", "{linux}`",
                 "](pictures/", "## Further reading"):
        assert part in text, part
    assert re.match(r"# \d+\. [^\n]+\n\n```{admonition} The question\n", text)
    assert text.count("} The question") == text.count("](pictures/") == 1
    box = text.split("```{admonition} On Linux")[1].split("\n```")[0]
    assert re.search(r"{linux}`[\w/]+\.[chS]:\s+\w+`", box), box
    exercises, answers = (re.findall(r"^(\d)\. ", part, re.M) for part in
                          text.split("## Exercises\n")[1].split("<details>"))
    assert exercises == answers == list("12345")


@by_name(CHAPTERS)
def test_a_chapter_has_four_to_eight_pages(path):
    text = path.read_text("utf-8")
    assert paper.FEWEST <= paper.pages(text) <= paper.MOST


SCENE = '<iframe class="theatre" src="theatre.html#1"></iframe>\n'


@pytest.mark.parametrize("text, pages", [
    ("a line\n", 1), ("a line\n" * 45, 1), ("a line\n" * 46, 2),
    ("a line\n" * 29 + "![x](pictures/01-nop.svg)\n", 1),
    ("a line\n" * 30 + "![x](pictures/01-nop.svg)\n", 2),
    ("a line\n" * 45 + SCENE, 2), ("a line\n" + 2 * SCENE, 3)])
def test_pages_are_counted_by_lines(text, pages):
    assert paper.pages(text) == pages


@pytest.mark.parametrize("options, lines", [
    (":function: f", 4), (":start-at: int f", 5), (":start-at: {", 4),
    (":start-at: int f\n:end-at: {", 2),
    (":start-at: {\n:end-before: }", 2), (":language: c", 7)])
def test_lines_of_included_code_are_counted(options, lines, tmp_path,
                                            monkeypatch):
    """With the four lines around it."""
    monkeypatch.setattr(prose, "FOLDER", tmp_path)
    (tmp_path / "x.c").write_text("// x\n\nint f(void)\n{\n\tx();\n}\n//\n")
    text = f"```{{literalinclude}} x.c\n{options}\n```\n"
    assert paper.lines_of(text) - len(text.splitlines()) == lines


def test_pictures_are_as_their_program_draws_them():
    for name, text in pictures.every().items():
        assert (pictures.FOLDER / name).read_text("utf-8") == text, (
            "run /usr/bin/python3 -m book.pictures")


# ---- the pages -------------------------------------------------------------

@pytest.fixture(name="pages", scope="module")
def fixture_pages():
    """{name: text} of `make book`."""
    done = subprocess.run(["make", "-s", f"BUILD={qemu.BUILD}", "book"],
                          cwd=ROOT, capture_output=True, text=True,
                          check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.name: path.read_text("utf-8")
            for path in (qemu.BUILD / "book").glob("*.html")}


def dangling(pages, folder):
    """Links of the pages that lead nowhere."""
    ids = {name: set(re.findall(r'\bid="([^"]+)"', text))
           for name, text in pages.items()}
    for name, text in pages.items():
        for link in re.findall(r'(?:href|src)="([^"]+)"', text):
            path, _, part = link.partition("#")
            path = path.partition("?")[0]
            if re.match(r"[a-z]+:", link):
                continue
            if path and not (folder / path).exists():
                yield f"{name}: {link}"
            elif part and (path or name) in ids and path != "theatre.html" \
                    and name != "theatre.html" \
                    and part not in ids[path or name]:
                yield f"{name}: {link}"


def test_links_lead_somewhere(pages):
    assert {path.stem + ".html" for path in CHAPTERS} <= set(pages)
    assert not list(dangling(pages, qemu.BUILD / "book"))


def test_a_dangling_link_is_noticed(tmp_path):
    pages = {"a.html": '<a href="b.html"> <a href="#x"> <p id="y">'
             '<a href="#y">'}
    assert list(dangling(pages, tmp_path)) == ["a.html: b.html", "a.html: #x"]


def test_nothing_is_asked_of_a_network(pages):
    for name, text in pages.items():
        assert not re.search(r'<(?:script|link|img|iframe)[^>]*"(?:https?:)?//',
                             text), name


def frames(tmp_path, pages):
    """A page that holds the others."""
    path = tmp_path / "all.html"
    path.write_text("".join(
        f'<iframe src="file://{qemu.BUILD}/book/{page}"></iframe>\n'
        for page in sorted(pages)), encoding="utf-8")
    return path


def test_the_pages_open_without_an_error(pages, tmp_path):
    _, logged = browse(frames(tmp_path, pages), "", tmp_path)
    assert "CONSOLE" not in logged, logged


def test_an_error_of_a_page_is_noticed(pages, tmp_path):
    broken = tmp_path / "broken.html"
    text = pages["index.html"].replace("</body>",
                                       "<script>missing();</script></body>")
    broken.write_text(text, encoding="utf-8")
    path = tmp_path / "all.html"
    path.write_text(f'<iframe src="{broken}"></iframe>', encoding="utf-8")
    assert "CONSOLE" in browse(path, "", tmp_path)[1]


COLOURS = """<script>
document.title = "colours " + ["body", ".highlight", ".sidebar-drawer"].map(
	(name) => getComputedStyle(document.querySelector(name)).backgroundColor
	).join(" ");
</script></body>"""


@pytest.mark.parametrize("scheme, dark", [(0, True), (1, False)])
def test_a_page_is_as_dark_as_the_desktop(pages, scheme, dark, tmp_path):
    """All of it: its text, its code, its sidebar."""
    path = tmp_path / "colours.html"
    path.write_text(pages[CHAPTERS[0].stem + ".html"].replace(
        "</body>", COLOURS).replace(
        "<head>", f'<head><base href="file://{qemu.BUILD}/book/">', 1), "utf-8")
    document, _ = browse(path, "", tmp_path,
                         f"--blink-settings=preferredColorScheme={scheme}")
    title = re.search(r"<title>colours (.*?)</title>", document)[1]
    red = [int(found) for found in re.findall(r"\((\d+)", title)]
    assert [part < 64 for part in red] == [dark] * 3, title


LANES = """<script>
document.title = "lanes " + Math.ceil(
	document.getElementById("lanes").getBoundingClientRect().bottom);
</script></body>"""


@pytest.mark.parametrize("where", re.findall(
    r'class="theatre" src="theatre.html#(\d)"', "".join(
        path.read_text("utf-8") for path in CHAPTERS)))
def test_a_frame_shows_the_lanes_of_its_scene(pages, where, tmp_path):
    """In a window as wide as a chapter's text."""
    height = int(re.search(r"^iframe\.theatre .* height: (\d+)px", (
        ROOT / "book/style.css").read_text("utf-8"), re.M)[1])
    path = tmp_path / "theatre.html"
    path.write_text(pages[path.name].replace("</body>", LANES), "utf-8")
    document, _ = browse(path, where, tmp_path, "--window-size=798,900")
    assert int(re.search(r"<title>lanes (\d+)<", document)[1]) <= height


# ---- slides ----------------------------------------------------------------

SLIDES = slides.slides(slides.SOURCE.read_text("utf-8"))


def test_a_slide_is_a_picture_or_a_session():
    assert len(SLIDES) >= 25
    for slide in SLIDES:
        assert ("<pre>" in slide.body) + ("<svg" in slide.body) + (
            "<img" in slide.body) == 1, slide.title
    assert {slide.part for slide in SLIDES} == set(re.findall(
        r"^# (.*)$", slides.SOURCE.read_text("utf-8"), re.M))


@pytest.mark.parametrize("text", [
    "no picture", "![](pictures/nosuch.svg)", "```{transcript} nosuch```",
    "![](pictures/01-nop.svg)\n```{transcript} sites```",
    "```{transcript} sites 1-999```"])
def test_a_slide_without_its_picture_is_refused(text):
    with pytest.raises(ValueError, match="^A title: "):
        slides.slides(f"# Part\n## A title\n{text}\n")


def test_plans_name_slides_that_exist():
    lecture, weeks = ((ROOT / f"book/plan-{name}.md").read_text("utf-8")
                      for name in ("45-minutes", "3-weeks"))
    rows = re.findall(r"^\| (\d+) \|.*\| (\d+)(?:-(\d+))? \|$", lecture, re.M)
    assert sum(int(minutes) for minutes, _, _ in rows) == 45
    named = [int(nr) for row in rows for nr in row[1:] if nr]
    named += [int(nr) for found in re.findall(
        r"Slides (\d+) to (\d+)", weeks) for nr in found]
    assert max(named) == len(SLIDES) and sorted(named)[0] == 1


WALK = """<script>
const press = (key) => document.dispatchEvent(new KeyboardEvent("keydown",
	{ key }));
const seen = [], tall = [], small = [];
press("Home");
for (let i = 0; i < all.length; i++) {
	const now = document.querySelector("section.now");
	const pre = now.querySelector("pre");
	const lines = pre ? pre.textContent.split("\\n") : [];
	seen.push(now.querySelector("h1").textContent);
	if (pre && pre.scrollHeight > innerHeight * 0.86)
		tall.push(seen[i]);
	if (pre && lines.every((line) => line.length < 60)
			&& pre.scrollHeight < innerHeight * 0.3
			&& parseFloat(pre.style.fontSize || 0) < 3)
		small.push(seen[i]);
	press("ArrowRight");
}
const out = document.createElement("pre");
out.id = "seen";
out.textContent = JSON.stringify({ seen, tall, small });
document.body.append(out);
</script></body>"""


def test_the_slides_are_walked_through(tmp_path):
    subprocess.run(["make", "-s", f"BUILD={qemu.BUILD}", "slides"], cwd=ROOT,
                   check=True, timeout=60)
    text = (qemu.BUILD / "slides.html").read_text("utf-8")
    assert not re.search(r'(?:src|href)="(?!data:|#)', text)
    path = tmp_path / "walk.html"
    path.write_text(text.replace("</body>", WALK), encoding="utf-8")
    document, logged = browse(path, "", tmp_path, "--window-size=1280,720")
    assert "CONSOLE" not in logged, logged
    found = json.loads(html.unescape(
        re.search(r'<pre id="seen">(.*?)</pre>', document, re.S)[1]))
    assert found == {"seen": [slide.title for slide in SLIDES], "tall": [],
                     "small": []}
