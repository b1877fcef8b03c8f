# SPDX-License-Identifier: MIT
"""Reads pages alone: copies of per_cpu/cpuN/trace_pipe_raw, one file for each
CPU, and the DUMP lines of tests/kernel/test_trace_dump.c.

Pages do not describe themselves. Their formats come from a folder of format
files (a copy of events/); without one, nop5's own formats are used. Symbols
come from a file in the form of /proc/kallsyms or from the kernel's ELF file.
"""
import collections
import heapq
import mmap
import pathlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .decode import Decoder, parse_cmdlines
from .errors import TraceError
from .formats import Format, known_formats, parse_format
from .model import Event, Trace
from .pages import PAGE_SIZE, Layout, PageReader, Record
from .symbols import Symbols

CPU_NUMBER = re.compile(r"cpu(\d{1,4})")
# A file of one CPU in a folder of them: cpu0, cpu0.raw, cpu0/trace_pipe_raw.
CPU_FILE = re.compile(r"(?:^|/)cpu\d{1,4}(?:\.\w+|/trace_pipe_raw)?$")


def read_formats(folder: str) -> dict[int, Format]:
    """Reads the formats of a copy of events/, or of one of its folders."""
    found = {}
    for path in sorted(pathlib.Path(folder).rglob("format")):
        try:
            one = parse_format(path.read_text(errors="replace"))
        except ValueError as error:
            raise TraceError(path, None, str(error)) from error
        found[one.id] = one
    if not found:
        raise TraceError(folder, None, "holds no file named format")
    return found


def find_pages(path: str) -> dict[int, str]:
    """The file of each CPU: path itself, or those in the folder path."""
    if not pathlib.Path(path).is_dir():
        match = CPU_NUMBER.search(pathlib.Path(path).name)
        return {int(match[1]) if match else 0: path}
    found: dict[int, str] = {}
    for file in sorted(pathlib.Path(path).rglob("*")):
        name = file.relative_to(path).as_posix()
        if CPU_FILE.search(name) and file.is_file():
            match = CPU_NUMBER.search(name)
            cpu = int(match[1]) if match else 0
            if cpu in found:
                raise TraceError(path, None, f"has two files of CPU {cpu}: "
                                 f"{found[cpu]}, {file}")
            found[cpu] = str(file)
    if not found:
        raise TraceError(path, None, "holds no file of pages: cpuN, cpuN.raw "
                         "or cpuN/trace_pipe_raw")
    return found


def read_raw(path: str, symbols: Symbols,
             formats: dict[int, Format] | None = None,
             cmdlines: bytes = b"") -> Trace:
    """Opens a file of pages, or a folder with one for each CPU."""
    files = find_pages(path)
    decoder = Decoder(path, formats or known_formats(), symbols,
                      parse_cmdlines(cmdlines))

    def source() -> Iterator[Event]:
        streams = [file_records(file, cpu) for cpu, file in files.items()]
        return decoder.events(heapq.merge(
            *streams, key=lambda record: (record.time, record.cpu)))
    return Trace(path, "raw pages", source, cpus=max(files) + 1)


def file_records(path: str, cpu: int) -> Iterator[Record]:
    reader = PageReader(path, cpu, Layout())
    with open(path, "rb") as file:
        if not file.read(1):
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            for at in range(0, len(data), PAGE_SIZE):
                yield from reader.records(data[at:at + PAGE_SIZE], at)


# ---- DUMP lines -------------------------------------------------------------

@dataclass
class Dump:
    """The contents of a log's DUMP lines."""
    text: list[str] = field(default_factory=list)
    formats: dict[str, list[str]] = field(default_factory=dict)
    header_page: list[str] = field(default_factory=list)
    header_event: list[str] = field(default_factory=list)
    cmdlines: list[str] = field(default_factory=list)
    printk: list[str] = field(default_factory=list)  # printk_formats
    pages: dict[int, bytearray] = field(
        default_factory=lambda: collections.defaultdict(bytearray))
    last: list[str] = field(default_factory=list)  # what "more" goes on with

    def add(self, line: str) -> None:
        """Adds one line, without "DUMP ". Raises ValueError."""
        what, _, rest = line.partition(" ")
        lists = {"text": self.text, "header_page": self.header_page,
                 "header_event": self.header_event, "cmdline": self.cmdlines,
                 "printk": self.printk}
        if what == "format":
            name, _, rest = rest.partition(" ")
            lists[what] = self.formats.setdefault(name, [])
        if what in lists:
            lists[what].append(rest)
            self.last = lists[what]
        elif what == "more":
            if not self.last:
                raise ValueError("it has no line before it")
            self.last[-1] += rest
        elif what == "page":
            cpu, _, rest = rest.partition(" ")
            if not re.fullmatch(r"[0-9]{1,4}", cpu):
                raise ValueError(f"{cpu!r} is no CPU")
            self.pages[int(cpu)] += bytes.fromhex(rest)


def parse_dump(log: str, path: str = "log") -> Dump:
    """The DUMP lines of a log. Raises TraceError."""
    dump = Dump()
    for number, line in enumerate(log.splitlines(), 1):
        if line.startswith("DUMP "):
            try:
                dump.add(line[5:])
            except ValueError as error:
                raise TraceError(path, None,
                                 f"line {number}: {error}") from error
    return dump


def dump_records(dump: Dump, path: str = "log") -> Iterator[Record]:
    """All records, sorted by time; offsets count within the CPU's pages."""
    def of_cpu(cpu: int) -> Iterator[Record]:
        reader, pages = PageReader(path, cpu, Layout()), dump.pages[cpu]
        for at in range(0, len(pages), PAGE_SIZE):
            yield from reader.records(bytes(pages[at:at + PAGE_SIZE]), at)
    yield from heapq.merge(*map(of_cpu, sorted(dump.pages)),
                           key=lambda record: (record.time, record.cpu))


def read_dump(path: str, symbols: Symbols) -> Trace:
    """Opens a log with DUMP lines."""
    with open(path, encoding="utf-8", errors="replace") as file:
        dump = parse_dump(file.read(), path)
    formats = {}
    for lines in dump.formats.values():
        try:
            one = parse_format("\n".join(lines))
        except ValueError as error:
            raise TraceError(path, None, str(error)) from error
        formats[one.id] = one
    decoder = Decoder(path, formats or known_formats(), symbols,
                      parse_cmdlines("\n".join(dump.cmdlines).encode()))
    return Trace(path, "DUMP lines",
                 lambda: decoder.events(dump_records(dump, path)),
                 cpus=max(dump.pages, default=0) + 1)
