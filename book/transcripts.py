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

writes what comes into the chapters (`make book-update`), and the figures of the
table of results.
"""
import functools
import os
import pathlib
import re
import subprocess
import sys
from dataclasses import dataclass

from book import figures
from tests import qemu

FOLDER = pathlib.Path(__file__).resolve().parent
BLOCK = re.compile(r"^```\{transcript\} ([\w-]+)\n(.*?)^```$", re.M | re.S)
PROMPT, HOST = "nop5# ", "$ "
COUNTED = ("-icount", "shift=0,sleep=off")
BETWEEN = ["reset", "stress 0", "echo > error_log"]  # chapters

# The first that fits. Of those in NAMED each has one counterpart.
NAMED = {"displacement", "address", "round"}
# Lines that come or not, from image to image: races.
OPTIONAL = re.compile(r" +INT3s met so far: ")
TOKEN = re.compile("|".join(f"(?P<{name}>{pattern})" for name, pattern in [
    ("displacement", r"(?<=e8 |e9 |cc )(?!1f 44 00 00)[0-9a-f]{2}"
                     r"(?: [0-9a-f]{2}){3}\b"),
    ("address", r"\b(?:0x)?ffff[0-9a-f]{12}\b"),
    ("round", r"(?<=round=)\d+"),
    ("place", r"\+0x[1-9a-f][0-9a-f]*/0x[0-9a-f]+|(?<=\+0x0)/0x[0-9a-f]+"),
    ("time", r"\[ *\d+\.\d+\]|[$@*#!+]? *\b\d+\.\d+\b(?: us)?|\b\d+ us\b"),
    ("count", r"\b\d{1,3}(?:,\d{3})+\b|\b\d{3,}\b|(?<=cpu\d )\d+"
              r"|\b[1-9]\d*(?= calls)|\b\d+(?= of \d)"
              r"|(?i:(?<=seed )|(?<=seed=)|(?<=entered ))\d+"),
    ("events", r"(?<=^ID: )\d+|(?<=entries: )\d+"
               r"|(?<=hitcount:) +\d+"
               r"|(?:(?<=run: )|(?<=events: ))[1-9]\d*"),
    ("task", r"(?<=\w)-\d+(?= +\[)|^ *\d+\)"),
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

    def __init__(self, known=None):
        self.there = dict(known.there) if known else {}
        self.back = dict(known.back) if known else {}

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


def stretches(expected):
    """[(does it follow at once?, lines)], cut at "..."."""
    found = [(True, [])]
    for line in expected:
        if line.strip() == "...":
            found.append((False, []))
        else:
            found[-1][1].append(line)
    return found


def place(lines, actual, at, names):
    """How many of the lines come from there on, one after the other; names
    has learnt those of all of them, or of none."""
    trial = Names(names)
    for nr, line in enumerate(lines):
        if at + nr >= len(actual) or not trial.fit(line, actual[at + nr]):
            return nr
    names.there, names.back = trial.there, trial.back
    return len(lines)


def missing(expected, actual, names=None):
    """The first expected line that does not come, or None; "at the end: ..."
    for a line that nobody expects. What follows "..." may begin anywhere."""
    names = names or Names()
    expected, actual = ([line for line in lines if not OPTIONAL.match(line)]
                        for lines in (expected, actual))
    parts, at = stretches(expected), 0
    for at_once, lines in parts:
        starts, best = range(at, len(actual) + 1), 0
        if at_once:
            starts = [at]
        elif lines and lines is parts[-1][1]:  # it must end with the output
            starts = [max(at, len(actual) - len(lines))]
        for start in starts:
            fits = place(lines, actual, start, names)
            best = max(best, fits)
            if fits == len(lines):
                at = start + fits
                break
        else:
            return lines[best]
    if parts[-1] != (False, []) and at < len(actual):
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
    """One boot plays all chapters. A counted machine that waits for a line runs
    as fast as the host can: so what the host does is done before it boots, and
    it should end (end()) as soon as all is played."""

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
        from tests.test_sessions import Session  # it needs pexpect
        if not self.session or not self.session.sound:
            boots_of_the_host()
            self.session = Session(smp=4, options=COUNTED)
        for line in BETWEEN:
            self.session.send(line)

    def answer(self, typed):
        if typed.startswith(HOST):
            return on_host(typed.removeprefix(HOST))
        return self.session.send(typed.removeprefix(PROMPT), 60).splitlines()

    def end(self):
        session, self.session = self.session, None
        return session.end() if session else qemu.OK


# What make hands down: it would reach the commands of the book.
HANDED_DOWN = {"MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "SMP",
               "MEM", "ACCEL", "CPU", "FIRMWARE", "APPEND", "METHOD", "SEED",
               "CLOCK", "MODEL", "PLUGIN"}


def environment():
    return {name: value for name, value in os.environ.items()
            if name not in HANDED_DOWN}


def run(command, text=""):
    """What a command of the host prints; build/ stands for the build."""
    done = subprocess.run(
        ["sh", "-c", command.replace("build/", f"{qemu.BUILD}/")],
        cwd=qemu.ROOT, input=text, env=environment(), stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, timeout=300, check=False)
    return done.stdout.replace(f"{qemu.BUILD}/", "build/")


# A boot that several chapters look at is made once.
run_once = functools.cache(run)


def on_host(command):
    """The lines that come; of a pipe, what is in front is run once."""
    front, _, rest = command.partition(" | ")
    text = run_once(front) if front.startswith("make ") else run(front)
    return (run(rest, text) if rest else text).splitlines()


def boots_of_the_host():
    """Runs the commands of all chapters that run_once() remembers."""
    for chapter in chapters().values():
        for block in chapter:
            for typed, *_ in block.pieces:
                if typed.startswith(f"{HOST}make "):
                    on_host(typed.removeprefix(HOST))


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


def renew_figures():
    table = figures.rows(figures.RESULTS.read_text("utf-8"))
    for path in sorted(FOLDER.glob("*.md")):
        text = path.read_text("utf-8")
        now = figures.renewed(text, table)
        if now != text:
            path.write_text(now, "utf-8")


def main():
    renew_figures()
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
