# SPDX-License-Identifier: MIT
"""Reads sub-buffers of the ring: pages of events as the kernel wrote them.

A page begins with its time and a word that holds the number of its data bytes
and whether events before it were lost. An event begins with a word of 5 bits
(type and length) and 27 bits (nanoseconds since the event before).
"""
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from .errors import TraceError
from .formats import parse_fields
from .model import LOST_UNKNOWN

PAGE_SIZE = 4096
COMMIT_MASK = 0x07ffffff
MISSED, STORED = 1 << 31, 1 << 30
DATA_MAX, PADDING, EXTEND, STAMP = 28, 29, 30, 31
COMMON_SIZE = 8  # type, flags, preempt count, pid
TIME_MASK = (1 << 64) - 1
STAMP_HIGH = 0x1f << 59


@dataclass(frozen=True, slots=True)
class Layout:
    """The layout of one kernel's pages, as events/header_page describes it."""
    order: str = "<"
    page_size: int = PAGE_SIZE
    commit_size: int = 8
    data: int = 16


def parse_layout(text: str, order: str, page_size: int) -> Layout:
    """Parses the text of header_page. Raises ValueError."""
    fields = {field.name: field for field in parse_fields(text)}
    for name in ("timestamp", "commit", "data"):
        if name not in fields:
            raise ValueError(f"header_page has no field {name}")
    commit, data = fields["commit"], fields["data"].offset
    if fields["timestamp"].offset or fields["timestamp"].size != 8 or \
            commit.offset != 8 or commit.size not in (4, 8) or \
            not 8 + commit.size <= data < page_size:
        raise ValueError("header_page describes pages of an unknown form")
    return Layout(order, page_size, commit.size, data)


@dataclass(slots=True)
class Record:
    """The bytes of an event, not decoded yet."""
    cpu: int
    time: int
    data: bytes
    lost: int  # events lost before this one, or LOST_UNKNOWN
    at: int    # offset of its header in the file

    @property
    def type(self) -> int:
        return int(struct.unpack_from("<H", self.data)[0])

    @property
    def pid(self) -> int:
        return int(struct.unpack_from("<i", self.data, 4)[0])


class PageReader:
    """Splits the pages of one CPU into records, page by page. Events lost
    before a page without an event count for the next page's first event."""

    def __init__(self, path: str, cpu: int, layout: Layout) -> None:
        self.path, self.cpu, self.layout = path, cpu, layout
        self.lost = 0
        self._word = struct.Struct(layout.order + "I")
        self._time = struct.Struct(layout.order + "Q")
        self._commit = struct.Struct(
            layout.order + ("Q" if layout.commit_size == 8 else "I"))

    def records(self, page: bytes, base: int) -> Iterator[Record]:
        """The events of a page that begins at byte base of the file."""
        layout = self.layout
        if len(page) != layout.page_size:
            raise TraceError(self.path, base, f"a page of CPU {self.cpu} has "
                             f"{len(page)} of {layout.page_size} bytes")
        time, = self._time.unpack_from(page)
        commit, = self._commit.unpack_from(page, 8)
        end = layout.data + (commit & COMMIT_MASK)
        if end > layout.page_size:
            raise TraceError(self.path, base + 8, "the page says it has "
                             f"{commit & COMMIT_MASK} bytes of data")
        if commit & MISSED:
            self._count_lost(page, end, bool(commit & STORED))
        yield from self._walk(page, base, time, end)

    def _count_lost(self, page: bytes, end: int, stored: bool) -> None:
        count = LOST_UNKNOWN
        if stored and end + self._commit.size <= len(page):
            count, = self._commit.unpack_from(page, end)
        if count == LOST_UNKNOWN or self.lost == LOST_UNKNOWN:
            self.lost = LOST_UNKNOWN
        else:
            self.lost += count

    def _walk(self, page: bytes, base: int, time: int,
              end: int) -> Iterator[Record]:
        at = self.layout.data
        while at < end:
            if end - at < 4:
                raise self._bad(base + at, "the data ends within an event")
            header, = self._word.unpack_from(page, at)
            if self.layout.order == "<":
                kind, delta = header & 31, header >> 5
            else:
                kind, delta = header >> 27, header & 0x07ffffff
            word = 0
            if not 0 < kind <= DATA_MAX:
                if kind == PADDING and not delta:
                    return  # the rest of the page is unused
                if end - at < 8:
                    raise self._bad(base + at, "the data ends within an event")
                word, = self._word.unpack_from(page, at + 4)
            start, size = self._extent(kind, word, at)
            if kind == STAMP:
                time = time & STAMP_HIGH | word << 27 | delta
            else:
                time += delta + (word << 27 if kind == EXTEND else 0)
            if start + size > end:
                raise self._bad(base + at, f"an event of {size} bytes goes "
                                "beyond its page's data")
            if kind <= DATA_MAX:
                yield self._record(page[start:start + size], time & TIME_MASK,
                                   base + at)
            at = start + size

    def _extent(self, kind: int, word: int, at: int) -> tuple[int, int]:
        """The offset of an event's data, and its number of bytes."""
        if kind == 0:  # the length includes its own word; data is rounded up
            return at + 8, max(word - 4, 0) + 3 & ~3
        if kind <= DATA_MAX:
            return at + 4, kind * 4
        return (at + 4, max(word, 4)) if kind == PADDING else (at + 8, 0)

    def _record(self, data: bytes, time: int, at: int) -> Record:
        if len(data) < COMMON_SIZE:
            raise self._bad(at, f"an event has {len(data)} bytes of data, its "
                            f"common fields alone have {COMMON_SIZE}")
        record = Record(self.cpu, time, data, self.lost, at)
        self.lost = 0
        return record

    def _bad(self, at: int, what: str) -> TraceError:
        return TraceError(self.path, at, f"{what} (CPU {self.cpu})")
