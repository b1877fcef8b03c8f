# SPDX-License-Identifier: MIT
"""The common parts of all pictures: colours, text, readable numbers.

A picture is one SVG file without script. Colours are classes, so that one
rule for prefers-color-scheme makes the dark picture.
"""
import zlib
from xml.sax.saxutils import escape, quoteattr

FONT = "DejaVu Sans, Verdana, Arial, sans-serif"
# The mean width of a character of FONT at 1 px size; a wide text is cut early.
CHAR = 0.62

# (light, dark) fills: a name always has the same one.
WARM = [("#f6c89f", "#8a4a20"), ("#f4b183", "#9a3f1c"), ("#f9d77e", "#7d5c12"),
        ("#f2a08c", "#95352c"), ("#fbe3a1", "#6b5a22"), ("#eeb7a0", "#7c4030"),
        ("#f5c26b", "#8b5a10"), ("#f7b7a3", "#8c3b35"), ("#e9c9a1", "#6d4c2c"),
        ("#fad1b0", "#7e4b2e")]
COOL = [("#9ecae9", "#20567d"), ("#a7d8b8", "#25613c"), ("#c9b6e4", "#57408a"),
        ("#f2b8cf", "#86375a"), ("#b5d4d0", "#1f5f5a"), ("#f3d18b", "#7a5a14"),
        ("#b9c6f0", "#38498f"), ("#d3dc9c", "#56621c"), ("#e6b8a2", "#7d4527"),
        ("#c8ccd4", "#4a5260"), ("#a9dce3", "#17606c"), ("#e2c0ee", "#6d3a80")]

BASE = """\
svg { color-scheme: light dark; font-family: FONT; font-size: 12px; }
svg { background: #ffffff; } .paper { fill: #ffffff; }
.ink { fill: #1f2328; } .dim { fill: #59636e; }
.title { font-size: 18px; font-weight: bold; }
.line { stroke: #d1d9e0; stroke-width: 1; } .lane { fill: #f3f5f7; }
.idle { fill: #e4e8ec; }
.off rect { fill-opacity: 0.3; } .off text { fill: #59636e; }
.lost { fill: #cf222e; } .edge { stroke: #ffffff; stroke-width: 0.5; }
g.f:hover rect { stroke: #1f2328; stroke-width: 1.5; }
"""
DARK = """\
svg { background: #0d1117; } .paper { fill: #0d1117; }
.ink { fill: #f0f6fc; } .dim { fill: #9198a1; }
.line { stroke: #3d444d; } .lane { fill: #171d25; } .lost { fill: #ff7b72; }
.idle { fill: #2a313c; } .off text { fill: #9198a1; }
.edge { stroke: #0d1117; } g.f:hover rect { stroke: #f0f6fc; }
"""


def style(palette: list[tuple[str, str]]) -> str:
    """The rules of a picture; colour i of the palette is class "ci"."""
    light = "".join(f".c{nr} {{ fill: {one}; }}\n"
                    for nr, (one, _) in enumerate(palette))
    dark = "".join(f".c{nr} {{ fill: {one}; }}\n"
                   for nr, (_, one) in enumerate(palette))
    return (f"<style>\n{BASE.replace('FONT', FONT)}{light}"
            f"@media (prefers-color-scheme: dark) {{\n{DARK}{dark}}}\n"
            "</style>")


def colour(name: str, palette: list[tuple[str, str]]) -> str:
    """The class of a name: the same in every picture."""
    return f"c{zlib.crc32(name.encode()) % len(palette)}"


def head(width: int, height: int, label: str,
         palette: list[tuple[str, str]]) -> list[str]:
    return [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" '
            f'height="{height}" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label={quoteattr(label)}>', style(palette),
            f'<rect class="paper" width="{width}" height="{height}"/>']


def text(x: float, y: float, content: str, kind: str = "ink",
         anchor: str = "") -> str:
    where = f' text-anchor="{anchor}"' if anchor else ""
    return (f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}"{where}>'
            f"{clean(content)}</text>")


def clean(content: str) -> str:
    """The text for XML, without control characters."""
    return escape("".join(c if c.isprintable() else "?" for c in content))


def clean_lines(content: str) -> str:
    """The text for XML, line by line."""
    return "\n".join(map(clean, content.split("\n")))


def fit(content: str, width: float, size: float = 12) -> str:
    """The text cut to the room; "" if there is none. An ellipsis is as wide as
    two letters."""
    room = int((width - 6) / (size * CHAR))
    if len(content) <= room:
        return content
    return content[:room - 2] + "\N{HORIZONTAL ELLIPSIS}" if room >= 4 else ""


def nanoseconds(value: int) -> str:
    """A readable time with three significant figures."""
    for unit, name in ((10**9, "s"), (10**6, "ms"), (1000, "\N{MICRO SIGN}s")):
        if value >= unit:
            return f"{three(value / unit)} {name}"
    return f"{value} ns"


def three(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def quantity(value: int, unit: str) -> str:
    if unit == "ns":
        return nanoseconds(value)
    return f"{value:,} {unit.removesuffix('s') if value == 1 else unit}"


def percent(part: int, whole: int) -> str:
    return f"{100 * part / whole:.3g} %" if whole else "-"
