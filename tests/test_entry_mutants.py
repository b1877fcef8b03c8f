# SPDX-License-Identifier: MIT
# parts: torture 60
"""Breaks entry and synchronisation on purpose, one line at a time: a named
test in the image, or a panic, must notice each."""
import pathlib
import shutil
import subprocess

import pytest

from tests import qemu
from tests.mutants import mutated

ENTRY, IPI = "arch/x86_64/cpu/entry.asm", "arch/x86_64/cpu/ipi.c"
QUIESCE, SECTIONS = "kernel/quiesce.c", "quiesce.a_section_with_preempt*"

# What is broken, file, text, what it becomes, tests to run, tests to fail.
MUTANTS = [
    ("no gap under the frame of #BP", ENTRY,
     "times 5 push qword", "times 0 push qword",
     # The pushed address lands in the frame: which exception follows depends
     # on what the stack pointer becomes.
     "entry.int3_emulated_call*", "kernel panic: #"),
    ("a register is lost at a site of a batch", ENTRY,
     "CLOBBERED rdi, rsi, rdx, rcx,", "CLOBBERED rdi, rsi, rdx, rbx,",
     "entry.int3_of_a_batch_keeps*",
     "not ok 1 - entry.int3_of_a_batch_keeps"),
    ("the new rsp goes over the old one, not over ip", ENTRY,
     "mov [BP_FRAME(IP)], rdx", "mov [BP_FRAME(SP)], rdx",
     "entry.int3_of_a_batch_keeps*", "kernel panic: "),
    ("the direction flag is left to C", ENTRY,
     "\tcld\t\t\t\t; the C ABI requires DF clear\n", "",
     "entry.interrupt_keeps*", "not ok 1 - entry.interrupt_keeps"),
    ("an NMI looks like a task", ENTRY,
     "enter_context CTX_NMI", "enter_context CTX_TASK",
     "entry.contexts_nest*", "not ok 1 - entry.contexts_nest"),
    ("an interrupt's context is not put back", ENTRY,
     "\tmov [gs:trace_context], eax\n", "\n",
     "entry.*", "context 2, "),
    ("an interrupt looks like a task", ENTRY,
     "enter_context CTX_IRQ ; EN1 call irq_entry",
     "enter_context CTX_TASK\t\t; EN1\n\tcall irq_entry",
     "entry.interrupt_keeps*", "not ok 1 - entry.interrupt_keeps"),
    ("a traced sync looks like a task", ENTRY,
     "enter_context CTX_IRQ ; EN1 call sync_core_traced",
     "enter_context CTX_TASK\t\t; EN1\n\tcall sync_core_traced",
     "event_groups.a_sync*", "not ok 1 - event_groups.a_sync"),
    ("a sync looks at the probes of one event", ENTRY,
     "or rax, [__tracepoint_sync_core_exit + TRACEPOINT_FUNCS]",
     "or rax, [__tracepoint_sync_core_entry + TRACEPOINT_FUNCS]",
     "event_groups.irq_vectors_show_each*",
     "not ok 1 - event_groups.irq_vectors_show_each"),
    ("a CPU that runs a task is not marked", QUIESCE,
     "return rq->curr != current;",
     "return rq->curr != current && rq->curr == rq->idle;",
     SECTIONS, "not ok 1 - quiesce.a_section_with_preemption_off"),
    ("a CPU that is idle in an NMI is not marked", QUIESCE,
     "	if (READ_ONCE(per_cpu(trace_context, cpu)) != CTX_TASK)\n"
     "		return false;\n", "",
     "quiesce.a_handler_of_an_nmi*", "not ok 1 - quiesce.a_handler"),
    ("a task that passes loses marks of one wait", "kernel/quiesce_marks.c",
     "	for (; which; which &= which - 1)\n", "	if (which)\n",
     "quiesce.two_waits*", "not ok 1 - quiesce.two_waits"),
    ("a ring is changed with its writer inside",
     "trace/ring/ring_buffer_ctl.c",
     "	fetch_or(&rb->slow, reason);\n	synchronize_cpus();\n",
     "	fetch_or(&rb->slow, reason);\n",
     "ring_buffer.a_writer*", "not ok 1 - ring_buffer.a_writer"),
]


# What only makes CPUs wait, which is slow where instructions are counted.
CONCURRENT = [
    ("a marked CPU is not asked to reschedule", QUIESCE,
     "if (w->kind == QUIESCE_CPUS)", "if (w->kind == QUIESCE_TASKS)",
     "quiesce.a_task_that_never_switches*", "not ok 1 - quiesce.a_task"),
    ("all waits have one mark", QUIESCE,
     "w->mark = ~used & (used + 1) & (BIT(QUIESCE_MARKS) - 1);",
     "w->mark = (used | 1) & -(used | 1);",
     "quiesce.two_waits*", "not ok 1 - quiesce.two_waits"),
]

HALT = "quiesce.a_cpu_about_to_halt*"

# The same where instructions are counted and CPUs take short turns.
COUNTED = [
    ("a sync round waits for nobody", IPI,
     "has_answered(cpu, round), smp_timeout_ns",
     "has_answered(cpu, round - 1), smp_timeout_ns",
     "ipi.sync_round_waits*", "not ok 1 - ipi.sync_round_waits"),
    ("a CPU halts without a last look", "kernel/sched.c",
     "if (!READ_ONCE(rq->quiesce_marks))", "if (!READ_ONCE(rq->quiesce_wake))",
     HALT, "late == "),
    ("a CPU that has become quiet is waited for", "kernel/quiesce.c",
     "\t\tif (cpu_is_quiet(cpu)) {",
     "\t\tif (cpu_is_quiet(smp_processor_id())) {", HALT, "late == "),
    ("a sync round waits for nobody, nor do others", IPI,
     "has_answered(cpu, round), smp_timeout_ns",
     "has_answered(cpu, round - 1), smp_timeout_ns",
     "ipi.sync_rounds_of*", "not ok 1 - ipi.sync_rounds_of"),
]


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the sources with its own build directory, all built."""
    root = tmp_path_factory.mktemp("mutants") / "tree"
    skip = shutil.ignore_patterns(".git", "build", qemu.BUILD.name)
    shutil.copytree(qemu.ROOT, root, ignore=skip)
    shutil.copytree(qemu.BUILD, root / "build",
                    ignore=shutil.ignore_patterns("host", "*.iso"))
    return root


def build(root, image):
    elf = f"build/{image.name}"
    done = subprocess.run(["make", "BUILD=build", elf], cwd=root,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    return root / elf


def run_mutant(tree, file, text, becomes, machine, tests,
               image=qemu.TESTS):
    path = pathlib.Path(tree, file)
    good = path.read_text(encoding="utf-8")
    path.write_text(mutated(good, text, becomes), encoding="utf-8")
    try:
        boot = qemu.Machine(kernel=build(tree, image), **machine).boot(
            f"mode=tests tests={tests}" +
            (" icount=1 limit=2" if "icount" in machine else ""), timeout=240)
    finally:
        path.write_text(good, encoding="utf-8")
    assert boot.status in (qemu.FAILED, qemu.PANIC)
    return boot


def ids(mutants):
    return [m[0].replace(" ", "-") for m in mutants]


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", MUTANTS,
                         ids=ids(MUTANTS))
def test_mutant(tree, name, file, text, becomes, tests, noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2, "icount": 0},
                      tests)
    assert noticed in boot.log, boot.excerpt()


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed",
                         CONCURRENT, ids=ids(CONCURRENT))
def test_concurrent(tree, name, file, text, becomes, tests, noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2}, tests)
    assert noticed in boot.log, boot.excerpt()


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", COUNTED,
                         ids=ids(COUNTED))
def test_counted(tree, name, file, text, becomes, tests, noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 4, "icount": 0},
                      tests)
    assert noticed in boot.log, boot.excerpt()
