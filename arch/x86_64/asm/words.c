// SPDX-License-Identifier: MIT
/*
 * words.c - the variables that inline functions of <asm/...> use. They are
 * defined here, in the lowest layer, so that every layer may use those headers.
 *
 * The per-CPU variables that only their own CPU writes are in one cache line,
 * which the entry stubs and the tracers touch. The compiler lays them out from
 * the last one to the first, so the last of these has the alignment:
 * tests/kernel/test_context.c looks.
 * Only cpu/tsc.c and cpu/smp.c write the variables that are not per-CPU.
 */
#include <asm/context.h>
#include <asm/percpu.h>
#include <asm/smp.h>
#include <asm/tsc.h>

unsigned long per_cpu_offset[NR_CPUS];
u64 cpu_online_mask;
u64 tsc_mult, tsc_base, tsc_hz, tsc_warp_max;

struct task_struct;

DEFINE_PER_CPU(struct task_struct *, current_task);
DEFINE_PER_CPU(unsigned long, this_cpu_off);
DEFINE_PER_CPU(u32, cpu_number);
DEFINE_PER_CPU(u32, trace_context);
__aligned(64) DEFINE_PER_CPU(u64, context_word);

DEFINE_PER_CPU(u32, resched_request); /* other CPUs write it */
