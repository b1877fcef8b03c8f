# SPDX-License-Identifier: MIT
# parts: test 5
"""Sessions: lines typed at the shell over the serial line, and what must come.

A file tests/sessions/NAME.session holds cases, each beginning with NAME:

    NAME a pattern that fits nothing is refused
    SEND echo nosuch > set_ftrace_filter
    EXPECT Invalid argument
    SEND cat error_log
    EXPECT_NONE ^$

SEND types a line and waits for the prompt; KEYS types characters (\\x03, \\t)
without waiting; WAIT waits for a pattern. EXPECT and EXPECT_NONE are Python
regular expressions over what the last SEND (or KEYS) printed, line by line;
TEXT is a line that must stand there literally. TIMEOUT is in seconds, for the
case. Before each case the tree is put back to how it is after boot.
"""
import pathlib
import re

import pexpect
import pytest

from tests import qemu, terminal

FOLDER = pathlib.Path(__file__).parent / "sessions"
PROMPT = "nop5# "
RESET = [
    "echo nop > current_tracer", "echo > set_ftrace_filter",
    "echo > set_ftrace_notrace", "echo > set_ftrace_pid",
    "echo > set_graph_function", "echo > set_graph_notrace",
    "echo 0 > max_graph_depth", "echo local > trace_clock",
    "echo ffffffffffffffff > tracing_cpumask", "echo 1 > tracing_on",
    "echo > error_log", "stress 0",
]


def cases(path):
    """[(name, [(verb, argument, line number)])] of a file."""
    found = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        verb, _, argument = line.partition(" ")
        if verb == "NAME":
            found.append((argument, []))
        else:
            assert found, f"{path.name}:{number}: no NAME before this line"
            found[-1][1].append((verb, argument, number))
    return found


class Session:
    """A booted shell, in the image that people boot."""

    def __init__(self, smp=2, options=()):
        machine = qemu.Machine(smp=smp, kernel=qemu.SHIPPED, qemu=options)
        # Not plain stdio: there QEMU itself would end at ^C.
        command = machine.command("mode=shell", "chardev:tty")
        command += ["-chardev", "stdio,id=tty,signal=off"]
        self.child = terminal.spawn(command, timeout=20,
                                    codec_errors="replace")
        self.child.delaybeforesend = None
        self.settled, self.marks = True, 0
        self.wait(PROMPT, 40)
        self.output = ""

    def wait(self, text, timeout):
        """What came before the text. Not sound if it does not come."""
        self.sound = False
        self.child.expect_exact(text, timeout=timeout)
        self.sound = True
        return self.child.before

    def send(self, line, timeout=20):
        """Type a line; what it printed, without its echo."""
        self.settle()
        self.child.send(line + "\r")
        text = self.wait(PROMPT, timeout).replace("\r", "")
        self.output = text.partition("\n")[2]
        return self.output

    def settle(self):
        """After keys there may be any number of prompts: find the last."""
        if self.settled:
            return
        self.marks += 1
        self.child.send(f"echo in step {self.marks}\r")
        self.wait(f"\nin step {self.marks}\r\n{PROMPT}", 20)
        self.settled = True

    def keys(self, text):
        self.output = ""
        self.settled = False
        self.child.send(text.encode().decode("unicode_escape"))

    def until(self, pattern, timeout):
        self.sound = False
        self.child.expect(pattern, timeout=timeout)
        self.sound = True
        self.output += (self.child.before + self.child.after).replace("\r", "")

    def end(self):
        self.child.send("exit\r")
        self.child.expect(pexpect.EOF, timeout=20)
        self.child.close()
        return self.child.exitstatus


def judge(verb, argument, output):
    """None, or why the output is not what was expected."""
    if verb == "TEXT":
        if argument not in output.split("\n"):
            return "no such line"
    elif verb == "EXPECT":
        if not re.search(argument, output, re.MULTILINE):
            return "not found"
    elif verb == "EXPECT_NONE":
        if re.search(argument, output, re.MULTILINE):
            return "found"
    else:
        return "no such verb"
    return None


def play(session, name, steps):
    timeout = 20
    for verb, argument, number in steps:
        if verb == "TIMEOUT":
            timeout = float(argument)
        elif verb == "SEND":
            session.send(argument, timeout)
        elif verb == "KEYS":
            session.keys(argument)
        elif verb == "WAIT":
            session.until(argument, timeout)
        else:
            why = judge(verb, argument, session.output)
            assert why is None, (f"{name}, line {number}: {verb} {argument}: "
                                 f"{why} in\n{session.output}")


@pytest.fixture(scope="module")
def shells():
    """One boot serves all cases, until one of them breaks it."""
    alive = []
    yield alive
    for booted in alive:
        assert booted.end() == qemu.OK


@pytest.fixture
def session(shells):
    if not shells:
        shells.append(Session())
    booted = shells.pop()
    yield booted
    if booted.sound:
        shells.append(booted)
    else:
        booted.child.close(force=True)


@pytest.mark.parametrize("path,name,steps", [
    pytest.param(path, name, steps, id=f"{path.stem}: {name}")
    for path in sorted(FOLDER.glob("*.session"))
    for name, steps in cases(path)])
def test_session(session, path, name, steps):
    for line in RESET:
        session.send(line)
    play(session, f"{path.name}: {name}", steps)


def test_a_long_line_runs_whole(session):
    """Names and triggers as people write them on Linux."""
    names = session.send("head -n 30 available_filter_functions").split()
    line = f"echo {' '.join(names)} > set_ftrace_filter"
    assert len(line) > 300
    assert session.send(line) == ""
    assert session.send("cat set_ftrace_filter").split() == names
    session.send("echo > set_ftrace_filter")
    text = "x" * (1023 - len("echo "))
    assert session.send(f"echo {text}") == text + "\n"
    words = " a" * 509  # as many as a line has room for
    assert session.send("echo" + words) == words[1:] + "\n"


def test_a_long_probe_is_shown_whole(session):
    """What is written, and what kprobe_events makes of it: 1,000 bytes."""
    arguments = " ".join(f"value{i:03}=%di" for i in range(60))
    said = session.send(f"probe demo_step {arguments}").splitlines()
    assert said[0] == f"echo 'p demo_step {arguments}' >> kprobe_events"
    assert said[1].startswith("p:kprobes/p_demo_step_0 demo_step")
    assert said[1].endswith(arguments) and len(said) == 2
    short = session.send("probe kmalloc value=%di").splitlines()
    assert short[1].endswith("kmalloc value=%di")
    session.send("echo > kprobe_events")


def test_a_longer_line_does_not_run_at_all(session):
    for letters in (1024 - len("echo "), 5000):
        said = session.send(f"echo {'x' * letters} > set_ftrace_filter")
        assert said == (f"shell: echo {'x' * 35}...: a line has 1023 "
                        "characters at most\n")


def test_a_wrong_expectation_fails(session):
    """The judge can say no."""
    session.send("echo hello")
    assert judge("TEXT", "hello", session.output) is None
    assert judge("TEXT", "hell", session.output)
    assert judge("EXPECT", "^hello$", session.output) is None
    assert judge("EXPECT", "^ello", session.output)
    assert judge("EXPECT_NONE", "ell", session.output)
    assert judge("EXPECT_NON", "x", session.output)
