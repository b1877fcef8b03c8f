# SPDX-License-Identifier: MIT
"""Chapters 6 to 8: what a site calls."""
from book.draw import DIM, Picture


def frame():
    p = Picture(760, 420, "The stack while a callback of a trampoline runs")
    rows = [("return address into the caller", "old", "parent_ip"),
            ("address behind the site", "new", "ip + 5"),
            ("rdi", "plain", "first argument of the function"),
            ("rsi", "plain", "second argument"),
            ("rdx, rcx, rax, r8", "plain", "..."),
            ("r9", "plain", "<- fregs"),
            ("0 (a direct target, chapter 8)", "plain", "<- rsp"),
            ("address in the trampoline", "blue", "")]
    who = ["the caller's call", "the site's call", "the trampoline", "", "",
           "", "", "its call of the callback"]
    p.text(20, 30, "pushed by", 14, bold=True)
    p.text(240, 30, "the stack, growing downwards", 14, bold=True)
    p.text(540, 30, "for the callback", 14, bold=True)
    for nr, ((words, fill, meaning), by) in enumerate(zip(rows, who)):
        y = 45 + 42 * nr
        p.box(240, y, 280, 42, words, fill)
        p.text(20, y + 26, by, 14, color=DIM)
        p.text(540, y + 26, meaning, 14)
    p.text(20, 402, "callback(ip, parent_ip, ops, fregs)", 14, True)
    return p


def ladder():
    p = Picture(760, 330, "From subscribers to sets to targets")
    p.text(20, 28, "sites", 14, bold=True)
    p.text(235, 28, "sets, each once", 14, bold=True)
    p.text(500, 28, "what the sites call", 14, bold=True)
    sets = [("{ }", "nothing: NOP", "old", 60),
            ("{ Ann }", "Ann's own trampoline", "blue", 125),
            ("{ Ann, Bob }", "a chain for these two", "new", 190),
            ("{ Ann, Bob, stub }", "the list function", "trap", 255)]
    for words, target, fill, y in sets:
        p.box(235, y, 170, 40, words, "note", 15)
        p.box(500, y, 240, 40, target, fill)
        p.arrow((405, y + 20), (495, y + 20))
    sites = [("schedule", 45, 80), ("kmalloc", 83, 80),
             ("wake_up", 128, 145), ("mutex_lock", 173, 210),
             ("mutex_unlock", 211, 210), ("demo_step", 258, 275)]
    for name, y, to in sites:
        p.box(20, y, 140, 32, name, "plain", 13, True)
        p.arrow((160, y + 16), (230, to))
    p.text(20, 318, "A call costs what its own set costs; other sets cost it "
           "nothing.", 13, color=DIM)
    return p


def exchange():
    p = Picture(760, 300, "Two ways to exchange a direct target")
    p.text(20, 28, "unregister, then register", 14, bold=True)
    parts = [("call first", "blue", 200), ("INT3", "trap", 60),
             ("nop", "old", 130), ("INT3", "trap", 60),
             ("call second", "new", 200)]
    x = 20
    for words, fill, width in parts:
        p.box(x, 42, width, 40, words, fill)
        x += width
    p.text(315, 104, "calls that arrive here reach no target", 13,
           anchor="middle", color=DIM)
    p.line((220, 90), (410, 90), color=DIM)
    p.text(20, 160, "in one step", 14, bold=True)
    x = 20
    for words, fill, width in (("call first", "blue", 295),
                               ("INT3", "trap", 60),
                               ("call second", "new", 295)):
        p.box(x, 174, width, 40, words, fill)
        x += width
    p.text(345, 236, "a CPU that traps emulates the new call", 13,
           anchor="middle", color=DIM)
    p.arrow((20, 270), (720, 270), color=DIM)
    p.text(725, 275, "time", 13, color=DIM)
    return p


PICTURES = {"06-frame": frame, "07-ladder": ladder, "08-exchange": exchange}
