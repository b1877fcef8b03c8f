# SPDX-License-Identifier: MIT
# parts: torture 39
"""Breaks probes on purpose, one line at a time: a named test in the image, or
a panic, must notice each."""
import pytest

from tests.test_entry_mutants import ids, run_mutant, tree  # noqa: F401

PATCH, PROBES = "arch/x86_64/patch/kprobe", "trace/probes/kprobe"

# What is broken, file, text, what it becomes, tests to run, who must notice.
MUTANTS = [
    ("a slot is freed without waiting", PATCH + ".c",
     "\tsynchronize_tasks();\n", "",
     "kprobe_load.a_preempted*", "kernel panic: "),
    ("no look for the boundary", PATCH + "_decode.c",
     "for (at = addr - off;;", "for (at = addr;;",
     "kprobe.refusals*", "not ok 1 - kprobe.refusals"),
    ("a displacement is not adjusted", PATCH + "_decode.c",
     "(long)(addr - to)", "(long)(addr - to) + 8",
     "kprobe_insn.every_kind_has*", "kernel panic: "),
    ("a call returns to its own address", PATCH + "_int3.c",
     "\tcase KPROBE_CALL:\n\t\tpush(regs, next);",
     "\tcase KPROBE_CALL:\n\t\tpush(regs, addr);",
     "kprobe_insn.every_kind_has*", "not ok 1 - kprobe_insn.every_kind"),
    ("LE is L", PATCH + "_int3.c",
     "is = less || flags & FLAG_ZF;", "is = less;",
     "kprobe_insn.every_kind_has*", "not ok 1 - kprobe_insn.every_kind"),
    ("ret n pops no arguments", PATCH + "_int3.c",
     "regs->sp += sizeof(regs->ip) + probe->pop;",
     "regs->sp += sizeof(regs->ip);",
     "kprobe_insn.every_kind_has*", "not ok 1 - kprobe_insn.every_kind"),
    ("the instruction behind STI is probed", PATCH + "_decode.c",
     "return delayed ? -EOPNOTSUPP : 0;",
     "return delayed && !insn->len ? -EOPNOTSUPP : 0;",
     "kprobe_refused.*", "not ok 1 - kprobe_refused."),
    ("a handler is called inside a handler", PROBES + "_hit.c",
     "if (unlikely(this_cpu_read(kprobe_busy) & context)) /* K4 */",
     "if (false)",
     "kprobe.nested*", "kernel panic: "),
    ("the hit in an NMI is a nested one", PROBES + "_hit.c",
     "\tif (unlikely(!enter(context)))\n\t\treturn miss(list);",
     "\tif (unlikely(!enter(CTX_TASK)))\n\t\treturn miss(list);",
     "kprobe_context.*", "not ok 1 - kprobe_context."),
    ("a failed request leaves its probes", PROBES + ".c",
     "\t\twhile (i--)\n\t\t\tdetach(ps[i]);\n", "",
     "kprobe.refusals*", "not ok 1 - kprobe.refusals"),
    ("an fprobe's handler is called inside a handler",
     "trace/probes/fprobe.c",
     "\tif (this_cpu_read(fprobe_busy) & this_cpu_read(trace_context))\n"
     "\t\treturn false;\n", "",
     "fprobe_paths.answers*", "not ok 1 - fprobe_paths.answers"),
    ("maxactive bounds nothing", "trace/probes/kretprobe.c",
     "if (fetch_add(&rp->active, 1) >= rp->maxactive) {",
     "if (fetch_add(&rp->active, 1) < 0) {",
     "kretprobe.maxactive*", "not ok 1 - kretprobe.maxactive"),
    ("a call under way loses its exit when disabled",
     "trace/probes/kretprobe.c",
     "disable_fprobe_entries(&rp->fprobe);",
     "disable_fprobe(&rp->fprobe);",
     "kretprobe.disabled*", "not ok 1 - kretprobe.disabled"),
]


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", MUTANTS,
                         ids=ids(MUTANTS))
def test_mutant(tree, name, file, text, becomes, tests,  # noqa: F811
                noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2}, tests)
    assert noticed in boot.log, boot.excerpt()


# The fast paths of sites, fprobes and moves.
FAST = [
    ("the trampoline of sites looks for no handler", PATCH + "_entry.asm",
     "\tjnz .general\t\t\t; to be counted\n", "",
     "kprobe.nested*", "kernel panic: "),
    ("a target looks for no handler",
     "arch/x86_64/patch/ftrace_fexit_owner.c",
     "\tput_jcc(c, JNZ, at->missed);\n", "",
     "fprobe_paths.answers*", "kernel panic: "),
    ("an fprobe that has gone is still called", "trace/core/ftrace_fexit.c",
     "\t\tset_words(fexit->group, false, false);\n", "",
     "fprobe_aside.gone*", "kernel panic: "),
    ("arguments on the stack of a tail call are not seen",
     "arch/x86_64/patch/ftrace_args.c",
     "return to != fn->start && in_registers(to, fn->jumps + 1);",
     "return to != fn->start;",
     "fprobe_paths.only*", "not ok 1 - fprobe_paths.only"),
    ("an ip modifier moves to where another one is",
     "trace/core/ftrace_move.c",
     "\tif (!ftrace_may_arrive(step->between, move->to))\n"
     "\t\treturn -EBUSY;\n", "",
     "kprobe_post.on*", "not ok 1 - kprobe_post.on"),
    ("the words of a call lie in two segments", "trace/graph/fgraph.c",
     "used = next_segment(stack, used);",
     "(void)next_segment(stack, used);",
     "fprobe_nested.a*", "kernel panic: "),
]


@pytest.mark.torture
@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", FAST,
                         ids=ids(FAST))
def test_fast_mutant(tree, name, file, text, becomes, tests,  # noqa: F811
                     noticed):
    test_mutant(tree, name, file, text, becomes, tests, noticed)
