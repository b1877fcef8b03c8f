# SPDX-License-Identifier: MIT
"""Builds in a tree of its own, and boots what was built."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading

from tests import qemu
from tools.labs.cut import LabError

IMAGES = {"test": "nop5-test.elf", "debug": "nop5-debug.elf"}
# A test that hangs is ended by the kernel's own watchdog after so many seconds
# of the guest, which are thousands of millions of instructions.
LIMIT = 2
# What hangs with interrupts off, or on the host, may use so many seconds of a
# CPU, and no more of anything.
CPU_SECONDS = 40
HANGS = 1200
OUTPUT = 1 << 20


class BuildError(LabError):
    """The compiler's words."""


def environment():
    """Without what the make that called us has said to its own."""
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD", "LAB",
                            "DIR", "SEED", "ONLY")}


def run(tree, *words, limit=None):
    """Status and output, of which at most OUTPUT bytes are kept. limit: of CPU
    seconds. After HANGS seconds it is killed with all that it has started."""
    bound = ["prlimit", f"--cpu={limit}", "--"] if limit else []
    with subprocess.Popen([*bound, *words], cwd=tree, env=environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL,
                          start_new_session=True) as process:
        late = []

        def stop():
            late.append(b"\n*** no end after %d s\n" % HANGS)
            os.killpg(process.pid, signal.SIGKILL)
        timer = threading.Timer(HANGS, stop)
        timer.start()
        try:
            output = process.stdout.read(OUTPUT)
            if len(output) == OUTPUT:
                os.killpg(process.pid, signal.SIGKILL)
            status = process.wait()
        finally:
            timer.cancel()
    output += b"".join(late)
    return status, output.decode("utf-8", "replace")


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


def boot(kernel, smp, append, icount=0):
    """One run, with counted instructions: the same each time. icount None: in
    real concurrency, for a fault that counted ones do not show."""
    machine = qemu.Machine(smp=smp, icount=icount, kernel=kernel)
    append += f" limit={LIMIT} icount=1" if icount is not None else ""
    with tempfile.TemporaryDirectory(prefix="nop5-") as folder:
        path = pathlib.Path(folder, "serial")
        path.touch()
        words = machine.command(append, f"file:{path}")
        status, errors = qemu.run(["prlimit", f"--cpu={CPU_SECONDS}", "--",
                                   *words], HANGS)
        log = path.read_text(encoding="utf-8", errors="replace")
    if status is not None and status < 0:
        status = None
    return qemu.Boot(status, log, 0, CPU_SECONDS, errors)
