# SPDX-License-Identifier: MIT
"""Reads trace.dat, versions 6 and 7, as trace-cmd writes it.

trace-cmd.dat.v6(5) and trace-cmd.dat.v7(5) describe the format. Pages are read
when their events are requested; a compressed file is read one chunk at a time.
"""
import heapq
import mmap
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from .cursor import Bytes, Cursor
from .decode import Decoder, parse_cmdlines
from .errors import TraceError
from .formats import Format, parse_format
from .model import CpuStats, Event, Trace
from .pages import Layout, PageReader, Record, parse_layout
from .symbols import Symbols

MAGIC = b"\x17\x08\x44tracing"
DONE, DATE, CPUSTAT, BUFFER, CLOCK, CPUCOUNT = 0, 1, 2, 3, 4, 8
HEADER_INFO, FTRACE_EVENTS, EVENT_FORMATS, KALLSYMS, PRINTK, CMDLINES = \
    range(16, 22)
COMPRESSED = 1
# deflate expands one byte to at most 1,032; and trace-cmd's chunks and sections
# are far smaller than this.
ZLIB_RATIO = 1032
MAX_RAW = 64 << 20
MAX_CPUS = 4096
STAT = re.compile(r"^(CPU|entries|overrun|read events): *(\d{1,18})", re.M)
BRACKETED = re.compile(r"\[([\w-]+)\]")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Pages in the file; raw is their size when uncompressed."""
    at: int
    size: int
    raw: int
    packed: bool = False


@dataclass
class DatFile:
    """All contents of a trace.dat except its events."""
    path: str
    data: Bytes
    version: int = 0
    order: str = "<"
    page_size: int = 4096
    compression: str = "none"
    layout: Layout = field(default_factory=Layout)
    formats: dict[int, Format] = field(default_factory=dict)
    kallsyms: bytes = b""
    cmdlines: bytes = b""
    clock: str = "local"
    cpu_count: int = 0
    stats: dict[int, CpuStats] = field(default_factory=dict)
    buffers: dict[str, dict[int, list[Chunk]]] = field(default_factory=dict)

    def cursor(self, at: int) -> Cursor:
        return Cursor(self.data, self.path, at, self.order)


def read_dat(path: str, instance: str = "") -> Trace:
    """Opens a trace.dat. Raises TraceError."""
    with open(path, "rb") as file:
        data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    dat = parse_dat(path, data)
    if instance not in dat.buffers:
        raise TraceError(path, None, f"has no instance {instance!r}; it has "
                         + (", ".join(map(repr, dat.buffers)) or "none"))
    chunks = dat.buffers[instance]
    decoder = Decoder(path, dat.formats, Symbols(dat.kallsyms),
                      parse_cmdlines(dat.cmdlines), dat.order)

    def source() -> Iterator[Event]:
        streams = [cpu_records(dat, cpu, chunks[cpu])
                   for cpu in sorted(chunks)]
        return decoder.events(heapq.merge(
            *streams, key=lambda record: (record.time, record.cpu)))
    return Trace(path, f"trace.dat version {dat.version}", source,
                 clock=dat.clock, stats=dat.stats,
                 cpus=max(dat.cpu_count, len(chunks)))


def parse_dat(path: str, data: Bytes) -> DatFile:
    """Reads all parts except the pages. Raises TraceError."""
    dat = DatFile(path, data)
    at = dat.cursor(0)
    at.expect(MAGIC, "the mark of a trace.dat")
    version = at.string("the version", 16)
    if version not in ("6", "7"):
        raise TraceError(path, len(MAGIC), f"is of version {version!r}; 6 and "
                         "7 can be read")
    dat.version = int(version)
    order, longs = at.number("B", "the byte order"), at.number("B", "a size")
    if order > 1 or longs not in (4, 8):
        raise at.error(f"byte order {order} with longs of {longs} bytes is "
                       "unknown")
    dat.order = at.order = "<>"[order]
    dat.page_size = at.number("I", "the page size")
    if not 512 <= dat.page_size <= 1 << 20 or dat.page_size % 4:
        raise at.error(f"pages of {dat.page_size} bytes are unlikely")
    if dat.version == 6:
        parse_v6(dat, at)
    else:
        parse_v7(dat, at)
    return dat


# ---- parts of both versions -------------------------------------------------

def parse_headers(dat: DatFile, at: Cursor) -> None:
    at.expect(b"header_page\0", "header_page")
    where = at.at
    text = at.sized("Q", "header_page").decode("utf-8", "replace")
    try:
        dat.layout = parse_layout(text, dat.order, dat.page_size)
    except ValueError as error:
        raise TraceError(dat.path, at.base + where, str(error)) from error
    at.expect(b"header_event\0", "header_event")
    at.sized("Q", "header_event")


def add_format(dat: DatFile, at: Cursor) -> None:
    where = at.at
    text = at.sized("Q", "a format").decode("utf-8", "replace")
    try:
        one = parse_format(text)
    except ValueError as error:
        raise TraceError(dat.path, at.base + where, str(error)) from error
    dat.formats[one.id] = one


def parse_ftrace_formats(dat: DatFile, at: Cursor) -> None:
    for _ in range(at.number("I", "the number of formats")):
        add_format(dat, at)


def parse_event_formats(dat: DatFile, at: Cursor) -> None:
    for _ in range(at.number("I", "the number of event systems")):
        at.string("a system's name")
        for _ in range(at.number("I", "the number of formats")):
            add_format(dat, at)


def parse_option(dat: DatFile, number: int, body: Cursor) -> None:
    """Reads an option that describes the events; ignores any other."""
    if number == CLOCK:
        text = bytes(body.data).decode("utf-8", "replace")
        if match := BRACKETED.search(text):
            dat.clock = match[1]
    elif number == CPUCOUNT:
        dat.cpu_count = body.number("I", "the number of CPUs")
        if dat.cpu_count > MAX_CPUS:
            raise body.error(f"{dat.cpu_count} CPUs are unlikely")
    elif number == CPUSTAT:
        text = bytes(body.data).decode("utf-8", "replace")
        values = {name: int(value) for name, value in STAT.findall(text)}
        dat.stats[values.get("CPU", len(dat.stats))] = CpuStats(
            values.get("entries", 0), values.get("overrun", 0),
            values.get("read events", 0))


# ---- version 6 --------------------------------------------------------------

def parse_v6(dat: DatFile, at: Cursor) -> None:
    parse_headers(dat, at)
    parse_ftrace_formats(dat, at)
    parse_event_formats(dat, at)
    dat.kallsyms = at.sized("I", "kallsyms")
    at.sized("I", "the printk formats")
    dat.cmdlines = at.sized("Q", "the names of tasks")
    cpus = at.number("I", "the number of CPUs")
    if cpus > MAX_CPUS:
        raise at.error(f"{cpus} CPUs are unlikely")
    kind = at.take(10, "the kind of data")
    if kind == b"options  \0":
        while number := at.number("H", "an option"):
            where = at.at
            body = at.sized("I", "an option's data")
            parse_option(dat, number, Cursor(body, dat.path, 0, dat.order,
                                             where + 4))
        kind = at.take(10, "the kind of data")
    if kind != b"flyrecord\0":
        raise at.error(f"data of the kind {kind!r} cannot be read, only "
                       "flyrecord")
    chunks = {}
    for cpu in range(cpus):
        where = at.at
        start = at.number("Q", "a CPU's offset")
        size = at.number("Q", "a CPU's size")
        chunks[cpu] = plain_chunks(dat, where, start, size)
    dat.buffers[""] = chunks
    dat.cpu_count = max(dat.cpu_count, cpus)


def plain_chunks(dat: DatFile, where: int, start: int,
                 size: int) -> list[Chunk]:
    if size and start + size > len(dat.data):
        raise TraceError(dat.path, where, f"a CPU's {size} bytes of pages "
                         f"should begin at {start}, but the file ends at "
                         f"{len(dat.data)}")
    return [Chunk(start, size, size)] if size else []


# ---- version 7 --------------------------------------------------------------

SECTIONS = {
    HEADER_INFO: parse_headers,
    FTRACE_EVENTS: parse_ftrace_formats,
    EVENT_FORMATS: parse_event_formats,
}


def parse_v7(dat: DatFile, at: Cursor) -> None:
    dat.compression = at.string("the compression's name", 64)
    at.string("the compression's version", 64)
    if dat.compression not in ("none", "zlib"):
        raise TraceError(dat.path, None, f"is compressed by {dat.compression}, "
                         "which Python's standard library cannot read: make "
                         "a copy by `trace-cmd convert --compression none -i "
                         "FILE -o COPY`")
    where, seen = at.number("Q", "the place of the options"), set()
    while where:
        if where in seen:
            raise TraceError(dat.path, where, "the options lead in a circle")
        seen.add(where)
        where = parse_options(dat, where)


def parse_options(dat: DatFile, where: int) -> int:
    """Reads a section of options. Return: the next one's offset, 0 for none."""
    at = section(dat, where, 0)
    while True:
        number = at.number("H", "an option")
        start = at.at + 4
        data = at.sized("I", "an option's data")
        body = Cursor(data, dat.path, 0, dat.order, at.base + start)
        if number == DONE:
            return body.number("Q", "the place of the next options")
        if number == BUFFER:
            parse_buffer(dat, body)
        elif HEADER_INFO <= number <= CMDLINES:
            parse_section(dat, number,
                          body.number("Q", "the place of a section"))
        else:
            parse_option(dat, number, body)


def parse_section(dat: DatFile, number: int, where: int) -> None:
    at = section(dat, where, number)
    if number in SECTIONS:
        SECTIONS[number](dat, at)
    elif number == KALLSYMS:
        dat.kallsyms = at.sized("I", "kallsyms")
    elif number == CMDLINES:
        dat.cmdlines = at.sized("Q", "the names of tasks")


def section(dat: DatFile, where: int, number: int) -> Cursor:
    """The content of a section, uncompressed."""
    at = dat.cursor(where)
    found = at.number("H", "a section's number")
    if found != number:
        raise TraceError(dat.path, where, f"section {number} should be here, "
                         f"but it is {found}")
    flags = at.number("H", "a section's flags")
    at.number("I", "a section's description")
    size = at.number("Q", "a section's size")
    if flags & COMPRESSED:
        packed, raw = at.number("I", "a size"), at.number("I", "a size")
        data = unpack(dat, Chunk(at.at, packed, raw, True))
        return Cursor(data, dat.path, 0, dat.order, at.at)
    start = at.at
    return Cursor(at.take(size, f"section {number}"), dat.path, 0, dat.order,
                  start)


def unpack(dat: DatFile, chunk: Chunk) -> bytes:
    """The uncompressed bytes, never more than the chunk's stated size."""
    packed = dat.cursor(chunk.at).take(chunk.size, "compressed data")
    if dat.compression == "none":
        raise TraceError(dat.path, chunk.at, "is compressed, but the file says "
                         "that nothing is")
    if chunk.raw > min(ZLIB_RATIO * chunk.size + 64, MAX_RAW):
        raise TraceError(dat.path, chunk.at, f"{chunk.size} compressed bytes "
                         f"cannot become {chunk.raw}")
    try:
        data = zlib.decompressobj().decompress(packed, chunk.raw + 1)
    except zlib.error as error:
        raise TraceError(dat.path, chunk.at, f"zlib: {error}") from error
    if len(data) != chunk.raw:
        raise TraceError(dat.path, chunk.at, f"{len(data)} uncompressed bytes, "
                         f"{chunk.raw} were announced")
    return data


def parse_buffer(dat: DatFile, body: Cursor) -> None:
    """Reads the option that locates an instance's pages."""
    where = body.number("Q", "the place of the pages")
    name, clock = body.string("an instance's name"), body.string("a clock")
    page_size = body.number("I", "the page size")
    if page_size != dat.page_size:
        raise body.error(f"pages of {page_size} bytes in a file of pages of "
                         f"{dat.page_size}")
    head = dat.cursor(where)
    if head.number("H", "a section's number") != BUFFER:
        raise TraceError(dat.path, where, "should be a section of pages")
    packed = head.number("H", "a section's flags") & COMPRESSED
    chunks = {}
    for _ in range(body.number("I", "the number of CPUs")):
        cpu = body.number("I", "a CPU's number")
        if cpu >= MAX_CPUS:
            raise body.error(f"CPU {cpu} is unlikely")
        entry = body.base + body.at
        start = body.number("Q", "a CPU's offset")
        size = body.number("Q", "a CPU's size")
        chunks[cpu] = plain_chunks(dat, entry, start, size)
        if packed and size:
            chunks[cpu] = packed_chunks(dat, start, size)
    dat.buffers[name] = chunks
    if not name:
        dat.clock = clock or dat.clock


def packed_chunks(dat: DatFile, start: int, size: int) -> list[Chunk]:
    at = dat.cursor(start)
    found = []
    for _ in range(at.number("I", "the number of chunks")):
        packed, raw = at.number("I", "a size"), at.number("I", "a size")
        found.append(Chunk(at.at, packed, raw, True))
        at.at += packed
        if at.at > start + size:
            raise at.error("a chunk goes beyond its CPU's data")
    return found


# ---- pages ------------------------------------------------------------------

def cpu_records(dat: DatFile, cpu: int,
                chunks: list[Chunk]) -> Iterator[Record]:
    """The records of one CPU. Offsets within a compressed chunk count from the
    chunk's start in the file."""
    reader, size = PageReader(dat.path, cpu, dat.layout), dat.page_size
    for chunk in chunks:
        data: Bytes = dat.data
        start, base = chunk.at, 0
        if chunk.packed:
            data, start, base = unpack(dat, chunk), 0, chunk.at
        for at in range(start, start + chunk.raw, size):
            end = min(at + size, start + chunk.raw)
            yield from reader.records(bytes(data[at:end]), base + at)
