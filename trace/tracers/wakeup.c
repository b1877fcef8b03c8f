// SPDX-License-Identifier: MIT
/*
 * wakeup.c - the tracer wakeup: the longest time from a task's wakeup until it
 * runs.
 *
 * All tasks have one priority here, so no wakeup is more important than
 * another one: while the tracer follows a task, it ignores other wakeups.
 * The probes hang on sched_wakeup, sched_wakeup_new and sched_switch. Each
 * is a NOP while the tracer is not current.
 *
 * WU1 ->task is set by one wakeup and cleared by the switch to that task, each
 *     under ->busy, which nobody waits for. The pointer is only compared.
 *
 * Context: probes: a run queue is locked; the rest: task, trace_lock held.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "trace/event/trace_record.h"
#include "trace/event/tracepoint.h"
#include "trace/tracers/latency.h"
#include <asm/atomic.h>
#include <asm/tsc.h>

#define TASK_PRIO 120 /* what Linux gives a task with nice 0 */

static struct {
	u32 busy;			/* [A] */
	const struct task_struct *task; /* [A] WU1; NULL: none is followed */
	unsigned int cpu;		/* [busy] where it was woken to */
	u64 since, from;		/* [busy] as in irqsoff.c */
} wake;

static bool wake_try(void)
{
	u32 idle = 0;

	return try_cmpxchg(&wake.busy, &idle, 1);
}

static void wake_done(void)
{
	smp_store_release(&wake.busy, 0);
}

/* As the letters of Linux's prev_state: 0 runnable, 1 asleep. */
static u8 state_of(const struct task_struct *task)
{
	return task->state == TASK_RUNNING ? 0 : 1;
}

static void record(struct trace_array *tr, enum trace_type type,
		   const struct task_struct *prev,
		   const struct task_struct *next, unsigned int cpu)
{
	struct ctx_switch_entry *entry;

	entry = ring_buffer_lock_reserve(&tr->buffer, sizeof(*entry), NULL);
	if (!entry)
		return;
	if (type == TRACE_CTX)
		trace_fill(entry, TRACE_CTX);
	else
		trace_fill(entry, TRACE_WAKE);
	entry->prev_pid = prev->pid;
	entry->prev_prio = TASK_PRIO;
	entry->prev_state = state_of(prev);
	entry->next_pid = next->pid;
	entry->next_prio = TASK_PRIO;
	entry->next_state = state_of(next);
	entry->next_cpu = cpu;
	ring_buffer_unlock_commit(&tr->buffer);
}

static void probe_wakeup(void *data, const struct task_struct *task)
{
	struct trace_array *tr = data;

	if (READ_ONCE(wake.task) || task == current || !trace_is_on(tr) ||
	    !wake_try())
		return;
	if (!wake.task) {
		wake.cpu = READ_ONCE(task->cpu);
		wake.from = latency_stamp(tr);
		record(tr, TRACE_WAKE, current, task, wake.cpu);
		trace_stack(tr, 0);
		wake.since = local_clock();
		WRITE_ONCE(wake.task, task); /* WU1 */
	}
	wake_done();
}

static void report(struct trace_array *tr, const struct task_struct *task,
		   u64 ns)
{
	struct trace_max max = {
		.ns = ns,
		.from = wake.from,
		.pid = task->pid,
	};

	max.cpu = smp_processor_id();
	memcpy(max.comm, task->comm, TASK_COMM_LEN);
	latency_keep(tr, &max, cpu_online_mask);
}

static void probe_switch(void *data, bool preempt,
			 const struct task_struct *prev,
			 const struct task_struct *next)
{
	struct trace_array *tr = data;
	u64 now, ns;

	(void)preempt;
	if (likely(READ_ONCE(wake.task) != next) || !wake_try())
		return;
	now = local_clock();
	ns = now > wake.since ? now - wake.since : 0;
	record(tr, TRACE_CTX, prev, next, smp_processor_id());
	if (trace_is_on(tr) && latency_reported(tr, ns))
		report(tr, next, ns);
	WRITE_ONCE(wake.task, NULL); /* WU1 */
	wake_done();
}

/* Functions that the CPU calls on which the task is to run. */
static void wakeup_call(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct trace_array *tr = container_of(ops, struct trace_array, ops);

	(void)fregs;
	if (READ_ONCE(wake.task) && READ_ONCE(tr->on) &&
	    READ_ONCE(wake.cpu) == smp_processor_id())
		trace_function(tr, ip, parent_ip);
}

/* A new task is woken up, too. */
static const struct {
	const char *name;
	void *probe;
} probes[] = {
	{ "sched_switch", probe_switch },
	{ "sched_wakeup", probe_wakeup },
	{ "sched_wakeup_new", probe_wakeup },
};

/* The first @n of them. */
static void detach(struct trace_array *tr, unsigned int n)
{
	while (n--)
		tracepoint_probe_unregister(tracepoint_find(probes[n].name),
					    probes[n].probe, tr);
}

static int attach(struct trace_array *tr)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(probes) && !err; i++)
		err = tracepoint_probe_register(tracepoint_find(probes[i].name),
						probes[i].probe, tr);
	if (err)
		detach(tr, i - 1);
	return err;
}

static int wakeup_init(struct trace_array *tr)
{
	int err = latency_begin(tr);

	if (err)
		return err;
	wake.task = NULL;
	tr->ops.func = wakeup_call;
	if (trace_option(tr, TRACE_OPT_function_trace))
		err = register_ftrace_function(&tr->ops);
	if (!err) {
		err = attach(tr);
		if (!err)
			return 0;
		if (tr->ops.flags & FTRACE_OPS_FL_ENABLED &&
		    unregister_ftrace_function(&tr->ops))
			return err; /* it stays, and finds no task to follow */
	}
	latency_end(tr);
	return err;
}

static int wakeup_reset(struct trace_array *tr)
{
	int err = 0;

	if (tr->ops.flags & FTRACE_OPS_FL_ENABLED)
		err = unregister_ftrace_function(&tr->ops);
	if (err)
		return err;
	detach(tr, ARRAY_SIZE(probes));
	latency_end(tr);
	return 0;
}

static const struct tracer wakeup_tracer = {
	.name = "wakeup",
	.init = wakeup_init,
	.reset = wakeup_reset,
	.keeps_max = true,
};
TABLE_ENTRY(tracers, 31, wakeup_tracer);
