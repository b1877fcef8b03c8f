// SPDX-License-Identifier: MIT
/*
 * irqsoff.c - the tracer irqsoff: the longest time with interrupts off, where
 * it began and ended, and the functions called in between.
 *
 * A section begins where a CPU's interrupts go off and ends where they go on;
 * idle is none. While the tracer is not current, each of these places costs a
 * NOP (kernel/base/irq_observer.h).
 *
 * IO1 Only its own CPU changes a section, with interrupts off.
 *
 * Context: callbacks: probe; the rest: task, trace_lock held.
 */
#include "kernel/base/irq_observer.h"
#include "kernel/jump_label.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "trace/event/trace_record.h"
#include "trace/tracers/latency.h"
#include <asm/irqflags.h>
#include <asm/tsc.h>

struct section {
	bool on;
	u64 since;	  /* local clock */
	u64 from;	  /* the trace's clock, at or before its first event */
	unsigned long ip; /* where it began */
};

static DEFINE_PER_CPU(struct section, section); /* [C] IO1 */
static struct trace_array *irqsoff_trace;	/* [A] NULL: not current */

static void section_begin(unsigned long ip, unsigned long parent)
{
	struct trace_array *tr = READ_ONCE(irqsoff_trace);
	struct section *s = this_cpu_ptr(&section);

	if (!tr || s->on || !trace_is_on(tr))
		return;
	preempt_disable_notrace();
	s->from = latency_stamp(tr);
	s->ip = ip;
	trace_function(tr, ip, parent);
	s->since = local_clock();
	s->on = true;
	preempt_enable_no_resched();
}

static void section_report(struct trace_array *tr, const struct section *s,
			   u64 ns, unsigned long ip)
{
	struct trace_max max = {
		.ns = ns,
		.from = s->from,
		.begin = s->ip,
		.end = ip,
	};

	max.cpu = smp_processor_id();
	max.pid = current->pid;
	memcpy(max.comm, current->comm, TASK_COMM_LEN);
	trace_stack(tr, ip);
	latency_keep(tr, &max, BIT(max.cpu));
}

static void section_end(unsigned long ip, unsigned long parent)
{
	struct trace_array *tr = READ_ONCE(irqsoff_trace);
	struct section *s = this_cpu_ptr(&section);
	u64 ns;

	if (!s->on)
		return;
	s->on = false;
	ns = local_clock() - s->since;
	if (!tr || !trace_is_on(tr))
		return;
	preempt_disable_notrace();
	trace_function(tr, ip, parent);
	if (latency_reported(tr, ns))
		section_report(tr, s, ns, ip);
	preempt_enable_no_resched();
}

static const struct irq_observer observer = {
	.off = section_begin,
	.on = section_end,
};

/* On return the observer before this one is called no more. */
static void observe(const struct irq_observer *next)
{
	if (!next)
		static_branch_disable(&irqs_observed);
	WRITE_ONCE(irq_observer, next);
	if (next)
		static_branch_enable(&irqs_observed);
	else
		synchronize_cpus(); /* a call runs with interrupts off */
}

/* Functions that are called in a section. */
static void irqsoff_call(unsigned long ip, unsigned long parent_ip,
			 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct trace_array *tr = container_of(ops, struct trace_array, ops);

	(void)fregs;
	if (irqs_disabled() && this_cpu_read_byte(section.on) &&
	    READ_ONCE(tr->on))
		trace_function(tr, ip, parent_ip);
}

static void forget(void *unused)
{
	(void)unused;
	this_cpu_ptr(&section)->on = false;
}

static int irqsoff_init(struct trace_array *tr)
{
	int err = latency_begin(tr);

	if (err)
		return err;
	if (trace_option(tr, TRACE_OPT_function_trace)) {
		tr->ops.func = irqsoff_call;
		err = register_ftrace_function(&tr->ops);
		if (err) {
			latency_end(tr);
			return err;
		}
	}
	on_each_cpu(forget, NULL, true);
	WRITE_ONCE(irqsoff_trace, tr);
	observe(&observer);
	return 0;
}

static int irqsoff_reset(struct trace_array *tr)
{
	int err = 0;

	if (tr->ops.flags & FTRACE_OPS_FL_ENABLED)
		err = unregister_ftrace_function(&tr->ops);
	if (err)
		return err;
	observe(NULL);
	WRITE_ONCE(irqsoff_trace, NULL);
	latency_end(tr);
	return 0;
}

static const struct tracer irqsoff_tracer = {
	.name = "irqsoff",
	.init = irqsoff_init,
	.reset = irqsoff_reset,
	.keeps_max = true,
};
TABLE_ENTRY(tracers, 30, irqsoff_tracer);
