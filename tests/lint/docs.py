# SPDX-License-Identifier: MIT
"""Names in the project's own papers exist: `function()` and `path/file`, but
for those that hold the word NAME. Each folder with code has a DESIGN.md of its
own, which names a function of the code and has at most MOST_LINES lines."""
import re

from tests.lint import source

CALL = re.compile(r"`([A-Za-z_]\w*)\(\)`")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:c|h|asm|py|sh|md|ld))`")


CODE = (".c", ".h", ".asm", ".py")
EXERCISE = re.compile(r"labs/[\w-]+")  # its README.md says what is to be done
MOST_LINES = 150


def check_text(path, text, words, paths):
    folder = path.rpartition("/")[0]
    for nr, line in enumerate(text.splitlines(), 1):
        for name in CALL.findall(line):
            if name not in words:
                yield f"{path}:{nr}: there is no {name}()"
        for name in PATH.findall(line):
            if "NAME" in name:
                continue
            if name not in paths and f"{folder}/{name}" not in paths:
                yield f"{path}:{nr}: there is no {name}"


def paper_of(folder):
    name = "README.md" if EXERCISE.fullmatch(folder) else "DESIGN.md"
    return f"{folder}/{name}".lstrip("/")


def with_code(paths):
    return {path.rpartition("/")[0] for path in paths if path.endswith(CODE)}


def own_papers(folders, paths):
    return [f"{folder or '.'}: code, but no {paper_of(folder)}"
            for folder in sorted(folders) if paper_of(folder) not in paths]


def check_design(path, text, folders):
    lines = text.count("\n")
    if lines > MOST_LINES:
        yield f"{path}: {lines} lines, at most {MOST_LINES}"
    if path.rpartition("/")[0] in folders and not CALL.search(text):
        yield f"{path}: names no function"


def check():
    paths = set(source.files(""))
    folders, words = with_code(paths), set()
    for path in source.files(".c", ".h", ".asm", ".inc", ".py"):
        words |= set(re.findall(r"[A-Za-z_]\w*", source.without_comments(
            source.read(path))))
    problems = own_papers(folders, paths)
    for path in source.files(".md"):
        text = source.read(path)
        problems += check_text(path, text, words, paths)
        if path.endswith("DESIGN.md"):
            problems += check_design(path, text, folders)
    return problems
