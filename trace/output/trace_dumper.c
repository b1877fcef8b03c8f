// SPDX-License-Identifier: MIT
/*
 * trace_dumper.c - dumps that function commands ask for. trace_dumper.h has TD3
 * and TD4.
 *
 * Owns the dumper: an iterator, a thread and a timer, while it is needed. A
 * function command may be hit with any lock held, so the thread is not woken
 * there but from the timer.
 *
 * Context: dumper_dump(): any; all else: task. Lock legend: [L]
 * trace_lock; [A] written by one store or exchange, read in any context.
 */
#include "kernel/base/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/tick.h"
#include "kernel/timer.h"
#include "kernel/wait.h"
#include "trace/core/recursion.h"
#include "trace/trace_dumper.h"
#include "trace/trace_internal.h"
#include <asm/atomic.h>

enum { IDLE, PRINTING, CLOSED };

#define NOTHING (~1U) /* no CPU, nor TRACE_CPU_ALL */

static struct {
	unsigned int users;	     /* [L] */
	u32 state;		     /* [A] */
	unsigned int asked;	     /* [A] of the thread: a CPU, or NOTHING */
	bool ending;		     /* [A] */
	struct trace_iterator *iter; /* [L] written; used while PRINTING */
	struct task_struct *thread;  /* [L] */
} dumper = { .state = CLOSED, .asked = NOTHING };

static DEFINE_WAIT_QUEUE(asked_queue);

/* ---- printing ------------------------------------------------------------ */

/*
 * The events that are printed are gone, and those that were left out, too. The
 * count ends the loop if tracing_on has become 1 during the dump.
 */
static void consume_rings(void)
{
	struct ring_buffer_event event;
	struct ring_buffer_per_cpu *rb;
	unsigned int cpu;
	u64 n;

	for (cpu = 0; cpu < dumper.iter->nr_cpus; cpu++) {
		rb = dumper.iter->source[cpu].rb;
		if (!rb)
			continue;
		for (n = trace_dump_unread(rb);
		     n && ring_buffer_peek(rb, &event); n--)
			ring_buffer_consume(rb);
		mutex_unlock_notrace(&rb->reader_lock);
	}
}

/* TD4. Context: task that may sleep. */
static void print_dump(unsigned int cpu)
{
	u32 state = IDLE;

	if (!try_cmpxchg(&dumper.state, &state, PRINTING))
		return;
	trace_dump_rings(dumper.iter, cpu);
	consume_rings();
	smp_store_release(&dumper.state, IDLE);
}

/* TD3 */
static void dumper_dump(unsigned int cpu)
{
	if (READ_ONCE(dumper.state) == CLOSED)
		return;
	trace_stop(trace_top());
	if (in_task() && !preempt_count() && local_save_flags() & X86_EFLAGS_IF)
		print_dump(cpu);
	else
		WRITE_ONCE(dumper.asked, cpu);
}

/* ---- the thread ---------------------------------------------------------- */

static bool has_work(void)
{
	return READ_ONCE(dumper.ending) || READ_ONCE(dumper.asked) != NOTHING;
}

static int dumper_run(void *unused)
{
	unsigned int cpu;

	ftrace_task_untraced(true); /* else what it calls may ask for dumps */
	while (!READ_ONCE(dumper.ending)) {
		wait_event(&asked_queue, has_work());
		cpu = xchg(&dumper.asked, NOTHING);
		if (cpu != NOTHING)
			print_dump(cpu);
	}
	ftrace_task_untraced(false);
	return 0;
}

static void look(void *arg)
{
	struct timer *timer = arg;

	if (has_work())
		wake_up(&asked_queue);
	timer_add(timer, ktime_ns() + tick_ns);
}

static struct timer timer = TIMER_INIT(timer, look, &timer);

/* ---- life: [trace_lock] -------------------------------------------------- */

static int dumper_get(void)
{
	assert_held(&trace_lock);
	if (dumper.users++)
		return 0;
	dumper.iter = trace_iter_alloc(trace_top());
	dumper.ending = false;
	dumper.asked = NOTHING;
	dumper.thread = dumper.iter ? kthread_run(dumper_run, NULL, "dumper") :
				      ERR_PTR(-ENOMEM);
	if (IS_ERR(dumper.thread)) {
		trace_iter_free(dumper.iter);
		dumper.users--;
		return -ENOMEM;
	}
	timer_add(&timer, ktime_ns() + tick_ns);
	smp_store_release(&dumper.state, IDLE);
	return 0;
}

/* Wait for the task that prints. No dump begins after that. */
static void close_dumper(void)
{
	u32 state;

	while (state = IDLE, !try_cmpxchg(&dumper.state, &state, CLOSED))
		msleep(1);
}

static void dumper_put(void)
{
	assert_held(&trace_lock);
	if (--dumper.users)
		return;
	close_dumper();
	timer_cancel_sync(&timer);
	WRITE_ONCE(dumper.ending, true);
	wake_up(&asked_queue);
	kthread_join(dumper.thread);
	trace_iter_free(dumper.iter);
	dumper.iter = NULL;
}

static const struct trace_dumper the_dumper = { .get = dumper_get,
						.put = dumper_put,
						.dump = dumper_dump };
TABLE_ENTRY(trace_dumpers, 50, the_dumper);
