# SPDX-License-Identifier: MIT
"""What a lab is: labs/NN-name/lab.py in the whole tree, and lab.json, without
the wrong answers, in a tree that was handed out."""
import dataclasses
import importlib.util
import json
import pathlib
from dataclasses import dataclass, field

from tools.labs.cut import LabError

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Hole:
    """A definition that is cut out; code is what stands there instead."""
    file: str
    name: str
    code: str = ""


@dataclass(frozen=True)
class Test:
    """kind: a function of judge.JUDGES. where: what it needs to know."""
    kind: str
    name: str
    points: int
    where: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Wrong:
    """A wrong answer: text of the solution becomes another; fails has the
    names of the tests that notice; perhaps: of those that see it or not, as the
    schedule of the image has it."""
    what: str
    file: str
    text: str
    becomes: str
    fails: list
    perhaps: list = field(default_factory=list)


def boot(name, points, smp=2, image="test", append="", also="", quiet=None):
    """A test in the image, with counted instructions. also: another one that
    has to pass, too, because nothing at all would pass the first. quiet: see
    build.QUIET_MS."""
    return Test("boot", name, points, {"smp": smp, "image": image,
                                       "append": append, "also": also,
                                       "quiet": quiet})


def unit(program, name, points, whole=False):
    """A test of tests/unit/test_PROGRAM.c. whole: the tests before it run in
    the same process, because it builds on what they have set up."""
    return Test("unit", name, points, {"program": program, "whole": whole})


def model(name, points, runs):
    """Runs of Spin: pairs of how many errors it has to find, 0 or 1, and of
    what is defined."""
    return Test("model", name, points, {"runs": runs})


def answer(name, points, check):
    """A line "name: value" of answers.txt; check: a row of answers.py."""
    return Test("answer", name, points, {"check": check})


@dataclass
class Lab:
    folder: str  # labs/03-the-trap
    title: str
    tests: list
    holes: list = field(default_factory=list)
    wrong: list = field(default_factory=list)
    answers: list = field(default_factory=list)  # lines of answers.txt
    scene: str = ""  # of the theatre, shown where a test fails

    @property
    def points(self):
        return sum(test.points for test in self.tests)

    @property
    def files(self):
        """What a student writes in."""
        names = list(dict.fromkeys(hole.file for hole in self.holes))
        return names + ([f"{self.folder}/answers.txt"] if self.answers else [])


NAMES = {"title": "TITLE", "tests": "TESTS", "holes": "HOLES",
         "wrong": "WRONG", "answers": "ANSWERS", "scene": "SCENE"}


def from_python(path, root):
    place = importlib.util.spec_from_file_location(path.parent.name, path)
    module = importlib.util.module_from_spec(place)
    place.loader.exec_module(module)
    values = {key: getattr(module, name) for key, name in NAMES.items()
              if hasattr(module, name)}
    return Lab(folder=path.parent.relative_to(root).as_posix(), **values)


def from_json(path):
    values = json.loads(path.read_text("utf-8"))
    values["tests"] = [Test(**test) for test in values["tests"]]
    values["holes"] = [Hole(**hole) for hole in values["holes"]]
    return Lab(**values)


def as_json(lab):
    """Without the wrong answers."""
    values = dataclasses.asdict(lab)
    del values["wrong"]
    return json.dumps(values, indent=1) + "\n"


def numbers(root=ROOT):
    """{number as a text: folder} of all labs of a tree."""
    found = {}
    for folder in sorted((root / "labs").glob("[0-9]*-*")):
        if any((folder / name).exists() for name in ("lab.py", "lab.json")):
            found[str(int(folder.name.partition("-")[0]))] = folder
    return found


def handed_out(root=ROOT):
    """Is it a tree that was handed out, so that tests are its first commit's?
    """
    return any((root / "labs").glob("*/*.json"))


def load(number, root=ROOT):
    """The lab of that number; "" is the only one of a tree handed out."""
    known = numbers(root)
    if not number and len(known) == 1:
        number = next(iter(known))
    if not number.isdecimal() or str(int(number)) not in known:
        raise LabError(f"LAB={number}: labs are {', '.join(known) or 'none'}")
    folder = known[str(int(number))]
    if (folder / "lab.json").exists():
        return from_json(folder / "lab.json")
    return from_python(folder / "lab.py", root)
