# SPDX-License-Identifier: MIT
# parts: test 1
"""tools/trace on small traces written by hand: every form of input, what is
made of it, and that each violation and each damage has a sentence."""
import io
import json
import re
import struct
import xml.etree.ElementTree

import pytest

from tests import trace_files as tf
from tools.trace import Kind, TraceError, open_trace
from tools.trace import callgraph, chrome, cli, flame, stacks, timeline
from tools.trace.check import check
from tools.trace.formats import parse_format
from tools.trace.pages import Layout, PageReader
from tools.trace.report import Options, duration_column, report

A, B, C = tf.ALPHA, tf.BETA, tf.GAMMA
# alpha calls beta twice; CPU 1 has a function of another task.
CALLS = tf.at_times(
    (1000, tf.entry(A, 0)), (1100, tf.entry(B, 1)),
    (1300, tf.leave(B, 1, 1100, 1300)), (1400, tf.entry(B, 1)),
    (1500, tf.entry(C, 2)), (1600, tf.leave(C, 2, 1500, 1600)),
    (1900, tf.leave(B, 1, 1400, 1900)), (2000, tf.leave(A, 0, 1000, 2000)))
OTHER = tf.at_times((1200, tf.function(A, B + 4, pid=8, flags=9, preempt=2)))


@pytest.fixture
def opened(tmp_path):
    """opened(content, name="x.dat", ...) opens what it writes."""
    def get(content, name="x.dat", **more):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes)
                         else content.encode())
        return open_trace(str(path), **more)
    return get


def seen(trace):
    return [(e.cpu, e.time, e.pid, e.comm, e.kind.value, e.function)
            for e in trace.events()]


# ---- pages -------------------------------------------------------------------

def records(*pages):
    reader = PageReader("file", 0, Layout())
    return [one for nr, page in enumerate(pages)
            for one in reader.records(page, nr * tf.PAGE)]


def test_every_kind_of_event_header():
    data = tf.common(1)
    got = records(tf.page(
        1000, tf.event(5, data),
        tf.head(30, 2) + struct.pack("<I", 1),        # 2^27 + 2 later
        tf.head(29, 1) + struct.pack("<I", 8) + bytes(4),  # 8 bytes skipped
        tf.event(3, data + bytes(113)),               # the long form
        tf.head(31, 7) + struct.pack("<I", 2),        # at 2^28 + 7
        tf.event(1, data), tf.head(29, 0), b"\xff" * 8))
    assert [one.time for one in got] == [
        1005, 1005 + (1 << 27) + 2 + 1 + 3, (2 << 27) + 7 + 1]
    assert [len(one.data) for one in got] == [8, 124, 8]


def test_an_absolute_time_keeps_its_upper_bits():
    high = 3 << 59
    got = records(tf.page(high + 5, tf.head(31, 9) + struct.pack("<I", 0),
                          tf.event(0, tf.common(1))))
    assert got[0].time == high + 9


@pytest.mark.parametrize("page, where, what", [
    (struct.pack("<QQ", 0, 4081).ljust(tf.PAGE, b"\0"), 8, "4081 bytes"),
    (tf.page(0, tf.head(5, 0)), 16, "beyond its page's data"),
    (tf.page(0, tf.head(0, 0) + struct.pack("<I", 400)), 16, "beyond"),
    (tf.page(0, tf.event(0, tf.common(1)), b"\1\0"), 28, "within an event"),
    (tf.page(0, tf.head(30, 1)), 16, "within an event"),
    (tf.page(0, tf.head(1, 0) + bytes(4)), 16, "4 bytes of data"),
    (tf.page(0)[:100], 0, "100 of 4096 bytes"),
])
def test_a_malformed_page_is_refused_with_its_place(page, where, what):
    with pytest.raises(TraceError, match=what) as caught:
        records(page)
    assert caught.value.offset == where


def test_lost_events_count_for_the_next_one():
    one = tf.event(1, tf.common(1))
    assert [r.lost for r in records(tf.page(0, one, one, lost=5))] == [5, 0]
    assert [r.lost for r in records(tf.page(0, one, lost=-1))] == [-1]
    # A page without an event hands its loss on.
    assert [r.lost for r in records(tf.page(0, lost=2),
                                    tf.page(0, one, lost=3))] == [5]


# ---- trace.dat ---------------------------------------------------------------

EXPECTED = [
    (0, 1000, 7, "worker", "entry", "alpha"),
    (0, 1100, 7, "worker", "entry", "beta"),
    (1, 1200, 8, "other task", "function", "alpha"),
    (0, 1300, 7, "worker", "exit", "beta"),
    (0, 1400, 7, "worker", "entry", "beta"),
    (0, 1500, 7, "worker", "entry", "gamma"),
    (0, 1600, 7, "worker", "exit", "gamma"),
    (0, 1900, 7, "worker", "exit", "beta"),
    (0, 2000, 7, "worker", "exit", "alpha")]


@pytest.mark.parametrize("content", [
    tf.dat6(CALLS, OTHER), tf.dat7(CALLS, OTHER),
    tf.dat7(CALLS, OTHER, compression="zlib")],
    ids=["v6", "v7", "v7-zlib"])
def test_both_versions_hold_the_same_events(opened, content):
    trace = opened(content)
    assert seen(trace) == seen(trace) == EXPECTED  # may be read again
    assert trace.cpus == 2 and trace.clock == "local"
    last = list(trace.events())[-1]
    assert (last.depth, last.duration, last.number) == (0, 1000, 9)
    other = list(trace.events())[2]
    assert (other.parent, other.flags) == ("beta", "d.h2.")


def test_many_pages_in_compressed_chunks(opened):
    pages = b"".join(tf.at_times((nr, tf.function(A, B)), first=nr)
                     for nr in range(7))
    trace = opened(tf.dat7(pages, compression="zlib"))
    assert [e.time for e in trace.events()] == list(range(7))


def test_big_endian(opened):
    page = tf.page(50, tf.event(3, tf.function(A, B, order=">"), ">"),
                   order=">")
    trace = opened(tf.dat6(page, order=">"))
    assert seen(trace) == [(0, 53, 7, "worker", "function", "alpha")]


def test_options_tell_clock_and_counts(opened):
    options = tf.option(4, b"local [global] counter\n\0") + tf.option(
        2, tf.stat(0, 3, 40, 8))
    for content in (tf.dat6(CALLS, options=options),
                    tf.dat7(CALLS, options=options)):
        trace = opened(content)
        stats = trace.stats[0]
        assert (stats.entries, stats.overrun, stats.read) == (3, 40, 8)
    assert opened(tf.dat6(CALLS, options=options)).clock == "global"


def test_events_of_no_kind_are_kept_with_their_fields(opened):
    data = tf.common(300) + b"shell".ljust(16, b"\0") + struct.pack(
        "<iiqI", 12, 0, -2, 7 << 16 | 44) + b"a note\0\0"
    page = tf.at_times((1, data), (2, tf.common(999) + bytes(range(4))),
                       (3, tf.common(999) + bytes(68)), (4, tf.common(999)))
    one, *others = opened(tf.dat6(page)).events()
    assert {event.kind for event in [one, *others]} == {Kind.OTHER}
    assert one.fields == {"prev_comm": "shell", "prev_pid": 12,
                          "prev_state": -2, "note": "a note"}
    assert "prev_pid=12 prev_state=-2 note=a note" in one.text
    assert [event.text for event in others] == [
        "Unknown type 999: 00 01 02 03",
        "Unknown type 999:" + 64 * " 00" + " ...", "Unknown type 999"]


@pytest.mark.parametrize("kind, signed, raw, values", [
    ("u8", 0, "01ff", (1, 255)), ("s8", 1, "01ff", (1, -1)),
    ("u16", 0, "0100ffff", (1, 65535)), ("s16", 1, "0100feff", (1, -2)),
    ("__u16", 0, "0100ffff", (1, 65535)),
    ("uint16_t", 0, "0100ffff", (1, 65535)),
    ("unsigned short", 0, "0100ffff", (1, 65535)),
    ("u32", 0, "01000000ffffffff", (1, 4294967295)),
    ("int", 1, "01000000ffffffff", (1, -1)),
    ("u64", 0, "0100000000000000ffffffffffffffff", (1, (1 << 64) - 1)),
    ("s64", 1, "0100000000000000ffffffffffffffff", (1, -1)),
    ("unsigned long", 0, "0100000000000000ffffffffffffffff",
     (1, (1 << 64) - 1))])
def test_an_array_has_elements_of_its_type(kind, signed, raw, values):
    raw = bytes.fromhex(raw)
    one = parse_format(
        "name: words\nID: 99\nformat:\n"
        f"\tfield:{kind} at[2];\toffset:8;\tsize:{len(raw)};"
        f"\tsigned:{signed};\n")
    assert one.decode(bytes(8) + raw) == {"at": values}


def test_an_array_of_texts_is_texts():
    one = parse_format(
        "name: texts\nID: 99\nformat:\n\tfield:__data_loc char[][2] all;"
        "\toffset:8;\tsize:8;\tsigned:0;\n")
    data = bytes(8) + struct.pack("<II", 3 << 16 | 16, 4 << 16 | 19) + \
        b"ab\0cde\0"
    assert one.decode(data) == {"all": ("ab", "cde")}
    with pytest.raises(ValueError, match="all points to 24, .* ends at 23"):
        one.decode(data[:12] + struct.pack("<I", 5 << 16 | 19) + data[16:])


def test_a_stack_trace_and_a_marker(opened):
    stack = tf.common(4) + struct.pack("<iIQQQ", 2, 0, A + 1, B + 1, 0)
    text = tf.common(5) + struct.pack("<Q", A) + b"hello\n\0\0"
    one, two = opened(tf.dat6(tf.at_times((1, stack), (2, text)))).events()
    assert one.fields["caller"] == ("alpha", "beta")
    assert two.text == "hello"


def damaged(position, value):
    content = bytearray(tf.dat6(CALLS))
    content[position:position + len(value)] = value
    return bytes(content)


@pytest.mark.parametrize("content, what", [
    (tf.dat6(CALLS)[:-1], "file ends at"),
    (tf.dat6(CALLS)[:200], "at byte .* bytes are left|header_page"),
    (tf.dat6(CALLS)[:9], "mark of a trace.dat"),
    (damaged(10, b"9"), "version '9'"),
    (damaged(12, b"\2"), "byte order 2"),
    (damaged(14, b"\0\0\0\0"), "pages of 0 bytes"),
    (tf.dat6(CALLS).replace(b"flyrecord", b"latency  "), "latency"),
    (tf.dat6(CALLS).replace(b"ID: 11", b"ID: xx"), "no ID"),
    (tf.dat6(CALLS).replace(b"u64 timestamp", b"u64 timestamq"),
     "no field timestamp"),
    (tf.dat7(CALLS, compression="zstd"), "zstd, which Python's standard "
     "library cannot read: make a copy by `trace-cmd convert"),
    (tf.dat7(CALLS, next_options=24), "section 0 should be here|lead in a "),
])
def test_a_damaged_trace_dat_is_refused(opened, content, what):
    with pytest.raises(TraceError, match=what):
        list(opened(content).events())


def test_options_in_a_circle(opened):
    content = tf.dat7(CALLS)
    first, = struct.unpack_from("<Q", content, 27)
    with pytest.raises(TraceError, match="lead in a circle"):
        opened(tf.dat7(CALLS, next_options=first))


def test_a_bomb_is_refused_before_it_goes_off(opened):
    content = bytearray(tf.dat7(CALLS, compression="zlib"))
    at = content.index(b"\x10\0\1\0")  # the first section, compressed
    struct.pack_into("<I", content, at + 20, 0x7fffffff)
    with pytest.raises(TraceError, match="cannot become 2147483647"):
        opened(bytes(content))


# ---- pages alone -------------------------------------------------------------

def test_a_folder_of_pages(tmp_path):
    for cpu, pages in ((0, CALLS), (3, OTHER)):
        folder = tmp_path / "per_cpu" / f"cpu{cpu}"
        folder.mkdir(parents=True)
        (folder / "trace_pipe_raw").write_bytes(pages)
    (tmp_path / "kallsyms").write_bytes(tf.KALLSYMS)
    (tmp_path / "cmdlines").write_bytes(tf.CMDLINES)
    trace = open_trace(str(tmp_path / "per_cpu"),
                       kallsyms=str(tmp_path / "kallsyms"),
                       cmdlines=str(tmp_path / "cmdlines"))
    assert seen(trace) == [(3 if cpu else 0, *rest)
                           for cpu, *rest in EXPECTED]
    assert trace.cpus == 4


def test_a_file_of_pages_with_its_own_formats(tmp_path):
    folder = tmp_path / "events" / "x"
    folder.mkdir(parents=True)
    (folder / "format").write_text(
        tf.fmt("mine", 77, "u16 values[2] 8 4 0", "u32 n 12 4 0"))
    data = tf.common(77) + struct.pack("<HHI", 4, 5, 6)
    (tmp_path / "cpu2").write_bytes(tf.at_times((9, data)))
    event, = open_trace(str(tmp_path / "cpu2"),
                        formats=str(tmp_path / "events")).events()
    assert (event.cpu, event.name) == (2, "mine")
    assert event.fields["n"] == 6


# ---- text --------------------------------------------------------------------

FUNCTION_TEXT = """\
# tracer: function
#
# entries-in-buffer/entries-written: 4/9   #P:2
#
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |
         a-b c/0-17      [001] d.h2.     1.000002: spin_lock <-timer_tick
          <idle>-0       [001] .....     1.000003: tracing_mark_write: hi: a <-b
CPU:0 [LOST 5 EVENTS]
##### CPU 0 buffer started ####
           shell-2       [000] .n...     1.500000: kfree.part.0 <-kfree
           shell-2       [000] .....     1.500001: <stack trace>
 => alpha
 => beta
"""

GRAPH_TEXT = """\
# tracer: function_graph
#
#     TIME        CPU  TASK/PID         DURATION                  FUNCTION CALLS
#      |          |     |    |           |   |                     |   |   |   |
    1.000000 |   0)    worker-7    |               |  alpha() {
    1.000001 |   0)    worker-7    | + 12.500 us   |    beta();
    1.000020 |   0)    worker-7    |               |  /* a mark */
    1.000025 |   0)    worker-7    |   ==========> |
    1.000025 |   0)    worker-7    |               |    irq_entry() {
    1.000026 |   0)    worker-7    |   0.250 us    |      tick(); /* = -22 */
    1.000027 |   0)    worker-7    |   2.000 us    |    }
    1.000027 |   0)    worker-7    |   <========== |
    1.000030 |   0)    worker-7    | # 1234.567 us |  }
 ------------------------------------------
 0)    worker-7    =>    shell-2    ~
 ------------------------------------------

    1.000040 |   0)    shell-2     |   1.000 us    |    } /* seen_late */
    1.000041 |   0)    shell-2     |   9.000 us    |  } /* seen_late = 0x2a */
""".replace("~", "")  # which shows where blanks end a line


def noisy(text):
    """As it stands in a serial log."""
    lines = ["[    0.5] nop5: boot", "nop5# cat trace", *text.splitlines(),
             "nop5# exit", "x" * 5000, "[    2.0] nop5: end of run"]
    return "\r\n".join(lines) + "\r\n"


@pytest.mark.parametrize("text, options", [
    (FUNCTION_TEXT, Options()),
    (GRAPH_TEXT, Options(abstime=True, proc=True))], ids=["function", "graph"])
def test_text_is_reported_as_it_was(opened, text, options):
    got = "\n".join(report(opened(noisy(text), "log"), options))
    assert got == text.rstrip("\n")


def test_what_lines_of_function_say(opened):
    trace = opened(noisy(FUNCTION_TEXT), "log")
    one, two, three, four = trace.events()
    assert (one.comm, one.pid, one.cpu, one.time) == (
        "a-b c/0", 17, 1, 1000002000)
    assert (one.function, one.parent, one.flags) == (
        "spin_lock", "timer_tick", "d.h2.")
    assert (two.kind, two.text) == (Kind.PRINT, "hi: a <-b")
    assert (three.function, three.lost) == ("kfree.part.0", 5)
    assert four.fields["caller"] == ("alpha", "beta")
    assert (trace.entries, trace.written, trace.cpus) == (4, 9, 2)


def test_what_lines_of_the_graph_say(opened):
    events = list(opened(noisy(GRAPH_TEXT), "log").events())
    assert [(e.kind.value, e.function, e.depth, e.duration) for e in events
            ] == [("entry", "alpha", 0, None), ("entry", "beta", 1, None),
                  ("exit", "beta", 1, 12500), ("print", "", 0, None),
                  ("entry", "irq_entry", 1, None), ("entry", "tick", 2, None),
                  ("exit", "tick", 2, 250), ("exit", "irq_entry", 1, 2000),
                  ("exit", "alpha", 0, 1234567),
                  ("exit", "seen_late", 1, 1000),
                  ("exit", "seen_late", 0, 9000)]
    assert events[6].fields["retval"] == -22
    assert events[-1].fields["retval"] == 42
    assert events[5].flags == "..h.." and events[-1].comm == "shell"
    times = [e.time for e in events]
    assert times == sorted(times) and times[2] == 1000001000 + 12500


def test_a_graph_without_times_has_the_clocks_of_its_tasks(opened):
    text = ("# tracer: function_graph\n"
            " 0)               |  alpha() {\n"
            " 0)   2.000 us    |    beta();\n"
            " ------------------------------------------\n"
            " 0)  worker-7    =>   shell-2 \n"
            " ------------------------------------------\n\n"
            " 0)   1.000 us    |  gamma();\n"
            " ------------------------------------------\n"
            " 0)   shell-2    =>  worker-7 \n"
            " ------------------------------------------\n\n"
            " 0)   5.000 us    |  }\n")
    trace = opened(text, "log")
    assert not trace.timed
    assert [(e.comm, e.pid, e.time, e.function) for e in trace.events()] == [
        ("worker", 7, 0, "alpha"), ("worker", 7, 0, "beta"),
        ("worker", 7, 2000, "beta"), ("shell", 2, 0, "gamma"),
        ("shell", 2, 1000, "gamma"), ("worker", 7, 5000, "alpha")]
    assert not check(trace).violations
    with pytest.raises(TraceError, match="funcgraph-abstime"):
        timeline.draw(trace, "x")


def test_the_latency_format(opened):
    text = ("# tracer: function\n"
            "# latency: 0 us, #2/3, CPU#0 | (M:preempt VP:0, KP:0, SP:0 HP:0 "
            "#P:4)\n"
            "   shell-2         0d..1.   12us+: kfree <-sleep\n"
            "  <idle>-0         3.....  140us : schedule\n")
    trace = opened(text, "log")
    assert [(e.comm, e.pid, e.cpu, e.flags, e.time, e.function, e.parent)
            for e in trace.events()] == [
        ("shell", 2, 0, "d..1.", 12000, "kfree", "sleep"),
        ("<idle>", 0, 3, ".....", 140000, "schedule", "")]
    assert (trace.entries, trace.written, trace.cpus) == (2, 3, 4)


def test_a_log_with_several_traces(opened):
    text = FUNCTION_TEXT + GRAPH_TEXT + "# tracer: nop\n"
    assert opened(text, "log").tracer == "function_graph"
    assert opened(text, "log", nth=1).tracer == "function"
    with pytest.raises(TraceError, match="holds 2 traces, no number 3"):
        opened(text, "log", nth=3)


def test_a_log_without_a_trace(opened):
    with pytest.raises(TraceError, match="no line of a trace"):
        opened("nothing here\n", "log")


@pytest.mark.parametrize("duration, text", [
    (None, "              |  "), (7, "  0.007 us    |  "),
    (10001, "+ 10.001 us   |  "), (1234567, "# 1234.567 us |  "),
    (12345678, "* 12345.67 us |  "),
    (123456789012, "$ 123456789 us |  ")])
def test_columns_of_durations(duration, text):
    assert duration_column(duration) == text


# ---- check -------------------------------------------------------------------

def sentences(opened, *timed, **more):
    return check(opened(tf.dat6(tf.at_times(*timed), **more))).sentences


def test_a_sound_trace_passes(opened):
    found = check(opened(tf.dat6(CALLS, OTHER)))
    assert (found.violations, found.calls, found.events) == (0, 4, 9)


def test_check_sees_a_call_that_does_not_nest(opened):
    said = sentences(opened, (1, tf.entry(A, 0)), (2, tf.entry(B, 1)),
                     (3, tf.leave(A, 0, 1, 3)))
    assert len(said) == 1
    assert re.match(r"CK1: event 3 \(byte \d+\): alpha\(\) returns at depth 0, "
                    r"but beta\(\) at depth 1, called by event 2, has not ",
                    said[0])


def test_check_sees_the_return_of_another_function(opened):
    said = sentences(opened, (1, tf.entry(A, 0)), (3, tf.leave(B, 0, 1, 3)))
    assert len(said) == 1 and "but alpha() is open at depth 0" in said[0]


def test_check_sees_an_entry_at_a_depth_that_is_taken(opened):
    said = sentences(opened, (1, tf.entry(A, 0)), (2, tf.entry(B, 0)))
    assert len(said) == 1 and said[0].startswith("CK1: event 2 ")


def test_check_sees_time_going_back(opened):
    pages = tf.at_times((50, tf.common(999)), first=50) + tf.at_times(
        (20, tf.common(999)), first=20)
    said = check(opened(tf.dat6(pages))).sentences
    assert len(said) == 1
    assert said[0].startswith("CK2: event 2 ") and "back by 30 ns" in said[0]


def test_check_sees_callees_that_took_longer(opened):
    said = sentences(opened, (100, tf.entry(A, 0)), (200, tf.entry(B, 1)),
                     (300, tf.leave(B, 1, 100, 300)),
                     (301, tf.leave(A, 0, 200, 301)))
    assert len(said) == 1
    assert "alpha() took 101 ns, but the calls it made 200 ns" in said[0]


def test_check_adds_up_what_was_read_lost_and_written(opened):
    page = tf.at_times((1, tf.common(999)), lost=5)
    good = tf.option(2, tf.stat(0, 0, 5, 1))
    assert not check(opened(tf.dat6(page, options=good))).violations
    bad = tf.option(2, tf.stat(0, 0, 4, 2))
    said = check(opened(tf.dat6(page, options=bad))).sentences
    assert said == [
        "CK4: CPU 0: 2 events were read from the ring, but 1 are there",
        "CK4: CPU 0: 4 events were overwritten, but 5 are missing"]


def test_check_counts_the_lines_of_a_text(opened):
    cut = "\n".join(FUNCTION_TEXT.splitlines()[:-3])
    said = check(opened(cut, "log")).sentences
    assert said == ["CK4: the head says 4 entries, but there are 3"]


def test_lost_events_excuse_what_they_explain(opened):
    first = tf.at_times((1, tf.entry(A, 0)), (2, tf.entry(B, 1)))
    # Lost: both returns. Then the return of a call that began in the gap.
    second = tf.at_times((50, tf.leave(C, 1, 40, 50)), (60, tf.entry(A, 0)),
                         (70, tf.leave(A, 0, 60, 70)), first=40, lost=3)
    found = check(opened(tf.dat6(first + second)))
    assert (found.sentences, found.lost, found.calls) == ([], 3, 1)
    third = tf.at_times((80, tf.leave(B, 0, 60, 80)), first=71)
    found = check(opened(tf.dat6(first + second + third)))
    assert found.violations == 1  # nothing was lost before this one


# ---- exporters ---------------------------------------------------------------

def chrome_json(trace):
    return json.loads("".join(chrome.chrome_text(trace)))["traceEvents"]


def assert_nests(events):
    """Per track: times in order, each E ends the last B, none left open."""
    tracks = {}
    for one in events:
        if one["ph"] not in "BE":
            continue
        stack, last = tracks.setdefault((one["pid"], one["tid"]), ([], [0]))
        assert one["ts"] >= last[0]
        last[0] = one["ts"]
        if one["ph"] == "B":
            stack.append(one["name"])
        else:
            assert stack.pop() == one["name"]
    assert not any(stack for stack, _ in tracks.values())


def test_chrome_json_nests_and_names_its_tracks(opened):
    events = chrome_json(opened(tf.dat6(CALLS, OTHER)))
    assert_nests(events)
    names = {e["args"]["name"] for e in events
             if e["ph"] == "M" and e["name"] == "thread_name"}
    assert names == {"worker-7", "other task-8", "CPU 0", "CPU 1"}
    calls = [(e["ph"], e["ts"]) for e in events
             if e["pid"] == 1 and e["ph"] in "BE"]
    assert calls == [("B", 1.0), ("B", 1.1), ("E", 1.3), ("B", 1.4),
                     ("B", 1.5), ("E", 1.6), ("E", 1.9), ("E", 2.0)]
    instant, = [e for e in events if e["ph"] == "i"]
    assert instant["args"]["parent"] == "beta"


def test_chrome_ends_calls_where_events_were_lost(opened):
    first = tf.at_times((1, tf.entry(A, 0)), (5, tf.entry(B, 1)))
    second = tf.at_times((90, tf.entry(C, 0)), first=80, lost=3)
    events = chrome_json(opened(tf.dat6(first + second)))
    assert_nests(events)
    ends = [(e["ts"], e["args"]) for e in events
            if e["ph"] == "E" and e["pid"] == 1]
    assert ends == [(time, {"cpu": 0, "cut": True})
                    for time in (0.005, 0.005, 0.09)]
    assert [e["name"] for e in events if e["ph"] == "i"] == ["3 events lost"]


def test_chrome_of_texts_nests(opened):
    for text in (FUNCTION_TEXT, GRAPH_TEXT):
        assert_nests(chrome_json(opened(text, "log")))


def test_folded_stacks_add_up_to_the_time_of_all_calls(opened):
    got = stacks.collect(opened(tf.dat6(CALLS, OTHER)))
    assert sorted(stacks.folded_lines(got)) == [
        "worker;alpha 300", "worker;alpha;beta 600",
        "worker;alpha;beta;gamma 100"]
    assert got.value == 1000


def test_what_weighs(opened):
    stack = tf.common(4) + struct.pack("<iIQQQ", 3, 0, A, B, C)
    got = stacks.collect(opened(tf.dat6(tf.at_times(
        (1, stack), (2, stack), (3, tf.function(A, B))))))
    assert got.unit == "samples"
    assert list(stacks.folded_lines(got)) == ["worker;gamma;beta;alpha 2"]
    got = stacks.collect(opened(tf.dat6(CALLS, OTHER)), stacks.CALLS)
    assert list(stacks.folded_lines(got)) == ["other_task;beta;alpha 1"]


def svg_of(text):
    root = xml.etree.ElementTree.fromstring(text)
    assert root.tag.endswith("svg")
    assert "script" not in text and "prefers-color-scheme: dark" in text
    return root


def boxes(root):
    """(title, x, y, width) of everything that has a title."""
    ns = "{http://www.w3.org/2000/svg}"
    return [(g.find(f"{ns}title").text, *(float(g.find(f"{ns}rect").get(key))
                                          for key in ("x", "y", "width")))
            for g in root.iter(f"{ns}g") if g.find(f"{ns}title") is not None]


@pytest.mark.parametrize("icicle", [False, True])
def test_flame_graph(opened, icicle):
    got = stacks.collect(opened(tf.dat6(CALLS, OTHER)))
    found = {title.split("\n")[0]: (title, *rest) for title, *rest in boxes(
        svg_of(flame.draw(got, "a <title> & more", icicle=icicle)))}
    assert set(found) == {"all", "worker", "alpha", "beta", "gamma"}
    full = found["all"][3]
    assert found["alpha"][3] == full
    assert found["beta"][3] == pytest.approx(0.7 * full, abs=0.02)
    assert "700 ns, 70 % of all" in found["beta"][0]
    assert "2 calls, 350 ns each" in found["beta"][0]
    down = found["beta"][2] > found["alpha"][2]
    assert down == icicle


def test_an_empty_flame_graph_says_so(opened):
    text = flame.draw(stacks.collect(opened(tf.dat6(b""))), "x")
    svg_of(text)
    assert "nothing to draw" in text


def test_timeline(opened):
    trace = opened(tf.dat6(CALLS, OTHER))
    text = timeline.draw(trace, "x", 1186)  # 1,000 columns, one each ns
    found = {title.split("\n")[0]: (x, y, width)
             for title, x, y, width in boxes(svg_of(text))}
    assert found["worker-7"][::2] == (150, 1000)
    assert found["alpha"][::2] == (150, 1000)
    assert found["gamma"][::2] == (650, 101)
    assert found["beta"][1] == found["alpha"][1] + timeline.CALL_ROW
    assert "CPU 1" in text and "1 tasks" not in text


def test_a_stretch_of_the_timeline(opened):
    trace = opened(tf.dat6(CALLS, OTHER))
    text = timeline.draw(trace, "x", 1186, timeline.Window(1450, 1650))
    names = {title.split("\n")[0] for title, *_ in boxes(svg_of(text))}
    assert names == {"worker-7", "alpha", "beta", "gamma"}
    with pytest.raises(TraceError, match="nothing between"):
        timeline.draw(trace, "x", 1186, timeline.Window(9, 8))
    burst = tf.at_times(*((9000 + n, tf.function(A, B)) for n in range(30)),
                        first=8000)
    trace = opened(tf.dat6(CALLS + burst))
    first, last = timeline.limits(trace, timeline.Window(span=100))
    assert last == first + 100 and first <= 9000 and last >= 9029


def test_lost_events_are_red_in_the_timeline(opened):
    page = tf.at_times((5, tf.entry(A, 0)), (9, tf.leave(A, 0, 5, 9)), lost=2)
    assert "events of CPU 0 were lost" in timeline.draw(
        opened(tf.dat6(page)), "x")


def test_call_graph(opened):
    graph = callgraph.collect(opened(tf.dat6(CALLS, OTHER)))
    assert {edge: (one.calls, one.time) for edge, one in graph.edges.items()
            } == {("alpha", "beta"): (2, 700), ("beta", "gamma"): (1, 100),
                  ("beta", "alpha"): (1, 0)}
    lines = list(callgraph.dot_lines(graph, 2))
    assert any("1 functions with less are left out" in line for line in lines)
    root = svg_of(callgraph.draw(graph))
    titles = [one.text for one in root.iter() if one.tag.endswith("title")]
    assert "alpha->beta" in titles


# ---- the command line --------------------------------------------------------

@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """run(content, command...) is (status, stdout, stderr)."""
    def go(content, command, *words):
        (tmp_path / "t").write_bytes(content)
        monkeypatch.chdir(tmp_path)
        status = cli.main([command, "t", *words])
        return status, *capsys.readouterr()
    return go


def test_statuses(run):
    assert run(tf.dat6(CALLS), "check")[0] == 0
    status, out, _ = run(tf.dat6(tf.at_times(
        (1, tf.entry(A, 0)), (2, tf.entry(B, 0)))), "check")
    assert status == 1 and "t: CK1: event 2 (byte " in out
    status, out, err = run(tf.dat6(CALLS)[:-1], "report")
    assert (status, out) == (2, "")
    assert re.match(r"nop5-trace: t: at byte \d+ \(0x\w+\) ", err)
    assert run(b"", "report")[2] == "nop5-trace: t: is empty\n"
    with pytest.raises(SystemExit) as caught:
        cli.main(["nosuch"])
    assert caught.value.code == 2


def test_a_missing_file_is_a_sentence(capsys):
    assert cli.main(["report", "nosuch/file"]) == 2
    assert "nosuch/file" in capsys.readouterr().err


@pytest.mark.parametrize("name, begins", [
    ("x.json", '{"displayTimeUnit"'), ("x.folded", "worker;"),
    ("x.dot", "digraph"), ("x.svg", "<?xml")])
def test_convert_goes_by_the_name(run, tmp_path, name, begins):
    assert run(tf.dat6(CALLS), "convert", "-o", name)[0] == 0
    assert (tmp_path / name).read_text().startswith(begins)


def test_nothing_half_done_is_left(run, tmp_path):
    content = tf.dat6(CALLS + b"\xff" * tf.PAGE)
    status, _, err = run(content, "convert", "-o", "x.json")
    assert status == 2 and "bytes of data" in err
    assert not list(tmp_path.glob("x.json*"))
    status, _, err = run(tf.dat6(CALLS), "convert", "-o", "x.nosuch")
    assert status == 2 and "--to" in err


def test_tasks_are_chosen_by_name(run):
    out = run(tf.dat6(CALLS, OTHER), "convert", "--to", "folded",
              "--weigh", "calls", "--task", "other*")[1]
    assert out == "other_task;beta;alpha 1\n"
    out = run(tf.dat6(CALLS, OTHER), "report", "--task", "!worker")[1]
    assert out.splitlines()[-1].endswith("alpha <-beta") and "worker" not in \
        out


def test_a_reader_that_goes_away_is_no_error(run, monkeypatch):
    class Gone(io.StringIO):
        def writelines(self, lines):
            raise BrokenPipeError

        def fileno(self):
            return 99  # replaced by /dev/null, not ours
    monkeypatch.setattr("sys.stdout", Gone())
    monkeypatch.setattr("os.dup2", lambda *_: None)
    assert run(tf.dat6(CALLS), "report")[0] == 0
