#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lists the functions of a linked image that must not be probed, one address a
line, for tools/symtab.py.

They are those that the proof of `make lint` walks through: what runs from INT3
handling, NMI entry and the other roots of tests/lint/reach.py until a probe's
handler is safe. A function counts as a whole, with all labels inside. Whether
the proof holds is not judged here.
"""
import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

from tests.lint import reach  # noqa: E402
from tests.lint.image import Image  # noqa: E402
from tools import symtab  # noqa: E402


def walked(image):
    """The addresses of all pieces of code that the proof goes through."""
    proof = reach.Proof(image, reach.OURS)
    proof.run()
    return set(proof.came_from)


def functions(addresses, symbols):
    """The starts of the functions that contain these addresses."""
    starts = sorted({addr for addr, _, kind in symbols if kind == "t"})
    found, at = set(), -1
    for addr in sorted(addresses):
        while at + 1 < len(starts) and starts[at + 1] <= addr:
            at += 1
        if at >= 0:
            found.add(starts[at])
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nm", default="nm")
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("elf")
    args = parser.parse_args()
    image = Image(args.elf, args.objdump, args.nm)
    symbols, _ = symtab.read_symbols(args.nm, args.elf)
    for addr in sorted(functions(walked(image), symbols)):
        print(f"{addr:x}")


if __name__ == "__main__":
    main()
