#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Writes the kernel's symbol table, as NASM source, for kernel/base/kallsyms.c.

The table goes to the end of the image, so a second link with it changes no
other address. The Makefile runs this program again on the result and compares.
The table also holds checksums of itself and of the other read-only segments,
and for each function whether it can return and whether it may be probed, as
tools/noreturn.py and tools/noprobe.py found in the first link. Behind it lies
the table of parameters that tools/params.py has made, under the same checksum.
"""
import argparse
import re
import struct
import subprocess
import sys

KERNEL_VMA = 0xFFFFFFFF80000000
# Suffixes that the compiler gives to real functions. Any other name of code
# with a dot is a local label of an assembly routine.
CLONE = re.compile(r"\.(constprop|isra|part|cold|lto_priv)\.?\d*")
# Marks of the linker script: they name addresses, not objects.
MARK = re.compile(r"_e?text|_e?data|_end|__\w+_(start|end)|__(start|stop)_\w+")
PT_LOAD, PF_W = 1, 2
CANNOT_RETURN = 0x80  # in the byte of the type letter
NO_PROBE = 0x40  # the same; this bit of the letter is always set
PAGE = 4096
NO_PARAMS = 24  # bytes of a table of parameters that has none


def wanted(name, kind):
    if kind.lower() not in "tdrbw" or name.startswith(("..@", ".L")):
        return False
    if kind.lower() in "tw" and "." in CLONE.sub("", name):
        return False
    return not MARK.fullmatch(name)


def segments(image):
    """(virtual address, file bytes, flags) of every high segment."""
    phoff, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    for i in range(count):
        kind, flags, offset, vaddr, _, filesz, _, _ = struct.unpack_from(
            "<IIQQQQQQ", image, phoff + i * size)
        if kind == PT_LOAD and vaddr >= KERNEL_VMA:
            yield vaddr, image[offset:offset + filesz], flags


def checksum(data):
    """The sum of kallsyms_image_intact(): rotates and adds word by word."""
    total = 0
    mask = (1 << 64) - 1
    for word, in struct.iter_unpack("<Q", data):
        total = (((total << 1) | (total >> 63)) + word) & mask
    return total


def read_addresses(path):
    """The addresses that tools/noreturn.py wrote."""
    with open(path, encoding="ascii") as f:
        return {int(line, 16) for line in f}


def read_symbols(nm, elf):
    """The symbols, and the addresses of all marks, where a symbol ends."""
    out = subprocess.run([nm, "--defined-only", elf], check=True,
                         capture_output=True, text=True).stdout
    found, marks = set(), set()
    for line in out.splitlines():
        addr, kind, name = line.split()
        addr = int(addr, 16)
        if MARK.fullmatch(name):
            marks.add(addr)
        elif addr >= KERNEL_VMA and wanted(name, kind):
            found.add((addr, name, kind.lower().replace("w", "t")))
    return found, marks


def rank(symbol):
    """Sorts by address; of several names, one without a leading "_" first."""
    addr, name, _ = symbol
    return addr, name.startswith("_"), name


def sizes(symbols, marks):
    """Each symbol's distance to the next address of a symbol or a mark."""
    places = sorted(marks | {addr for addr, _, _ in symbols})
    following = dict(zip(places, places[1:]))
    return [following[addr] - addr for addr, _, _ in symbols]


def table(symbols, size_of, sums, noreturn, noprobe):
    """The table without its own sum, and in front of what follows it."""
    names, rows = bytearray(), bytearray()
    for (addr, name, kind), size in zip(symbols, size_of):
        kind = (ord(kind) & 0x3f | (CANNOT_RETURN if addr in noreturn else 0)
                | (NO_PROBE if addr in noprobe else 0))
        rows += struct.pack("<III", addr - KERNEL_VMA, size,
                            len(names) | kind << 24)
        names += name.encode() + b"\0"
    by_name = sorted(range(len(symbols)),
                     key=lambda i: (symbols[i][1].encode(), i))
    out = struct.pack("<II", len(symbols), len(sums))
    out += b"".join(struct.pack("<QQQ", *s) for s in sums)
    out += rows + struct.pack(f"<{len(by_name)}I", *by_name) + names
    return out + bytes(-len(out) % 8)


def quads(data):
    words = [w for w, in struct.iter_unpack("<Q", data)]
    return ["dq " + ", ".join(f"{w:#x}" for w in words[i:i + 4])
            for i in range(0, len(words), 4)]


def emit(data, params):
    """The sum and both tables as NASM source: whole pages."""
    params += bytes(-(8 + len(data) + len(params)) % PAGE)
    lines = ["section .kallsyms progbits alloc noexec nowrite align=8",
             "global kallsyms_table, params_table", "kallsyms_table:",
             f"dq {checksum(data + params):#x}", *quads(data),
             "params_table:", *quads(params)]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--empty", action="store_true",
                        help="a table without symbols, for the first link")
    parser.add_argument("--noreturn", default="/dev/null", metavar="FILE",
                        help="addresses of functions that cannot return")
    parser.add_argument("--noprobe", default="/dev/null", metavar="FILE",
                        help="addresses of functions that must not be probed")
    parser.add_argument("--params", default="/dev/null", metavar="FILE",
                        help="the table of parameters")
    parser.add_argument("elf", nargs="?")
    args = parser.parse_args()
    if args.empty:
        sys.stdout.write(emit(table([], [], [], [], []), bytes(NO_PARAMS)))
        return
    with open(args.elf, "rb") as f:
        image = f.read()
    # The table itself is the last segment.
    *segs, (end, _, _) = sorted(segments(image))
    found, marks = read_symbols(args.nm, args.elf)
    symbols = sorted((s for s in found if s[0] < end), key=rank)
    sums = [(vaddr - KERNEL_VMA, len(data), checksum(data))
            for vaddr, data, flags in segs if data and not flags & PF_W]
    with open(args.params, "rb") as f:
        params = f.read()
    sys.stdout.write(emit(table(symbols, sizes(symbols, marks), sums,
                                read_addresses(args.noreturn),
                                read_addresses(args.noprobe)),
                          params or bytes(NO_PARAMS)))


if __name__ == "__main__":
    main()
