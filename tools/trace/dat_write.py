# SPDX-License-Identifier: MIT
"""Writes a trace.dat (version 6) that trace-cmd and KernelShark open."""
import struct

from .pages import PAGE_SIZE
from .raw import Dump

CLOCK, CPU_COUNT = 4, 8


def text_of(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def sized(data: bytes, width: str = "<Q") -> bytes:
    return struct.pack(width, len(data)) + data


def trace_dat(dump: Dump, kallsyms: bytes, clock: str = "[local]") -> bytes:
    """The bytes of the file. kallsyms: in the form of /proc/kallsyms."""
    cpus = max(dump.pages, default=0) + 1
    out = b"\x17\x08\x44tracing6\0" + struct.pack("<BBI", 0, 8, PAGE_SIZE)
    out += b"header_page\0" + sized(text_of(dump.header_page))
    out += b"header_event\0" + sized(text_of(dump.header_event))
    out += struct.pack("<I", len(dump.formats))
    for lines in dump.formats.values():
        out += sized(text_of(lines))
    out += struct.pack("<I", 0)  # event systems
    out += sized(kallsyms, "<I")
    out += sized(text_of(dump.printk), "<I")
    out += sized(text_of(dump.cmdlines))
    out += struct.pack("<I", cpus)
    out += b"options  \0" + struct.pack("<H", CLOCK)
    out += sized(clock.encode() + b"\n\0", "<I")
    out += struct.pack("<HII", CPU_COUNT, 4, cpus) + struct.pack("<H", 0)
    out += b"flyrecord\0"
    at = -(-(len(out) + 16 * cpus) // PAGE_SIZE) * PAGE_SIZE
    body = b""
    for cpu in range(cpus):
        pages = bytes(dump.pages.get(cpu, b""))
        out += struct.pack("<QQ", at + len(body) if pages else 0, len(pages))
        body += pages
    return out.ljust(at, b"\0") + body
