# SPDX-License-Identifier: MIT
"""Boots the kernel in QEMU for a test and judges how it went.

The command line and the marks in the log are those of tools/run.py, so that
tests boot what `make run` boots.
"""
import argparse
import importlib.util
import json
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time
from dataclasses import dataclass

from tools import ktap

ROOT = pathlib.Path(__file__).resolve().parent.parent
BUILD = pathlib.Path(os.environ.get("BUILD", "build"))
BUILD = BUILD if BUILD.is_absolute() else ROOT / BUILD
# What people boot; the same objects with tests/ behind them; and all sources
# compiled with the hooks of tests/debug/.
SHIPPED, TESTS = BUILD / "nop5.elf", BUILD / "nop5-test.elf"
DEBUG = BUILD / "nop5-debug.elf"


def load_tool(name):
    path = ROOT / "tools" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"tools_{name}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load_tool("run")
OK, FAILED, PANIC = tool.OK, tool.FAILED, tool.PANIC
REFUSED = tool.REFUSED
BANNER, ENDING = tool.BANNER.decode(), tool.ENDING.decode()


@dataclass
class Boot:
    """How one run of the machine ended."""
    status: int  # QEMU's exit status, None when it had to be stopped
    log: str
    seconds: float
    timeout: float
    errors: str = ""  # what QEMU itself had to say

    def report(self):
        return ktap.parse(self.log)

    def problem(self, tests=False):
        """None, or what is wrong. tests: a KTAP plan must be carried out."""
        found = self.stopped() or tool.verdict(self.status, self.log.encode())
        report = self.report() if tests else None
        if report and report.text():
            found = "\n".join(filter(None, [found, report.text()]))
        return found and f"{found}\n{self.excerpt()}"

    def stopped(self):
        if self.status is None:
            return f"no end after {self.timeout:g} s: the kernel hangs"
        return None

    def excerpt(self):
        lines = [line for line in self.log.splitlines() if line.strip()]
        head, tail = lines[:4], lines[4:][-25:]
        gap = len(lines) - len(head) - len(tail)
        out = head + ([f"[... {gap} lines ...]"] if gap else []) + tail
        out += self.errors.splitlines()[-5:]
        return "\n".join(f"  | {line}" for line in out)

    def ok(self, tests=False):
        problem = self.problem(tests)
        assert problem is None, problem
        return self


class Machine:
    """A QEMU command line; boot() runs it to its end."""

    def __init__(self, smp=1, mem="256M", cpu="max", accel="tcg",
                 firmware="bios", kernel=None, iso=None, icount=None, qemu=()):
        extra = list(qemu)
        if icount is not None:
            extra += ["-icount", f"shift={icount},sleep=off"]
        self.kernel = kernel or (None if iso else TESTS)
        self.options = argparse.Namespace(
            smp=str(smp), mem=mem, cpu=cpu, accel=accel, firmware=firmware,
            kernel=self.kernel and str(self.kernel), iso=iso and str(iso),
            qemu=extra, append="")

    def command(self, append, serial):
        self.options.append = append
        return tool.command(self.options, serial)

    def boot(self, append="", timeout=60):
        with tempfile.TemporaryDirectory(prefix="nop5-") as directory:
            path = pathlib.Path(directory, "serial")
            path.touch()
            began = time.monotonic()
            status, errors = run(self.command(append, f"file:{path}"), timeout)
            seconds = time.monotonic() - began
            log = path.read_text(encoding="utf-8", errors="replace")
        return Boot(status, log, seconds, timeout, errors)


class Monitor:
    """QEMU's machine protocol: boot with the options, then connect()."""

    def __init__(self, directory):
        self.path = str(directory / "qmp")
        self.options = ["-qmp", f"unix:{self.path},server=on,wait=off"]
        self.file = None

    def connect(self):
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(self.path)
            self.file = sock.makefile("rw", encoding="utf-8")
        self.file.readline()
        self.ask("qmp_capabilities")

    def ask(self, command, **arguments):
        request = {"execute": command, "arguments": arguments}
        self.file.write(json.dumps(request) + "\n")
        self.file.flush()
        while "return" not in (answer := json.loads(self.file.readline())):
            assert "error" not in answer, answer
        return answer["return"]

    def command(self, line):
        """What the monitor for people answers."""
        return self.ask("human-monitor-command", **{"command-line": line})


def run(command, timeout):
    """Status (None: had to be killed) and stderr. Leaves nothing behind."""
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, start_new_session=True)
    try:
        _, errors = process.communicate(timeout=timeout)
        return process.returncode, errors
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return None, process.communicate()[1]
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
