/* SPDX-License-Identifier: MIT */
/*
 * Atomic integers, and atomic operations on plain integers and pointers.
 *
 * Every read-modify-write below is one locked instruction and a full memory
 * barrier; atomic_read() and atomic_set() are plain single accesses. They can
 * be used in every context, including tracing callbacks and NMI, because none
 * of them is a function call.
 */
#pragma once

#include "kernel/lib/types.h"
#include <asm/barrier.h>

/* A struct, so that no plain ++ on it compiles. */
typedef struct {
	int counter;
} atomic_t;

typedef struct {
	s64 counter;
} atomic64_t;

#define ATOMIC_INIT(n)	 ((atomic_t){ (n) })
#define ATOMIC64_INIT(n) ((atomic64_t){ (n) })

/* These work on any integer or pointer of 1, 2, 4 or 8 bytes. */

#define xchg(p, val) ({ __atomic_exchange_n((p), (val), __ATOMIC_SEQ_CST); })

/*
 * Add, set or keep bits. Each returns the old value of *p, and is one LOCK XADD
 * or a loop of LOCK CMPXCHG, as gcc chooses.
 */
#define fetch_add(p, n)	   __atomic_fetch_add((p), (n), __ATOMIC_SEQ_CST)
#define fetch_or(p, bits)  __atomic_fetch_or((p), (bits), __ATOMIC_SEQ_CST)
#define fetch_and(p, bits) __atomic_fetch_and((p), (bits), __ATOMIC_SEQ_CST)

/* Stores val if *p is *oldp, else loads *oldp. Returns whether it stored. */
#define try_cmpxchg(p, oldp, val)                              \
	__atomic_compare_exchange_n((p), (oldp), (val), false, \
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

/* Returns the old value of *p; it equals old if and only if val was stored. */
#define cmpxchg(p, old, val)                            \
	({                                              \
		__typeof__(*(p)) cmpxchg_old_ = (old);  \
		try_cmpxchg((p), &cmpxchg_old_, (val)); \
		cmpxchg_old_;                           \
	})

/*
 * Without a barrier: pair them with smp_rmb() and smp_wmb() where order
 * matters.
 */
static __always_inline int atomic_read(const atomic_t *v)
{
	return READ_ONCE(v->counter);
}

static __always_inline void atomic_set(atomic_t *v, int n)
{
	WRITE_ONCE(v->counter, n);
}

/*
 * Those without _return give no value, so gcc emits LOCK ADD, which is shorter.
 */
static __always_inline void atomic_add(int n, atomic_t *v)
{
	fetch_add(&v->counter, n);
}

static __always_inline void atomic_inc(atomic_t *v)
{
	fetch_add(&v->counter, 1);
}

static __always_inline void atomic_dec(atomic_t *v)
{
	fetch_add(&v->counter, -1);
}

/* The new value. Overflow wraps: fetch_add() is defined for it. */
static __always_inline int atomic_add_return(int n, atomic_t *v)
{
	return fetch_add(&v->counter, n) + n;
}

static __always_inline int atomic_inc_return(atomic_t *v)
{
	return atomic_add_return(1, v);
}

static __always_inline int atomic_dec_return(atomic_t *v)
{
	return atomic_add_return(-1, v);
}

/* For reference counts: true for exactly one caller, the last. */
static __always_inline bool atomic_dec_and_test(atomic_t *v)
{
	return atomic_dec_return(v) == 0;
}

/* The same on 64 bits, for counts of calls and of nanoseconds. */
static __always_inline s64 atomic64_read(const atomic64_t *v)
{
	return READ_ONCE(v->counter);
}

static __always_inline void atomic64_set(atomic64_t *v, s64 n)
{
	WRITE_ONCE(v->counter, n);
}

static __always_inline void atomic64_add(s64 n, atomic64_t *v)
{
	fetch_add(&v->counter, n);
}

static __always_inline void atomic64_inc(atomic64_t *v)
{
	fetch_add(&v->counter, 1);
}

static __always_inline s64 atomic64_add_return(s64 n, atomic64_t *v)
{
	return fetch_add(&v->counter, n) + n;
}

static __always_inline s64 atomic64_inc_return(atomic64_t *v)
{
	return atomic64_add_return(1, v);
}
