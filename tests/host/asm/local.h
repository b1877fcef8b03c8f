/* SPDX-License-Identifier: MIT */
/*
 * Host fake of <asm/local.h>: the same operations, with host_step() before
 * each: where an interrupt or NMI may come.
 */
#pragma once

#include "kernel/lib/types.h"
#include "tests/host/step.h"
#include <asm/barrier.h>

#define local_read(p)            \
	({                       \
		host_step();     \
		READ_ONCE(*(p)); \
	})

#define local_fold(p) local_read(p)

#define local_set(p, val)                \
	do {                             \
		host_step();             \
		WRITE_ONCE(*(p), (val)); \
	} while (0)

static __always_inline bool local_add_sign(u32 *p, u32 n)
{
	host_step();
	*p += n;
	return *p >> 31;
}

static __always_inline void local_or(u32 *p, u32 bits)
{
	host_step();
	*p |= bits;
}

static __always_inline void local_and(u32 *p, u32 bits)
{
	host_step();
	*p &= bits;
}

static __always_inline void local_inc(u64 *p)
{
	host_step();
	++*p;
}

static __always_inline void local_add(u64 *p, u64 n)
{
	host_step();
	*p += n;
}

static __always_inline bool local_try_cmpxchg(u64 *p, u64 *oldp, u64 val)
{
	host_step();
	if (*p != *oldp) {
		*oldp = *p;
		return false;
	}
	*p = val;
	return true;
}

static __always_inline bool local_try_cmpxchg32(u32 *p, u32 *oldp, u32 val)
{
	host_step();
	if (*p != *oldp) {
		*oldp = *p;
		return false;
	}
	*p = val;
	return true;
}
