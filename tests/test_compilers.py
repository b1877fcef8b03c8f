# SPDX-License-Identifier: MIT
# parts: test-all 107, torture 90
"""The kernel by other compilers than the one that is measured: the proof of
what may not be traced, the demo, and the suites at 2 CPUs."""
import os
import pathlib
import subprocess

import pytest

from tests import parts, qemu
from tests.python import COMMAND as PYTHON

# Folder of the build -> the words for make. README.md has the same table.
COMPILERS = {
    "gcc-12-Os": ["OPT=-Os"],
    "gcc-11-O2": ["CC=gcc-11"],
}
SUITES = 75  # CPU seconds


def check(name, command, timeout):
    build = qemu.BUILD / "compilers" / name
    done = subprocess.run(
        command, cwd=qemu.ROOT, text=True, timeout=timeout, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "BUILD": os.path.relpath(build, qemu.ROOT)})
    assert done.returncode == 0, done.stdout[-4000:]
    return build


def build_and_prove(name):
    build = check(name, ["make", "-s", "kernel", *COMPILERS[name]], 600)
    check(name, [*PYTHON, "tests/lint/lint.py", "reach"], 120)
    boot = qemu.Machine(smp=2, kernel=pathlib.Path(build, "nop5.elf")).boot(
        "mode=demo", timeout=120)
    assert boot.problem() is None, boot.excerpt()
    timeout = parts.wall(SUITES) - 60
    check(name, [*PYTHON, "tests/suites.py", "--smp=2",
                 f"--timeout={timeout}"], timeout + 30)


def test_for_size():
    build_and_prove("gcc-12-Os")


@pytest.mark.torture
def test_gcc_11():
    build_and_prove("gcc-11-O2")


def test_readme_says_which():
    text = (qemu.ROOT / "README.md").read_text(encoding="utf-8")
    for name, words in COMPILERS.items():
        _, version, level = name.split("-")
        row = f"| gcc {version} | `-{level}` | `make {' '.join(words)} BUILD="
        assert row in text
