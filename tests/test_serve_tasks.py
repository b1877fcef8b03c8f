# SPDX-License-Identifier: MIT
# parts: test 3
"""FORK and EXIT of TFS1: a child of the host's task is a child of its proxied
task. No root, no FUSE."""
import errno
import re

import pytest

from tests.serve_guest import Guest
from tests.test_serve import WAIT, error
from tools.tracefs import tfs1

SHELL, GREP = {"pid": 501, "comm": b"sh"}, {"pid": 502, "comm": b"grep"}
EVENT = re.compile(r"^ *(\S+)-(\d+) +\[\d+\] \S+ +\d+\.\d+: (\w+): (.*)$",
                   re.MULTILINE)


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    with Guest(tmp_path_factory.mktemp("serve"), smp=2) as machine:
        yield machine


@pytest.fixture
def client(guest):
    line = guest.client(timeout=WAIT)
    line.echo("trace", b"")
    yield line
    for path in ("events/sched/enable", "options/event-fork",
                 "options/function-fork", "tracing_on"):
        line.echo(path, b"1" if path == "tracing_on" else b"0")
    for path in ("set_event_pid", "set_ftrace_pid", "set_ftrace_filter"):
        line.echo(path, b"")
    line.echo("current_tracer", b"nop")
    line.close_line()


def events(client, *names):
    """(comm, pid, event, text) of the trace, of these events."""
    return [(comm, int(pid), name, text) for comm, pid, name, text
            in EVENT.findall(client.cat("trace").decode()) if name in names]


def listed(client, path):
    return set(map(int, client.cat(path).split()))


def test_a_fork_is_an_event_of_the_parent(client):
    client.echo("events/sched/sched_process_fork/enable", b"1", **SHELL)
    client.fork(501, 502, b"sh")
    client.echo("events/sched/enable", b"0", **SHELL)
    assert events(client, "sched_process_fork") == [
        ("sh", 501, "sched_process_fork",
         "comm=sh pid=501 child_comm=sh child_pid=502")]


def test_a_request_alone_is_no_fork(client):
    client.echo("events/sched/sched_process_fork/enable", b"1", **SHELL)
    assert client.stat("trace", ppid=501, **GREP)
    client.echo("events/sched/enable", b"0", **SHELL)
    found = [row[3] for row in events(client, "sched_process_fork")
             if "child_pid=502" in row[3]]
    assert all(text.startswith("comm=tracefs_server ") for text in found)


def test_an_end_is_an_event_of_the_task(client):
    client.fork(501, 502, b"sh")
    client.echo("events/sched/sched_process_exit/enable", b"1", **SHELL)
    client.stat("trace", **GREP)
    client.exit(502)
    client.echo("events/sched/enable", b"0", **SHELL)
    assert events(client, "sched_process_exit") == [
        ("grep", 502, "sched_process_exit", "comm=grep pid=502 prio=120")]


def test_an_unknown_parent_is_made(client):
    client.echo("events/sched/sched_process_fork/enable", b"1")
    client.fork(601, 602, b"make")
    client.fork(602, 603, b"make")  # it never asked for anything
    client.echo("events/sched/enable", b"0")
    assert [row[3] for row in events(client, "sched_process_fork")
            if row[0] == "make"] == [
        "comm=make pid=601 child_comm=make child_pid=602",
        "comm=make pid=602 child_comm=make child_pid=603"]


def test_a_child_asks_at_once(client):
    """Its requests wait for the FORK that was sent before them."""
    for child in range(700, 780):  # more than there are places
        fork = client.start(tfs1.FORK, count=child, **SHELL)
        asks = [client.start(tfs1.STAT, b"trace", pid=child)
                for _ in range(3)]
        over = client.start(tfs1.EXIT, pid=child)
        assert client.finish(fork).status == 0
        assert all(client.finish(slot).status == 0 for slot in asks)
        assert client.finish(over).status == 0
    assert error(client.exit, 779) == errno.ESRCH


def test_wrong_forks_and_exits_change_nothing(client):
    for call in ({"pid": 0, "count": 5}, {"pid": 5, "count": 0},
                 {"pid": 5, "count": 5}, {"pid": 5, "count": 4194305},
                 {"pid": 5, "count": 6, "flags": 1}):
        assert error(client.call, tfs1.FORK, **call) == errno.EINVAL, call
    assert error(client.call, tfs1.FORK, b"x", pid=5, count=6) == errno.EINVAL
    assert error(client.call, tfs1.EXIT) == errno.EINVAL
    assert error(client.exit, 5) == errno.ESRCH  # before any FORK of it
    client.fork(5, 6)
    assert error(client.fork, 5, 6) == errno.EEXIST
    assert error(client.fork, 7, 5) == errno.EEXIST
    client.exit(6)
    assert error(client.exit, 6) == errno.ESRCH
    client.fork(5, 6)  # the pid is used again
    client.exit(5)
    client.exit(6)


def test_a_child_with_a_pid_of_the_guest_is_refused(guest, client):
    """With all that waits for it."""
    slots = [client.start(tfs1.FORK, count=1, **SHELL),
             client.start(tfs1.STAT, b"trace", pid=1),
             client.start(tfs1.FORK, count=702, pid=1),
             client.start(tfs1.STAT, b"trace", pid=702),
             client.start(tfs1.EXIT, pid=702)]
    assert [client.finish(slot).status for slot in slots[:3]] \
        == 3 * [-errno.EBUSY]
    # The client knows: what comes later is of a task that nobody forked.
    made, over = (client.finish(slot).status for slot in slots[3:])
    assert (made, over) in ((-errno.EBUSY, -errno.EBUSY), (0, 0),
                            (-errno.EBUSY, -errno.ESRCH))
    assert "tracefs: the host's pid 1 (" in guest.log()
    client.stat("trace", **SHELL)


def test_event_fork_follows_children_until_they_end(client):
    client.echo("options/event-fork", b"1", **SHELL)
    client.echo("set_event_pid", b"501", **SHELL)
    client.fork(501, 502, b"sh")
    client.fork(502, 503, b"sh")
    client.stat("trace", **GREP)  # it has executed another program
    assert listed(client, "set_event_pid") == {501, 502, 503}
    client.echo("events/sched/sched_switch/enable", b"1", **SHELL)
    client.fork(503, 504, b"sh")
    client.echo("events/sched/sched_switch/enable", b"0", **SHELL)
    assert any("next_pid=504 " in row[3]
               for row in events(client, "sched_switch"))
    for pid in (503, 502, 504):
        client.exit(pid)
    assert listed(client, "set_event_pid") == {501}
    client.echo("options/event-fork", b"0", **SHELL)
    client.fork(501, 505, b"sh")
    assert listed(client, "set_event_pid") == {501}


def test_function_fork_follows_children_until_they_end(client):
    client.echo("options/function-fork", b"1", **SHELL)
    client.echo("set_ftrace_pid", b"501", **SHELL)
    client.fork(501, 502, b"sh")
    assert listed(client, "set_ftrace_pid") == {501, 502}
    client.echo("set_ftrace_filter", b"tracefs_open", **SHELL)
    client.echo("current_tracer", b"function", **SHELL)
    client.cat("tracing_on", **GREP)
    client.cat("tracing_on", pid=509)
    text = client.cat("trace").decode()
    assert "grep-502 " in text and "-509 " not in text
    client.exit(502)
    assert listed(client, "set_ftrace_pid") == {501}


@pytest.mark.parametrize("option, path", [
    ("event-fork", "set_event_pid"), ("function-fork", "set_ftrace_pid")])
def test_a_child_without_room_is_one_line_in_the_log(guest, client, option,
                                                     path):
    pids = [501, *range(20000, 20255)]
    client.echo(f"options/{option}", b"1", **SHELL)
    for _ in range(2):  # each list has a line of its own
        before = guest.log().count(f"{option}: a list has 256 pids")
        client.echo(path, " ".join(map(str, pids)).encode(), **SHELL)
        for child in (502, 503, 504):
            client.fork(501, child, b"sh")
        assert listed(client, path) == set(pids)
        guest.wait_for(lambda: guest.log().count(
            f"{option}: a list has 256 pids: the child 502 and others are not "
            "followed") == before + 1)
        for child in (502, 503, 504):
            client.exit(child)
        assert listed(client, path) == set(pids)


def test_a_clone_is_a_call_of_the_parent(client):
    client.echo("set_ftrace_filter", b"kernel_clone do_exit", **SHELL)
    client.echo("current_tracer", b"function", **SHELL)
    client.fork(501, 502, b"sh")
    client.exit(502)
    client.echo("tracing_on", b"0", **SHELL)
    calls = events(client, "kernel_clone", "do_exit") or re.findall(
        r"^ *(\S+)-(\d+) .*: (kernel_clone|do_exit) <-",
        client.cat("trace").decode(), re.MULTILINE)
    assert [(str(pid), name) for _, pid, name in calls] == [
        ("501", "kernel_clone"), ("502", "do_exit")]


def test_a_fork_does_not_wait_for_a_read(client):
    """Of the same thread: the leader of a process stands for its threads."""
    handle = client.open("trace_pipe", **SHELL)
    read = client.start(tfs1.READ, handle=handle, count=100, **SHELL)
    for child in (502, 503):
        client.fork(501, child, b"sh")
    assert not read[0].is_set()
    assert client.stat("trace", **GREP)
    client.exit(501)  # ends the wait
    assert client.finish(read).status == -errno.EINTR
    client.close(handle)


def test_no_request_but_a_read_waits_for_a_read(client):
    """A file that its opener shares is closed by another task, with the
    opener's pid: that one may read."""
    client.call(tfs1.MKDIR, b"instances/a")
    shared, other, pipe = (client.open(path, **SHELL) for path in (
        "tracing_on", "instances/a/trace_pipe", "trace_pipe"))
    slot = client.start(tfs1.READ, handle=pipe, count=100, **SHELL)
    behind = client.start(tfs1.READ, handle=other, count=100, **SHELL)
    client.close(shared, **SHELL)
    client.fork(501, 502, b"sh")
    assert client.stat("trace", **GREP)
    client.echo("trace_clock", b"local", **SHELL)
    assert not behind[0].is_set()
    client.close(other)
    assert client.finish(behind).status == -errno.EINTR
    assert not slot[0].is_set()
    client.close(pipe, **SHELL)
    assert client.finish(slot).status == -errno.EINTR
    client.call(tfs1.RMDIR, b"instances/a")


def test_what_runs_beside_a_read_keeps_its_order(client):
    marker = client.open("trace_marker", tfs1.F_WRITE, **SHELL)
    pipe = client.open("trace_pipe", **SHELL)
    first = client.start(tfs1.READ, handle=pipe, count=1, **SHELL)
    writes = [client.start(tfs1.WRITE, b"mark %02d" % n, handle=marker,
                           **SHELL) for n in range(20)]
    over = client.start(tfs1.CLOSE, handle=marker, **SHELL)
    assert all(client.finish(each).status > 0 for each in writes)
    assert client.finish(over).status == 0
    text = client.finish(first).payload
    while text.count(b"\n") < 20:
        text += client.read(pipe, **SHELL)
    client.close(pipe, **SHELL)
    assert re.findall(rb"mark (\d+)", text) == [b"%02d" % n for n in range(20)]


def test_what_follows_an_exit_runs_after_it(client):
    """The client does not wait for its reply, and the task has work before."""
    client.echo("events/sched/sched_process_exit/enable", b"1", **SHELL)
    for child in range(800, 810):
        client.fork(501, child, b"sh")
        slots = [client.start(tfs1.READDIR, b"events/sched", count=4096,
                              pid=child) for _ in range(60)]
        slots.append(client.start(tfs1.EXIT, pid=child))
        assert f"comm=sh pid={child} ".encode() in client.cat("trace", **GREP)
        assert all(client.finish(slot).status >= 0 for slot in slots)


def test_the_65th_task_takes_the_place_of_the_longest_idle(client):
    """Which is never the parent."""
    for child in range(900, 900 + 2 * client.max_tasks):
        client.fork(501, child, b"sh")
    last = range(900 + client.max_tasks + 1, 900 + 2 * client.max_tasks)
    for child in last:
        client.exit(child)
    assert error(client.exit, last[0] - 1) == errno.ESRCH
    client.exit(501)


def test_without_an_idle_task_a_fork_is_refused(client):
    handle = client.open("trace_pipe", **SHELL)
    slots = [client.start(tfs1.READ, handle=handle, count=10, pid=3000 + n)
             for n in range(client.max_tasks - 1)]
    client.fork(3001, 3999)  # the shell's place
    slots.append(client.start(tfs1.READ, handle=handle, count=10, pid=3999))
    assert error(client.fork, 3001, 4000) == errno.EBUSY
    client.cancel(slots[5])
    assert client.finish(slots.pop(5)).status == -errno.EINTR
    assert error(client.fork, 3005, 4000) == errno.EBUSY
    client.exit(3005)  # the parent has kept its place
    client.fork(3001, 4000)
    client.close(handle, pid=3000)
    assert all(client.finish(slot).status == -errno.EINTR for slot in slots)


def test_a_place_that_becomes_free_is_no_idle_task(client):
    """A FORK that needs a place comes while another task ends."""
    handle = client.open("trace_pipe", **SHELL)
    slots = [client.start(tfs1.READ, handle=handle, count=10, pid=3000 + n)
             for n in range(client.max_tasks - 1)]
    for _ in range(1000):
        client.stat("trace", pid=3998)
        over = client.start(tfs1.EXIT, pid=3998)
        fork = client.start(tfs1.FORK, count=3999, pid=3001)
        assert client.finish(over).status == 0
        if client.finish(fork).status != -errno.EBUSY:
            client.exit(3999)
    client.close(handle, pid=3000)
    assert all(client.finish(slot).status == -errno.EINTR for slot in slots)


def test_a_session_ends_with_children_on_the_way(guest):
    for _ in range(10):
        line = guest.client(timeout=WAIT)
        for child in range(502, 540):
            line.start(tfs1.FORK, count=child, **SHELL)
            line.start(tfs1.EXIT, pid=child)
        line.close_line()
    line = guest.client(timeout=WAIT)
    assert line.stat("trace", **GREP)
    line.close_line()


def test_a_session_ends_before_a_child_has_run(tmp_path):
    """A FORK is answered before. The next client comes at once, and QEMU keeps
    buffers of the port: it was writing them."""
    with Guest(tmp_path, smp=4) as guest:
        for children in range(200):
            line = guest.client(timeout=WAIT)
            for child in range(children % 60 + 1):
                line.start(tfs1.FORK, count=502 + child, **SHELL)
            line.close_line()
        line = guest.client(timeout=WAIT)
        assert line.stat("trace", **GREP)
        line.close_line()
