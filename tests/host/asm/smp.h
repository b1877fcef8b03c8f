/* SPDX-License-Identifier: MIT */
/* Host fake of <asm/smp.h>: one CPU. */
#pragma once

#include "kernel/lib/types.h"
#include <asm/percpu.h>

#define cpu_online_mask		 1ULL
#define for_each_online_cpu(cpu) for ((cpu) = 0; (cpu) < 1; (cpu)++)

static inline unsigned int num_online_cpus(void)
{
	return 1;
}

static inline bool cpu_online(unsigned int cpu)
{
	return cpu == 0;
}

struct sync_core_ack {
	u64 round;
	u64 tsc;
};

DECLARE_PER_CPU(struct sync_core_ack, sync_core_ack);

u64 sync_core_rounds(void);
