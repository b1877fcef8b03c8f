# SPDX-License-Identifier: MIT
"""Boots something in QEMU and returns what it wrote to the serial line.

The options here are the ones that both `make bench` and `make bench-linux`
use: figures are comparable because nothing else differs.
"""

import os
import re
import subprocess
import sys

# One instruction is one nanosecond of guest time is one tick of the TSC.
ICOUNT = ["-accel", "tcg", "-icount", "shift=0,sleep=off", "-seed", "1",
          "-rtc", "base=2025-01-01,clock=vm"]
# Time is the host's; for what needs several processors, and for wall time.
TCG = ["-accel", "tcg,thread=multi"]

QEMU = "qemu-system-x86_64"
CC = os.environ.get("CC", "gcc")
VERSION = re.compile(r"\d+(\.\d+)+")
COMMON = ["-cpu", "qemu64", "-m", "1024", "-nodefaults", "-display", "none",
          "-no-reboot",
          "-serial", "stdio", "-monitor", "none",
          "-device", "isa-debug-exit,iobase=0xf4,iosize=4"]


def run(options, cpus, accel, timeout):
    """Lines of the serial output and QEMU's exit status.

    Ends this program when time is up.
    """
    argv = ["timeout", str(timeout), QEMU, *accel, *COMMON,
            "-smp", str(cpus), *options]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, check=False)
    text = done.stdout.decode(errors="replace").replace("\r", "")
    if done.returncode == 124:
        print(text[-2000:], file=sys.stderr)
        sys.exit(f"bench: QEMU was stopped after {timeout} s")
    return text.split("\n"), done.returncode


def lines_until(words, options, accel, timeout):
    """The lines that QEMU writes before one begins with these words.

    It is stopped then. Ends this program when time is up.
    """
    argv = ["timeout", str(timeout), QEMU, *accel, *COMMON, "-smp", "1",
            *options]
    lines = []
    with subprocess.Popen(argv, stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors="replace") as qemu:
        for line in qemu.stdout:
            lines.append(line.rstrip("\r\n"))
            if lines[-1].startswith(words):
                qemu.terminate()
                return lines[:-1]
    print("\n".join(lines[-25:]), file=sys.stderr)
    sys.exit(f"bench: QEMU's output ended before '{words}'")


def outside_make():
    """The environment for another make, which has nothing to do with ours."""
    return {name: value for name, value in os.environ.items()
            if name not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL",
                            "MAKEOVERRIDES")}


def first_line(*argv):
    return subprocess.run(argv, stdout=subprocess.PIPE, text=True,
                          check=True).stdout.split("\n")[0]


def versions():
    """What the figures depend on besides our own source."""
    return {name: VERSION.search(first_line(*argv)).group(0)
            for name, argv in (("gcc", (CC, "--version")),
                               ("nasm", ("nasm", "--version")),
                               ("qemu", (QEMU, "--version")))}
