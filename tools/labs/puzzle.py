# SPDX-License-Identifier: MIT
"""`make puzzle SEED=name DIR=...`: a kernel with one fault, for one student.

The fault is one of those that our own tests break the kernel with
(tests/test_*_mutants.py): each compiles, boots, and is noticed by a named test.
The seed chooses it. That test is withheld, and so are the files that have the
faults. What is needed to grade lies in labs/puzzle/sealed: packed, so that
nobody reads it by accident. A lecturer's tree does without it.
"""
import base64
import hashlib
import importlib
import json
import os
import pathlib
import re
import sys
import zlib
from dataclasses import dataclass

from tests.mutants import mutated
from tools.labs import cut, hand_out, spec, tree
from tools.labs.cut import LabError

ROOT = spec.ROOT
FOLDER = "labs/puzzle"
SEALED = f"{FOLDER}/sealed"
TEST_FILE = re.compile(r"tests/(?:kernel|debug|lab)/\w+\.c$")


@dataclass(frozen=True)
class Fault:
    what: str
    file: str
    text: str
    becomes: str
    tests: str    # globs of those that are run
    noticed: str  # in the log
    smp: int
    image: str


# Module, its list, and the CPUs and the image with which its test boots them.
# A grade boots all with counted instructions: a fault that they do not show is
# no puzzle.
SOURCES = (
    ("patch", "MUTANTS", 2, "debug"),
    ("entry", "MUTANTS", 2, "test"),
    ("entry", "COUNTED", 4, "test"),
    ("probe", "MUTANTS", 2, "test"),
    ("command", "MUTANTS", 2, "test"),
)


def faults():
    found = []
    for name, rows, smp, image in SOURCES:
        module = importlib.import_module(f"tests.test_{name}_mutants")
        found += [Fault(*row, smp, image)
                  for row in getattr(module, rows)]
    return sorted(found, key=lambda fault: (fault.file, fault.what))


def chosen(seed):
    """The fault of a seed; any text is one."""
    if not seed:
        raise LabError("SEED= is missing: a name, such as the student's")
    rows = faults()
    digest = hashlib.sha256(seed.encode()).digest()
    return rows[int.from_bytes(digest[:8], "big") % len(rows)]


def selects(globs, test):
    """As tests/kernel/ktest.c: by suite.name or by suite."""
    names = (test, test.partition(".")[0])
    return any(re.fullmatch(re.escape(glob).replace(r"\*", ".*"), name)
               for glob in globs.split(",") for name in names)


def withheld(fault, files):
    """{file: [tests]} of the tests that have to notice it."""
    found = {}
    for path, data in files.items():
        if TEST_FILE.match(path):
            tests = [test for test in cut.tests_of(data.decode())
                     if selects(fault.tests, test)]
            if tests:
                found[path] = tests
    if not found:
        raise LabError(f"no test is named {fault.tests}")
    return found


def without(files, tests):
    """The files of those tests, without them."""
    return {path: cut.without_tests(path, files[path].decode(),
                                    names).encode()
            for path, names in tests.items()}


def broken(fault, files):
    """What was removed leaves no line that holds only white space."""
    text = mutated(files[fault.file].decode(), fault.text, fault.becomes)
    return {fault.file: re.sub(r"(?m)^[ \t]+\n", "", text).encode()}


def seal(fault, files):
    """What grading needs: the sound file and the tests, whole."""
    tests = withheld(fault, files)
    inside = {"tests": [name for names in tests.values() for name in names],
              "smp": fault.smp, "image": fault.image, "file": fault.file,
              "files": {path: files[path].decode()
                        for path in [fault.file, *tests]}}
    return base64.encodebytes(zlib.compress(json.dumps(inside).encode(), 9))


def unseal(data):
    return json.loads(zlib.decompress(base64.decodebytes(data)))


def make(fault, files):
    """The tree that is handed out."""
    readme = f"{FOLDER}/README.md"
    return (hand_out.kept(files) | without(files, withheld(fault, files))
            | broken(fault, files)
            | {readme: files[readme], SEALED: seal(fault, files)})


def puzzle(seed, folder):
    fault = chosen(seed)
    to = hand_out.write(folder, make(fault, tree.read(ROOT)),
                        f"puzzle: a kernel with one fault, for {seed}")
    print(f"{to}: a kernel with one fault. Read {FOLDER}/README.md there; "
          "`make grade` counts the points.")


def main():
    try:
        puzzle(os.environ.get("SEED", ""), os.environ.get("DIR", ""))
    except LabError as error:
        print(f"puzzle: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
