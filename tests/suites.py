#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots the kernel once and runs the suites in its image; the log, with the
KTAP results in it, goes to stdout. A run that does not end as it should is a
failure even if every result is good."""
import argparse
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
from tests import qemu  # noqa: E402
from tools.theatre import report  # noqa: E402
from tools.theatre.scene import SceneError, parse  # noqa: E402


def leave_page(log):
    """The page of the batches that failed tests have filmed, beside the log;
    see tests/lab/film.h."""
    try:
        scenes = parse(log)
    except SceneError as error:
        print(f"# theatre: {error}")
        return
    folder = qemu.BUILD / "test"
    folder.mkdir(parents=True, exist_ok=True)
    print("# theatre:")
    report.write(scenes, folder / f"{scenes[0].about['method']}.html")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smp", type=int, default=1)
    parser.add_argument("--image", choices=["test", "debug"], default="test")
    parser.add_argument("--icount", type=int, metavar="SHIFT")
    parser.add_argument("--tests", default="*", metavar="GLOB")
    parser.add_argument("--append", default="")
    parser.add_argument("--timeout", type=float, default=240)
    args = parser.parse_args()
    append = f"mode=tests tests={args.tests} {args.append}"
    # Free memory is watched, but where instructions are counted.
    append += " poison=on" if args.icount is None else " icount=1"
    image = qemu.DEBUG if args.image == "debug" else qemu.TESTS
    machine = qemu.Machine(smp=args.smp, icount=args.icount, kernel=image)
    boot = machine.boot(append, timeout=args.timeout)
    print(boot.log)
    problem = boot.problem(tests=True)
    if problem is None and (damage := re.search(r"\] slab: .*", boot.log)):
        problem = damage[0]
    if problem and '{"th":1,' in boot.log:
        leave_page(boot.log)
    if problem:
        sys.exit(problem)


if __name__ == "__main__":
    main()
