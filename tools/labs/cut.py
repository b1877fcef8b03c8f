# SPDX-License-Identifier: MIT
"""Cuts definitions out of a source file, by name.

A function keeps its head and its comment and gets the body of a stub; an array
keeps its declaration. So no file carries a mark for the labs, and a name that
was changed is an error and not a lab without a hole.
"""
import re


class LabError(Exception):
    """What a user has asked for cannot be done; the text says why."""


# What a file needs that has lost bodies: their helpers are not called now.
QUIET = ("/* Code may be cut out of here: what it alone used is unused. */\n"
         '#pragma GCC diagnostic ignored "-Wunused-function"\n'
         '#pragma GCC diagnostic ignored "-Wunused-variable"\n'
         '#pragma GCC diagnostic ignored "-Wunused-const-variable"\n')

FUNCTION = (r"^(?:[A-Za-z_][\w *()]*[ *\n])?{name}\([^;{{}}]*?\)\n\{{\n"
            r"(?P<body>.*?)^\}}\n")
ARRAY = r"^[^\n;{{}}]*\b{name}\[[^]\n]*\] = \{{\n(?P<body>.*?)^\}};\n"
ASSEMBLY = r"^func {name}\n(?P<body>.*?)^endfunc {name}\n"
PROCESS = (r"^(?:active )?(?:proctype|inline) {name}\([^)]*\)\n\{{\n"
           r"(?P<body>.*?)^\}}\n")
TEST = (r"^(?:KTEST|KTEST_FLAGS|UNIT)\({suite},\s*{test}\b[^)]*\)\n\{{\n"
        r"(?P<body>.*?)^\}}\n")


def patterns(file):
    if file.endswith(".asm"):
        return [ASSEMBLY]
    if file.endswith(".pml"):
        return [PROCESS]
    return [FUNCTION, ARRAY]


def find(file, text, name):
    """The match of the only definition of that name."""
    found = [match for pattern in patterns(file)
             for match in re.finditer(pattern.format(name=re.escape(name)),
                                      text, re.MULTILINE | re.DOTALL)]
    if len(found) != 1:
        raise LabError(f"{file}: '{name}' is to be cut out, but is defined "
                       f"{len(found)} times")
    return found[0]


def body(file, text, name):
    return find(file, text, name)["body"]


def replaced(file, text, name, becomes):
    match = find(file, text, name)
    return text[:match.start("body")] + becomes + text[match.end("body"):]


def stub(file, lab, code):
    """The body of a hole: a line that names the lab, and the code."""
    opens, closes = {"asm": ("; ", ""), "pml": ("/* ", " */")}.get(
        file.rpartition(".")[2], ("/* ", " */"))
    lines = [f"{opens}Yours to write: {lab}/README.md{closes}",
             *code.splitlines()]
    return "".join(f"\t{line}\n" for line in lines)


def quiet(text):
    """The text of a C file, without warnings of what is not used."""
    first, rest = text.split("\n", 1)
    return f"{first}\n{QUIET}{rest}"


def holes(file, text, lab, cuts):
    """The text without the bodies of cuts, pairs of a name and a stub."""
    for name, code in cuts:
        text = replaced(file, text, name, stub(file, lab, code))
    return quiet(text) if file.endswith(".c") else text


def test_pattern(test):
    suite, _, name = test.partition(".")
    return re.compile(TEST.format(suite=re.escape(suite),
                                  test=re.escape(name)),
                      re.MULTILINE | re.DOTALL)


def without_tests(file, text, tests):
    """The text without those tests. What they alone use stays, unused, and has
    no mark that would tell: see labs/targets.mk."""
    for test in tests:
        text, count = test_pattern(test).subn("", text)
        if count != 1:
            raise LabError(f"{file}: test '{test}' is to be withheld, but is "
                           f"defined {count} times")
    return text


DEFINED = re.compile(r"^(?:KTEST|KTEST_FLAGS|UNIT)\((\w+),\s*(\w+)",
                     re.MULTILINE)


def tests_of(text):
    """suite.name of each test of a file, in their order."""
    return [f"{suite}.{name}" for suite, name in DEFINED.findall(text)]
