# SPDX-License-Identifier: MIT
"""Invariants have a name of one to three letters and a number.

The head of a file defines those of its module: a line of the first comment that
begins with the name. A name has one meaning in the whole tree, and a test
cites it. I1 to I8 are those of the whole kernel: DESIGN.md defines them, and a
head may say what its file does for one. A name that code or a panic cites is
defined somewhere.
"""
import re

from tests.lint import source

NAME = r"[A-Z]{1,3}\d+"
DEFINED = re.compile(rf"^[ *;/#-]*(?:Invariants?:? )?({NAME}):? +(?!to )"
                     r"[^\s=*]", re.M)
HEAD = re.compile(r"(?:/\*.*?\*/|(?:^;[^\n]*\n)+)", re.S | re.M)
SYSTEM = re.compile(r"^- (I\d+) ", re.M)

# In a comment of its own, or at the beginning of a message.
CITED = re.compile(rf"/\* ({NAME})[ .:,*]|\"({NAME}): |\(({NAME})\)")
# Other names of that form: opcodes, registers.
OTHER = re.compile(r"INT3|CR\d|[CEF]\d")


def head(text):
    found = HEAD.search(text)
    text = found[0] if found else ""
    if text.startswith("/* SPDX"):  # a header: the comment behind it
        return head_of_header(text, found.string, found.end())
    return text


def head_of_header(_, text, end):
    found = HEAD.search(text, end)
    return found[0] if found else ""


def defined(texts):
    """{name: [files]} of heads; texts: path -> text."""
    found = {}
    for path, text in texts.items():
        for name in dict.fromkeys(DEFINED.findall(head(text))):
            if not OTHER.fullmatch(name):
                found.setdefault(name, []).append(path)
    return found


def cites(text, name):
    return re.search(rf"(?:(?<![A-Za-z0-9]){name})(?![A-Za-z0-9])", text)


def uncited(names, tests):
    return sorted(name for name in names
                  if not any(cites(text, name) for text in tests.values()))


def check_texts(texts, design, tests):
    system = set(SYSTEM.findall(design))
    where = defined(texts)
    for name, paths in where.items():
        if name in system:
            continue
        if re.fullmatch(r"I\d+", name):
            yield f"{paths[0]}: {name} is none of DESIGN.md's"
        elif len(paths) > 1:
            yield f"{name} has several meanings: {', '.join(paths)}"
    missing = uncited(system | set(where), tests)
    if missing:
        yield f"{len(missing)} names are cited by no test: {' '.join(missing)}"
    for path, text in texts.items():
        for found in CITED.finditer(text):
            name = found[1] or found[2] or found[3]
            if name not in system and name not in where and \
                    not OTHER.fullmatch(name):
                line = text.count("\n", 0, found.start()) + 1
                yield f"{path}:{line}: {name} is nowhere defined"


def check():
    code = source.files(".c", ".h", ".asm")
    texts = {path: source.read(path) for path in code
             if not path.startswith("tests/")}
    tests = {path: source.read(path) for path in
             code + source.files(".py", ".session")
             if path.startswith("tests/") and not path.startswith("tests/lint")}
    return list(check_texts(texts, source.read("DESIGN.md"), tests))
