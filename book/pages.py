# SPDX-License-Identifier: MIT
"""How many pages a chapter has, by the lines that it would fill on paper.

Counted are the lines of its text, with blank ones, exercises and answers, the
lines of the code that it includes, and PICTURE lines for each picture. LINES of
them are a page, and a page that is begun is one. A scene of the theatre is a
page.
"""
import math
import re

from book import excerpt, prose

LINES, PICTURE = 45, 15
FEWEST, MOST = 4, 8
SCENE = re.compile(r'^<iframe class="theatre".*\n', re.M)


def at(lines, first, text):
    """The index of the first line from there on that has the text."""
    return next(nr for nr in range(first, len(lines)) if text in lines[nr])


def included(name, options):
    """How many lines of the file a literalinclude shows."""
    text = (prose.FOLDER / name).read_text("utf-8")
    if "function" in options:
        first, last = excerpt.function(text, options["function"])
        return last - first + 1
    lines = text.expandtabs(8).splitlines()
    first, last = 0, len(lines) - 1
    if "start-at" in options:
        first = at(lines, 0, options["start-at"])
    if "end-at" in options:
        last = at(lines, first, options["end-at"])
    if "end-before" in options:
        last = at(lines, first + 1, options["end-before"]) - 1
    return last - first + 1


def lines_of(text):
    text = SCENE.sub("", text)
    code = sum(included(name, dict(prose.OPTION.findall(body)))
               for name, body in prose.INCLUDE.findall(text))
    return len(text.splitlines()) + code + PICTURE * text.count("](pictures/")


def pages(text):
    return math.ceil(lines_of(text) / LINES) + len(SCENE.findall(text))


def main():
    for path in prose.chapters():
        if path.name[0].isdigit():
            text = path.read_text("utf-8")
            print(f"{pages(text)} pages, {lines_of(text)} lines: {path.name}")


if __name__ == "__main__":
    main()
