# SPDX-License-Identifier: MIT
"""Files and folders that refer to each other in a circle.

Objects are read as in symbols.py; the declared up-calls are no part of a
circle. Folders form none. Inside a folder a circle has at most MOST files, as
many as a reader can hold in mind. KNOWN and KNOWN_FOLDERS would be the others,
each with the reason why it is there: there is none.
"""
import os
import pathlib

from tests.lint import layers, symbols

MOST = 3

# The folder: the number of files, and the reason.
KNOWN = {}

KNOWN_FOLDERS = {}


def folder(path):
    return path.rpartition("/")[0]


def references(objects, upcalls):
    """{source: sources that it refers to}, without roots and up-calls."""
    owner = {name: path for path, (defined, _) in objects.items()
             for name in defined}
    return {path: {owner[name] for name in undefined - set(upcalls)
                   if name in owner} - {path}
            for path, (_, undefined) in objects.items()
            if path not in layers.ROOTS}


def circles(graph):
    """The strongly connected parts of more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            if len(stack) - at > 1:
                found.append(sorted(stack[at:]))
            del stack[at:]

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def of_folders(graph):
    upper = {}
    for path, others in graph.items():
        upper.setdefault(folder(path), set()).update(
            folder(other) for other in others if folder(other) != folder(path))
    return circles(upper)


def of_files(graph):
    """Those inside one folder, larger than MOST."""
    for place in sorted({folder(path) for path in graph}):
        inside = {path: {other for other in others if folder(other) == place}
                  for path, others in graph.items() if folder(path) == place}
        yield from (circle for circle in circles(inside) if len(circle) > MOST)


def judge(graph, known, known_folders):
    rest, rest_folders = dict(known), dict(known_folders)
    for circle in of_folders(graph):
        if not rest_folders.pop(frozenset(circle), None):
            yield f"folders in a circle: {', '.join(circle)}"
    for circle in of_files(graph):
        if len(circle) > rest.pop(folder(circle[0]), (MOST, ""))[0]:
            yield f"{len(circle)} files in a circle: {', '.join(circle)}"
    for entry in [*rest, *map(sorted, rest_folders)]:
        yield f"circles.py: there is no such circle: {entry}"


def check():
    build = pathlib.Path(os.environ.get("BUILD", "build"))
    listed = tuple((build / "nop5.objects").read_text().split())
    objects = symbols.read_objects(build, listed)
    return list(judge(references(objects, symbols.UPCALLS), KNOWN,
                      KNOWN_FOLDERS))
