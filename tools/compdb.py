#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes compile_commands.json for editors: reads the output of `make -n -B V=1`
on the standard input and writes the commands that compile a C file as JSON."""
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
