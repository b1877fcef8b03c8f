# SPDX-License-Identifier: MIT
"""Reads the text that `trace` and `trace_pipe` print, anywhere in a log.

The reader knows lines of the function tracer, of function_graph with any of its
columns, of the latency format and of events, and skips all others. A log may
hold several traces; each begins with "# tracer: NAME".

function_graph prints no times unless funcgraph-abstime is on. Without times,
each task has a clock of its own, which begins at 0 and advances by the
durations.
"""
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from .errors import TraceError
from .model import LOST_UNKNOWN, MAX_DEPTH, NO_PID, Event, Kind, Trace

LINE_MAX = 2048  # a longer line does not belong to a trace

_SYMBOL = r"(?:[\w.$@:]{1,512}|\[[\w ]{1,40}\])"
_EXACT = r"(?:\+0x[0-9a-f]{1,16}/0x[0-9a-f]{1,16})?(?: <[0-9a-f]{1,16}>)?"
_TASK = r"(?P<comm>\S.{0,30}?)-(?P<pid>\d{1,9})"
_FLAGS = r"(?P<flags>[.dDbBn]\S{3,4})"

TRACER = re.compile(r"# tracer: (\S{1,64})\s*$")
COUNTS = re.compile(
    r"# (?:entries-in-buffer/entries-written: |latency: \d+ us, #)"
    r"(?P<entries>\d{1,18})/(?P<written>\d{1,18})[ ,].*#P:(?P<cpus>\d{1,4})")
LOST = re.compile(r"CPU:(?P<cpu>\d{1,4}) \[LOST(?: (?P<count>\d{1,18}))? "
                  r"EVENTS\]\s*$")
COMMON = re.compile(
    rf" *{_TASK} +(?:\([ \d-]{{5,9}}\) +)?\[(?P<cpu>\d{{1,4}})\] "
    rf"(?:{_FLAGS} )? *(?P<time>\d{{1,12}}(?:\.\d{{6}})?): (?P<body>.*)$")
LATENCY = re.compile(
    rf" *{_TASK} +(?P<cpu>\d{{1,4}}){_FLAGS} +(?P<time>\d{{1,15}})us(?P<mark>.)"
    r": (?P<body>.*)$")
CALL = re.compile(rf"(?P<name>{_SYMBOL}){_EXACT}"
                  rf"(?: <-(?P<parent>{_SYMBOL}){_EXACT})?\s*$")
NAMED = re.compile(r"(?P<name>\w{1,64}): ?(?P<text>.*)$")
VALUE = re.compile(r"(\w+)=(\S+)")
FRAME = re.compile(rf" => (?P<name>{_SYMBOL})")

GRAPH = re.compile(
    r"(?: *(?P<sec>\d{1,12})\.(?P<us>\d{6}) \| {1,3})?"
    r"(?: *(?P<cpu>\d{1,4})\) )?"
    rf"(?: *{_TASK} {{0,12}}\| )?"
    rf"(?: {_FLAGS} \| )?"
    r"(?:[ $@*#!+] (?P<whole>\d{1,15})(?:\.(?P<part>\d{1,3}))? us +\|  "
    r"| {10,20}\|  )(?P<body>.*)$")
ARROW = re.compile(r"(?:.{0,60}\|)? *(?P<cpu>\d{1,4})\) .{0,40}"
                   r"(?P<arrow>==========>|<==========) \|\s*$")
SWITCH = re.compile(r" *(?P<cpu>\d{1,4})\) +(?P<prev>\S.{0,30}?)-"
                    rf"(?P<prev_pid>\d{{1,9}}) +=> +{_TASK} *$")
BODY = re.compile(
    rf"(?P<indent> *)(?:(?P<open>{_SYMBOL})\([^()]*\)(?P<shape> \{{|;)"
    rf"|(?P<close>\}})(?: /\* (?P<closed>{_SYMBOL})?)?"
    r"|/\* (?P<comment>.*?) \*/\s*$)(?P<tail>.*)$")
RESULT = re.compile(r"= (-?\d{1,19}|0x[0-9a-f]{1,16}) \*/")


def lines_of(path: str) -> Iterator[tuple[int, str]]:
    """The lines with their numbers from 1, without their line ends."""
    with open(path, "rb") as file:
        number = 0
        while raw := file.readline(LINE_MAX):
            number += 1
            whole = raw.endswith(b"\n") or len(raw) < LINE_MAX
            while not whole:
                rest = file.readline(LINE_MAX)
                whole = rest.endswith(b"\n") or len(rest) < LINE_MAX
                raw = b""
            line = raw.decode("utf-8", "replace").rstrip("\r\n")
            yield number, line.removeprefix("DUMP text ")


@dataclass
class Track:
    """The state of a task while its lines are read."""
    now: int = 0
    begins: dict[int, int] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)


@dataclass
class Document:
    """One trace in a log, found by a first pass over the log."""
    first: int
    last: int = 0
    tracer: str = ""
    entries: int | None = None
    written: int | None = None
    cpus: int = 1
    events: int = 0
    graph: int = 0        # number of lines of function_graph
    timed: bool = False   # the lines have times
    first_task: dict[int, tuple[str, int]] = field(default_factory=dict)

    def look(self, line: str) -> None:
        """Counts the line."""
        if match := COUNTS.match(line):
            self.entries = int(match["entries"])
            self.written = int(match["written"])
            self.cpus = max(self.cpus, int(match["cpus"]))
        elif match := COMMON.match(line) or LATENCY.match(line):
            self.events += 1
        elif match := GRAPH.match(line):
            self.events += 1
            self.graph += 1
            self.timed = self.timed or match["sec"] is not None
        elif match := SWITCH.match(line):
            self.first_task.setdefault(
                int(match["cpu"]), (match["prev"], int(match["prev_pid"])))
        if match and match.groupdict().get("cpu"):
            self.cpus = max(self.cpus, int(match["cpu"]) + 1)


def find_documents(path: str) -> list[Document]:
    """The traces in a log that have an event."""
    found = [Document(1)]
    number = 0
    for number, line in lines_of(path):
        if match := TRACER.match(line):
            found[-1].last = number - 1
            found.append(Document(number, tracer=match[1]))
        else:
            found[-1].look(line)
    found[-1].last = number
    return [one for one in found if one.events or one.entries is not None]


def read_text(path: str, nth: int | None = None) -> Trace:
    """Opens a log. nth: the number of a trace, from 1; without it the last one
    with events."""
    documents = find_documents(path)
    if not documents:
        raise TraceError(path, None, "holds no line of a trace")
    if nth is not None and not 1 <= nth <= len(documents):
        raise TraceError(path, None, f"holds {len(documents)} traces, no "
                         f"number {nth}")
    full = [one for one in documents if one.events] or documents
    chosen = documents[nth - 1] if nth is not None else full[-1]
    return Trace(path, "text", lambda: Reader(path, chosen).events(),
                 clock="local", resolution=1000, unit="line",
                 timed=not chosen.graph or chosen.timed,
                 tracer=chosen.tracer, cpus=chosen.cpus,
                 entries=chosen.entries, written=chosen.written)


class Reader:
    """Makes events out of the lines of one trace."""

    def __init__(self, path: str, document: Document) -> None:
        self.path, self.document = path, document
        self.number = 0
        self.lost: dict[int, int] = {}
        self.tasks = dict(document.first_task)
        self.irq: set[int] = set()  # CPUs in an interrupt, from the arrows
        self.tracks: dict[tuple[str, int, int], Track] = {}
        self.stack: Event | None = None  # whose lines " => " are being read

    def events(self) -> Iterator[Event]:
        document = self.document
        for number, line in lines_of(self.path):
            if number < document.first:
                continue
            if number > document.last:
                break
            self.number = number
            yield from self._line(line)
        if self.stack:
            yield self.stack

    def _line(self, line: str) -> Iterator[Event]:
        if self.stack:
            if match := FRAME.match(line):
                callers = self.stack.fields["caller"]
                assert isinstance(callers, tuple)
                self.stack.fields["caller"] = (*callers, match["name"])
                return
            yield self.stack
            self.stack = None
        if match := COMMON.match(line) or LATENCY.match(line):
            yield from self._common(match)
        elif match := GRAPH.match(line):
            yield from self._graph(match)
        elif match := SWITCH.match(line):
            self.tasks[int(match["cpu"])] = match["comm"], int(match["pid"])
        elif match := ARROW.match(line):
            change = self.irq.add if match["arrow"].endswith(">") else \
                self.irq.discard
            change(int(match["cpu"]))
        elif match := LOST.match(line):
            self.lost[int(match["cpu"])] = int(match["count"] or LOST_UNKNOWN)

    def _new(self, cpu: int, time: int, comm: str, pid: int) -> Event:
        return Event(cpu, time, pid, comm, Kind.OTHER, "", at=self.number,
                     lost=self.lost.pop(cpu, 0))

    # ---- lines with a task, a CPU and a time --------------------------------

    def _common(self, match: re.Match[str]) -> Iterator[Event]:
        time = match["time"]
        if "mark" in match.groupdict():
            nanoseconds = int(time) * 1000
        elif "." in time:
            nanoseconds = int(time.replace(".", "")) * 1000
        else:
            nanoseconds = int(time)
        event = self._new(int(match["cpu"]), nanoseconds,
                          match["comm"], int(match["pid"]))
        event.flags = (match["flags"] or ".....").ljust(5, ".")
        self._body(event, match["body"])
        if event.kind is Kind.STACK:
            self.stack = event
        else:
            yield event

    @staticmethod
    def _body(event: Event, body: str) -> None:
        if body.startswith("<stack trace>"):
            event.kind, event.name = Kind.STACK, "kernel_stack"
            event.fields["caller"] = ()
        elif match := CALL.match(body):
            event.kind, event.name = Kind.FUNCTION, "function"
            event.function, event.parent = match["name"], match["parent"] or ""
        elif match := NAMED.match(body):
            event.name, event.text = match["name"], match["text"]
            event.fields = dict(VALUE.findall(event.text))
            if event.name == "tracing_mark_write":
                event.kind, event.name = Kind.PRINT, "print"
        else:
            event.name, event.text = "text", body

    # ---- function_graph -----------------------------------------------------

    def _graph(self, match: re.Match[str]) -> Iterator[Event]:
        body = BODY.match(match["body"])
        if not body or len(body["indent"]) // 2 >= MAX_DEPTH:
            return
        cpu = int(match["cpu"] or 0)
        if match["pid"]:
            self.tasks[cpu] = match["comm"], int(match["pid"])
        comm, pid = self.tasks.get(cpu, (f"CPU {cpu}", NO_PID))
        track = self.tracks.setdefault(
            (comm, pid, cpu if pid <= 0 else 0), Track())
        if match["sec"]:
            time = int(match["sec"] + match["us"]) * 1000
            track.now = max(track.now, time)
        event = self._new(cpu, track.now, comm, pid)
        event.depth = len(body["indent"]) // 2
        event.flags = match["flags"] or \
            ("..h.." if cpu in self.irq else ".....")
        duration = None
        if match["whole"]:
            duration = int(match["whole"]) * 1000 + \
                int((match["part"] or "0").ljust(3, "0"))
        if body["open"]:
            yield from self._open(event, body, track, duration)
        elif body["close"]:
            yield self._close(event, body, track, duration,
                              match["sec"] is not None)
        else:
            event.kind, event.name = Kind.PRINT, "print"
            event.text, event.depth = body["comment"], 0
            yield event

    @staticmethod
    def _result(event: Event, tail: str) -> None:
        if match := RESULT.search(tail):
            event.fields["retval"] = int(match[1], 0)
            event.name = "funcgraph_exit_retval"

    def _open(self, event: Event, body: re.Match[str], track: Track,
              duration: int | None) -> Iterator[Event]:
        event.kind, event.name = Kind.ENTRY, "funcgraph_entry"
        event.function = body["open"]
        track.begins[event.depth] = track.now
        track.names[event.depth] = event.function
        yield event
        if body["shape"] != ";" or duration is None:
            return
        track.now += duration
        end = Event(event.cpu, track.now, event.pid, event.comm, Kind.EXIT,
                    "funcgraph_exit", event.function, depth=event.depth,
                    duration=duration, flags=event.flags, at=event.at)
        self._result(end, body["tail"])
        track.names.pop(event.depth)
        yield end

    def _close(self, event: Event, body: re.Match[str], track: Track,
               duration: int | None, timed: bool) -> Event:
        event.kind, event.name = Kind.EXIT, "funcgraph_exit"
        begin = track.begins.pop(event.depth, None)
        name = track.names.pop(event.depth, "")
        event.function = body["closed"] or name
        event.duration = duration
        if not timed and duration is not None:
            start = track.now - duration if begin is None else begin
            track.now = max(track.now, start + duration)
            event.time = track.now
        self._result(event, body["tail"])
        return event
