#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sorts the tables of sites in a linked image by address.

The linker leaves them in the order of the objects, in which a cold part of a
function is far from the rest of it. Boot looks at the order again, and finds
that nothing is left to sort (kernel/lib/sort.c).

	__mcount_loc	an address for each traceable function
	__jump_table	struct jump_entry of arch/x86_64/asm/jump_label.h, whose
			code and target count from their own places
"""
import argparse
import struct
import subprocess
import sys

PT_LOAD = 1
ENTRY = struct.Struct("<iiQ")  # code, target, key


class Image:
    """The bytes of an ELF file, by the addresses they are loaded at."""

    def __init__(self, data):
        self.data = bytearray(data)
        self.segments = []
        phoff, = struct.unpack_from("<Q", data, 32)
        size, count = struct.unpack_from("<HH", data, 54)
        for i in range(count):
            kind, _, pos, addr, _, length = struct.unpack_from(
                "<IIQQQQ", data, phoff + i * size)
            if kind == PT_LOAD:
                self.segments.append((addr, pos, length))

    def place(self, start, end):
        """Where the file has the bytes of [start, end)."""
        for addr, pos, length in self.segments:
            if addr <= start and end <= addr + length:
                return slice(pos + start - addr, pos + end - addr)
        raise ValueError(f"no bytes at {start:#x} to {end:#x}")


def sorted_addresses(table):
    words = struct.unpack(f"<{len(table) // 8}Q", table)
    return struct.pack(f"<{len(words)}Q", *sorted(words))


def sorted_entries(table):
    """An entry that moves stays at the same distance from what it means."""
    entries = sorted((at + code, at + target, key) for at, (code, target, key)
                     in zip(range(0, len(table), ENTRY.size),
                            ENTRY.iter_unpack(table)))
    return b"".join(ENTRY.pack(code - at, target - at, key)
                    for at, (code, target, key)
                    in zip(range(0, len(table), ENTRY.size), entries))


TABLES = {"_mcount_loc": sorted_addresses, "___jump_table": sorted_entries}


def sort_tables(data, marks):
    """The image with each table sorted whose two marks it has."""
    image = Image(data)
    for name, in_order in TABLES.items():
        start = marks.get("__start" + name)
        end = marks.get("__stop" + name)
        if start is None or start == end:
            continue
        place = image.place(start, end)
        image.data[place] = in_order(bytes(image.data[place]))
    return bytes(image.data)


def read_marks(nm, elf):
    out = subprocess.run([nm, "--defined-only", elf], check=True,
                         capture_output=True, text=True).stdout
    rows = (line.split() for line in out.splitlines())
    return {name: int(addr, 16) for addr, _, name in rows
            if name.startswith(("__start_", "__stop_"))}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nm", default="nm")
    parser.add_argument("elf", help="the sorted image goes to stdout")
    args = parser.parse_args()
    with open(args.elf, "rb") as file:
        data = file.read()
    sys.stdout.buffer.write(sort_tables(data, read_marks(args.nm, args.elf)))


if __name__ == "__main__":
    main()
