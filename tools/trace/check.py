# SPDX-License-Identifier: MIT
"""Verifies the properties of every sound trace.

  CK1  Calls nest: each return ends the last open call of its task.
  CK2  The time of a CPU does not go back.
  CK3  The durations of the calls a function made do not exceed its own.
  CK4  The events read and lost add up to those written, if the input has
       counts.

A mismatch that lost events explain is not a violation.
"""
from collections.abc import Iterator
from dataclasses import dataclass, field

from .calls import Frame, Step, Walker
from .model import LOST_UNKNOWN, Event, Trace


@dataclass
class Checked:
    """The result of check()."""
    events: int = 0
    calls: int = 0        # calls seen from entry to return
    cut: int = 0          # calls whose entry or return is missing
    lost: int = 0
    lost_unknown: bool = False
    violations: int = 0
    sentences: list[str] = field(default_factory=list)  # of the first ones

    def summary(self) -> str:
        lost = f"{self.lost} lost"
        if self.lost_unknown:
            lost = f"at least {lost}"
        return (f"{self.events} events, {lost}; {self.calls} whole calls, "
                f"{self.cut} cut; {self.violations} violations")


class Checker:
    """Reads a trace once, event by event."""

    def __init__(self, trace: Trace, at_most: int) -> None:
        self.trace, self.at_most = trace, at_most
        self.found = Checked()
        self.times: dict[int, int] = {}
        self.counts: dict[int, int] = {}
        self.lost: dict[int, int] = {}

    def say(self, sentence: str) -> None:
        self.found.violations += 1
        if len(self.found.sentences) < self.at_most:
            self.found.sentences.append(sentence)

    def complain(self, event: Event, what: str) -> None:
        self.say(f"CK1: {self.trace.place(event)}: {what}")

    def events(self) -> Iterator[Event]:
        for event in self.trace.events():
            self.found.events += 1
            self.counts[event.cpu] = self.counts.get(event.cpu, 0) + 1
            if event.lost == LOST_UNKNOWN:
                self.found.lost_unknown = True
            else:
                self.lost[event.cpu] = self.lost.get(event.cpu, 0) + event.lost
            if self.trace.timed:
                self.time(event)
            yield event

    def time(self, event: Event) -> None:
        before = self.times.get(event.cpu, event.time)
        if event.time <= before - self.trace.resolution:
            self.say(f"CK2: {self.trace.place(event)}: CPU {event.cpu} goes "
                     f"back by {before - event.time} ns")
        self.times[event.cpu] = event.time

    def call(self, frame: Frame, event: Event | None) -> None:
        if frame.cut or frame.duration is None or event is None:
            self.found.cut += 1
            return
        self.found.calls += 1
        slack = rounding(frame.duration) if self.trace.resolution > 1 else 0
        if frame.inner > frame.duration + slack:
            self.say(f"CK3: {self.trace.place(event)}: {frame.function}() took "
                     f"{frame.duration} ns, but the calls it made "
                     f"{frame.inner} ns")

    def sums(self) -> None:
        trace, found = self.trace, self.found
        found.lost = sum(self.lost.values())
        if trace.entries is not None and trace.entries != found.events:
            self.say(f"CK4: the head says {trace.entries} entries, but there "
                     f"are {found.events}")
        if trace.written is not None and trace.entries is not None and \
                found.lost > trace.written - trace.entries:
            self.say(f"CK4: {trace.written} were written and {trace.entries} "
                     f"are there, but {found.lost} were lost")
        for cpu, stats in sorted(trace.stats.items()):
            count, lost = self.counts.get(cpu, 0), self.lost.get(cpu, 0)
            if count != stats.read:
                self.say(f"CK4: CPU {cpu}: {stats.read} events were read from "
                         f"the ring, but {count} are there")
            if lost > stats.overrun:
                self.say(f"CK4: CPU {cpu}: {stats.overrun} events were "
                         f"overwritten, but {lost} are missing")


def rounding(duration: int) -> int:
    """The rounding error of a duration as text, which has at most 7 digits."""
    digits = len(str(duration // 1000))
    return int(10 ** (3 - min(3, max(7 - digits, 0))))


def check(trace: Trace, at_most: int = 20) -> Checked:
    """Counts all violations; the first at_most become sentences."""
    checker = Checker(trace, at_most)
    walker = Walker(checker.complain)
    for one in walker.walk(checker.events()):
        if one.step is Step.END and one.frame is not None:
            checker.call(one.frame, one.event)
    checker.found.cut += walker.orphans
    checker.sums()
    return checker.found
