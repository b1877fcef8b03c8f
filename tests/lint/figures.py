# SPDX-License-Identifier: MIT
"""The figures that describe the house; `make lint` prints them."""
from tests.lint import size, source, walk

CODE = ("boot/", "arch/", "kernel/", "trace/", "demo/")
# A picture of each letter: a table, not a text that one reads.
TABLES = {"kernel/base/font8x16.c"}


def comment_lines(path, text):
    """Lines on which a comment stands, alone or behind code."""
    if path.endswith((".asm", ".inc")):
        return sum(";" in line for line in text.splitlines())
    return sum(token.count("\n") + 1 for token in source.TOKEN.findall(text)
               if token[0] == "/")


def count(found, prefix=""):
    """Lines of the files whose path begins so."""
    return sum(text.count("\n") for path, text in found.items()
               if path.startswith(prefix))


def texts():
    return {path: source.read(path) for path in
            source.files(".c", ".h", ".asm", ".inc")
            if path.startswith(CODE) and path not in TABLES}


def lines(found=None):
    found = found or texts()
    total = count(found)
    comments = sum(comment_lines(*item) for item in found.items())
    largest = max(found, key=lambda path: count(found, path))
    bodies = [(body, name, path) for path, text in found.items()
              if path.endswith((".c", ".h"))
              for name, _, body in size.functions(text)]
    body, name, path = max(bodies)
    files, returns = walk.figures()
    folders = ", ".join(f"{top} {count(found, top)}" for top in CODE)
    yield (f"the way of {walk.START[1]} from {walk.START[0]}(): {files} files, "
           f"{returns} returns")
    yield f"code: {total} lines ({folders})"
    yield f"comments: {100 * comments / total:.1f} % of the lines"
    yield f"largest file: {largest}, {count(found, largest)} lines"
    yield f"longest body: {name} in {path}, {body} lines"
    yield f"median body: {sorted(bodies)[len(bodies) // 2][0]} lines"
