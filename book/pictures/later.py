# SPDX-License-Identifier: MIT
"""Chapters 9 to 12: waiting, the way back, the ring, events."""
from book.draw import DIM, Picture


def grace():
    p = Picture(760, 330, "A grace period waits for tasks, not for time")
    p.add("rect", x=270, y=20, width=330, height=255, fill="#fdf1cf")
    p.text(435, 40, "grace period", 14, anchor="middle", bold=True)
    p.line((200, 20), (200, 290), dash=True)
    p.text(192, 312, "site patched: nobody enters", 13, anchor="middle")
    p.line((600, 20), (600, 290), dash=True)
    p.text(600, 312, "free", 13, anchor="middle", bold=True)
    rows = [("task 1: preempted inside", 60, [(160, 240, "new"),
                                              (390, 470, "new")], 470),
            ("task 2: asleep", 120, [], None),
            ("task 3: running inside", 180, [(170, 290, "new"),
                                             (520, 585, "new")], 585),
            ("idle CPU: in an interrupt", 240, [(185, 300, "new")], 300)]
    for name, y, parts, ends in rows:
        p.text(20, y + 6, name.replace(": ", ":\n"), 12)
        p.line((160, y + 14), (740, y + 14), color="#c5ccd4")
        for begin, end, fill in parts:
            p.box(begin, y, end - begin, 28, "inside" if end - begin > 55
                  else "", fill, 12)
        if len(parts) == 2:
            p.text((parts[0][1] + parts[1][0]) / 2, y + 10, "preempted", 12,
                   anchor="middle", color=DIM)
        if ends:
            p.text(ends + 6, y + 33, "sleeps" if "task" in name else "halts",
                   12, color=DIM)
    p.text(280, 130, "nothing to wait for", 12, color=DIM)
    return p


def shadow():
    p = Picture(760, 330, "The stack and the shadow stack of a task")
    p.text(40, 30, "stack", 14, bold=True)
    rows = [("... of the caller", "plain"), ("return_to_handler", "trap"),
            ("frame of f", "plain"), ("return_to_handler", "trap"),
            ("frame of g, called by f", "plain")]
    for nr, (words, fill) in enumerate(rows):
        p.box(40, 44 + 44 * nr, 260, 44, words, fill)
    p.text(450, 30, "shadow stack", 14, bold=True)
    for nr, (words, y) in enumerate((("true: into the caller", 66),
                                     ("true: into f", 154))):
        p.box(450, y, 270, 66, "", "new")
        p.text(465, y + 22, words, 14)
        p.text(465, y + 41, f"function {'fg'[nr]}, time of entry", 13,
               color=DIM)
        p.text(465, y + 58, "address of the slot", 13, color=DIM)
        p.arrow((450, y + 50), (305, 110 + 88 * nr))
    p.text(40, 300, "g returns first: its frame is on top. Each frame knows "
           "its slot, so one that was\nleft by force is noticed.", 13,
           color=DIM)
    return p


def ring():
    p = Picture(760, 500, "The ring of a CPU, and how an event comes into it")
    pages = [("7", "new", "oldest"), ("8", "new", ""), ("9", "new", ""),
             ("10", "note", "written now"), ("11", "plain", "next")]
    p.text(20, 30, "the ring: pages of one CPU", 14, bold=True)
    for nr, (words, fill, below) in enumerate(pages):
        x = 20 + 110 * nr
        p.box(x, 44, 96, 60, words, fill, 18)
        p.text(x + 48, 122, below, 12, anchor="middle", color=DIM)
        if nr < 4:
            p.arrow((x + 96, 74), (x + 109, 74))
    p.box(620, 44, 110, 60, "reader's\npage", "blue")
    p.arrow((675, 104), (675, 146), (68, 146), (68, 128))
    p.text(370, 164, "one cmpxchg exchanges the reader's page for the oldest",
           13, anchor="middle")
    p.text(20, 206, "page 10, the common case: write, then publish", 14,
           bold=True)
    row(p, 220, [("complete", "new", 200), ("an event, written", "trap", 170),
                 ("free", "plain", 340)])
    mark(p, 220, "readers see up to here", 276)
    p.arrow((224, 284), (386, 284))
    p.text(396, 289, "publish: one add", 13)
    p.text(20, 346, "an interrupt and an NMI came in between", 14, bold=True)
    row(p, 360, [("complete", "new", 200), ("task's event\n(being written)",
                                           "trap", 170),
                 ("interrupt's\n(done)", "new", 120),
                 ("NMI's\n(done)", "new", 100), ("free", "plain", 120)])
    mark(p, 220, "readers see\nup to here", 416)
    p.text(318, 448, "announced:\nbytes, time", 13, anchor="middle")
    mark(p, 610, "tail: the next writer begins here", 416)
    p.text(20, 490, "The outermost writer publishes its event, and then those "
           "behind it.", 13, color=DIM)
    return p


def row(p, y, boxes):
    """Of a page's bytes, from the left."""
    x = 20
    for words, fill, width in boxes:
        p.box(x, y, width, 50, words, fill, 13)
        x += width


def mark(p, x, words, y):
    """A border between two boxes of a row."""
    p.line((x, y - 2), (x, y + 14))
    p.text(x, y + 32, words, 13, anchor="middle")


def event():
    p = Picture(760, 300, "One declaration, and what is made of it")
    p.box(20, 110, 190, 80, "EVENT(sched_...)\none text", "note", 15)
    parts = [("a tracepoint: one NOP", 20), ("a struct: the record", 75),
             ("the code that fills it", 130), ("a filter's fields", 185),
             ("the file format", 240)]
    for words, y in parts:
        p.box(270, y, 200, 40, words, "blue")
        p.arrow((210, 150), (266, y + 20))
    p.box(540, 90, 200, 44, "the ring", "new")
    p.arrow((470, 95), (536, 108))
    p.arrow((470, 150), (536, 120))
    p.box(540, 180, 200, 60, "trace-cmd, perf,\nKernelShark", "new")
    p.arrow((640, 134), (640, 176))
    p.arrow((470, 260), (536, 220))
    p.text(652, 160, "raw pages", 12, color=DIM)
    return p


PICTURES = {"09-grace": grace, "10-shadow": shadow, "11-ring": ring,
            "12-event": event}
