# SPDX-License-Identifier: MIT
# parts: test 4
"""Pages dumped by the kernel say what its own text says, and `trace-cmd
report` prints them right."""
import re
import struct
import subprocess

import pytest

from tests import qemu
from tests import trace_files as tf
from tools.trace import open_trace
from tools.trace.chrome import chrome_events
from tools.trace.check import check
from tools.trace.dat_write import trace_dat
from tools.trace.formats import known_formats, parse_format
from tools.trace.raw import dump_records, parse_dump
from tools.trace.report import report as own_report
from tools.trace.symbols import elf_symbols

FN, PRINT, EXIT, ENTRY = 1, 5, 10, 11


@pytest.fixture(scope="module")
def kernel():
    return qemu.TESTS


@pytest.fixture(scope="module")
def names(kernel):
    """Address to name, as the kernel prints it."""
    table = {}
    for line in elf_symbols(kernel).decode().splitlines():
        address, _, name = line.split()
        table.setdefault(int(address, 16), name)
    return table


@pytest.fixture(scope="module")
def dump(kernel):
    """dump(test) boots once per test and gives its DUMP lines."""
    done = {}

    def get(test):
        if test not in done:
            boot = qemu.Machine(smp=2, kernel=kernel).boot(
                f"mode=tests tests=trace_dump.{test} dump=on", timeout=120)
            boot.ok(tests=True)
            done[test] = parse_dump(boot.log)
        return done[test]
    return get


def seconds(time):
    us = (time + 500) // 1000
    return f"{us // 1000000}.{us % 1000000:06d}"


def text_events(dump):
    """(cpu, time, body) of each line of text that is an event."""
    pattern = re.compile(r".{16}-\d+ +\[(\d+)\] \S{5} +(\d+\.\d+): (.*)")
    found = [pattern.fullmatch(line) for line in dump.text]
    return [(int(m[1]), m[2], m[3]) for m in found if m]


def body_of(event, names):
    if event.type == PRINT:
        text = event.data[16:].split(b"\0")[0].decode().rstrip("\n")
        return f"tracing_mark_write: {text}"
    ip, parent = struct.unpack_from("<QQ", event.data, 8)
    start = max(a for a in names if a <= parent)
    return f"{names[ip]} <-{names[start]}"


def test_function_pages_are_the_text(dump, names):
    got = dump("function")
    events = list(dump_records(got))
    assert len(events) > 300
    expected = [(e.cpu, seconds(e.time), body_of(e, names)) for e in events]
    assert text_events(got) == expected
    assert not any(event.lost for event in events)


def test_records_are_28_and_68_bytes(dump):
    for event in dump_records(dump("function")):
        if event.type == FN:
            assert len(event.data) + 4 == 28
    sizes = {e.type: len(e.data) + 4
             for e in dump_records(dump("function_graph"))}
    assert sizes[ENTRY] + sizes[EXIT] == 68


def test_graph_entries_pair(dump):
    open_calls = {}
    pairs = 0
    for e in dump_records(dump("function_graph")):
        key = (e.pid, e.cpu if e.pid == 0 else None)
        stack = open_calls.setdefault(key, [])
        func, = struct.unpack_from("<Q", e.data, 8)
        if e.type == ENTRY:
            stack.append(func)
        elif e.type == EXIT:
            assert stack.pop() == func
            calltime, rettime = struct.unpack_from("<QQ", e.data, 24)
            assert calltime <= rettime == e.time
            pairs += 1
    assert pairs > 300
    assert not any(open_calls.values())


def test_lost_events_are_marked(dump):
    got = dump("lost")
    lost = sum(event.lost for event in dump_records(got))
    head = next(line for line in got.text if line.startswith("# entries"))
    inside, written = map(int, re.findall(r"(\d+)/(\d+) ", head)[0])
    assert lost == written - inside > 0


def test_formats_have_the_fields(dump):
    got = dump("function")
    assert {name for name, lines in got.formats.items()
            if parse_format("\n".join(lines)).id < 64} == {
                "function", "funcgraph_entry", "funcgraph_exit",
                "funcgraph_exit_retval", "kernel_stack", "print", "bprint",
                "wakeup", "context_switch"}
    function = "\n".join(got.formats["function"])
    assert "ID: 1" in function
    assert ("\tfield:unsigned long parent_ip;\toffset:16;\tsize:8;\tsigned:0;"
            in function)
    assert got.header_event[0] == "# compressed entry header"


# ---- stock tools -------------------------------------------------------------

@pytest.fixture
def report(dump, kernel, tmp_path):
    """report(test) is what trace-cmd prints of it."""
    def get(test, *options):
        path = tmp_path / f"{test}.dat"
        path.write_bytes(trace_dat(dump(test),
                                            elf_symbols(kernel)))
        return subprocess.run(["trace-cmd", "report", *options, str(path)],
                              check=True, capture_output=True, text=True,
                              timeout=60).stdout.splitlines()
    return get


def test_trace_cmd_prints_functions(dump, report, names):
    got = dump("function")
    lines = report("function", "-O", "parent")
    pattern = re.compile(
        r" *\S+-\d+ +\[(\d+)\] *\S* +(\d+\.\d+): (function|print): +(.*)")
    found = [pattern.fullmatch(line) for line in lines]
    found = [m for m in found if m]
    events = list(dump_records(got))
    assert len(found) == len(events)
    for match, event in zip(found, events):
        assert int(match[1]) == event.cpu
        assert match[2] == seconds(event.time)
        if event.type == FN:
            ip, = struct.unpack_from("<Q", event.data, 8)
            assert re.match(rf"{names[ip]}\b.*<-- ", match[4])


def test_trace_cmd_prints_an_event_made_at_run_time(dump, report):
    """By its format alone: numbers with a sign, an array, a string."""
    body = r"change=-3 kind=200 owner=me text="
    texts = ["one", "two words"]
    found = [re.search(rf" note: +{body}(.*)", line)
             for line in report("event")]
    assert [match[1] for match in found if match] == texts
    lines = [re.search(rf": note: {body}(.*)", line)
             for line in dump("event").text]
    assert [match[1] for match in lines if match] == texts


def test_trace_cmd_draws_the_graph(report):
    lines = report("function_graph")
    text = "\n".join(lines)
    assert len(re.findall(r"funcgraph_entry: +[\d.]+ us +\| +fg_leaf\(\);",
                          text)) > 100
    assert re.search(r"funcgraph_entry: +\| +fg_parent\(\) \{", text)
    assert re.search(r"funcgraph_exit: +[+!#*@$ ]* *[\d.]+ us +\| +\}", text)


def gap(time, size):
    """What a writer leaves that was undone: see rb_fill_gap()."""
    return (tf.head(29, 1) + struct.pack("<I", size - 12) +
            b"\xee" * (size - 16) +
            tf.head(31, time & ((1 << 27) - 1)) +
            struct.pack("<I", time >> 27))


def test_times_behind_gaps_are_exact(tmp_path):
    """By trace-cmd and by our own reader: gaps in front of an event, after a
    short and a long time, and where nothing of the page follows."""
    first, one = 1 << 31, tf.function(tf.ALPHA, tf.BETA)
    pages = tf.page(first, gap(first + 3, 16), tf.event(4, one),
                    gap(first + (1 << 28) + 9, 28), tf.event(0, one),
                    tf.event(5, one), gap(first + (1 << 28) + 15, 16),
                    tf.event(6, one), gap(first + (1 << 30), 116))
    pages += tf.page(first + (1 << 30) + 1, tf.event(0, one))
    times = [first + 7] + [first + (1 << 28) + after for after in
                           (9, 14, 21)] + [first + (1 << 30) + 1]
    path = tmp_path / "gaps.dat"
    path.write_bytes(tf.dat6(pages))
    assert [event.time for event in open_trace(str(path)).events()] == times
    lines = subprocess.run(["trace-cmd", "report", "-t", str(path)], check=True,
                           capture_output=True, text=True, timeout=60).stdout
    found = re.findall(r" (\d+)\.(\d{9}): function: +alpha", lines)
    assert [int(s) * 10 ** 9 + int(ns) for s, ns in found] == times


def test_trace_cmd_reports_lost_events(report):
    assert any(re.search(r"\[\d+ EVENTS DROPPED\]", line)
               for line in report("lost"))


# ---- our own reader ----------------------------------------------------------

DUMPS = ["function", "function_graph", "lost"]


@pytest.fixture
def trace(dump, kernel, tmp_path):
    """trace(test) opens the trace.dat made of a dump."""
    def get(test):
        path = tmp_path / f"{test}.dat"
        path.write_bytes(trace_dat(dump(test), elf_symbols(kernel)))
        return open_trace(str(path))
    return get


@pytest.mark.parametrize("test", DUMPS)
def test_report_is_the_kernels_own_text(dump, trace, test):
    """Byte for byte. That a CPU's oldest events were lost, `trace` says by
    its counts alone."""
    lines = "\n".join(own_report(trace(test))).split("\n")
    lines = [line for line in lines if not line.endswith(" EVENTS]")]
    assert lines == dump(test).text
    assert len(lines) > 500


@pytest.mark.parametrize("test", DUMPS)
def test_text_read_back_reports_as_itself(dump, tmp_path, test):
    log = tmp_path / "serial.log"
    noise = "[    1.000000] nop5: a line of the log\nnop5# cat trace\n"
    log.write_text(noise + "\r\n".join(dump(test).text) + "\n" + noise)
    lines = "\n".join(own_report(open_trace(str(log)))).split("\n")
    assert lines == dump(test).text


@pytest.mark.parametrize("test", DUMPS)
def test_check_finds_nothing(trace, test):
    found = check(trace(test))
    assert not found.sentences
    assert found.events > 500
    assert found.calls > 500 or test != "function_graph"


def test_known_formats_are_the_kernels(dump):
    got = [parse_format("\n".join(lines))
           for lines in dump("function").formats.values()]
    # Those of the latency tracers are only in pages that come with formats.
    assert {one.id: one for one in got if one.id < 64 and
            one.name not in ("wakeup", "context_switch")} == known_formats()


def test_trace_cmd_sees_the_same_graph(trace, report):
    """Each call of trace-cmd's report: time, CPU, function, duration."""
    pattern = re.compile(
        r" *(\S+)-(\d+) +\[(\d+)\] *\S* +(\d+\.\d+): funcgraph_(entry|exit): +"
        r"(?:[+!#*@$] )? *(?:([\d.]+) us)? +\| +(?:(\w+)\(\)( \{|;)|\})")
    found = [m for m in map(pattern.match, report("function_graph")) if m]
    events = [e for e in trace("function_graph").events()
              if e.kind.value in ("entry", "exit")]
    leaves = sum(m[8] == ";" for m in found)
    assert len(found) + leaves == len(events) > 1000
    entries = [e for e in events if e.kind.value == "entry"]
    told = [(m[1], m[2], int(m[3]), m[4], m[7]) for m in found if m[7]]
    assert told == [(e.comm, str(e.pid), e.cpu, seconds(e.time), e.function)
                    for e in entries]
    durations = sorted(round(float(m[6]) * 1000) for m in found if m[6])
    assert durations == sorted(e.duration for e in events if e.duration
                               is not None)


def test_chrome_has_every_call_with_its_time(trace):
    """The sum of all calls is the kernel's own, to the nanosecond."""
    got = trace("function_graph")
    events = list(chrome_events(got))
    begun = sum(e["ph"] == "B" and e["pid"] == 1 for e in events)
    ended = [e for e in events if e["ph"] == "E" and e["pid"] == 1]
    exits = [e for e in got.events() if e.duration is not None]
    assert begun == len(ended) == len(exits)
    assert sum(e["args"]["duration_ns"] for e in ended) == sum(
        e.duration for e in exits)
