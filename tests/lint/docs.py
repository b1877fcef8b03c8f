# SPDX-License-Identifier: MIT
"""Names in the project's own papers exist: `function()` and `path/file`, but
for those that hold the word NAME."""
import re

from tests.lint import source

CALL = re.compile(r"`([A-Za-z_]\w*)\(\)`")
PATH = re.compile(r"`((?:[\w.-]+/)+[\w.-]+\.(?:c|h|asm|py|sh|md|ld))`")


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


def check():
    paths = set(source.files(""))
    words = set()
    for path in source.files(".c", ".h", ".asm", ".inc", ".py"):
        words |= set(re.findall(r"[A-Za-z_]\w*", source.without_comments(
            source.read(path))))
    problems = []
    for path in source.files(".md"):
        problems += check_text(path, source.read(path), words, paths)
    return problems
