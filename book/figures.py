# SPDX-License-Identifier: MIT
"""Figures that the text quotes: `33 (call.ops2)` is row call.ops2 of
tests/bench/RESULTS.md, `212 (call.ops2, Linux)` its column of Linux."""
import pathlib
import re
from dataclasses import dataclass

ROOT = pathlib.Path(__file__).resolve().parent.parent
RESULTS = ROOT / "tests/bench/RESULTS.md"
MOST = 0.10  # how far a figure may be from its row

SHAPE = re.compile(r"([\d,.]+) \(([\w.]+)(, Linux)?\)")
ROLE = re.compile(r"\{fig\}`([^`]*)`")
ROW = re.compile(r"^\| ([\w.]+) \| \w+ \| ([\d,.]+) \|[^|]*\|[^|]*\|"
                 r" ([\d,.]+|-|) \|", re.M)


@dataclass
class Figure:
    shown: str
    row: str
    linux: bool


def parse(text):
    found = SHAPE.fullmatch(text.replace("\n", " "))
    if not found:
        raise ValueError(f"'{text}': write it as '33 (call.ops2)' or "
                         "'212 (call.ops2, Linux)'")
    return Figure(found[1], found[2], bool(found[3]))


def number(text):
    return float(text.replace(",", ""))


def rows(text):
    """{name: (ours, Linux's or None)} of the table."""
    return {name: (number(ours), number(linux) if linux[:1].isdigit()
                   else None) for name, ours, linux in ROW.findall(text)}


def problems(text, table):
    """Sentences on the figures of a chapter."""
    for quoted in ROLE.findall(text):
        try:
            figure = parse(quoted)
        except ValueError as error:
            yield str(error)
            continue
        known = table.get(figure.row, (None, None))[figure.linux]
        if known is None:
            yield f"'{quoted}': no such row, or nothing in it"
        elif abs(number(figure.shown) - known) > MOST * known:
            yield f"'{quoted}': the row has {known:g}"


def renewed(text, table):
    """The text with figures as the table has them, where they are wrong."""
    def renew(match):
        if not list(problems(match[0], table)):
            return match[0]
        figure = parse(match[1])
        known = table.get(figure.row, (None, None))[figure.linux]
        if known is None:
            return match[0]
        digits = 1 if "." in figure.shown else 0
        return match[0].replace(figure.shown, f"{known:,.{digits}f}", 1)

    return ROLE.sub(renew, text)


UNMARKED = re.compile(r"(?<![`\w(])\d[\d,.]* (?:instructions|cycles)\b")


def unmarked(text):
    """Figures of instructions without a mark: nobody would notice if they
    were no longer so."""
    prose = ROLE.sub("", text)
    return [f"'{found}': mark it as {{fig}}" for found in
            UNMARKED.findall(prose)]
