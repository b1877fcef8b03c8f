# SPDX-License-Identifier: MIT
# parts: test 3
"""The transcripts in README.md are real: they are played again and compared.

A block that begins with "$ make run" is compared with the demo's log, one
whose lines begin with the prompt is typed at a shell. A line "..." stands for
any lines. What another run may show otherwise is not compared: times, and
counts of races. Everything else is a fact of the build, and is.

    /usr/bin/python3 tests/test_docs.py

writes the facts of this build into README.md.
"""
import pathlib
import re
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from tests import qemu  # noqa: E402
from tests.test_sessions import PROMPT, Session  # noqa: E402

PATH = qemu.ROOT / "README.md"
README = PATH.read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README,
                    re.MULTILINE | re.DOTALL)

# What differs from run to run. A 0 in front of "missed" does not.
RACES = re.compile("|".join([
    r"^\[ *\d+\.\d+\]",  # when a line was printed
    r"[$@*#!+]? *\b\d+(\.\d+)? us\b",  # how long it took, and its mark
    r"(?<=calls made) +[\d,]+", r"(?<=counted) +[\d,]+",
    r"(?<= first) [\d,]+", r"(?<= second) [\d,]+", r"(?<=INT3 met) +[\d,]+",
    r"\b[1-9][\d,]* +(?=(exchanges|calls|missed)\b)",
    r"(?:patches|calls|counted|int3)=\d+",
    r"(?<=entries-written: )\d+/\d+",
    # Which of the tasks that do the same was there first, where, and when.
    r"/\d-\d+ +\[\d+\]", r" \d+\.\d{6}(?=:)",
]))


def exact(line):
    """What must be equal."""
    return re.sub(r"\s+", " ", RACES.sub(" # ", line)).strip()


def loose(line):
    """Words and signs, not figures: by this a line is found again."""
    line = re.sub(r"\b[0-9a-f]{2}( [0-9a-f]{2})+\b", "#", line)
    line = re.sub(r"(0x)?[0-9a-f]*\d[0-9a-f,.]*", "#", line)
    line = re.sub(r"[$@*#!+] *(?=#)", "", line)  # marks of long durations
    return re.sub(r"\s+", " ", line).strip()


def aligned(expected, actual, key):
    """(line of the block, the line of the log that stands for it or None)."""
    rows = actual.splitlines()
    lines = [key(line) for line in rows]
    at, anywhere = 0, True
    for line in expected:
        if line.strip() == "...":
            anywhere = True
            yield line, line
            continue
        wanted = key(line)
        found = [i for i in range(at, len(lines)) if lines[i] == wanted]
        if not found or (not anywhere and found[0] != at):
            yield line, None
            continue
        yield line, rows[found[0]]
        at, anywhere = found[0] + 1, False


def missing(expected, actual):
    """What is wrong with the first line of the block that does not come."""
    for line, found in aligned(expected, actual, exact):
        if found is None:
            return line
    return None


def renewed(expected, actual):
    """The block with the figures of the log."""
    return [line if found is None or exact(line) == exact(found) else found
            for line, found in aligned(expected, actual, loose)]


def blocks(kind):
    return [b.splitlines() for b in BLOCKS if kind in b.splitlines()[0]]


def test_there_are_transcripts():
    assert blocks("$ make run") and blocks(PROMPT.strip())


def play_demo(machine):
    return machine.boot("mode=demo", timeout=120).ok().log


def play_session(block):
    """[(lines of the block, what came instead)], each from a prompt on."""
    session = Session(smp=4)
    pieces, lines = [], []
    for line in block + [PROMPT]:
        if not line.startswith(PROMPT.strip()):
            lines.append(line)
            continue
        if pieces:
            pieces[-1] = (pieces[-1][0] + lines,
                          pieces[-1][1] + session.output)
        command, lines = line[len(PROMPT):], []
        pieces.append(([line], f"{line}\n"))
        if command:
            session.send(command)
    assert session.end() == qemu.OK
    return pieces[:-1]


def shipped_machine():
    return qemu.Machine(smp=4, kernel=qemu.SHIPPED)


@pytest.mark.parametrize("block", blocks("$ make run"))
def test_demo(block):
    log = play_demo(shipped_machine())
    assert missing(block[1:], log) is None, log


@pytest.mark.parametrize("block", blocks(PROMPT.strip()))
def test_shell(block):
    for lines, output in play_session(block):
        assert missing(lines, output) is None, output


def test_a_false_transcript_is_noticed():
    actual = ("[    1.5] one 1\ntwo 22 cc 00\nthree\n"
              "3 exchanges  5 calls  0 missed\n")
    assert missing(["[    0.7] one 1", "two 22 cc 00"], actual) is None
    assert missing(["[    0.7] one 5"], actual) == "[    0.7] one 5"
    assert missing(["[ 0.7] one 1", "two 22 cc 01"], actual) == "two 22 cc 01"
    assert missing(["[ 0.7] one 1", "three"], actual) == "three"
    assert missing(["[ 0.7] one 1", "...", "three"], actual) is None
    assert missing(["one 5", "four"], actual) == "one 5"
    assert missing(["7 exchanges 1,000 calls 0 missed"], actual) is None
    few = "7 exchanges 1,000 calls 3 missed"
    assert missing([few], actual) == few


def test_a_transcript_is_renewed():
    actual = "[ 1.5] 12 sites, 30 us\nmore\nother 4\n"
    assert renewed(["[ 0.1] 11 sites, 20 us", "...", "other 4", "gone"],
                   actual) == ["[ 1.5] 12 sites, 30 us", "...", "other 4",
                               "gone"]
    assert renewed(["[ 0.1] 12 sites, 20 us"], actual) == [
        "[ 0.1] 12 sites, 20 us"]


def renew():
    text = README
    for block in BLOCKS:
        lines = block.splitlines()
        if "$ make run" in lines[0]:
            lines[1:] = renewed(lines[1:], play_demo(shipped_machine()))
        elif lines[0].startswith(PROMPT.strip()):
            lines = [line for piece in play_session(lines)
                     for line in renewed(*piece)]
        text = text.replace(block, "".join(f"{line}\n" for line in lines))
    PATH.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    renew()
