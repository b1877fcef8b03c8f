# SPDX-License-Identifier: MIT
"""Draws the timeline: which task ran on which CPU, and what the tasks called.

Time is divided into columns of one pixel. A column of a CPU shows the task that
had most of its time; a column of a task's row shows the function that had most
of it at that depth. So the width bounds the picture's size, whatever the trace.
"""
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import svg
from .calls import Frame, Step, Track, Walk, Walker
from .errors import TraceError
from .model import Kind, Trace

LEFT, RIGHT, TOP = 150, 36, 70
CPU_ROW, CALL_ROW, GAP = 24, 16, 8
MAX_TASKS, DEPTHS = 16, 4
STEPS = 32  # the busiest span is searched for in steps of 1/32 of it
IDLE = ("<idle>", "idle", "swapper")


@dataclass(frozen=True)
class Window:
    """The part of the trace to draw, in nanoseconds. None: from the first
    event, to the last. span: the part of this length with the most events."""
    begin: int | None = None
    end: int | None = None
    span: int | None = None


@dataclass(slots=True)
class Span:
    """From begin to end, in nanoseconds."""
    begin: int
    end: int
    name: str


@dataclass
class Lane:
    """A row of the picture: the time of each name in each column."""
    columns: dict[int, dict[str, float]] = field(default_factory=dict)

    def add(self, scale: "Scale", span: Span) -> None:
        """Distributes the span over its columns."""
        if span.end < scale.begin or span.begin > scale.end:
            return
        first, last = scale.column(span.begin), scale.column(span.end)
        for column in range(first, last + 1):
            share = (min(span.end, scale.start(column + 1))
                     - max(span.begin, scale.start(column)))
            names = self.columns.setdefault(column, {})
            # An instant has no length, but must be visible.
            names[span.name] = names.get(span.name, 0) + max(share, 1e-6)

    def runs(self, on: "Lane | None" = None) -> Iterator["Run"]:
        """Joins neighbours that show the same name, from left to right. on: the
        columns in which the task had a CPU; a run never crosses their edge."""
        run = Run(0, 0, "", True)
        for column in sorted(self.columns):
            names = self.columns[column]
            name = max(names, key=lambda one: (names[one], one))
            here = on is None or column in on.columns
            if run.count and run.end == column and (run.name, run.on) == (
                    name, here):
                run.count += 1
                continue
            if run.count:
                yield run
            run = Run(column, 1, name, here)
        if run.count:
            yield run


@dataclass(slots=True)
class Run:
    """Columns that show the same name."""
    first: int
    count: int
    name: str
    on: bool

    @property
    def end(self) -> int:
        return self.first + self.count


@dataclass(frozen=True)
class Scale:
    """Converts times to columns and back."""
    begin: int
    end: int
    width: int

    def column(self, time: int) -> int:
        offset = (time - self.begin) * self.width // self.span
        return min(max(offset, 0), self.width - 1)

    def start(self, column: int) -> float:
        return self.begin + column * self.span / self.width

    @property
    def span(self) -> int:
        return max(self.end - self.begin, 1)


@dataclass
class Row:
    """A task's rows."""
    track: Track
    lanes: list[Lane] = field(default_factory=lambda: [
        Lane() for _ in range(DEPTHS)])
    on_cpu: Lane = field(default_factory=Lane)
    events: int = 0
    calls: int = 0
    depth: int = 0  # of the lanes in use


@dataclass
class Timeline:
    """All that is drawn."""
    scale: Scale
    cpus: dict[int, Lane] = field(default_factory=dict)
    rows: dict[tuple[int, int, str], Row] = field(default_factory=dict)
    lost: dict[int, list[int]] = field(default_factory=dict)


def limits(trace: Trace, window: Window) -> tuple[int, int]:
    """The span of the trace to draw. Raises TraceError if it is empty."""
    begin, end, count = 0, 0, 0
    step = max((window.span or 0) // STEPS, 1)
    counts: dict[int, int] = {}
    for event in trace.events():
        begin = min(begin, event.time) if count else event.time
        end, count = max(end, event.time), count + 1
        if window.span is not None:
            counts[event.time // step] = counts.get(event.time // step, 0) + 1
    if not count:
        raise TraceError(trace.path, None, "holds no event")
    if window.span is not None and window.span < end - begin:
        begin = busiest(counts) * step
        end = begin + window.span
    begin = begin if window.begin is None else window.begin
    end = end if window.end is None else window.end
    if begin >= end and window != Window():
        raise TraceError(trace.path, None, "holds nothing between --from and "
                         "--to")
    return begin, end


def busiest(counts: dict[int, int]) -> int:
    """The first of the STEPS successive steps with the most events."""
    return max(counts, key=lambda first: (
        sum(counts.get(first + n, 0) for n in range(STEPS)), -first))


def collect(trace: Trace, width: int, window: Window) -> Timeline:
    """Reads the trace twice. Raises TraceError if it has no times."""
    if not trace.timed:
        raise TraceError(trace.path, None, "its lines of function_graph have "
                         "no times: record with `echo 1 > options/"
                         "funcgraph-abstime`, or a trace.dat")
    begin, end = limits(trace, window)
    found = Timeline(Scale(begin, end, width))
    running: dict[int, tuple[Track, int, int]] = {}
    for one in Walker().walk(trace.events()):
        row = found.rows.setdefault(one.track.key, Row(one.track))
        if one.event is not None:
            row.events += 1
            see_cpu(found, running, one)
        if one.step is Step.END and one.frame is not None:
            add_frame(found.scale, row, one.frame)
        elif one.event is not None and one.event.kind is Kind.FUNCTION:
            row.lanes[0].add(found.scale, Span(one.time, one.time,
                                               one.event.function))
            row.depth, row.calls = max(row.depth, 1), row.calls + 1
    for cpu, (track, since, last) in running.items():
        add_run(found, cpu, track, since, last)
    return found


def add_run(found: Timeline, cpu: int, track: Track, since: int,
            until: int) -> None:
    """Records that a task had a CPU."""
    span = Span(since, until, track.name)
    found.cpus[cpu].add(found.scale, span)
    found.rows[track.key].on_cpu.add(found.scale, span)


def see_cpu(found: Timeline, running: dict[int, tuple[Track, int, int]],
            one: Walk) -> None:
    """A CPU belongs to a task from the task's first event to the first event of
    another task. In a gap of lost events it belongs to no task."""
    assert one.event is not None
    cpu, time = one.event.cpu, one.event.time
    found.cpus.setdefault(cpu, Lane())
    if one.step is Step.LOST:
        found.lost.setdefault(cpu, []).append(time)
    if cpu in running:
        track, since, last = running[cpu]
        time = max(time, last)
        if track is one.track and one.step is not Step.LOST:
            running[cpu] = track, since, max(last, time)
            return
        until = last if one.step is Step.LOST else time
        add_run(found, cpu, track, since, until)
    running[cpu] = one.track, time, time


def add_frame(scale: Scale, row: Row, frame: Frame) -> None:
    row.calls += 1
    if frame.depth < DEPTHS:
        row.lanes[frame.depth].add(scale, Span(frame.begin, frame.end,
                                               frame.function))
        row.depth = max(row.depth, frame.depth + 1)


# ---- drawing ----------------------------------------------------------------

def ticks(scale: Scale) -> Iterator[int]:
    """At most ten round times."""
    steps = (lead * 10 ** power for power in range(20) for lead in (1, 2, 5))
    step = next(step for step in steps if scale.span <= 9 * step)
    yield from range(-(-scale.begin // step) * step, scale.end + 1, step)


def draw(trace: Trace, title: str, width: int = 1200,
         window: Window = Window()) -> str:
    """The picture as SVG. Raises TraceError if there is nothing to draw."""
    found = collect(trace, width - LEFT - RIGHT, window)
    rows = sorted(found.rows.values(), key=lambda row: -row.events)
    shown = sorted((row for row in rows[:MAX_TASKS] if row.depth),
                   key=row_order)
    bottom = TOP + len(found.cpus) * (CPU_ROW + 4) + GAP * 3
    heights = [max(row.depth * CALL_ROW, CALL_ROW) + GAP for row in shown]
    height = bottom + sum(heights) + 34
    lines = svg.head(width, height, title, svg.COOL)
    lines.append(svg.text(12, 28, title, "ink title"))
    lines += axis(found.scale, height - 26)
    y = float(TOP)
    for cpu in sorted(found.cpus):
        lines += cpu_svg(found, cpu, y)
        y += CPU_ROW + 4
    y += GAP * 3
    for row, tall in zip(shown, heights):
        lines += row_svg(found.scale, row, y)
        y += tall
    lines.append(svg.text(12, height - 8, notes(found, rows, shown), "dim"))
    return "\n".join([*lines, "</svg>", ""])


def row_order(row: Row) -> tuple[bool, str, int, int]:
    """Sorts rows by name, idle tasks last."""
    track = row.track
    return track.comm.startswith(IDLE), track.comm, track.pid, track.cpu


def notes(found: Timeline, rows: list[Row], shown: list[Row]) -> str:
    parts = ["above: the task seen on each CPU; below: what each task called, "
             f"down to depth {DEPTHS}; pale: it had no CPU"]
    if len(rows) > len(shown):
        parts.append(f"{len(rows) - len(shown)} tasks with fewer events not "
                     "drawn")
    if found.lost:
        parts.append("red: events were lost")
    return "; ".join(parts)


def axis(scale: Scale, bottom: float) -> list[str]:
    lines = []
    for time in ticks(scale):
        x = LEFT + (time - scale.begin) * scale.width / scale.span
        lines.append(f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" '
                     f'y1="{TOP - 8}" y2="{bottom:.0f}"/>')
        lines.append(svg.text(x, TOP - 14, tick_text(time, scale), "dim",
                              "middle"))
    return lines


def tick_text(time: int, scale: Scale) -> str:
    """Seconds, with enough decimals to distinguish the ticks."""
    decimals = next((n for n in range(10) if scale.span >= 10 ** (10 - n)), 9)
    return f"{time / 10**9:.{decimals}f} s"


def cpu_svg(found: Timeline, cpu: int, y: float) -> list[str]:
    scale = found.scale
    lines = [svg.text(LEFT - 8, y + CPU_ROW / 2 + 4, f"CPU {cpu}", "ink",
                      "end"),
             f'<rect class="lane" x="{LEFT}" y="{y:.0f}" '
             f'width="{scale.width}" height="{CPU_ROW}"/>']
    lines += runs_svg(found.cpus[cpu], scale, y, CPU_ROW)
    for time in found.lost.get(cpu, [])[:1000]:
        x = LEFT + scale.column(time)
        lines.append(f'<rect class="lost" x="{x - 1}" y="{y - 3:.0f}" '
                     f'width="2" height="{CPU_ROW + 6}"><title>events of CPU '
                     f"{cpu} were lost before here</title></rect>")
    return lines


def row_svg(scale: Scale, row: Row, y: float) -> list[str]:
    lines = [svg.text(LEFT - 8, y + CALL_ROW - 4, row.track.name[:22], "ink",
                      "end"),
             f'<rect class="lane" x="{LEFT}" y="{y:.0f}" width="{scale.width}"'
             f' height="{max(row.depth, 1) * CALL_ROW}"><title>'
             f"{svg.clean(row.track.name)}: {row.events:,} events, "
             f"{row.calls:,} calls</title></rect>"]
    for depth in range(row.depth):
        lines += runs_svg(row.lanes[depth], scale, y + depth * CALL_ROW,
                          CALL_ROW - 1, row.on_cpu)
    return lines


def runs_svg(lane: Lane, scale: Scale, y: float, height: int,
             on: Lane | None = None) -> list[str]:
    lines = []
    for run in lane.runs(on):
        x = LEFT + run.first
        label = svg.fit(run.name, run.count, 11)
        words = svg.text(x + 3, y + height / 2 + 4, label) if label else ""
        begin = svg.nanoseconds(int(scale.start(run.first)) - scale.begin)
        long = svg.nanoseconds(int(run.count * scale.span / scale.width))
        kind = "idle" if run.name.startswith(IDLE) else \
            svg.colour(run.name, svg.COOL)
        lines.append(
            f'<g class="f{"" if run.on else " off"}"><title>'
            f"{svg.clean(run.name)}\nfrom {begin} on, for about {long}"
            f'{"" if run.on else ", without a CPU"}</title>'
            f'<rect class="{kind}" x="{x}" y="{y:.0f}" width="{run.count}" '
            f'height="{height}"/>{words}</g>')
    return lines
