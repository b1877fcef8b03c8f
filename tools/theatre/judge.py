# SPDX-License-Identifier: MIT
"""Judges a scene by its events alone, and compares that with the kernel's own
account.

I1  No CPU executes a mixture of old and new bytes.
I2  Each call reaches the old or the new target, exactly one, exactly once.
"""
from dataclasses import dataclass, field

from tools.theatre.hold import Stage, meaning, moments


@dataclass
class Verdict:
    calls: int = 0
    torn: int = 0       # calls that executed a mixture (I1)
    lost: int = 0       # calls that reached no target, or both (I2)
    possible: int = 0   # moments at which some CPU could execute a mixture
    # The places where the log contradicts itself.
    problems: list = field(default_factory=list)

    @property
    def sentence(self):
        if self.torn:
            return (f"{self.torn} of {self.calls:,} calls executed a mixture "
                    "of old and new bytes.")
        if self.lost:
            return f"{self.lost} of {self.calls:,} calls reached no target."
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
    elif event["did"] in ("nobody", "twice"):
        verdict.lost += event["n"]


def judge(scene):
    stage, verdict = Stage(scene), Verdict()
    for _, event in moments(scene):
        stage.play(event)
        if event["e"] == "run":
            judge_run(scene, event, verdict)
        if any(held.may_execute(scene) for held in stage.cpus):
            verdict.possible += 1
    if stage.memory != scene.new:
        verdict.problems.append(
            f"the stores end in {stage.memory.hex()}, not in "
            f"{scene.new.hex()}")
    for name in ("calls", "torn", "lost"):
        ours, theirs = getattr(verdict, name), scene.end[name]
        if ours != theirs and not scene.end["dropped"]:
            verdict.problems.append(
                f"the kernel counts {theirs} {name}, the events {ours}")
    return verdict
