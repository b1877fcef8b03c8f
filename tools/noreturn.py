#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lists the functions of a linked image that cannot return, one address a
line, for tools/symtab.py.

A function can return if a RET is reachable from its first instruction. The path
may follow jumps, tail jumps included, and passes a call only if the called
function can return. An indirect call counts as returning. So does an indirect
jump, unless it is a switch that gcc made, whose table is read. A branch on a
static key may go both ways. So an error of this analysis is always on the side
of "can return".

The analysis searches backwards for the least set with these rules: it begins
with the instructions that return, and adds those that lead to one, until the
set no longer grows.
"""
import argparse
import bisect
import collections
import re
import struct
import subprocess

KERNEL_VMA = 0xFFFFFFFF80000000
LABEL = re.compile(r"([0-9a-f]+) <(.+)>:$")
INSN = re.compile(r"\s*([0-9a-f]+):\t(?:(?:bnd|notrack|lock|rep\w*|[cdefgs]s|"
                  r"data16)\s+)*(\S+)(?:\s+([^#]*?))?\s*(?:#.*)?$")
TARGET = re.compile(r"([0-9a-f]+)(?: <.*>)?$")
# jmp *TABLE(,%reg,8): the table holds addresses in this function.
SWITCH = re.compile(r"\*(-?0x[0-9a-f]+)\(,%\w+,8\)$")
RETURNS = {"ret", "lret", "retf", "iretq", "sysretq", "sysexit"}
TABLE_MAX = 4096
PT_LOAD = 1


def read_code(elf, objdump):
    """The instructions (address, name, operand) by rising address, and the
    functions (address, name). Labels of assembly count as functions."""
    out = subprocess.run([objdump, "-d", "--no-show-raw-insn", "-w", elf],
                         check=True, stdout=subprocess.PIPE, text=True).stdout
    code, functions = [], []
    for line in out.splitlines():
        if match := INSN.match(line):
            addr, name, operand = match.groups()
            code.append((int(addr, 16), name, operand or ""))
        elif match := LABEL.match(line):
            functions.append((int(match[1], 16), match[2]))
    return code, functions


class Memory:
    """The 8-byte words of the image."""

    def __init__(self, elf):
        with open(elf, "rb") as f:
            self.data = f.read()
        offset, = struct.unpack_from("<Q", self.data, 32)
        size, number = struct.unpack_from("<HH", self.data, 54)
        self.segments = []
        for at in range(offset, offset + size * number, size):
            kind, _, pos, addr, _, length = struct.unpack_from(
                "<IIQQQQ", self.data, at)
            if kind == PT_LOAD:
                self.segments.append((addr, pos, length))

    def bytes(self, start, length):
        """The bytes at start; they lie in one segment."""
        for addr, pos, size in self.segments:
            if addr <= start < addr + size:
                at = pos + start - addr
                return self.data[at:at + length]
        raise ValueError(f"no bytes at {start:#x}")

    def words(self, start):
        """The words from start to the segment's end, TABLE_MAX at most."""
        for addr, pos, length in self.segments:
            if addr <= start < addr + length:
                n = min((addr + length - start) // 8, TABLE_MAX)
                yield from struct.unpack_from(f"<{n}Q", self.data,
                                              pos + start - addr)


def read_branches(elf, objdump, memory):
    """The sites of static keys: (site, target). The table is that of
    arch/x86_64/asm/jump_label.h; an image without one has no sites."""
    out = subprocess.run([objdump, "-t", elf], check=True,
                         stdout=subprocess.PIPE, text=True).stdout
    marks = {line.split()[-1]: int(line.split()[0], 16)
             for line in out.splitlines() if line.endswith("___jump_table")}
    start = marks.get("__start___jump_table", 0)
    end = marks.get("__stop___jump_table", 0)
    for addr in range(start, end, 16):
        code, target = struct.unpack("<ii", memory.bytes(addr, 8))
        yield addr + code, addr + 4 + target


class Graph:
    """The control flow backwards: from an instruction to its predecessors."""

    def __init__(self, code, functions, memory, branches=()):
        self.functions, self.memory = functions, memory
        self.starts = [addr for addr, _ in functions]
        self.known = {addr for addr, _, _ in code}
        self.before = collections.defaultdict(list)
        self.calls = collections.defaultdict(list)  # target -> (call, next)
        self.after_call = {}  # instruction behind a call -> (call, target)
        self.ends = []  # instructions that return, or may
        following = [addr for addr, _, _ in code[1:]] + [0]
        for (addr, name, operand), behind in zip(code, following):
            self.add(addr, name, operand, behind)
        for site, target in branches:  # NOP or jump, as its key says
            self.before[target].append(site)
            self.before[site + 5].append(site)

    def name(self, addr):
        """The name of the function that contains addr, without ".cold"."""
        i = bisect.bisect_right(self.starts, addr) - 1
        return self.functions[i][1].removesuffix(".cold") if i >= 0 else None

    def add(self, addr, name, operand, behind):
        target = TARGET.match(operand)
        target = int(target[1], 16) if target else None
        if name in RETURNS:
            self.ends.append(addr)
        elif name == "ud2":
            pass
        elif name == "jmp":
            self.jump(addr, operand, target)
        elif name == "call" and target in self.known:
            self.calls[target].append((addr, behind))
            self.after_call[behind] = (addr, target)
        else:
            self.before[behind].append(addr)
            if name[0] == "j" or name.startswith(("loop", "xbegin")):
                self.jump(addr, operand, target)

    def jump(self, addr, operand, target):
        switch = SWITCH.match(operand)
        targets = {target} if target else set()
        if switch:
            targets = self.arms(addr, int(switch[1], 16) & (1 << 64) - 1)
        for to in targets:
            self.before[to].append(addr)
        if not targets or not targets <= self.known:
            self.ends.append(addr)

    def arms(self, addr, table):
        """The entries of a switch's table. The first word that does not point
        into the function itself lies behind the table's end."""
        name, targets = self.name(addr), set()
        for word in self.memory.words(table):
            if word not in self.known or self.name(word) != name:
                break
            targets.add(word)
        return targets

    def returning(self):
        """All instructions from which a return is reachable."""
        found, queue = set(), list(self.ends)
        before, calls = self.before, self.calls
        while queue:
            addr = queue.pop()
            if addr in found:
                continue
            found.add(addr)
            queue += before.get(addr, ())
            # addr can return now. If a function begins there, the paths go
            # past its calls; and if addr follows a call of a function that
            # can return, the path goes past that call.
            if addr in calls:
                queue += [call for call, behind in calls[addr]
                          if behind in found]
            if addr in self.after_call:
                call, target = self.after_call[addr]
                if target in found:
                    queue.append(call)
        return found


def noreturn(elf, objdump="objdump"):
    """Addresses of the labels in the kernel's text that cannot return."""
    code, functions = read_code(elf, objdump)
    memory = Memory(elf)
    branches = list(read_branches(elf, objdump, memory))
    found = Graph(code, functions, memory, branches).returning()
    known = {addr for addr, _, _ in code}
    return sorted({addr for addr, _ in functions
                   if addr >= KERNEL_VMA and addr in known} - found)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("elf")
    args = parser.parse_args()
    for addr in noreturn(args.elf, args.objdump):
        print(f"{addr:x}")


if __name__ == "__main__":
    main()
