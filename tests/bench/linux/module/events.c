// SPDX-License-Identifier: MIT OR GPL-2.0
/*
 * events.c - rows event.* and keys.*: a function that is nothing but a
 * tracepoint with two fields, and a static key with one site
 *
 * Owns: the event and the key. User space enables the event and sets its
 * filter between the rows.
 */
#include <linux/jump_label.h>
#include <linux/minmax.h>

#include "nop5bench.h"

#define CREATE_TRACE_POINTS
#include "nop5bench_events.h"

#define REPEATS 3

void bench_event_call(unsigned int number, unsigned long value);

notrace noinline void bench_event_call(unsigned int number, unsigned long value)
{
	trace_bench_two(number, value);
}

static DEFINE_STATIC_KEY_FALSE(bench_key);
static unsigned int taken;

static noinline void one_site(void)
{
	if (static_branch_unlikely(&bench_key))
		taken++;
}

/* The least of REPEATS times on and off, as our own keys.c. */
void bench_keys(void)
{
	u64 least = U64_MAX, start;
	int i;

	one_site();
	for (i = 0; i < REPEATS; i++) {
		start = bench_busy_ticks();
		static_branch_inc(&bench_key);
		least = min(least, bench_busy_ticks() - start);
		start = bench_busy_ticks();
		static_branch_dec(&bench_key);
		least = min(least, bench_busy_ticks() - start);
	}
	bench_row("keys.flip.1", least * 100, "insn");
}
