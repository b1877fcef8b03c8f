# SPDX-License-Identifier: MIT
# parts: test 8
"""The guest's file server, from its socket: no root, no FUSE.

FRAMES=n sends so many random and damaged frames instead of 100,000.
"""
import errno
import fcntl
import os
import random
import re
import socket
import stat
import struct
import termios
import threading
import time
import zlib

import pytest

from tests.serve_guest import Guest
from tools.tracefs import tfs1

SEED = int(os.environ.get("SEED", "1"))
FRAMES = int(os.environ.get("FRAMES", "100000"))
CLIENTS = 8
WAIT = 100  # seconds: only what hangs takes so long


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    with Guest(tmp_path_factory.mktemp("serve"), smp=2) as machine:
        yield machine
        with_client(machine)  # it answers to the end


@pytest.fixture
def client(guest):
    line = guest.client(timeout=WAIT)
    yield line
    line.close_line()


def with_client(machine):
    line = machine.client(timeout=WAIT)
    assert line.cat("tracing_on") in (b"0\n", b"1\n")
    line.close_line()


def error(call, *args, **more):
    """The errno that a call fails with."""
    with pytest.raises(OSError) as caught:
        call(*args, **more)
    return caught.value.errno


def tree(line, path="", **who):
    """(path, mode) of every node."""
    for name, mode, _ in line.readdir(path, **who):
        full = f"{path}/{name}" if path else name
        yield full, mode
        if stat.S_ISDIR(mode):
            yield from tree(line, full, **who)


# ---- the protocol -----------------------------------------------------------

def test_hello_says_what_there_is(client):
    assert (client.version, client.cpus) == (1, 2)
    assert client.max_payload == 65536 and client.max_handles == 256
    assert client.max_requests == 128 and client.max_tasks == 64
    assert client.page_size == 4096
    assert client.build.startswith("nop5 ") and len(client.build) == 21


def test_each_session_has_the_next_number(guest, client):
    client.close_line()
    after = guest.client()
    assert after.session == client.session + 1
    after.close_line()


def test_names_modes_and_inodes(client):
    nodes = dict(tree(client))
    assert nodes["trace"] == stat.S_IFREG | 0o640
    assert nodes["trace_marker"] == stat.S_IFREG | 0o220
    assert nodes["available_tracers"] == stat.S_IFREG | 0o440
    assert stat.S_ISDIR(nodes["per_cpu/cpu1"])
    assert "per_cpu/cpu2" not in nodes
    inodes = {path: client.stat(path)[0] for path in nodes}
    assert len(set(inodes.values())) == len(inodes)
    for path, mode in nodes.items():
        assert client.stat(path)[2] == mode
    assert client.stat("")[2] == stat.S_IFDIR | 0o750


def test_a_directory_is_listed_in_pieces_of_any_size(client):
    whole = client.readdir("")
    for room in (100, 150, 333):
        assert client.readdir("", room) == whole
    assert error(client.readdir, "", 20) == errno.EINVAL
    assert error(client.readdir, "trace") == errno.ENOTDIR


def test_paths_and_their_errors(client):
    for path, want in (("nope", errno.ENOENT), ("trace/x", errno.ENOTDIR),
                       ("x" * 511, errno.ENOENT),
                       ("x" * 512, errno.ENAMETOOLONG), ("/", errno.EINVAL),
                       ("a\0b", errno.EINVAL)):
        assert error(client.stat, path) == want, path
    assert error(client.open, "per_cpu") == errno.EISDIR
    assert error(client.open, "trace", 0) == errno.EINVAL
    assert error(client.read, 12345) == errno.EBADF
    assert error(client.call, tfs1.MKDIR, b"x") == errno.EPERM
    assert error(client.call, tfs1.MKDIR, b"instances/a/b") == errno.ENOENT
    assert error(client.call, tfs1.RMDIR, b"trace") == errno.ENOTDIR
    assert error(client.call, tfs1.RMDIR, b"per_cpu") == errno.EPERM
    assert error(client.call, tfs1.TRUNCATE, b"trace", offset=1) \
        == errno.EINVAL
    client.call(tfs1.TRUNCATE, b"trace")


def test_a_trace_is_made_and_removed(client):
    client.call(tfs1.MKDIR, b"instances/one", pid=11)
    assert error(client.call, tfs1.MKDIR, b"instances/one") == errno.EEXIST
    handle = client.open("instances/one/trace")
    assert error(client.call, tfs1.RMDIR, b"instances/one") == errno.EBUSY
    client.close(handle)
    client.call(tfs1.RMDIR, b"instances/one")
    assert error(client.stat, "instances/one") == errno.ENOENT


def test_root_opens_what_it_cannot_use(client):
    handle = client.open("available_tracers", tfs1.F_READ | tfs1.F_WRITE)
    assert error(client.write, handle, b"x") == errno.EINVAL
    assert b"nop" in client.read(handle)
    client.close(handle)
    handle = client.open("trace_marker", tfs1.F_READ | tfs1.F_WRITE)
    assert error(client.read, handle) == errno.EINVAL
    client.close(handle)


def test_text_at_any_offset_is_the_same_text(client):
    text = client.cat("available_filter_functions")
    assert len(text) > 40000
    rng, handle = random.Random(SEED), client.open("available_filter_functions")
    for _ in range(60):
        at, count = rng.randrange(len(text) + 50), rng.randrange(1, 5000)
        piece = client.read(handle, count, at)
        assert piece == text[at:at + count]
    client.close(handle)


def test_a_write_is_read_back_and_a_bad_one_refused(client):
    client.echo("set_ftrace_filter", b"schedule\n")
    assert client.cat("set_ftrace_filter") == b"schedule\n"
    client.echo("set_ftrace_filter", b"mutex_lock\n", append=True)
    assert sorted(client.cat("set_ftrace_filter").split()) \
        == [b"mutex_lock", b"schedule"]
    assert error(client.echo, "current_tracer", b"nosuch") == errno.EINVAL
    assert b"nosuch" in client.cat("error_log")
    client.echo("set_ftrace_filter", b"")
    assert b"all functions" in client.cat("set_ftrace_filter")


def test_what_follows_a_close_runs_after_it(client):
    """The client does not wait for the reply to CLOSE."""
    names = [b"schedule", b"mutex_lock", b"mutex_unlock", b"yield"]
    for turn in range(40):
        name = names[turn % len(names)]
        handle = client.open("set_ftrace_filter", tfs1.F_WRITE | tfs1.F_TRUNC,
                             pid=201)
        client.write(handle, name, pid=201)
        slot = client.start(tfs1.CLOSE, handle=handle, pid=0)
        assert client.cat("set_ftrace_filter", pid=202) == name + b"\n"
        assert client.finish(slot).status == 0
    client.echo("set_ftrace_filter", b"")


def test_a_closed_handle_is_not_a_newer_one(client):
    old = client.open("trace")
    client.close(old)
    new = client.open("tracing_on")
    assert new != old and new % 256 == old % 256  # in the same place
    assert error(client.read, old) == errno.EBADF
    assert error(client.close, old) == errno.EBADF
    assert client.read(new) == b"1\n"
    client.close(new)


def test_an_open_that_fails_keeps_no_handle(client):
    for _ in range(client.max_handles):
        assert error(client.open, "nope") == errno.ENOENT
    client.close(client.open("trace"))


def test_unknown_and_wrong_requests_get_their_errno(client):
    for op in (0, 15, 65535):
        assert error(client.call, op) == errno.ENOSYS
    assert error(client.call, tfs1.STAT, b"trace", flags=1) == errno.EINVAL
    assert error(client.call, tfs1.STAT, b"trace", pid=-1) == errno.EINVAL
    assert error(client.call, tfs1.CLOSE, b"x") == errno.EINVAL
    assert error(client.call, tfs1.HELLO, offset=2) == errno.EPROTO
    assert error(client.call, tfs1.CANCEL, handle=1) == errno.ENOENT


class Raw:
    """A connection without a client's manners."""

    def __init__(self, guest):
        self.data = b""
        self.line = socket.socket(socket.AF_UNIX)
        self.line.settimeout(WAIT)
        self.line.connect(str(guest.socket))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.line.close()

    def send(self, data):
        self.line.sendall(data)

    def reply(self):
        """The next one."""
        while True:
            reply, self.data = tfs1.take_reply(self.data)
            if reply:
                return reply
            piece = self.line.recv(1 << 16)
            assert piece, "the guest is gone"
            self.data += piece

    def answer(self):
        """(id, status) of the next reply."""
        reply = self.reply()
        return reply.id, reply.status

    def hello(self, ident=1, before=b"\0"):
        """Begin a session; drop what came for others."""
        self.send(before + tfs1.request(tfs1.HELLO, ident, offset=1))
        while self.reply().id != ident:
            pass


def test_before_hello_nothing_else_is_done(guest):
    with Raw(guest) as line:
        line.send(tfs1.request(tfs1.STAT, 5, b"trace"))
        assert line.answer() == (5, -errno.EPROTO)


def test_an_id_twice_is_refused(guest):
    with Raw(guest) as line:
        line.hello()
        line.send(tfs1.request(tfs1.OPEN, 2, b"trace_pipe", flags=1, pid=9))
        handle = line.reply().value
        line.send(tfs1.request(tfs1.READ, 3, handle=handle, count=10, pid=9))
        line.send(tfs1.request(tfs1.STAT, 3, b"trace"))
        assert line.answer() == (3, -errno.EEXIST)
        line.send(tfs1.request(tfs1.STAT, 0, b"trace"))
        assert line.answer() == (0, -errno.EINVAL)
        line.send(tfs1.request(tfs1.CANCEL, 4, handle=3))
        assert {line.answer(), line.answer()} == {(4, 0), (3, -errno.EINTR)}


def test_too_many_requests_are_refused(guest):
    with Raw(guest) as line:
        line.hello()
        line.send(tfs1.request(tfs1.OPEN, 2, b"trace_pipe", flags=1))
        handle = line.reply().value
        for ident in range(1000, 1128):
            line.send(tfs1.request(tfs1.POLL, ident, handle=handle,
                                   flags=tfs1.F_WAIT))
        line.send(tfs1.request(tfs1.STAT, 3, b"trace"))
        assert line.answer() == (3, -errno.ENOBUFS)


def test_a_session_gets_no_reply_of_the_one_before(guest):
    with Raw(guest) as line:
        line.hello()
        line.send(tfs1.request(tfs1.OPEN, 2, b"trace_pipe", flags=1, pid=9))
        line.send(tfs1.request(tfs1.READ, 3, count=10, pid=9,
                               handle=line.reply().value))
        line.send(tfs1.request(tfs1.HELLO, 4, offset=1)
                  + tfs1.request(tfs1.STAT, 5, b"trace"))
        assert line.answer() == (4, 0) and line.answer() == (5, 0)


def test_a_client_that_reads_late_gets_all(guest):
    """More than the line holds: the guest waits until there is room."""
    with Raw(guest) as line:
        line.hello()
        line.send(tfs1.request(tfs1.OPEN, 2, b"kallsyms", flags=1))
        handle, size = line.reply().value, tfs1.MAX_PAYLOAD
        for ident in range(100, 130):
            line.send(tfs1.request(tfs1.READ, ident, handle=handle,
                                   count=size, pid=77))
        time.sleep(0.3)  # it stands still now; if it does not, no harm
        texts = [line.reply() for _ in range(30)]
        assert [text.id for text in texts] == list(range(100, 130))
        assert {text.status for text in texts} == {size}
        assert len({text.payload for text in texts}) == 1


def test_garbage_after_a_reply_gets_another(guest):
    """QEMU hands over 4,096 bytes at a time. The line is full, so the guest is
    still about to reply to the first when the rest is there."""
    with Raw(guest) as line:
        line.hello()
        line.send(tfs1.request(tfs1.OPEN, 2, b"kallsyms", flags=1))
        handle = line.reply().value
        for ident in range(100, 120):
            line.send(tfs1.request(tfs1.READ, ident, handle=handle,
                                   count=tfs1.MAX_PAYLOAD, pid=77))
        line.send(b"?" * 4096 + b"what is this?")
        time.sleep(0.3)  # less would only find less
        found = [line.answer() for _ in range(22)]
        assert found.count((0, -errno.EBADMSG)) == 2


def with_head_crc(head):
    return head + struct.pack("<I", zlib.crc32(head))


def test_damaged_frames_get_an_error_each(guest):
    good = tfs1.request(tfs1.STAT, 7, b"trace")
    with Raw(guest) as line:
        line.hello()
        line.send(good[:-1] + b"E")
        assert line.answer() == (7, -errno.EBADMSG)
        line.send(b"TFS1" + bytes(60))
        first = line.reply()
        assert (first.id, first.status) == (0, -errno.EBADMSG)
        line.send(b"what is this?")
        second = line.reply()
        assert (second.id, second.status) == (0, -errno.EBADMSG)
        assert second.value == first.value + 1
        line.send(with_head_crc(struct.pack("<4sI", b"TFS1", 65537)
                                + good[8:60]))
        assert line.answer() == (7, -errno.E2BIG)
        line.send(good)
        reply = line.reply()
        assert (reply.id, reply.status, len(reply.payload)) == (7, 0, 24)


def test_a_frame_cut_off_is_given_up(guest):
    with Raw(guest) as line:
        line.hello()
        line.send(tfs1.request(tfs1.STAT, 8, b"trace")[:-2])
        assert line.answer() == (8, -errno.ETIMEDOUT)
        line.send(tfs1.request(tfs1.STAT, 9, b"trace")[:20])
        assert line.answer() == (0, -errno.ETIMEDOUT)


def damaged_frame(rng):
    """Bytes that may be a frame, and an id if a reply with it must come."""
    ident = rng.randrange(1, 1 << 32)
    payload = rng.choice([b"", b"trace", b"tracing_on", b"nope", b"per_cpu",
                          rng.randbytes(rng.randrange(200))])
    op = rng.choice([2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99])
    frame = bytearray(tfs1.request(
        op, ident, payload, flags=rng.choice([0, 0, 1, 2, 8, 16, 255]),
        handle=rng.choice([0, 1, 256, 512, 700]),
        count=rng.choice([0, 1, 4096, 1 << 31]),
        offset=rng.choice([0, 0, 5, 1 << 63]),
        pid=rng.choice([0, 301, 302, 303, 1, -1, 5000000])))
    kind = rng.randrange(4)
    if kind == 0:
        return bytes(frame), ident
    if kind == 1:
        at = rng.randrange(len(frame))
        frame[at] ^= 1 << rng.randrange(8)
    elif kind == 2:
        del frame[rng.randrange(len(frame)):]
    else:
        frame = rng.randbytes(rng.randrange(120))
    return bytes(frame), None


def bombard(guest, frames):
    """After each lot of frames a session can begin, and a whole frame that
    stands alone gets one reply."""
    rng = random.Random(SEED)
    with Raw(guest) as line:
        for lot in range(frames // 40):
            line.send(b"".join(damaged_frame(rng)[0] for _ in range(40)))
            line.hello(1 << 31 | lot)
            frame, ident = damaged_frame(rng)
            if ident and frame[12] in range(2, 12):
                line.send(frame)
                assert line.reply().id == ident


def test_random_and_damaged_frames(guest):
    bombard(guest, FRAMES)
    with_client(guest)


def test_the_connection_may_end_at_every_byte(guest):
    """Of a request, and of the HELLO in front of it."""
    hello = b"\0" + tfs1.request(tfs1.HELLO, 1000, offset=1)
    frame = tfs1.request(tfs1.STAT, 3, b"available_tracers", pid=7)
    for at in range(len(hello)):
        with Raw(guest) as line:
            line.send(hello[:at])
        with Raw(guest) as line:
            line.hello(1 + at)
    for at in range(len(frame) + 1):
        with Raw(guest) as line:
            line.hello(1000 + at)
            line.send(frame[:at])
    with Raw(guest) as line:
        line.hello(5)
        line.send(frame)
        assert line.answer() == (3, 0)


def opened(line, path, flags):
    line.hello(1 << 20)
    line.send(tfs1.request(tfs1.OPEN, 2, path, flags=flags, pid=8))
    return line.reply().value


def test_a_write_is_done_whole_or_not_where_the_connection_ends(guest):
    """At each byte of it; a whole one may be cancelled."""
    texts = []
    for at in range(len(tfs1.request(tfs1.WRITE, 3, b"until byte 100"))):
        texts.append(b"until byte %03d" % at)
        with Raw(guest) as line:
            handle = opened(line, b"trace_marker", tfs1.F_WRITE)
            line.send(tfs1.request(tfs1.WRITE, 3, texts[-1], handle=handle,
                                   pid=8)[:at])
    with Raw(guest) as line:
        handle = opened(line, b"trace_marker", tfs1.F_WRITE)
        line.send(tfs1.request(tfs1.WRITE, 3, b"whole", handle=handle, pid=8))
        assert line.answer() == (3, len(b"whole"))
    client = guest.client(timeout=WAIT)
    trace = client.cat("trace")
    client.close_line()
    assert trace.count(b"tracing_mark_write: whole\n") == 1
    assert b"until byte" not in trace


def test_the_connection_may_end_at_every_byte_of_a_reply(guest):
    """At each of its head and, now and then, of its payload."""
    for bytes_read in [*range(1, 40), 4096, 10000, 60000, 65567]:
        with Raw(guest) as line:
            handle = opened(line, b"kallsyms", tfs1.F_READ)
            for ident in range(3, 9):
                line.send(tfs1.request(tfs1.READ, ident, handle=handle,
                                       count=tfs1.MAX_PAYLOAD, pid=8))
            while bytes_read:
                piece = line.line.recv(bytes_read)
                assert piece, "the guest is gone"
                bytes_read -= len(piece)
    with Raw(guest) as line:
        handle = opened(line, b"tracing_on", tfs1.F_READ)
        line.send(tfs1.request(tfs1.READ, 3, handle=handle, count=9, pid=8))
        assert line.answer() == (3, 2)


def unread(line):
    """Bytes that have arrived, when no more arrive: QEMU's socket is full."""
    count, before = bytearray(4), -1
    bound = time.monotonic() + WAIT
    while before != (now := int.from_bytes(count, "little")) or not now:
        assert time.monotonic() < bound
        before = now
        time.sleep(0.01)
        fcntl.ioctl(line, termios.FIONREAD, count)
    return now


def test_the_connection_may_end_while_a_reply_is_sent(guest):
    """More often than the port has buffers. QEMU keeps the one whose bytes it
    was writing."""
    for _ in range(48):
        with Raw(guest) as line:
            handle = opened(line, b"README", tfs1.F_READ)
            for ident in range(3, 103):
                line.send(tfs1.request(tfs1.READ, ident, handle=handle,
                                       count=6000, pid=8))
            assert unread(line.line) < 100 * 6000


# ---- waiting ----------------------------------------------------------------

def test_a_read_waits_and_is_cancelled(client):
    client.echo("trace", b"")
    handle = client.open("trace_pipe", pid=21)
    slot = client.start(tfs1.READ, handle=handle, count=100, pid=21)
    behind = client.start(tfs1.READ, handle=handle, count=100, pid=21)
    assert client.stat("trace", pid=22)  # the others go on
    assert client.cancel(behind) and client.cancel(slot)
    assert client.finish(slot).status == -errno.EINTR
    assert client.finish(behind).status == -errno.EINTR
    assert not client.cancel(slot)
    assert error(client.read, handle, flags=tfs1.F_NONBLOCK) == errno.EAGAIN
    slot = client.start(tfs1.READ, handle=handle, count=200, pid=21)
    client.echo("trace_marker", b"wake up\n", pid=22)
    assert b"wake up" in client.finish(slot).payload
    client.close(handle)


def test_poll_tells_and_waits(client):
    client.echo("trace", b"")
    handle = client.open("trace_pipe", pid=23)
    poll = {"handle": handle, "pid": 23}
    assert client.call(tfs1.POLL, **poll).status == 0
    slot = client.start(tfs1.POLL, flags=tfs1.F_WAIT, **poll)
    assert error(client.read, handle, flags=tfs1.F_NONBLOCK,
                 pid=23) == errno.EAGAIN  # the same task goes on
    assert not slot[0].is_set()
    client.echo("trace_marker", b"ready\n", pid=24)
    assert client.finish(slot).status == tfs1.POLLIN
    client.read(handle)
    slot = client.start(tfs1.POLL, flags=tfs1.F_WAIT, **poll)
    assert client.cancel(slot)
    assert client.finish(slot).status == -errno.EINTR
    client.close(handle)
    both = client.open("tracing_on", tfs1.F_READ | tfs1.F_WRITE)
    assert client.call(tfs1.POLL, handle=both).status \
        == tfs1.POLLIN | tfs1.POLLOUT
    client.close(both)
    assert error(client.call, tfs1.POLL, handle=both) == errno.EBADF


def test_close_ends_the_waits_of_its_handle(client):
    client.echo("trace", b"")
    handle = client.open("trace_pipe", pid=25)
    read = client.start(tfs1.READ, handle=handle, count=100, pid=25)
    poll = client.start(tfs1.POLL, handle=handle, flags=tfs1.F_WAIT, pid=26)
    client.close(handle, pid=27)
    assert client.finish(read).status == -errno.EINTR
    assert client.finish(poll).status == -errno.EINTR


# ---- callers ----------------------------------------------------------------

def test_the_trace_shows_the_caller(client):
    client.echo("trace", b"")
    client.echo("trace_marker", b"one\n", pid=31, comm=b"sh")
    client.echo("trace_marker", b"two\n", pid=31, comm=b"an\nother")
    client.echo("trace_marker", b"three\n")
    lines = [line for line in client.cat("trace").decode().splitlines()
             if "tracing_mark_write" in line]
    # As on Linux, the name a task had last stands at all its events.
    assert lines[0].lstrip().startswith("an?other-31 ")
    assert lines[1].lstrip().startswith("an?other-31 ")
    pid = int(lines[2].split()[0].rpartition("-")[2])
    assert pid >= 100000


def test_a_pid_of_the_guest_is_refused(guest, client):
    assert error(client.stat, "trace", pid=1, comm=b"init") == errno.EBUSY
    assert re.search(r"tracefs: the host's pid 1 \(\w*\) is a task of the "
                     "guest", guest.log())
    assert client.stat("trace", pid=2)


def test_the_guests_own_pids_are_far_away(client):
    client.echo("trace_marker", b"x")
    client.echo("current_tracer", b"function")
    own, bound = set(), time.monotonic() + 60
    while not own:
        assert time.monotonic() < bound, "no task of the guest has run"
        text = client.cat("saved_cmdlines", pid=41, comm=b"cat")
        own = {pid for pid in (int(line.split()[0])
                               for line in text.splitlines()) if pid >= 10000}
    client.echo("current_tracer", b"nop")
    assert all(pid >= 100000 for pid in own)


def test_more_callers_than_tasks(client):
    """One after the other."""
    for pid in range(2000, 2000 + 3 * client.max_tasks):
        assert client.stat("trace", pid=pid, comm=b"many")


def test_the_longest_idle_task_ends(client):
    """With function-fork a task that ends leaves set_ftrace_pid."""
    pids = list(range(7000, 7000 + client.max_tasks))
    for pid in pids:
        client.stat("trace", pid=pid)
    for pid in pids[:10]:  # these have the latest turns
        client.stat("trace", pid=pid)
    idle, who = pids[10:] + pids[:10], {"pid": pids[9]}
    client.echo("set_ftrace_pid", " ".join(map(str, pids)).encode(), **who)
    client.echo("options/function-fork", b"1", **who)
    for nr, pid in enumerate(range(7900, 7905)):
        client.stat("trace", pid=pid)
        left = set(map(int, client.cat("set_ftrace_pid", **who).split()))
        assert left == set(idle[nr + 1:])
    client.echo("options/function-fork", b"0", **who)
    client.echo("set_ftrace_pid", b"", **who)


def test_the_65th_caller_at_once_is_refused(client):
    client.echo("trace", b"")
    handle = client.open("trace_pipe")
    slots = [client.start(tfs1.READ, handle=handle, count=10, pid=3000 + n)
             for n in range(client.max_tasks - 1)]
    assert client.stat("trace", pid=2999)
    slots.append(client.start(tfs1.READ, handle=handle, count=10, pid=3999))
    assert error(client.stat, "trace", pid=4000) == errno.EBUSY
    client.close(handle, pid=3000)
    assert all(client.finish(slot).status == -errno.EINTR for slot in slots)


# ---- all at once ------------------------------------------------------------

# EBADF: of trace_marker while tracing_on is 0, as on Linux.
EXPECTED = {errno.EAGAIN, errno.EACCES, errno.EINVAL, errno.EBUSY,
            errno.EMFILE, errno.EBADF}


def use(line, path, mode, who):
    """Open, read a piece, write it back, close."""
    want = (tfs1.F_READ if mode & 0o400 else 0) | \
        (tfs1.F_WRITE if mode & 0o200 else 0) | tfs1.F_NONBLOCK
    try:
        handle = line.open(path, want, **who)
    except OSError as failed:
        assert failed.errno in EXPECTED, (path, failed)
        return
    data = b"x\n"
    try:
        if mode & 0o400:
            data = line.read(handle, 500, **who)
            data = data[:data.rfind(b"\n") + 1]
        if mode & 0o200:
            line.write(handle, data, **who)
    except OSError as failed:
        assert failed.errno in EXPECTED, (path, failed)
    finally:
        line.close(handle, **who)


def test_every_node_by_eight_clients_at_once(client):
    nodes = [(path, mode) for path, mode in tree(client)
             if stat.S_ISREG(mode)]
    assert len(nodes) > 40
    problems = []

    def visit(nr):
        who = {"pid": 5001 + nr, "comm": b"client-%d" % nr}
        mine = nodes[:]
        random.Random(SEED + nr).shuffle(mine)
        try:
            for path, mode in mine:
                use(client, path, mode, who)
        except Exception as problem:  # told by the main thread
            problems.append(problem)
    threads = [threading.Thread(target=visit, args=(nr,))
               for nr in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems
    client.echo("tracing_on", b"1")
    client.echo("current_tracer", b"nop")
