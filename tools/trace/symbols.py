# SPDX-License-Identifier: MIT
"""Addresses and names, as /proc/kallsyms and nm(1) list them."""
import bisect
import pathlib
import re
import struct
import subprocess

from .errors import TraceError

# An address this far behind the last symbol belongs to no function.
LAST_SIZE = 65536
PT_LOAD = 1


class Symbols:
    """A table of symbols; of several at one address the first one counts."""

    def __init__(self, text: bytes = b"") -> None:
        found: dict[int, str] = {}
        for line in text.decode("utf-8", "replace").splitlines():
            words = line.split()
            try:
                found.setdefault(int(words[0], 16), words[2])
            except (IndexError, ValueError):
                continue  # a line of another form names nothing
        self._addresses = sorted(found)
        self._names = found
        self._cache: dict[int, str] = {}

    def __len__(self) -> int:
        return len(self._addresses)

    def name(self, address: int) -> str:
        """The function that contains the address, or the address in hex."""
        name = self._cache.get(address)
        if name is None:
            name = self._cache[address] = self._find(address)
        return name

    def _find(self, address: int) -> str:
        at = bisect.bisect_right(self._addresses, address) - 1
        last = at == len(self._addresses) - 1
        if at < 0 or last and address - self._addresses[at] >= LAST_SIZE:
            return f"{address:#x}"
        return self._names[self._addresses[at]]


def elf_symbols(elf: str | pathlib.Path, nm: str = "nm") -> bytes:
    """A kernel's functions in the form of /proc/kallsyms, by nm."""
    try:
        done = subprocess.run([nm, "-n", "--defined-only", str(elf)],
                              check=True, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise TraceError(elf, None, f"needs {nm} (Debian: binutils)") \
            from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip() or f"status {error.returncode}"
        raise TraceError(elf, None, f"nm cannot read it: {reason}") from error
    lines = [line for line in done.stdout.splitlines()
             if line.split()[1] in "tTwW"]
    return "".join(f"{line}\n" for line in lines).encode()


def elf_build_id(elf: str | pathlib.Path, nm: str = "nm") -> int | None:
    """The number by which nop5 knows its build: the first word of its table of
    symbols (kallsyms_build_id()). None: the file has no such table."""
    done = subprocess.run([nm, "--defined-only", str(elf)], check=False,
                          capture_output=True, text=True)
    table = re.search(r"^([0-9a-f]+) \w kallsyms_table$", done.stdout, re.M)
    if not table:
        return None
    address = int(table[1], 16)
    image = pathlib.Path(elf).read_bytes()
    begin, = struct.unpack_from("<Q", image, 32)
    size, count = struct.unpack_from("<HH", image, 54)
    for at in range(begin, begin + size * count, size):
        kind, _, offset, start, _, length = struct.unpack_from("<IIQQQQ",
                                                               image, at)
        if kind == PT_LOAD and start <= address <= start + length - 8:
            return int(struct.unpack_from(
                "<Q", image, offset + address - start)[0])
    return None
