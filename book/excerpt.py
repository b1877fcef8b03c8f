# SPDX-License-Identifier: MIT
"""Which lines of a source a chapter shows."""
import re

LANGUAGES = {".c": "c", ".h": "c", ".asm": "nasm", ".py": "python",
             ".pml": "promela", ".md": "markdown", ".def": "c"}


def language(path):
    found = re.search(r"\.\w+$", path)
    return LANGUAGES.get(found[0] if found else "", "text")


def first_line(lines, name):
    """The index of the line that begins the definition, not a declaration."""
    word = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    for nr, line in enumerate(lines):
        if line[:1] in ("", " ", "\t", "*", "/", "#") or not word.search(line):
            continue
        if not line.startswith((";", "extern", "global")) \
                and not statement(lines, nr).endswith(";"):
            return nr
    raise LookupError(f"no definition of '{name}'")


def statement(lines, nr):
    """Up to the brace, the semicolon, or a line of NASM or Python alone."""
    text = ""
    for line in lines[nr:nr + 8]:
        text += line.split("//")[0].rstrip()
        if re.search(r"[;{:]$", text) or "(" not in text:
            break
    return text


def function(text, name):
    """(first, last) line of a function or a struct, counted from 1; with the
    comment directly above it."""
    lines = text.splitlines()
    at = first_line(lines, name)
    first = at
    while first and re.match(r"[A-Za-z]", lines[first - 1]) and not re.search(
            r"[;}:]$", lines[first - 1]):
        first -= 1
    ends = {"func ": rf"endfunc {name}$", "def ": r"(?=\S)",
            "class ": r"(?=\S)"}
    pattern = next((end for begin, end in ends.items()
                    if lines[at].startswith(begin)), r"\}")
    for nr in range(at + 1, len(lines)):
        if re.match(pattern, lines[nr]):
            return first + 1, (nr if pattern[1] == "?" else nr + 1)
    raise LookupError(f"no end of '{name}'")
