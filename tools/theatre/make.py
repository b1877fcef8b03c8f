# SPDX-License-Identifier: MIT
"""`make theatre`: boots, records, judges, and writes the page.

METHOD names one scene; without it the kernel plays all. SEED chooses the
schedule; without one, the first of at most 50 that tears the naive method is
searched, and printed. CLOCK=ns has real concurrency instead of counted
instructions; there every run is different. MODEL=NO_SYNC1 shows a
counterexample of Spin instead: the protocol without that part. PLUGIN=1 has
QEMU's plugin write the scene of a method, too, and compares the two.
"""
import argparse
import os
import pathlib
import sys

from tools.theatre import boot, model, plugin, report
from tools.theatre.scene import SceneError


def options():
    parser = argparse.ArgumentParser(prog="theatre", description=__doc__)
    parser.add_argument("--kernel", required=True)
    parser.add_argument("--smp", default="4")
    parser.add_argument("-o", "--output", required=True, type=pathlib.Path)
    args = parser.parse_args()
    args.method = os.environ.get("METHOD") or None
    args.model = os.environ.get("MODEL") or None
    args.seed = os.environ.get("SEED") or None
    args.clock = os.environ.get("CLOCK") or "insn"
    if not args.smp.isdecimal() or not 2 <= int(args.smp) <= 64:
        parser.error(f"SMP={args.smp}: a scene needs 2 to 64 CPUs")
    if args.seed and not args.seed.isdecimal():
        parser.error(f"SEED={args.seed}: a number")
    args.plugin = os.environ.get("PLUGIN") or "0"
    if args.plugin not in ("0", "1"):
        parser.error(f"PLUGIN={args.plugin}: 0 or 1")
    args.plugin = args.plugin == "1"
    if args.clock not in ("insn", "ns"):
        parser.error(f"CLOCK={args.clock}: insn or ns")
    return args


def scenes_of(args):
    if args.model:
        return model.record(args.model)
    if args.plugin:
        return plugin.record(args.kernel, args.smp,
                             args.method or boot.TEARS, args.seed or "1")
    search = args.method in (None, boot.TEARS) and args.clock == "insn"
    if args.seed or not search:
        return boot.record(args.kernel, args.smp, args.method,
                           args.seed or "1", args.clock)
    return boot.search(args.kernel, args.smp, args.method)


def main():
    args = options()
    try:
        return report.write(scenes_of(args), args.output)
    except (SceneError, OSError) as error:
        print(f"theatre: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
