#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every check of the source and of the linked image, as KTAP; at the end the
figures of tests/lint/figures.py.

lint.py [CHECK...]    those only
lint.py --fix-format  rewrite the C files as .clang-format has it
"""
import concurrent.futures
import os
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
from tests.lint import (circles, cppcheck, docs, figures,  # noqa: E402
                        format, headers, invariants, layers, locks, reach,
                        size, symbols, text, walk, words)

CHECKS = {
    "cppcheck": cppcheck.check,
    "headers": headers.check,
    "format": format.check,
    "reach": reach.check,
    "layers": layers.check,
    "symbols": symbols.check,
    "size": size.check,
    "text": text.check,
    "locks": locks.check,
    "docs": docs.check,
    "walk": walk.check,
    "invariants": invariants.check,
    "circles": circles.check,
    "words": words.check,
}


def main():
    os.chdir(ROOT)
    if "--fix-format" in sys.argv:
        format.fix()
        return 0
    names = sys.argv[1:] or list(CHECKS)
    print(f"KTAP version 1\n1..{len(names)}", flush=True)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        jobs = [pool.submit(CHECKS[name]) for name in names]
        for nr, (name, job) in enumerate(zip(names, jobs), 1):
            problems = job.result()
            for line in "\n".join(problems).splitlines():
                print(f"# {line}")
            print(f"{'not ok' if problems else 'ok'} {nr} - lint.{name}",
                  flush=True)
            failed += bool(problems)
    if len(names) > 1:
        print("".join(f"# {line}\n" for line in figures.lines()), end="")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
