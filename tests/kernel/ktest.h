/* SPDX-License-Identifier: MIT */
/*
 * Tests in the image.
 *
 *	KTEST(suite, name)
 *	{
 *		EXPECT_EQ(1 + 1, 2);
 *	}
 *
 * defines and registers a test; the runner prints KTAP on the console ("ok 1 -
 * suite.name"). A test runs in its own thread, with interrupts and preemption
 * on. It prints nothing unless it fails, bounds every wait, leaves no thread
 * behind and gives back all memory (the runner checks pages and kmalloc bytes;
 * KTEST_LEAKS opts out).
 *
 * EXPECT* note a failure and go on; ASSERT* also leave the calling function,
 * which must return void. EXPECT* may be used from any thread, not from NMI.
 */
#pragma once

#include "kernel/base/clock.h"
#include "kernel/lib/table.h"
#include "kernel/lib/types.h"
#include "kernel/sched.h"

struct ktest {
	const char *suite;
	const char *name;
	void (*fn)(void);
	unsigned int flags;
	unsigned int timeout_s; /* of guest time; 0: KTEST_TIMEOUT_S */
};

#define KTEST_TIMEOUT_S 30

/* Flags. */
#define KTEST_LEAKS 1U /* memory may differ afterwards: says why */
#define KTEST_WARNS 2U /* WARN_ON() is expected to fire */
#define KTEST_ASKED 4U /* only when tests= begins with the suite's name */

DECLARE_TABLE(struct ktest, ktests);

/* All entries have one key: the tests run in the order in which they stand. */
#define KTEST_FLAGS(suite_, name_, flags_, timeout_)                          \
	static void ktest_##suite_##_##name_(void);                           \
	static const struct ktest ktest_def_##suite_##_##name_ = {            \
		.suite = #suite_,                                             \
		.name = #name_,                                               \
		.fn = ktest_##suite_##_##name_,                               \
		.flags = (flags_),                                            \
		.timeout_s = (timeout_),                                      \
	};                                                                    \
	static const struct ktest *const ktest_at_##suite_##_##name_          \
		TABLE_SECTION(ktests, "50") __attribute__((__no_reorder__)) = \
			&ktest_def_##suite_##_##name_;                        \
	static void ktest_##suite_##_##name_(void)

#define KTEST(suite, name) KTEST_FLAGS(suite, name, 0, 0)

/* Whether the running test has failed so far. */
bool ktest_failed(void);

void ktest_fail_cond(const char *file, int line, const char *cond);
void ktest_fail_eq(const char *file, int line, const char *a, const char *b,
		   u64 va, u64 vb);
void ktest_skip(const char *why);
/* A line of explanation, printed as a KTAP comment. */
__printf(1, 2) void ktest_note(const char *fmt, ...);

#define EXPECT(cond)                                                \
	({                                                          \
		bool ktest_ok_ = !!(cond);                          \
		if (unlikely(!ktest_ok_))                           \
			ktest_fail_cond(__FILE__, __LINE__, #cond); \
		ktest_ok_;                                          \
	})

/* For integers and pointers. */
#define EXPECT_EQ(a, b)                                                     \
	({                                                                  \
		u64 ktest_a_ = (u64)(a), ktest_b_ = (u64)(b);               \
		if (unlikely(ktest_a_ != ktest_b_))                         \
			ktest_fail_eq(__FILE__, __LINE__, #a, #b, ktest_a_, \
				      ktest_b_);                            \
		ktest_a_ == ktest_b_;                                       \
	})

#define ASSERT(cond)               \
	do {                       \
		if (!EXPECT(cond)) \
			return;    \
	} while (0)

#define ASSERT_EQ(a, b)               \
	do {                          \
		if (!EXPECT_EQ(a, b)) \
			return;       \
	} while (0)

/* Ends the calling function. */
#define KTEST_SKIP(why)          \
	do {                     \
		ktest_skip(why); \
		return;          \
	} while (0)

/*
 * Wait, letting others run, until cond holds; a failure after ms of guest
 * time. Value: whether it held. Context: task, may sleep.
 */
#define wait_until(cond, ms)                                                 \
	({                                                                   \
		u64 ktest_end_ = ktime_ns() + (ms)*1000000ULL;               \
		unsigned int ktest_turn_ = 0;                                \
		bool ktest_held_;                                            \
		while (!(ktest_held_ = !!(cond)) && ktime_ns() < ktest_end_) \
			ktest_relax(ktest_turn_++);                          \
		if (!ktest_held_)                                            \
			ktest_fail_cond(__FILE__, __LINE__, #cond);          \
		ktest_held_;                                                 \
	})

/*
 * As if an interrupt or NMI (CTX_IRQ, CTX_NMI) came here, for guards and
 * events; CTX_TASK ends it. While the two words differ, neither says that the
 * task may be preempted.
 */
static __always_inline void play_context(u32 context)
{
	u64 flag = context == CTX_NMI ? CONTEXT_NMI :
		   context == CTX_IRQ ? CONTEXT_HARDIRQ :
					0;
	u64 change = flag ^ (this_cpu_read(context_word) &
			     (CONTEXT_NMI | CONTEXT_HARDIRQ));

	if (flag)
		this_cpu_xor(context_word, change);
	this_cpu_write(trace_context, context);
	if (!flag)
		this_cpu_xor(context_word, change);
}

/* Let others run: yields in the first turns of a wait, then sleeps. */
void ktest_relax(unsigned int turn);

/*
 * on_all_cpus_run() - run fn(arg) in a thread pinned to each online CPU, all
 * let go together, and wait for their ends.
 * Return: sum of what they returned, or -ENOMEM when a thread could not be
 * made (then none ran).
 */
int on_all_cpus_run(int (*fn)(void *arg), void *arg);
