# SPDX-License-Identifier: MIT
# parts: test 2
"""tools/trace/memory.py on regions made by hand: what is damaged is left out,
and each check that is taken away is noticed.

The layout is that of trace/ring/ring_buffer_persist.h: a head, and for each CPU
a page of numbers, a page of slots, the infos and the pages.
"""
import pathlib
import struct
import sys
import types
import zlib

import pytest

from tests import trace_files as tf
from tests.mutants import mutated
from tools.trace import TraceError, memory
from tools.trace.symbols import Symbols

PAGE, PAGES = 4096, 4
AT_INFO, AT_PAGE = 2 * PAGE, 3 * PAGE
STRIDE = AT_PAGE + (PAGES + 1) * PAGE
SIZE = PAGE + STRIDE
COMMIT_SEQ, READER_SEQ, NEXT_SEQ, READER_INDEX, STATE = 0, 8, 16, 24, 32
CRC = 84


def numbered(number):
    return tf.common(5) + bytes(8) + f"{number:03}\0".encode()


def small_page(seq):
    """Three events of page seq, at times 100 * seq and so on."""
    return tf.at_times(*((100 * seq + i, numbered(10 * seq + i))
                         for i in range(3)), first=100 * seq)


def region():
    """Page 1 is the reader's; the slots name 2 to 5, of which 5 is the last."""
    data = bytearray(SIZE)
    part = memoryview(data)[PAGE:]
    struct.pack_into("<5Q11I", data, 0, struct.unpack("<Q", memory.MAGIC)[0],
                     SIZE, 1, 0x1234, 0, PAGES, STRIDE, AT_INFO, AT_PAGE, 16,
                     0, STATE, COMMIT_SEQ, READER_SEQ, NEXT_SEQ, READER_INDEX)
    struct.pack_into("<I16s", data, CRC, zlib.crc32(data[:CRC]), b"local")
    struct.pack_into("<3QQI", part, 0, 5, 1, 2, 0, 3 * 24)
    for seq in range(1, 6):
        at = AT_PAGE + (seq - 1) * PAGE
        part[at:at + PAGE] = small_page(seq)
        struct.pack_into("<Q", part, AT_INFO + (seq - 1) * 16, 3 * seq)
        if seq > 1:
            slot(data, seq, seq - 1)
    return data


def slot(data, seq, index):
    struct.pack_into("<Q", data, PAGE + memory.SLOTS_AT + seq % PAGES * 8,
                     seq << 16 | index)


def at(seq, offset=0):
    return PAGE + AT_PAGE + (seq - 1) * PAGE + offset


def put(form, where, *values):
    return lambda data: struct.pack_into(form, data, where, *values)


def head(form, where, value):
    """With a checksum that is right."""
    def damage(data):
        struct.pack_into(form, data, where, value)
        struct.pack_into("<I", data, CRC, zlib.crc32(data[:CRC]))
    return damage


def twice(data):
    slot(data, 3, 3)


ALL = [10 * seq + i for seq in range(1, 6) for i in range(3)]


def one_event_twice(data):
    data[at(4):at(5)] = tf.at_times((400, numbered(40)), first=400)
    twice(data)


def new_page(*events):
    """Page 3 has these."""
    def damage(data):
        data[at(3):at(4)] = tf.page(300, *events)
    return damage


def long_event(data):
    struct.pack_into("<QQII", data, at(3), 300, 5000, 0, 5000 - 4)


def less(*pages):
    return [number for number in ALL if number // 10 not in pages]


EVENT = 16  # the first event of a page

# What is damaged, how, the events left (None: no region).
DAMAGE = [
    ("nothing", lambda data: None, ALL),
    ("the checksum", put("<B", 24, 7), None),
    ("more pages than fit", head("<I", 40, 60000), None),
    ("a head that goes beyond the file", head("<Q", 8, 1 << 40), None),
    ("no pages", head("<I", 40, 0), None),
    ("infos behind the pages", head("<I", 52, AT_INFO + 64), None),
    # No slot names page 3: it is the one that is being taken, as number 2.
    ("an index beyond the last page", lambda data: slot(data, 3, 9),
     less(1, 2)),
    ("a slot of another round", lambda data: slot(data, 7, 2), less(3)),
    ("a page that two slots name", twice, less(1, 2)),
    ("more bytes than a page has", put("<Q", at(3, 8), 5000), less(3)),
    ("an event longer than a page", long_event, less(3)),
    ("a time that goes back", new_page(
        tf.event(0, numbered(30)), struct.pack("<II", 100 << 5 | 31, 0),
        tf.event(0, numbered(31))), less(3)),
    ("padding behind the last event", put("<II", at(3, EVENT + 48), 29, 20),
     less(3)),
    ("an event of less than its length", put("<III", at(3, EVENT), 32, 0, 16),
     less(3)),
    ("one event on a page that two slots name", one_event_twice,
     [30, 31, 32, 40, 50, 51, 52]),
    ("a region of less than its parts", head("<Q", 8, SIZE - PAGE), None),
    ("half a word", put("<Q", at(3, 8), 30), less(3)),
    ("a time in the future", put("<Q", at(3), 1 << 40), less(3)),
    ("an event that goes beyond", put("<I", at(3, EVENT), 28), less(3)),
    ("padding without an end", put("<I", at(3, EVENT), 29), less(3)),
    ("an event of no bytes", put("<II", at(3, EVENT), 1 << 5, 0), less(3)),
    ("padding of no bytes", put("<II", at(3, EVENT), 29 | 32, 1 << 31),
     less(3)),
    ("a last page whose bytes nobody has written to it yet",
     lambda data: struct.pack_into("<Q", data, at(5, 8), 24), ALL),
    ("a last page that is closed", put("<Q", PAGE + STATE, 4095), ALL),
    ("a number of the reader's in the future", put("<Q", PAGE + READER_SEQ,
                                                   99), less(1)),
]


def read(module, data, path):
    """The numbers of the events; None: there is no region."""
    path.write_bytes(data)
    found = module.find_regions(str(path))
    if not found:
        return None
    trace = module.read_memory(str(path), found, Symbols())
    return [int(event.text.rpartition(" ")[2]) for event in trace.events()]


@pytest.mark.parametrize("damage, left", [row[1:] for row in DAMAGE],
                         ids=[row[0].replace(" ", "-") for row in DAMAGE])
def test_what_is_left(tmp_path, damage, left):
    data = region()
    damage(data)
    assert read(memory, data, tmp_path / "memory") == left


# A check, and what it becomes: some damage has another end, or none. Checks
# that only make the reader give up sooner are not here.
CHECKS = [
    ("the checksum", "if crc != zlib.crc32(data[at:at + SUMMED]):",
     "if not crc:"),
    ("all lies in the region",
     "PAGE_SIZE + len(self.cpu_numbers()) * self.stride <= self.size", "True"),
    ("the region lies in the file", "PAGE_SIZE <= self.size <= room",
     "PAGE_SIZE <= self.size"),
    ("the least number of pages", "2 <= self.pages <= PAGES_MAX",
     "self.pages <= PAGES_MAX"),
    ("infos end before the pages",
     "(self.pages + 1) * self.info_size <= self.at_page", "0 <= self.at_page"),
    ("an index is that of a page",
     "if index is not None and index <= region.pages]",
     "if index is not None]"),
    ("a page is taken once", "for index in dict.fromkeys(found)",
     "for index in found"),
    ("a slot has the number", "slot >> 16 == seq & SEQ_MASK", "True"),
    ("a page that is closed says its bytes",
     "on_page(page) if state == CLOSED else", ""),
    ("an open one does not", "if state == CLOSED else state", ""),
    ("a page before it says its bytes",
     "self.committed(page) if index == current else on_page(page)",
     "self.committed(page)"),
    ("a page's bytes are on it", "commit > DATA_SIZE or commit % 4",
     "commit % 4"),
    ("times do not go back", "time < last or", ""),
    ("nor beyond those of the next page", "last <= time <= before",
     "last <= time"),
    ("padding is not committed", "if kind == PADDING and not delta:",
     "if False:"),
    ("an event has bytes", "size < start - offset or", ""),
]


def without(check, becomes):
    """The module with a check less."""
    source = pathlib.Path(memory.__file__).read_text(encoding="utf-8")
    found = types.ModuleType("tools.trace.memory_mutant")
    found.__package__ = "tools.trace"
    sys.modules[found.__name__] = found  # a dataclass looks there
    exec(mutated(source, check, becomes or "False or"  # noqa: S102
                 if check.endswith(" or") else becomes), found.__dict__)
    return found


@pytest.mark.parametrize("check, becomes", [row[1:] for row in CHECKS],
                         ids=[row[0].replace(" ", "-") for row in CHECKS])
def test_a_check_less_is_noticed(tmp_path, check, becomes):
    module, noticed = without(check, becomes), []
    for name, damage, left in DAMAGE:
        data = region()
        damage(data)
        try:
            if read(module, data, tmp_path / "memory") != left:
                noticed.append(name)
        except (TraceError, ValueError, IndexError, struct.error) as error:
            noticed.append(f"{name}: {error}")
    assert noticed
