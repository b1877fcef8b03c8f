// SPDX-License-Identifier: MIT
/*
 * The fast code of the function tracer (struct ftrace_fast) against the
 * callback that it stands for: the same calls write the same pages.
 */
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/kernel/trace_test.h"
#include "trace/core/ftrace_internal.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"
#include <asm/irqflags.h>

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
	bool resched = need_resched();
	bool same;

	this_cpu_add(context_word, levels * CONTEXT_LEVEL);
	if (way == 4)
		local_irq_enable();
	else if (way == 3)
		set_need_resched();
	else
		play_context(contexts[way]);
	same = call(tramp);
	local_irq_disable();
	play_context(CTX_TASK);
	if (way == 3 && !resched)
		clear_need_resched();
	for (i = 0; i < levels; i++)
		preempt_enable_no_resched();
	return same;
}

/* No page has an event of the sequence before: each byte must be written. */
static void wipe(struct ring_buffer_per_cpu *rb)
{
	u32 i;

	for (i = 0; i <= rb->data.nr_slots; i++)
		memset(rb->data.info[i].page->data, 0xee, RB_DATA_SIZE);
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
	wipe(rb);
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

	if (!ftrace_use_trampolines)
		ktest_skip("there are no trampolines");
	else if (EXPECT(pages[0] && pages[1]) &&
		 tt_begin("function", "gate_target", 256) &&
		 EXPECT(trace_top()->ops.fast)) {
		fast = make(true);
		plain = make(false);
		if (EXPECT(fast && plain))
			compare(fast, plain, pages);
		if (fast)
			arch_ftrace_free_trampoline(fast);
		if (plain)
			arch_ftrace_free_trampoline(plain);
		tt_end();
	}
	for (i = 0; i < 2; i++)
		free_pages(pages[i], order);
}
