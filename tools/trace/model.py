# SPDX-License-Identifier: MIT
"""The model that every reader produces and every exporter reads: events, and
the trace that holds them."""
import enum
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

LOST_UNKNOWN = -1  # Event.lost: events were lost, their number is unknown
NO_PID = -1        # Event.pid: a text without a column for tasks
# A deeper call counts as damage: no kernel's shadow stack is so deep.
MAX_DEPTH = 1024


class Kind(enum.Enum):
    """The kind of an event. An event without a kind of its own is OTHER."""
    FUNCTION = "function"  # a function was called: function, parent
    ENTRY = "entry"        # function_graph: function, depth
    EXIT = "exit"          # ... and its end: duration, retval in fields
    STACK = "stack"        # a stack trace: fields["caller"], innermost first
    PRINT = "print"        # a text of trace_marker: text
    OTHER = "other"        # any other: name, fields


@dataclass(slots=True)
class Event:
    """One event. Times and durations are nanoseconds, unless trace.clock says
    otherwise (a counter's ticks)."""
    cpu: int
    time: int
    pid: int
    comm: str
    kind: Kind
    name: str                    # the format's name, such as funcgraph_exit
    function: str = ""
    parent: str = ""
    depth: int = 0
    duration: int | None = None
    flags: str = "....."         # irqs off, resched, context, depth, migrate
    lost: int = 0                # events of this CPU lost just before this one
    text: str = ""
    fields: dict[str, object] = field(default_factory=dict)
    at: int = 0                  # byte offset or line, see Trace.unit
    number: int = 0              # from 1, in the order of reading


@dataclass(slots=True)
class CpuStats:
    """The parts of per_cpu/cpuN/stats that the trace has."""
    entries: int = 0
    overrun: int = 0
    read: int = 0


@dataclass
class Trace:
    """The source of events. events() may be called repeatedly. Each call reads
    the input anew, so that no event is kept in memory."""
    path: str
    kind: str                    # "trace.dat version 7", "text", ...
    source: Callable[[], Iterator[Event]]
    clock: str = "local"
    resolution: int = 1          # two times may differ by less than this
    timed: bool = True           # False: a text whose lines have no time
    unit: str = "byte"           # what Event.at counts
    tracer: str = ""             # "" if the input does not name it
    cpus: int = 1                # the number of CPUs, traced or not
    entries: int | None = None   # the input's own counts, None: it has none;
    written: int | None = None   # written includes the lost events
    stats: dict[int, CpuStats] = field(default_factory=dict)

    def events(self) -> Iterator[Event]:
        """All events, numbered and sorted by time, then by CPU."""
        for number, event in enumerate(self.source(), 1):
            event.number = number
            yield event

    def place(self, event: Event) -> str:
        """The event's number and place, for a sentence about it."""
        return f"event {event.number} ({self.unit} {event.at})"


def task_name(event: Event) -> str:
    """The task as columns show it."""
    return event.comm if event.pid == NO_PID else f"{event.comm}-{event.pid}"
