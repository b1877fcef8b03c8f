# SPDX-License-Identifier: MIT
"""Adds up the cost of each path of callers.

The cost is nanoseconds of function_graph's calls. If there are none, it is
stack traces as samples; if there are none either, it is calls of the function
tracer, each under its caller.
"""
from collections.abc import Iterator
from dataclasses import dataclass, field

from .calls import Frame, Step, Walk, Walker
from .model import Event, Kind, Trace

TIME, SAMPLES, CALLS = "ns", "samples", "calls"


@dataclass(slots=True)
class Node:
    """A path of callers. total and calls count whole calls; own is the part of
    total outside all callees."""
    name: str
    parent: "Node | None" = None
    total: int = 0
    calls: int = 0
    cut: int = 0
    value: int = 0  # total, or its children's sum if that is more
    children: dict[str, "Node"] = field(default_factory=dict)

    def child(self, name: str) -> "Node":
        found = self.children.get(name)
        if found is None:
            found = self.children[name] = Node(name, self)
        return found

    @property
    def own(self) -> int:
        return self.value - sum(one.value for one in self.children.values())


@dataclass
class Stacks:
    """The tree; its root's children are tasks."""
    root: Node
    unit: str

    @property
    def value(self) -> int:
        return self.root.value

    def nodes(self) -> Iterator[Node]:
        """Every node but the root, parents first."""
        pending = list(self.root.children.values())
        while pending:
            node = pending.pop()
            yield node
            pending += node.children.values()

    def finish(self) -> None:
        """Gives each node its value."""
        for node in reversed([self.root, *self.nodes()]):
            node.value = max(node.total, sum(
                one.value for one in node.children.values()))


def task_of(comm: str) -> str:
    return comm or "?"


def collect(trace: Trace, wanted: str = "") -> Stacks:
    """Adds up all costs in one pass. wanted: one of the three units; without it
    the first unit that the trace has."""
    roots = {unit: Node("all") for unit in (TIME, SAMPLES, CALLS)}
    for one in Walker().walk(trace.events()):
        if one.frame is not None:
            add_call(roots[TIME], one, one.frame)
        elif one.event is not None and one.step is Step.EVENT:
            add_event(roots, one.event)
    for unit, root in roots.items():
        stacks = Stacks(root, unit)
        stacks.finish()
        if unit == wanted or not wanted and stacks.value:
            return stacks
    return Stacks(Node("all"), TIME)


def add_call(root: Node, one: Walk, frame: Frame) -> None:
    if one.step is Step.BEGIN:
        above = frame.parent.mark if frame.parent is not None else \
            root.child(task_of(one.track.comm))
        assert isinstance(above, Node)
        frame.mark = above.child(frame.function)
        return
    node = frame.mark
    assert isinstance(node, Node)
    if frame.cut or frame.duration is None:
        node.cut += 1
    else:
        node.calls += 1
        node.total += frame.duration


def add_event(roots: dict[str, Node], event: Event) -> None:
    if event.kind is Kind.STACK:
        callers = event.fields.get("caller", ())
        assert isinstance(callers, tuple)
        node = roots[SAMPLES].child(task_of(event.comm))
        for name in reversed(callers):
            node = node.child(str(name))
        node.total += 1
        node.calls += 1
    elif event.kind is Kind.FUNCTION:
        node = roots[CALLS].child(task_of(event.comm))
        if event.parent:
            node = node.child(event.parent)
        node = node.child(event.function)
        node.total += 1
        node.calls += 1


def folded_lines(stacks: Stacks) -> Iterator[str]:
    """"task;caller;callee 12", which flamegraph.pl and speedscope read."""
    paths: dict[int, str] = {}
    for node in stacks.nodes():
        above = paths.get(id(node.parent))
        name = node.name.replace(";", ":").replace(" ", "_")
        paths[id(node)] = path = f"{above};{name}" if above else name
        if node.own:
            yield f"{path} {node.own}"
