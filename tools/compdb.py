#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compile_commands.json, for editors: from what `make -n -B V=1` prints on the
standard input, the commands that compile a C file; JSON on the output."""
import json
import os
import re
import shlex
import sys


def entries(lines, directory):
    for line in lines:
        if re.search(r" -c -o \S+ \S+\.c$", line.strip()):
            words = shlex.split(line)
            yield {"directory": directory, "file": words[-1],
                   "output": words[-2], "arguments": words}


def main():
    found = list(entries(sys.stdin, os.getcwd()))
    if not found:
        sys.exit("compdb.py: the input has no command that compiles a C file")
    json.dump(found, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
