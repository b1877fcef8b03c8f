# SPDX-License-Identifier: MIT
"""Writes the page of some scenes and tells their verdicts."""
import os
import sys

from tools.theatre import page
from tools.theatre.judge import judge
from tools.theatre.sources import ROOT


def tell(scenes):
    """Prints each verdict. Returns 1 if a log contradicts itself, else 0."""
    status = 0
    for scene in scenes:
        verdict = judge(scene)
        print(f"{scene.title}: {verdict.sentence}")
        for problem in verdict.problems:
            print(f"{scene.title}: {problem}", file=sys.stderr)
            status = 1
    return status


def write(scenes, path):
    """The page at path; its links lead from there to the sources."""
    base = os.path.relpath(ROOT, path.resolve().parent)
    path.write_text(page.build(scenes, base), encoding="utf-8")
    status = tell(scenes)
    print(path)
    return status
