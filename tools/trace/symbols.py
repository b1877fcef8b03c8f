# SPDX-License-Identifier: MIT
"""Addresses and names, as /proc/kallsyms and nm(1) list them."""
import bisect
import pathlib
import subprocess

from .errors import TraceError

# An address this far behind the last symbol belongs to no function.
LAST_SIZE = 65536


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
