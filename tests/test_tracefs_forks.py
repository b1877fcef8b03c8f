# SPDX-License-Identifier: MIT
# parts: test 2
"""Forks and ends of this host's tasks as FORK and EXIT of TFS1: the FUSE
program, with sanitizers, in front of a tree in memory. Needs root, /dev/fuse
and the kernel's process events."""
import errno
import os
import pathlib
import signal
import socket
import subprocess
import sys

import pytest

from tests.test_tracefs_mount import Mounted, program, soon  # noqa: F401
from tests.tfs1_double import Double
from tools.tracefs import mounts, tfs1

NETLINK_CONNECTOR = 11


def events_missing():
    """Why the kernel tells no forks; None: it does."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM,
                           NETLINK_CONNECTOR) as line:
            line.bind((0, 1))
    except OSError as error:
        return f"no process events: {error}"
    for name, first in (("pid", 0xeffffffc), ("user", 0xeffffffd)):
        if os.stat(f"/proc/self/ns/{name}").st_ino != first:
            return f"no process events: not in the first {name} namespace"
    return mounts.missing(tracefs=False)


pytestmark = pytest.mark.skipif(events_missing() is not None,
                                reason=str(events_missing()))


@pytest.fixture
def tree(tmp_path):
    with Mounted(tmp_path) as mounted:
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


def test_many_forks_at_once(tree):
    """None is left out, and calls go on."""
    parent, *_ = pids(tree, "read x < tracing_on; echo $$;"
                      "for i in $(seq 3000); do (:); done")
    soon(lambda: sum(row[1] == parent for row in told(tree, tfs1.FORK))
         >= 3000)
    forked = {row[2] for row in told(tree, tfs1.FORK)}
    soon(lambda: forked <= {row[1] for row in told(tree, tfs1.EXIT)})


def drops(process):
    """How many events its socket had no room for."""
    rows = map(str.split, pathlib.Path("/proc/net/netlink").read_text(
        "utf-8").splitlines()[1:])
    return sum(int(row[8]) for row in rows
               if row[1:3] == [str(NETLINK_CONNECTOR), str(process.pid)])


def test_ends_that_were_lost_are_found(tree):
    """Otherwise the guest would keep their tasks."""
    with subprocess.Popen(["sh", "-c", "read x < tracing_on; echo $$; read x"],
                          cwd=tree.path, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as process:
        caller = int(process.stdout.readline())
        tree.process.send_signal(signal.SIGSTOP)
        many = ["sh", "-c", "for i in $(seq 2000); do (:); done"]
        soon(lambda: subprocess.run(many, check=True) and drops(tree.process))
    assert not told(tree)
    tree.process.send_signal(signal.SIGCONT)
    ended(tree, caller)
    assert tree.process.stderr.readline() == (
        "nop5fs: forks and ends of this host were lost: there are too many\n")
