# SPDX-License-Identifier: MIT
# parts: test 3
"""The FUSE program (tools/tracefs/nop5fs.c), built with sanitizers, in front of
a tree in memory (tests/tfs1_double.py). Needs root and /dev/fuse."""
import contextlib
import errno
import fcntl
import os
import pathlib
import select
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

import pytest

from tests import qemu
from tests.tfs1_double import Double, Stream
from tools.tracefs import mounts, tfs1

pytestmark = pytest.mark.skipif(mounts.missing(tracefs=False) is not None,
                                reason=str(mounts.missing(tracefs=False)))

PROGRAM = qemu.BUILD / "fuse/nop5fs-check"
RAW = "per_cpu/cpu0/trace_pipe_raw"
TREE = {"tracing_on": b"1\n", "trace": b"".join(b"line %d\n" % i
                                               for i in range(40000)),
        "set_ftrace_filter": b"", "trace_pipe": Stream, RAW: Stream,
        "instances/": None,
        **{f"events/sched/event{i}/enable": b"0\n" for i in range(300)}}


@pytest.fixture(scope="module", autouse=True)
def program():
    subprocess.run(["make", "-s", f"BUILD={qemu.BUILD}", str(PROGRAM)],
                   cwd=qemu.ROOT, check=True, timeout=120)


class Mounted:
    """A double with the program in front of it, mounted at .path."""

    def __init__(self, path, *options, env=None):
        self.path = path
        self.env = env
        self.double = Double({name: Stream() if value is Stream else value
                              for name, value in TREE.items()})
        self.options = options

    def __enter__(self):
        self.double.__enter__()
        self.process = subprocess.Popen(
            [PROGRAM, *self.options, self.double.path, self.path],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(self.env or {})})
        self.line = self.process.stdout.readline()
        assert self.line.startswith(
            "mounted, 4 CPUs, build double"), self.process.communicate()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            output = self.process.communicate(timeout=100)
        finally:
            self.process.kill()
            mounts.undo(self.path)
            self.double.__exit__()
        assert self.process.returncode == 0, output
        assert output[1] == ""
        assert not mounts.tree_at(self.path)

    def shell(self, text, status=0):
        done = subprocess.run(["sh", "-c", text], cwd=self.path, text=True,
                              capture_output=True, timeout=100, check=False)
        assert done.returncode == status, done
        return done.stdout


@pytest.fixture
def tree(tmp_path):
    with Mounted(tmp_path) as mounted:
        yield mounted


def refused(number, function, *arguments):
    with pytest.raises(OSError) as found:
        function(*arguments)
    assert found.value.errno == number, found.value


def splice(file, count):
    """What splice() brings."""
    reader, writer = os.pipe()
    try:
        return os.read(reader, os.splice(file, writer, count) or 1)
    finally:
        os.close(reader)
        os.close(writer)


def soon(condition, seconds=100):
    """Waits for another thread or process; loud when it never comes."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.01)


# ---- the tree ----------------------------------------------------------------

def test_names_types_and_modes(tree):
    assert sorted(os.listdir(tree.path)) == sorted(
        {name.split("/")[0] for name in TREE})
    events = os.listdir(tree.path / "events/sched")
    assert sorted(events) == sorted(f"event{i}" for i in range(300))
    assert len(tree.double.requests(tfs1.READDIR)) > 3  # in several pieces
    assert tree.shell("ls -a instances").split() == [".", ".."]
    assert os.stat(tree.path / "tracing_on").st_mode == stat.S_IFREG | 0o644
    assert os.stat(tree.path / "events").st_mode == stat.S_IFDIR | 0o755
    assert (os.stat(tree.path / "events").st_ino ==
            tree.double.inode("events"))
    refused(errno.ENOENT, os.stat, tree.path / "nosuch")


def test_directories_are_made_and_removed(tree):
    instances = tree.path / "instances"
    (instances / "a").mkdir(0o750)
    assert tree.double.requests(tfs1.MKDIR)[0].count == 0o750
    refused(errno.EEXIST, (instances / "a").mkdir)
    assert os.listdir(instances) == ["a"]
    (instances / "a").rmdir()
    refused(errno.ENOENT, (instances / "a").rmdir)
    refused(errno.EPERM, (tree.path / "b").mkdir)
    refused(errno.EPERM, (tree.path / "events").rmdir)


def test_a_directory_made_again_is_another_one_NT2(tree):
    again = tree.path / "instances/a"
    again.mkdir()
    held = os.open(again, os.O_RDONLY)
    first = os.fstat(held).st_ino
    again.rmdir()
    again.mkdir()
    assert os.stat(again).st_ino != first
    refused(errno.ENOENT, os.fstat, held)
    os.close(held)


@pytest.mark.parametrize("command, words", [
    ("echo x > nosuch", "Permission denied"),
    ("rm tracing_on", "Operation not permitted"),
    ("mv tracing_on b", "Operation not permitted"),
    ("ln tracing_on b", "Operation not permitted"),
    ("ln -s tracing_on b", "Operation not permitted"),
    ("mkfifo b", "Operation not permitted"),
    ("chmod 777 tracing_on", "Operation not permitted"),
    ("chown 1 tracing_on", "Operation not permitted"),
    ("cat nosuch", "No such file or directory"),
    ("cat events", "Is a directory"),
    ("cat tracing_on/x", "Not a directory"),
    ("truncate -s 5 tracing_on", "Invalid argument"),
    (f"cat {'a' * 250}/{'b' * 250}", "No such file or directory"),
])
def test_a_refusal_has_the_errno_of_tracefs_OP1(tree, command, words):
    done = subprocess.run(["bash", "-c", command], cwd=tree.path, text=True,
                          capture_output=True, timeout=100, check=False)
    assert done.returncode and words in done.stderr
    assert tree.shell("cat tracing_on") == "1\n"


# ---- text --------------------------------------------------------------------

def test_text_is_read_at_any_position(tree):
    whole = TREE["trace"]
    assert (tree.path / "trace").read_bytes() == whole
    file = os.open(tree.path / "trace", os.O_RDONLY)
    assert os.pread(file, 10, 100000) == whole[100000:100010]
    assert os.read(file, 7) == whole[:7]
    os.lseek(file, 5, os.SEEK_SET)
    assert os.read(file, 7) == whole[5:12]
    os.close(file)
    assert tree.shell("dd if=set_ftrace_filter bs=1 status=none") == ""
    assert tree.shell("dd if=tracing_on bs=1 status=none") == "1\n"


def test_write_truncates_appends_and_tells_an_errno(tree):
    tree.shell("echo one > set_ftrace_filter; echo two >> set_ftrace_filter")
    assert tree.shell("cat set_ftrace_filter") == "one\ntwo\n"
    flags = [asked.flags for asked in tree.double.requests(tfs1.OPEN)]
    assert flags == [tfs1.F_WRITE | tfs1.F_TRUNC, tfs1.F_WRITE, tfs1.F_READ]
    tree.shell(": > set_ftrace_filter")
    assert tree.shell("cat set_ftrace_filter") == ""
    file = os.open(tree.path / "set_ftrace_filter", os.O_RDWR)
    refused(errno.EINVAL, os.write, file, b"EINVAL")
    refused(errno.EBUSY, os.write, file, b"EBUSY")
    assert os.write(file, b"x" * 200000) == 200000
    os.close(file)
    assert tree.shell("cat set_ftrace_filter") == "x" * 200000
    os.truncate(tree.path / "set_ftrace_filter", 0)
    assert tree.shell("cat set_ftrace_filter") == ""


def test_what_was_written_is_seen_behind_its_close(tree):
    """A filter takes effect at CLOSE, for which the kernel does not wait."""
    path = tree.path / "set_ftrace_filter"
    for i in range(200):
        path.write_text(f"{i}\n")
        assert path.read_text() == f"{i}\n"


def test_nothing_is_kept_OP2(tree):
    """What changes by itself, as a guest's files do, is seen at once: a text,
    a name that comes, and one that goes."""
    events = tree.path / "events"
    tree.double.files["events/now"] = b"1\n"
    assert (events / "now").read_text() == "1\n"
    assert "now" in os.listdir(events)
    tree.double.files["events/now"] = b"22\n"
    assert (events / "now").read_text() == "22\n"
    del tree.double.files["events/now"]
    refused(errno.ENOENT, os.stat, events / "now")
    assert "now" not in os.listdir(events)


def test_the_caller_is_told(tree, tmp_path_factory):
    program = tmp_path_factory.mktemp("bin") / "a name) of 15 c"
    shutil.copy(shutil.which("cat"), program)
    with subprocess.Popen([program, tree.path / "trace_pipe"]) as child:
        soon(lambda: tree.double.waiting)
        child.kill()
    asked = [one for one in tree.double.requests(tfs1.OPEN)
             if one.payload == b"trace_pipe"][0]
    assert (asked.pid, asked.ppid) == (child.pid, os.getpid())
    assert asked.comm == "a name) of 15 c"
    (tree.path / "tracing_on").read_text()
    asked = tree.double.requests(tfs1.OPEN)[-1]
    assert (asked.pid, asked.ppid) == (threading.get_native_id(),
                                       os.getppid())


# ---- waiting -----------------------------------------------------------------

@contextlib.contextmanager
def ends(child):
    """A test that fails must not wait for its child."""
    try:
        yield
    except BaseException:
        child.kill()
        raise


def test_an_interrupt_cancels_a_read_and_loses_nothing(tree):
    file = os.open(tree.path / "trace_pipe", os.O_RDONLY)
    program = ("import os, signal, sys\n"
               "file = int(sys.argv[1])\n"
               "def tell(*_): raise InterruptedError\n"
               "signal.signal(signal.SIGALRM, tell)\n"
               "try: print(os.read(file, 100))\n"
               "except InterruptedError: print('interrupted')\n"
               "print(os.read(file, 100))\n")
    with subprocess.Popen([sys.executable, "-uc", program, str(file)],
                          pass_fds=[file], text=True,
                          stdout=subprocess.PIPE) as child, ends(child):
        soon(lambda: tree.double.requests(tfs1.READ))
        child.send_signal(signal.SIGALRM)
        assert child.stdout.readline() == "interrupted\n"
        read, = tree.double.requests(tfs1.READ)[:1]
        cancel, = tree.double.requests(tfs1.CANCEL)
        assert cancel.handle == read.id
        soon(lambda: len(tree.double.requests(tfs1.READ)) == 2)
        tree.double.push("trace_pipe", b"event")
        assert child.stdout.readline() == "b'event'\n"
    os.close(file)


def test_a_reader_that_waits_can_be_killed(tree):
    with subprocess.Popen(["cat", str(tree.path / "trace_pipe")]) as child:
        soon(lambda: tree.double.waiting)
        child.kill()
        assert child.wait(100) == -signal.SIGKILL
    soon(lambda: not tree.double.handles)


def test_nonblock_by_open_and_by_fcntl(tree):
    file = os.open(tree.path / "trace_pipe", os.O_RDONLY | os.O_NONBLOCK)
    refused(errno.EAGAIN, os.read, file, 10)
    os.close(file)
    file = os.open(tree.path / "trace_pipe", os.O_RDONLY)
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_NONBLOCK)
    refused(errno.EAGAIN, os.read, file, 10)
    os.close(file)


def test_poll_waits_and_wakes(tree):
    file = os.open(tree.path / "trace_pipe", os.O_RDONLY)
    poll = select.poll()
    poll.register(file, select.POLLIN)
    assert poll.poll(100) == []
    threading.Timer(0.3, tree.double.push, ["trace_pipe", b"one"]).start()
    assert poll.poll(100000) == [(file, select.POLLIN)]
    assert os.read(file, 10) == b"one"
    assert poll.poll(100) == []
    waits = [asked for asked in tree.double.requests(tfs1.POLL)
             if asked.flags & tfs1.F_WAIT]
    assert 1 <= len(waits) <= 3
    os.close(file)
    soon(lambda: not tree.double.waiting)  # the one that was left is cancelled
    other = os.open(tree.path / "tracing_on", os.O_RDWR)
    poll.unregister(file)
    poll.register(other, select.POLLIN | select.POLLOUT)
    assert poll.poll(100000) == [(other, select.POLLIN | select.POLLOUT)]
    os.close(other)


def test_pages_are_spliced(tree):
    """As trace-cmd reads trace_pipe_raw: each page once, also what comes while
    it waits, and what is read, not spliced, at the end."""
    pages = [bytes([i]) * 4096 for i in range(40)]
    file = os.open(tree.path / RAW, os.O_RDONLY)
    tree.double.push(RAW, b"".join(pages[:20]))
    assert splice(file, 65536) == b"".join(pages[:16])
    fcntl.fcntl(file, fcntl.F_SETFL, os.O_NONBLOCK)
    assert splice(file, 65536) == b"".join(pages[16:20])
    refused(errno.EAGAIN, splice, file, 65536)
    fcntl.fcntl(file, fcntl.F_SETFL, 0)
    threading.Timer(0.2, tree.double.push,
                    [RAW, b"".join(pages[20:36])]).start()
    assert splice(file, 65536) == b"".join(pages[20:36])
    tree.double.push(RAW, b"".join(pages[36:]))
    assert os.read(file, 65536) == b"".join(pages[36:])
    os.close(file)
    file = os.open(tree.path / RAW, os.O_RDONLY)
    tree.double.push(RAW, pages[7])
    assert splice(file, 4096) == pages[7]  # not what was there before
    os.close(file)


def test_a_splice_that_is_interrupted_has_what_was_there(tree):
    file = os.open(tree.path / RAW, os.O_RDONLY)
    program = ("import os, signal, sys\n"
               "signal.signal(signal.SIGUSR1, lambda *_: None)\n"
               "print(os.splice(int(sys.argv[1]), 1, 65536), "
               "file=sys.stderr)\n")
    tree.double.push(RAW, bytes(3 * 4096))
    with subprocess.Popen([sys.executable, "-c", program, str(file)],
                          pass_fds=[file], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as child:
        soon(lambda: tree.double.waiting)
        child.send_signal(signal.SIGUSR1)
        output, errors = child.communicate(timeout=100)
    assert (output, errors) == (bytes(3 * 4096), b"12288\n")
    os.close(file)


def test_more_readers_than_the_guest_takes_at_once_LK3(tree):
    """150 wait; the guest has 128 turns, and CANCEL finds one."""
    children = [subprocess.Popen(["cat", str(tree.path / "trace_pipe")],
                                 stdout=subprocess.DEVNULL)
                for _ in range(150)]
    soon(lambda: len(tree.double.waiting) >= 100)
    assert len(tree.double.waiting) <= 128
    for child in children:
        child.kill()
    assert {child.wait(100) for child in children} == {-signal.SIGKILL}
    assert tree.shell("cat tracing_on") == "1\n"
    soon(lambda: not tree.double.handles)


# Slow are events and calls: without a source of forks there are only calls.
SLOW_POLL = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int (*next)(struct pollfd *, nfds_t, int) = dlsym(RTLD_NEXT, "poll");
	int ret = next(fds, n, timeout);

	if (ret > 0 && (fds[0].revents || fds[1].revents) &&
	    !access(getenv("SLOW"), F_OK))
		sleep(1);
	return ret;
}
"""


def test_a_call_whose_task_is_killed_holds_up_nobody(tmp_path):
    """poll() sees the call; when it is to be read its task is dead."""
    (tmp_path / "slow.c").write_text(SLOW_POLL)
    (tmp_path / "tree").mkdir()
    library, flag = tmp_path / "slow.so", tmp_path / "flag"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", library,
                    tmp_path / "slow.c"], check=True)
    with Mounted(tmp_path / "tree", env={
            "LD_PRELOAD": str(library), "SLOW": str(flag),
            "ASAN_OPTIONS": "verify_asan_link_order=0"}) as tree:
        with subprocess.Popen(["head", "-c", "2", tree.path / "trace_pipe"],
                              stdout=subprocess.PIPE) as reader:
            soon(lambda: tree.double.waiting)
            flag.touch()
            with subprocess.Popen(["cat", tree.path / "trace"]) as killed:
                wait = pathlib.Path(f"/proc/{killed.pid}/wchan")
                soon(lambda: "request_wait" in wait.read_text())
                killed.kill()
            flag.unlink()
            tree.double.push("trace_pipe", b"x\n")
            try:
                assert reader.communicate(timeout=20)[0] == b"x\n"
            finally:
                reader.kill()


# ---- bad ends ----------------------------------------------------------------

def test_a_dead_guest_is_an_errno_of_every_call_LK1(tree):
    path = tree.path / "tracing_on"
    file = os.open(path, os.O_RDWR)
    pipe = os.open(tree.path / "trace_pipe", os.O_RDONLY)
    results = []

    def reader():
        try:
            results.append(os.read(pipe, 10))
        except OSError as error:
            results.append(error.errno)
    thread = threading.Thread(target=reader)
    thread.start()
    soon(lambda: tree.double.waiting)
    tree.double.die()
    thread.join(100)
    assert results == [errno.EIO]
    asked = len(tree.double.asked)
    for function, *arguments in [
            (os.stat, path), (os.open, path, os.O_RDONLY), (os.fstat, file),
            (os.read, file, 10), (os.write, file, b"1"),
            (os.listdir, tree.path), (os.listdir, tree.path / "events"),
            (os.statvfs, tree.path), (os.truncate, path, 0),
            (os.mkdir, tree.path / "instances/a"),
            (os.rmdir, tree.path / "instances")]:
        refused(errno.EIO, function, *arguments)
    poll = select.poll()
    poll.register(file, select.POLLIN)
    assert poll.poll(100000) == [(file, select.POLLERR)]
    assert len(tree.double.asked) == asked  # nothing waits for an answer
    os.close(file)
    os.close(pipe)
    assert tree.process.stdout.readline() == (
        "dead: the guest has closed its line\n")
    assert mounts.tree_at(tree.path) and not mounts.alive(tree.path)


def test_a_poller_of_a_dying_guest_wakes(tree):
    file = os.open(tree.path / "trace_pipe", os.O_RDONLY)
    poll = select.poll()
    poll.register(file, select.POLLIN)
    threading.Timer(0.2, tree.double.die).start()
    assert poll.poll(100000) == [(file, select.POLLERR)]
    os.close(file)


@pytest.mark.parametrize("how", ["deaf", "damage"])
def test_a_guest_that_does_not_answer_is_dead_LK2(tmp_path, how):
    with Mounted(tmp_path, "--patience", "3") as tree:
        setattr(tree.double, how, True)
        began = time.monotonic()
        refused(errno.EIO, os.stat, tmp_path / "tracing_on")
        assert time.monotonic() - began > 2.9
        refused(errno.EIO, os.stat, tmp_path / "tracing_on")
        assert tree.process.stdout.readline() == (
            "dead: the guest does not answer\n")


def test_a_reader_may_wait_for_longer_than_that(tmp_path):
    """Only what it had to give up has to be answered."""
    with Mounted(tmp_path, "--patience", "3") as tree:
        with subprocess.Popen(["cat", str(tmp_path / "trace_pipe")],
                              stdout=subprocess.DEVNULL) as child:
            time.sleep(4)
            assert child.poll() is None
            assert (tmp_path / "tracing_on").read_text() == "1\n"
            tree.double.deaf = True
            child.kill()
            child.wait(100)
        assert tree.process.stdout.readline() == (
            "dead: the guest does not answer\n")


def test_umount_ends_the_program(tree):
    mounts.undo(tree.path)
    assert tree.process.wait(100) == 0


def test_the_end_of_its_parent_unmounts(tmp_path):
    with Double({"a": b""}) as double:
        parent = subprocess.Popen(
            [sys.executable, "-c", "import subprocess, sys\n"
             "subprocess.run(sys.argv[1:])", PROGRAM, "--with-parent",
             double.path, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        assert parent.stdout.readline().startswith("mounted")
        assert mounts.tree_at(tmp_path)
        parent.kill()
        parent.wait()
        soon(lambda: not mounts.tree_at(tmp_path))


def test_what_a_killed_program_leaves_is_undone(tmp_path):
    with Double({"a": b""}) as double:
        with subprocess.Popen([PROGRAM, double.path, str(tmp_path)], text=True,
                              stdout=subprocess.PIPE) as process:
            assert process.stdout.readline().startswith("mounted")
            process.kill()
        assert mounts.tree_at(tmp_path) and not mounts.alive(tmp_path)
        assert mounts.undo(tmp_path) == 1
        assert not mounts.tree_at(tmp_path)


@pytest.mark.parametrize("arguments, words", [
    ([], "usage: nop5fs"), (["--patience", "x", "a", "b"], "usage: nop5fs"),
    (["{}/none", "{}"], "none: No such file or directory"),
    (["a" * 200, "{}"], ": File name too long"),
])
def test_it_says_why_it_cannot_begin(tmp_path, arguments, words):
    done = subprocess.run(
        [PROGRAM, *(word.format(tmp_path) for word in arguments)],
        capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1 and words in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_mountpoint_that_is_not_there(tmp_path):
    with Double({"a": b""}) as double:
        done = subprocess.run([PROGRAM, double.path, str(tmp_path / "none")],
                              capture_output=True, text=True, timeout=100,
                              check=False)
    assert done.returncode == 1
    assert "none: cannot mount: No such file or directory" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_mounts_are_read_with_their_blanks():
    found = mounts.listed("a /x\\040y fuse.nop5 rw 0 0\nb /z tracefs rw 0 0\n")
    assert [one.path for one in found] == ["/x y", "/z"]
    assert found[0].type == mounts.TYPE
    assert pathlib.Path(found[1].path).name == "z"
