/* SPDX-License-Identifier: MIT */
/*
 * Host fake of <asm/barrier.h>: as the real one, with host_step() before each
 * single store, an acquire, a release and a read barrier: where an interrupt
 * or another CPU may come in between.
 */
#pragma once

#include "arch/x86_64/asm/barrier.h"
#include "tests/host/step.h"

#undef WRITE_ONCE
#undef smp_rmb
#undef smp_load_acquire
#undef smp_store_release

#define WRITE_ONCE(x, val)                               \
	do {                                             \
		host_step();                             \
		*(volatile __typeof__(x) *)&(x) = (val); \
	} while (0)

#define smp_rmb()            \
	do {                 \
		host_step(); \
		barrier();   \
	} while (0)

#define smp_load_acquire(p)                             \
	({                                              \
		host_step();                            \
		__atomic_load_n((p), __ATOMIC_ACQUIRE); \
	})

#define smp_store_release(p, val)                               \
	do {                                                    \
		host_step();                                    \
		__atomic_store_n((p), (val), __ATOMIC_RELEASE); \
	} while (0)
