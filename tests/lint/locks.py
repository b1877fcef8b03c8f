# SPDX-License-Identifier: MIT
"""Lock letters of fields, `[F]`, are the project's or are defined by a legend
in the same file or a header that it includes.

A legend is a comment on lines of its own that gives each letter a meaning:
"[R] lock of the run queue".
"""
import re

from tests.lint import source

# The project's, the same everywhere (see GLOSSARY.md).
COMMON = {
    "I": "immutable once others can see it",
    "F": "ftrace_lock",
    "P": "text_mutex",
    "C": "the owner CPU, interrupts off",
    "A": "atomic",
    "Q": "freed only after synchronize_tasks()",
}

COMMENT = re.compile(r"/\*.*?\*/", re.S)
LETTER = re.compile(r"\[([A-Z])\]")
DEFINED = re.compile(r"\[([A-Z])\][ =:]+\w")
INCLUDE = re.compile(r'^#include "([^"]+\.h)"', re.M)
FIELD = re.compile(r"^[^\n/]*[;,][ \t]*$")


def before(text, match):
    """What stands on the same line before the match."""
    return text[text.rfind("\n", 0, match.start()) + 1:match.start()]


def legends(text):
    """Letters that legends in the text define."""
    found = set()
    for match in COMMENT.finditer(text):
        if not FIELD.match(before(text, match)):
            found |= set(DEFINED.findall(match[0]))
    return found


def check_text(path, text, known=()):
    known = legends(text) | set(COMMON) | set(known)
    used = []
    for match in COMMENT.finditer(text):
        if FIELD.match(before(text, match)):  # a comment beside a field
            line = text.count("\n", 0, match.start()) + 1
            used += [(letter, line) for letter in LETTER.findall(match[0])]
    return [f"{path}:{line}: [{letter}] is not in a legend"
            for letter, line in used if letter not in known]


def check():
    texts = {path: source.read(path) for path in source.files(".c", ".h")}
    letters = {path: legends(text) for path, text in texts.items()}
    problems = []
    for path, text in texts.items():
        known = set().union(*(letters.get(header, ())
                              for header in INCLUDE.findall(text)))
        problems += check_text(path, text, known)
    return problems
