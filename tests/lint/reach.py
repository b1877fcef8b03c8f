# SPDX-License-Identifier: MIT
"""Proof from the linked image: nothing traceable is reachable from INT3
handling, NMI entry, a trampoline before its guard, the sync IPI handler, or
the stretch with the private address space loaded.

Follows every direct call, jump and fall-through from ROOTS. An indirect one is
refused unless INDIRECT lists its targets. STOPS are the places where the
proof may end, each with the reason why it is safe to be traced from there on.
"""
import collections
import os
import pathlib
from dataclasses import dataclass

from tests.lint.image import Image

# Where untraceable stretches begin: symbol -> which one it is.
ROOTS = {
    "int3_common": "INT3 handling",
    "nmi_common": "NMI entry",
    "sync_core_common": "the sync IPI handler",
    "ftrace_caller": "the static caller",
    "ftrace_regs_caller": "the static caller with registers",
    "ftrace_ops_list_func": "the list function before its guard",
    "poke_write": "the private address space",
    "poke_write_bytes": "the private address space",
}

# Reached, but not followed: symbol -> why that is safe.
STOPS = {
    "int3_unresolved":
        "not one of the patch engine's: it may be traced like any exception",
    "nmi_entry":
        "trace_context says NMI, and an INT3 met in there returns without "
        "IRET (entry.asm, I1 and I2)",
}

# Function with indirect calls -> (targets, why these are all). Callbacks are
# no targets: they are called with the guard held.
INDIRECT = {
    "ftrace_ops_list_func": ([], "callbacks, behind the guard"),
    "list_call_careful": ([], "callbacks, behind the guard"),
}


@dataclass
class Rules:
    roots: dict
    stops: dict
    indirect: dict


OURS = Rules(ROOTS, STOPS, INDIRECT)


class Proof:
    """One walk from all roots."""

    def __init__(self, image, rules):
        self.image, self.rules = image, rules
        self.came_from = {}  # piece address -> (address of caller, root)
        self.problems = []
        self.used = set()  # rules that were needed

    def run(self):
        sites = self.image.sites()
        stops = self.addresses(self.rules.stops)
        roots = self.addresses(self.rules.roots)
        queue = collections.deque((addr, None) for addr in roots)
        while queue:
            addr, caller = queue.popleft()
            if addr in stops:
                self.used.add(stops[addr])
                continue
            piece = self.image.owner(addr)
            if piece is None:
                self.complain(caller, f"jumps to {addr:#x}, which is no code")
                continue
            if piece.addr in self.came_from:
                continue
            self.came_from[piece.addr] = caller
            if any(piece.addr <= site < piece.end for site in
                   self.near(sites, piece)):
                self.complain(piece.addr, "is traceable")
                continue
            queue += [(target, piece.addr) for target in self.leads_to(piece)]
        for name in [*self.rules.stops, *self.rules.indirect]:
            if name not in self.used:
                self.problems.append(f"reach.py: the entry for {name} is not "
                                     "needed any more")
        return self.problems

    def near(self, sites, piece):
        return (addr for addr in (piece.addr, piece.addr + 4) if addr in sites)

    def addresses(self, names):
        found = {}
        for name in names:
            if name in self.image.symbols:
                found[self.image.symbols[name]] = name
            else:
                self.problems.append(f"reach.py: there is no symbol {name}")
        return found

    def leads_to(self, piece):
        targets = set(piece.targets)
        if piece.addr in self.image.after:
            targets.add(self.image.after[piece.addr])
        for _, table in piece.tables:
            targets |= self.image.switch_targets(piece, table)
        if piece.indirect:
            targets |= self.listed(piece)
        return targets

    def listed(self, piece):
        """Targets of the indirect calls of this piece, from the table."""
        name = piece.name.partition(".")[0]
        if name not in self.rules.indirect:
            for addr, operand in piece.indirect:
                self.complain(piece.addr, f"has an indirect call or jump at "
                              f"{addr:#x}, {operand}")
            return set()
        self.used.add(name)
        return set(self.addresses(self.rules.indirect[name][0]))

    def complain(self, addr, what):
        chain = []
        while addr is not None:
            chain.append(self.image.starts[addr].name)
            addr = self.came_from[addr]
        root = self.rules.roots.get(chain[-1], "?")
        self.problems.append(f"{chain[0]} {what}; reached from {root}:\n    "
                             + " -> ".join(reversed(chain)))


def check_image(elf, rules=OURS):
    return Proof(Image(elf), rules).run()


def check():
    return check_image(pathlib.Path(os.environ.get("BUILD", "build"),
                                    "nop5.elf"))
