# SPDX-License-Identifier: MIT
"""Transcripts of the book: read from its chapters, played, compared, renewed.

    ```{transcript} NAME
    nop5# a line typed at the shell
    what it prints
    $ a command of the host
    ...
    ```

The kernel's CPUs take turns by counted instructions, so a session is the same
in every run of an image. "..." stands for any lines. What another image may
show otherwise is not compared: times, and numbers of three digits or more. An
address or a displacement may be another one, but where one comes twice, the
other one does. Opcodes, orders, verdicts and small numbers are compared.

    /usr/bin/python3 -m book.transcripts

writes what comes into the chapters (`make book-update`).
"""
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass

from tests import qemu
from tests.test_sessions import PROMPT, Session

FOLDER = pathlib.Path(__file__).resolve().parent
BLOCK = re.compile(r"^```\{transcript\} ([\w-]+)\n(.*?)^```$", re.M | re.S)
HOST = "$ "
COUNTED = ("-icount", "shift=0,sleep=off")
BETWEEN = ["reset", "stress 0", "echo > error_log"]  # chapters

# The first that fits. Of those in NAMED each has one counterpart.
NAMED = {"displacement", "address"}
TOKEN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in [
    ("displacement", r"(?<=e8 |e9 |cc )(?!1f 44 00 00)[0-9a-f]{2}"
                     r"(?: [0-9a-f]{2}){3}\b"),
    ("address", r"\b(?:0x)?ffffffff[0-9a-f]{8}\b"),
    ("place", r"\+0x[1-9a-f][0-9a-f]*/0x[0-9a-f]+|(?<=\+0x0)/0x[0-9a-f]+"),
    ("time", r"\[ *\d+\.\d+\]|[$@*#!+]? *\b\d+\.\d+\b(?: us)?|\b\d+ us\b"),
    ("count", r"\b\d{1,3}(?:,\d{3})+\b|\b\d{3,}\b|(?<=cpu\d )\d+"
              r"|\b[1-9]\d*(?= calls)|\b\d+(?= of \d)"
              r"|(?i:(?<=seed )|(?<=seed=))\d+"),
    ("task", r"(?<=\w)-\d+(?= +\[)"),
]))


@dataclass
class Block:
    """A transcript; pieces: [[typed line, lines that come...]]."""
    name: str
    text: str
    pieces: list


def blocks(text):
    found = []
    for name, body in BLOCK.findall(text):
        pieces = []
        for line in body.splitlines():
            if line.startswith((PROMPT, HOST)):
                pieces.append([line])
            else:
                pieces[-1].append(line)
        found.append(Block(name, body, pieces))
    return found


def chapters():
    """{path: its transcripts} of those that have one."""
    found = {path: blocks(path.read_text("utf-8"))
             for path in sorted(FOLDER.glob("*.md"))
             if path.name not in ("DESIGN.md", "slides.md")}
    return {path: has for path, has in found.items() if has}


# ---- comparison ------------------------------------------------------------

class Names:
    """Which address or displacement of the book stands for which."""

    def __init__(self):
        self.there, self.back = {}, {}

    def fit(self, expected, actual):
        """Are the two lines alike? If so, remember their names."""
        (key, ours), (other, theirs) = split(expected), split(actual)
        if key != other:
            return False
        pairs = list(zip(ours, theirs))
        there, back = dict(self.there), dict(self.back)
        if any(there.setdefault(a, b) != b or back.setdefault(b, a) != a
               for a, b in pairs):
            return False
        self.there, self.back = there, back
        return True


def split(line):
    """(the line without what may differ, the names in it)."""
    names = []

    def blank(match):
        kind = match.lastgroup
        if kind in NAMED:
            names.append((kind, match[0]))
        return f" <{kind}> "

    return re.sub(r"\s+", " ", TOKEN.sub(blank, line)).strip(), names


def missing(expected, actual, names=None):
    """The first expected line that does not come, or None; "at the end: ..."
    for a line that nobody expects."""
    names = names or Names()
    at, anywhere = 0, False
    for line in expected:
        if line.strip() == "...":
            anywhere = True
            continue
        last = len(actual) if anywhere else min(at + 1, len(actual))
        found = next((i for i in range(at, last)
                      if names.fit(line, actual[i])), None)
        if found is None:
            return line
        at, anywhere = found + 1, False
    if not anywhere and at < len(actual):
        return f"at the end: {actual[at]}"
    return None


def loose(line):
    """Words and signs, by which a line is found again."""
    line = re.sub(r"\b[0-9a-f]{2}( [0-9a-f]{2})+\b", "#", line)
    return re.sub(r"\s+", " ", re.sub(r"(0x)?[0-9a-f]*\d[0-9a-f,.]*", "#",
                                      line)).strip()


def renewed(expected, actual):
    """The lines of a piece as they come now. Where "..." leaves lines out,
    those that are shown are looked for by their words."""
    if not any(line.strip() == "..." for line in expected):
        return actual
    found, at = [], 0
    for line in expected:
        new = line
        if line.strip() != "...":
            here = [i for i in range(at, len(actual))
                    if loose(actual[i]) == loose(line)]
            if here:
                new, at = actual[here[0]], here[0] + 1
        found.append(new)
    return found


# ---- play ------------------------------------------------------------------

class Player:
    """One boot plays all chapters."""

    def __init__(self):
        self.session = None

    def play(self, chapter):
        """[(block, typed line, expected lines, lines that came)]."""
        if any(piece[0].startswith(PROMPT) for block in chapter
               for piece in block.pieces):
            self.begin()
        return [(block, typed, expected, self.answer(typed))
                for block in chapter for typed, *expected in block.pieces]

    def begin(self):
        if not self.session or not self.session.sound:
            self.session = Session(smp=4, options=COUNTED)
        for line in BETWEEN:
            self.session.send(line)

    def answer(self, typed):
        if typed.startswith(HOST):
            return on_host(typed.removeprefix(HOST))
        return self.session.send(typed.removeprefix(PROMPT), 60).splitlines()

    def end(self):
        return self.session.end() if self.session else qemu.OK


def on_host(command):
    """The lines that a command prints; build/ stands for the build."""
    done = subprocess.run(
        ["sh", "-c", command.replace("build/", f"{qemu.BUILD}/")],
        cwd=qemu.ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    return done.stdout.replace(f"{qemu.BUILD}/", "build/").splitlines()


def renew(player, path, chapter):
    """Writes what comes; returns the lines that are still not there."""
    text, left = path.read_text("utf-8"), []
    played = player.play(chapter)
    for block in chapter:
        lines = []
        for its, typed, expected, actual in played:
            if its is block:
                now = renewed(expected, actual)
                lines += [typed, *now]
                wrong = missing(now, actual)
                left += [f"{path.name}: {block.name}: {typed}: {wrong}"] \
                    if wrong else []
        body = "".join(f"{line.rstrip()}\n" for line in lines)
        text = text.replace(f"{{transcript}} {block.name}\n{block.text}```",
                            f"{{transcript}} {block.name}\n{body}```")
    path.write_text(text, "utf-8")
    return left


def main():
    player = Player()
    wanted = [name for name in sys.argv[1:]]
    left = [line for path, chapter in chapters().items()
            if not wanted or path.stem in wanted
            for line in renew(player, path, chapter)]
    player.end()
    print("\n".join(left) or "every transcript is as it comes")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
