# SPDX-License-Identifier: MIT
"""Pages dumped by the kernel say what its own text says, and `trace-cmd
report` prints them right."""
import re
import struct
import subprocess

import pytest

from tests import qemu

tracedat = qemu.load_tool("tracedat")
FN, PRINT, EXIT, ENTRY = 1, 5, 10, 11


@pytest.fixture(scope="module")
def kernel():
    return qemu.TESTS


@pytest.fixture(scope="module")
def names(kernel):
    """Address to name, as the kernel prints it."""
    table = {}
    for line in tracedat.symbols(kernel).decode().splitlines():
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
            done[test] = tracedat.parse_log(boot.log)
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
    events = tracedat.events(got)
    assert len(events) > 300
    expected = [(e.cpu, seconds(e.time), body_of(e, names)) for e in events]
    assert text_events(got) == expected
    assert not any(event.lost for event in events)


def test_records_are_28_and_68_bytes(dump):
    for event in tracedat.events(dump("function")):
        if event.type == FN:
            assert len(event.data) + 4 == 28
    sizes = {e.type: len(e.data) + 4
             for e in tracedat.events(dump("function_graph"))}
    assert sizes[ENTRY] + sizes[EXIT] == 68


def test_graph_entries_pair(dump):
    open_calls = {}
    pairs = 0
    for e in tracedat.events(dump("function_graph")):
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
    lost = sum(event.lost for event in tracedat.events(got))
    head = next(line for line in got.text if line.startswith("# entries"))
    inside, written = map(int, re.findall(r"(\d+)/(\d+) ", head)[0])
    assert lost == written - inside > 0


def test_formats_have_the_fields(dump):
    got = dump("function")
    assert list(got.formats) == ["function", "funcgraph_entry",
                                 "funcgraph_exit", "funcgraph_exit_retval",
                                 "kernel_stack", "print"]
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
        path.write_bytes(tracedat.trace_dat(dump(test),
                                            tracedat.symbols(kernel)))
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
    events = tracedat.events(got)
    assert len(found) == len(events)
    for match, event in zip(found, events):
        assert int(match[1]) == event.cpu
        assert match[2] == seconds(event.time)
        if event.type == FN:
            ip, = struct.unpack_from("<Q", event.data, 8)
            assert re.match(rf"{names[ip]}\b.*<-- ", match[4])


def test_trace_cmd_draws_the_graph(report):
    lines = report("function_graph")
    text = "\n".join(lines)
    assert len(re.findall(r"funcgraph_entry: +[\d.]+ us +\| +fg_leaf\(\);",
                          text)) > 100
    assert re.search(r"funcgraph_entry: +\| +fg_parent\(\) \{", text)
    assert re.search(r"funcgraph_exit: +[+!#*@$ ]* *[\d.]+ us +\| +\}", text)


def test_trace_cmd_reports_lost_events(report):
    assert any(re.search(r"\[\d+ EVENTS DROPPED\]", line)
               for line in report("lost"))


# ---- the parser itself -------------------------------------------------------

def page(commit, data):
    return struct.pack("<QQ", 1000, commit) + data.ljust(4080, b"\0")


def test_parser_knows_every_kind_of_event():
    data = struct.pack("<II", 5 << 5 | 1, 7)          # 4 bytes, 5 later
    data += struct.pack("<II", 2 << 5 | 30, 1)        # (1 << 27) + 2 later
    data += struct.pack("<III", 1 << 5 | 29, 8, 0)    # 8 bytes skipped
    data += struct.pack("<III", 3 << 5 | 0, 8, 9)     # long form
    data += struct.pack("<I", 29)                     # the rest is void
    found = list(tracedat.page_events(0, page(len(data), data)))
    assert [e.time for e in found] == [1005, 1005 + (1 << 27) + 2 + 1 + 3]
    assert [struct.unpack("<I", e.data)[0] for e in found] == [7, 9]


@pytest.mark.parametrize("commit, data", [
    (4081, b""), (8, struct.pack("<I", 5)), (12, struct.pack("<II", 0, 400))])
def test_parser_refuses_nonsense(commit, data):
    with pytest.raises((ValueError, struct.error)):
        list(tracedat.page_events(0, page(commit, data)))
