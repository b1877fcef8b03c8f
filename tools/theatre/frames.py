# SPDX-License-Identifier: MIT
"""Turns a scene into frames: all that the page shows at each moment, as data.

The model (hold.py) runs here, once; the page only shows frame after frame.
"""
from tools.theatre import sources, words
from tools.theatre.hold import Stage, meaning, mixtures_without, moments
from tools.theatre.judge import judge


def origin(scene, at, value):
    """A byte's origin: old, new, int3, both (old equals new) or other."""
    if value == 0xcc and scene.old[at] != 0xcc != scene.new[at]:
        return "int3"
    old, new = value == scene.old[at], value == scene.new[at]
    return "both" if old and new else "old" if old else "new" if new else \
        "other"


def row(scene, stage, held):
    """A row of the table: what a CPU may hold and may execute."""
    parts = [[{"text": words.spaced(value),
               "origin": origin(scene, at, value[0])} for value in values]
             for (at, _), values in zip(stage.parts, held.values)]
    bad = [words.spaced(data) for data in held.may_execute(scene)]
    if held.parked:
        verdict = "nothing: it is parked"
    else:
        verdict = words.mixtures(bad) if bad else words.whole(
            {meaning(scene, data) for data in held.combinations()})
    if held.inside:
        verdict = "the trampoline: it is inside"
    return {"parts": parts, "bad": bool(bad), "verdict": verdict}


def frame(scene, stage, at, event, step):
    sentence, detail = words.of(scene, event)
    touched = range(event["off"], event["off"] + event["len"]) \
        if event["e"] == "store" else ()
    shown = event["saw"] if event.get("did") == "mix" else stage.memory
    kind = meaning(scene, shown)
    return {
        "t": at, "step": step, "sentence": sentence, "detail": detail,
        "bad": event.get("did") in ("mix", "nobody", "twice", "freed"),
        "bytes": [{"text": f"{value:02x}", "origin": origin(scene, i, value),
                   "touched": i in touched} for i, value in enumerate(shown)],
        "meaning": words.MEANINGS[kind], "mix": kind == "mix",
        "whose": f"what CPU {event['cpu']} executed"
        if event.get("did") == "mix" else "memory",
        "rows": [row(scene, stage, held) for held in stage.cpus],
    }


def first(scene, stage):
    event = {"e": "go", "cpu": 0}
    shown = frame(scene, stage, 0, event, None)
    shown.update(
        sentence=f"{scene.about['fn']}() is called on {scene.about['cpus']} "
                 "CPUs. Its first five bytes are about to change.",
        detail=words.METHODS.get(scene.about["method"], "").strip())
    return shown


def last(scene, before, verdict):
    """After the last event has ended: what the scene shows."""
    return {
        **before, "step": None, "detail": "",
        "t": max(event.get("end", event.get("t", 0))
                 for event in scene.events),
        "sentence": words.END[scene.complete] + verdict.sentence,
        "bad": bool(verdict.torn or verdict.lost),
        "bytes": [{**byte, "touched": False} for byte in before["bytes"]],
    }


def marks(scene):
    """The marks that the lanes draw."""
    kept = []
    for event in scene.events:
        mark = {key: value for key, value in event.items()
                if isinstance(value, (int, str)) and key != "th"}
        if event["e"] == "store":
            mark["bytes"] = [origin(scene, i, event["b"][i]) for i in range(
                event["off"], event["off"] + event["len"])]
        kept.append(mark)
    return kept


def without(scene, name, nth):
    """What would be possible without this step: computed, not quoted."""
    if name != "sync":
        return ""
    found = mixtures_without(scene, nth)
    if not found:
        return words.NOTHING_WITHOUT
    others = len(found) - 1
    more = (f" (or {others} other mixture{'s' if others > 1 else ''})"
            if others else "")
    return words.WITHOUT.format(words.spaced(found[0]) + more)


def steps_of(scene):
    """Of each step: what it is for, and where that is explained."""
    seen, kept, batches, waited = {}, [], 0, False
    for event in scene.events:
        waited |= event["e"] == "ipi"
        if event["e"] != "step":
            continue
        name = event["name"]
        seen[name] = seen.get(name, 0) + 1
        batches += name == "publish"
        nth = (seen[name] - 1) % 3 + 1 if batches > 1 else seen[name]
        again = len([other for other in scene.events if other["e"] == "step"
                     and other["name"] == name]) > 1
        kept.append({"i": event["i"],
                     "name": f"{name} {seen[name]}" if again else name,
                     "without": without(scene, name, seen[name]),
                     "why": words.why(scene.about["method"], name, nth,
                                      waited),
                     **sources.of_step(name, nth)})
        waited = False
    return kept


def of_scene(scene):
    """The whole scene for the page: JSON without bytes in it."""
    stage, step = Stage(scene), None
    frames, verdict = [first(scene, stage)], judge(scene)
    steps = steps_of(scene)
    names = {one["i"]: one["name"] for one in steps}
    ends = []  # of the steps that have begun
    for at, event in moments(scene):
        stage.play(event)
        if event["e"] == "step":
            step = event["i"]
            event = {**event, "shown": names[step]}
            ends.append((event["end"], step))
        elif step is not None and at > ends[-1][0]:
            step = None
        frames.append(frame(scene, stage, at, event, step))
    frames.append(last(scene, frames[-1], verdict))
    about = {key: value for key, value in scene.about.items() if key != "th"}
    return {"about": about, "title": scene.title,
            "kind": words.kind(scene.about["method"]), "frames": frames,
            "versions": words.versions(scene),
            "marks": marks(scene), "verdict": verdict.sentence,
            "steps": steps, "problems": verdict.problems,
            "stale": len(verdict.stale), "dropped": scene.end["dropped"],
            "parts": [f"byte {a}" if b - a == 1 else f"bytes {a} to {b - 1}"
                      for a, b in scene.slices()]}
