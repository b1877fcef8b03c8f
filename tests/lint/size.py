# SPDX-License-Identifier: MIT
"""Function bodies of at most 40 lines, files of fewer than 500 (tests 800)."""
import re

from tests.lint import source

MAX_BODY, MAX_FILE, MAX_TEST_FILE = 40, 499, 799

# "path:function" or "path": why it may be longer.
ALLOWED = {
}

NAME = re.compile(r"(\w+)\s*\((?:[^()]|\([^()]*\))*\)[^()]*$")


def functions(text):
    """(name, line of the brace, lines between the braces) of each function."""
    lines = source.without_comments(text, keep_strings=False).splitlines()
    head, start = [], None
    for nr, line in enumerate(lines, 1):
        if start is None and line == "{" and head:
            match = NAME.search(" ".join(head))
            if match:
                start, name = nr, match[1]
        elif start and line.startswith("}"):
            yield name, start, nr - start - 1
            start, head = None, []
        elif start is None:
            ends = not line.strip() or line.rstrip().endswith((";", "}"))
            head = [] if ends or line.startswith("#") else head + [line]


def check_text(path, text):
    """(problem, key in ALLOWED) for everything that is too long."""
    lines = text.count("\n")
    most = MAX_TEST_FILE if path.startswith("tests/") else MAX_FILE
    if lines > most:
        yield f"{path}: {lines} lines, at most {most}", path
    if not path.endswith((".c", ".h")):
        return
    for name, line, body in functions(text):
        if body > MAX_BODY:
            yield (f"{path}:{line}: the body of {name} has {body} lines, at "
                   f"most {MAX_BODY}"), f"{path}:{name}"


def check():
    problems, used = [], set()
    for path in source.files(".c", ".h", ".asm", ".py"):
        for problem, key in check_text(path, source.read(path)):
            if key in ALLOWED:
                used.add(key)
            else:
                problems.append(problem)
    return problems + [f"size.py: {key} need not be allowed any more"
                       for key in sorted(set(ALLOWED) - used)]
