# SPDX-License-Identifier: MIT
"""Writes a trace as the kernel's own file `trace` does.

The text of a trace.dat equals the kernel's byte for byte, except for two facts
that the file does not hold: "[FTRACE TRAMPOLINE]" is an address here, and
events lost before a CPU's first event are reported, too.
"""
import collections
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .model import LOST_UNKNOWN, Event, Kind, Trace

# An entry is not taken for a leaf if its CPU's next event is farther away.
WINDOW = 65536
INDENT_MAX = 1024
RULE = " ------------------------------------------"
ERRNO_MAX = 4095
GRAPH_KINDS = (Kind.ENTRY, Kind.EXIT)
NANOSECONDS = ("local", "global", "mono", "mono_raw", "boot", "tai", "perf",
               "nop5")

COLUMNS = """\
#                                _-----=> irqs-off/BH-disabled
#                               / _----=> need-resched
#                              | / _---=> hardirq/softirq
#                              || / _--=> preempt-depth
#                              ||| / _-=> migrate-disable
#                              |||| /     delay
#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION
#              | |         |   |||||     |         |"""


@dataclass(frozen=True)
class Options:
    """The optional columns of function_graph."""
    abstime: bool = False
    proc: bool = False
    tail: bool = False


@dataclass
class Totals:
    """The totals that a head needs before the first line."""
    events: int = 0
    lost: int = 0
    graph: bool = False


def totals_of(events: Iterable[Event]) -> Totals:
    totals = Totals()
    for event in events:
        totals.events += 1
        totals.lost += max(event.lost, 0)
        totals.graph = totals.graph or event.kind in GRAPH_KINDS
    return totals


def report(trace: Trace, options: Options = Options()) -> Iterator[str]:
    """The lines, without their newlines."""
    totals = totals_of(trace.events())
    tracer = trace.tracer or ("function_graph" if totals.graph else "function")
    yield f"# tracer: {tracer}"
    yield "#"
    if totals.graph or tracer == "function_graph":
        yield from Graph(trace, options).lines()
        return
    entries = totals.events if trace.entries is None else trace.entries
    written = entries + totals.lost if trace.written is None else trace.written
    yield (f"# entries-in-buffer/entries-written: {entries}/{written}   "
           f"#P:{trace.cpus}")
    yield "#"
    yield COLUMNS
    yield from function_lines(trace, written > entries)


def lost_line(event: Event) -> Iterator[str]:
    if event.lost == LOST_UNKNOWN:
        yield f"CPU:{event.cpu} [LOST EVENTS]"
    elif event.lost:
        yield f"CPU:{event.cpu} [LOST {event.lost} EVENTS]"


# ---- the common form --------------------------------------------------------

def function_lines(trace: Trace, annotate: bool) -> Iterator[str]:
    started: set[int] = set()
    for event in trace.events():
        yield from lost_line(event)
        if annotate and started and event.cpu not in started:
            yield f"##### CPU {event.cpu} buffer started ####"
        started.add(event.cpu)
        yield common_line(trace, event)


def common_line(trace: Trace, event: Event) -> str:
    return (f"{event.comm:>16}-{event.pid:<7} [{event.cpu:03}] {event.flags} "
            f"{time_text(trace, event.time)}: {body(event)}")


def time_text(trace: Trace, time: int) -> str:
    if trace.clock not in NANOSECONDS:
        return f"{time:12}"
    microseconds = (time + 500) // 1000
    return f"{microseconds // 1000000:5}.{microseconds % 1000000:06}"


def body(event: Event) -> str:
    """The text behind the columns."""
    if event.kind is Kind.FUNCTION:
        parent = f" <-{event.parent}" if event.parent else ""
        return event.function + parent
    if event.kind is Kind.PRINT:
        return f"tracing_mark_write: {event.text}"
    if event.kind is Kind.STACK:
        callers = event.fields.get("caller", ())
        assert isinstance(callers, tuple)
        return "\n => ".join(["<stack trace>", *map(str, callers)])
    if event.kind is Kind.ENTRY:
        return f"graph_ent: func={event.function}"
    if event.kind is Kind.EXIT:
        return f"graph_ret: func={event.function}"
    if event.name in ("", "text") or event.name.startswith("type_"):
        return event.text
    return f"{event.name}: {event.text}"


# ---- function_graph ---------------------------------------------------------

@dataclass(slots=True)
class Pair:
    """An event that may have to wait for the one that follows."""
    event: Event
    following: Event | None = None
    ready: bool = False


def with_next(events: Iterable[Event]) -> Iterator[tuple[Event, Event | None]]:
    """Yields each event, and an entry with the next event of its CPU."""
    queue: collections.deque[Pair] = collections.deque()
    waiting: dict[int, Pair] = {}
    for event in events:
        earlier = waiting.pop(event.cpu, None)
        if earlier is not None:
            earlier.following, earlier.ready = event, True
        pair = Pair(event, ready=event.kind is not Kind.ENTRY)
        if not pair.ready:
            waiting[event.cpu] = pair
        queue.append(pair)
        while queue and (queue[0].ready or len(queue) > WINDOW):
            first = queue.popleft()
            yield first.event, first.following
    for first in queue:
        yield first.event, first.following


@dataclass
class Cpu:
    """The state of a CPU in the text so far."""
    pid: int | None = None
    comm: str = ""
    depth: int = 0
    irq_depth: int | None = None
    open: dict[int, str] = field(default_factory=dict)


class Graph:
    """The lines of function_graph."""

    def __init__(self, trace: Trace, options: Options) -> None:
        self.trace, self.options = trace, options
        self.cpus: dict[int, Cpu] = collections.defaultdict(Cpu)
        self.width = len(str(max(trace.cpus - 1, 0)))
        self.done: set[int] = set()  # returns that were printed with a leaf

    def lines(self) -> Iterator[str]:
        options = self.options
        yield ("#" + ("     TIME       " if options.abstime else "") + " CPU"
               + ("  TASK/PID       " if options.proc else "")
               + "  DURATION                  FUNCTION CALLS")
        yield ("#" + ("      |         " if options.abstime else "") + " |  "
               + ("   |    |        " if options.proc else "")
               + "   |   |                     |   |   |   |")
        for event, following in with_next(self.trace.events()):
            yield from lost_line(event)
            if event.kind is Kind.FUNCTION:
                yield common_line(self.trace, event)
            elif event.number in self.done:
                self.done.remove(event.number)
            else:
                yield from self._switch(event)
                yield from self._line(event, following)

    def _line(self, event: Event, following: Event | None) -> Iterator[str]:
        if event.kind is Kind.ENTRY:
            yield from self._entry(event, following)
        elif event.kind is Kind.EXIT:
            yield from self._return(event)
        else:
            yield self._comment(event)

    def _cpu(self, number: int) -> str:
        return f" {number:{self.width}}) "

    def _switch(self, event: Event) -> Iterator[str]:
        cpu = self.cpus[event.cpu]
        last = task_column(cpu.comm, cpu.pid or 0)
        if cpu.pid not in (None, event.pid):
            yield RULE
            yield (self._cpu(event.cpu) + last + " => "
                   + task_column(event.comm, event.pid))
            yield RULE + "\n"
        cpu.pid, cpu.comm = event.pid, event.comm

    def _prologue(self, event: Event) -> str:
        text = ""
        if self.options.abstime:
            text = (f"{event.time // 1000000000:5}."
                    f"{event.time % 1000000000 // 1000:06} |  ")
        text += self._cpu(event.cpu)
        if self.options.proc:
            text += task_column(event.comm, event.pid) + " | "
        return text

    def _entry(self, event: Event, following: Event | None) -> Iterator[str]:
        cpu = self.cpus[event.cpu]
        if event.flags[2] in "hHzZ" and cpu.irq_depth is None:
            cpu.irq_depth = event.depth
            yield self._prologue(event) + "  ==========> |"
        if following and is_leaf(event, following):
            cpu.depth = event.depth - 1
            cpu.open.pop(event.depth, None)
            self.done.add(following.number)
            yield (self._prologue(event) + duration_column(following.duration)
                   + indent(event.depth) + f"{event.function}();"
                   + result_text(following, " /*", " */"))
            yield from self._end_of_irq(event)
            return
        cpu.depth = event.depth
        cpu.open[event.depth] = event.function
        yield (self._prologue(event) + duration_column(None)
               + indent(event.depth) + f"{event.function}() {{")

    def _end_of_irq(self, event: Event) -> Iterator[str]:
        cpu = self.cpus[event.cpu]
        if cpu.irq_depth == event.depth:
            cpu.irq_depth = None
            yield self._prologue(event) + "  <========== |"

    def _return(self, event: Event) -> Iterator[str]:
        cpu = self.cpus[event.cpu]
        match = cpu.open.pop(event.depth, None) == event.function
        cpu.depth = event.depth - 1
        result = result_text(event, "", "")
        tail = ""
        if not match or result or self.options.tail:
            tail = f" /* {event.function}{result} */"
        yield (self._prologue(event) + duration_column(event.duration)
               + indent(event.depth) + "}" + tail)
        yield from self._end_of_irq(event)

    def _comment(self, event: Event) -> str:
        depth = self.cpus[event.cpu].depth
        text = event.text if event.kind is Kind.PRINT else body(event)
        return (self._prologue(event) + duration_column(None)
                + (indent(depth + 1) if depth > 0 else "") + f"/* {text} */")


def is_leaf(entry: Event, following: Event) -> bool:
    return (following.kind is Kind.EXIT and not following.lost
            and following.pid == entry.pid
            and following.function == entry.function)


def indent(depth: int) -> str:
    return " " * (2 * min(max(depth, 0), INDENT_MAX))


def task_column(comm: str, pid: int) -> str:
    """The task in 14 columns, centred as by the kernel."""
    text = f"{comm[:7]}-{pid}"
    blanks = max(14 - len(text), 0)
    return " " * (blanks // 2) + text + " " * (blanks - blanks // 2)


def delay_mark(duration: int) -> str:
    for mark, limit in zip("$@*#!+", (10**9, 10**8, 10**7, 10**6, 10**5,
                                      10**4)):
        if duration > limit:
            return mark
    return " "


def duration_column(duration: int | None) -> str:
    """Microseconds in at most 7 digits, three after the point if they fit."""
    if duration is None:
        return " " * 14 + "|  "
    whole = str(duration // 1000)
    decimals = min(3, 7 - len(whole)) if len(whole) < 7 else 0
    text = whole
    if decimals:
        text += f".{duration % 1000:03}"[:decimals + 1]
    return (f"{delay_mark(duration)} {text} us "
            + " " * max(8 - len(text), 0) + "|  ")


def result_text(event: Event, before: str, after: str) -> str:
    """" = 0x2a", or an error as a number; "" if no value was recorded."""
    value = event.fields.get("retval")
    if not isinstance(value, int):
        return ""
    value &= (1 << 64) - 1
    number = value - (1 << 64) if value >> 63 else value
    if value >> 32 == 0 and value >> 31:
        number = value - (1 << 32)
    text = f" = {number}" if -ERRNO_MAX <= number < 0 else f" = {value:#x}"
    return before + text + after
