# SPDX-License-Identifier: MIT
# parts: torture 250
"""Breaks probes on purpose, one line at a time: a named test in the image, or
a panic, must notice each."""
import pytest

from tests.test_entry_mutants import ids, run_mutant, tree  # noqa: F401

EVENT, FETCH = "trace/probes/probe_event", "trace/probes/probe_fetch.c"
PATCH, PROBES = "arch/x86_64/patch/kprobe", "trace/probes/kprobe"

# What is broken, file, text, what it becomes, tests to run, tests to fail.
MUTANTS = [
    ("any word is a parameter", "trace/probes/probe_name.c",
     "!param_find(kallsyms_lookup_name(event), word, &param))",
     "(0 && !param_find(kallsyms_lookup_name(event), word, &param)))",
     "probe_names.an_fprobe*", "not ok 1 - probe_names.an_fprobe"),
    ("a slot is freed without waiting", PATCH + ".c",
     "\tsynchronize_tasks();\n", "",
     "kprobe_step.*", "kernel panic: "),
    ("a list is freed while a handler of it runs", PROBES + "_place.c",
     "\tif (any)\n\t\tsynchronize_cpus(); /* K5 */\n", "\t(void)any;\n",
     "kprobe_load.removal*", "kernel panic: "),
    ("bytes of a static key are probed", PATCH + ".c",
     "return jump_label_text_reserved(start, end) ||",
     "return (start > end && jump_label_text_reserved(start, end)) ||",
     "kprobe.bytes*", "not ok 1 - kprobe.bytes_of_a_static_key"),
    ("what INT3 handling reaches is probed", PROBES + "_place.c",
     "|| kprobe_blacklisted(addr))", "|| (!addr && kprobe_blacklisted(addr)))",
     "kprobe_nodes.blacklist*", "not ok 1 - kprobe_nodes.blacklist"),
    ("no look for the boundary", PATCH + "_decode.c",
     "for (at = addr - off;;", "for (at = addr;;",
     "kprobe.refusals*", "not ok 1 - kprobe.refusals"),
    ("a displacement is not adjusted", PATCH + "_decode.c",
     "(long)(addr - to)", "(long)(to - addr)",
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
     "delayed = delays_interrupts(insn->class);",
     "delayed &= delays_interrupts(insn->class);",
     "kprobe_refused.*", "not ok 1 - kprobe_refused."),
    ("a handler is called inside a handler", PROBES + "_internal.h",
     "if (unlikely(this_cpu_read(kprobe_busy) & context)) /* K4 */",
     "if (unlikely(this_cpu_read(kprobe_busy) & ~context)) /* K4 */",
     "kprobe.nested*", "kernel panic: "),
    ("the hit in an NMI is a nested one", PROBES + "_hit.c",
     "\tif (unlikely(!kprobe_enter(context)))\n\t\treturn miss(list);",
     "\tif (unlikely(!kprobe_enter(CTX_TASK)))\n\t\treturn miss(list);",
     "kprobe_context.*", "not ok 1 - kprobe_context."),
    ("a failed request leaves its probes", PROBES + ".c",
     "\t\twhile (i--) {\n\t\t\tps[i]->place->chosen = false;\n"
     "\t\t\tdetach(ps[i]);\n\t\t}\n", "",
     "kprobe.refusals*", "not ok 1 - kprobe.refusals"),
    ("an fprobe's handler is called inside a handler",
     "trace/probes/fprobe.c",
     "\tif (this_cpu_read(fprobe_busy) & this_cpu_read(trace_context))\n"
     "\t\treturn false;\n", "",
     "fprobe_paths.answers*", "not ok 1 - fprobe_paths.answers"),
    ("maxactive lets one more in", "trace/probes/kretprobe.c",
     "if (fetch_add(&rp->active, 1) < rp->maxactive)",
     "if (fetch_add(&rp->active, 1) <= rp->maxactive)",
     "kretprobe.maxactive*", "not ok 1 - kretprobe.maxactive"),
    ("a call under way loses its exit when disabled",
     "trace/probes/kretprobe.c",
     "disable_fprobe_entries(&rp->fprobe);",
     "disable_fprobe(&rp->fprobe);",
     "kretprobe.disabled*", "not ok 1 - kretprobe.disabled"),
    ("a fetch reads without a look at the page tables", FETCH,
     "unlikely(paging_peek(addr, &at) < size)",
     "(at = (const void *)addr, unlikely(size > sizeof(u64)))",
     "probe_fetch.memory_at_a_value*", "kernel panic: "),
    ("a text goes on behind the page", FETCH,
     "n = min(paging_peek(addr + done, &at), (size_t)(size - done));",
     "n = paging_peek(addr + done, &at) ? size - done : 0;",
     "probe_fetch.memory_across*",
     "not ok 1 - probe_fetch.memory_across_and_at_the_end_of_a_page_PE6"),
    ("registers of devices are memory", "arch/x86_64/mm/paging_peek.c",
     "return addr >= PAGE_OFFSET &&\n"
     "\t       addr - IOREMAP_BASE >= STACK_BASE - IOREMAP_BASE;",
     "return addr >= PAGE_OFFSET;", "probe_fetch.guard*", "kernel panic: "),
    ("an event in use is removed", EVENT + "_remove.c",
     "busy |= all && in_use(pe); /* PE5 */",
     "busy |= !all && in_use(pe); /* PE5 */",
     "probe_event.an_event_in_use*",
     "not ok 1 - probe_event.an_event_in_use_stays_PE5"),
    ("the names of fields go with the first probe", EVENT + "_remove.c",
     "if (!p->of || p->of->form != p->def)\n\t\tprobe_def_free(p->def);",
     "probe_def_free(p->def);",
     "probe_event.several*", "kernel panic: "),
    ("a probe that comes to an enabled event is not armed", EVENT + ".c",
     "if (pe->files)\n\t\terr = probe_arm(p);", "",
     "probe_event.several*",
     "not ok 1 - probe_event.several_probes_make_one_event"),
    ("the traces keep records of what is gone", EVENT + "_remove.c",
     "n > 0 && tr; tr", "n > 1 && tr; tr",
     "probe_event.a_removal*", "not ok 1 - probe_event.a_removal_empties"),
    ("what is refused stays registered", EVENT + ".c",
     "if (err)\n\t\tprobe_release(p); /* PE3 */", "",
     "probe_life.each_allocation_of_a_def*",
     "probe_life.each_allocation_of_a_definition_may_fail_PE3"),
    ("a probe that could not be armed leaves the others", EVENT + "_hit.c",
     "disarm_before(pe, at);\n\t\treturn err;", "return err;",
     "probe_life.an_event_is_armed*", "not ok 1 - probe_life.an_event_is"),
    ("a probe that is still at its site is freed", EVENT + "_hit.c",
     "bool probe_is_stuck(const struct probe *p)\n{\n"
     "\treturn fprobe_is_registered(p->hook);",
     "bool probe_is_stuck(const struct probe *p)\n{\n\treturn !p;",
     "probe_life.each_allocation_of_a_rem*", "kernel panic: "),
    ("a probe that stays at its site is not armed again", EVENT + "_hit.c",
     "if (p->hook == &p->fp) {\n\t\tenable_fprobe(&p->fp);\n\t\treturn 0;",
     "if (p->hook == &p->fp) {\n\t\treturn 0;",
     "probe_life.each_allocation_of_a_dis*",
     "not ok 1 - probe_life.each_allocation_of_a_disable_may_fail_PE7"),
    ("a cold part is a function with a frame of its own",
     "arch/x86_64/patch/ftrace_args.c",
     "if (!fn->framed && !fn->jumps)", "if (!fn->framed)",
     "fprobe_paths.only*", "not ok 1 - fprobe_paths.only_arguments"),
    ("any number of functions has targets", "trace/probes/fprobe.c",
     "if (n > FAST_MAX)\n\t\treturn 0;", "n = min(n, (size_t)FAST_MAX);",
     "fprobe_paths.many*", "not ok 1 - fprobe_paths.many"),
    ("a structure's size is not counted", "kernel/base/params.c",
     "param->slot = row->slot;", "param->slot = (u8)n;",
     "probe_names.parameters*", "not ok 1 - probe_names.parameters_by_name"),
]


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", MUTANTS,
                         ids=ids(MUTANTS))
def test_mutant(tree, name, file, text, becomes, tests,  # noqa: F811
                noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2, "icount": 0},
                      tests)
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
    ("a return that has gone stays in the list",
     "trace/probes/probe_event_remove.c",
     "\t\tkretprobe_withdraw(&p->rp);\n", "\t\t(void)0;\n",
     "kprobe_nodes.list_has_returns*",
     "not ok 1 - kprobe_nodes.list_has_returns"),
    ("the switch arms a return that goes", "trace/probes/kretprobe.c",
     "\tmutex_lock(&kprobe_mutex); /* kprobes_set_all() must not arm it again "
     "*/\n\terr = unregister_fprobe(&rp->fprobe);\n",
     "\terr = unregister_fprobe(&rp->fprobe);\n"
     "\tmutex_lock(&kprobe_mutex);\n",
     "kprobe_nodes.the_sw*", "not ok 1 - kprobe_nodes.the_switch"),
    ("the switch does not reach returns", "trace/probes/kprobe.c",
     "\t\tkretprobes_set_all();\n", "\t\t(void)0;\n",
     "kprobe_nodes.enabled_is*", "not ok 1 - kprobe_nodes.enabled_is"),
    ("a return is handled inside a probe's handler",
     "trace/probes/kretprobe.c",
     "\tif (unlikely(this_cpu_read(kprobe_busy) & "
     "this_cpu_read(trace_context)))\n\t\treturn false;\n", "",
     "kretprobe_nested.it*", "not ok 1 - kretprobe_nested.it_is_missed"),
    ("an emulated call is still trapped", PATCH + "_int3.c",
     "\tWRITE_ONCE(regs->orig_ax, 0);\n\tbarrier();\n"
     "\tkprobe_emulate(", "\tkprobe_emulate(",
     "unwind.*emulated*", "not ok 1 - unwind.wherever_an_nmi_strikes_an_em"),
    ("an exit handler's result is lost", "trace/probes/fprobe.c",
     "\t*ret->result = fregs.ax;\n", "",
     "fprobe_paths.an_exit*", "not ok 1 - fprobe_paths.an_exit_handler"),
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
