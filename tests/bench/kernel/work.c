// SPDX-License-Identifier: MIT
/*
 * work.c - rows work.*: a piece of work while all functions are traced, in
 * units of the same work with all sites NOPs.
 *
 * The work is an allocation and its end, a mutex taken and released, and six
 * functions that do nothing. Interrupts are on, because a mutex asks for that;
 * a stretch is short, so that few have a tick and the median has none.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "tests/bench/kernel/bench.h"
#include "trace/trace.h"

#define TIMES	100 /* in a stretch */
#define SAMPLES 15
#define LEAVES	6

static DEFINE_MUTEX(mutex);

static noinline void work(void)
{
	void *object = kmalloc(64);

	mutex_lock(&mutex);
	for (int i = 0; i < LEAVES; i++)
		((void (*)(void))bench_others[i])();
	mutex_unlock(&mutex);
	kfree(object);
}

/* Hundredths of an instruction for one piece of work. */
static u64 cost(void)
{
	u64 samples[SAMPLES];

	for (int i = 0; i < SAMPLES; i++) {
		u64 start = rdtsc();

		for (int n = 0; n < TIMES; n++)
			work();
		samples[i] = rdtsc() - start;
	}
	return bench_median(samples, SAMPLES) * 100 / TIMES;
}

static u64 events(void)
{
	struct ring_buffer_stats stats;

	ring_buffer_stats(trace_top()->buffer.cpu[0], &stats);
	return stats.entries;
}

/* The events of one piece of work; a tick in it would only add some. */
static u64 events_of_one(void)
{
	u64 least = ~0ULL;

	bench_echo("", "trace");
	for (int i = 0; i < SAMPLES; i++) {
		u64 before = events();

		work();
		least = min(least, events() - before);
	}
	return least;
}

/* Two rows: writing, and with tracing_on 0. Return: events of one piece. */
static u64 with_tracer(const char *tracer, const char *on, const char *off,
		       u64 untraced)
{
	u64 written;

	bench_echo(tracer, "current_tracer");
	written = events_of_one();
	bench_row(on, cost() * 100 / untraced, "ratio");
	bench_echo("0", "tracing_on");
	bench_ok(off, events_of_one() ? -EIO : 0);
	bench_row(off, cost() * 100 / untraced, "ratio");
	bench_echo("1", "tracing_on");
	bench_echo("nop", "current_tracer");
	return written;
}

void bench_work(void)
{
	u64 untraced, calls;

	bench_echo("local", "trace_clock");
	bench_echo("", "set_ftrace_filter");
	work(); /* the slab is there now */
	untraced = cost();
	bench_row("work.untraced", untraced, "insn");
	calls = with_tracer("function", "work.function", "work.function_off",
			    untraced);
	bench_row("work.calls", calls * 100, "calls");
	bench_ok("entries and returns",
		 with_tracer("function_graph", "work.graph", "work.graph_off",
			     untraced) == 2 * calls ?
			 0 :
			 -EIO);
}
