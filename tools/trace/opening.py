# SPDX-License-Identifier: MIT
"""Opens a trace of any form: recognises the form by its contents."""
import pathlib

from .dat import MAGIC, read_dat
from .errors import TraceError
from .memory import find_regions, read_memory
from .model import Trace
from .raw import read_dump, read_formats, read_raw
from .symbols import Symbols, elf_symbols
from .text import lines_of, read_text

LOOK = 65536  # bytes read to recognise the form


def load_symbols(elf: str | None, kallsyms: str | None) -> Symbols:
    if kallsyms:
        return Symbols(pathlib.Path(kallsyms).read_bytes())
    return Symbols(elf_symbols(elf)) if elf else Symbols()


def open_trace(path: str, *, elf: str | None = None,
               kallsyms: str | None = None, formats: str | None = None,
               cmdlines: str | None = None, instance: str = "",
               nth: int | None = None) -> Trace:
    """Opens a trace.dat, a file or folder of raw pages, a copy of memory, or a
    log.

    elf, kallsyms, formats: for pages and memory, which contain neither names
    nor formats; cmdlines: for pages. instance: which one of a trace.dat. nth:
    which trace of a log or of memory.
    Raises TraceError, and OSError if a file cannot be opened.
    """
    def raw() -> Trace:
        names = pathlib.Path(cmdlines).read_bytes() if cmdlines else b""
        return read_raw(path, load_symbols(elf, kallsyms),
                        read_formats(formats) if formats else None, names)
    if pathlib.Path(path).is_dir():
        return raw()
    with open(path, "rb") as file:
        head = file.read(LOOK)
    if not head:
        raise TraceError(path, None, "is empty")
    if head.startswith(MAGIC[:3]):
        return read_dat(path, instance)
    if b"\0" in head and (regions := find_regions(path)):
        return read_memory(path, regions, load_symbols(elf, kallsyms), elf,
                           read_formats(formats) if formats else None, nth)
    if b"\0" in head:
        return raw()
    if any(line.startswith("DUMP page ") for _, line in lines_of(path)):
        return read_dump(path, load_symbols(elf, kallsyms))
    return read_text(path, nth)
