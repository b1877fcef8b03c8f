# SPDX-License-Identifier: MIT
"""Builds in a tree of its own, and boots what was built."""
import contextlib
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import threading
import time

from tests import qemu
from tools.labs.cut import LabError

IMAGES = {"test": "nop5-test.elf", "debug": "nop5-debug.elf"}
# A test that hangs is ended by the kernel's own watchdog after so many seconds
# of the guest, which are thousands of millions of instructions.
LIMIT = 2
# A kernel that hangs otherwise is ended after so many ms of the guest without
# a byte on its console, several times what a sound one needs.
QUIET_MS = 300
# What hangs on the host may use so many seconds of a CPU, many times its needs.
CPU_SECONDS = 120
# Whatever runs so many seconds of the wall's clock did not end: no points are
# counted, because a slow host would decide them.
HANGS = 2400
PAUSE = 0.5  # seconds between two looks at the guest's clock
OUTPUT = 1 << 20
# A kernel that has printed so many bytes hangs, too.
PRINTED = 64 << 20


class BuildError(LabError):
    """The compiler's words."""


def environment():
    """Without what the make that called us has said to its own."""
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "BUILD", "LAB",
                            "DIR", "SEED", "ONLY")}


def run(tree, *words, limit=None):
    """Status and output, of which at most OUTPUT bytes are kept. limit: of CPU
    seconds. After HANGS seconds it is killed with all that it has started, and
    nothing is graded."""
    bound = ["prlimit", f"--cpu={limit}", "--"] if limit else []
    with subprocess.Popen([*bound, *words], cwd=tree, env=environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          stdin=subprocess.DEVNULL,
                          start_new_session=True) as process:
        late = []

        def stop():
            late.append(True)
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
    if late:
        raise LabError(f"{words[0]} did not end in {HANGS} s: no points are "
                       "counted")
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


# ---- a machine whose time is its instructions --------------------------------

# The clock and the timer of the guest's board count them, too.
CLOCK = ["-rtc", "base=2000-01-01T00:00:00,clock=vm"]
PM_TIMER, PM_HZ, PM_WRAP = 0x608, 3_579_545, 1 << 24


class GuestClock:
    """How long the guest has run, as its board says: no host changes that."""

    def __init__(self, monitor):
        self.monitor = monitor

    def look(self):
        """Whole seconds, and the timer, which wraps after 4.7 of them."""
        if not self.monitor.file:
            self.monitor.connect()
        at = self.monitor.ask("qom-get", path="/machine", property="rtc-time")
        seconds = (at["tm_hour"] * 60 + at["tm_min"]) * 60 + at["tm_sec"]
        timer = self.monitor.command(f"i /w {PM_TIMER:#x}").split()[-1]
        return seconds, int(timer, 16) % PM_WRAP

    @staticmethod
    def ms_between(before, after):
        seconds = after[0] - before[0]
        if seconds >= 3:  # the timer has wrapped, or may have
            return (seconds - 1) * 1000
        return (after[1] - before[1]) % PM_WRAP * 1000 // PM_HZ


def watch(process, clock, serial, quiet):
    """Ends a machine that is quiet for too long, or prints for ever. Return:
    its status; None if it was ended."""
    until, size, since = time.monotonic() + HANGS, -1, None
    while time.monotonic() < until:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return process.wait(PAUSE)
        with contextlib.suppress(OSError, ValueError, IndexError):
            now = clock.look()  # it is not there yet, or no longer
            if size != serial.stat().st_size:
                size, since = serial.stat().st_size, now
            elif clock.ms_between(since, now) >= quiet:
                process.kill()
                return None
        if serial.stat().st_size > PRINTED:
            process.kill()
            return None
    process.kill()
    raise LabError(f"a kernel did not end in {HANGS} s: no points are counted")


def boot(kernel, smp, append, quiet=QUIET_MS):
    """One run, with counted instructions: the same each time."""
    with tempfile.TemporaryDirectory(prefix="nop5-") as folder:
        place = pathlib.Path(folder)
        monitor = qemu.Monitor(place)
        machine = qemu.Machine(smp=smp, icount=0, kernel=kernel,
                               qemu=[*CLOCK, *monitor.options])
        words = ["setpriv", "--pdeathsig", "KILL", "--", *machine.command(
            f"{append} limit={LIMIT} icount=1", f"file:{place / 'serial'}")]
        (place / "serial").touch()
        with open(place / "errors", "wb") as errors, subprocess.Popen(
                words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=errors, start_new_session=True) as process:
            last = threading.Timer(HANGS + 60, process.kill)
            last.start()
            try:
                status = watch(process, GuestClock(monitor),
                               place / "serial", quiet)
            finally:
                last.cancel()
                process.kill()
        log, errors = ((place / name).read_text("utf-8", "replace")
                       for name in ("serial", "errors"))
    return qemu.Boot(status, log, 0, quiet / 1000, errors)
