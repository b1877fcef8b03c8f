# SPDX-License-Identifier: MIT
# parts: test 7
"""A terminal that pauses: the shell waits for it, and nothing is lost.

The reader of the serial line stops until all buffers on the way are full.
QEMU's monitor tells when: the only CPU has halted, and console.c still holds
what the port would not take. So the guest either waits or has given up, and
what comes when the reader goes on says which.
"""
import time

import pexpect
import pytest

from tests import qemu, terminal
from tests.python import COMMAND as PYTHON
from tests.test_sessions import PROMPT, Session

# More than all buffers between the guest and us hold: 60 KB.
LONG = " ".join(["available_filter_functions"] * 9)


class Paused(Session):
    """A shell on one CPU whose terminal can stop to read."""

    def __init__(self, directory, symbols):
        self.monitor = qemu.Monitor(directory)
        self.symbols = symbols
        super().__init__(smp=1, options=self.monitor.options)
        self.monitor.connect()

    def word(self, name):
        """Of the guest's memory."""
        answer = self.monitor.command(f"x /1wx 0x{self.symbols[name]}")
        return int(answer.split(":")[1], 16)

    @staticmethod
    def wait_for(condition):
        bound = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < bound, "the guest does not get there"

    def stands_still(self):
        return self.word("unsent") and \
            "HLT=1" in self.monitor.command("info registers")

    def pause(self, line):
        """Type a line, and read nothing until that stops the guest."""
        self.child.send(line + "\r")
        self.wait_for(self.stands_still)

    def go_on(self):
        return self.wait(PROMPT, 20).replace("\r", "").partition("\n")[2]


@pytest.fixture
def shell(tmp_path, shipped_symbols):
    paused = Paused(tmp_path, shipped_symbols)
    yield paused
    assert paused.end() == qemu.OK


def test_nothing_is_lost(shell):
    whole = shell.send(f"cat {LONG}")
    count = shell.send(f"cat {LONG} | wc").split()
    assert [whole.count("\n"), len(whole)] == [int(count[0]), int(count[2])]
    shell.pause(f"cat {LONG}")
    assert shell.go_on() == whole


def test_ctrl_c_ends_the_wait(shell):
    whole = shell.send(f"cat {LONG}")
    shell.pause(f"cat {LONG}")
    shell.child.send("\x03")
    shell.wait_for(lambda: shell.word("breaks_typed"))
    part = shell.go_on()
    assert part.endswith("^C\n"), part[-200:]
    assert whole.startswith(part[:-len("^C\n")])
    assert len(part) < len(whole)
    assert shell.send("echo hello") == "hello\n"


RING = 65536  # ROOM of console_input.c, one place of it for a ^C


def test_ctrl_c_gets_through_whatever_is_typed_before(shell):
    shell.child.send("sleep 1000\r")
    shell.child.send("x" * (RING + 1000) + "\x03")
    assert shell.go_on() == "^C\n"
    assert shell.send("echo hello") == "hello\n"


def test_what_does_not_fit_is_counted_and_told(shell):
    shell.pause(f"cat {LONG}")
    shell.child.send("x" * (RING - 1 + 1000))
    shell.wait_for(lambda: shell.word("dropped") == 1000)
    text = shell.go_on()
    assert text.endswith("\nshell: 1000 bytes typed ahead were lost\n")
    shell.child.send("\x03")
    assert shell.wait(PROMPT, 20).replace("\r", "").endswith("^C\n")
    assert shell.send("echo hello") == "hello\n"


def run_py(*options, tool="tools/run.py"):
    return terminal.spawn([*PYTHON, tool, *options], timeout=30)


def attach(log):
    return run_py(log, tool="tools/attach.py")


def test_the_first_lines_say_how_to_leave_and_ctrl_a_is_the_editors(shipped):
    child = run_py("--smp", "1", "--interactive", "--kernel", shipped,
                   "--append", "mode=shell")
    child.expect_exact("run.py: to leave: exit, or Ctrl-] x at any time")
    child.expect_exact("`help` lists the commands, `exit` stops the machine.")
    child.expect_exact(PROMPT)
    child.send("cho hi\x01e\r")
    child.expect_exact("\nhi\r\n" + PROMPT)
    child.send("\x1dx")
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0 and "run.py" not in child.before


def test_a_debugged_shell_can_be_typed_at_and_its_log_stays(shipped, tmp_path):
    log = tmp_path / "debug.log"
    gdb = run_py("--smp", "1", "--gdb", "tools/nop5.gdb", "--kernel", shipped,
                 "--append", "mode=shell", "--log", log)
    gdb.expect_exact("Try: site schedule")
    gdb.sendline("log 3")
    gdb.expect("tracers  ok ")
    gdb.sendline("continue")
    line = attach(log)
    line.expect_exact("attach.py: Ctrl-] leaves")
    line.expect_exact(qemu.BANNER)
    line.expect_exact(PROMPT)
    line.send("cho typed\x01e\r")
    line.expect_exact("\ntyped\r\n" + PROMPT)
    line.send("\x1d")
    line.expect(pexpect.EOF)
    gdb.sendintr()
    gdb.expect_exact("(gdb)")
    gdb.sendline("quit")
    gdb.expect(pexpect.EOF)
    assert "typed" in log.read_text(encoding="utf-8")
    late = attach(log)
    late.expect_exact("is `make debug` running?")
