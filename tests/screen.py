# SPDX-License-Identifier: MIT
"""What stands on the screen of a QEMU machine: its picture, read as text."""
import re

from tests import qemu

FONT = qemu.ROOT / "kernel/base/font8x16.c"
WIDTH, HEIGHT = 8, 16
VGA_TEXT, VGA_COLS, VGA_ROWS = 0xb8000, 80, 25
VGA_CELL = 9  # pixels wide, of which the last is dark


def glyphs():
    """{16 bytes: character} of the kernel's font."""
    found = re.findall(r"GLYPH\('\\?(.)', 0x(\w{16}), 0x(\w{16})\)",
                       FONT.read_text(encoding="utf-8"))
    return {bytes.fromhex(upper + lower): char
            for char, upper, lower in found}


class Picture:
    """A screendump: a PPM file of QEMU's."""

    def __init__(self, path):
        magic, size, depth, self.data = path.read_bytes().split(b"\n", 3)
        assert (magic, depth) == (b"P6", b"255")
        self.width, self.height = map(int, size.split())

    def cell(self, x, y, width=WIDTH):
        """A byte for each of the 16 lines of 8 pixels at x, y."""
        lines = bytearray()
        for line in range(y, y + HEIGHT):
            start = (line * self.width + x) * 3
            greens = self.data[start + 1:start + 3 * width:3]
            lines.append(sum(0x80 >> i for i, green in
                             enumerate(greens[:WIDTH]) if green > 64))
        return bytes(lines)

    def dark(self):
        return not any(self.data)


def pixels(picture):
    """The rows of text in a picture of a framebuffer."""
    font = glyphs()
    assert len(font) == 95
    rows = []
    for y in range(0, picture.height - HEIGHT + 1, HEIGHT):
        cells = [font.get(picture.cell(x, y), "\N{REPLACEMENT CHARACTER}")
                 for x in range(0, picture.width - WIDTH + 1, WIDTH)]
        rows.append("".join(cells).rstrip())
    return rows


def vga_text(picture, memory):
    """The rows of text in VGA's memory, if they are what the picture shows:
    equal characters look alike, others differ, and a blank is dark. What they
    look like is the firmware's font."""
    assert (picture.width, picture.height) == (VGA_COLS * VGA_CELL,
                                               VGA_ROWS * HEIGHT)
    looks, rows = {}, []
    for row in range(VGA_ROWS):
        start = row * VGA_COLS * 2
        text = memory[start:start + VGA_COLS * 2:2].decode("ascii")
        rows.append(text.rstrip())
        for col, char in enumerate(text):
            look = picture.cell(col * VGA_CELL, row * HEIGHT)
            assert looks.setdefault(char, look) == look, (row, col, char)
    assert not any(looks[" "])
    assert len(set(looks.values())) == len(looks)
    return rows


def on_a_screen(text, cols):
    """The rows that a text takes, the longest of which has `cols` cells."""
    rows = []
    for line in text.replace("\r", "").split("\n"):
        line = line.expandtabs(8).rstrip()
        rows += [line[i:i + cols].rstrip()
                 for i in range(0, max(len(line), 1), cols)]
    return rows
