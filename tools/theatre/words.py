# SPDX-License-Identifier: MIT
"""The sentences of the theatre: one for each event and one for each step."""
from tools.theatre.hold import meaning

# What each method tries, for the first frame.
METHODS = {
    "naive": "The simplest way: one byte after the other. ",
    "int3": "The way of this kernel and of Linux: a trap first, and between "
            "two steps every CPU throws away what it fetched before. ",
    "int3-nosync": "The steps of int3, without any wait for a CPU. ",
    "stop": "The safe and slow way: all other CPUs stand still. ",
    "jmpself": "No trap: a CPU that arrives during the patch spins. ",
    "NO_SYNC1": "A model checker looked for the shortest way to a mixture if "
                "the first round of syncs is left out. ",
    "NO_SYNC2": "A model checker looked for the shortest way to a mixture if "
                "the second round of syncs is left out. ",
    "HEAD_FIRST": "A model checker looked for the shortest way to a mixture if "
                  "the first byte is written before the others. ",
    "exchange-gap": "Another target, the obvious way: the old call becomes a "
                    "NOP, then the NOP becomes the new call. ",
    "exchange": "Another target in one step: call to call. ",
    "free-early": "The call is taken out, and its trampoline is freed at once. "
                  "But a CPU may still be inside. ",
    "free": "The call is taken out; the trampoline is freed after a wait for "
            "all tasks. ",
}

# What the scenes of one kind have in common, in front of their buttons; any
# other name is of the first kind.
KINDS = {
    "Method": (),
    "Another target": ("exchange-gap", "exchange"),
    "A trampoline goes": ("free-early", "free"),
    "A model without a part": ("NO_SYNC1", "NO_SYNC2", "HEAD_FIRST"),
}

# The purpose of each step of a method.
STEPS = {
    "publish": "The patcher publishes its list of sites. From now on the trap "
               "handler can find out what a trapped call should do.",
    "int3": "The patcher replaces the first byte by INT3. It is one byte, so "
            "every CPU fetches either the old byte or the new one.",
    "sync": "Every CPU executes a serialising instruction, and so throws away "
            "what it fetched before. The patcher waits for all of them.",
    "tails": "The patcher writes bytes 1 to 4 of the new instruction. No CPU "
             "executes them, provided that none still holds the old byte 0.",
    "first byte": "The patcher replaces the INT3 by the first byte of the new "
                  "instruction, provided that no CPU holds the old tail.",
    "rewrite": "The patcher stores the bytes once more, so that an emulator "
               "that translated old code drops its translation.",
    "retire": "The patcher waits until no CPU is in the trap handler, and "
              "withdraws its list.",
    "bytes": "The patcher stores the new bytes one after the other, while all "
             "other CPUs execute the site.",
    "stop": "The patcher stops all other CPUs.",
    "go": "The other CPUs go on. Each serialises first.",
    "resume": "The other CPUs go on. Each serialises first.",
    "jmpself": "The patcher replaces the first two bytes by a jump to itself. "
               "A CPU that arrives now waits here, and reaches no target.",
    "tail 2..4": "The patcher writes bytes 2 to 4. No CPU executes them, "
                 "provided that none still holds old bytes 0 and 1.",
    "bytes 0..1": "The patcher replaces the jump by the new first two bytes. "
                  "A CPU that waited executes the new instruction.",
    "wait for tasks": "The patcher waits until every task that could be inside "
                      "the trampoline has given up its CPU voluntarily.",
    "free": "The trampoline's memory is filled with INT3, for another user.",
}

# Why each step is there; "sync 2" is the second of that name. UNSYNCED has
# what is true if no round of syncs came directly before.
WHY = {
    "publish": "The trap handler needs this list to do the new call. So the "
               "list comes first.",
    "int3": "One byte is either there or not: no CPU can see half of it. From "
            "here on each call that fetches it traps.",
    "sync 1": "A CPU may still hold the old byte 0, and would not trap. It "
              "must drop it before bytes 1 to 4 change.",
    "tails": "Every CPU traps on byte 0. So nobody executes bytes 1 to 4 while "
             "they change.",
    "sync 2": "A CPU may have fetched old bytes 1 to 4 again since the first "
              "sync. It must drop them before the new byte 0 comes.",
    "first byte": "The rest is in place everywhere. Now the trap is taken "
                  "away.",
    "sync 3": "A CPU may still hold the INT3, and trap although memory no "
              "longer has it. After this sync no new trap can begin.",
    "rewrite": "An emulator may keep a translation of old code that no sync "
               "removes. The same bytes, stored again, make it translate "
               "anew.",
    "retire": "A trap handler may still read the list. It is withdrawn when "
              "the last one has left.",
    "bytes": "A CPU fetches the five bytes in parts, so it can get some old "
             "and some new ones. What it gets depends on the moment.",
    "stop": "A CPU that stands still executes no bytes. So it cannot execute "
            "half of a change.",
    "resume": "All bytes are new. Each CPU drops what it fetched before and "
              "goes on.",
    "go": "All bytes are new. Each CPU drops what it fetched before and goes "
          "on.",
    "jmpself": "Both bytes change in one store: no CPU can see half of it. "
               "Each call that fetches them waits in a loop.",
    "tail 2..4": "Every CPU that calls waits at bytes 0 and 1. So nobody "
                 "executes bytes 2 to 4 while they change.",
    "bytes 0..1": "The rest is in place everywhere. Now the jump is taken "
                  "away, and a CPU that waits goes on.",
    "wait for tasks": "A task may still be inside the trampoline, on a CPU or "
                      "waiting for one. Its code must stay until each has "
                      "left.",
    "free": "Nobody can come to the trampoline any more. If nobody is inside "
            "either, its memory may be used again.",
}
# The same for the jump to itself: (name of the scene's method, step).
WHY_OF = {
    ("jmpself", "sync 1"): "A CPU may still hold old bytes 0 and 1, and would "
                           "not wait. It must drop them before bytes 2 to 4 "
                           "change.",
    ("jmpself", "sync 2"): "A CPU may still hold old bytes 2 to 4. It must "
                           "drop them before the new bytes 0 and 1 come.",
    ("jmpself", "sync 3"): "A CPU may still hold the jump to itself, and would "
                           "wait for ever. It must drop it.",
    ("stop", "bytes"): "All other CPUs stand still. So the bytes may change in "
                       "any order.",
}
UNSYNCED = {
    "tails": "Every CPU should trap on byte 0 while bytes 1 to 4 change. But "
             "nobody waited: a CPU may still hold the old byte 0.",
    "first byte": "The rest should be in place everywhere before the trap "
                  "goes. But nobody waited: a CPU may still hold old bytes 1 "
                  "to 4.",
}


def kind(method):
    """The kind of a scene with this name."""
    for name, methods in KINDS.items():
        if method in methods:
            return name
    return next(iter(KINDS))


def why(method, name, nth, waited):
    """Why the nth step of this name is there. waited: a round of syncs came
    directly before it."""
    if name in UNSYNCED and not waited:
        return UNSYNCED[name]
    for key in (name, f"{name} {nth}"):
        for found in (WHY_OF.get((method, key)), WHY.get(key)):
            if found:
                return found
    return ""


VERSIONS = {0xe8: "a call", 0xe9: "a jump", 0x0f: "a NOP, which does nothing"}


def versions(scene):
    """The old and the new bytes, and what they do."""
    told = []
    for name, data in (("old", scene.old), ("new", scene.new)):
        does = VERSIONS.get(data[0], "another instruction")
        if scene.old[0] == scene.new[0] == 0xe8:
            does = f"a call of the {name} target"
        told.append({"name": name, "text": f"{name}: {spaced(data)}, {does}"})
    return told


# What a CPU may execute without a mixture.
WHOLE = {"old": "the old one", "new": "the new one", "trap": "the trap",
         "wait": "the jump to itself", "nobody": "the NOP"}


def whole(kinds):
    told = [text for kind, text in WHOLE.items() if kind in kinds]
    return "only " + " or ".join(filter(None, [", ".join(told[:-1]),
                                               told[-1]]))


def mixtures(found):
    if len(found) == 1:
        return f"1 mixture: {found[0]}"
    return f"{len(found)} mixtures, e.g. {found[0]}"


EXCEPTIONS = {3: "INT3", 6: "invalid opcode", 13: "general protection",
              14: "page fault"}


def exception(vector):
    name = EXCEPTIONS.get(vector)
    return f"exception {vector}" + (f" ({name})" if name else "")


WITHOUT = "Without this sync a CPU could execute {}."
NOTHING_WITHOUT = ("Without this sync no mixture would become possible, but a "
                   "CPU could go on with what it fetched before.")

MEANINGS = {
    "old": "the old instruction",
    "new": "the new instruction",
    "trap": "INT3: a CPU that arrives now traps",
    "wait": "a jump to itself: a CPU that arrives now waits",
    "mix": "neither the old instruction nor the new one",
    "nobody": "a NOP: a call reaches no target",
}

RUNS = {
    "old": "{calls} reach the old target.",
    "new": "{calls} reach the new target.",
    "mix": "{calls} execute a mixture: part of the bytes is old, part is new.",
    "nobody": "{calls} reach no target.",
    "twice": "{calls} reach both targets.",
    "freed": "{calls} execute memory that has been freed.",
}
WAYS = {
    "direct": "The CPU executed the bytes it had fetched.",
    "trap": "The CPU met INT3, and the trap handler did what the new "
            "instruction does.",
    "spin": "The CPU waited at the site until the patch was complete.",
}


def spaced(data):
    return data.hex(" ")


def calls(n):
    return "1 call" if n == 1 else f"{n:,} calls"


def of_run(event):
    text = RUNS[event["did"]].format(calls=calls(event["n"]))
    if event["n"] == 1:
        text = text.replace("reach ", "reaches ").replace("execute ",
                                                          "executes ")
    detail = WAYS[event["how"]]
    if event["did"] == "freed":
        detail = (f"It ended in {exception(event.get('vec'))}: the code was "
                  "gone while the CPU was in it.")
    if event["did"] == "mix":
        detail = f"It executed {spaced(event['saw'])}" + (
            f", and ended in {exception(event['vec'])}." if "vec" in event
            else ".")
    return f"CPU {event['cpu']}: {text}", detail


def of_store(scene, event):
    first, last = event["off"], event["off"] + event["len"] - 1
    which = f"byte {first}" if first == last else f"bytes {first} to {last}"
    data = event["b"]
    return (f"CPU {event['cpu']} stores {which}: "
            f"{spaced(data[first:last + 1])}.",
            f"Memory now reads {spaced(data)}: "
            f"{MEANINGS[meaning(scene, data)]}.")


# Whether the scene ends with the patch.
END = {True: "The patch is complete. ", False: "Here Spin stops. "}


def of_fetch(event):
    first, last = event["off"], event["off"] + event["len"] - 1
    which = f"byte {first}" if first == last else f"bytes {first} to {last}"
    return (f"CPU {event['cpu']} fetches {which}: "
            f"{spaced(event['b'][first:last + 1])}.",
            "It may keep them until it executes a serialising instruction.")


INSIDE = {
    "inside": ("CPU {} is inside the trampoline.",
               "It came there by the old call, and executes its code now."),
    "leaves": ("CPU {} has left the trampoline.", ""),
    "quiet": ("No task can be inside the trampoline any more.",
              "Each has given up its CPU since the call was taken out."),
}


def of_park(scene, cpu):
    if cpu == scene.about["patcher"]:
        return (f"CPU {cpu} turns its interrupts off.",
                "While it writes, it executes nothing of the site.")
    return (f"CPU {cpu} is parked.", "It executes nothing of the site.")


def of(scene, event):
    """(sentence, detail) of an event."""
    kind, cpu = event["e"], event.get("cpu")
    if kind == "step":
        return (f"Step: {event.get('shown', event['name'])}.",
                STEPS.get(event["name"], ""))
    if kind == "store":
        return of_store(scene, event)
    if kind == "fetch":
        return of_fetch(event)
    if kind == "run":
        return of_run(event)
    if kind == "ipi":
        return (f"CPU {scene.about['patcher']} asks every CPU to drop the "
                f"bytes it fetched (round {event['round']}).",
                "Until a CPU has done so, it may execute bytes it fetched "
                "earlier.")
    if kind == "ack":
        round_of = f"round {event['round']}" if event["round"] else "an IRET"
        return (f"CPU {cpu} has dropped the bytes it fetched ({round_of}).",
                "From now on it executes only what it fetches anew.")
    if kind in INSIDE:
        return tuple(text.format(cpu) for text in INSIDE[kind])
    if kind == "park":
        return of_park(scene, cpu)
    return (f"CPU {cpu} goes on.", "It serialises before it does.")
