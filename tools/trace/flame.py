# SPDX-License-Identifier: MIT
"""Draws the flame graph, or upside down the icicle: the cost of each call path.

A box is a function called by the functions below it (icicle: above it). Its
width is its share of the whole, and its callees stand on it. Neighbours are
sorted by name, so left and right mean nothing.
"""
from dataclasses import dataclass

from . import svg
from .stacks import Node, Stacks

ROW, TOP, MARGIN, FOOT = 20, 64, 12, 30
MIN_PIXELS = 0.4   # a narrower box is omitted, with all boxes above it
MAX_ROWS = 100


@dataclass(frozen=True, slots=True)
class Box:
    """A node's place; x and width are in pixels, and row 0 is the root."""
    node: Node
    x: float
    width: float
    row: int


def layout(stacks: Stacks, width: int) -> tuple[list[Box], int]:
    """The boxes, and the number of nodes too small for a box."""
    scale = (width - 2 * MARGIN) / max(stacks.value, 1)
    boxes, hidden = [], 0
    pending = [Box(stacks.root, MARGIN, width - 2 * MARGIN, 0)]
    while pending:
        box = pending.pop()
        boxes.append(box)
        x = box.x
        for name in sorted(box.node.children):
            node = box.node.children[name]
            wide = node.value * scale
            if wide < MIN_PIXELS or box.row + 1 >= MAX_ROWS:
                hidden += 1
            else:
                pending.append(Box(node, x, wide, box.row + 1))
            x += wide
    return boxes, hidden


def hover(node: Node, stacks: Stacks) -> str:
    """The text shown under the pointer."""
    unit, lines = stacks.unit, [node.name]
    lines.append(f"{svg.quantity(node.value, unit)}, "
                 f"{svg.percent(node.value, stacks.value)} of all")
    if node.parent is not None and node.children:
        lines.append(f"{svg.quantity(max(node.own, 0), unit)} of it its own")
    if node.calls and unit == "ns":
        lines.append(f"{node.calls:,} calls, {node.total // node.calls:,} ns "
                     "each")
    if node.cut:
        lines.append(f"{node.cut:,} more whose end was not recorded")
    return "\n".join(lines)


def box_svg(box: Box, stacks: Stacks, y: float) -> str:
    kind = "lane" if box.row == 0 else svg.colour(box.node.name, svg.WARM)
    label = svg.fit(box.node.name, box.width)
    if box.row == 0:
        label = f"all: {svg.quantity(stacks.value, stacks.unit)}"
    words = svg.text(box.x + 4, y + ROW - 6, label) if label else ""
    return (f'<g class="f"><title>{svg.clean_lines(hover(box.node, stacks))}'
            f'</title><rect class="{kind} edge" x="{box.x:.2f}" y="{y:.0f}" '
            f'width="{box.width:.2f}" height="{ROW - 1}" rx="2"/>{words}</g>')


MEANING = {
    "ns": "width = time in calls, with all they called",
    "samples": "width = number of stack traces",
    "calls": "width = number of calls; each function under its caller",
}


def draw(stacks: Stacks, title: str, *, icicle: bool = False,
         width: int = 1200) -> str:
    """The picture as SVG."""
    boxes, hidden = layout(stacks, width)
    rows = max(box.row for box in boxes) + 1
    height = TOP + rows * ROW + FOOT
    lines = svg.head(width, height, title, svg.WARM)
    lines.append(svg.text(MARGIN, 28, title, "ink title"))
    lines.append(svg.text(MARGIN, 48, MEANING[stacks.unit]
                          + "; hover a box for its numbers", "dim"))
    for box in sorted(boxes, key=lambda box: (box.row, box.x)):
        row = box.row if icicle else rows - 1 - box.row
        lines.append(box_svg(box, stacks, TOP + row * ROW))
    cut = sum(node.cut for node in stacks.nodes())
    notes = []
    if hidden:
        notes.append(f"{hidden:,} boxes too narrow to draw")
    if cut:
        notes.append(f"{cut:,} calls without an end not counted")
    if not stacks.value:
        notes.append("nothing to draw: no calls, stacks or functions")
    lines.append(svg.text(MARGIN, height - 10, "; ".join(notes), "dim"))
    return "\n".join([*lines, "</svg>", ""])
