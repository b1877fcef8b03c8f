// SPDX-License-Identifier: MIT
/*
 * Events that fire on every CPU, in tasks, interrupts and NMIs, while they are
 * switched and filtered: nothing is missed, nothing is recorded that must not
 * be, and no filter is freed while a probe uses it.
 */
#include "kernel/sched.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include <asm/atomic.h>
#include <asm/context.h>

#define CALLS	2000
#define WAIT_MS 10000

static ssize_t put(const char *path, const char *text)
{
	return bells_write(path, text, TRACEFS_WRITE | TRACEFS_TRUNC);
}

/* ---- switched under load ------------------------------------------------- */

/*
 * Odd: set_event is being written; otherwise bit 1 says whether the bell is
 * enabled. It grows with each step, so two equal values are the same state.
 */
static atomic_t phase;
static atomic_t certain, never, unsure; /* events, by the phase around them */
static atomic_t running;

static void ring_in_phase(void *unused)
{
	int before = atomic_read(&phase);

	bell_ring(1);
	if (before != atomic_read(&phase) || before & 1)
		atomic_inc(&unsure);
	else if (before & 2)
		atomic_inc(&certain);
	else
		atomic_inc(&never);
}

/* Until so many events have happened in this phase. */
static void let_ring(unsigned int n)
{
	int start = atomic_read(&certain) + atomic_read(&never);

	while (atomic_read(&running) &&
	       atomic_read(&certain) + atomic_read(&never) - start < (int)n)
		yield();
}

static int toggle(void *unused)
{
	bool on = false;

	while (atomic_read(&running)) {
		on = !on;
		atomic_inc(&phase);
		if (!EXPECT_EQ(put("set_event", on ? "belfry:bell" : ""),
			       on ? 11 : 0))
			break;
		atomic_inc(&phase);
		let_ring(50);
	}
	return 0;
}

static void start(void)
{
	atomic_set(&phase, 0);
	atomic_set(&certain, 0);
	atomic_set(&never, 0);
	atomic_set(&unsure, 0);
	atomic_set(&running, 1);
}

KTEST(event_load, between_on_and_off_none_is_missed)
{
	struct task_struct *task;
	unsigned int recorded, i;

	ASSERT(bells_begin());
	tt_write("buffer_size_kb", "4096\n");
	start();
	task = kthread_run(toggle, NULL, "toggle");
	ASSERT(!IS_ERR(task));
	/* A storm may leave the other task little time: several. */
	for (i = 0; i < 40 && atomic_read(&phase) < 16; i++)
		tt_storm(ring_in_phase, NULL, CALLS / 4, 2, false);
	atomic_set(&running, 0);
	kthread_join(task);
	recorded = bells_recorded();
	EXPECT(recorded >= (unsigned int)atomic_read(&certain));
	EXPECT(recorded <=
	       (unsigned int)(atomic_read(&certain) + atomic_read(&unsure)));
	EXPECT(atomic_read(&phase) >= 16);
	EXPECT(atomic_read(&certain) && atomic_read(&never));
	bells_end();
}

/* ---- filtered under load ------------------------------------------------- */

/* Every filter keeps a 3 and drops a 4; some keep a 5. */
static const char *const filters[] = {
	"number == 3",
	"number != 4 && cpu < 100 && common_pid >= 0",
	"!(number == 4) && (number == 3 || comm != 'no such')",
	"number & 1 && !(number == 99)",
	"number <= 3",
};

static void exchange_filters(unsigned int turn)
{
	const char *text = filters[turn % ARRAY_SIZE(filters)];

	EXPECT_EQ(put("events/belfry/bell/filter", text), strlen(text));
}

static void ring_three(void *unused)
{
	bell_ring(3);
	bell_ring(4);
	bell_ring(5);
}

struct seen {
	unsigned int three, four, five;
};

static void count_number(unsigned int cpu,
			 const struct ring_buffer_event *event, void *arg)
{
	const struct bell_entry *entry = (const void *)event->data;
	struct seen *seen = arg;

	if (entry->ent.type != bell.id)
		return;
	seen->three += entry->number == 3;
	seen->four += entry->number == 4;
	seen->five += entry->number == 5;
}

KTEST(event_load, filters_are_exchanged_while_events_fire)
{
	struct seen seen = { 0 };
	struct tt_calls calls;

	ASSERT(bells_begin());
	tt_write("buffer_size_kb", "4096\n");
	EXPECT_EQ(put("events/belfry/bell/filter", filters[0]),
		  strlen(filters[0]));
	EXPECT_EQ(put("set_event", "belfry:bell"), 11);
	calls = tt_storm_beside(exchange_filters, ring_three, CALLS / 2, 2);
	tt_consume(count_number, &seen);
	EXPECT_EQ(seen.three, calls.task + calls.irq + calls.nmi);
	EXPECT_EQ(seen.four, 0);
	EXPECT(seen.five < seen.three);
	bells_end();
}

/* ---- N2: a filter is freed after its readers ----------------------------- */

static atomic_t inside, release, removed, freed_inside;

static bool slow_match(const struct event_filter *filter, const void *record,
		       u32 len)
{
	atomic_set(&inside, 1);
	while (!atomic_read(&release))
		cpu_relax();
	atomic_set(&inside, 0);
	return false;
}

static void slow_free(struct event_filter *filter)
{
	atomic_add(atomic_read(&inside), &freed_inside);
}

static struct event_filter slow = { .match = slow_match, .free = slow_free };

static int ring_slowly(void *unused)
{
	bell_ring(1);
	return 0;
}

/* Without the lock, which the remover holds. */
static struct event_filter *filter_of_bell(void)
{
	return READ_ONCE(
		trace_top()->event_files[bell.id % TRACE_EVENT_SLOTS]->filter);
}

/* @wait: as every caller does: free after the session. */
static void remove_slow(bool wait)
{
	struct event_filter *old;

	event_session_begin();
	old = trace_event_set_filter(trace_event_file_find(trace_top(), &bell),
				     NULL);
	if (!wait)
		old->free(old);
	event_session_end();
	if (wait)
		old->free(old);
	atomic_set(&removed, 1);
}

static int remove_soon(void *wait)
{
	remove_slow(wait);
	return 0;
}

/* Remove the filter while CPU 1 is in it. Return: whether that was seen. */
static bool freed_while_inside(bool wait)
{
	struct task_struct *ringer, *remover;

	atomic_set(&inside, 0);
	atomic_set(&release, 0);
	atomic_set(&removed, 0);
	atomic_set(&freed_inside, 0);
	event_session_begin();
	trace_event_set_filter(trace_event_file_find(trace_top(), &bell),
			       &slow);
	event_session_end();
	ringer = kthread_create(ring_slowly, NULL, "ringer");
	kthread_bind(ringer, 1);
	wake_up_process(ringer);
	EXPECT(wait_until(atomic_read(&inside), WAIT_MS));
	remover = kthread_create(remove_soon, (void *)wait, "remover");
	kthread_bind(remover, 0);
	wake_up_process(remover);
	/* It waits for CPU 1, or has freed it already. */
	EXPECT(wait_until(!filter_of_bell(), WAIT_MS));
	if (!wait)
		EXPECT(wait_until(atomic_read(&freed_inside), WAIT_MS));
	EXPECT_EQ(atomic_read(&removed), 0);
	atomic_set(&release, 1);
	kthread_join(ringer);
	kthread_join(remover);
	EXPECT_EQ(atomic_read(&removed), 1);
	return atomic_read(&freed_inside);
}

KTEST(event_load, a_filter_is_freed_after_its_readers_N2)
{
	if (num_online_cpus() < 2)
		KTEST_SKIP("a second CPU reads the filter");
	ASSERT(bells_begin());
	EXPECT_EQ(put("set_event", "belfry:bell"), 11);
	EXPECT(!freed_while_inside(true));
	/* The negative control: freed before the session has ended. */
	EXPECT(freed_while_inside(false));
	bells_end();
}
