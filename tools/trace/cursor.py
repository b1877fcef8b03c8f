# SPDX-License-Identifier: MIT
"""Reads numbers and texts from bytes; an error has its offset."""
import mmap
import struct

from .errors import TraceError

Bytes = bytes | mmap.mmap


class Cursor:
    """A position in bytes that advances as they are read. base is the offset of
    the first byte in the file, for errors."""

    def __init__(self, data: Bytes, path: str, at: int = 0,
                 order: str = "<", base: int = 0) -> None:
        self.data, self.path, self.at = data, path, at
        self.order, self.base = order, base
        if not 0 <= at <= len(data):
            raise TraceError(path, base + at, "lies outside of the file, which "
                             f"has {len(data)} bytes")

    def error(self, what: str) -> TraceError:
        return TraceError(self.path, self.base + self.at, what)

    def take(self, size: int, what: str) -> bytes:
        left = len(self.data) - self.at
        if size > left:
            raise self.error(f"{what} should have {size} bytes, but only "
                             f"{left} are left")
        self.at += size
        return bytes(self.data[self.at - size:self.at])

    def number(self, code: str, what: str) -> int:
        """One integer; code is struct's: B H I Q."""
        raw = self.take(struct.calcsize("=" + code), what)
        return int(struct.unpack(self.order + code, raw)[0])

    def sized(self, code: str, what: str) -> bytes:
        """Bytes that follow their number."""
        return self.take(self.number(code, f"the size of {what}"), what)

    def string(self, what: str, limit: int = 4096) -> str:
        """Text up to its NUL."""
        end = self.data.find(b"\0", self.at, self.at + limit)
        if end < 0:
            raise self.error(f"{what} does not end")
        text = bytes(self.data[self.at:end]).decode("utf-8", "replace")
        self.at = end + 1
        return text

    def expect(self, magic: bytes, what: str) -> None:
        if self.take(len(magic), what) != magic:
            self.at -= len(magic)
            raise self.error(f"{what} is not there")
