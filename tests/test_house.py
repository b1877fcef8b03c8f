# SPDX-License-Identifier: MIT
# parts: test 1
"""What the papers say of the house is so: where things are (CONTRIBUTING.md),
how long the reading order is, what each folder is for (README.md).

    /usr/bin/python3 tests/test_house.py

writes the folders' first paragraphs into README.md.
"""
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from tests.lint import source  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
MOST_LINES = 3300  # of code in the reading order
BEGIN, END = "<!-- folders: begin -->\n", "<!-- folders: end -->\n"
QUESTIONS = re.findall(r"^\| (.+\?) \| `(.+)` \| `(\w+)` \|$",
                       (ROOT / "CONTRIBUTING.md").read_text("utf-8"),
                       re.MULTILINE)


def defines(text, name):
    """Is there a line at the margin that is no comment and has the name, and
    is more than a declaration or a call?"""
    lines = re.findall(rf"^[^\s*/;#].*\b{name}\b.*$|^{name}\b.*$", text,
                       re.MULTILINE)
    return any(not line.endswith(";") for line in lines)


def test_there_are_twenty_questions():
    assert len({question for question, _, _ in QUESTIONS}) == 20


@pytest.mark.parametrize("question, path, name", QUESTIONS,
                         ids=[name for _, _, name in QUESTIONS])
def test_the_answer_is_there(question, path, name):
    assert defines((ROOT / path).read_text("utf-8"), name), question


def test_a_wrong_answer_is_noticed():
    assert defines("static int f(int a)\n{\n", "f")
    assert defines("func f\n", "f")
    assert not defines("\tf(1);\n * f() is old\nint f(int);\n// f\n", "f")


def reading_order(text):
    """The files with code that README.md tells to read."""
    part = text.split("## Reading order\n")[1].split("\n## ")[0]
    return [path for path in re.findall(r"`([\w./]+\.(?:c|h|asm))`", part)]


def test_the_reading_order_is_as_long_as_is_said():
    text = README.read_text("utf-8")
    paths = reading_order(text)
    assert len(paths) >= 10
    lines = sum(len((ROOT / path).read_text("utf-8").splitlines())
                for path in paths)
    assert lines <= MOST_LINES, "README.md says so, too"
    assert f"at most {MOST_LINES:,} lines" in re.sub(r"\s+", " ", text)


def first_paragraph(text):
    """Behind the heading, up to an empty line."""
    return re.sub(r"^# .*\n+", "", text).split("\n\n")[0].strip()


def folders():
    """Each folder's paper, but the root's: its first paragraph."""
    for name in source.files("DESIGN.md"):
        folder = str(pathlib.PurePath(name).parent)
        if folder != ".":
            yield folder, first_paragraph((ROOT / name).read_text("utf-8"))


# Not in README: the folder above says what there is. tests/lab is what
# `make lab` runs.
INSIDE = ("tests/", "book/")


def block():
    return "".join(f"**`{folder}/`**\n{text}\n\n" for folder, text in folders()
                   if not folder.startswith(INSIDE) or folder == "tests/lab")


PICTURES = dict(re.findall(r"^!\[(.+)\]\((\S+)\)$",
                          README.read_text("utf-8"), re.MULTILINE))


def test_the_pictures_are_there():
    """Of each kind one: what draws it is beside it."""
    paths = set(PICTURES.values())
    assert {"tools/theatre/theatre.png", "tools/trace/flame.svg",
            "tools/trace/timeline.svg"} <= paths
    for path in paths:
        data = (ROOT / path).read_bytes()
        start = b"\x89PNG" if path.endswith(".png") else b"<svg"
        assert start in data[:400], path


@pytest.mark.parametrize("name, title", [
    ("flame", "one second of the workload, by task"),
    ("timeline", "the busiest 200 us of a second of the workload")])
def test_a_picture_is_what_make_draws(name, title):
    """Its title is that of the rule that makes it; it has no script and asks
    for nothing."""
    rules = (ROOT / "tools/trace/targets.mk").read_text("utf-8")
    picture = (ROOT / f"tools/trace/{name}.svg").read_text("utf-8")
    assert f"--title '{title}'" in rules
    assert f'aria-label="{title}"' in picture
    assert "<script" not in picture and "href" not in picture


def test_a_folder_begins_with_what_it_is_for():
    """A paragraph of a few lines: not a table, a list, or a picture."""
    for folder, text in folders():
        assert re.match(r"[A-Z`]", text), folder
        assert 1 <= len(text.splitlines()) <= 9 and text[-1] == ".", folder


def test_readme_has_the_folders_paragraphs():
    text = README.read_text("utf-8")
    assert text.split(BEGIN)[1].split(END)[0] == "\n" + block(), \
        "run /usr/bin/python3 tests/test_house.py"


def renew():
    text = README.read_text("utf-8")
    head, rest = text.split(BEGIN)
    README.write_text(head + BEGIN + "\n" + block() + END
                      + rest.split(END)[1], "utf-8")


if __name__ == "__main__":
    sys.exit(renew())
