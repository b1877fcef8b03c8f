# SPDX-License-Identifier: MIT
# parts: test 7
"""What the file server costs and holds: instructions, memory, lost events.

The limits are those of the table in trace/serve/DESIGN.md. Each is filled and
emptied ten times; after that the guest has the memory that it had before.
"""
import errno
import random
import re
import struct
import subprocess
import threading
import time

import pytest

from tests import qemu
from tests.serve_guest import Guest
from tests.test_serve import error
from tools.tracefs import tfs1

MOST_INSTRUCTIONS = 20000  # of open + read + close of a small file
TURNS = 50  # of a measurement
TIMES = 10


# ---- instructions -----------------------------------------------------------

class Counted:
    """A guest with one CPU whose instructions are counted."""

    def __init__(self, guest, out):
        self.guest, self.out = guest, out

    def settled(self):
        """The count, once the CPU is halted: then nothing is left to do."""
        bound = time.monotonic() + 100
        while True:
            count, halted = struct.unpack("<QQ", self.out.read_bytes())
            if halted and self.out.read_bytes()[:8] == struct.pack("<Q", count):
                return count
            assert time.monotonic() < bound, "the guest does not halt"

    def cost(self, call):
        """(what call returns, instructions from a halt to the next one)"""
        before = self.settled()
        value = call()
        return value, self.settled() - before


@pytest.fixture(scope="module")
def counted(tmp_path_factory):
    directory = tmp_path_factory.mktemp("count")
    plugin, out = directory / "count.so", directory / "count"
    subprocess.run(["gcc", "-O2", "-Wall", "-Wextra", "-Werror", "-shared",
                    "-fPIC", "-o", plugin,
                    qemu.ROOT / "tests/plugin/count.c"], check=True)
    out.write_bytes(bytes(16))
    with Guest(directory, smp=1, append="poison=off", qemu=[
            "-plugin", f"file={plugin},out={out}"]) as guest:
        yield Counted(guest, out)


@pytest.fixture
def counted_line(counted):
    """Its client. A connection that a failed test left open would be the only
    one: no later test would be served."""
    line = counted.guest.client(timeout=100)
    yield line
    line.close_line()


def open_read_close(counted, line, pause=lambda: None):
    """Instructions of the three. Of each the least of several, because the
    guest's tick, which they do not cause, falls into some of them."""
    who, found = {"pid": 77, "comm": b"cat"}, []
    for _ in range(TURNS):
        pause()
        handle, opened = counted.cost(lambda: line.open("tracing_on", **who))
        pause()
        text, read = counted.cost(lambda: line.read(handle, 4096, **who))
        assert text == b"1\n"
        pause()
        closed = counted.cost(lambda: line.close(handle, **who))[1]
        found.append((opened, read, closed))
    return sum(map(min, zip(*found)))


def test_open_read_close_of_a_small_file(counted, counted_line):
    found = open_read_close(counted, counted_line)
    print(f"serve.open_read_close {found} insn")
    assert 1000 < found <= MOST_INSTRUCTIONS


@pytest.mark.parametrize("pause", [0.0005, 0.003])
def test_the_cost_does_not_depend_on_the_host(counted, counted_line, pause):
    """A slow client, and one at times, find the same number."""
    rng = random.Random(1)
    slow = open_read_close(
        counted, counted_line, lambda: time.sleep(rng.random() * pause))
    fast = open_read_close(counted, counted_line)
    assert abs(slow - fast) <= fast // 100  # a tick in each call of a kind


def test_the_count_counts(counted, counted_line):
    """More work is more instructions: a listing of everything."""
    small = counted.cost(lambda: counted_line.stat("trace"))[1]
    large = counted.cost(
        lambda: counted_line.cat("available_filter_functions"))[1]
    assert large > 20 * small


# ---- limits -----------------------------------------------------------------

@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """(guest, QEMU's monitor)"""
    directory = tmp_path_factory.mktemp("limits")
    monitor = qemu.Monitor(directory)
    with Guest(directory, smp=2, qemu=monitor.options) as machine:
        monitor.connect()
        yield machine, monitor


@pytest.fixture
def guest(watched):
    return watched[0]


@pytest.fixture
def client(guest):
    line = guest.client(timeout=100)
    line.echo("trace", b"")
    yield line
    line.close_line()


def test_open_files_full_and_empty(client):
    for _ in range(TIMES):
        handles = [client.open("tracing_on")
                   for _ in range(client.max_handles)]
        assert len(set(handles)) == client.max_handles
        assert error(client.open, "tracing_on") == errno.EMFILE
        client.close(handles.pop(17))
        handles.append(client.open("tracing_on"))
        assert client.read(handles[-1], 10) == b"1\n"
        for handle in handles:
            client.close(handle)


def test_requests_full_and_empty(client):
    for _ in range(TIMES):
        handle = client.open("trace_pipe")
        slots = [client.start(tfs1.POLL, handle=handle, flags=tfs1.F_WAIT)
                 for _ in range(client.max_requests)]
        assert error(client.stat, "trace") == errno.ENOBUFS
        assert client.cancel(slots[5])
        assert client.finish(slots[5]).status == -errno.EINTR
        assert client.stat("trace")
        for slot in slots[:5] + slots[6:]:
            assert client.cancel(slot)
            assert client.finish(slot).status == -errno.EINTR
        client.close(handle)


def test_tasks_full_and_empty_M1(client):
    """Only an idle task is ended to make room: with none there is -EBUSY, and
    with one the newcomer gets its place."""
    for turn in range(TIMES):
        handle = client.open("trace_pipe", pid=900)
        slots = [client.start(tfs1.READ, handle=handle, count=10,
                              pid=10000 + 100 * turn + nr)
                 for nr in range(client.max_tasks)]
        assert error(client.stat, "trace", pid=9000) == errno.EBUSY
        client.cancel(slots[0])
        assert client.finish(slots[0]).status == -errno.EINTR
        assert client.stat("trace", pid=9000)
        for slot in slots[1:]:
            client.cancel(slot)
            assert client.finish(slot).status == -errno.EINTR
        client.close(handle, pid=9000)


def test_connections_full_and_empty(guest):
    """The second is served as soon as the first has ended; nothing is lost of
    what it has sent until then."""
    first = guest.client(timeout=100)
    for _ in range(TIMES):
        second, done = [], threading.Event()

        def connect(found=second, over=done):
            found.append(guest.client(timeout=100))
            over.set()
        thread = threading.Thread(target=connect)
        thread.start()
        assert first.cat("tracing_on") == b"1\n"
        assert not done.is_set()
        before = first.session
        first.close_line()
        assert done.wait(100)
        thread.join()
        first, = second
        assert first.session == before + 1
        assert first.cat("tracing_on") == b"1\n"
    first.close_line()


def test_payloads_full_and_empty(client):
    """The largest one both ways, and one byte more, after which the next frame
    is found again."""
    names = client.cat("available_filter_functions")
    assert len(names) > client.max_payload
    for _ in range(TIMES):
        handle = client.open("available_filter_functions")
        whole = client.call(tfs1.READ, handle=handle, count=client.max_payload)
        assert whole.payload == names[:client.max_payload]
        client.close(handle)
        handle = client.open("trace_marker", flags=tfs1.F_WRITE)
        text = b"x" * client.max_payload
        assert 0 < client.call(tfs1.WRITE, text,
                               handle=handle).status <= len(text)
        assert error(client.call, tfs1.WRITE, text + b"x",
                     handle=handle) == errno.E2BIG
        client.close(handle)


def test_paths_full_and_empty(client):
    for _ in range(TIMES):
        assert error(client.stat, "x/" * 255 + "x") == errno.ENOENT
        assert error(client.stat, "x/" * 256) == errno.ENAMETOOLONG
        assert client.stat("events/ftrace")


def use_everything(guest):
    """A session with all handles, requests and tasks in use, which then
    ends."""
    line = guest.client(timeout=100)
    pipe = line.open("trace_pipe", pid=1500)
    for _ in range(line.max_handles - 1):
        line.open("tracing_on", pid=1501)
    slots = [line.start(tfs1.READ, handle=pipe, count=10, pid=1600 + nr)
             for nr in range(line.max_tasks)]
    slots += [line.start(tfs1.POLL, handle=pipe, flags=tfs1.F_WAIT)
              for _ in range(line.max_requests - len(slots) - 1)]
    # The guest has them all when it answers what was sent after them.
    assert error(line.stat, "trace", pid=1500) == errno.EBUSY
    assert not any(slot[0].is_set() for slot in slots)
    line.close_line()


# Of struct buddy: what lies in front of nr_free.
FREE_OFFSET = 24


def free_now(watched, symbols):
    """Pages that the guest has free."""
    where = int(symbols["zone"], 16) + FREE_OFFSET
    return int(watched[1].command(f"x /1gx {where:#x}").split(":")[1], 16)


def free_pages(watched, symbols):
    """The same, once a session is over and the next one has begun."""
    line = watched[0].client(timeout=100)
    assert line.cat("tracing_on", pid=1500) == b"1\n"
    line.close(line.open("trace_pipe"))  # nobody has it any more
    free = free_now(watched, symbols)
    line.close_line()
    return free


def test_a_session_ends_with_everything_in_use_N3(watched, symbols):
    use_everything(watched[0])
    before = free_pages(watched, symbols)
    assert 1000 < before < 65536
    for _ in range(TIMES):
        use_everything(watched[0])
    # A slab of each class and some stacks are kept, so not to the page.
    assert abs(free_pages(watched, symbols) - before) <= 32


@pytest.mark.parametrize("what, number, least, most, use", [
    ("an open file", 200, 1, 1.5, lambda line, nr: line.open("tracing_on")),
    ("one with its text", 200, 8, 9.5, lambda line, nr: line.read(
        line.open("tracing_on"), 10)),
    ("a proxied task", 60, 0, 16.6, lambda line, nr: line.stat(
        "trace", pid=1700 + nr)),  # a stack may be there from another test
    ("a request", 120, 0.1, 0.3, lambda line, nr: line.start(
        tfs1.POLL, handle=line.pipe, flags=tfs1.F_WAIT))])
def test_memory_of_one(watched, symbols, what, number, least, most, use):
    """As in the table. Slabs are shared, and a few pages come and go."""
    line = watched[0].client(timeout=100)
    line.pipe = line.open("trace_pipe")
    before = free_now(watched, symbols)
    for nr in range(number):
        use(line, nr)
    line.stat("trace")
    took = (before - free_now(watched, symbols)) * 4
    line.close_line()
    print(f"serve.memory {what}: {took / number:.2f} KiB")
    assert least * number - 64 <= took <= most * number + 64


# ---- no event disappears ----------------------------------------------------

def markers(client, writers, each):
    """Written markers: each write that succeeded."""
    def write(nr):
        who = {"pid": 2000 + nr, "comm": b"writer"}
        handle = client.open("trace_marker", tfs1.F_WRITE, **who)
        for n in range(each):
            client.write(handle, b"mark %d.%d\n" % (nr, n), **who)
        client.close(handle, **who)
    threads = [threading.Thread(target=write, args=(nr,))
               for nr in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return writers * each


def small_buffer(client):
    client.echo("tracing_on", b"1")
    client.echo("buffer_size_kb", b"12")
    client.echo("trace", b"")


def drain(client, path, size):
    """All of a stream that has ended."""
    handle, data = client.open(path), b""
    try:
        while piece := client.read(handle, size, flags=tfs1.F_NONBLOCK):
            data += piece
    except OSError as failed:
        assert failed.errno == errno.EAGAIN
    client.close(handle)
    return data


def page_events(page):
    """(print events in a page, events lost before it)"""
    commit = struct.unpack_from("<Q", page, 8)[0]
    size, lost, at, events = commit & 0xfffff, 0, 16, 0
    if commit & 1 << 31:
        assert commit & 1 << 30, "the number is stored"
        lost = struct.unpack_from("<Q", page, 16 + size)[0]
    end = 16 + size
    while at < end:
        head, first = struct.unpack_from("<II", page, at)
        kind = head & 31
        if kind == 29:
            break
        if kind >= 30:
            at += 8
        else:
            events += 1
            at += 4 + (first if kind == 0 else 4 * kind)
    return events, lost


@pytest.mark.parametrize("each", [20, 400])
def test_written_is_read_and_lost_as_text(client, each):
    small_buffer(client)
    written = markers(client, 4, each)
    client.echo("tracing_on", b"0")
    text = drain(client, "trace_pipe", 3000).decode()
    lost = sum(int(n) for n in re.findall(r"\[LOST (\d+) EVENTS\]", text))
    assert text.count("tracing_mark_write: mark ") + lost == written
    assert (lost > 0) == (each == 400)


@pytest.mark.parametrize("each", [20, 400])
def test_written_is_read_and_lost_as_pages(client, each):
    small_buffer(client)
    written = markers(client, 4, each)
    client.echo("tracing_on", b"0")
    events = lost = 0
    for cpu in range(client.cpus):
        data = drain(client, f"per_cpu/cpu{cpu}/trace_pipe_raw", 65536)
        for at in range(0, len(data), 4096):
            here, before = page_events(data[at:at + 4096])
            events, lost = events + here, lost + before
    assert events + lost == written
    assert (lost > 0) == (each == 400)


def test_written_is_read_and_lost_in_the_trace(client):
    small_buffer(client)
    written = markers(client, 4, 400)
    client.echo("tracing_on", b"0")
    text = client.cat("trace").decode()
    there, total = re.search(r"entries-in-buffer/entries-written: (\d+)/(\d+)",
                             text).groups()
    assert int(total) == written
    assert text.count("tracing_mark_write: mark ") == int(there) < written


def test_a_reader_beside_the_writers_misses_nothing(client):
    """Both at once: what is read and what is reported lost are all."""
    small_buffer(client)
    handle, data, done = client.open("trace_pipe", pid=3000), [b""], []

    def read():
        while piece := client.read(handle, 2000, pid=3000):
            data[0] += piece
    reader = threading.Thread(target=read)
    reader.start()
    written = markers(client, 4, 300)
    client.echo("tracing_on", b"0")
    reader.join(100)
    assert not reader.is_alive() and not done
    text = data[0].decode()
    lost = sum(int(n) for n in re.findall(r"\[LOST (\d+) EVENTS\]", text))
    assert text.count("tracing_mark_write: mark ") + lost == written
    client.close(handle)
    client.echo("tracing_on", b"1")
