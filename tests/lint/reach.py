# SPDX-License-Identifier: MIT
"""Proof from the linked images: nothing traceable is reachable from INT3
handling, NMI entry, a trampoline before its guard, the sync IPI handler, or
the stretch with the private address space loaded.

Follows every direct call, jump and fall-through from ROOTS. A branch on a
static key has both its edges, and is itself refused: it may hold an INT3, and a
tracepoint is such a branch. An indirect call or jump is refused unless INDIRECT
lists its targets, or names the table (table.h) whose entries the image holds.
STOPS are the places where the proof may end, each with the reason why it is
safe to be traced from there on.
"""
import collections
import os
import pathlib
from dataclasses import dataclass, field

from tests.lint.image import Image

# Where untraceable stretches begin: symbol -> which one it is. A callback that
# asks for no guard, and what it may call, is one, too.
ROOTS = {
    "int3_live": "INT3 handling at the sites of a batch",
    "int3_common": "INT3 handling",
    "nmi_common": "NMI entry",
    "sync_core_common": "the sync IPI handler",
    "ftrace_caller": "the static caller",
    "ftrace_regs_caller": "the static caller with registers",
    "ftrace_ops_list_func": "the list function",
    "ftrace_ops_list_regs_func": "the list function with registers",
    "pid_filter_func": "the callback that asks who is running",
    "return_to_handler": "the return of a hooked call",
    "fgraph_call": "the callback that hooks a return",
    "function_call": "the function tracer",
    "function_late": "what its fast code leaves over",
    "function_stack_call": "the function tracer with stacks",
    "graph_call": "the function_graph tracer",
    "graph_late": "what its fast code leaves over",
    "ap_entry": "a CPU that is starting",
    "kprobe_site_hit": "the callback of probes at sites",
    "kprobe_site_caller": "the trampoline of probes at sites",
    "fprobe_call": "the callback of fprobes",
    "probe_entry_hit": "a probe event, as the next six",
    "probe_return_entered": "at the entry of a kretprobe",
    "probe_return_hit": "at its return",
    "probe_fentry_hit": "of an fprobe",
    "probe_fexit_entered": "at its entry",
    "probe_fexit_hit": "at its return",
    "probe_point_hit": "of a tracepoint",
    "poke_write": "the private address space",
    "poke_write_bytes": "the private address space",
}

# Every symbol that begins so is a root, too.
ROOT_PREFIXES = {
    "trace_event_raw_event_": "the probe of an event",
}

# Reached, but not followed: symbol -> why that is safe.
STOPS = {
    "int3_unclaimed":
        "no owner claims it: it is caught by a test or the end",
    "nmi_entry":
        "trace_context says NMI, and an INT3 met in there returns without "
        "IRET (entry.asm, EN1 and EN2)",
    "reschedule":
        "preempt_schedule() has raised the preempt count: a callback of what "
        "it calls does not come here again",
    "secondary_main":
        "the CPU is online, its IDT is loaded and it has serialised",
    "panic": "nothing goes on from there",
    "trace_printk_event":
        "only with the word tp_printk; an event that happens in there is not "
        "printed again",
}


@dataclass(frozen=True)
class Table:
    """Every function that an entry of this table points to."""
    name: str


INT3_PROBES = (["trace_event_raw_event_int3_hit"], "probes of patch:int3_hit")
SYNC_ENTRY = (["trace_event_raw_event_sync_core_entry"],
              "probes of irq_vectors:sync_core_entry")
SYNC_EXIT = (["trace_event_raw_event_sync_core_exit"],
             "probes of irq_vectors:sync_core_exit")
CALLBACKS = ([], "callbacks, each a root here or behind a guard")

CLOCKS = (["clock_local", "clock_global", "clock_counter", "clock_tsc",
           "ktime_ns"], "clocks[] of trace_clock.c")
FILTERS = (["match", "match_ranges", "keep_all", "match_u8", "match_s8",
            "match_u16", "match_s16", "match_u32", "match_s32", "match_64"],
           "match of every event_filter")

# Function with indirect calls -> (targets, why these are all); "name_*": of
# each whose name begins with this word.
INDIRECT = {
    "ftrace_ops_list_func": CALLBACKS,
    "ftrace_ops_list_regs_func": CALLBACKS,
    "list_call_set": CALLBACKS,
    "pid_filter_func": CALLBACKS,
    "int3_live": (["poke_int3_live"], "the second owner of #BP"),
    "int3_common": (Table("int3_owners"), "the owners of #BP"),
    "int3_declined": (Table("int3_owners"), "the owners of #BP"),
    "tests_int3":
        ([], "what a test sets is called by its own INT3s alone"),
    "kprobe_trap":
        ([], "handlers: the busy bit of this context is set, so that a probe "
         "they reach calls none"),
    "kprobe_site_hit": ([], "the same"),
    "kprobe_site_general": ([], "the same"),
    "kprobe_site_caller": ([], "the same"),
    "call_many": ([], "the same"),
    "kprobe_post": ([], "the same"),
    "fprobe_enter":
        (["call_entered"], "the same for other handlers: fprobe_busy is set"),
    "fprobe_return": (["call_returned"], "the same"),
    "call_entry_handler": ([], "the same"),
    "call_returned": ([], "the same"),
    "unwind_trampoline_frame": (Table("unwind_hooks"), "its entries"),
    "unwind_wrapper_range": (Table("unwind_hooks"), "its entries"),
    "unwind_return_address": (Table("unwind_hooks"), "its entries"),
    "unwind_place": (Table("unwind_hooks"), "its entries"),
    "unwind_byte": (Table("unwind_hooks"), "its entries"),
    "fgraph_enter":
        (["graph_entry", "time_entry", "fprobe_enter"],
         "entryfunc of every fgraph_ops"),
    "return_to_handler":
        (["refuse", "graph_handler", "time_handler"],
         "handler of every fgraph_ops"),
    "ftrace_return_to_handler":
        (["graph_return", "time_return", "fprobe_return"],
         "retfunc of every fgraph_ops"),
    "lose_call": (["fprobe_lost"], "lostfunc of every fgraph_ops"),
    "fprobe_lost": (["call_lost"], "lost_handler of every fprobe"),
    "__traceiter_int3_hit": INT3_PROBES,
    "call_all_int3_hit": INT3_PROBES,
    "__traceiter_sync_core_entry": SYNC_ENTRY,
    "__traceiter_sync_core_exit": SYNC_EXIT,
    # gcc makes one function of those of all vectors; its list is the caller's.
    "call_all_call_function_entry":
        (SYNC_ENTRY[0] + SYNC_EXIT[0], "probes of the two"),
    "event_commit": ([*FILTERS[0], "trace_printk_event"],
                     FILTERS[1] + ", event_printk"),
    "event_triggers_act": FILTERS,
    "event_triggers_want": FILTERS,
    "event_hist_hit": CLOCKS,
    "hit_many": CLOCKS,
    "ring_buffer_swap": (["set_top_ring"], "moved of every ring_buffer"),
    "filtered_*": FILTERS,
    "tsc_compare": (["bring_up_clock"], "what ap_entry() compares by"),
    "ring_buffer_lock_reserve": CLOCKS,
}


@dataclass
class Rules:
    roots: dict
    stops: dict
    indirect: dict
    prefixes: dict = field(default_factory=dict)


OURS = Rules(ROOTS, STOPS, INDIRECT, ROOT_PREFIXES)


class Proof:
    """One walk from all roots."""

    def __init__(self, image, rules):
        self.image, self.rules = image, rules
        self.came_from = {}  # piece address -> (address of caller, root)
        self.problems = []
        self.used = set()  # rules that were needed

    def run(self):
        sites = self.image.sites()
        keyed = {self.image.owner(site).addr for site in self.image.keyed}
        stops = self.addresses(self.rules.stops)
        roots = self.addresses(self.rules.roots)
        queue = collections.deque((addr, None) for addr in roots)
        queue += [(addr, None) for addr in self.probes()]
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
            if piece.addr in keyed:
                self.complain(piece.addr, "tests a static key")
            queue += [(target, piece.addr) for target in self.leads_to(piece)]
        return self.problems

    def probes(self):
        """The roots that only their prefix names."""
        return [addr for name, addrs in self.image.symbols.items()
                for prefix in self.rules.prefixes if name.startswith(prefix)
                for addr in addrs if self.image.owner(addr)]

    def near(self, sites, piece):
        return (addr for addr in (piece.addr, piece.addr + 4) if addr in sites)

    def addresses(self, names):
        found = {}
        for name in names:
            for addr in self.image.symbols.get(name, ()):
                found[addr] = name
            if name not in self.image.symbols:
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
            name = name.partition("_")[0] + "_*"
        if name not in self.rules.indirect:
            for addr, operand in piece.indirect:
                self.complain(piece.addr, f"has an indirect call or jump at "
                              f"{addr:#x}, {operand}")
            return set()
        self.used.add(name)
        targets = self.rules.indirect[name][0]
        if isinstance(targets, Table):
            return self.image.functions_of_table(targets.name)
        return set(self.addresses(targets))

    def complain(self, addr, what):
        chain = []
        while addr is not None:
            chain.append(self.image.starts[addr].name)
            addr = self.came_from[addr]
        root = self.rules.roots.get(chain[-1]) or next(
            (what for prefix, what in self.rules.prefixes.items()
             if chain[-1].startswith(prefix)), "?")
        self.problems.append(f"{chain[0]} {what}; reached from {root}:\n    "
                             + " -> ".join(reversed(chain)))


def check_images(elfs, rules=OURS):
    """What is wrong in one of them, and entries that none of them needs."""
    problems, used = [], set()
    for elf in elfs:
        proof = Proof(Image(elf), rules)
        problems += [f"{elf.name}: {problem}" for problem in proof.run()]
        used |= proof.used
    return problems + [f"reach.py: the entry for {name} is not needed any more"
                       for name in [*rules.stops, *rules.indirect]
                       if name not in used]


def check():
    build = pathlib.Path(os.environ.get("BUILD", "build"))
    return check_images([build / "nop5.elf", build / "nop5-test.elf"])
