# SPDX-License-Identifier: MIT
# parts: test-all 4
"""Where the tree differs from Linux's, or does not: each row of the table in
trace/control/DESIGN.md is tried from the host, as a stock tool would."""
import errno
import re

import pytest

from tests import qemu
from tests.serve_guest import Guest
from tests.test_serve import error
from tools.tracefs import tfs1

DESIGN = qemu.ROOT / "trace/control/DESIGN.md"
HEAD = "| file | on Linux | here |\n|---|---|---|\n"
NOW = {"flags": tfs1.F_NONBLOCK}


def rows():
    """The first cell of each."""
    table = DESIGN.read_text(encoding="utf-8").split(HEAD)[1].split("\n\n")[0]
    return [line.split("| ")[1]
            for line in table.splitlines()]


@pytest.fixture(scope="module")
def guest(tmp_path_factory):
    with Guest(tmp_path_factory.mktemp("rows"), smp=2,
               append="workload=steady") as machine:
        yield machine


@pytest.fixture
def client(guest):
    line = guest.client(timeout=100)
    yield line
    for path, text in (("current_tracer", b"nop"), ("tracing_on", b"1"),
                       ("set_ftrace_filter", b""), ("trace_clock", b"local"),
                       ("tracing_thresh", b"0"), ("kprobe_events", b""),
                       ("trace", b"")):
        line.echo(path, text)
    line.close_line()


# A call of the reader's own, and its caller. Not those of interrupts: how many
# come depends on the host.
OWN = re.compile(rb"^ +cat-91 +\[\d+\] ..\.\S* .*: (\w+) <-(\w+)", re.M)


def a_reader_does_not_feed_itself(client):
    """At most 16 events a read, and of mutexes the server's alone."""
    who, reads = {"pid": 91, "comm": b"cat"}, 30
    client.stat("trace", **who)  # now the guest has its task
    client.echo("set_ftrace_pid", b"91")
    client.echo("current_tracer", b"function")
    handle = client.open("trace_pipe", **who)
    texts = [client.read(handle, 4000, **who) for _ in range(reads)]
    client.echo("tracing_on", b"0")
    client.close(handle, **who)
    # open() adds some; each read its own, which the next one finds.
    assert reads <= len(OWN.findall(b"".join(texts))) <= 16 * (reads + 4)
    # The first reads find those of open().
    assert {caller for call, caller in OWN.findall(b"".join(texts[5:]))
            if call == b"mutex_lock"} == {b"read_some"}  # of trace/serve


def names_are_saved_while_tracing(client):
    client.stat("trace", pid=92, comm=b"nobody")
    client.stat("trace", pid=92, comm=b"nobody")
    assert b"92 nobody" not in client.cat("saved_cmdlines", pid=94)
    client.echo("trace_marker", b"x", pid=93, comm=b"somebody")
    client.stat("trace", pid=94)
    first = client.cat("saved_cmdlines", pid=94)
    assert b"93 somebody\n" in first
    assert client.cat("saved_cmdlines", pid=94) == first


def large_raw_reads_take_complete_pages(client):
    client.echo("trace_marker", b"one\n")
    for cpu in range(client.cpus):
        handle = client.open(f"per_cpu/cpu{cpu}/trace_pipe_raw")
        assert error(client.read, handle, 8192, **NOW) == errno.EAGAIN
        client.close(handle)


def all_options_are_there(client):
    files = {name for name, _, _ in client.readdir("options")}
    assert {"funcgraph-proc", "func_stack_trace", "record-cmd",
            "function-fork", "event-fork"} <= files
    client.call(tfs1.MKDIR, b"instances/rows")
    inside = {name for name, _, _ in client.readdir("instances/rows/options")}
    client.call(tfs1.RMDIR, b"instances/rows")
    assert files - inside == {"record-cmd"}


def absent_options(client):
    listed = client.cat("trace_options").decode().split()
    names = next(row for row in rows() if row.startswith("`trace_options`")
                 ).split()[1:]
    assert len(names) > 10
    for name in names:
        assert name not in listed and f"no{name}" not in listed
        for text in (name, f"no{name}"):
            assert error(client.echo, "trace_options", text.encode()) \
                == errno.EINVAL, text
        assert error(client.stat, f"options/{name}") == errno.ENOENT


def clocks(client):
    for name in (b"perf", b"mono_raw", b"boot", b"uptime", b"x86-tsc"):
        client.echo("trace_clock", name)
        assert b"[%s]" % name in client.cat("trace_clock")
    assert error(client.echo, "trace_clock", b"tai") == errno.EINVAL


def in_the_root(*names):
    def look(client):
        for name in names:
            assert client.stat(name)[0]
    return look


def probes_of_the_kernel_only(client):
    client.echo("kprobe_events", b"p:rows/one schedule", append=True)
    assert error(client.echo, "kprobe_events", b"p:rows/two amod:schedule",
                 append=True) in (errno.ENOENT, errno.EINVAL)
    assert client.cat("kprobe_events") == b"p:rows/one schedule\n"


def read_only_files_open_for_root(client):
    handle = client.open("available_tracers", tfs1.F_WRITE)
    assert error(client.write, handle, b"x") == errno.EINVAL
    client.close(handle)


def a_marker_is_its_writers(client):
    client.echo("trace_marker", b"whose\n", pid=95, comm=b"writer")
    assert re.search(rb"^ +writer-95 .*: tracing_mark_write: whose$",
                     client.cat("trace"), re.MULTILINE)


def no_modules(client):
    assert error(client.echo, "set_ftrace_filter", b"schedule:mod:ext4") \
        == errno.EINVAL
    assert b"schedule:mod:ext4" in client.cat("error_log")
    client.echo("set_ftrace_filter", b"schedule:traceoff")
    assert b"schedule:traceoff:unlimited" in client.cat("set_ftrace_filter")
    client.echo("set_ftrace_filter", b"!schedule:traceoff", append=True)


def no_events_of_modules(client):
    for text in (b"sched:mod:ext4", b":mod:ext4", b"*:*:mod:ext4"):
        assert error(client.echo, "set_event", text) == errno.EINVAL
        assert text in client.cat("error_log")
    assert client.cat("set_event") == b""


TRIGGER = "events/kmem/mm_page_free/trigger"


def an_event_in_soft_mode_is_not_set(client):
    client.echo(TRIGGER, b"enable_event:sched:sched_waking:0")
    assert client.cat("events/sched/sched_waking/enable") == b"0*\n"
    assert client.cat("set_event") == b""
    client.echo(TRIGGER, b"!enable_event:sched:sched_waking")


def a_task_in_both_lists_is_in_no_event(client):
    who = {"pid": 96, "comm": b"both"}

    def switches():
        client.echo("trace", b"")
        for _ in range(5):
            client.stat("trace", **who)
        return client.cat("trace").count(b": sched_switch: ")

    for text in (b"0x60", b"x"):
        assert error(client.echo, "set_event_pid", text) == errno.EINVAL
    client.stat("trace", **who)
    client.echo("set_event_pid", b"96")
    client.echo("events/sched/sched_switch/enable", b"1")
    assert switches() > 0
    client.echo("set_event_notrace_pid", b"96")
    assert switches() == 0
    client.echo("events/sched/sched_switch/enable", b"0")
    for path in ("set_event_pid", "set_event_notrace_pid"):
        client.echo(path, b"")


def no_texts_of_user_space(client):
    path = "events/irq/irq_handler_entry/filter"
    assert error(client.echo, path, b'name.ustring == "x"') == errno.EINVAL
    client.echo(path, b"0")


def nothing_follows_a_count(client):
    assert error(client.echo, TRIGGER, b"stacktrace:5:6") == errno.EINVAL


def an_emptied_filter_selects_nothing(client):
    client.echo("set_ftrace_filter", b"schedule")
    client.echo("set_ftrace_filter", b"!schedule", append=True)
    assert client.cat("set_ftrace_filter") == b"!*\n"
    client.echo("set_ftrace_filter", b"")
    assert client.cat("set_ftrace_filter") \
        == b"#### all functions enabled ####\n"


def thresholds_are_microseconds(client):
    client.echo("tracing_thresh", b"123")
    assert client.cat("tracing_thresh") == b"123\n"


# By the words that a row begins with.
CHECKS = {
    "`trace_pipe` and the": a_reader_does_not_feed_itself,
    "`saved_cmdlines`": names_are_saved_while_tracing,
    "`trace_pipe_raw` by": large_raw_reads_take_complete_pages,
    "`options/NAME`": all_options_are_there,
    "`trace_options` bin": absent_options,
    "`trace_clock`": clocks,
    "`kallsyms`, `version`": in_the_root("kallsyms", "version"),
    "`kprobes/`": in_the_root("kprobes", "kprobes/list"),
    "`kprobe_events`": probes_of_the_kernel_only,
    "`stack_tracer_enabled`": in_the_root("stack_tracer_enabled"),
    "a read-only file": read_only_files_open_for_root,
    "`trace_marker`": a_marker_is_its_writers,
    "`FUNC:mod:MODULE`": no_modules,
    "`SYSTEM:mod:MODULE`": no_events_of_modules,
    "`set_event` ": an_event_in_soft_mode_is_not_set,
    "`set_event_pid`, ": a_task_in_both_lists_is_in_no_event,
    "`FIELD.ustring`": no_texts_of_user_space,
    "`COMMAND:COUNT:...`": nothing_follows_a_count,
    "an emptied filter": an_emptied_filter_selects_nothing,
    "`tracing_thresh`": thresholds_are_microseconds,
}


def test_each_row_is_tried():
    left = {row: [words for words in CHECKS if row.startswith(words)]
            for row in rows()}
    assert all(len(found) == 1 for found in left.values()), left
    assert len(left) == len(CHECKS)


@pytest.mark.parametrize("words", CHECKS)
def test_row(client, words):
    CHECKS[words](client)
