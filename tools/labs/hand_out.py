# SPDX-License-Identifier: MIT
"""`make hand-out LAB=3 DIR=...`: a fresh repository with holes.

It has one commit and no history, and nothing that has the solution in it: not
the other labs, and not the tests that quote lines of the kernel to break them.
"""
import os
import pathlib
import re
import sys

from tools.labs import cut, spec, tree
from tools.labs.cut import LabError

ROOT = spec.ROOT
# Quote the code that is cut out, or are about the labs themselves.
WITHHELD = re.compile(r"labs/(?!targets\.mk$|DESIGN\.md$)|"
                      r"tests/\w*_mutants\.py$|tests/test_labs\w*\.py$|"
                      r"\.ci/|\.git")


def kept(files):
    """Without what is withheld."""
    return {path: data for path, data in files.items()
            if not WITHHELD.match(path) or path == ".gitignore"}


def with_holes(lab, files):
    """{path: bytes} of the files of a lab, cut."""
    found = {}
    for file in dict.fromkeys(hole.file for hole in lab.holes):
        if file not in files:
            raise LabError(f"{lab.folder}: there is no {file}")
        cuts = [(hole.name, hole.code) for hole in lab.holes
                if hole.file == file]
        found[file] = cut.holes(file, files[file].decode(), lab.folder,
                                cuts).encode()
    return found


def blank(lab):
    """answers.txt, to be filled in."""
    if not lab.answers:
        return {}
    text = "".join(f"{line}\n" for line in lab.answers)
    return {f"{lab.folder}/answers.txt": text.encode()}


def make(lab, files):
    """The tree that is handed out."""
    readme = f"{lab.folder}/README.md"
    return (kept(files) | with_holes(lab, files) | blank(lab)
            | {readme: files[readme],
               f"{lab.folder}/lab.json": spec.as_json(lab).encode()})


def modes(to, files):
    """What may be executed here may be executed there."""
    for path in files:
        if (ROOT / path).exists():
            (to / path).chmod((ROOT / path).stat().st_mode & 0o777)


def write(folder, files, message):
    """A repository with one commit of these files. Return: its folder."""
    if folder and pathlib.Path(folder).resolve().is_relative_to(ROOT):
        raise LabError(f"DIR={folder}: is inside this tree, which would then "
                       "hold a second repository; name a folder outside")
    to = tree.empty_folder(folder)
    tree.sync(to, files)
    modes(to, files)
    tree.commit(to, message)
    return to


def hand_out(number, folder):
    lab = spec.load(number)
    to = write(folder, make(lab, tree.read(ROOT)),
               f"{lab.folder}: {lab.title}")
    print(f"{to}: {lab.title}, {lab.points} points. Read {lab.folder}/"
          f"README.md there; `make grade LAB={number}` counts the points.")


def main():
    try:
        hand_out(os.environ.get("LAB", ""), os.environ.get("DIR", ""))
    except LabError as error:
        print(f"hand-out: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
