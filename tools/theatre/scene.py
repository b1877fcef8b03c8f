# SPDX-License-Identifier: MIT
"""Reads scenes from a log: one patch of one site, seen by every CPU.

Three writers have this format: the kernel (tests/lab/record_print.c), Spin's
counterexamples (model.py) and a plugin of QEMU (tests/plugin/scene.c).

A scene is a sequence of JSON lines, each an object with "th": 1. The first has
"e": "scene", the last "e": "end"; other lines of the log may lie between them.
Times are nanoseconds, instructions or a model's steps, from the scene's start.
The forms:

    scene  method cpus patcher site fn clock seed   the scene's parameters
    site   old new parts [nobody]   hex bytes; parts: bytes that a store
                                covers; nobody: words that call no target
    step   i name t end         a phase of the protocol
    store  cpu t end off len b  b: the bytes after the store
    ipi    round t              the patcher asks all CPUs to serialise
    ack    round cpu t end      a CPU is asked at t, has serialised at end;
                                round 0: it has so for another reason
    run    cpu t last end n did how [saw vec late again]  n equal calls, folded
    park   cpu t end            a CPU waits, and serialises at the end
    inside cpu t end            a CPU is in the code that is to be freed
    quiet  t                    from now on no task can be in it
    fetch  cpu t off len b      a model's CPU fetches bytes; b: of memory
    end    calls torn lost dropped [complete]     the writer's own account;
                                complete 0: it ends before the patch does

Lines of other forms are ignored, so that a newer kernel plays on an older page.
"""
import json
from dataclasses import dataclass, field

SIZE = 5  # bytes of a site
DID = ("old", "new", "mix", "nobody", "twice", "freed")
HOW = ("direct", "trap", "spin")

# The members that a line of each form must have, with their types.
FORMS = {
    "scene": {"method": str, "cpus": int, "patcher": int, "fn": str,
              "clock": str},
    "site": {"old": str, "new": str, "parts": list},
    "step": {"i": int, "name": str, "t": int, "end": int},
    "store": {"cpu": int, "t": int, "end": int, "off": int, "len": int,
              "b": str},
    "ipi": {"round": int, "t": int},
    "ack": {"round": int, "cpu": int, "t": int, "end": int},
    "run": {"cpu": int, "t": int, "last": int, "end": int, "n": int,
            "did": str, "how": str},
    "park": {"cpu": int, "t": int, "end": int},
    "inside": {"cpu": int, "t": int, "end": int},
    "quiet": {"t": int},
    "fetch": {"cpu": int, "t": int, "off": int, "len": int, "b": str},
    "end": {"calls": int, "torn": int, "lost": int, "dropped": int},
}


class SceneError(Exception):
    """The error for a log that cannot be played, with place and reason."""


@dataclass
class Scene:
    about: dict
    old: bytes = b""
    new: bytes = b""
    parts: list = field(default_factory=list)  # sizes; their sum is SIZE
    nobody: list = field(default_factory=list)  # words that call no target
    events: list = field(default_factory=list)  # in order of time
    end: dict = None

    @property
    def title(self):
        seed = self.about.get("seed")
        by = ", seen by QEMU" if self.about.get("writer") == "plugin" else ""
        return self.about["method"] + by + (f" (seed {seed})" if seed else "")

    @property
    def complete(self):
        """Does it end with the patch?"""
        return bool(self.end.get("complete", 1))

    @property
    def cpus(self):
        return range(self.about["cpus"])

    def slices(self):
        """(offset, end) of each part."""
        at = 0
        for size in self.parts:
            yield at, at + size
            at += size


def five(text, where):
    try:
        data = bytes.fromhex(text)
    except (ValueError, TypeError):
        raise SceneError(f"{where}: no hex bytes: {text!r}") from None
    if len(data) != SIZE:
        raise SceneError(f"{where}: {len(data)} bytes instead of {SIZE}")
    return data


def check_form(line, where):
    for name, kind in FORMS[line["e"]].items():
        value = line.get(name)
        if not isinstance(value, kind) or isinstance(value, bool):
            raise SceneError(f"{where}: {line['e']} needs {name}, "
                             f"a {kind.__name__}; it has {value!r}")


def check_ranges(scene, line, where):
    if "cpu" in line and line["cpu"] not in scene.cpus:
        raise SceneError(f"{where}: there is no CPU {line['cpu']}")
    if line.get("end", line["t"]) < line["t"]:
        raise SceneError(f"{where}: it ends before it begins")
    if line["e"] in ("store", "fetch"):
        line["b"] = five(line["b"], where)
        if not 0 <= line["off"] < line["off"] + line["len"] <= SIZE:
            raise SceneError(f"{where}: a store outside the site")
    if line["e"] == "run":
        if line["did"] not in DID or line["how"] not in HOW:
            raise SceneError(f"{where}: did {line['did']!r}, "
                             f"how {line['how']!r}")
        if line["did"] == "mix":
            line["saw"] = five(line.get("saw", ""), where)


def set_site(scene, line, where):
    scene.old, scene.new = five(line["old"], where), five(line["new"], where)
    parts = line["parts"]
    if not all(isinstance(size, int) and size > 0 for size in parts) or \
            sum(parts) != SIZE:
        raise SceneError(f"{where}: parts {parts} do not make {SIZE} bytes")
    scene.parts = parts
    words = line.get("nobody", [])
    if not isinstance(words, list):
        raise SceneError(f"{where}: nobody is a list, not {words!r}")
    scene.nobody = [five(word, where) for word in words]


def lines_of(text, name):
    """(where, object) of each line that belongs to a scene."""
    for nr, row in enumerate(text.splitlines(), 1):
        at = row.find('{"th":1,')
        if at < 0:
            continue
        where = f"{name}:{nr}"
        try:
            line = json.loads(row[at:])
        except ValueError as error:
            raise SceneError(f"{where}: a damaged line: {error}") from None
        if line.get("e") in FORMS:
            check_form(line, where)
            yield where, line


def parse(text, name="log"):
    """All scenes of a log. Raises SceneError if one cannot be played."""
    scenes, scene = [], None
    for where, line in lines_of(text, name):
        if line["e"] == "scene":
            if scene:
                raise SceneError(f"{where}: the scene before has no end")
            if not 0 <= line["patcher"] < line["cpus"] <= 64:
                raise SceneError(f"{where}: patcher {line['patcher']} of "
                                 f"{line['cpus']} CPUs")
            scene = Scene(line)
            continue
        if not scene:
            raise SceneError(f"{where}: {line['e']} outside a scene")
        if line["e"] == "site":
            set_site(scene, line, where)
        elif not scene.parts:
            raise SceneError(f"{where}: the scene's bytes are not known yet")
        elif line["e"] == "end":
            scene.end = line
            scene.events.sort(key=lambda event: event["t"])
            scenes.append(scene)
            scene = None
        else:
            check_ranges(scene, line, where)
            scene.events.append(line)
    if scene:
        raise SceneError(f"{name}: the last scene has no end")
    if not scenes:
        raise SceneError(f"{name}: there is no scene in it")
    return scenes
