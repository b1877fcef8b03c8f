// SPDX-License-Identifier: MIT
/*
 * The per-CPU words that everything else stands on, side by side so that an
 * entry stub touches one cache line.
 */
#include <asm/context.h>
#include <asm/percpu.h>

unsigned long per_cpu_offset[NR_CPUS];

struct task_struct;

__aligned(64) DEFINE_PER_CPU(struct task_struct *, current_task);
DEFINE_PER_CPU(unsigned long, this_cpu_off);
DEFINE_PER_CPU(u32, cpu_number);
DEFINE_PER_CPU(u32, trace_context);
DEFINE_PER_CPU(u32, preempt_count);
DEFINE_PER_CPU(u8, need_resched);
