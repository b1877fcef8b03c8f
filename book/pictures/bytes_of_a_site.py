# SPDX-License-Identifier: MIT
"""Chapters 1 to 5: a site, the table of sites, and how its bytes change."""
from book.draw import DIM, Picture


def nop():
    p = Picture(760, 250, "The same function, untraced and traced")
    for y, name, row, fills, words in (
            (40, "nobody looks", "0f 1f 44 00 00", "ooooo",
             "one instruction: does nothing"),
            (140, "somebody looks", "e8 c3 51 00 00", "nnnnn",
             "one call of the tracer")):
        p.text(20, y + 20, name, 15, bold=True)
        p.bytes(170, y, row, fills)
        p.bytes(400, y, "8d 04 37 c3", "pppp")
        p.text(565, y + 20, "lea, ret", 14, True)
        p.text(170, y + 52, words, 13, color=DIM)
        p.text(425, y + 52, "the function itself", 13, color=DIM)
    p.arrow((264, 88 + 12), (264, 132))
    p.text(276, 120, "five bytes change, nothing moves", 13)
    p.text(20, 232, "Same length, same address, same function behind it: "
           "a site is a place to plug in.", 14)
    return p


def table():
    p = Picture(760, 300, "From the compiler's list to the table of sites")
    p.text(20, 30, "in the linked image: __mcount_loc", 14, bold=True)
    for nr, name in enumerate(("mutex_lock", "schedule", "kmalloc", "kfree")):
        p.box(20, 45 + 40 * nr, 250, 32, f"address of {name}", "old")
    p.text(20, 225, "8 bytes each", 12, color=DIM)
    p.arrow((280, 124), (362, 124))
    p.text(320, 94, "boot:\nsort, check", 12, anchor="middle")
    p.text(370, 30, "in the same memory: ftrace_recs[]", 14, bold=True)
    widths = (("place", 110), ("flags", 60), ("wanted", 95), ("actual", 95))
    for nr in range(4):
        x = 370
        for word, width in widths:
            p.box(x, 45 + 40 * nr, width, 32, word if nr == 0 else "",
                  "new" if word in ("wanted", "actual") else "plain", 14)
            x += width
    p.text(370, 225, "26 bits", 12, color=DIM)
    p.text(482, 225, "6", 12, color=DIM)
    p.text(545, 225, "16 bits", 12, color=DIM)
    p.text(640, 225, "16 bits", 12, color=DIM)
    p.text(20, 262, "wanted: the set of subscribers that the site should have\n"
           "actual: the set that its five bytes serve now", 14)
    return p


def five():
    p = Picture(760, 340, "Five stores, and what a CPU executes between them")
    rows = [("0f 1f 44 00 00", "ooooo", "nop"),
            ("e8 1f 44 00 00", "noooo", "call to an address nobody chose"),
            ("e8 c3 44 00 00", "nnooo", "call to another one"),
            ("e8 c3 51 00 00", "nnnoo", "by luck the right call: 0 was there"),
            ("e8 c3 51 00 00", "nnnnn", "call of the tracer")]
    p.text(20, 28, "stores done", 14, bold=True)
    p.text(150, 28, "memory holds", 14, bold=True)
    p.text(380, 28, "a CPU that arrives executes", 14, bold=True)
    for nr, (row, fills, words) in enumerate(rows):
        y = 45 + 52 * nr
        p.text(55, y + 20, ("0", "1", "2", "3", "5")[nr], 16, True)
        p.bytes(150, y, row, fills)
        p.text(380, y + 20, words, 14)
    p.text(20, 322, "grey: bytes of the old instruction; "
           "green: bytes of the new one", 13, color=DIM)
    return p


def batch():
    p = Picture(760, 400, "A batch: the bytes of a site in each step")
    trap = "traps, emulates the new call"
    rows = [("publish", "0f 1f 44 00 00", "ooooo", "executes the NOP"),
            ("INT3", "cc 1f 44 00 00", "toooo", trap),
            ("sync", "", "", "1: nobody holds the old first byte"),
            ("tails", "cc c3 51 00 00", "tnnnn", trap),
            ("sync", "", "", "2: nobody holds the old tail"),
            ("first byte", "e8 c3 51 00 00", "nnnnn", "executes the new call"),
            ("sync", "", "", "3: nobody holds the INT3"),
            ("retire", "e8 c3 51 00 00", "nnnnn", "executes the new call")]
    p.text(20, 28, "step", 14, bold=True)
    p.text(150, 28, "memory", 14, bold=True)
    p.text(380, 28, "a CPU that arrives", 14, bold=True)
    for nr, (step, row, fills, words) in enumerate(rows):
        y = 42 + 43 * nr
        if not row:
            p.box(20, y, 720, 30, "", "note")
            p.text(30, y + 20, f"every CPU serialises {words}", 14)
            continue
        p.text(20, y + 20, step, 14)
        p.bytes(150, y, row, fills)
        p.text(380, y + 20, words, 14)
    return p


def hold():
    p = Picture(760, 330, "What a CPU may hold of a site with two parts")
    columns = (("memory", 20), ("held by a CPU that has not serialised", 270))
    for words, x in columns:
        p.text(x, 28, words, 14, bold=True)
    steps = (("before", ("0f", "o"), ("1f 44 00 00", "o"), [], []),
             ("INT3 written", ("cc", "t"), ("1f 44 00 00", "o"),
              [("0f", "old")], []),
             ("tails written,\nno sync", ("cc", "t"), ("c3 51 00 00", "n"),
              [("0f", "old")], [("1f 44 00 00", "old")]))
    fills = {"o": "old", "t": "trap", "n": "new"}
    for nr, (name, first, tail, more_first, more_tail) in enumerate(steps):
        y = 50 + 92 * nr
        p.text(20, y + 52, name, 13, color=DIM)
        for x in (20, 270):
            p.box(x, y, 40, 28, first[0], fills[first[1]], 14, True)
            p.box(x + 44, y, 130, 28, tail[0], fills[tail[1]], 14, True)
        for byte, fill in more_first:
            p.box(270, y + 32, 40, 28, byte, fill, 14, True)
        for row, fill in more_tail:
            p.box(314, y + 32, 130, 28, row, fill, 14, True)
    p.text(470, 70, "only the old instruction", 14)
    p.text(470, 155, "old instruction, or a trap:\nstill whole", 14)
    p.box(462, 234, 286, 62,
          "0f with c3 51 00 00:\nan instruction nobody wrote", "trap", 14)
    return p


PICTURES = {"01-nop": nop, "02-table": table, "03-five": five,
            "04-batch": batch, "05-hold": hold}
