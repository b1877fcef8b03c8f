/* SPDX-License-Identifier: MIT */
/*
 * Host fake of <asm/atomic.h>: as the real one, with host_step() before a
 * compare-and-exchange, where another CPU may come in between.
 */
#pragma once

#include "arch/x86_64/asm/atomic.h"
#include "tests/host/step.h"

#undef try_cmpxchg
#define try_cmpxchg(p, oldp, val)                                      \
	({                                                             \
		host_step();                                           \
		__atomic_compare_exchange_n((p), (oldp), (val), false, \
					    __ATOMIC_SEQ_CST,          \
					    __ATOMIC_SEQ_CST);         \
	})
