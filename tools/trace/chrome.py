# SPDX-License-Identifier: MIT
"""Writes Chrome's trace format, which Perfetto and speedscope open.

Process 1 has a track for each task, with the calls of function_graph. Process 2
has a track for each CPU, with the tasks seen there. On each track, begins (B)
and ends (E) nest and are in order. A cut call ends where its gap begins.

Speedscope pairs an end with a begin of the same name only, and to it the
arguments of a begin belong to the name: so each end has its name, and the
arguments of a call, its CPU among them, stand at its end.
"""
import json
from collections.abc import Iterator

from .calls import Step, Track, Walk, Walker
from .model import LOST_UNKNOWN, Event, Kind, Trace
from .report import body

TASKS, CPUS = 1, 2
IDLE_TID = 1_000_000  # + CPU: pid 0 exists once on each CPU


def chrome_events(trace: Trace) -> Iterator[dict[str, object]]:
    """The objects of traceEvents, one by one."""
    yield name_of("process_name", TASKS, 0, "tasks: the calls they made")
    yield name_of("process_name", CPUS, 0, "CPUs: the task seen there")
    tids: dict[tuple[int, int, str], int] = {}
    cpus: dict[int, Track] = {}
    last: dict[int, int] = {}
    for one in Walker().walk(trace.events()):
        if one.track.key not in tids:
            tids[one.track.key] = tid_of(one.track, len(tids))
            yield name_of("thread_name", TASKS, tids[one.track.key],
                          one.track.name)
        if one.event is not None:
            yield from cpu_events(one, cpus, last)
        yield from task_events(one, tids[one.track.key])
    for cpu in sorted(cpus):
        yield at("E", CPUS, cpu, last[cpu], name=cpus[cpu].name)


def tid_of(track: Track, number: int) -> int:
    if track.pid > 0:
        return track.pid
    return IDLE_TID + (track.cpu if track.pid == 0 else 10_000 + number)


def name_of(what: str, pid: int, tid: int, name: str) -> dict[str, object]:
    return {"ph": "M", "name": what, "pid": pid, "tid": tid,
            "args": {"name": name}}


def at(kind: str, pid: int, tid: int, time: int,
       **more: object) -> dict[str, object]:
    """ts is in microseconds, and is exact to the nanosecond up to 2^53 ns."""
    return {"ph": kind, "pid": pid, "tid": tid, "ts": time / 1000, **more}


def cpu_events(one: Walk, cpus: dict[int, Track],
               last: dict[int, int]) -> Iterator[dict[str, object]]:
    """The events for another task on a CPU."""
    assert one.event is not None
    cpu = one.event.cpu
    time = last[cpu] = max(last.get(cpu, 0), one.event.time)
    if cpu not in cpus:
        yield name_of("thread_name", CPUS, cpu, f"CPU {cpu}")
    elif cpus[cpu] is one.track:
        return
    else:
        yield at("E", CPUS, cpu, time, name=cpus[cpu].name)
    cpus[cpu] = one.track
    yield at("B", CPUS, cpu, time, name=one.track.name)


def task_events(one: Walk, tid: int) -> Iterator[dict[str, object]]:
    frame, event = one.frame, one.event
    if one.step is Step.BEGIN and frame is not None:
        yield at("B", TASKS, tid, one.time, name=frame.function)
    elif one.step is Step.END and frame is not None:
        args: dict[str, object] = {"cpu": frame.cpu}
        if frame.cut:
            args["cut"] = True
        else:
            args["duration_ns"] = frame.duration
        yield at("E", TASKS, tid, one.time, name=frame.function, args=args)
    elif event is not None and one.step is Step.LOST:
        count = "some" if event.lost == LOST_UNKNOWN else event.lost
        yield at("i", CPUS, event.cpu, one.time, s="t",
                 name=f"{count} events lost")
    elif event is not None:
        yield instant(one, tid, event)


def instant(one: Walk, tid: int, event: Event) -> dict[str, object]:
    if event.kind is Kind.FUNCTION:
        return at("i", TASKS, tid, one.time, s="t", name=event.function,
                  args={"cpu": event.cpu, "parent": event.parent})
    return at("i", TASKS, tid, one.time, s="t", name=body(event),
              args={"cpu": event.cpu})


def chrome_text(trace: Trace) -> Iterator[str]:
    """The whole file, in pieces."""
    yield '{"displayTimeUnit":"ns","traceEvents":['
    separator = "\n"
    for one in chrome_events(trace):
        yield separator + json.dumps(one, separators=(",", ":"))
        separator = ",\n"
    yield "\n]}\n"
