# SPDX-License-Identifier: MIT
# parts: torture 60
"""Breaks the word of a CPU's context on purpose, the requests to switch, and
the looks behind handlers of probes: a named test in the image, or a panic, must
notice each."""
import pytest

from tests.test_entry_mutants import ids, run_mutant, tree  # noqa: F401

ENTRY, IRQ = "arch/x86_64/cpu/entry.asm", "arch/x86_64/cpu/irq.c"
SCHED, WORD = "kernel/sched.c", "arch/x86_64/asm/context.h"
KPROBE = "arch/x86_64/patch/kprobe_entry.asm"
FEXIT = "arch/x86_64/patch/ftrace_fexit_owner.c"
REQUEST = "context.a_request*", "not ok 1 - context.a_request"
STORM = "context.no_wake_up*", "not ok 1 - context.no_wake_up"
TAKEN = ("if (this_cpu_read(resched_request))\n\t\tset_need_resched();", "")

# What is broken, file, text, what it becomes, tests to run, tests to fail.
MUTANTS = [
    ("CW3: no request is taken", IRQ, *TAKEN, *REQUEST),
    ("CW3: no request is taken, in a storm", IRQ, *TAKEN, *STORM),
    ("SC6: no interrupt carries a request", SCHED,
     "smp_send_reschedule(cpu);", "", *REQUEST),
    ("an event comes before the request is taken", IRQ,
     "take_request(); trace_reschedule_entry(vector);",
     "trace_reschedule_entry(vector);\n\t\ttake_request();", *REQUEST),
    ("CW1: another CPU writes the word", SCHED,
     "WRITE_ONCE(per_cpu(resched_request, cpu), 1);",
     "WRITE_ONCE(per_cpu(resched_request, cpu), 1);\n"
     "\tper_cpu(context_word, cpu) |= CONTEXT_RESCHED;",
     "context.a_switch_serves*", "not ok 1 - context.a_switch_serves"),
    ("SC6: a switch leaves the request", SCHED,
     "this_cpu_write(resched_request, 0); /* SC6 */", "",
     "context.a_switch_serves*", "not ok 1 - context.a_switch_serves"),
    ("a CPU halts with a switch due", SCHED,
     "if (!need_resched() && !task_waits())", "if (!task_waits())",
     *STORM),
    ("a switch does not wait for the last level", SCHED,
     "preempt_count() || !in_task()", "!in_task()",
     "context.a_switch_waits*", "kernel panic: context word"),
    ("a switch keeps the pid", SCHED, "set_current_task(next, next->pid)",
     "set_current_task(next, prev->pid)",
     "context.the_pid*", "kernel panic: context word"),
    ("the flag of a context stays", ENTRY,
     "mov eax, [FRAME_FLAGS]\n\txor [gs:context_word], rax", "",
     "context.the_word*", "kernel panic: context word"),
    ("CW2: an NMI shows the interrupt below it, too", ENTRY,
     "and eax, CONTEXT_NMI | CONTEXT_HARDIRQ", "and eax, CONTEXT_NMI",
     "context.the_word*", "not ok 1 - context.the_word"),
    ("CW2: an NMI goes by the other word", ENTRY,
     "mov eax, [gs:context_word]\n\tand eax, CONTEXT_NMI | CONTEXT_HARDIRQ",
     "and eax, CTX_IRQ\n\tshl eax, 18",
     "context.an_nmi*", "not ok 1 - context.an_nmi"),
    ("a lower count is restored across the pid", WORD,
     "u64 levels = (u64)preempt_count() - count;",
     "u64 levels = preempt_count() - count;",
     "context.a_count*", "kernel panic: context word"),
    ("no look behind a probe's handler", KPROBE, "js .resched", "",
     "kprobe_sites.a_switch*", "not ok 1 - kprobe_sites.a_switch"),
    ("no look on the other ways out of a probe", KPROBE,
     "jns .leave", "jmp .leave",
     "kprobe_sites.a_switch*", "not ok 2 - kprobe_sites.a_switch"),
    ("no look behind an fprobe's exit handler", FEXIT,
     "put_jcc(c, JS, at->resched);", "", "fprobe_paths.a_switch*",
     "not ok 1 - fprobe_paths.a_switch"),
]

# Who is asked to pull, with three CPUs.
PULL = [
    ("SC7: a CPU with a task of its own keeps a request", SCHED,
     "if (next != prev && task_is_idle(prev))",
     "if (next == prev && task_is_idle(prev))",
     "sched.*SC7", "not ok 2 - sched.a_cpu_with_a_task_of_its_own"),
    ("SC7: a CPU with two tasks keeps both", SCHED,
     "nr_pullable))\n\t\t\treturn true;",
     "nr_pullable) && cpu != smp_processor_id())\n\t\t\treturn true;",
     "sched.*SC7", "not ok 3 - sched.a_cpu_with_two_tasks"),
    ("SC7: a busy CPU asks nobody", SCHED, "} else if (!pinned) {",
     "} else if (0) {", "sched.*SC7", "not ok 1 - sched.a_busy_cpu_asks"),
    ("a busy CPU asks for a bound task", SCHED, "} else if (!pinned) {",
     "} else {", "sched.*SC7", "not ok 1 - sched.a_busy_cpu_asks"),
]


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", MUTANTS,
                         ids=ids(MUTANTS))
def test_mutant(tree, name, file, text, becomes, tests,  # noqa: F811
                noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2, "icount": 0},
                      tests)
    assert noticed in boot.log, boot.excerpt()


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", PULL,
                         ids=ids(PULL))
def test_pull(tree, name, file, text, becomes, tests, noticed):  # noqa: F811
    boot = run_mutant(tree, file, text, becomes, {"smp": 3, "icount": 0},
                      tests)
    assert noticed in boot.log, boot.excerpt()
