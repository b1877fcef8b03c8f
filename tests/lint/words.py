# SPDX-License-Identifier: MIT
"""Idioms that comments, messages and papers do not use: a reader who knows C
and has seen an interrupt should not have to read a sentence twice.

The sentence has a subject, and the subject has a name: "a CPU that arrives now
traps", not "who comes now is trapped".
"""
import re

from tests.lint import source

FOLDERS = ("boot/", "arch/", "kernel/", "trace/", "demo/", "tools/", "book/",
           "labs/", "tests/")
QUOTES = ("tests/lint/", "tests/test_checks.py")  # have the idioms themselves
BEGIN = r"(?:^[ *;/#]*|[.;:(,] |\"\s*)"

# What: what to write instead.
IDIOMS = {
    BEGIN + r"(?<!# )[Ww]ho [a-z]+\b(?![^.]*\?)":
        "name the subject: a CPU that, a caller that",
    r"\b[Ww]ho(?:ever|msoever|m)\b": "name the subject",
    r"\b(?:is|are|was|were|be|been) told\b": "is reported to, learns, knows",
    r"\b[Mm]eanwhile\b": "say during what",
    BEGIN + r"Else\b[, ]": "Otherwise, or the condition",
    r"\bcomes now\b|\bsent on\b|\btreads? on\b|\btrodden\b":
        "arrives, is redirected, is corrupted",
    r"\b[Ww]hat is more\b|\bnot so\b(?! many| much)|\bsuch a one\b":
        "say it plainly",
}
PATTERNS = [(re.compile(pattern, re.M), advice)
            for pattern, advice in IDIOMS.items()]


def pieces(path, text):
    """(place, text) of comments and strings; of a paper all of it."""
    if path.endswith(".md"):
        return [(0, text)]
    if path.endswith((".asm", ".inc", ".py")):
        found = re.finditer(r'[;#][^\n]*|"""[\s\S]*?"""|"[^"\n]*"', text)
    else:
        found = source.TOKEN.finditer(text)
    return [(match.start(), match[0]) for match in found]


def check_text(path, text):
    for start, piece in pieces(path, text):
        for pattern, advice in PATTERNS:
            for match in pattern.finditer(piece):
                line = text.count("\n", 0, start + match.start()) + 1
                idiom = match[0].strip(" *;/#.:(,\"\n")
                yield f"{path}:{line}: '{idiom}': {advice}"


def check():
    return [problem for path in source.files(".c", ".h", ".asm", ".inc", ".py",
                                             ".md")
            if (path.startswith(FOLDERS) or "/" not in path)
            and not path.startswith(QUOTES)
            for problem in check_text(path, source.read(path))]
