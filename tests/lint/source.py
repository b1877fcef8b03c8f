# SPDX-License-Identifier: MIT
"""What the checks share: the files of the tree, and C text without comments."""
import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent

TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"'
                   r"|'(?:\\.|[^'\\\n])*'", re.S)


def files(*suffixes, root=ROOT):
    """Relative paths git knows or would know, the build left out."""
    out = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout
    return sorted({path for path in out.splitlines()
                   if path.endswith(suffixes) and (root / path).is_file()})


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
