# SPDX-License-Identifier: MIT
"""Models the bytes of a site that a CPU may still hold, and so may execute.

A CPU fetches an instruction in parts, and may keep each part until it executes
a serialising instruction. So for each part it may hold every value that memory
had since the CPU last serialised. It may execute every combination of one value
for each part.

Only the protocol's own sync rounds count here, not an interrupt that happens to
serialise: a CPU may do anything that no sync round forbids.
"""
import itertools
from dataclasses import dataclass

INT3 = 0xcc
JUMP_TO_ITSELF = bytes.fromhex("ebfe")


def meaning(scene, data):
    """The effect of the five bytes: old, new, trap, wait, nobody, or mix."""
    if data == scene.new:
        return "new"
    if data == scene.old:
        return "old"
    if data[0] == INT3:
        return "trap"
    if data[:2] == JUMP_TO_ITSELF:
        return "wait"
    return "nobody" if data in scene.nobody else "mix"


@dataclass
class Held:
    """The bytes that one CPU may hold. values[i]: of part i, oldest first."""
    values: list
    parked: bool = False
    inside: bool = False  # it is in the code that is to be freed

    def combinations(self):
        return [b"".join(parts) for parts in itertools.product(*self.values)]

    def may_execute(self, scene):
        """Combinations that are not a whole instruction; none while parked."""
        if self.parked:
            return []
        return [data for data in self.combinations()
                if meaning(scene, data) == "mix"]


class Stage:
    """The state of memory and of all CPUs, event by event."""

    def __init__(self, scene):
        self.scene = scene
        self.memory = scene.old
        self.parts = list(scene.slices())
        self.cpus = [Held([[scene.old[a:b]] for a, b in self.parts])
                     for _ in scene.cpus]

    def serialise(self, cpu):
        self.cpus[cpu].values = [[self.memory[a:b]] for a, b in self.parts]

    def store(self, after):
        for (a, b), *lists in zip(self.parts,
                                  *(held.values for held in self.cpus)):
            for values in lists:
                if after[a:b] not in values:
                    values.append(after[a:b])
        self.memory = after

    def play(self, event):
        kind = event["e"]
        if kind == "store":
            self.store(event["b"])
        elif kind == "ack":
            self.serialise(event["cpu"])
        elif kind == "park":
            self.cpus[event["cpu"]].parked = True
        elif kind in ("inside", "leaves"):
            self.cpus[event["cpu"]].inside = kind == "inside"
        elif kind == "resume":
            self.cpus[event["cpu"]].parked = False
            self.serialise(event["cpu"])


def mixtures_without(scene, number):
    """What some CPU could execute if a round of syncs were left out: the
    mixtures that the whole scene makes impossible."""
    found = []
    for left_out in (None, number):
        stage, seen = Stage(scene), set()
        for _, event in moments(scene):
            if event["e"] == "ack" and event["round"] == left_out:
                continue
            stage.play(event)
            seen |= {data for held in stage.cpus
                     for data in held.may_execute(scene)}
        found.append(seen)
    return sorted(found[1] - found[0])


def needed(scene, event):
    """What a run's CPU must have held: the bytes, or their meaning. None: any;
    an INT3 may stay in an emulator after all CPUs have serialised."""
    if event["how"] == "trap" or event["did"] in ("twice", "freed"):
        return None
    if event["did"] == "nobody" and not scene.nobody:
        return None
    if event["did"] == "mix":
        return event["saw"]
    return "wait" if event["how"] == "spin" else event["did"]


def could(scene, held, wanted):
    """Could a CPU that may hold this execute that?"""
    return any(data == wanted or meaning(scene, data) == wanted
               for data in held)


def trapped(scene):
    """When the first INT3 is stored."""
    return min((event["t"] for event in scene.events
                if event["e"] == "store" and event["b"][0] == INT3),
               default=0)


def explained(scene, stage, at, event):
    """Can a run's CPU have executed, by now, what it did?"""
    if event["how"] == "trap":
        return at >= trapped(scene)
    wanted = needed(scene, event)
    return wanted is None or could(
        scene, stage.cpus[event["cpu"]].combinations(), wanted)


def late(scene, found):
    """{id of a run: time of the store whose bytes it executed}. The run's first
    call began before that store and fetched the bytes after it."""
    stage, waiting, times = Stage(scene), [], {}
    for at, event in found:
        stage.play(event)
        if event["e"] == "run":
            waiting.append(event)
        for run in list(waiting):
            if run["end"] < at or explained(scene, stage, at, run):
                waiting.remove(run)
                if run["t"] < at <= run["end"]:
                    times[id(run)] = at
    return times


ENDS = {"park": "resume", "inside": "leaves"}


def moments(scene):
    """(time, event) in order. An acknowledgement counts when it is complete,
    and the end of a park, or of a stay inside, is a separate moment. A run
    comes after the store whose bytes it executed."""
    found = []
    for event in scene.events:
        found.append((event["end"] if event["e"] == "ack" else event["t"],
                      event))
        if event["e"] in ENDS:
            found.append((event["end"], {**event, "e": ENDS[event["e"]],
                                         "t": event["end"]}))
    found.sort(key=lambda moment: moment[0])
    times = late(scene, found)
    return sorted(((times.get(id(event), at), event) for at, event in found),
                  key=lambda moment: (moment[0], id(moment[1]) in times))
