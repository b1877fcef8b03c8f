# SPDX-License-Identifier: MIT
"""Draws the pictures of the book as SVG.

    /usr/bin/python3 -m book.pictures

writes book/pictures/*.svg. A picture is a list of shapes in a coordinate
system whose unit is a pixel of a 760 wide page.
"""
from xml.sax.saxutils import escape

INK, DIM, PAPER = "#1d2733", "#6b7785", "#ffffff"
# What a colour means is also said in words, or by the place.
FILLS = {"old": "#dbe4ee", "trap": "#f6c9c4", "new": "#c9e8cf",
         "plain": "#f5f6f8", "note": "#fdf1cf", "blue": "#d3e3fb"}
MONO = "DejaVu Sans Mono, Menlo, Consolas, monospace"
SANS = "DejaVu Sans, Helvetica, Arial, sans-serif"


class Picture:
    """Shapes, in the order in which they are drawn."""

    def __init__(self, width, height, title):
        self.size, self.title, self.shapes = (width, height), title, []

    def add(self, tag, text=None, **attributes):
        words = " ".join(f'{key.replace("_", "-")}="{value}"'
                         for key, value in attributes.items())
        self.shapes.append(f"<{tag} {words}/>" if text is None else
                           f"<{tag} {words}>{escape(text)}</{tag}>")

    def text(self, x, y, words, size=14, mono=False, anchor="start",
             color=INK, bold=False):
        """Several lines stand below each other."""
        for nr, line in enumerate(words.split("\n")):
            self.add("text", line, x=x, y=round(y + nr * size * 1.35, 1),
                     font_family=MONO if mono else SANS, font_size=size,
                     text_anchor=anchor, fill=color,
                     font_weight="bold" if bold else "normal",
                     **{"xml:space": "preserve"})

    def box(self, x, y, width, height, words="", fill="plain", size=14,
            mono=False, bold=False, dash=False):
        """A box with words in its middle."""
        more = {"stroke_dasharray": "5 4"} if dash else {}
        self.add("rect", x=x, y=y, width=width, height=height, rx=4,
                 fill=FILLS[fill], stroke=DIM, stroke_width=1, **more)
        if words:
            lines = words.count("\n") + 1
            top = y + height / 2 - (lines - 1) * size * 0.675 + size * 0.36
            self.text(x + width / 2, round(top, 1), words, size, mono,
                      "middle", bold=bold)

    def line(self, *points, dash=False, color=INK, arrow=False, width=1.5):
        more = {"stroke_dasharray": "5 4"} if dash else {}
        if arrow:
            more["marker_end"] = "url(#arrow)"
        self.add("polyline", points=" ".join(f"{x},{y}" for x, y in points),
                 fill="none", stroke=color, stroke_width=width, **more)

    def arrow(self, *points, **how):
        self.line(*points, arrow=True, **how)

    def bytes(self, x, y, row, fills, width=38, height=30):
        """A row of bytes in hex; fills: a letter each, o t n p."""
        names = {"o": "old", "t": "trap", "n": "new", "p": "plain"}
        for nr, (byte, fill) in enumerate(zip(row.split(), fills)):
            self.box(x + nr * width, y, width, height, byte, names[fill],
                     15, True)

    def svg(self):
        width, height = self.size
        return "\n".join([
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} '
            f'{height}" role="img">',
            f"<title>{escape(self.title)}</title>",
            '<defs><marker id="arrow" viewBox="0 0 10 10" refX="9" refY="5" '
            'markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
            f'<path d="M0 0L10 5L0 10z" fill="{INK}"/></marker></defs>',
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
            *self.shapes, "</svg>", ""])
