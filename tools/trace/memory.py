# SPDX-License-Identifier: MIT
"""Reads a machine's memory after its end: the traces in regions of reserved
memory (the words reserve_mem= and trace_instance=), as the next boot would.

A region describes itself: trace/ring/ring_buffer_persist.h has its head. The
machine may have ended at any instruction, and any byte may be damaged. So, as
in ring_buffer_persist.c, a number is used only if it is possible, and a page
whose events do not decode from its first to its last byte is left out.
"""
import heapq
import mmap
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from .decode import Decoder
from .errors import TraceError
from .formats import Format, known_formats
from .model import Event, Trace
from .pages import COMMON_SIZE, DATA_MAX, EXTEND, PADDING, PAGE_SIZE, \
    STAMP_HIGH, Record
from .symbols import Symbols, elf_build_id

MAGIC = struct.pack("<Q", 0x4741455247354e4f)
HEAD = struct.Struct("<5Q12I16s")
SUMMED = 84  # bytes of the head before its checksum
SLOTS_AT = PAGE_SIZE
DATA_SIZE = PAGE_SIZE - 16
CLOSED = 4095  # in place of the visible bytes: the page takes no more events
SEQ_MASK = (1 << 48) - 1
TIME_MAX = (1 << 52) - 1
LOST_MAX = 1 << 40
CPUS, PAGES_MAX = 64, 65535


@dataclass(frozen=True, slots=True)
class Region:
    """The head of a region, and its place in the file."""
    at: int
    clock: str
    size: int
    cpus: int
    build: int
    text: int
    pages: int
    stride: int
    at_info: int
    at_page: int
    info_size: int
    at_first: int
    at_state: int
    at_commit_seq: int
    at_reader_seq: int
    at_next_seq: int
    at_reader_index: int

    def cpu_numbers(self) -> list[int]:
        return [cpu for cpu in range(CPUS) if self.cpus >> cpu & 1]

    def fits(self, room: int) -> bool:
        """Does everything lie in the region, and the region in the file?"""
        return PAGE_SIZE <= self.size <= room and \
            PAGE_SIZE + len(self.cpu_numbers()) * self.stride <= self.size \
            and 2 <= self.pages <= PAGES_MAX and \
            SLOTS_AT + self.pages * 8 <= self.at_info and self.at_info + (
                self.pages + 1) * self.info_size <= self.at_page and \
            self.at_first + 8 <= self.info_size and \
            self.at_page + (self.pages + 1) * PAGE_SIZE <= self.stride and \
            max(self.at_state, self.at_commit_seq, self.at_reader_seq,
                self.at_next_seq, self.at_reader_index) + 8 <= SLOTS_AT


def parse_head(data: mmap.mmap, at: int) -> Region | None:
    """The region whose magic number stands at byte at; None: it is none."""
    if at % PAGE_SIZE or at + HEAD.size > len(data):
        return None
    _, *fields, crc, name = HEAD.unpack_from(data, at)
    if crc != zlib.crc32(data[at:at + SUMMED]):
        return None
    clock = name.split(b"\0", 1)[0].decode("ascii", "replace")
    region = Region(at, clock, *fields)
    return region if region.fits(len(data) - at) else None


def find_regions(path: str) -> list[Region]:
    """All regions with a whole head, by their addresses."""
    found = []
    with open(path, "rb") as file, \
            mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        at = data.find(MAGIC)
        while at >= 0:
            if region := parse_head(data, at):
                found.append(region)
            at = data.find(MAGIC, at + len(MAGIC))
    return found


# ---- one CPU ----------------------------------------------------------------

class Part:
    """What the machine has left of one CPU's ring."""

    def __init__(self, region: Region, data: mmap.mmap, cpu: int) -> None:
        self.region, self.data, self.cpu = region, data, cpu
        number = region.cpu_numbers().index(cpu)
        self.at = region.at + PAGE_SIZE + number * region.stride
        self.slots = struct.unpack_from(f"<{region.pages}Q", data,
                                        self.at + SLOTS_AT)

    def word(self, offset: int) -> int:
        return int(struct.unpack_from("<Q", self.data, self.at + offset)[0])

    def reader_page(self) -> tuple[int, int | None]:
        """The reader's page, which no slot names: its number and its index."""
        region = self.region
        named = {slot & 0xffff for slot in self.slots}
        free = [i for i in range(region.pages + 1) if i not in named]
        if not free:
            return 0, None
        mine = struct.unpack_from("<I", self.data,
                                  self.at + region.at_reader_index)[0]
        return self.word(region.at_reader_seq if free[-1] == mine
                         else region.at_next_seq), free[-1]

    def listed(self) -> tuple[list[int], int | None]:
        """The indexes of the pages with committed events, oldest first; that
        of the commit page."""
        region, last = self.region, self.word(self.region.at_commit_seq)
        mine, index = self.reader_page()
        if index is None or mine > last:
            mine = 0
        first = max(last - region.pages + 1, 1)
        found = [index] if mine and mine < first else []
        current = None
        for seq in range(first, last + 1):
            slot = self.slots[seq % region.pages]
            current = index if seq == mine else \
                slot & 0xffff if slot >> 16 == seq & SEQ_MASK else None
            found.append(current)
        return [index for index in dict.fromkeys(found)
                if index is not None and index <= region.pages], current

    def committed(self, page: bytes) -> int:
        """The visible bytes of the commit page (rb_bytes() in
        trace/ring/ring_buffer_internal.h)."""
        state = self.word(self.region.at_state) & 0xffff
        return on_page(page) if state == CLOSED else state

    def kept(self) -> list[tuple[int, list[Record]]]:
        """The pages that decode, oldest first, with their records. Checked
        from the newest on, so that a time in the future costs one page."""
        found, before = [], TIME_MAX
        indexes, current = self.listed()
        for index in reversed(indexes):
            at = self.at + self.region.at_page + index * PAGE_SIZE
            page = self.data[at:at + PAGE_SIZE]
            size = self.committed(page) if index == current else on_page(page)
            records = decode_page(page, size, at, self.cpu, before)
            if records:
                before = struct.unpack_from("<Q", page)[0]
                found.append((index, records))
        return found[::-1]

    def records(self) -> Iterator[Record]:
        after = None
        for index, records in self.kept():
            first = self.word(self.region.at_info + index *
                              self.region.info_size + self.region.at_first)
            if after is not None and 0 < first - after < LOST_MAX:
                records[0].lost = first - after
            after = first + len(records)
            yield from records


def on_page(page: bytes) -> int:
    """The bytes that are committed, as the page says."""
    return int(struct.unpack_from("<Q", page, 8)[0])


def decode_page(page: bytes, commit: int, at: int, cpu: int,
                before: int) -> list[Record] | None:
    """The records in the first bytes of a page; None if they are not whole,
    not in the order of their times, or later than before."""
    time = struct.unpack_from("<Q", page)[0]
    if commit > DATA_SIZE or commit % 4:
        return None
    offset, end, found, last = 16, 16 + commit, [], time
    while offset < end:
        header = struct.unpack_from("<I", page, offset)[0]
        kind, delta, word = header & 31, header >> 5, 0
        if kind == PADDING and not delta:
            return None  # what follows is not used, so it is not committed
        if not 0 < kind <= DATA_MAX:
            if offset + 8 > end:
                return None
            word = struct.unpack_from("<I", page, offset + 4)[0]
        if kind > DATA_MAX:
            size = skipped(kind, word)
            time = (time & STAMP_HIGH if kind > EXTEND else time) + delta + (
                word << 27 if kind >= EXTEND else 0)
        else:
            start = offset + (4 if kind else 8)
            size = start - offset + (kind * 4 if kind else word - 4)
            time += delta
            if size < start - offset or size % 4 or time < last or \
                    offset + size > end:
                return None
            found.append(Record(cpu, time, page[start:offset + size].ljust(
                COMMON_SIZE, b"\0"), 0, at + offset))
            last = time
        if not size:
            return None
        offset += size
    return found if offset == end and last <= time <= before else None


def skipped(kind: int, word: int) -> int:
    """The bytes of a time or of padding; 0: it is none."""
    if kind != PADDING:
        return 8
    return 0 if word > DATA_SIZE or word % 4 else word + 4


# ---- the whole --------------------------------------------------------------

def tolerant(decoder: Decoder, record: Record) -> Event:
    """The event of a record whose contents may be damaged."""
    try:
        return decoder.event(record)
    except TraceError:
        one = decoder.formats[record.type]
        size = max((field.offset + field.size for field in one.fields),
                   default=COMMON_SIZE)
        event = Decoder(decoder.path, {}).event(record)
        event.text = f"{one.name}: {len(record.data)} bytes instead of {size}"
        return event


def read_memory(path: str, regions: list[Region], symbols: Symbols,
                elf: str | None = None,
                formats: dict[int, Format] | None = None,
                nth: int | None = None) -> Trace:
    """Opens a region of a file of memory; nth counts from 1, else the last.
    Another build is refused if the ELF has a symbol table."""
    if nth is not None and not 1 <= nth <= len(regions):
        raise TraceError(path, None, f"has {len(regions)} traces, no number "
                         f"{nth}")
    region = regions[nth - 1 if nth else -1]
    if elf and (build := elf_build_id(elf)) not in (None, region.build):
        raise TraceError(path, region.at, "its trace is of another build of "
                         f"the kernel ({region.build:016x}) than {elf} "
                         f"({build:016x}): the names would be wrong")
    decoder = Decoder(path, formats or known_formats(), symbols)

    def source() -> Iterator[Event]:
        with open(path, "rb") as file, \
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            streams = [Part(region, data, cpu).records()
                       for cpu in region.cpu_numbers()]
            for record in heapq.merge(*streams, key=lambda one: (one.time,
                                                                 one.cpu)):
                yield tolerant(decoder, record)
    return Trace(path, "memory", source, clock=region.clock or "local",
                 tracer="nop", cpus=max(region.cpu_numbers(), default=0) + 1)
