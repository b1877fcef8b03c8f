/* SPDX-License-Identifier: MIT */
/*
 * The base vocabulary: integer types, attributes, and the few macros that need
 * no other header.
 *
 * Pure: compiles in the kernel and on the host alike.
 */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/*
 * By size, as the formats of events name them. 64 bits are long long, not long,
 * so that %llu prints them on the host, too.
 */
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;
typedef signed char s8;
typedef short s16;
typedef int s32;
typedef long long s64;
typedef int pid_t;
typedef long ssize_t;
typedef unsigned long uintptr_t;

/* Not from <limits.h>: gcc's version needs that of a C library. */
#define INT_MAX	   __INT_MAX__
#define INT_MIN	   (-INT_MAX - 1)
#define UINT_MAX   (2U * INT_MAX + 1U)
#define LONG_MAX   __LONG_MAX__
#define LONG_MIN   (-LONG_MAX - 1L)
#define ULONG_MAX  (2UL * LONG_MAX + 1UL)
#define LLONG_MAX  __LONG_LONG_MAX__
#define LLONG_MIN  (-LLONG_MAX - 1LL)
#define ULLONG_MAX (2ULL * LLONG_MAX + 1ULL)

/* Which way a branch usually goes: the other code is moved out of line. */
#define likely(cond)   __builtin_expect(!!(cond), 1)
#define unlikely(cond) __builtin_expect(!!(cond), 0)

#ifndef __always_inline
#define __always_inline inline __attribute__((__always_inline__))
#endif
/*
 * notrace: no site. The function cannot be traced, and may run in a callback.
 */
#define noinline __attribute__((__noinline__))
#define notrace	 __attribute__((__no_instrument_function__))
/*
 * For small hot functions in the trace path: it omits the push/mov/pop of rbp.
 * Older versions of gcc also dropped other flags; tests/test_optimize.py checks
 * that this one does not.
 */
#define __no_fp __attribute__((__optimize__("omit-frame-pointer")))
/*
 * For functions of a few dozen bytes in the trace path: the function begins at
 * a cache line. Otherwise its time depends on what the linker puts in front of
 * it.
 */
#define __own_line __attribute__((__aligned__(64)))
/*
 * For a function that a hot one calls in a rare case by call_keeping(): it
 * keeps all registers, so the caller need not save any. @func: void, of a
 * pointer and a u32. (Host tests have registers that it cannot keep; there it
 * is a usual function.)
 */
#ifdef __SSE__
#define __keeps_registers
#define call_keeping(func, p, n) func(p, n)
#else
#define __keeps_registers __attribute__((__no_caller_saved_registers__))
#define call_keeping(func, p, n)                 \
	__asm__ volatile("call " #func           \
			 :                       \
			 : "D"(p), "S"((u32)(n)) \
			 : "memory", "cc")
#endif
#define __packed       __attribute__((__packed__))
#define __aligned(n)   __attribute__((__aligned__(n)))
#define __used	       __attribute__((__used__))
#define __weak	       __attribute__((__weak__))
#define __cold	       __attribute__((__cold__))
#define __noreturn     __attribute__((__noreturn__))
#define __must_check   __attribute__((__warn_unused_result__))
#define __printf(f, a) __attribute__((__format__(__printf__, f, a)))

#define static_assert _Static_assert

#define BIT(n) (1UL << (n))

/*
 * Of an array, not of a pointer: a pointer gives a wrong number without a
 * warning.
 */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/*
 * @a is a power of two. The type is that of @x, so a mask of 32 bits cannot cut
 * an address.
 */
#define ALIGN_UP(x, a)	   (((x) + ((a)-1)) & ~((__typeof__(x))(a)-1))
#define ALIGN_DOWN(x, a)   ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a)   (((x) & ((__typeof__(x))(a)-1)) == 0)
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

/*
 * Each argument is evaluated once. The comparison of the pointers makes the
 * compiler complain about two types; min_t() says which one is meant.
 */
#define min(a, b)                                  \
	({                                         \
		__typeof__(a) min_a_ = (a);        \
		__typeof__(b) min_b_ = (b);        \
		(void)(&min_a_ == &min_b_);        \
		min_a_ < min_b_ ? min_a_ : min_b_; \
	})
#define max(a, b)                                  \
	({                                         \
		__typeof__(a) max_a_ = (a);        \
		__typeof__(b) max_b_ = (b);        \
		(void)(&max_a_ == &max_b_);        \
		max_a_ > max_b_ ? max_a_ : max_b_; \
	})
#define min_t(type, a, b) min((type)(a), (type)(b))
#define clamp(x, lo, hi)  min(max(x, lo), hi)
#define swap(a, b)                         \
	do {                               \
		__typeof__(a) swap_ = (a); \
		(a) = (b);                 \
		(b) = swap_;               \
	} while (0)

/* From a member to the struct that holds it. @ptr must point to that member. */
#define container_of(ptr, type, member)                               \
	({                                                            \
		const __typeof__(((type *)0)->member) *mptr_ = (ptr); \
		(type *)((char *)(unsigned long)mptr_ -               \
			 offsetof(type, member));                     \
	})
