# SPDX-License-Identifier: MIT
"""The form of the text: licence line, columns, blanks, and what no file of
the project should say."""
import re

from tests.lint import source

WIDTH = 80
SPDX = "SPDX-License-Identifier: MIT"
CODE = (".c", ".h", ".asm", ".inc", ".py", ".sh", ".mk", ".cfg", ".ld")
# A directory of one person's machine.
MACHINE_PATH = re.compile(r"(?<![\w./-])/(?:work|home/\w|root|tmp/nop5)\b/?")
UNFINISHED = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|not implemented yet",
                        re.I)
# These talk about the words themselves.
SPEAKS_OF = {"tests/lint/text.py"}


def width(line):
    return len(line.expandtabs(8))


def check_text(path, text):
    lines = text.splitlines()
    if path.endswith(CODE) and SPDX not in "\n".join(lines[:2]):
        yield f"{path}:1: no \"{SPDX}\" in the first two lines"
    for nr, line in enumerate(lines, 1):
        where = f"{path}:{nr}: "
        if line != line.rstrip():
            yield where + "blanks at the end of the line"
        if path.endswith(CODE) and width(line) > WIDTH:
            yield f"{where}{width(line)} columns, at most {WIDTH}"
        if path in SPEAKS_OF:
            continue
        if MACHINE_PATH.search(line):
            yield where + "a path of one machine"
        if path.endswith(CODE) and UNFINISHED.search(line):
            yield where + "unfinished by its own words"
    if text and not text.endswith("\n"):
        yield f"{path}:{len(lines)}: no newline at the end"


def check():
    problems = []
    for path in source.files(*CODE, ".md", "Makefile", ".ci/run"):
        problems += check_text(path, source.read(path))
    return problems
