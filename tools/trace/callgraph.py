# SPDX-License-Identifier: MIT
"""Makes the call graph of a trace, which graphviz's dot draws.

An edge shows how often one function called the other, and with function_graph
how long that took. Only the functions with the most time or calls are kept, so
that the picture is readable.
"""
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field

from . import svg
from .calls import Step, Walker
from .errors import TraceError
from .model import Kind, Trace

AT_MOST = 40
TIMEOUT = 60

STYLE = """<style>
svg { color-scheme: light dark; }
.node polygon, .node path { fill: #fff4e5; stroke: #b0601a; }
.edge path, .edge polygon { stroke: #8c959f; }
.edge polygon { fill: #8c959f; }
text { fill: #1f2328; }
@media (prefers-color-scheme: dark) {
.graph > polygon { fill: #0d1117; }
.node polygon, .node path { fill: #4a2c12; stroke: #f0a35e; }
.edge path, .edge polygon { stroke: #6e7681; }
.edge polygon { fill: #6e7681; }
text { fill: #f0f6fc; }
}
</style>
"""


@dataclass(slots=True)
class Weight:
    """The number of calls and their total duration."""
    calls: int = 0
    time: int = 0

    def label(self) -> str:
        times = f"{self.calls:,}\N{MULTIPLICATION SIGN}"
        return f"{times} {svg.nanoseconds(self.time)}" if self.time else times


@dataclass
class CallGraph:
    """The functions and the calls between them."""
    functions: dict[str, Weight] = field(default_factory=dict)
    edges: dict[tuple[str, str], Weight] = field(default_factory=dict)

    def add(self, caller: str, function: str, time: int) -> None:
        own = self.functions.setdefault(function, Weight())
        own.calls += 1
        own.time += time
        if caller:
            self.functions.setdefault(caller, Weight())
            edge = self.edges.setdefault((caller, function), Weight())
            edge.calls += 1
            edge.time += time


def collect(trace: Trace) -> CallGraph:
    graph = CallGraph()
    for one in Walker().walk(trace.events()):
        frame, event = one.frame, one.event
        if one.step is Step.END and frame is not None:
            caller = frame.parent.function if frame.parent else ""
            graph.add(caller, frame.function, frame.duration or 0)
        elif event is not None and one.step is Step.EVENT and \
                event.kind is Kind.FUNCTION:
            graph.add(event.parent, event.function, 0)
    return graph


def dot_lines(graph: CallGraph, at_most: int = AT_MOST) -> Iterator[str]:
    """The graph in dot's language."""
    kept = sorted(graph.functions, key=lambda name: (
        -graph.functions[name].time, -graph.functions[name].calls, name))
    names = set(kept[:at_most])
    left = len(kept) - len(names)
    yield "digraph calls {"
    yield '  rankdir=LR; nodesep=0.15; ranksep=0.5; bgcolor="#ffffff";'
    yield '  node [shape=box, style="rounded,filled", fillcolor="#fff4e5", ' \
          'fontname="DejaVu Sans", fontsize=11, height=0.3];'
    yield '  edge [fontname="DejaVu Sans", fontsize=9, arrowsize=0.6];'
    if left:
        yield f'  label="{left} functions with less are left out"; ' \
              'fontname="DejaVu Sans"; fontsize=10;'
    for name in sorted(names):
        weight = graph.functions[name]
        words = f"{name}\n{weight.label()}" if weight.calls else name
        yield f"  {quoted(name)} [label={quoted(words)}];"
    most = max((one.calls for one in graph.edges.values()), default=1)
    for (caller, function), weight in sorted(graph.edges.items()):
        if caller in names and function in names:
            pen = 0.6 + 3.4 * weight.calls / most
            yield (f"  {quoted(caller)} -> {quoted(function)} "
                   f"[label={quoted(weight.label())}, penwidth={pen:.1f}];")
    yield "}"


def quoted(text: str) -> str:
    safe = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{safe}"'


def draw(graph: CallGraph, at_most: int = AT_MOST) -> str:
    """The picture as SVG. Raises TraceError."""
    source = "\n".join(dot_lines(graph, at_most))
    try:
        done = subprocess.run(["dot", "-Tsvg"], input=source, text=True,
                              capture_output=True, check=True,
                              timeout=TIMEOUT)
    except FileNotFoundError as error:
        raise TraceError("dot", None, "is not installed (Debian: graphviz); "
                         "`--to dot` writes its input") from error
    except subprocess.TimeoutExpired as error:
        raise TraceError("dot", None, f"has not ended after {TIMEOUT} s; "
                         "--at-most draws fewer functions") from error
    except subprocess.CalledProcessError as error:
        raise TraceError("dot", None, error.stderr.strip()) from error
    before, mark, after = done.stdout.partition('<g id="graph0"')
    return before + STYLE + mark + after
