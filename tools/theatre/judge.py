# SPDX-License-Identifier: MIT
"""Judges a scene by its events alone, and compares that with the kernel's own
account.

I1  No CPU executes a mixture of old and new bytes.
I2  Each call reaches the old or the new target, exactly one, exactly once.
I4  Code is freed only when no task can be inside.

An account is also compared with the model (hold.py): a CPU may have executed
only what it could still hold at some moment of the call. In real concurrency
QEMU may run an old translation for longer ("Stale translations" in
arch/x86_64/patch/DESIGN.md): such runs are reported, and contradict nothing.
"""
import itertools
from dataclasses import dataclass, field

from tools.theatre.hold import Stage, could, meaning, moments, needed


@dataclass
class Verdict:
    calls: int = 0
    torn: int = 0       # calls that executed a mixture (I1)
    lost: int = 0       # calls that reached no target, or both (I2)
    freed: int = 0      # of these: calls that executed freed memory (I4)
    possible: int = 0   # moments at which some CPU could execute a mixture
    # The places where the log contradicts itself.
    problems: list = field(default_factory=list)
    # Whole instructions that were executed after the CPU had dropped them.
    stale: list = field(default_factory=list)
    outside: bool = False  # the writer sees no rounds and nobody parked

    @property
    def sentence(self):
        if self.torn:
            return (f"{self.torn} of {self.calls:,} calls executed a mixture "
                    "of old and new bytes.")
        if self.freed:
            return (f"{self.freed} of {self.calls:,} calls executed memory "
                    "that had been freed.")
        if self.lost:
            return f"{self.lost} of {self.calls:,} calls reached no target."
        if self.possible and self.outside:
            return (f"All {self.calls:,} calls were whole. Interrupts alone "
                    "would not have forbidden a mixture.")
        if self.possible:
            return (f"All {self.calls:,} calls were whole, by luck: a CPU "
                    "could have executed a mixture, and nothing forbade it.")
        return (f"All {self.calls:,} calls were whole, and no CPU could have "
                "executed anything else.")


def judge_run(scene, event, verdict):
    verdict.calls += event["n"]
    if event["did"] == "mix":
        verdict.torn += event["n"]
        if meaning(scene, event["saw"]) != "mix":
            verdict.problems.append(
                f"CPU {event['cpu']} is said to be torn, but "
                f"{event['saw'].hex()} is a whole instruction")
    elif event["did"] in ("nobody", "twice", "freed"):
        verdict.lost += event["n"]
        verdict.freed += event["n"] if event["did"] == "freed" else 0


def check_held(scene, states, verdict):
    """Each run's last call against what its CPU could hold at that time.
    states: (time, what each CPU may hold from then on)."""
    ends = [at for at, _ in states[1:]] + [float("inf")]
    for event in scene.events:
        wanted = needed(scene, event) if event["e"] == "run" else None
        if wanted is None:
            continue
        held = itertools.chain.from_iterable(
            cpus[event["cpu"]] for (at, cpus), end in zip(states, ends)
            if at <= event["end"] and end >= event["last"])
        if not could(scene, held, wanted):
            shown = wanted if isinstance(wanted, str) else wanted.hex()
            told = (f"CPU {event['cpu']} at {event['last']} executed "
                    f"{shown}, and could not hold that any more")
            if scene.about["clock"] == "ns" and isinstance(wanted, str):
                verdict.stale.append(told)
            else:
                verdict.problems.append(told)


def check_stores(scene, verdict):
    """A store changes the bytes that it says, within a step."""
    before = scene.old
    steps = [event for event in scene.events if event["e"] == "step"]
    for event in scene.events:
        if event["e"] != "store":
            continue
        first, last = event["off"], event["off"] + event["len"]
        if event["b"][:first] + event["b"][last:] != \
                before[:first] + before[last:]:
            verdict.problems.append(
                f"the store at {event['t']} changes bytes beside its own")
        before = event["b"]
        if steps and not any(step["t"] <= event["t"] <= event["end"]
                             <= step["end"] for step in steps):
            verdict.problems.append(
                f"the store at {event['t']} is inside no step")
    if scene.complete and before != scene.new:
        verdict.problems.append(f"the stores end in {before.hex()}, not in "
                                f"{scene.new.hex()}")


def check_runs(scene, verdict):
    """The runs of a CPU follow each other."""
    for cpu in scene.cpus:
        at = 0
        for event in scene.events:
            if event["e"] != "run" or event["cpu"] != cpu:
                continue
            if not at <= event["t"] <= event["last"] <= event["end"]:
                verdict.problems.append(
                    f"the runs of CPU {cpu} overlap at {event['t']}")
            at = event["end"]


def check_rounds(scene, verdict):
    """A step that synchronises ends when every CPU has answered."""
    steps = [event for event in scene.events
             if event["e"] == "step" and event["name"] == "sync"]
    for nr, step in enumerate(steps, 1):
        acks = {event["cpu"]: event["end"] for event in scene.events
                if event["e"] == "ack" and event["round"] == nr}
        if step is steps[-1] and not scene.complete:
            return
        for cpu in scene.cpus:
            if not step["t"] <= acks.get(cpu, -1) <= step["end"]:
                verdict.problems.append(
                    f"sync {nr} ends without an answer of CPU {cpu}")


def check_free(scene, verdict):
    """Code is freed too early if and only if a call executed freed memory."""
    for step in scene.events:
        if step["e"] != "step" or step["name"] != "free":
            continue
        inside = [event["cpu"] for event in scene.events
                  if event["e"] == "inside"
                  and event["t"] < step["t"] < event["end"]]
        quiet = any(event["e"] == "quiet" and event["t"] <= step["t"]
                    for event in scene.events)
        if quiet and inside:
            verdict.problems.append(f"CPU {inside[0]} is inside when no task "
                                    "can be")
        if bool(inside) != bool(verdict.freed):
            verdict.problems.append(f"{len(inside)} CPUs were inside, but "
                                    f"{verdict.freed} executed freed memory")


def check_account(scene, verdict):
    for name in ("calls", "torn", "lost"):
        ours, theirs = getattr(verdict, name), scene.end[name]
        if ours != theirs and not scene.end["dropped"]:
            verdict.problems.append(
                f"the kernel counts {theirs} {name}, the events {ours}")


def judge(scene):
    stage, verdict = Stage(scene), Verdict()
    verdict.outside = scene.about.get("writer") == "plugin"
    states = [(0, [held.combinations() for held in stage.cpus])]
    for at, event in moments(scene):
        stage.play(event)
        if event["e"] == "run":
            judge_run(scene, event, verdict)
        else:
            states.append((at, [held.combinations() for held in stage.cpus]))
        if any(held.may_execute(scene) for held in stage.cpus):
            verdict.possible += 1
    for check in (check_stores, check_runs, check_rounds, check_free,
                  check_account):
        check(scene, verdict)
    check_held(scene, states, verdict)
    return verdict
