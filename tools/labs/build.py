# SPDX-License-Identifier: MIT
"""Builds in a tree of its own, and boots what was built."""
import os
import re
import subprocess

from tests import qemu
from tools.labs.cut import LabError

IMAGES = {"test": "nop5-test.elf", "debug": "nop5-debug.elf"}
# Only what hangs with interrupts off takes so long: a test that hangs is ended
# by the kernel's own watchdog, which counts instructions.
HANGS = 600


class BuildError(LabError):
    """The compiler's words."""


def environment():
    """Without what the make that called us has said to its own."""
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD", "LAB",
                            "DIR", "SEED", "ONLY")}


def run(tree, *words):
    done = subprocess.run(words, cwd=tree, env=environment(),
                          stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=HANGS)
    return done.returncode, done.stdout


def make(tree, *goals):
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    status, output = run(tree, "make", jobs, "BUILD=build", *goals)
    if status:
        errors = [line for line in output.splitlines()
                  if re.search(r"error:|\*\*\*|undefined reference", line)]
        raise BuildError("\n".join(errors[:20]) or output[-2000:])


def image(tree, name):
    """The path of an image of that tree, built."""
    make(tree, f"build/{IMAGES[name]}")
    return tree / "build" / IMAGES[name]


def unit_program(tree, name):
    make(tree, "-f", "tests/host/host.mk", f"build/host/unit/test_{name}")
    return tree / f"build/host/unit/test_{name}"


def boot(kernel, smp, append):
    """One run with counted instructions: the same each time."""
    machine = qemu.Machine(smp=smp, icount=0, kernel=kernel)
    return machine.boot(f"{append} icount=1", timeout=HANGS)
