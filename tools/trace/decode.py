# SPDX-License-Identifier: MIT
"""Decodes records to events by the formats that belong to them."""
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from .errors import TraceError
from .formats import Format, known_formats
from .model import Event, Kind
from .pages import Record
from .symbols import Symbols

IRQS_OFF, NEED_RESCHED, HARDIRQ, SOFTIRQ, NMI = 1, 4, 8, 16, 64
KINDS = {
    "function": Kind.FUNCTION,
    "funcgraph_entry": Kind.ENTRY,
    "funcgraph_exit": Kind.EXIT,
    "funcgraph_exit_retval": Kind.EXIT,
    "kernel_stack": Kind.STACK,
    "print": Kind.PRINT,
}
# The fields that an event of each kind must have; without them it is OTHER.
NEEDS = {
    Kind.FUNCTION: ("ip", "parent_ip"),
    Kind.ENTRY: ("func", "depth"),
    Kind.EXIT: ("func", "depth", "calltime", "rettime"),
    Kind.STACK: ("caller",),
    Kind.PRINT: ("buf",),
}


def flags_text(flags: int, preempt: int) -> str:
    """The five characters of the column "irqs-off ... migrate-disable"."""
    context = "h" if flags & HARDIRQ else "s" if flags & SOFTIRQ else "."
    if flags & NMI:
        context = "Z" if flags & HARDIRQ else "z"
    elif flags & HARDIRQ and flags & SOFTIRQ:
        context = "H"
    return ("d" if flags & IRQS_OFF else ".") + \
        ("n" if flags & NEED_RESCHED else ".") + context + \
        hex_digit(preempt & 15) + hex_digit(preempt >> 4)


def hex_digit(value: int) -> str:
    return ".123456789abcdef"[value]


def bytes_text(data: bytes, most: int = 64) -> str:
    """The kernel's text for a record that it cannot read."""
    return (": " + data[:most].hex(" ") if data else "") + \
        (" ..." if len(data) > most else "")


def parse_cmdlines(text: bytes) -> dict[int, str]:
    """Parses saved_cmdlines: "PID COMM" on each line."""
    found = {0: "<idle>"}
    for line in text.decode("utf-8", "replace").splitlines():
        pid, _, comm = line.strip().partition(" ")
        if pid.isascii() and pid.isdigit() and len(pid) < 10:
            found[int(pid)] = comm.strip()
    return found


@dataclass
class Decoder:
    """Knows formats, symbols and names of tasks."""
    path: str
    formats: Mapping[int, Format] = field(default_factory=known_formats)
    symbols: Symbols = field(default_factory=Symbols)
    comms: Mapping[int, str] = field(default_factory=lambda: {0: "<idle>"})
    order: str = "<"

    def __post_init__(self) -> None:
        self._common = struct.Struct(self.order + "HBBi")
        self._kinds = {}
        for number, one in self.formats.items():
            kind = KINDS.get(one.name, Kind.OTHER)
            names = {field.name for field in one.fields}
            if not names.issuperset(NEEDS.get(kind, ())):
                kind = Kind.OTHER
            self._kinds[number] = kind

    def events(self, records: Iterable[Record]) -> Iterator[Event]:
        for record in records:
            yield self.event(record)

    def event(self, record: Record) -> Event:
        """The event of a record. A record of an unknown type is kept, too."""
        number, flags, preempt, pid = self._common.unpack_from(record.data)
        event = Event(record.cpu, record.time, pid,
                      self.comms.get(pid, "<...>"), Kind.OTHER,
                      f"type_{number}", flags=flags_text(flags, preempt),
                      lost=record.lost, at=record.at)
        one = self.formats.get(number)
        if one is None:
            event.text = f"Unknown type {number}" + bytes_text(
                record.data[self._common.size:])
            return event
        event.name, event.kind = one.name, self._kinds[number]
        try:
            event.fields = one.decode(record.data, self.order)
            getattr(self, f"_{event.kind.value}")(event)
        except (ValueError, TypeError) as error:
            raise TraceError(self.path, record.at,
                             f"an event {one.name}: {error}") from error
        return event

    def _name(self, address: object) -> str:
        if not isinstance(address, int):
            raise ValueError(f"{address!r} is no address")
        return self.symbols.name(address)

    def _number(self, event: Event, name: str) -> int:
        value = event.fields[name]
        if not isinstance(value, int):
            raise ValueError(f"{name} is no number, but {value!r}")
        return value

    def _function(self, event: Event) -> None:
        event.function = self._name(event.fields["ip"])
        event.parent = self._name(event.fields["parent_ip"])

    def _entry(self, event: Event) -> None:
        event.function = self._name(event.fields["func"])
        event.depth = self._number(event, "depth")

    def _exit(self, event: Event) -> None:
        self._entry(event)
        event.duration = self._number(event, "rettime") - \
            self._number(event, "calltime")
        if event.duration < 0:
            raise ValueError("it ends before it begins")

    def _stack(self, event: Event) -> None:
        callers = event.fields["caller"]
        if not isinstance(callers, tuple):
            raise ValueError("caller is no list")
        size = event.fields.get("size", len(callers))
        if isinstance(size, int) and 0 <= size <= len(callers):
            callers = callers[:size]
        event.fields["caller"] = tuple(self._name(one) for one in callers)

    def _print(self, event: Event) -> None:
        event.text = str(event.fields["buf"]).removesuffix("\n")

    def _other(self, event: Event) -> None:
        event.text = " ".join(f"{name}={value}"
                              for name, value in event.fields.items())
