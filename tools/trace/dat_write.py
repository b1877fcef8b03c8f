# SPDX-License-Identifier: MIT
"""Writes a trace.dat (version 6) that trace-cmd and KernelShark open."""
import struct

from .pages import PAGE_SIZE
from .raw import Dump

CPU_STAT, CLOCK, CPU_COUNT = 2, 4, 8


def text_of(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def sized(data: bytes, width: str = "<Q") -> bytes:
    return struct.pack(width, len(data)) + data


def sections(dump: Dump, kallsyms: bytes,
             systems: dict[str, list[str]]) -> bytes:
    """What describes the events. systems: for each other than ftrace the texts
    of its formats."""
    out = b"\x17\x08\x44tracing6\0" + struct.pack("<BBI", 0, 8, PAGE_SIZE)
    out += b"header_page\0" + sized(text_of(dump.header_page))
    out += b"header_event\0" + sized(text_of(dump.header_event))
    out += struct.pack("<I", len(dump.formats))
    for lines in dump.formats.values():
        out += sized(text_of(lines))
    out += struct.pack("<I", len(systems))
    for name, texts in systems.items():
        out += name.encode() + b"\0" + struct.pack("<I", len(texts))
        for text in texts:
            out += sized(text.encode())
    out += sized(kallsyms, "<I")
    out += sized(text_of(dump.printk), "<I")
    return out + sized(text_of(dump.cmdlines))


def options(clock: str, stats: list[bytes], cpus: int) -> bytes:
    found = [(CPU_STAT, text + b"\0") for text in stats]
    found += [(CLOCK, clock.encode() + b"\n\0"),
              (CPU_COUNT, struct.pack("<I", cpus))]
    out = b"options  \0"
    for number, data in found:
        out += struct.pack("<H", number) + sized(data, "<I")
    return out + struct.pack("<H", 0)


def head(dump: Dump, kallsyms: bytes, sizes: list[int], *,
         clock: str = "[local]", stats: list[bytes] | None = None,
         systems: dict[str, list[str]] | None = None) -> bytes:
    """All that stands before the pages, which follow CPU by CPU. sizes: bytes
    of the pages of each CPU. stats: the texts of per_cpu/cpuN/stats, each with
    "CPU: N" before it."""
    out = sections(dump, kallsyms, systems or {})
    out += struct.pack("<I", len(sizes))
    out += options(clock, stats or [], len(sizes)) + b"flyrecord\0"
    at = start = -(-(len(out) + 16 * len(sizes)) // PAGE_SIZE) * PAGE_SIZE
    for size in sizes:
        out += struct.pack("<QQ", at if size else 0, size)
        at += size
    return out.ljust(start, b"\0")


def trace_dat(dump: Dump, kallsyms: bytes, clock: str = "[local]") -> bytes:
    """The bytes of the file. kallsyms: in the form of /proc/kallsyms."""
    pages = [bytes(dump.pages.get(cpu, b""))
             for cpu in range(max(dump.pages, default=0) + 1)]
    return head(dump, kallsyms, [len(data) for data in pages],
                clock=clock) + b"".join(pages)
