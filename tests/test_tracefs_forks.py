# SPDX-License-Identifier: MIT
# parts: test 2, test-all 8
"""Forks and ends of this host's tasks as FORK and EXIT of TFS1: the FUSE
program, with sanitizers, in front of a tree in memory. Needs root and
/dev/fuse; each of the kernel's two sources that it lets us have."""
import errno
import os
import pathlib
import select
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.test_tracefs_mount import (Mounted, PROGRAM, program,  # noqa: F401
                                      soon)
from tests.tfs1_double import Double
from tools.tracefs import guest, mounts, tfs1

NETLINK_CONNECTOR = 11
NOT_TOLD = ", forks of this host are not told: "
pytestmark = pytest.mark.skipif(mounts.missing(tracefs=False) is not None,
                                reason=str(mounts.missing(tracefs=False)))


@pytest.fixture(params=["connector", "perf"])
def tree(tmp_path, request):
    with Mounted(tmp_path, "--forks", request.param) as mounted:
        mounted.source = request.param
        if NOT_TOLD in mounted.line:
            pytest.skip(f"{request.param}{mounted.line.rstrip()}")
        yield mounted


def told(tree, op=None):
    """(op, pid, child) of each FORK and EXIT, or of one of them."""
    return [(asked.op, asked.pid, asked.count)
            for asked in list(tree.double.asked)
            if asked.op in (tfs1.FORK, tfs1.EXIT) and op in (None, asked.op)]


def ended(tree, *pids):
    """Waits until these ends are reported. Their order is any: the kernel wakes
    a task that waits for the end of another before it reports that end."""
    soon(lambda: {(tfs1.EXIT, pid, 0) for pid in pids} <= set(told(tree)))


def pids(tree, text):
    """What a shell in the tree prints: its pid, and others; they end."""
    found = [int(word) for word in tree.shell(text).split()]
    ended(tree, *found)
    return found


def test_children_of_a_caller_and_their_children_are_told(tree):
    parent, child, grandchild = pids(
        tree, "read x < tracing_on; echo $$;"
        "sh -c 'echo $$; (exec sh -c \"echo \\$\\$\"); :'; :")
    found = [row for row in told(tree)
             if {parent, child, grandchild} & set(row[1:])]
    assert found[:2] == [(tfs1.FORK, parent, child),
                         (tfs1.FORK, child, grandchild)]
    assert sorted(found[2:]) == sorted(
        (tfs1.EXIT, pid, 0) for pid in (parent, child, grandchild))
    names = {asked.comm for asked in tree.double.requests(tfs1.FORK)
             if asked.pid in (parent, child)}
    assert names == {"sh"}


def test_forks_of_others_are_not_told_FK1(tree):
    done = subprocess.run(["sh", "-c", "(exec sh -c 'echo $$')"], text=True,
                          stdout=subprocess.PIPE, check=True)
    parent, child = pids(tree, "read x < tracing_on; echo $$;"
                         "(exec sh -c 'echo $$')")
    assert (tfs1.FORK, parent, child) in told(tree)
    assert not any(int(done.stdout) in row[1:] for row in told(tree))


def test_a_fork_comes_behind_a_close_and_before_the_child(tree):
    """What was written and closed before a fork is in force at it."""
    times = 40
    parent, *children = pids(
        tree, "echo $$; for i in $(seq %d); do echo x > set_ftrace_filter;"
        "(exec sh -c 'read x < tracing_on; echo $$'); done" % times)
    order = [(asked.op, asked.pid, asked.count)
             for asked in tree.double.asked]
    closes = [at for at, row in enumerate(order)
              if row[:2] == (tfs1.CLOSE, parent)]
    assert len(children) == len(closes) == times
    for close, child in zip(closes, children):
        fork = order.index((tfs1.FORK, parent, child))
        assert close < fork < order.index((tfs1.OPEN, child, 0))


def test_an_end_comes_behind_the_closes_of_the_task_FK2(tree):
    for _ in range(20):
        parent, child = pids(tree, "read x < tracing_on; echo $$;"
                             "(exec sh -c 'exec 3< tracing_on; echo $$')")
        order = [(asked.op, asked.pid) for asked in tree.double.asked]
        assert order.index((tfs1.CLOSE, child)) \
            < order.index((tfs1.EXIT, child))
        assert not [row for row in order[order.index((tfs1.EXIT, child)):]
                    if row == (tfs1.CLOSE, child)]


def test_a_fork_of_another_task_reports_no_end_FK2(tree):
    """The close of a task that has ended waits behind another call."""
    def task(text):
        process = subprocess.Popen(
            ["sh", "-c", f"read x < tracing_on; {text}"], cwd=tree.path,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        process.stdout.readline()
        return process
    with task("exec 3< tracing_on; echo; read x") as ends, \
            task("echo; read x; (:); :") as forks:
        tree.process.send_signal(signal.SIGSTOP)
        with subprocess.Popen(["cat", "tracing_on"], cwd=tree.path,
                              stdout=subprocess.DEVNULL) as waits:
            wait = pathlib.Path(f"/proc/{waits.pid}/wchan")
            soon(lambda: "request_wait" in wait.read_text("ascii"))
            for process in (ends, forks):
                process.stdin.close()
                process.wait(100)
            tree.process.send_signal(signal.SIGCONT)
        ended(tree, ends.pid, forks.pid)
    rows = [asked.op for asked in tree.double.asked if asked.pid == ends.pid]
    assert rows[-2:] == [tfs1.CLOSE, tfs1.EXIT]


def test_a_close_without_its_opener_has_no_pid(tree):
    """Otherwise the guest would make a task for a pid that has ended."""
    with subprocess.Popen(
            ["sh", "-c", "echo $$; exec 4<&0 3> set_ftrace_filter;"
             "cat <&4 > /dev/null &"], cwd=tree.path, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE) as process:
        opener = int(process.stdout.readline())
        ended(tree, opener)
        assert not tree.double.requests(tfs1.CLOSE)
        process.stdin.close()
        soon(lambda: tree.double.requests(tfs1.CLOSE))
    assert [asked.pid for asked in tree.double.requests(tfs1.CLOSE)] == [0]


THREAD = """
import threading
open("tracing_on").read()
def call():
    open("trace", "wb", 0).write(b"x")
thread = threading.Thread(target=call)
thread.start()
print(threading.main_thread().native_id, thread.native_id)
thread.join()
"""


def test_a_thread_is_a_child_of_its_leader(tree):
    done = subprocess.run([sys.executable, "-c", THREAD], cwd=tree.path,
                          stdout=subprocess.PIPE, text=True, check=True)
    leader, thread = map(int, done.stdout.split())
    ended(tree, leader, thread)
    assert told(tree)[0] == (tfs1.FORK, leader, thread)
    assert sorted(told(tree)[1:]) == sorted(
        (tfs1.EXIT, pid, 0) for pid in (leader, thread))


EXECUTES = """
import os, threading
open("tracing_on").read()
print(os.getpid(), flush=True)
threading.Thread(target=os.execv, args=("/bin/sh", ["sh", "-c",
    "read x < tracing_on; echo; read x"])).start()
threading.Event().wait()
"""


def test_a_thread_that_executes_gets_the_pid_of_its_leader(tree):
    """The process goes on, and its end is reported in the end."""
    with subprocess.Popen([sys.executable, "-c", EXECUTES], cwd=tree.path,
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        leader = int(process.stdout.readline())
        assert process.stdout.readline() == b"\n"
        before = len(told(tree, tfs1.EXIT))
        process.stdin.close()
    soon(lambda: (tfs1.EXIT, leader, 0) in told(tree, tfs1.EXIT)[before:])


def test_a_guest_without_forks_is_told_no_more(tree):
    def unknown(*_):
        raise OSError(errno.ENOSYS, "no such operation")
    tree.double.OPS = {**Double.OPS, tfs1.FORK: unknown, tfs1.EXIT: unknown}
    tree.shell("read x < tracing_on; (:); read x < tracing_on; (:);"
               "read x < tracing_on")
    before = told(tree)
    assert 1 <= len(before) <= 2  # what was under way
    assert tree.shell("cat tracing_on") == "1\n"
    assert told(tree) == before


@pytest.mark.slow
def test_many_forks_at_once(tree):
    """None is left out, and calls go on."""
    parent, *_ = pids(tree, "read x < tracing_on; echo $$;"
                      "for i in $(seq 3000); do (:); done")
    soon(lambda: sum(row[1] == parent for row in told(tree, tfs1.FORK))
         >= 3000)
    forked = {row[2] for row in told(tree, tfs1.FORK)}
    soon(lambda: forked <= {row[1] for row in told(tree, tfs1.EXIT)})


def listening(process):
    """(bytes, drops) of its socket for the kernel's process events."""
    rows = map(str.split, pathlib.Path("/proc/net/netlink").read_text(
        "utf-8").splitlines()[1:])
    row, = [row for row in rows
            if row[1:3] == [str(NETLINK_CONNECTOR), str(process.pid)]]
    return int(row[4]), int(row[8])


MANY = {"connector": ["sh", "-c", "for i in $(seq 2000); do (:); done"],
        # Threads: faster. A CPU has room for 16,384 records, two of each.
        "perf": [sys.executable, "-c", "import threading\nfor _ in range(9000):"
                 " t = threading.Thread(); t.start(); t.join()"]}


def on_one_cpu():
    """A ring of perf is a CPU's."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


@pytest.mark.slow
def test_ends_that_were_lost_are_found(tree):
    """Otherwise the guest would keep their tasks."""
    def many():
        subprocess.run(MANY[tree.source], check=True, preexec_fn=on_one_cpu)
        return tree.source == "perf" or listening(tree.process)[1]
    with subprocess.Popen(["sh", "-c", "read x < tracing_on; echo $$; read x"],
                          cwd=tree.path, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE,
                          preexec_fn=on_one_cpu) as process:
        caller = int(process.stdout.readline())
        tree.process.send_signal(signal.SIGSTOP)
        soon(many)
    assert not told(tree)
    tree.process.send_signal(signal.SIGCONT)
    # perf tells of a loss when there is room, by the next record.
    soon(lambda: subprocess.run(["true"], preexec_fn=on_one_cpu, check=True)
         and select.select([tree.process.stderr], [], [], 0)[0])
    ended(tree, caller)
    assert tree.process.stderr.readline() == (
        "nop5fs: forks and ends of this host were lost: there are too many\n")


CHAIN = """
import os, sys
cpus = sorted(os.sched_getaffinity(0))[:2]
open("tracing_on").read()
print(os.getpid(), flush=True)
sys.stdin.read()
for turn in range(8):
    os.sched_setaffinity(0, {cpus[turn % len(cpus)]})
    if child := os.fork():
        os.waitpid(child, 0)
        os._exit(0)
    print(os.getpid(), flush=True)
"""


def test_forks_on_several_cpus_are_told_in_their_order(tree):
    """A child that is not known yet would have no children."""
    with subprocess.Popen([sys.executable, "-c", CHAIN], cwd=tree.path,
                          stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        chain = [int(process.stdout.readline())]
        tree.process.send_signal(signal.SIGSTOP)
        process.stdin.close()
        chain += map(int, process.stdout.read().split())
        tree.process.send_signal(signal.SIGCONT)
    ended(tree, *chain)
    assert told(tree, tfs1.FORK) == [
        (tfs1.FORK, *pair) for pair in zip(chain, chain[1:])]
    assert len(chain) == 9


@pytest.mark.parametrize("children", [63, 64, 65, 200])
def test_more_ends_at_once_than_the_guest_has_tasks(tree, children):
    """Each is reported once: those of while the program stood still."""
    with subprocess.Popen(
            ["sh", "-c", "read x < tracing_on; echo $$; read x; for i in"
             f" $(seq {children}); do (:); done; echo; read x < tracing_on"],
            cwd=tree.path, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE) as process:
        parent = int(process.stdout.readline())
        tree.process.send_signal(signal.SIGSTOP)
        process.stdin.close()
        process.stdout.readline()
        tree.process.send_signal(signal.SIGCONT)
    ended(tree, parent)
    forked = [row[2] for row in told(tree, tfs1.FORK)]
    assert len(forked) == children + 1  # and seq
    assert sorted(row[1] for row in told(tree, tfs1.EXIT)) == sorted(
        [parent, *forked])


@pytest.mark.slow
@pytest.mark.parametrize("tree", ["connector"], indirect=True)
def test_events_wait_in_the_kernel_while_too_much_is_under_way(tree):
    """The guest answers no FORK: after 4,096 no event is taken any more."""
    holds = threading.Event()
    tree.double.OPS = {**Double.OPS, tfs1.FORK:
                       lambda *_: holds.wait(100) and (0, 0, b"")}
    parent = int(tree.shell("read x < tracing_on; echo $$; cd /;"
                            "for i in $(seq 4200); do (:); done"))
    before = None  # until nothing changes any more
    def still():
        nonlocal before
        now, before = before, listening(tree.process)[0]
        time.sleep(0.1)
        return now == before
    soon(still)
    assert before > 0
    holds.set()
    ended(tree, parent)
    assert len(told(tree, tfs1.FORK)) == 4201  # and seq
    assert not listening(tree.process)[0]


@pytest.mark.parametrize("tree", ["perf"], indirect=True)
def test_a_pid_namespace_has_a_source(tree, tmp_path_factory):
    """There the connector refuses; perf does not."""
    other = tmp_path_factory.mktemp("other")
    with Double({"a": b""}) as double, subprocess.Popen(
            ["unshare", "--mount", "--pid", "--fork", "--mount-proc",
             "--kill-child", PROGRAM, double.path, other],
            stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline()
        process.kill()
    assert line == "mounted, 4 CPUs, build double\n"


def test_without_a_source_nothing_is_reported(tmp_path, capfd, monkeypatch):
    """The line of the program says so, and a line of guest.py."""
    with Mounted(tmp_path, "--forks", "none") as tree:
        assert tree.line.endswith(NOT_TOLD + "Operation not supported\n")
        tree.shell("read x < tracing_on; (cat tracing_on)")
        assert not told(tree)
    program = tmp_path / "nop5fs"
    program.write_text(f'#!/bin/sh\nexec {PROGRAM} --forks none "$@"\n')
    program.chmod(0o755)
    monkeypatch.setattr(guest, "PROGRAM", program)
    (tmp_path / "tree").mkdir()
    with Double({"a": b""}) as double:
        guest.Mounted(double.path, str(tmp_path / "tree"), lambda: True).end()
    assert capfd.readouterr().err == (
        "guest.py: event-fork, function-fork: forks of this host are not told: "
        "Operation not supported\n")
