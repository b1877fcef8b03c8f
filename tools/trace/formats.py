# SPDX-License-Identifier: MIT
"""Formats of events: the meaning of a record's bytes, as described by the files
events/SYSTEM/NAME/format."""
import re
import struct
from dataclasses import dataclass

FIELD = re.compile(
    r"\s*field:\s*(?P<type>[^;]*?)\s*(?P<name>\w+)(?:\[(?P<count>[^\];]*)\])?;"
    r"\s*offset:(?P<offset>\d{1,9});\s*size:(?P<size>\d{1,9});"
    r"(?:\s*signed:(?P<signed>\d);)?")
NAME = re.compile(r"^name:\s*(\S+)", re.M)
ID = re.compile(r"^ID:\s*(\d{1,9})", re.M)
# u16, __s8, uint64_t
BITS = re.compile(r"(?:\b|_)(?:[us]|u?int)(8|16|32|64)(?:_t)?\b")
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
COMMON = "common_"


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a record. size 0: the field is the rest of the record."""
    type: str
    name: str
    offset: int
    size: int
    signed: bool
    array: bool

    def value(self, record: bytes, order: str) -> object:
        """The field's value. Raises ValueError if the record is short."""
        end = self.offset + self.size if self.size else len(record)
        if end > len(record) or self.offset > end:
            raise ValueError(f"the field {self.name} ends at {end}, the "
                             f"record at {len(record)}")
        raw = record[self.offset:end]
        if self.type.startswith(("__data_loc", "__rel_loc")):
            return self._dynamic(record, raw, order)
        if self.array or not self.size:
            return self._array(raw, order)
        code = CODES.get(self.size)
        if code is None:
            return raw.hex()
        return struct.unpack(order + (code.lower() if self.signed else code),
                             raw)[0]

    def _dynamic(self, record: bytes, raw: bytes, order: str) -> object:
        """One text, or several."""
        count = len(raw) // 4
        if not count or len(raw) % 4:
            raise ValueError(f"the field {self.name} has {len(raw)} bytes")
        texts = tuple(self._elsewhere(record, word)
                      for word in struct.unpack(f"{order}{count}I", raw))
        return texts if count > 1 or self.type.endswith("[1]") else texts[0]

    def _elsewhere(self, record: bytes, word: int) -> str:
        """Text elsewhere in the record, at length << 16 | offset."""
        start, size = word & 0xffff, word >> 16
        if self.type.startswith("__rel_loc"):
            start += self.offset + 4
        if start + size > len(record):
            raise ValueError(f"the field {self.name} points to "
                             f"{start + size}, the record ends at "
                             f"{len(record)}")
        return text_of(record[start:start + size])

    def _array(self, raw: bytes, order: str) -> object:
        if "char" in self.type:
            return text_of(raw)
        bits = BITS.search(self.type)
        item = int(bits[1]) // 8 if bits else \
            8 if "long" in self.type else 2 if "short" in self.type else 4
        code = CODES[item].lower() if self.signed else CODES[item]
        count = len(raw) // item
        return struct.unpack(f"{order}{count}{code}", raw[:count * item])


def text_of(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Format:
    """The format of one type of event."""
    name: str
    id: int
    fields: tuple[Field, ...]

    def decode(self, record: bytes, order: str = "<") -> dict[str, object]:
        """The fields, without the common ones. Raises ValueError."""
        return {field.name: field.value(record, order)
                for field in self.fields}


def parse_format(text: str) -> Format:
    """Parses the text of a format file. Raises ValueError."""
    name, number = NAME.search(text), ID.search(text)
    if not name or not number:
        raise ValueError("a format has no name or no ID: "
                         f"{text[:40]!r}")
    return Format(name[1], int(number[1]), tuple(
        one for one in parse_fields(text) if not one.name.startswith(COMMON)))


def parse_fields(text: str) -> list[Field]:
    """Parses the lines "field:" of a format or of header_page."""
    found = []
    for line in text.splitlines():
        if match := FIELD.match(line):
            found.append(Field(match["type"], match["name"],
                               int(match["offset"]), int(match["size"]),
                               match["signed"] == "1",
                               match["count"] is not None))
    return found


# nop5's own formats, for pages without formats. `make test` compares them with
# those that the kernel prints.
KNOWN_TEXT = {
    ("function", 1): "unsigned long ip:8:8:0, unsigned long parent_ip:16:8:0",
    ("funcgraph_entry", 11): "unsigned long func:8:8:0, int depth:16:4:1",
    ("funcgraph_exit", 10):
        "unsigned long func:8:8:0, int depth:16:4:1, "
        "unsigned int overrun:20:4:0, unsigned long long calltime:24:8:0, "
        "unsigned long long rettime:32:8:0",
    ("funcgraph_exit_retval", 20):
        "unsigned long func:8:8:0, int depth:16:4:1, "
        "unsigned int overrun:20:4:0, unsigned long long calltime:24:8:0, "
        "unsigned long long rettime:32:8:0, unsigned long retval:40:8:0",
    ("kernel_stack", 4): "int size:8:4:1, unsigned long caller[]:16:0:0",
    ("bprint", 6): "unsigned long ip:8:8:0, const char * fmt:16:8:0, "
                   "u32 buf[]:24:0:0",
    ("print", 5): "unsigned long ip:8:8:0, char buf[]:16:0:1",
}


def known_formats() -> dict[int, Format]:
    """The formats of nop5's own events, by ID."""
    found = {}
    for (name, number), text in KNOWN_TEXT.items():
        fields = []
        for item in text.split(", "):
            words, offset, size, signed = item.rsplit(":", 3)
            kind, _, label = words.rpartition(" ")
            fields.append(Field(kind, label.removesuffix("[]"), int(offset),
                                int(size), signed == "1",
                                label.endswith("[]")))
        found[number] = Format(name, number, tuple(fields))
    return found
