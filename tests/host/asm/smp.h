/* SPDX-License-Identifier: MIT */
/* Host fake of <asm/smp.h>: one CPU. */
#pragma once

#include "kernel/lib/types.h"
#include <asm/percpu.h>

static inline unsigned int num_online_cpus(void)
{
	return 1;
}
