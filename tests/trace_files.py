# SPDX-License-Identifier: MIT
"""Writes small traces by hand, for tests/test_trace_reader.py: pages, trace.dat
of both versions. Only from the documented formats, not from the reader."""
import struct
import zlib

PAGE = 4096
HEADER_PAGE = (
    "\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
    "\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
    "\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
    "\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n")
COMMON = (
    "\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
    "\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
    "\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;"
    "\tsigned:0;\n"
    "\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n")
KALLSYMS = (b"0000000000001000 T alpha\n0000000000002000 T beta\n"
            b"0000000000003000 t gamma\n")
CMDLINES = b"7 worker\n8 other task\n"
ALPHA, BETA, GAMMA = 0x1000, 0x2000, 0x3000


def fmt(name, number, *fields):
    """A format file. A field: "type name offset size signed"."""
    text = f"name: {name}\nID: {number}\nformat:\n" + COMMON
    for one in fields:
        *words, offset, size, signed = one.split()
        text += (f"\tfield:{' '.join(words)};\toffset:{offset};\tsize:{size};"
                 f"\tsigned:{signed};\n")
    return text + '\nprint fmt: "%s", REC->x\n'


FORMATS = [
    fmt("function", 1, "unsigned long ip 8 8 0",
        "unsigned long parent_ip 16 8 0"),
    fmt("funcgraph_entry", 11, "unsigned long func 8 8 0", "int depth 16 4 1"),
    fmt("funcgraph_exit", 10, "unsigned long func 8 8 0", "int depth 16 4 1",
        "unsigned int overrun 20 4 0", "unsigned long long calltime 24 8 0",
        "unsigned long long rettime 32 8 0"),
    fmt("kernel_stack", 4, "int size 8 4 1", "unsigned long caller[] 16 0 0"),
    fmt("print", 5, "unsigned long ip 8 8 0", "char buf[] 16 0 1"),
    fmt("sched_switch", 300, "char prev_comm[16] 8 16 0",
        "pid_t prev_pid 24 4 1", "long prev_state 32 8 1",
        "__data_loc char[] note 40 4 0"),
]


# ---- records: their data, from the common fields on --------------------------

def common(number, pid=7, flags=0, preempt=0, order="<"):
    return struct.pack(order + "HBBi", number, flags, preempt, pid)


def function(ip, parent, order="<", **more):
    return common(1, order=order, **more) + struct.pack(order + "QQ", ip,
                                                        parent)


def entry(func, depth, **more):
    return common(11, **more) + struct.pack("<Qi", func, depth)


def leave(func, depth, call, ret, **more):
    return common(10, **more) + struct.pack("<QiIQQ", func, depth, 0, call,
                                            ret)


# ---- pages -------------------------------------------------------------------

def event(delta, data, order="<"):
    """A record after its header; more than 112 bytes take the long form."""
    if len(data) > 112:
        padded = data.ljust(-(-len(data) // 4) * 4, b"\0")
        return head(0, delta, order) + struct.pack(
            order + "I", len(data) + 4) + padded
    assert len(data) % 4 == 0
    return head(len(data) // 4, delta, order) + data


def head(kind, delta, order="<"):
    word = delta << 5 | kind if order == "<" else kind << 27 | delta
    return struct.pack(order + "I", word)


def page(time, *events, lost=None, order="<"):
    """lost: None nothing, -1 nobody counted, else how many."""
    data = b"".join(events)
    commit = len(data)
    if lost is not None:
        commit |= 1 << 31 | (1 << 30 if lost >= 0 else 0)
    if lost is not None and lost >= 0:
        data += struct.pack(order + "Q", lost)
    return (struct.pack(order + "QQ", time, commit) + data).ljust(PAGE, b"\0")


def at_times(*timed, first=0, **more):
    """A page of (time, data)."""
    events, last = [], first
    for time, data in timed:
        events.append(event(time - last, data))
        last = time
    return page(first, *events, **more)


# ---- trace.dat ---------------------------------------------------------------

def sized(data, code, order="<"):
    return struct.pack(order + code, len(data)) + data


def headers(order="<"):
    return (b"header_page\0" + sized(HEADER_PAGE.encode(), "Q", order)
            + b"header_event\0" + sized(b"# compressed\n", "Q", order))


def formats(order="<"):
    return struct.pack(order + "I", len(FORMATS)) + b"".join(
        sized(one.encode(), "Q", order) for one in FORMATS)


def option(number, data, order="<"):
    return struct.pack(order + "H", number) + sized(data, "I", order)


def stat(cpu, entries, overrun, read):
    return (f"CPU: {cpu}\nentries: {entries}\noverrun: {overrun}\ncommit "
            f"overrun: 0\nbytes: 0\nread events: {read}\n").encode() + b"\0"


def dat6(*cpus, options=b"", order="<"):
    """A trace.dat of version 6; cpus: the pages of each."""
    out = b"\x17\x08\x44tracing6\0" + struct.pack(
        order + "BBI", order == ">", 8, PAGE)
    out += headers(order) + formats(order) + struct.pack(order + "I", 0)
    out += sized(KALLSYMS, "I", order) + sized(b"", "I", order)
    out += sized(CMDLINES, "Q", order)
    out += struct.pack(order + "I", len(cpus)) + b"options  \0" + options
    out += struct.pack(order + "H", 0) + b"flyrecord\0"
    at = -(-(len(out) + 16 * len(cpus)) // PAGE) * PAGE
    body = b""
    for pages in cpus:
        out += struct.pack(order + "QQ", at + len(body), len(pages))
        body += pages
    return out.ljust(at, b"\0") + body


def section(number, data, compression):
    flags = 0
    if compression == "zlib":
        packed = zlib.compress(data)
        data = struct.pack("<II", len(packed), len(data)) + packed
        flags = 1
    return struct.pack("<HHIQ", number, flags, 0, len(data)) + data


def dat7(*cpus, compression="none", options=b"", next_options=0):
    """A trace.dat of version 7: sections, then two sections of options."""
    out = (b"\x17\x08\x44tracing7\0" + struct.pack("<BBI", 0, 8, PAGE)
           + compression.encode() + b"\0" + b"1.0\0")
    first_place = len(out)
    out += bytes(8)
    refs = b""
    for number, data in ((16, headers()), (17, formats()),
                         (18, struct.pack("<I", 0)),
                         (19, sized(KALLSYMS, "I")),
                         (21, sized(CMDLINES, "Q"))):
        refs += option(number, struct.pack("<Q", len(out)))
        out += section(number, data, compression)
    buffer_at = len(out)
    out += struct.pack("<HHIQ", 3, compression == "zlib", 0, 0)
    entries = b""
    for cpu, pages in enumerate(cpus):
        out = out.ljust(-(-len(out) // PAGE) * PAGE, b"\0")
        data = pages
        if compression == "zlib":
            chunks = [pages[at:at + 2 * PAGE]
                      for at in range(0, len(pages), 2 * PAGE)]
            data = struct.pack("<I", len(chunks))
            for chunk in chunks:
                packed = zlib.compress(chunk)
                data += struct.pack("<II", len(packed), len(chunk)) + packed
        entries += struct.pack("<IQQ", cpu, len(out), len(data))
        out += data
    refs += option(3, struct.pack("<Q", buffer_at) + b"\0local\0"
                   + struct.pack("<II", PAGE, len(cpus)) + entries)
    second = len(out)
    out += section(0, refs + option(0, struct.pack("<Q", next_options)),
                   "none")
    first = len(out)
    out += section(0, options + option(8, struct.pack("<I", len(cpus)))
                   + option(0, struct.pack("<Q", second)), "none")
    return out[:first_place] + struct.pack("<Q", first) + out[first_place + 8:]
