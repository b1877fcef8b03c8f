# SPDX-License-Identifier: MIT
# parts: test-all 10
"""Commands whose tracing is the guest's: the namespace they get
(tools/tracefs/inside.py), the guest behind it (tools/tracefs/guest.py), and how
all of it ends. Needs root, /dev/fuse and a host with tracefs."""
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time

import pytest

from tests import qemu, terminal
from tests.python import COMMAND as PYTHON
from tests.test_tracefs_mount import soon
from tests.tfs1_double import Double
from tools.tracefs import guest, inside, mounts

needs_all = pytest.mark.skipif(mounts.missing() is not None,
                               reason=str(mounts.missing()))
INSIDE = qemu.ROOT / "tools/tracefs/inside.py"
GUEST = qemu.ROOT / "tools/tracefs/guest.py"
TREE = {"current_tracer": b"nop\n", "stack_tracer_enabled": b"0\n",
        "kallsyms": b"ffffffff80000000 T a_function\n",
        **{f"per_cpu/cpu{i}/stats": b"" for i in range(3)}}


@pytest.fixture(scope="module")
def program():
    """The FUSE program."""
    path = qemu.BUILD / "fuse/nop5fs"
    subprocess.run(["make", "-s", f"BUILD={qemu.BUILD}", str(path)],
                   cwd=qemu.ROOT, check=True, timeout=120)
    return path


def run(command, **options):
    return subprocess.run(command, cwd=qemu.ROOT, text=True, timeout=200,
                          capture_output=True, check=False, **options)


# What a launcher mounts, and where: other programs, and other tests that run
# at the same time, mount what they want elsewhere.
OURS = re.compile(r"/(sys|proc|var/tmp)\b|" + re.escape(
    os.path.join(tempfile.gettempdir(), "nop5-")))


def mount_lines():
    return [mount for mount in mounts.listed() if OURS.match(mount.path)]


# ---- the namespace -----------------------------------------------------------

@pytest.fixture
def tree(program, tmp_path):
    """A mounted tree in memory."""
    with Double(TREE) as double:
        with subprocess.Popen([program, double.path, str(tmp_path)], text=True,
                              stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            try:
                yield tmp_path
            finally:
                process.terminate()
    mounts.undo(tmp_path)


def within(tree, script):
    done = run([*PYTHON, INSIDE, "--tree", str(tree), "--", "sh", "-c",
                script])
    assert done.returncode == 0 and not done.stderr, done
    return done.stdout


@needs_all
@pytest.mark.parametrize("script, output", [
    ("ls /sys/kernel/tracing", "current_tracer\nkallsyms\nper_cpu\n"
     "stack_tracer_enabled\n"),
    ("ls /sys/kernel/debug", "tracing\n"),
    ("cat /sys/kernel/debug/tracing/current_tracer", "nop\n"),
    ("cat /proc/kallsyms", "ffffffff80000000 T a_function\n"),
    ("getconf _NPROCESSORS_CONF; getconf _NPROCESSORS_ONLN", "3\n3\n"),
    ("cat /sys/devices/system/cpu/possible", "0-2\n"),
    ("echo 1 > /proc/sys/kernel/stack_tracer_enabled; "
     "cat /sys/kernel/tracing/stack_tracer_enabled", "1\n"),
    ("cat /proc/sys/kernel/ostype", "Linux\n"),
    ("ls /var/tmp", ""),
    # What libtracefs looks for, and what Linux's own tests do.
    ("awk '$3 == \"tracefs\" { print $2 }' /proc/mounts",
     "/sys/kernel/tracing\n"),
    ("ls $(grep tracefs /proc/mounts | cut -f2 -d' ' | head -1)",
     "current_tracer\nkallsyms\nper_cpu\nstack_tracer_enabled\n"),
])
def test_what_a_command_sees_is_the_guests(tree, script, output):
    assert within(tree, script) == output


@needs_all
def test_the_host_is_not_touched(tree):
    """With a real tracefs mounted elsewhere, too, which must not be seen."""
    before, values = mount_lines(), {}
    for path in pathlib.Path("/proc/sys/kernel").iterdir():
        if path.is_file() and os.access(path, os.R_OK) and not re.search(
                "random|ns_last_pid|pty|perf_event_max_sample_rate",
                path.name):  # these change by themselves
            values[path] = path.read_bytes()
    other = tree.parent / "other"
    other.mkdir()
    # In a namespace in which there is one more way to the host's tracing.
    script = f'mount -t tracefs other {other} && exec "$0" "$@"'
    found = run(["unshare", "--mount", "--propagation", "private", "sh", "-c",
                 script, *PYTHON, INSIDE, "--tree", str(tree), "--", "sh",
                 "-c", f"ls {other}; echo 0 > /proc/sys/kernel/kptr_restrict; "
                 "echo 0 > /proc/sys/kernel/ftrace_enabled; "
                 "echo -1 > /proc/sys/kernel/sched_rt_runtime_us; "
                 "echo function > /sys/kernel/tracing/current_tracer; "
                 "touch /var/tmp/.ftrace-lock"])
    assert found.returncode == 0 and found.stdout == "", found
    assert mount_lines() == before
    assert {path: path.read_bytes() for path in values} == values
    assert not os.path.exists("/var/tmp/.ftrace-lock")


@needs_all
def test_the_shield_is_checked(monkeypatch):
    """Negative control: a tracefs that is left is found."""
    left = mounts.Mount("tracefs", "/proc", "tracefs")
    monkeypatch.setattr(mounts, "listed", lambda: [left])
    with pytest.raises(inside.Refused, match="/proc would still be the host"):
        inside.check_shield()


@needs_all
def test_the_tree_of_another_guest_is_hidden(program, tree):
    """The first line of /proc/mounts with the word tracefs, which Linux's own
    tests take, names this guest, though another was mounted before it."""
    other = tree.parent / "another"
    other.mkdir()
    with Double(TREE | {"current_tracer": b"other\n"}) as double:
        with subprocess.Popen(
                [program, double.path, str(other)], text=True,
                stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            try:
                found = within(
                    other, "at=$(grep tracefs /proc/mounts | cut -f2 -d' ' | "
                    "head -1); echo $at; cat $at/current_tracer; "
                    f"ls {other} {tree}; grep -c {tree.parent} "
                    "/proc/mounts; true")
                assert mounts.alive(other) and mounts.alive(tree)
            finally:
                process.terminate()
    mounts.undo(other)
    assert found.splitlines()[:2] == ["/sys/kernel/tracing", "other"], found
    assert "current_tracer" not in found and found.endswith("\n0\n"), found


@needs_all
def test_a_tree_of_another_guest_that_is_left_is_found(monkeypatch):
    """Negative control of the test above."""
    left = mounts.Mount(mounts.SOURCE, "/proc", mounts.TYPE)
    monkeypatch.setattr(mounts, "listed", lambda: [left])
    with pytest.raises(inside.Refused, match="/proc would still be another"):
        inside.check_shield()


@needs_all
def test_it_refuses_where_no_guest_is_mounted(tmp_path, tree):
    for path, words in ((tmp_path / "none", "no guest's tree is mounted at"),
                        ("/sys/kernel/tracing", "no guest's tree is mounted")):
        done = run([*PYTHON, INSIDE, "--tree", str(path), "--", "true"])
        assert done.returncode == 1 and words in done.stderr
        assert len(done.stderr.splitlines()) == 1
    done = run([*PYTHON, INSIDE, "--tree", str(tree), "--", "no-such-program"])
    assert done.returncode == 127
    assert "no-such-program: there is no such program" in done.stderr
    done = run([*PYTHON, INSIDE, "--tree", str(tree)])
    assert done.returncode == 1 and "no command is given" in done.stderr


# ---- what is missing ---------------------------------------------------------

@pytest.mark.parametrize("name, value, words", [
    ("geteuid", lambda: 1000, "needs root"),
    ("path.exists", lambda path: False, "needs /dev/fuse, and it is not there"),
    ("open", lambda *_: os.close(-1), "needs /dev/fuse, and it cannot be"),
])
def test_what_is_missing_is_one_sentence(monkeypatch, name, value, words):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(os.path, "exists", lambda path: True)
    monkeypatch.setattr(f"os.{name}", value)
    sentence = mounts.missing(tracefs=False)
    assert words in sentence and "\n" not in sentence


@needs_all
@pytest.mark.parametrize("hide, words", [
    ("mount -t tmpfs none /dev", "needs /dev/fuse, and it is not there"),
    ("mount --bind /dev/null /proc/filesystems", "the kernel of this host has "
     "none"),
])
@pytest.mark.parametrize("goal", ["trace-cmd", "host", "kernelshark"])
def test_a_host_without_it_is_told_so(program, hide, words, goal):
    """By make itself, which then fails."""
    script = f"{hide} && make -s BUILD={qemu.BUILD} {goal}"
    done = run(["unshare", "--mount", "--propagation", "private", "sh", "-c",
                script])
    assert done.returncode == 2, done
    assert words in done.stderr
    assert len(re.findall("^guest.py:", done.stderr, re.M)) == 1


# ---- a guest -----------------------------------------------------------------

@pytest.fixture
def build(program, tmp_path):
    """A build directory in which only a tree is mounted."""
    (tmp_path / "fuse").symlink_to(program.parent)
    yield tmp_path
    mounts.undo(tmp_path / "tracefs")


def command(*words, what="run", kernel=qemu.SHIPPED, append="", line="virtio"):
    return [*PYTHON, str(GUEST), what, "--smp", "2", "--kernel", str(kernel),
            f"--append={append}", "--tracefs-line", line,
            *(["--", *words] if what == "run" else [])]


def run_guest(build, *words, **options):
    return run(command(*words, **options), env=os.environ | {"BUILD":
                                                             str(build)})


@needs_all
def test_a_command_has_a_guest_of_its_own(build):
    before = mount_lines()
    done = run_guest(build, "sh", "-c", "cd /sys/kernel/tracing; "
                     "echo function > current_tracer; cat current_tracer; "
                     "getconf _NPROCESSORS_CONF; echo x > current_tracer; "
                     "exit 7")
    assert done.returncode == 7
    assert done.stdout == "function\n2\n"
    assert mount_lines() == before
    assert not list(build.glob("tracefs*"))  # nothing is left


@needs_all
def test_com2_carries_the_mounted_tree(build):
    """The fallback, through FUSE: text, writes, the caller, a refusal, and as
    much as a serial port takes a while for."""
    done = run_guest(
        build, "sh", "-c", "cd /sys/kernel/tracing; cat current_tracer; "
        "echo mutex_lock > set_ftrace_filter; cat set_ftrace_filter; "
        "echo nosuch | tee current_tracer; echo over COM2 > trace_marker; "
        "grep -c 'sh-.*over COM2' trace; "
        "wc -l < available_filter_functions; ls events | head -1",
        line="com2")
    lines = done.stdout.splitlines()
    assert lines[:4] == ["nop", "mutex_lock", "nosuch", "1"], done
    assert int(lines[4]) > 500 and lines[5:] == ["enable"]
    assert "Invalid argument" in done.stderr


@needs_all
def test_two_commands_do_not_disturb_each_other(build):
    script = ("cd /sys/kernel/tracing; echo hello-$0 > trace_marker; sleep 1; "
              "grep -o 'hello.*' trace")
    children = [subprocess.Popen(
        command("sh", "-c", script, str(nr)), stdout=subprocess.PIPE,
        text=True, env=os.environ | {"BUILD": str(build)}) for nr in range(2)]
    assert [child.communicate(timeout=200)[0] for child in children] == [
        "hello-0\n", "hello-1\n"]


class Running:
    """A command that runs, and its guest, which crashes on command."""

    def __init__(self, build, *words):
        self.child = subprocess.Popen(
            command("sh", "-c", *words, kernel=qemu.TESTS), cwd=qemu.ROOT,
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=os.environ | {"BUILD": str(build)})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.communicate()

    def crash(self):
        """By a line for the guest's shell, which is QEMU's standard input."""
        guests = [pid for pid, name in descendants(self.child.pid).items()
                  if name.startswith("qemu-system")]
        assert len(guests) == 1, guests
        with open(f"/proc/{guests[0]}/fd/0", "wb", buffering=0) as line:
            line.write(b"crash null\n")

    def end(self):
        """(status, output, errors)"""
        output, errors = self.child.communicate(timeout=200)
        return self.child.returncode, output, errors


@needs_all
def test_a_panic_is_printed_and_fails(build):
    with Running(build, "echo ready; cat /sys/kernel/tracing/trace_pipe; "
                 "cat /sys/kernel/tracing/tracing_on; exit 0") as running:
        assert running.child.stdout.readline() == "ready\n"
        running.crash()
        status, _, errors = running.end()
    assert status == qemu.PANIC, errors
    assert errors.count("Input/output error") == 2
    assert "write to an unmapped page at 0x8 (null pointer)" in errors
    assert "crash_null" in errors
    assert errors.splitlines()[-1] == "guest.py: the guest has panicked"


@needs_all
def test_a_panic_at_boot_is_printed_and_fails(build):
    done = run_guest(build, "true", kernel=qemu.TESTS,
                     append="mode=crash crash=null tracefs=off")
    assert done.returncode == qemu.PANIC, done
    assert "crash_null" in done.stderr


@needs_all
def test_a_command_that_does_not_end_is_ended(build):
    """It neither fails by the errors it gets, nor ends at SIGTERM."""
    with Running(build, "trap '' TERM; echo ready; while :; do "
                 "cat /sys/kernel/tracing/tracing_on 2>&1; sleep 0.5; "
                 "done") as running:
        assert running.child.stdout.readline() == "ready\n"
        began = time.monotonic()
        running.crash()
        status, output, errors = running.end()
    assert status == qemu.PANIC, errors
    assert "Input/output error" in output
    assert time.monotonic() - began > 2 * guest.GRACE


def processes():
    """{pid: (parent, name)}"""
    found = {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            text = path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        head, _, rest = text.rpartition(")")
        pid, _, name = head.partition(" (")
        found[int(pid)] = int(rest.split()[1]), name
    return found


def descendants(pid):
    """{pid: name} of the processes that come from one."""
    every, found, again = processes(), {pid}, True
    while again:
        more = {key for key, (parent, _) in every.items()
                if parent in found} - found
        again = bool(more)
        found |= more
    return {key: every[key][1] for key in found - {pid}}


def is_gone(pid):
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return True
    return text.rpartition(")")[2].split()[0] == "Z"


@needs_all
@pytest.mark.parametrize("number, status", [
    (signal.SIGINT, 130), (signal.SIGTERM, 1), (signal.SIGKILL, -9)])
def test_no_end_leaves_a_process_or_a_mount(build, number, status):
    before = mount_lines()
    with subprocess.Popen(
            command("sh", "-c", "echo ready; exec sleep 100"), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True,
            env=os.environ | {"BUILD": str(build)}) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            soon(lambda: {"nop5fs", "sleep"} <
                 set(descendants(child.pid).values()))
            children = descendants(child.pid)
            if number == signal.SIGINT:
                os.killpg(child.pid, number)  # as a terminal does
            else:
                child.send_signal(number)
            assert child.wait(100) == status
        finally:
            child.kill()
    soon(lambda: all(is_gone(pid) for pid in children))
    assert mount_lines() == before


# ---- make tracefs ------------------------------------------------------------

class Shell:
    """`make tracefs` on a terminal."""

    def __init__(self, build, **options):
        self.child = terminal.spawn(
            ["env", f"BUILD={build}", *command(what="shell", **options)],
            timeout=200)
        self.child.expect_exact("its tree is at")
        self.tree = build / "tracefs"

    def send(self, line):
        self.child.send(line + "\r")
        self.child.expect_exact(line)  # not the prompt of the line before
        self.child.expect_exact("nop5# ")
        return self.child.before.replace("\r", "").partition("\n")[2]

    def end(self):
        self.child.send("exit\r")
        self.child.expect(terminal.pexpect.EOF)
        self.child.close()
        return self.child.exitstatus


@needs_all
def test_the_shell_and_its_tree_are_one(build):
    shell = Shell(build)
    shell.send("")
    shell.send("echo function > current_tracer")
    assert (shell.tree / "current_tracer").read_text() == "function\n"
    done = run_guest(build, "sh", "-c", "cat /sys/kernel/tracing/"
                     "current_tracer; echo nop > /sys/kernel/tracing/"
                     "current_tracer")
    assert (done.returncode, done.stdout) == (0, "function\n"), done
    assert shell.send("cat current_tracer") == "nop\n"
    second = run_guest(build, what="shell")
    assert second.returncode == 1
    assert f"another guest is at {shell.tree}" in second.stderr
    cleaned = run(["make", "-s", f"BUILD={build}", "clean"])
    assert cleaned.returncode == 2
    assert "a guest's tree is mounted at" in cleaned.stderr
    assert (build / "fuse").exists()
    assert shell.end() == 0
    assert not mounts.tree_at(shell.tree)
    cleaned = run(["make", "-s", f"BUILD={build}", "clean"])
    assert cleaned.returncode == 0 and not build.exists()


@needs_all
def test_nothing_walks_into_a_mounted_tree(program):
    """What goes through the project's files is not to go through the guest's:
    with a tree in the build directory it asks the guest nothing."""
    path = qemu.BUILD / "walked"
    path.mkdir(parents=True, exist_ok=True)
    with Double({"DESIGN.md": b"", "x.c": b"", "x.py": b""}) as double:
        with subprocess.Popen([program, double.path, str(path)], text=True,
                              stdout=subprocess.PIPE) as process:
            process.stdout.readline()
            try:
                done = [run([*PYTHON, "tests/lint/lint.py", "text", "size"]),
                        run([*PYTHON, "-m", "pytest", "-q", "-p",
                             "no:cacheprovider", "tests/test_house.py"])]
            finally:
                process.terminate()
    path.rmdir()
    for one in done:
        assert "ok" in one.stdout or "passed" in one.stdout, one
    assert [asked.payload for asked in double.asked[1:]] == []


@needs_all
def test_a_panic_of_the_shells_guest(build):
    shell = Shell(build, kernel=qemu.TESTS)
    with Running(build, "echo ready; "
                 "cat /sys/kernel/tracing/trace_pipe") as running:
        assert running.child.stdout.readline() == "ready\n"
        shell.child.send("crash null\r")
        status, _, errors = running.end()
    assert status == qemu.PANIC, errors
    assert "crash_null" in errors
    assert errors.splitlines()[-1] == "guest.py: the guest has panicked"
    shell.child.expect(terminal.pexpect.EOF)
    shell.child.close()
    assert shell.child.exitstatus == qemu.PANIC
    assert not mounts.tree_at(shell.tree)


@needs_all
def test_what_a_killed_guest_left_is_cleaned_up_by_the_next(build):
    shell = Shell(build)
    children = descendants(shell.child.pid)
    program = [pid for pid, name in children.items() if name == "nop5fs"]
    os.kill(program[0], signal.SIGKILL)
    shell.child.kill(signal.SIGKILL)
    shell.child.wait()
    shell.child.close()
    soon(lambda: all(is_gone(pid) for pid in children))
    assert mounts.tree_at(shell.tree) and not mounts.alive(shell.tree)
    again = Shell(build)
    assert (again.tree / "tracing_on").read_text() == "1\n"
    assert again.end() == 0
    assert not mounts.tree_at(again.tree)
