# SPDX-License-Identifier: MIT
"""C files are as clang-format-14 would write them (.clang-format)."""
import re
import subprocess

from tests.lint import source

TOOL = "clang-format-14"


def c_files():
    return source.files(".c", ".h")


def check_files(paths, root=source.ROOT):
    """One line for each file that differs: where it first does."""
    done = subprocess.run([TOOL, "--dry-run", "--style=file", *paths],
                          cwd=root, stderr=subprocess.PIPE, text=True,
                          check=False)
    first, number = {}, {}
    for match in re.finditer(r"^(.*?):(\d+):\d+: warning: code should be "
                             "clang-formatted", done.stderr, re.M):
        first.setdefault(match[1], match[2])
        number[match[1]] = number.get(match[1], 0) + 1
    if done.returncode:
        return [f"{TOOL}: {done.stderr}"]
    return [f"{path}:{line}: {number[path]} places differ from {TOOL}"
            for path, line in first.items()]


def check():
    return check_files(c_files())


def fix():
    """Rewrites the files."""
    subprocess.run([TOOL, "-i", "--style=file", *c_files()], cwd=source.ROOT,
                   check=True)
