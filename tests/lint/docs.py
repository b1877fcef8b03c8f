# SPDX-License-Identifier: MIT
"""Names in the project's own papers exist: `function()` and `path/file`, but
for those that hold the word NAME. Each folder with code has a paper, those of
the kernel their own; a DESIGN.md has at most MOST_LINES lines."""
import re

from tests.lint import source

CALL = re.compile(r"`([A-Za-z_]\w*)\(\)`")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:c|h|asm|py|sh|md|ld))`")


CODE = (".c", ".h", ".asm", ".py")
PAPERS = ("DESIGN.md", "README.md")
OWN = ("boot", "arch", "kernel", "trace", "demo")  # each folder has its own
MOST_LINES = 150
LONGER = {"trace/serve/DESIGN.md": "the definition of a protocol"}


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


def has_paper(folder, paths):
    """Its own, or a folder's above it, but for the root's."""
    return bool(folder) and (
        any(f"{folder}/{paper}" in paths for paper in PAPERS)
        or has_paper(folder.rpartition("/")[0], paths))


def without_paper(paths):
    code = {path.rpartition("/")[0] for path in paths if path.endswith(CODE)}
    return [f"{folder}: code, but no DESIGN.md, nor one above it"
            for folder in sorted(code) if not has_paper(folder, paths)]


def own_papers(paths):
    code = {path.rpartition("/")[0] for path in paths if path.endswith(CODE)}
    return [f"{folder}: no DESIGN.md of its own" for folder in sorted(code)
            if folder.split("/")[0] in OWN
            and f"{folder}/DESIGN.md" not in paths]


def too_long(path, text):
    lines = text.count("\n")
    if (path.endswith("DESIGN.md") and lines > MOST_LINES
            and path not in LONGER):
        yield f"{path}: {lines} lines, at most {MOST_LINES}"


def check():
    paths = set(source.files(""))
    words = set()
    for path in source.files(".c", ".h", ".asm", ".inc", ".py"):
        words |= set(re.findall(r"[A-Za-z_]\w*", source.without_comments(
            source.read(path))))
    problems = without_paper(paths) + own_papers(paths)
    for path in source.files(".md"):
        text = source.read(path)
        problems += check_text(path, text, words, paths)
        problems += too_long(path, text)
    return problems
