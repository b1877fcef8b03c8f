# SPDX-License-Identifier: MIT
"""python3 -m tools.theatre LOG... -o PAGE.html: plays patches byte by byte.

Each LOG holds one or more scenes (scene.py has the format). With --check the
verdict of each scene goes to the output, and no page is written. Status 1: a
log contradicts itself. Status 2: a log cannot be played, or a file cannot be
opened.
"""
import argparse
import pathlib
import sys

from tools.theatre import page
from tools.theatre.judge import judge
from tools.theatre.scene import SceneError, parse


def options():
    parser = argparse.ArgumentParser(prog="theatre", description=__doc__)
    parser.add_argument("logs", nargs="+", metavar="LOG")
    parser.add_argument("-o", "--output", metavar="PAGE")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    if bool(args.output) == args.check:
        parser.error("say -o PAGE, or --check")
    return args


def main():
    args = options()
    try:
        scenes = [scene for log in args.logs for scene in parse(
            pathlib.Path(log).read_text(encoding="utf-8", errors="replace"),
            log)]
        if args.output:
            pathlib.Path(args.output).write_text(page.build(scenes),
                                                 encoding="utf-8")
    except (SceneError, OSError) as error:
        print(f"theatre: {error}", file=sys.stderr)
        return 2
    status = 0
    for scene in scenes:
        verdict = judge(scene)
        print(f"{scene.title}: {verdict.sentence}")
        for problem in verdict.problems:
            print(f"{scene.title}: {problem}", file=sys.stderr)
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
