/* SPDX-License-Identifier: MIT */
/*
 * Run a function on other CPUs. The CPUs themselves (cpu_online(),
 * for_each_online_cpu(), ...) come from <asm/smp.h>.
 *
 * fn runs with interrupts off: on other CPUs in context irq, on this one in the
 * caller's context. It must not sleep nor call these functions itself.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/smp.h>

typedef void (*smp_call_func_t)(void *arg);

/*
 * Call fn(arg) on every online CPU, this one included.
 * wait: return when all have finished; otherwise fn may still run on others, so
 * arg must outlive these calls.
 * Context: task, interrupts on unless only one CPU is online (checked).
 * Panics and names the CPU if one does not answer within smp_timeout_ns.
 */
void on_each_cpu(smp_call_func_t fn, void *arg, bool wait);

/*
 * Call fn(arg) on one CPU, which may be this one.
 * Context: as on_each_cpu().
 * Return: 0; -ENXIO if the CPU is not online. No other code is returned.
 */
int smp_call_function_single(unsigned int cpu, smp_call_func_t fn, void *arg,
			     bool wait);
