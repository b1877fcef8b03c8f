# SPDX-License-Identifier: MIT
"""The transcripts in README.md are real: they are played again and compared.

A block that begins with "$ make run" is compared with the demo's log, one
whose lines begin with the prompt is typed at a shell. Numbers and addresses
are compared as "some number"; a line "..." stands for any lines.
"""
import re

import pytest

from tests import qemu
from tests.test_sessions import PROMPT, Session

README = (qemu.ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```console\n(.*?)^```$", README,
                    re.MULTILINE | re.DOTALL)


def normal(line):
    """What must be equal: words and signs, not figures, dates or columns."""
    line = re.sub(r"\b[0-9a-f]{2}( [0-9a-f]{2})+\b", "#", line)
    line = re.sub(r"(0x)?[0-9a-f]*\d[0-9a-f,.]*", "#", line)
    line = re.sub(r"[$@*#!+] *(?=#)", "", line)  # marks of long durations
    return re.sub(r"\s+", " ", line).strip()


def missing(expected, actual):
    """The first line of the block that does not come, or None."""
    lines = [normal(line) for line in actual.splitlines()]
    at, anywhere = 0, True
    for line in expected:
        if line.strip() == "...":
            anywhere = True
            continue
        wanted = normal(line)
        found = [i for i in range(at, len(lines)) if lines[i] == wanted]
        if not found or (not anywhere and found[0] != at):
            return line
        at, anywhere = found[0] + 1, False
    return None


def blocks(kind):
    return [b.splitlines() for b in BLOCKS if kind in b.splitlines()[0]]


def test_there_are_transcripts():
    assert blocks("$ make run") and blocks(PROMPT.strip())


@pytest.mark.parametrize("block", blocks("$ make run"))
def test_demo(machine, block):
    log = machine(smp=4).boot("mode=demo", timeout=120).ok().log
    assert missing(block[1:], log) is None, log


@pytest.mark.parametrize("block", blocks(PROMPT.strip()))
def test_shell(block):
    session = Session(smp=4)
    expected = []
    for line in block + [PROMPT]:
        if not line.startswith(PROMPT.strip()):
            expected.append(line)
            continue
        if expected:
            assert missing(expected, session.output) is None, session.output
        expected = []
        command = line[len(PROMPT):]
        if command:
            session.send(command)
    assert session.end() == qemu.OK


def test_a_false_transcript_is_noticed():
    actual = "one 1\ntwo 22 cc 00\nthree\n"
    assert missing(["one 5", "two 3 aa bb"], actual) is None
    assert missing(["one 5", "three"], actual) == "three"
    assert missing(["one 5", "...", "three"], actual) is None
    assert missing(["one 5", "four"], actual) == "four"
