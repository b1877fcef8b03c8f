# SPDX-License-Identifier: MIT
"""Answers that are no code: lines "name: value" of answers.txt, and how each is
checked, by running the kernel again."""
import functools
import re

from tools.labs import build
from tools.labs.cut import LabError
from tools.theatre import boot
from tools.theatre.hold import Stage, moments
from tools.theatre.judge import judge

SMP = 4  # as `make theatre` has
NAIVE, NOSYNC, RIGHT = "naive", "int3-nosync", "int3"
TRIES = 40  # seeds behind a start that are looked at
LINE = re.compile(r"^(\w+):[ \t]*(.*?)[ \t]*$", re.MULTILINE)


def read(tree):
    """{name: value}"""
    found = {}
    for path in sorted(tree.glob("labs/*/answers.txt")):
        found |= dict(LINE.findall(path.read_text("utf-8")))
    return found


@functools.lru_cache(256)
def played(kernel, built, method, seed):
    return boot.record(kernel, SMP, method, seed)[0]


def scene(tree, method, seed):
    """The recording of that method with that seed: the same each time."""
    kernel = build.image(tree, "debug")
    return played(kernel, kernel.stat().st_mtime_ns, method, str(seed))


def number(lines, name):
    """Raises LabError."""
    value = lines.get(name, "")
    if not value.isdecimal() or len(value) > 15:
        raise LabError(f"{name}: '{value}' is no number")
    return int(value)


def five(lines, name):
    """Raises LabError."""
    try:
        data = bytes.fromhex(lines.get(name, ""))
    except ValueError:
        data = b""
    if len(data) != 5:
        raise LabError(f"{name}: '{lines.get(name, '')}' is not five bytes "
                       "such as e8 00 00 00 00")
    return data


def torn(found):
    """The first run that executed a mixture, or None."""
    runs = [event for event in found.events
            if event["e"] == "run" and event["did"] == "mix"]
    return min(runs, key=lambda event: event["t"], default=None)


def first_seed(tree, start):
    """The first seed from start on that tears the naive method."""
    for seed in range(start, start + TRIES):
        if torn(scene(tree, NAIVE, seed)):
            return seed
    raise LabError(f"start: none of {TRIES} seeds from {start} on tears")


def mixtures(found):
    """All that some CPU could have executed at some moment, and should not."""
    stage, seen = Stage(found), set()
    for _, event in moments(found):
        stage.play(event)
        seen |= {data for held in stage.cpus
                 for data in held.may_execute(found)}
    return seen


# ---- one function for each answer: what is wrong, or None --------------------

def check_seed(tree, lines):
    said = number(lines, "seed")
    if said != first_seed(tree, number(lines, "start")):
        return (f"seed: {said} is not the first from {lines['start']} on that "
                "tears")
    return None


def check_bytes(tree, lines):
    said = five(lines, "bytes")
    first = torn(scene(tree, NAIVE, number(lines, "seed")))
    if not first or said != first["saw"]:
        return f"bytes: '{lines['bytes']}' is not what was executed"
    return None


def check_torn(tree, lines):
    verdict = judge(scene(tree, NAIVE, number(lines, "seed")))
    if number(lines, "torn") != verdict.torn or not verdict.torn:
        return f"torn: {lines['torn']} is not the number of calls that tore"
    return None


def check_could(tree, lines):
    found = scene(tree, NOSYNC, number(lines, "seed"))
    if five(lines, "could") not in mixtures(found):
        return f"could: no CPU could have executed '{lines['could']}'"
    return None


def check_right(tree, lines):
    found = scene(tree, RIGHT, number(lines, "seed"))
    if number(lines, "trapped") != trapped_calls(found):
        return f"trapped: {lines['trapped']} is not the number of calls"
    return None


def trapped_calls(found):
    return sum(event["n"] for event in found.events
               if event["e"] == "run" and event["how"] == "trap")


CHECKS = {"seed": check_seed, "bytes": check_bytes, "torn": check_torn,
          "could": check_could, "trapped": check_right}


def check(name, tree, lines):
    """What is wrong with that answer, or None."""
    try:
        return CHECKS[name](tree, lines)
    except LabError as error:
        return str(error)
