// SPDX-License-Identifier: MIT
/*
 * The fast code of the function tracer (struct ftrace_fast) against the
 * callback that it stands for: the same calls write the same pages. At each of
 * its instructions an NMI writes, a snapshot takes the ring away, a switch
 * falls due, or the stack is walked.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/trace_test.h"
#include "tests/kernel/trap_owner.h"
#include "trace/core/ftrace_internal.h"
#include "trace/core/recursion.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"
#include "trace/trace_snapshot.h"
#include <asm/irqflags.h>
#include <asm/layout.h>
#include <asm/pt_regs.h>

u64 rf_target(u64 a, u64 b, u64 c);
traced_function u64 rf_target(u64 a, u64 b, u64 c)
{
	return a * 100 + b * 10 + c;
}

static bool begin(void)
{
	if (!ftrace_use_trampolines) {
		ktest_skip("there are no trampolines");
		return false;
	}
	return tt_begin("function", "rf_target", 256) &&
	       EXPECT(trace_top()->ops.fast) &&
	       EXPECT(trace_top()->ops.trampoline);
}

/* ---- the same pages ------------------------------------------------------ */

#define CALLS	 4000 /* 28 pages */
#define PAGES	 64
#define FRACTION 28 /* the time is this part of 2^64 eighths of a tick */

/* The trampoline of the tracer's ops, with its fast code or without. */
static unsigned long make(bool fast)
{
	struct ftrace_ops *ops = &trace_top()->ops;
	union {
		struct ftrace_tramp_desc desc;
		char room[sizeof(struct ftrace_tramp_desc) +
			  sizeof(struct ftrace_tramp_call)];
	} one = { .desc = { .n = 1, .gate = ops->gate } };

	if (fast)
		one.desc.fast = ops->fast;
	one.desc.call[0].func = ops->func;
	one.desc.call[0].ops = ops;
	return arch_ftrace_make_trampoline(&one.desc);
}

static u64 seed;

static u32 dice(u32 n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (u32)(seed >> 33) % n;
}

/* As a site calls it. Return: whether all registers are as before. */
static noinline bool call(unsigned long tramp)
{
	unsigned long ax = 1, dx = 2, cx = 3, si = 4, di = 5;

	__asm__ volatile("push $1234\n\t" /* parent_ip */
			 "call *%5\n\t"
			 "add $8, %%rsp"
			 : "+a"(ax), "+d"(dx), "+c"(cx), "+S"(si), "+D"(di)
			 : "r"(tramp)
			 : "r10", "r11", "memory", "cc");
	return ax == 1 && dx == 2 && cx == 3 && si == 4 && di == 5;
}

/* The ring's clock stands at this time, for seconds of the processor's. */
static void set_time(struct ring_buffer_per_cpu *rb, u64 time)
{
	rb->scale.mult = 1ULL << FRACTION;
	rb->scale.base =
		(rdtsc() << TRACE_TSC_SHIFT) - (time << (64 - FRACTION));
}

/* One call in some context, state of preemption and of interrupts. */
static bool call_somehow(unsigned long tramp)
{
	static const u32 contexts[] = { CTX_TASK, CTX_IRQ, CTX_NMI };
	u32 levels = 1 + dice(3), way = dice(5), i;
	u8 resched = this_cpu_read(need_resched);
	bool same;

	this_cpu_add(preempt_count, levels);
	if (way == 4)
		local_irq_enable();
	else if (way == 3)
		this_cpu_write(need_resched, 1);
	else
		this_cpu_write(trace_context, contexts[way]);
	same = call(tramp);
	local_irq_disable();
	this_cpu_write(trace_context, CTX_TASK);
	if (way == 3)
		this_cpu_write(need_resched, resched);
	for (i = 0; i < levels; i++)
		preempt_enable_no_resched();
	return same;
}

/* The pages of a sequence of calls, which @with decides by. Return: bytes. */
static size_t record(unsigned long tramp, unsigned int cpu, u64 with, u8 *pages)
{
	struct ring_buffer_per_cpu *rb = trace_top()->buffer.cpu[cpu];
	unsigned int i, same = 0;
	unsigned long flags;
	size_t bytes = 0;
	u64 time = 1000;
	u32 size;

	seed = with;
	set_time(rb, time);
	trace_reset(trace_top(), cpu);
	local_irq_save(flags);
	for (i = 0; i < CALLS; i++) {
		time += dice(8);
		if (i == CALLS / 2)
			time += 1 << 27; /* needs a time extend */
		set_time(rb, dice(50) ? time : time - dice(500));
		same += call_somehow(tramp);
	}
	local_irq_restore(flags);
	EXPECT_EQ(same, CALLS);
	while (bytes < PAGES * sizeof(struct ring_buffer_page)) {
		size = ring_buffer_read_page(rb, (void *)(pages + bytes),
					     false);
		if (!size)
			break;
		bytes += RB_HEADER_SIZE + size;
	}
	return bytes;
}

static void compare(unsigned long fast, unsigned long plain, u8 *pages[2])
{
	unsigned int cpu = smp_processor_id(), tries;
	size_t bytes[2];

	EXPECT_EQ(kthread_bind(current, cpu), 0);
	/* A host that stops for seconds makes the clock of a call run on. */
	for (tries = 0; tries < 5; tries++) {
		bytes[0] = record(plain, cpu, tries, pages[0]);
		bytes[1] = record(fast, cpu, tries, pages[1]);
		if (bytes[0] == bytes[1] &&
		    !memcmp(pages[0], pages[1], bytes[0]))
			break;
	}
	EXPECT(tries < 5);
	EXPECT(bytes[0] > CALLS * 28);
	ring_buffer_set_clock(&trace_top()->buffer, trace_top()->clock);
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
}

KTEST(ring_fast, writes_the_same_pages_as_the_callback)
{
	unsigned int order = page_order(PAGES * PAGE_SIZE), i;
	u8 *pages[2] = { alloc_pages(order), alloc_pages(order) };
	unsigned long fast, plain;

	if (pages[0] && pages[1] && begin()) {
		fast = make(true);
		plain = make(false);
		if (EXPECT(fast && plain))
			compare(fast, plain, pages);
		arch_ftrace_free_trampoline(fast);
		arch_ftrace_free_trampoline(plain);
		tt_end();
	}
	for (i = 0; i < 2; i++)
		free_pages(pages[i], order);
}

/* ---- at each instruction ------------------------------------------------- */

static struct {
	void (*act)(struct pt_regs *regs);
	struct task_struct *task;
	unsigned int at, steps; /* instructions inside the trampoline */
	bool done;
	unsigned int misses; /* calls without it */
} step;

static bool notrace on_step(struct pt_regs *regs)
{
	unsigned long start, size, bytes;

	if (current != step.task)
		return false;
	if (arch_ftrace_frame(regs->ip, &start, &size, &bytes) &&
	    step.steps++ == step.at && !step.done) {
		step.done = true;
		step.act(regs);
	}
	return true;
}

static noinline u64 call_stepped(void)
{
	u64 sum;

	__asm__ volatile("pushfq\n\torl %0, (%%rsp)\n\tpopfq"
			 :
			 : "i"(X86_EFLAGS_TF)
			 : "memory", "cc");
	sum = rf_target(1, 2, 3);
	__asm__ volatile("pushfq\n\tandl %0, (%%rsp)\n\tpopfq"
			 :
			 : "i"(~X86_EFLAGS_TF & 0x7fffffff)
			 : "memory", "cc");
	return sum;
}

/*
 * The next number of an instruction, until five calls have had none so high: a
 * call that meets a full page leaves early, for C.
 */
static bool more_steps(unsigned int *n)
{
	step.misses += !step.done;
	return ++*n < 1000 && step.misses < 5;
}

/* Return: whether the call came to an instruction number @at. */
static bool act_at(unsigned int at, void (*act)(struct pt_regs *regs))
{
	step.at = at;
	step.steps = 0;
	step.done = false;
	step.act = act;
	step.task = current;
	trap_set_step_hook(on_step);
	EXPECT_EQ(call_stepped(), 123);
	trap_set_step_hook(NULL);
	return step.done;
}

/* Events by their parent: @mark has those of the act. */
static struct {
	unsigned long mark;
	unsigned int own, nested, wrong;
} seen;

static void count_event(unsigned int cpu, const struct ring_buffer_event *event,
			void *unused)
{
	const struct ftrace_entry *entry = event->data;

	(void)cpu;
	(void)unused;
	if (entry->ent.type != TRACE_FN)
		return;
	if (entry->ip != (unsigned long)rf_target)
		seen.wrong++;
	else if (entry->parent_ip == seen.mark)
		seen.nested++;
	else if (entry->parent_ip > KERNEL_VMA)
		seen.own++;
	else
		seen.wrong++; /* what an earlier page had there */
}

static void count_events(void)
{
	seen.own = seen.nested = seen.wrong = 0;
	tt_consume(count_event, NULL);
}

static bool quiet(unsigned int cpu)
{
	return !(trace_top()->buffer.cpu[cpu]->gate & 0xffff);
}

/* At every instruction, with interrupts off; each call is one event, and so are
 * @more that the act writes. */
static void everywhere(void (*act)(struct pt_regs *regs), unsigned int more)
{
	unsigned int n, cpu = smp_processor_id();
	unsigned long flags;
	bool inside;

	EXPECT_EQ(kthread_bind(current, cpu), 0);
	n = step.misses = 0;
	do {
		seen.mark = n + 1;
		local_irq_save(flags);
		inside = act_at(n, act);
		EXPECT(quiet(cpu));
		local_irq_restore(flags);
		count_events();
		if (!EXPECT_EQ(seen.own, 1) ||
		    !EXPECT_EQ(seen.nested, inside ? more : 0) ||
		    !EXPECT_EQ(seen.wrong, 0))
			ktest_note("at instruction %u", n);
	} while (more_steps(&n));
	EXPECT(n > 70 && n < 1000);
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
}

static void write_nested(unsigned int n)
{
	this_cpu_write(trace_context, CTX_NMI);
	while (n--)
		trace_function(trace_top(), (unsigned long)rf_target,
			       seen.mark);
	this_cpu_write(trace_context, CTX_TASK);
}

static void write_one(struct pt_regs *regs)
{
	(void)regs;
	write_nested(1);
}

static void write_pages(struct pt_regs *regs)
{
	(void)regs;
	write_nested(400);
}

KTEST(ring_fast, an_nmi_writes_at_each_instruction_RB3)
{
	if (begin()) {
		everywhere(write_one, 1);
		everywhere(write_pages, 400);
		tt_end();
	}
}

/* The registers of a walk: the function, its site, its caller. */
static void walk(struct pt_regs *regs)
{
	unsigned long ip[8], off;
	unsigned int n = stack_trace_save_regs(regs, ip, ARRAY_SIZE(ip), 0), i;

	for (i = 0; i + 1 < n; i++) {
		if (kallsyms_lookup(ip[i], &off, NULL) &&
		    ip[i] - off == (unsigned long)rf_target)
			break;
	}
	if (!EXPECT(i + 1 < n))
		return;
	EXPECT(kallsyms_lookup(ip[i + 1], &off, NULL));
	EXPECT_EQ(ip[i + 1] - off, (unsigned long)call_stepped);
}

KTEST(ring_fast, the_stack_is_walked_from_each_instruction)
{
	if (begin()) {
		everywhere(walk, 0);
		tt_end();
	}
}

static void take_snapshot(struct pt_regs *regs)
{
	(void)regs;
	EXPECT_EQ(tracing_snapshot_cpu(trace_top(), smp_processor_id()), 0);
}

/* The event is in one of the two rings, and complete. */
KTEST(ring_fast, the_ring_goes_at_each_instruction_RB9)
{
	unsigned int n, cpu = smp_processor_id();
	struct ring_buffer_per_cpu *a, *b;
	unsigned long flags;
	u64 events;

	if (!begin())
		return;
	EXPECT_EQ(kthread_bind(current, cpu), 0);
	EXPECT_EQ(tracing_alloc_snapshot(trace_top()), 0);
	a = trace_top()->buffer.cpu[cpu];
	b = a->twin;
	n = step.misses = 0;
	do {
		local_irq_save(flags);
		events = a->data.commit_entries + b->data.commit_entries;
		act_at(n, take_snapshot);
		events = a->data.commit_entries + b->data.commit_entries -
			 events;
		EXPECT_EQ((a->gate | b->gate) & 0xffff, 0);
		local_irq_restore(flags);
		EXPECT_EQ(events, 1);
	} while (more_steps(&n));
	EXPECT(n > 70 && n < 1000);
	tracing_free_snapshot(trace_top());
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
	tt_end();
}

static void make_due(struct pt_regs *regs)
{
	(void)regs;
	this_cpu_write(need_resched, 1);
}

/* All but an instruction that comes behind the look. */
KTEST(ring_fast, a_switch_that_falls_due_happens_at_the_end)
{
	unsigned int n = 0, late = 0;

	if (!begin())
		return;
	step.misses = 0;
	do {
		act_at(n, make_due);
		late += this_cpu_read(need_resched);
	} while (more_steps(&n));
	EXPECT(n > 70 && n < 1000);
	EXPECT(late <= 5);
	tt_end();
}

/* ---- tasks that are not to be seen --------------------------------------- */

static unsigned int events_of_a_call(void)
{
	EXPECT_EQ(rf_target(1, 2, 3), 123);
	count_events();
	return seen.own;
}

KTEST(ring_fast, asks_whether_the_task_is_seen_P1)
{
	int other = current->pid + 1000;

	if (!begin())
		return;
	EXPECT_EQ(events_of_a_call(), 1);
	ftrace_task_untraced(true);
	EXPECT_EQ(events_of_a_call(), 0);
	ftrace_task_untraced(false);
	EXPECT_EQ(events_of_a_call(), 1);
	EXPECT_EQ(ftrace_set_pids(&trace_top()->pids, &other, 1, false), 0);
	EXPECT_EQ(events_of_a_call(), 0);
	EXPECT_EQ(ftrace_set_pids(&trace_top()->pids, NULL, 0, false), 0);
	EXPECT_EQ(events_of_a_call(), 1);
	tt_end();
}

/* The tracers that follow register the same ops, for another callback. */
KTEST(ring_fast, is_the_function_tracers_alone)
{
	if (!begin())
		return;
	tt_end();
	EXPECT(!trace_top()->ops.fast);
}
