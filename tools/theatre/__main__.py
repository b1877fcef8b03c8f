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

from tools.theatre import report
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
        if args.check:
            return report.tell(scenes)
        return report.write(scenes, pathlib.Path(args.output))
    except (SceneError, OSError) as error:
        print(f"theatre: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
