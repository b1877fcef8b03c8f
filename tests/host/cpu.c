// SPDX-License-Identifier: MIT
/*
 * Host fake: the CPU a thread plays, its context words, and a current task.
 */
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/percpu.h>
#include <asm/tsc.h>
#include "kernel/sched.h"
#include "kernel/trace_hooks.h"

DEFINE_TABLE(struct task_hooks, task_hooks);

static struct task_struct host_task = { .pid = 1, .comm = "host" };

_Thread_local unsigned int host_cpu;
_Thread_local unsigned long host_flags = X86_EFLAGS_IF;

u64 host_tsc;
u64 tsc_mult = 1ULL << 32; /* a cycle takes a nanosecond */
u64 tsc_hz = 1000000000, tsc_base, tsc_warp_max;
u32 cpu_number[NR_CPUS];
u64 context_word[NR_CPUS] = {
	[0 ... NR_CPUS - 1] = 1UL << CONTEXT_PID_SHIFT, /* host_task */
};
u32 trace_context[NR_CPUS] = { [0 ... NR_CPUS - 1] = CTX_TASK };
struct task_struct *current_task[NR_CPUS] = {
	[0 ... NR_CPUS - 1] = &host_task,
};
