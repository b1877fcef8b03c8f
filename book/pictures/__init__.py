# SPDX-License-Identifier: MIT
"""The pictures of the chapters; each function gives one."""
import pathlib

from book.pictures import bytes_of_a_site, calls, later

FOLDER = pathlib.Path(__file__).resolve().parent
MODULES = [bytes_of_a_site, calls, later]


def every():
    """{name of the file: text} of all pictures."""
    return {f"{name}.svg": draw().svg() for module in MODULES
            for name, draw in module.PICTURES.items()}
