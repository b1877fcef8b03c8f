# SPDX-License-Identifier: MIT
"""python3 -m tools.trace"""
import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
