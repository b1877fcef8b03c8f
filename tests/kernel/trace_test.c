// SPDX-License-Identifier: MIT
/*
 * What the suites of the tracers share.
 */
#include "kernel/lib/glob.h"
#include "kernel/timer.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include <asm/atomic.h>

bool tt_begin(const char *tracer, const char *filter, size_t kb)
{
	struct trace_array *tr = trace_top();

	trace_set_on(tr, true);
	return EXPECT_EQ(ftrace_set_filter(&tr->ops, filter,
					   filter ? strlen(filter) : 0, 1),
			 0) &&
	       EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL, kb), 0) &&
	       EXPECT_EQ(trace_set_tracer(tr, tracer), 0);
}

void tt_end(void)
{
	struct trace_array *tr = trace_top();

	EXPECT_EQ(trace_set_tracer(tr, "nop"), 0);
	EXPECT_EQ(ftrace_set_filter(&tr->ops, NULL, 0, 1), 0);
	EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL, 7), 0);
	trace_reset(tr, TRACE_CPU_ALL);
	trace_set_on(tr, true);
}

#define SENDER_ROUNDS 2000

/* ---- storm --------------------------------------------------------------- */

static struct {
	void (*fn)(void *arg);
	void *arg;
	unsigned int calls;
	bool stop;
	atomic64_t task, irq, nmi;
} storm;

static void storm_irq(void *unused)
{
	(void)unused;
	storm.fn(storm.arg);
	/* On the sender's own CPU it is called without an interrupt. */
	atomic64_inc(in_irq() ? &storm.irq : &storm.task);
}

static bool storm_nmi(struct pt_regs *regs)
{
	(void)regs;
	if (!storm.fn)
		return false;
	storm.fn(storm.arg);
	atomic64_inc(&storm.nmi);
	return true;
}

static int storm_task(void *unused)
{
	unsigned int i;

	(void)unused;
	for (i = 0; i < storm.calls; i++) {
		if (i % 16 == 0) /* comes while the next calls are recorded */
			send_nmi(smp_processor_id());
		storm.fn(storm.arg);
		atomic64_inc(&storm.task);
		if (i % 256 == 0)
			cond_resched();
	}
	return 0;
}

/* At every tick, for the time of the storm. */
static void storm_tick(void *timer)
{
	storm.fn(storm.arg);
	atomic64_inc(&storm.irq);
	timer_add(timer, ktime_ns());
}

/*
 * Interrupts all CPUs, one after the other, until the tasks are done; but on a
 * busy host that may be long, and buffers have an end.
 */
static int storm_sender(void *unused)
{
	unsigned int cpu, round;

	(void)unused;
	for (round = 0; round < SENDER_ROUNDS && !READ_ONCE(storm.stop);
	     round++) {
		for_each_online_cpu(cpu) {
			smp_call_function_single(cpu, storm_irq, NULL, true);
			send_nmi(cpu);
		}
		yield();
	}
	return 0;
}

static void run_tasks(unsigned int tasks, bool pinned)
{
	struct task_struct *task[32];
	unsigned int cpu, n = 0, i;

	for_each_online_cpu(cpu) {
		for (i = 0; i < tasks && n < ARRAY_SIZE(task); i++) {
			task[n] =
				kthread_create(storm_task, NULL, "storm%u", n);
			if (!EXPECT(!IS_ERR(task[n])))
				continue;
			if (pinned)
				kthread_bind(task[n], cpu);
			n++;
		}
	}
	for (i = 0; i < n; i++)
		wake_up_process(task[i]);
	for (i = 0; i < n; i++)
		kthread_join(task[i]);
}

struct tt_calls tt_storm(void (*fn)(void *arg), void *arg, unsigned int calls,
			 unsigned int tasks, bool pinned)
{
	struct timer timer = TIMER_INIT(timer, storm_tick, &timer);
	struct task_struct *sender;

	memset(&storm, 0, sizeof(storm));
	storm.arg = arg;
	storm.calls = calls;
	WRITE_ONCE(storm.fn, fn);
	EXPECT_EQ(nmi_handler_register(storm_nmi), 0);
	timer_add(&timer, ktime_ns());
	sender = kthread_run(storm_sender, NULL, "sender");
	run_tasks(tasks, pinned);
	wait_until(atomic64_read(&storm.irq), 1000); /* a tick at least */
	WRITE_ONCE(storm.stop, true);
	kthread_join(sender);
	timer_cancel_sync(&timer);
	nmi_handler_unregister(storm_nmi);
	return (struct tt_calls){
		.task = atomic64_read(&storm.task),
		.irq = atomic64_read(&storm.irq),
		.nmi = atomic64_read(&storm.nmi),
	};
}

static bool beside_ends;

static int change_beside(void *change)
{
	void (*fn)(unsigned int turn) = change;
	unsigned int turn;

	for (turn = 0; turn < 10 || !READ_ONCE(beside_ends); turn++) {
		fn(turn);
		yield();
	}
	return 0;
}

struct tt_calls tt_storm_beside(void (*change)(unsigned int turn),
				void (*fn)(void *arg), unsigned int calls,
				unsigned int tasks)
{
	struct tt_calls made = { 0 };
	struct task_struct *task;

	WRITE_ONCE(beside_ends, false);
	task = kthread_run(change_beside, change, "beside");
	if (!EXPECT(!IS_ERR(task)))
		return made;
	made = tt_storm(fn, NULL, calls, tasks, false);
	WRITE_ONCE(beside_ends, true);
	kthread_join(task);
	return made;
}

/* ---- looking at the events ----------------------------------------------- */

void tt_consume(void (*visit)(unsigned int cpu,
			      const struct ring_buffer_event *event, void *arg),
		void *arg)
{
	struct ring_buffer_per_cpu *rb;
	struct ring_buffer_event event;
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		rb = trace_top()->buffer.cpu[cpu];
		mutex_lock(&rb->reader_lock);
		while (ring_buffer_peek(rb, &event)) {
			visit(cpu, &event, arg);
			ring_buffer_consume(rb);
		}
		mutex_unlock(&rb->reader_lock);
	}
}

struct ring_buffer_stats tt_stats(void)
{
	struct ring_buffer_stats sum = { 0 }, one;
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		ring_buffer_stats(trace_top()->buffer.cpu[cpu], &one);
		sum.entries += one.entries;
		sum.written += one.written;
		sum.overrun += one.overrun;
		sum.commit_overrun += one.commit_overrun;
		sum.dropped += one.dropped;
		sum.recursed += one.recursed;
		sum.read += one.read;
	}
	return sum;
}

char *tt_text(unsigned int cpu)
{
	struct trace_iterator *iter = trace_open(trace_top(), cpu);
	size_t len = 0, room = 4096;
	char *text, *more;
	ssize_t n = 1;

	if (!EXPECT(!IS_ERR(iter)))
		return NULL;
	text = kmalloc(room);
	while (text && n > 0) {
		if (len + 1024 > room) {
			more = krealloc(text, room * 2);
			if (!more)
				break;
			text = more;
			room *= 2;
		}
		n = trace_read(iter, text + len, room - len - 1);
		len += max(n, (ssize_t)0);
	}
	if (text)
		text[len] = '\0';
	trace_close(iter);
	return text;
}

char *tt_expect_lines(char *text, const char *const *pattern)
{
	char *end;

	for (; *pattern; pattern++) {
		end = strchr(text, '\n');
		if (!EXPECT(end != NULL))
			return NULL;
		*end = '\0';
		if (!EXPECT(glob_match(*pattern, text)))
			ktest_note("\"%s\" is not \"%s\"", text, *pattern);
		text = end + 1;
	}
	return text;
}

/* ---- files --------------------------------------------------------------- */

void tt_write(const char *path, const char *text)
{
	struct tracefs_file *file;

	ASSERT_EQ(tracefs_open(path, TRACEFS_WRITE | TRACEFS_TRUNC, &file), 0);
	EXPECT_EQ(tracefs_write(file, text, strlen(text)),
		  (ssize_t)strlen(text));
	EXPECT_EQ(tracefs_close(file), 0);
}

void tt_read(const char *path, char *text, size_t room)
{
	struct tracefs_file *file;
	size_t len = 0;
	ssize_t n;

	text[0] = '\0';
	ASSERT_EQ(tracefs_open(path, TRACEFS_READ, &file), 0);
	while ((n = tracefs_read(file, text + len, room - 1 - len)) > 0)
		len += n;
	text[len] = '\0';
	EXPECT_EQ(n, 0);
	EXPECT_EQ(tracefs_close(file), 0);
}

bool tt_says(const char *path, const char *expected)
{
	char text[1024];

	tt_read(path, text, sizeof(text));
	return !strcmp(text, expected);
}
