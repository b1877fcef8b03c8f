# SPDX-License-Identifier: MIT
# parts: test 2
"""Each event with a tracepoint: its records, read by a program that knows its
format file alone, say what the kernel's own text says; `trace-cmd report` says
it, too; and other tools' patterns find the switches of tasks."""
import bisect
import re
import struct
import subprocess

import pytest

from tests import print_fmt, qemu
from tools.trace.dat_write import trace_dat
from tools.trace.formats import parse_format
from tools.trace.raw import dump_records, parse_dump
from tools.trace.symbols import elf_symbols

LINE = re.compile(r".{16}-\d+ +\[(\d+)\] \S{5} +(\d+\.\d+): (\w+): ?(.*)")
PROBES = {"took", "kinds", "texts", "gave", "entered", "left"}
# What the test does has to appear; not in every run: an expired patience.
EXPECTED = {
    "sched_switch", "sched_waking", "sched_wakeup", "sched_wakeup_new",
    "sched_process_fork", "sched_process_exit", "sched_process_free",
    "sched_process_wait", "irq_handler_entry", "irq_handler_exit",
    "local_timer_entry", "local_timer_exit", "timer_start",
    "timer_expire_entry", "timer_expire_exit", "timer_cancel", "kmalloc",
    "kfree", "mm_page_alloc", "mm_page_free", "contention_begin",
    "contention_end", "page_fault_kernel", "batch_begin", "phase", "sync_ack",
    "batch_end", "testing_all", "testing_two", *PROBES}


@pytest.fixture(scope="module")
def dump():
    boot = qemu.Machine(smp=2, kernel=qemu.TESTS).boot(
        "mode=tests tests=trace_dump.events dump=on", timeout=120)
    boot.ok(tests=True)
    return parse_dump(boot.log)


@pytest.fixture(scope="module")
def address():
    return {line.split()[2]: int(line.split()[0], 16)
            for line in elf_symbols(qemu.TESTS).decode().splitlines()}


@pytest.fixture(scope="module")
def symbol():
    """(address, with offset) -> its text, as %ps and %pS have it."""
    table = sorted({int(line.split()[0], 16): line.split()[2] for line in
                    elf_symbols(qemu.TESTS).decode().splitlines()
                    if line.split()[1] in "tT"}.items())
    starts = [addr for addr, _ in table]

    def text(addr, offset):
        at = bisect.bisect_right(starts, addr) - 1
        if at < 0 or addr >= starts[-1]:
            return f"0x{addr:x}"
        name = table[at][1]
        return f"{name}+0x{addr - starts[at]:x}" if offset else name
    return text


@pytest.fixture(scope="module")
def lines(dump):
    """(cpu, time, event, text) of each line of the kernel's own text."""
    found = [LINE.fullmatch(line) for line in dump.text if line[0] != "#"]
    assert all(found)
    return [(int(m[1]), m[2], m[3], m[4]) for m in found]


@pytest.fixture(scope="module")
def formats(dump):
    """id -> (parsed format, its print fmt)."""
    found = {}
    for text in dump.formats.values():
        one = parse_format("\n".join(text))
        fmt, = (line for line in text if line.startswith("print fmt: "))
        found[one.id] = one, fmt.removeprefix("print fmt: ")
    return found


def seconds(time):
    us = (time + 500) // 1000
    return f"{us // 1000000}.{us % 1000000:06d}"


def without_sizes(text):
    """The kernel's %pS says the size of the function, too."""
    return re.sub(r"(\+0x[0-9a-f]+)/0x[0-9a-f]+", r"\1", text)


PLACE = re.compile(r"\((\w+)\+(0x\w+)/0x\w+(?: <- (\w+))?\)")


def with_addresses(text, address):
    """The kernel names the place of a probe. Its format says the address; that
    of a return has the function first, as on Linux."""
    def told(match):
        first = address[match[1]] + int(match[2], 16)
        return f"({address[match[3]]:x} <- {first:x})" if match[3] else \
            f"({first:x})"
    return PLACE.sub(told, text, count=1)


def test_records_and_formats_say_what_the_text_says(dump, lines, formats,
                                                    symbol, address):
    records = list(dump_records(dump))
    assert len(records) == len(lines) > 80
    for record, (cpu, time, name, text) in zip(records, lines):
        number, = struct.unpack_from("<H", record.data)
        one, fmt = formats[number]
        assert (record.cpu, seconds(record.time), one.name) == (cpu, time, name)
        got = print_fmt.print_record(fmt, one.decode(record.data), symbol)
        if name in PROBES:
            text = with_addresses(text, address)
        assert got == without_sizes(text)


def test_each_event_was_seen(lines):
    assert EXPECTED - {name for _, _, name, _ in lines} == set()


def test_a_format_has_its_fields_in_order_without_overlap(formats):
    for one, _ in formats.values():
        at = 8
        for field in one.fields:
            assert field.offset >= at, (one.name, field.name)
            at = field.offset + field.size
    assert len(formats) > 40


def test_trace_cmd_reports_the_same(dump, lines, address, tmp_path):
    """Without plugins, which print in their own way."""
    path = tmp_path / "events.dat"
    path.write_bytes(trace_dat(dump, elf_symbols(qemu.TESTS)))
    done = subprocess.run(["trace-cmd", "report", "-N", str(path)], check=True,
                          capture_output=True, text=True, timeout=60)
    pattern = re.compile(r" *.+-\d+ +\[(\d+)\] *\S* +(\d+\.\d+): (\w+): *(.*)")
    found = [m for m in map(pattern.fullmatch, done.stdout.splitlines()) if m]
    assert [(int(m[1]), m[2], m[3]) for m in found] == \
        [(cpu, time, name) for cpu, time, name, _ in lines]
    for match, (_, _, name, text) in zip(found, lines):
        if name in PROBES:
            text = with_addresses(text, address)
        if name == "texts":  # __get_str(all[0]) and %c are not its grammar
            assert match[4].startswith("[FAILED TO PARSE]")
            continue
        assert plain(match[4]) == plain(text), name
    assert "failed" not in done.stderr and "rror" not in done.stderr


def plain(text):
    """trace-cmd prints a pointer without leading zeros, and no offsets. Its
    library takes a & (b | c) for (a & b) | c in the flags of timer_start, whose
    format is Linux's, and elements of one or two bytes for unsigned ones."""
    text = text.replace("low=-2", "low=254").replace(",-32513}", ",33023}")
    text = re.sub(r"^(timer=.* bucket_expiry=.* flags=).*", r"\1", text)
    text = re.sub(r"\b0x0*([0-9a-f])", r"0x\1", text)
    text = re.sub(r"\(nil\)", "0x0", text)
    return re.sub(r"\+0x[0-9a-f]+(/0x[0-9a-f]+)?", "", text).strip()


PERFETTO = re.compile(
    r"prev_comm=(.*) prev_pid=(\d+) prev_prio=(\d+) prev_state=(\S+)\s+==> "
    r"next_comm=(.*) next_pid=(\d+) next_prio=(\d+)")


def test_switches_by_the_pattern_of_importers(lines):
    """The task that goes is the one that came before, on each CPU."""
    running, switches = {}, 0
    for cpu, _, name, text in lines:
        if name != "sched_switch":
            continue
        match = PERFETTO.fullmatch(text)
        assert match and re.fullmatch(r"[RSX]\+?", match[4])
        if cpu in running:
            assert running[cpu] == match[2]
        running[cpu] = match[6]
        switches += 1
    assert switches > 4
    assert any("next_comm=with space next_pid=" in text
               for _, _, _, text in lines)


# What importers take for a line of an event, in our words. Perfetto's reader of
# text (systrace_line_tokenizer.cc) searches a line for this; what comes before
# is the task's name, what comes behind its fields, with blanks between them.
PERFETTO_LINE = re.compile(
    r"-(?P<pid>\d+)\s+\(?\s*(\d+|-+)?\)?\s?"
    r"\[(?P<cpu>\d+)\]\s*[A-Za-z0-9.]{0,5}\s+"
    r"(?P<time>\d+\.\d+):\s+(?P<name>\S+):")
# Trace Compass' incubator (IGenericFtraceConstants.java): a whole line, and in
# its data KEY=VALUE without blanks and brackets.
COMPASS_LINE = re.compile(
    r"\s*(?P<comm>.*)-(?P<pid>\d+)(\s+\([^0-9]*\d*\))?\s+"
    r"\[(?P<cpu>\d+)\](\s+\S*)?\s+(?P<time>\d+(\.\d+)?): "
    r"(?P<name>\w+)(:\s+|\(|\s+->\s+)(?P<data>[^)]*)\)?")
COMPASS_PAIR = re.compile(r"([^\s=\[\]]+)=([^\s=\[\]]+)")


def test_importers_take_each_switch_apart(dump, formats):
    """The values that they find are those of the record."""
    texts = [line for line in dump.text if line[0] != "#"]
    switches = 0
    for record, text in zip(dump_records(dump), texts):
        one, _ = formats[struct.unpack_from("<H", record.data)[0]]
        found = PERFETTO_LINE.search(text)
        if one.name != "sched_switch":
            assert found and found["name"] == one.name
            continue
        switches += 1
        wanted = one.decode(record.data)
        pid, = struct.unpack_from("<i", record.data, 4)
        compass = COMPASS_LINE.fullmatch(text)
        for line in (found, compass):
            assert (int(line["pid"]), int(line["cpu"]), line["time"],
                    line["name"]) == (pid, record.cpu,
                                      seconds(record.time), "sched_switch")
        pairs = dict(COMPASS_PAIR.findall(compass["data"]))
        for name in ("prev_pid", "prev_prio", "next_pid", "next_prio"):
            assert int(pairs[name]) == wanted[name]
        for name in ("prev_comm", "next_comm"):  # a blank ends its value
            assert pairs[name] == wanted[name].split()[0]
        assert set(pairs) == {"prev_comm", "prev_pid", "prev_prio",
                              "prev_state", "next_comm", "next_pid",
                              "next_prio"}
        fields = text[found.end():].strip()
        assert dict(word.split("=", 1) for word in fields.split(" ")
                    if "=" in word and word != "==>") == pairs
    assert switches > 4


# ---- trace_printk() ----------------------------------------------------------

PRINTED = [
    "nothing", "-1 4000000000 ff", "-2 18446744073709551615 10000000000",
    'a text "gone" and 7', "xyz3", "   42|42   |00042 100%", "schedule 5"]


def test_prints_are_made_text_by_each_reader(tmp_path):
    """The records hold the arguments alone: an address of a text would show
    what has become of it since."""
    boot = qemu.Machine(smp=1, kernel=qemu.TESTS).boot(
        "mode=tests tests=trace_dump.printk dump=on", timeout=120)
    boot.ok(tests=True)
    got = parse_dump(boot.log)
    lines = [LINE.fullmatch(line) for line in got.text]
    assert [m[4] for m in lines if m] == PRINTED
    assert {m[3] for m in lines if m} == {"ktest_trace_dump_printk"}
    path = tmp_path / "printk.dat"
    path.write_bytes(trace_dat(got, elf_symbols(qemu.TESTS)))
    done = subprocess.run(["trace-cmd", "report", str(path)], check=True,
                          capture_output=True, text=True, timeout=60)
    bodies = re.findall(r"bprint: +ktest_trace_dump_printk(?:\+0x\w+)?: (.*)",
                        done.stdout)
    # The last two, with %05d and %ps, Debian 12's trace-cmd cannot print.
    assert [body.rstrip() for body in bodies][:5] == PRINTED[:5]
