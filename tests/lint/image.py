# SPDX-License-Identifier: MIT
"""A linked image as a graph: pieces of code between symbols, and what each
calls, jumps to, or falls into.

Every symbol of an executable section starts a piece, local labels included. A
piece falls into the next one unless it ends otherwise, or is the last of a
function, which its symbol's size tells (then it ends in a call that does not
return).
"""
import re
import struct
import subprocess
from dataclasses import dataclass, field

LABEL = re.compile(r"^([0-9a-f]+) <(.+)>:$")
INSN = re.compile(r"^\s*([0-9a-f]+):\s+(?:(?:bnd|notrack|lock|rep\w*|[cdefgs]s|"
                  r"data16|cs)\s+)*(\S+)(?:\s+(.*?))?\s*(?:#.*)?$")
TARGET = re.compile(r"^([0-9a-f]+)(?: <.*>)?$")
# jmp *TABLE(,%reg,8): gcc's switch; the table holds addresses of this function.
SWITCH = re.compile(r"^\*(?:%\w\w:)?(-?0x[0-9a-f]+)\(,%\w+,8\)$")
# What control does not pass. INT3 is padding, UD2 the end of a broken path.
ENDS = {"ret", "iretq", "jmp", "ud2", "int3", "hlt"}
PADDING = ("nop", "xchg", "data16")


@dataclass
class Piece:
    """Code from one symbol to the next."""
    name: str
    addr: int
    end: int = 0
    targets: set = field(default_factory=set)  # addresses called or jumped to
    indirect: list = field(default_factory=list)  # (address, operand)
    tables: list = field(default_factory=list)  # (address, table of a switch)
    falls: bool = True  # into the next piece


def disassemble(elf, objdump="objdump"):
    out = subprocess.run([objdump, "-d", "--no-show-raw-insn", "-w", str(elf)],
                         stdout=subprocess.PIPE, text=True, check=True).stdout
    pieces, piece = [], None
    for line in out.splitlines():
        if match := LABEL.match(line):
            if piece:
                piece.end = int(match[1], 16)
            piece = Piece(match[2], int(match[1], 16))
            pieces.append(piece)
        elif line.startswith("Disassembly of section"):
            piece = None
        elif piece and (match := INSN.match(line)):
            piece.end = int(match[1], 16) + 1
            read_insn(piece, int(match[1], 16), match[2], match[3] or "")
    return pieces


def read_insn(piece, addr, op, operand):
    if not (op.startswith(PADDING) and not piece.falls):
        piece.falls = op not in ENDS
    jumps = op.startswith("j") or op.startswith(("call", "loop", "xbegin"))
    if not jumps:
        return
    if match := TARGET.match(operand):
        piece.targets.add(int(match[1], 16))
    elif (match := SWITCH.match(operand)) and op == "jmp":
        piece.tables.append((addr, int(match[1], 16) & (1 << 64) - 1))
    else:
        piece.indirect.append((addr, operand))


class Image:
    """The graph, and the bytes at addresses."""

    def __init__(self, elf, objdump="objdump", nm="nm"):
        self.data = open(elf, "rb").read()
        self.segments = list(self.read_segments())
        self.symbols, self.sizes = self.read_symbols(elf, nm)
        self.pieces = disassemble(elf, objdump)
        self.starts = {piece.addr: piece for piece in self.pieces}
        self.after = {}
        start = None  # of the sized function around
        for first, second in zip(self.pieces, self.pieces[1:]):
            start = first.addr if first.addr in self.sizes else start
            last = (start and
                    first.addr < start + self.sizes[start] <= second.addr)
            if first.falls and not last:
                self.after[first.addr] = second.addr
        self.keyed = self.read_jump_table()

    def read_segments(self):
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, number = struct.unpack_from("<HH", self.data, 54)
        for at in range(offset, offset + size * number, size):
            kind, _, pos, addr, _, length = struct.unpack_from(
                "<IIQQQQ", self.data, at)
            if kind == 1:
                yield addr, pos, length

    @staticmethod
    def read_symbols(elf, nm):
        """Name -> addresses (a static name may occur more than once), and
        address -> size, of data too."""
        out = subprocess.run([nm, "-S", str(elf)], stdout=subprocess.PIPE,
                             text=True, check=True).stdout
        symbols, sizes = {}, {}
        for line in out.splitlines():
            addr, *size, _, name = line.split(maxsplit=3)
            symbols.setdefault(name, []).append(int(addr, 16))
            if size:
                sizes[int(addr, 16)] = int(size[0], 16)
        return symbols, sizes

    def words(self, start, end):
        """The 8-byte words of [start, end)."""
        for addr, pos, length in self.segments:
            if addr <= start < addr + length:
                n = (min(end, addr + length) - start) // 8
                return struct.unpack_from(f"<{n}Q", self.data,
                                          pos + start - addr)
        return ()

    def sites(self):
        """Addresses of all functions' patchable NOPs."""
        return set(self.words(self.symbols["__start_mcount_loc"][0],
                              self.symbols["__stop_mcount_loc"][0]))

    def read_jump_table(self):
        """The sites of static keys (arch/x86_64/asm/jump_label.h). Each leads
        to its target and to the instruction behind it, whatever its bytes are
        in the image: a NOP hides the first edge, a jump the second."""
        start, = self.symbols.get("__start___jump_table", [0])
        end, = self.symbols.get("__stop___jump_table", [0])
        sites = set()
        for addr, word in zip(range(start, end, 16),
                              self.words(start, end)[::2]):
            code, target = struct.unpack("<ii", struct.pack("<Q", word))
            site, target = addr + code, addr + 4 + target
            self.owner(site).targets |= {target, site + 5}
            sites.add(site)
        return sites

    def functions_of_table(self, name):
        """Every word of every object in a table that is the address of code."""
        entries = self.words(self.symbols[f"{name}_first"][0],
                             self.symbols[f"{name}_end"][0])
        return {word for entry in entries
                for word in self.words(entry, entry + self.sizes[entry])
                if self.owner(word)}

    def switch_targets(self, piece, table):
        """Entries of a switch's table: they lead into the function itself or
        its .cold part, and the first that does not is behind the end."""
        targets = set()
        for word in self.words(table, table + 8 * 4096):
            owner = self.owner(word)
            if not owner or owner.name.removesuffix(".cold") != piece.name:
                break
            targets.add(word)
        return targets

    def owner(self, addr):
        """The piece that holds the address, or None."""
        low, high = 0, len(self.pieces)
        while low < high:
            middle = (low + high) // 2
            if self.pieces[middle].addr <= addr:
                low = middle + 1
            else:
                high = middle
        piece = self.pieces[low - 1] if low else None
        return piece if piece and addr < piece.end else None
