# SPDX-License-Identifier: MIT
"""What the checks share: the files of the tree, and C text without comments."""
import os
import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
                   r"|'(?:\\.|[^'\\\n])*'", re.S)


def ours(name, folder):
    """Is the directory part of the tree? A build tells by its first file."""
    return name == ".ci" or not (name.startswith((".", "__pycache__")) or
                                 (folder / name / "deps-run.mk").exists())


def files(*suffixes, root=ROOT):
    """Relative paths of the tree's files; no git needed, hidden ones left out.
    """
    found = []
    for folder, folders, names in os.walk(root):
        folder = pathlib.Path(folder)
        folders[:] = [name for name in folders if ours(name, folder)]
        found += [(folder / name).relative_to(root).as_posix()
                  for name in names
                  if name.endswith(suffixes) and not name.startswith(".")]
    return sorted(found)


def read(path, root=ROOT):
    return (root / path).read_text(encoding="utf-8")


def without_comments(text, keep_strings=True):
    """Comments become blanks (newlines stay), so line numbers do not move."""
    def blank(match):
        token = match[0]
        if token[0] in "\"'":
            return token if keep_strings else token[0] * 2
        return re.sub(r"[^\n]", " ", token)
    return TOKEN.sub(blank, text)
