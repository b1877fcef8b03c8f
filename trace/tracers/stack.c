// SPDX-License-Identifier: MIT
/*
 * stack.c - the stack tracer: records the deepest kernel stack seen, and how
 * much of it each function uses.
 *
 * Owns that record. Its callback, on every function, compares the depth of the
 * task's stack at the function's entry with the maximum. Only a new maximum
 * costs more: the callback walks the stack, which also finds the slot of each
 * return address.
 *
 * ST1  depth[i] is the number of bytes in use while entry i runs. An entry uses
 *     the difference to the next entry, its return address included, so all
 *     sizes add up to depth[0]. Callers without an entry count together as one
 *     entry without a name.
 * ST2  One writer at a time. A second one (interrupt, NMI, other CPU) gives up;
 *     it tries again at a later call if the stack is still deeper.
 *
 * Context: probe, with the core's guard; files: task. Locks: stack_lock to turn
 * it on and off; record_busy (a bit; a probe never waits for it).
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include "trace/trace_internal.h"
#include "trace/tracers/stack.h"
#include <asm/atomic.h>
#include <asm/ftrace_frame.h>

#define ENTRIES_MAX 500

struct record {
	unsigned long max_size; /* 0: nothing seen */
	unsigned int n;
	unsigned long addr[ENTRIES_MAX];
	unsigned int depth[ENTRIES_MAX + 1]; /* last: callers without entry */
};

static DEFINE_MUTEX(stack_lock);
static struct record record; /* [record_busy] */
static u32 record_busy;	     /* [A] ST2 */
static bool stack_on;	     /* [stack_lock] */

/*
 * Record the site, then the callers that the walk found after it. The bytes
 * between two return addresses belong to the function that the upper one
 * returns to.
 */
static void measure(unsigned long ip, unsigned long *slot, unsigned long *top)
{
	static unsigned long walk[ENTRIES_MAX];	 /* [record_busy] */
	static unsigned long slots[ENTRIES_MAX]; /* [record_busy] */
	unsigned int n = stack_trace_save_slots(walk, slots, ENTRIES_MAX);
	unsigned int i = 0;

	while (i < n && walk[i] != ip + MCOUNT_INSN_SIZE)
		i++;
	record.addr[0] = ip;
	record.depth[0] = (char *)top - (char *)slot;
	record.n = 1;
	while (++i < n) {
		if (slots[i] < (unsigned long)slot ||
		    slots[i] >= (unsigned long)top)
			continue; /* interrupted code: it shares a frame */
		record.addr[record.n] = walk[i];
		record.depth[record.n++] =
			(unsigned long)top - slots[i] - sizeof(long);
	}
	/* If the walk was cut short, the last entry stands for the rest. */
	if (n == ENTRIES_MAX && record.n > 1)
		record.n--;
	else
		record.depth[record.n] = 0;
	WRITE_ONCE(record.max_size, record.depth[0]);
}

static void stack_call(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	unsigned long *slot = ftrace_return_slot(fregs);
	unsigned long low = (unsigned long)current->stack;
	unsigned long top = low + current->stack_size;
	unsigned long at = (unsigned long)slot;

	(void)parent_ip;
	(void)ops;
	/* Ignore other stacks, such as those of NMIs. */
	if (at < low || at >= top || top - at <= READ_ONCE(record.max_size))
		return;
	if (xchg(&record_busy, 1))
		return;
	if (top - at > record.max_size)
		measure(ip, slot, (unsigned long *)top);
	smp_store_release(&record_busy, 0);
}

static struct ftrace_ops stack_ops = {
	.func = stack_call,
	.flags = FTRACE_OPS_FL_RECURSION,
};

struct ftrace_ops *stack_tracer_ops(void)
{
	return &stack_ops;
}

int stack_tracer_set(bool on)
{
	int err = 0;

	mutex_lock(&stack_lock);
	if (on != stack_on)
		err = on ? register_ftrace_function(&stack_ops) :
			   unregister_ftrace_function(&stack_ops);
	if (!err)
		stack_on = on;
	mutex_unlock(&stack_lock);
	return err;
}

bool stack_tracer_on(void)
{
	return READ_ONCE(stack_on);
}

/* For the files. Until give_record(), probes give up and preemption is off. */
static void take_record(void)
{
	preempt_disable();
	while (xchg(&record_busy, 1)) {
		preempt_enable();
		yield();
		preempt_disable();
	}
}

static void give_record(void)
{
	smp_store_release(&record_busy, 0);
	preempt_enable();
}

unsigned long stack_max_size(void)
{
	return READ_ONCE(record.max_size);
}

void stack_set_max_size(unsigned long bytes)
{
	take_record();
	record.max_size = bytes;
	record.n = 0;
	give_record();
}

static void show_size(const struct record *r, unsigned int i,
		      struct trace_seq *s)
{
	unsigned int size = r->depth[i] - (i < r->n ? r->depth[i + 1] : 0);

	trace_seq_printf(s, "%3u) %8u   %5u   ", i, r->depth[i], size);
}

void stack_trace_show(struct trace_seq *s)
{
	static struct record copy; /* [stack_lock] */
	unsigned int i;

	mutex_lock(&stack_lock);
	take_record();
	copy = record;
	give_record();
	trace_seq_printf(s,
			 "        Depth    Size   Location    (%u entries)\n"
			 "        -----    ----   --------\n",
			 copy.n);
	if (!stack_on && !copy.n)
		trace_seq_puts(s, "#\n#  Stack tracer disabled\n#\n");
	for (i = 0; i < copy.n; i++) {
		show_size(&copy, i, s);
		trace_seq_printf(s, "%pS\n", (void *)copy.addr[i]);
	}
	if (copy.n && copy.depth[copy.n]) {
		show_size(&copy, copy.n, s);
		trace_seq_puts(s, "(further callers)\n");
	}
	mutex_unlock(&stack_lock);
}
