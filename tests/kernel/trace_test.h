/* SPDX-License-Identifier: MIT */
/*
 * What the suites of the tracers share: set up a trace, make every context of
 * every CPU call something, and look at the events.
 */
#pragma once

#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "trace/trace.h"
#include "trace/tracers/tracer_options.h"

/* For functions to be traced: called as they are, never cloned or inlined. */
#define traced_function __attribute__((__noipa__))

/* Kept by the test's own counters, per CPU; see tt_storm(). */
struct tt_calls {
	u64 task, irq, nmi;
};

/*
 * Begin with this tracer, filter (NULL: everything) and buffer; a later
 * tt_end() puts all back, the buffer's pages too. Return: false: it failed.
 */
bool tt_begin(const char *tracer, const char *filter, size_t kb);
void tt_end(void);

/*
 * tt_storm() - call fn(arg) from tasks on every CPU, calls times each, while
 * interrupts and NMIs call it on every CPU, too
 * @tasks: per CPU; more than one makes them be preempted
 * @pinned: keep them on their CPUs
 * Return: how often it was called in each context, all CPUs together.
 */
struct tt_calls tt_storm(void (*fn)(void *arg), void *arg, unsigned int calls,
			 unsigned int tasks, bool pinned);

/*
 * tt_storm_beside() - tt_storm(fn, NULL, calls, tasks, false), while one more
 * task calls change() again and again, ten times at least, with the number of
 * the turn. Return: as tt_storm().
 */
struct tt_calls tt_storm_beside(void (*change)(unsigned int turn),
				void (*fn)(void *arg), unsigned int calls,
				unsigned int tasks);

/* Calls visit for every event in the buffers, CPU by CPU, consuming. */
void tt_consume(void (*visit)(unsigned int cpu,
			      const struct ring_buffer_event *event, void *arg),
		void *arg);

/* Sums over the CPUs. */
struct ring_buffer_stats tt_stats(void);

/* The whole text of trace; to be kfree()d. NULL without memory. */
char *tt_text(unsigned int cpu);

/*
 * Are these the first lines of the text, by pattern? The text is cut up.
 * Return: what follows; NULL: it has fewer.
 */
char *tt_expect_lines(char *text, const char *const *pattern);

/* A file of the tree: write this in place of what it says; read all of it;
 * is this all that it says? */
void tt_write(const char *path, const char *text);
void tt_read(const char *path, char *text, size_t room);
bool tt_says(const char *path, const char *expected);
