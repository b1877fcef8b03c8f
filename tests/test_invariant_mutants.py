# SPDX-License-Identifier: MIT
# parts: torture 60
"""Takes protections away, one at a time: each is named by an invariant, and a
named test in the image, or a panic, must notice."""
import pytest

from tests.test_entry_mutants import ids, run_mutant, tree  # noqa: F401

# What is broken, file, text, what it becomes, tests to run, tests to fail.
MUTANTS = [
    ("FP2: a CPU starts without rows", "trace/tracers/profile.c",
     "err = map.offset ? make_rows(cpu) : 0;", "err = 0;",
     "tables.*_FP2", "not ok 1 - tables."),
    ("CS2: a consumer that stays registered is freed",
     "trace/tracers/call_stat.c",
     "\tif (!unregister_ftrace_function(&c->ops)) {\n"
     "\t\tfree_consumer(c);\n\t\treturn;\n\t}\n",
     "\tif (unregister_ftrace_function(&c->ops) || !c->next) {\n"
     "\t\tfree_consumer(c);\n\t\treturn;\n\t}\n",
     "consumers.*_CS2", "not ok 1 - consumers."),
    ("SA2: a timer is not cancelled", "trace/tracers/sample.c",
     "timer_cancel_sync(&sampler.cpu[cpu]->timer);", "barrier();",
     "consumers.*_SA2", "kernel panic: "),
    ("IO1: all CPUs share a section", "trace/tracers/irqsoff.c",
     "\tstruct section *s = this_cpu_ptr(&section);\n\tu64 ns;",
     "\tstruct section *s = &per_cpu(section, 0);\n\tu64 ns;",
     "latency.*_IO1", "not ok 1 - latency."),
    ("LA10: a maximum without its events", "trace/tracers/latency.c",
     "\t\telse\n\t\t\ttr->max = *max;", "\t\ttr->max = *max;",
     "latency.*_LA10", "not ok 1 - latency."),
    ("WU1: a second wakeup takes over", "trace/tracers/wakeup.c",
     "\tif (READ_ONCE(wake.task) || task == current || !trace_is_on(tr) ||\n"
     "\t    !wake_try())\n\t\treturn;\n\tif (!wake.task) {",
     "\tif (task == current || !trace_is_on(tr) ||\n"
     "\t    !wake_try())\n\t\treturn;\n\t{",
     "latency.*_WU1", "not ok 1 - latency."),
    ("SP2: a CPU that is not urgent may try", "kernel/base/spinlock.c",
     "unlikely(READ_ONCE(lock->urgent) || !spin_take(lock, self))",
     "unlikely(!spin_take(lock, self))",
     "lock.*_SP2", "not ok 1 - lock."),
    ("PT4: the mapping that was looked at is read",
     "arch/x86_64/mm/paging_peek.c",
     "\t*at = phys_to_virt((entry & PTE_ADDR & ~(size - 1)) |\n"
     "\t\t\t   (addr & (size - 1))); /* PT4 */",
     "\t*at = (const void *)addr;",
     "paging.*_PT4", "not ok 1 - paging."),
    ("LA1: a command is written with interrupts on",
     "arch/x86_64/cpu/apic.c",
     "\tlocal_irq_save(flags); /* LA1 */", "\tflags = local_save_flags();",
     "ipi.*_LA1", "not ok 1 - ipi."),
    ("LA1: the upper half is not restored", "arch/x86_64/cpu/apic.c",
     "\twritel((u8 *)lapic_mmio + APIC_ICR_HIGH, high);\n", "\t(void)high;\n",
     "ipi.*_LA1", "not ok 1 - ipi."),
    ("TD1: a dump waits for a ring that is read",
     "trace/output/trace_dump.c",
     "\t\tif (mutex_trylock(&rb->reader_lock))\n",
     "\t\tmutex_lock(&rb->reader_lock);\n\t\tif (1)\n",
     "func_command.*_TD1", "kernel panic: "),
    ("K5: a list that is read is freed", "trace/probes/kprobe_place.c",
     "\tif (any)\n\t\tsynchronize_cpus(); /* K5 */\n", "\t(void)any;\n",
     "kprobe_load.*_K5", "kernel panic: "),
]


@pytest.mark.parametrize("name, file, text, becomes, tests, noticed", MUTANTS,
                         ids=ids(MUTANTS))
def test_mutant(tree, name, file, text, becomes, tests,  # noqa: F811
                noticed):
    boot = run_mutant(tree, file, text, becomes, {"smp": 2}, tests)
    assert noticed in boot.log, boot.excerpt()
