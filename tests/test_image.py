# SPDX-License-Identifier: MIT
# parts: test 1
"""nop5.elf has nothing of tests/ in it, and nop5-test.elf is the very same
objects plus tests/: what the tests find out is true of what people boot.

The linker's map says which section of which object file lies where. Every byte
that an object file brings along is compared with both images, but for the
fields that relocations fill in: these hold addresses. Strings are left out:
the linker merges equal ones of all objects.
"""
import re
import struct

import pytest

from tests import qemu

SECTION = struct.Struct("<IIQQQQIIQQ")  # of an ELF64 file, from its name on
PROGBITS, RELA, NOBITS = 1, 4, 8
ALLOC, MERGE = 2, 0x10
# Bytes that a relocation fills in: R_X86_64_64, PC32, PLT32, 32, 32S, PC64...
FIELD = {1: 8, 2: 4, 4: 4, 10: 4, 11: 4, 12: 2, 14: 1, 24: 8}
ROW = re.compile(r"^ (\S+)\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S+\.o)$", re.M)


def sections(data):
    """[(name, type, flags, address, bytes, info)] of an ELF file."""
    start, = struct.unpack_from("<Q", data, 40)
    size, number, strings = struct.unpack_from("<HHH", data, 58)
    found = [SECTION.unpack_from(data, start + i * size)
             for i in range(number)]
    names = found[strings][4]
    for name, kind, flags, addr, offset, length, _, info, *_ in found:
        end = data.index(b"\0", names + name)
        content = b"" if kind == NOBITS else data[offset:offset + length]
        yield (data[names + name:end].decode(), kind, flags, addr, content,
               info)


class Object:
    """What an object file brings along: section -> (bytes, mask)."""

    def __init__(self, data):
        rows = list(sections(data))
        self.parts = {}
        for nr, (name, kind, flags, _, content, _) in enumerate(rows):
            if kind != PROGBITS or not flags & ALLOC or flags & MERGE:
                continue
            mask = bytearray(b"\xff" * len(content))
            for _, other, _, _, entries, info in rows:
                if other == RELA and info == nr:
                    for at, what, _ in struct.iter_unpack("<QQq", entries):
                        field = FIELD[what & 0xffffffff]
                        mask[at:at + field] = bytes(field)
            if content:
                assert name not in self.parts, f"two sections {name}"
                self.parts[name] = content, bytes(mask)


class Linked:
    """An image, and what the linker's map says of it."""

    def __init__(self, data, text):
        self.rows = [row for row in sections(data)
                     if row[1] == PROGBITS and row[2] & ALLOC]
        text = text[text.index("Linker script and memory map"):]
        # A long name has a line of its own.
        text = re.sub(r"^( \S+)\n +0x", r"\1 0x", text, flags=re.M)
        self.places = {(path, name): (int(addr, 16), int(size, 16))
                       for name, addr, size, path in ROW.findall(text)
                       if int(size, 16)}

    def files(self):
        return list(dict.fromkeys(path for path, _ in self.places))

    def bytes_at(self, addr, size):
        for _, _, _, start, content, _ in self.rows:
            if start <= addr and addr + size <= start + len(content):
                return content[addr - start:addr - start + size]
        return None


def differences(image, objects):
    """Where the image is not what the object files bring along."""
    for path, obj in objects.items():
        for name, (content, mask) in obj.parts.items():
            addr, size = image.places.get((path, name), (0, 0))
            there = image.bytes_at(addr, size)
            if size != len(content) or there is None:
                yield f"{path} {name}: not there"
            elif any((a ^ b) & m for a, b, m in zip(content, there, mask)):
                yield f"{path} {name}: other bytes"


def load(path):
    return Linked(path.read_bytes(), path.with_suffix(".map").read_text())


@pytest.fixture(scope="module")
def images(shipped, elf):
    return load(shipped), load(elf)


@pytest.fixture(scope="module")
def objects(images):
    """By the path the linker was given: of nop5.elf's, but the symbol table,
    which is that of the image."""
    return {path: Object((qemu.ROOT / path).read_bytes())
            for path in images[0].files() if "/gen/" not in path}


def test_nothing_of_tests_is_in_the_image_that_people_boot(images, shipped):
    files = images[0].files()
    assert len(files) > 90
    assert not [path for path in files if "/obj/tests/" in path]
    assert b"ktest_" not in shipped.read_bytes()


def test_the_test_image_is_the_same_files_and_tests(images):
    """In the same order, and by the same paths: there are no two of a kind."""
    few, more = ([path for path in image.files() if "/obj/" in path]
                 for image in images)
    assert [path for path in more if "/obj/tests/" not in path] == few
    assert len([path for path in more if "/obj/tests/" in path]) > 60


def test_both_hold_the_same_bytes(images, objects):
    compared = sum(len(content) for obj in objects.values()
                   for content, _ in obj.parts.values())
    fixed = sum(sum(mask) // 255 for obj in objects.values()
                for _, mask in obj.parts.values())
    assert compared > 200000 and fixed > compared // 2
    for image in images:
        assert list(differences(image, objects)) == []


def test_functions_lie_at_the_same_addresses(images, objects):
    few, more = images
    texts = [place for place in few.places if place[1].startswith(".text")]
    assert len(texts) > 90
    assert [few.places[place] for place in texts] == \
        [more.places[place] for place in texts]


def test_another_byte_is_noticed(images, objects, elf):
    """The first one of the text of a file."""
    data = elf.read_bytes()
    path = next(path for path in objects if path.endswith("/core/ftrace.o"))
    addr, size = images[1].places[path, ".text"]
    at = data.index(images[1].bytes_at(addr, size))
    changed = data[:at] + bytes([data[at] ^ 1]) + data[at + 1:]
    image = Linked(changed, elf.with_suffix(".map").read_text())
    assert list(differences(image, objects)) == [f"{path} .text: other bytes"]


def test_an_object_that_is_not_linked_is_noticed(images, objects, elf):
    text = elf.with_suffix(".map").read_text()
    text = text.replace("/core/ftrace.o", "/core/ftrace-fast.o")
    image = Linked(elf.read_bytes(), text)
    found = list(differences(image, objects))
    assert found and all("/trace/core/ftrace.o" in line and "not there" in line
                         for line in found)
