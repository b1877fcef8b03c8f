#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes a trace.dat (version 6) that trace-cmd and KernelShark open.

From a log with DUMP lines (tests/kernel/test_trace_dump.c) and the kernel's
symbols:	tools/tracedat.py LOG build/nop5.elf OUT.dat

Also takes pages apart itself: events() is what the tests compare the text of
trace with.
"""
import argparse
import collections
import pathlib
import struct
import subprocess
import sys
from dataclasses import dataclass, field

PAGE = 4096
HEADER = 16
DATA = PAGE - HEADER
COMMIT = 0x07ffffff
MISSED, STORED = 1 << 31, 1 << 30


@dataclass
class Dump:
    text: list = field(default_factory=list)
    formats: dict = field(default_factory=dict)
    header_page: list = field(default_factory=list)
    header_event: list = field(default_factory=list)
    cmdlines: list = field(default_factory=list)
    pages: dict = field(default_factory=lambda: collections.defaultdict(bytes))

    def add(self, line):
        what, _, rest = line.partition(" ")
        if what == "text":
            self.text.append(rest)
        elif what == "format":
            name, _, rest = rest.partition(" ")
            self.formats.setdefault(name, []).append(rest)
        elif what in ("header_page", "header_event"):
            getattr(self, what).append(rest)
        elif what == "cmdline":
            self.cmdlines.append(rest)
        elif what == "page":
            cpu, _, rest = rest.partition(" ")
            self.pages[int(cpu)] += bytes.fromhex(rest)


def parse_log(log):
    """A log's DUMP lines."""
    dump = Dump()
    for line in log.splitlines():
        if line.startswith("DUMP "):
            dump.add(line[5:])
    return dump


# ---- pages -------------------------------------------------------------------

@dataclass
class Event:
    cpu: int
    time: int
    data: bytes
    lost: int = 0  # before this one; -1: nobody knows how many

    @property
    def type(self):
        return struct.unpack_from("<H", self.data)[0]

    @property
    def pid(self):
        return struct.unpack_from("<i", self.data, 4)[0]


def page_events(cpu, page):
    """The events of one sub-buffer. Raises ValueError if it is malformed."""
    time, commit = struct.unpack_from("<QQ", page)
    size, at, lost = commit & COMMIT, 0, 0
    if size > DATA:
        raise ValueError(f"commit says {size} bytes")
    data = page[HEADER:]
    if commit & MISSED:
        lost = -1
        if commit & STORED:
            lost = struct.unpack_from("<Q", data, size)[0]
    while at < size:
        header, = struct.unpack_from("<I", data, at)
        kind, delta = header & 31, header >> 5
        word = struct.unpack_from("<I", data, at + 4)[0] if kind in (
            0, 29, 30, 31) else 0
        if kind == 29:
            if not delta:
                break
            time, at = time + delta, at + 4 + word
            continue
        if kind == 30:
            time, at = time + (word << 27) + delta, at + 8
            continue
        if kind == 31:
            time = (time >> 59 << 59) | word << 27 | delta
            at += 8
            continue
        time += delta
        start, length = (at + 8, word - 4) if kind == 0 else (at + 4, kind * 4)
        if start + length > size:
            raise ValueError(f"event at {at} goes beyond {size}")
        yield Event(cpu, time, data[start:start + length], lost)
        at, lost = start + length, 0


def events(dump):
    """All events, in order of time and, of one time, of CPU."""
    found = []
    for cpu, pages in dump.pages.items():
        if len(pages) % PAGE:
            raise ValueError(f"CPU {cpu}: {len(pages)} bytes")
        for at in range(0, len(pages), PAGE):
            found += page_events(cpu, pages[at:at + PAGE])
    return sorted(found, key=lambda event: (event.time, event.cpu))


# ---- trace.dat ---------------------------------------------------------------

def symbols(elf):
    """/proc/kallsyms of the kernel, by nm."""
    out = subprocess.run(["nm", "-n", "--defined-only", str(elf)], check=True,
                         capture_output=True, text=True).stdout
    lines = [line for line in out.splitlines()
             if line.split()[1] in "tTwW"]
    return "".join(f"{line}\n" for line in lines).encode()


def text_of(lines):
    return "".join(f"{line}\n" for line in lines).encode()


def sized(data, width="<Q"):
    return struct.pack(width, len(data)) + data


def trace_dat(dump, kallsyms, clock="[local]"):
    """The bytes of a version 6 file."""
    cpus = max(dump.pages, default=0) + 1
    out = b"\x17\x08\x44tracing6\0" + struct.pack("<BBI", 0, 8, PAGE)
    out += b"header_page\0" + sized(text_of(dump.header_page))
    out += b"header_event\0" + sized(text_of(dump.header_event))
    out += struct.pack("<I", len(dump.formats))
    for lines in dump.formats.values():
        out += sized(text_of(lines))
    out += struct.pack("<I", 0)  # event systems
    out += sized(kallsyms, "<I")
    out += sized(b"", "<I")  # printk formats
    out += sized(text_of(dump.cmdlines))
    out += struct.pack("<I", cpus)
    out += b"options  \0" + struct.pack("<H", 4)
    out += sized(clock.encode() + b"\n\0", "<I")
    out += struct.pack("<HII", 8, 4, cpus) + struct.pack("<H", 0)
    out += b"flyrecord\0"
    at = -(-(len(out) + 16 * cpus) // PAGE) * PAGE
    body = b""
    for cpu in range(cpus):
        pages = dump.pages.get(cpu, b"")
        out += struct.pack("<QQ", at + len(body) if pages else 0, len(pages))
        body += pages
    return out.ljust(at, b"\0") + body


def main():
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log")
    parser.add_argument("elf")
    parser.add_argument("out")
    args = parser.parse_args()
    log = pathlib.Path(args.log).read_text(encoding="utf-8", errors="replace")
    dump = parse_log(log)
    if not dump.pages:
        sys.exit("tracedat.py: no pages in the log")
    pathlib.Path(args.out).write_bytes(trace_dat(dump, symbols(args.elf)))


if __name__ == "__main__":
    main()
