/* SPDX-License-Identifier: MIT */
/*
 * Words that only their own CPU writes, in any of its contexts.
 *
 * Each access is one instruction without lock prefix: an interrupt or NMI on
 * this CPU comes before or after it, never in the middle. Other CPUs may read
 * such a word but not write it. <asm/atomic.h> is for words that several CPUs
 * write.
 *
 * The host tests replace this header by a fake, which can run a nested writer
 * before and after each access. So they model-check trace/ring/ring_buffer.c.
 * Context: any, with preemption off so that "own CPU" does not change.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/barrier.h>

/* One load or store of the word's size, aligned: never torn for a reader. */
#define local_read(p)	  READ_ONCE(*(p))
#define local_set(p, val) WRITE_ONCE(*(p), (val))

/*
 * A load that the compiler may make part of the one instruction that uses it.
 * No access moves across the barriers before and behind it.
 */
#define local_fold(p) (*(p))

/*
 * The compiler moves no access across these three: they tell who is inside.
 * local_add_sign() returns whether the sum's highest bit is set.
 */
static __always_inline bool local_add_sign(u32 *p, u32 n)
{
	bool sign;

	__asm__ volatile("addl %2, %1"
			 : "=@ccs"(sign), "+m"(*p)
			 : "re"(n)
			 : "memory");
	return sign;
}

static __always_inline void local_or(u32 *p, u32 bits)
{
	__asm__ volatile("orl %1, %0" : "+m"(*p) : "re"(bits) : "memory");
}

static __always_inline void local_and(u32 *p, u32 bits)
{
	__asm__ volatile("andl %1, %0" : "+m"(*p) : "re"(bits) : "memory");
}

/* No memory clobber: these count, they publish nothing. */
static __always_inline void local_inc(u64 *p)
{
	__asm__ volatile("incq %0" : "+m"(*p) : : "cc");
}

static __always_inline void local_add(u64 *p, u64 n)
{
	__asm__ volatile("addq %1, %0" : "+m"(*p) : "re"(n) : "cc");
}

/* A sum of 128 bits. */
struct local_wide {
	u64 low, high;
};

/* Two instructions: one that nests between them adds its own carry itself. */
static __always_inline void local_add_wide(struct local_wide *p, u64 low,
					   u64 high)
{
	__asm__ volatile("addq %2, %0\n\t"
			 "adcq %3, %1"
			 : "+m"(p->low), "+m"(p->high)
			 : "r"(low), "r"(high)
			 : "cc");
}

/* Stores val if *p is *oldp, else loads *oldp. Returns whether it stored. */
static __always_inline bool local_try_cmpxchg(u64 *p, u64 *oldp, u64 val)
{
	bool stored;

	__asm__ volatile("cmpxchgq %3, %1"
			 : "=@ccz"(stored), "+m"(*p), "+a"(*oldp)
			 : "r"(val)
			 : "memory");
	return stored;
}

/* The same for four bytes. */
static __always_inline bool local_try_cmpxchg32(u32 *p, u32 *oldp, u32 val)
{
	bool stored;

	__asm__ volatile("cmpxchgl %3, %1"
			 : "=@ccz"(stored), "+m"(*p), "+a"(*oldp)
			 : "r"(val)
			 : "memory");
	return stored;
}
