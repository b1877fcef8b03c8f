# SPDX-License-Identifier: MIT
"""A guest that serves its control tree, for tests.

It runs the shell; nobody types. The log must stay free of panics, and the guest
must answer to the end.
"""
import pathlib
import subprocess
import time

from tests import qemu
from tools.tracefs import tfs1

SERVED = "tracefs: served on the "
WORDS = "mode=shell tracefs=on poison=on"


class Guest:
    """A machine with a file server. Use it with `with`."""

    def __init__(self, directory, smp=2, line="virtio", append="", **machine):
        self.socket = pathlib.Path(directory, "tracefs")
        self.serial = pathlib.Path(directory, "serial")
        self.words = f"{WORDS} {append}"
        options = qemu.tool.tracefs_options(self.socket, line)
        self.machine = qemu.Machine(
            smp=smp, qemu=options + machine.pop("qemu", []), **machine)
        self.process = None

    def __enter__(self):
        self.serial.touch()
        command = self.machine.command(self.words, f"file:{self.serial}")
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, start_new_session=True)
        self.wait_for(lambda: SERVED in self.log())
        return self

    def __exit__(self, failed, *_):
        alive = self.process.poll() is None
        self.process.kill()
        errors = self.process.communicate()[1]
        if not failed:
            assert alive, errors.decode() + self.log()[-2000:]
            assert "panic" not in self.log(), self.log()[-4000:]
            assert "poison" not in self.log().split(SERVED)[1], self.log()

    def log(self):
        return self.serial.read_text("utf-8", errors="replace")

    def wait_for(self, condition, seconds=150):
        bound = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < bound, self.log()[-2000:]
            assert self.process.poll() is None, self.process.stderr.read()
            time.sleep(0.02)

    def client(self, **more):
        return tfs1.Client(str(self.socket), **more)
