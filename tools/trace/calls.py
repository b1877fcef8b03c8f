# SPDX-License-Identifier: MIT
"""Makes calls from events: the one place that pairs entries with returns.

Each task has a stack of open calls; each CPU has its own idle task. Lost events
make gaps: events lost on a CPU end the open calls of the task last seen there,
since their real ends are unknown. A call that ends in this way, or never ends,
is *cut*: its duration is unknown.

A mismatch that no gap explains is a problem, which is passed to `complain`.
"""
import enum
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from .model import MAX_DEPTH, Event, Kind

# Deeper than any call: it is unknown which calls are open.
NOTHING_SEEN = MAX_DEPTH + 1

Complain = Callable[[Event, str], None]


@dataclass(slots=True)
class Frame:
    """One call. The kernel measured duration; None while open, and if cut."""
    function: str
    depth: int
    begin: int
    cpu: int
    parent: "Frame | None"
    end: int = 0
    duration: int | None = None
    inner: int = 0        # sum of the durations of the calls it made
    cut: bool = False
    number: int = 0       # number of its entry event
    mark: object = None   # free for the caller of walk()


@dataclass(slots=True)
class Track:
    """A task, or its substitute in a text without tasks."""
    key: tuple[int, int, str]
    pid: int
    comm: str
    stack: list[Frame] = field(default_factory=list)
    floor: int = NOTHING_SEEN  # least depth of a call seen to begin since a gap
    sure: bool = True          # no event that may be its own was lost
    now: int = 0               # time of its last event
    cpu: int = 0

    @property
    def name(self) -> str:
        if self.pid < 0:
            return self.comm
        return f"{self.comm}/{self.cpu}" if self.pid == 0 else \
            f"{self.comm}-{self.pid}"


class Step(enum.Enum):
    BEGIN = "begin"  # a call begins: its frame
    END = "end"      # it ends, or is cut
    EVENT = "event"  # any event that is neither
    LOST = "lost"    # events were lost before the event


@dataclass(slots=True)
class Walk:
    """A step that walk() yields: with a frame for BEGIN and END, and with an
    event except for cuts at the end of the trace."""
    step: Step
    track: Track
    time: int
    frame: Frame | None = None
    event: Event | None = None


def no_complaint(event: Event, what: str) -> None:
    """Ignores all problems of a trace."""


def track_key(event: Event) -> tuple[int, int, str]:
    if event.pid > 0:
        return event.pid, 0, ""
    return event.pid, event.cpu, event.comm if event.pid < 0 else ""


class Walker:
    """Follows all tasks through a trace."""

    def __init__(self, complain: Complain = no_complaint) -> None:
        self.tracks: dict[tuple[int, int, str], Track] = {}
        self.seen_on: dict[int, Track] = {}  # the last task of each CPU
        self.complain = complain
        self.orphans = 0  # returns of calls whose entry was not recorded

    def walk(self, events: Iterable[Event]) -> Iterator[Walk]:
        for event in events:
            if event.lost:
                yield from self._lose(event)
            track = self._track(event)
            if event.kind is Kind.ENTRY:
                yield from self._enter(track, event)
            elif event.kind is Kind.EXIT:
                yield from self._leave(track, event)
            else:
                yield Walk(Step.EVENT, track, event.time, None, event)
        for track in self.tracks.values():
            yield from self._cut(track, -1, track.now)

    def _track(self, event: Event) -> Track:
        key = track_key(event)
        track = self.tracks.get(key)
        if track is None:
            track = self.tracks[key] = Track(key, event.pid, event.comm)
        track.now, track.cpu = max(track.now, event.time), event.cpu
        self.seen_on[event.cpu] = track
        return track

    def _lose(self, event: Event) -> Iterator[Walk]:
        """Handles a gap: events of a CPU are missing."""
        for track in self.tracks.values():
            track.sure = False
        last = self.seen_on.get(event.cpu)
        if last is not None:
            yield from self._cut(last, -1, last.now)
            last.floor = NOTHING_SEEN
        yield Walk(Step.LOST, self._track(event), event.time, None, event)

    def _cut(self, track: Track, above: int, time: int) -> Iterator[Walk]:
        """Ends the open calls deeper than above."""
        while track.stack and track.stack[-1].depth > above:
            frame = track.stack.pop()
            frame.end, frame.cut = max(time, frame.begin), True
            yield Walk(Step.END, track, frame.end, frame)

    def _enter(self, track: Track, event: Event) -> Iterator[Walk]:
        if not 0 <= event.depth < MAX_DEPTH:
            self.complain(event, f"{event.function}() is called at depth "
                          f"{event.depth}")
            return
        top = track.stack[-1] if track.stack else None
        if top and top.depth >= event.depth:
            if track.sure:
                self.complain(event, f"{event.function}() is called at depth "
                              f"{event.depth}, but {top.function}() at depth "
                              f"{top.depth}, called by event {top.number}, has "
                              "not returned")
            yield from self._cut(track, event.depth - 1, track.now)
        if event.depth == 0:
            track.sure = True
        track.floor = min(track.floor, event.depth)
        frame = Frame(event.function, event.depth, track.now, event.cpu,
                      track.stack[-1] if track.stack else None,
                      number=event.number)
        track.stack.append(frame)
        yield Walk(Step.BEGIN, track, track.now, frame, event)

    def _leave(self, track: Track, event: Event) -> Iterator[Walk]:
        top = track.stack[-1] if track.stack else None
        if top and top.depth > event.depth:
            if track.sure:
                self.complain(event, f"{event.function}() returns at depth "
                              f"{event.depth}, but {top.function}() at depth "
                              f"{top.depth}, called by event {top.number}, has "
                              "not returned")
            yield from self._cut(track, event.depth, track.now)
            top = track.stack[-1] if track.stack else None
        if not top or top.depth != event.depth or (
                event.function and top.function != event.function):
            yield from self._orphan(track, event, top)
            return
        track.stack.pop()
        top.end, top.duration = track.now, event.duration
        top.cut = event.duration is None
        if top.parent is not None:
            top.parent.inner += event.duration or 0
        yield Walk(Step.END, track, track.now, top, event)

    def _orphan(self, track: Track, event: Event,
                top: Frame | None) -> Iterator[Walk]:
        """Handles a return without its entry."""
        self.orphans += 1
        if track.sure and event.depth >= track.floor:
            open_call = "no call is open" if top is None else \
                f"{top.function}() is open at depth {top.depth}"
            self.complain(event, f"{event.function or 'a function'}() returns "
                          f"at depth {event.depth}, but {open_call}")
        yield from self._cut(track, event.depth - 1, track.now)
        track.floor = min(track.floor, max(event.depth, 0))
