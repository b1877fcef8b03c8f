# SPDX-License-Identifier: MIT
# parts: test 2
"""The files that Linux's tools look for, read and written from the host."""
import errno
import re
import struct
import subprocess
import time

import pytest

from tests import qemu
from tests.serve_guest import Guest
from tests.test_serve import error
from tools.tracefs import tfs1

PAGE = 4096


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    with Guest(tmp_path_factory.mktemp("serve"), smp=2) as machine:
        yield machine


@pytest.fixture
def client(guest):
    line = guest.client(timeout=100)
    line.echo("tracing_on", b"1")
    yield line
    for path, text in (("current_tracer", b"nop"), ("tracing_thresh", b"0"),
                       ("set_ftrace_filter", b""), ("tracing_on", b"1"),
                       ("set_ftrace_notrace_pid", b""),
                       ("buffer_percent", b"50"), ("trace", b"")):
        line.echo(path, text)
    line.close_line()


def test_kallsyms_is_that_of_the_image(client):
    lines = client.cat("kallsyms").decode().splitlines()
    found = [re.fullmatch(r"([0-9a-f]{16}) ([A-Za-z]) (\S+)", line).groups()
             for line in lines]
    assert found == sorted(found, key=lambda row: row[0])
    image = subprocess.run(["nm", qemu.TESTS], check=True, text=True,
                           capture_output=True).stdout
    names = {tuple(line.split()[::2]) for line in image.splitlines()
             if line.split()[1] in "Tt"}
    for name in ("schedule", "mutex_lock", "tracefs_open"):
        address = {addr for addr, _, what in found if what == name}
        assert address == {addr for addr, what in names if what == name}


def test_printk_formats_have_an_address_each(client):
    for line in client.cat("printk_formats").splitlines():
        assert re.fullmatch(rb'0x[0-9a-f]{16} : ".*"', line)


def test_each_option_is_a_file(client):
    listed = client.cat("trace_options").decode().split()
    files = [name for name, _, _ in client.readdir("options")]
    assert len(listed) == len(files)
    for text, name in zip(listed, files):
        assert text in (name, "no" + name)
        value = client.cat(f"options/{name}")
        assert value == (b"1\n" if text == name else b"0\n")
    client.echo("options/sym-offset", b"1")
    assert b"\nsym-offset\n" in client.cat("trace_options")
    client.echo("trace_options", b"nosym-offset")
    assert client.cat("options/sym-offset") == b"0\n"
    for text in (b"2", b"x", b""):
        assert error(client.echo, "options/sym-offset", text) == errno.EINVAL
    assert error(client.stat, "options/nosuch") == errno.ENOENT


def test_clocks_have_their_names_and_units(client):
    assert client.cat("trace_clock") == (b"[local] global counter uptime perf "
                                         b"mono mono_raw boot x86-tsc\n")
    client.echo("trace_clock", b"uptime")
    client.echo("trace_marker", b"now\n")
    line = client.cat("trace").decode().splitlines()[-1]
    ticks = int(re.search(r" (\d+): tracing_mark_write: now", line)[1])
    assert 0 < ticks < 100 * 3600
    client.echo("trace_clock", b"local")


def graph(client, thresh):
    """The lines of one traced call."""
    client.echo("current_tracer", b"nop")
    client.echo("tracing_on", b"1")
    client.echo("set_ftrace_filter", b"tracefs_stat")
    client.echo("tracing_thresh", thresh)
    client.echo("current_tracer", b"function_graph")
    client.stat("trace", pid=51, comm=b"stat")
    client.echo("tracing_on", b"0")
    return [line for line in client.cat("trace").decode().splitlines()
            if "tracefs_stat" in line]


def test_tracing_thresh_keeps_the_slow_calls(client):
    lines = graph(client, b"0")
    assert lines and all("tracefs_stat() {" in line or "tracefs_stat();" in line
                         for line in lines[:1])
    lines = graph(client, b"1")
    assert lines and all("} /* tracefs_stat */" in line for line in lines)
    assert not graph(client, b"10000000")
    client.echo("tracing_thresh", b"10000000")
    assert client.cat("tracing_thresh") == b"10000000\n"
    assert error(client.echo, "tracing_thresh", b"x") == errno.EINVAL


def test_the_server_is_not_in_the_trace(client):
    """Neither its threads, nor what a caller's task does outside the tree."""
    client.echo("current_tracer", b"function")
    for _ in range(5):
        client.stat("trace", pid=63, comm=b"seen")
    client.echo("tracing_on", b"0")
    text = client.cat("trace").decode()
    assert text.count("tracefs_stat <-serve_run") == 5
    assert not re.findall(r"\S+ <-(?:serve_finish|serve_send|task_body|"
                          "receive_thread|tfs1_reply|serve_line_wait)", text)


def calls(client, pid):
    """Lines of tracefs_stat by a task."""
    text = client.cat("trace").decode()
    return len(re.findall(rf"-{pid} .*tracefs_stat <-", text))


def test_tasks_are_left_out_by_pid(client):
    client.echo("set_ftrace_filter", b"tracefs_stat")
    client.echo("set_ftrace_notrace_pid", b"61\n")
    assert client.cat("set_ftrace_notrace_pid") == b"61\n"
    client.echo("current_tracer", b"function")
    client.stat("trace", pid=61, comm=b"out")
    client.stat("trace", pid=62, comm=b"in")
    assert (calls(client, 61), calls(client, 62)) == (0, 1)
    client.echo("set_ftrace_notrace_pid", b"")
    assert client.cat("set_ftrace_notrace_pid") == b"no pid\n"
    client.stat("trace", pid=61, comm=b"out")
    assert calls(client, 61) == 1


# ---- trace_pipe_raw ---------------------------------------------------------

def fill(client, pages):
    """Write markers for so many pages, on whichever CPU."""
    handle = client.open("trace_marker", tfs1.F_WRITE, pid=71)
    for _ in range(pages * 5):
        client.write(handle, b"x" * 900 + b"\n", pid=71)
    client.close(handle, pid=71)


def test_a_large_read_takes_complete_pages(client):
    client.echo("buffer_size_kb", b"1408")
    client.echo("tracing_cpumask", b"1")
    handle = client.open("per_cpu/cpu0/trace_pipe_raw")
    now = {"flags": tfs1.F_NONBLOCK}
    assert error(client.read, handle, **now) == errno.EAGAIN
    client.echo("tracing_cpumask", b"3")
    client.close(handle)


def raw_pages(client, handle, size):
    """All pages that are there now."""
    data = b""
    while True:
        try:
            piece = client.read(handle, size, flags=tfs1.F_NONBLOCK)
        except OSError as failed:
            assert failed.errno == errno.EAGAIN
            return data
        if not piece:
            return data
        assert len(piece) % PAGE == 0
        data += piece


def used(page):
    """Bytes of events in a page."""
    return struct.unpack_from("<Q", page, 8)[0] & 0xfffff


def test_pages_are_complete_until_tracing_ends(client):
    fill(client, 20)
    taken = []
    for cpu in range(client.cpus):
        handle = client.open(f"per_cpu/cpu{cpu}/trace_pipe_raw")
        data = raw_pages(client, handle, 65536)
        taken += [used(data[at:at + PAGE]) for at in range(0, len(data), PAGE)]
        small = raw_pages(client, handle, PAGE)  # of one page: what there is
        assert len(small) <= PAGE
        client.close(handle)
    assert len(taken) >= 15
    assert all(size > 3000 for size in taken)
    fill(client, 1)
    client.echo("tracing_on", b"0")
    rest = b""
    for cpu in range(client.cpus):
        handle = client.open(f"per_cpu/cpu{cpu}/trace_pipe_raw")
        rest += raw_pages(client, handle, 65536)
        client.close(handle)
    assert rest.count(b"x" * 900) == 5


def test_a_large_read_waits_for_buffer_percent(client):
    assert error(client.echo, "buffer_percent", b"101") == errno.EINVAL
    client.echo("buffer_size_kb", b"80")
    client.echo("buffer_percent", b"50")
    handles = [client.open(f"per_cpu/cpu{cpu}/trace_pipe_raw")
               for cpu in range(client.cpus)]
    slots = [client.start(tfs1.READ, handle=handle, count=65536, pid=80 + cpu)
             for cpu, handle in enumerate(handles)]
    fill(client, 2)
    time.sleep(0.1)
    assert not any(slot[0].is_set() for slot in slots)
    fill(client, 40)
    bound = time.monotonic() + 100
    while not any(slot[0].is_set() for slot in slots):
        assert time.monotonic() < bound
        time.sleep(0.01)
    first = next(slot for slot in slots if slot[0].is_set())
    assert client.finish(first).status >= 9 * PAGE
    for handle in handles:
        client.close(handle)
    client.echo("buffer_size_kb", b"1408")
