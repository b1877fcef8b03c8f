// SPDX-License-Identifier: MIT
/*
 * The word of a CPU's context (<asm/context.h>): is it what it is made of, in
 * each context, behind each switch, and when another CPU asks for a switch?
 */
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/irq.h"
#include "arch/x86_64/cpu/irq_events.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched_internal.h"
#include "kernel/smp.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_slices.h"
#include "trace/event/tracepoint.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>
#include <asm/smp.h>
#include <asm/tsc.h>

#define WAIT_MS	 20000
#define ROUNDS	 300
#define LEVELS	 100
#define REQUESTS 200
#define TURN	 838 /* instructions, at SLICES_SHORT */

/* Is the word this task's, with these flags and levels, and with both bits of
 * need_resched or none? */
static bool is_made_of(u64 flags, u64 levels)
{
	u64 word = this_cpu_read(context_word);
	u64 due = word & CONTEXT_RESCHED;

	return (word ^ due) == ((u64)current->pid << CONTEXT_PID_SHIFT |
				levels * CONTEXT_LEVEL | flags) &&
	       (!due || due == CONTEXT_RESCHED) && need_resched() == !!due &&
	       preempt_count() == levels;
}

/* ---- where it lies ------------------------------------------------------- */

KTEST(context, words_of_a_cpu_share_a_line_that_others_do_not_write)
{
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		u64 word = (u64)per_cpu_ptr(&context_word, cpu), line = 64;

		EXPECT_EQ(word % 8, 0);
		EXPECT_EQ((u64)per_cpu_ptr(&trace_context, cpu) / line,
			  word / line);
		EXPECT_EQ((u64)per_cpu_ptr(&current_task, cpu) / line,
			  word / line);
		EXPECT_EQ((u64)per_cpu_ptr(&cpu_number, cpu) / line,
			  word / line);
		EXPECT((u64)per_cpu_ptr(&resched_request, cpu) / line !=
		       word / line);
	}
}

/* ---- contexts and levels ------------------------------------------------- */

static struct {
	u64 levels; /* of the task */
	unsigned int irqs, nmis, wrong;
} seen;

static bool look_in_nmi(struct pt_regs *regs)
{
	seen.nmis++;
	seen.wrong += !is_made_of(CONTEXT_NMI, seen.levels);
	return true;
}

static void nmi_myself(void)
{
	unsigned int before = seen.nmis;
	u64 end = ktime_ns() + 1000000000;

	send_nmi(smp_processor_id());
	while (READ_ONCE(seen.nmis) == before && ktime_ns() < end)
		cpu_relax();
}

static void look_in_irq(struct pt_regs *regs)
{
	seen.irqs++;
	seen.wrong += !is_made_of(CONTEXT_HARDIRQ, seen.levels);
	nmi_myself();
	seen.wrong += !is_made_of(CONTEXT_HARDIRQ, seen.levels);
}

static void look_everywhere(u64 levels)
{
	u64 n;

	for (n = 0; n < levels; n++)
		preempt_disable();
	seen.levels = levels;
	seen.wrong += !is_made_of(0, levels);
	__asm__ volatile("int %0" ::"i"(VECTOR_TEST) : "memory");
	seen.wrong += !is_made_of(0, levels);
	nmi_myself();
	seen.wrong += !is_made_of(0, levels);
	for (n = 0; n < levels; n++)
		preempt_enable();
	seen.wrong += !is_made_of(0, 0);
}

/* The handlers look at this CPU's word, with interrupts off but for them. */
static void with_handlers(void (*fn)(void))
{
	unsigned long flags;

	memset(&seen, 0, sizeof(seen));
	ASSERT_EQ(kthread_bind(current, smp_processor_id()), 0);
	ASSERT_EQ(nmi_handler_register(look_in_nmi), 0);
	EXPECT_EQ(irq_register(VECTOR_TEST, look_in_irq), 0);
	local_irq_save(flags);
	fn();
	local_irq_restore(flags);
	irq_register(VECTOR_TEST, NULL);
	nmi_handler_unregister(look_in_nmi);
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
	EXPECT_EQ(seen.wrong, 0);
}

static void all_levels(void)
{
	for (u64 levels = 0; levels < LEVELS; levels++) {
		if (levels % 2)
			set_need_resched();
		look_everywhere(levels);
		clear_need_resched();
	}
}

KTEST(context, the_word_is_made_of_context_count_and_pid_CW2)
{
	with_handlers(all_levels);
	EXPECT_EQ(seen.irqs, LEVELS);
	EXPECT_EQ(seen.nmis, 2 * LEVELS);
}

/* As if the NMI came between the two stores of an entry or an exit. */
static void between_the_words(void)
{
	for (unsigned int way = 0; way < 4; way++) {
		u64 flag = way & 1 ? CONTEXT_HARDIRQ : 0;

		this_cpu_write(trace_context, way & 2 ? CTX_IRQ : CTX_TASK);
		this_cpu_xor(context_word, flag);
		nmi_myself();
		seen.wrong += !is_made_of(flag, 0);
		this_cpu_xor(context_word, flag);
		this_cpu_write(trace_context, CTX_TASK);
	}
}

KTEST(context, an_nmi_in_the_middle_of_an_entry_CW2)
{
	with_handlers(between_the_words);
	EXPECT_EQ(seen.nmis, 4);
}

KTEST(context, a_count_is_restored)
{
	preempt_disable();
	preempt_count_restore(7);
	EXPECT(is_made_of(0, 7));
	preempt_count_restore(1);
	EXPECT(is_made_of(0, 1));
	preempt_enable();
}

/* ---- switches ------------------------------------------------------------ */

KTEST(context, a_switch_waits_for_the_last_level)
{
	unsigned long switches;

	preempt_disable();
	preempt_disable();
	set_need_resched();
	switches = current->nivcsw;
	preempt_enable();
	EXPECT_EQ(current->nivcsw, switches);
	EXPECT(need_resched());
	preempt_enable();
	EXPECT(current->nivcsw > switches);
}

static int look_and_yield(void *arg)
{
	unsigned long flags;
	int wrong = 0;

	for (int i = 0; i < ROUNDS; i++) {
		local_irq_save(flags);
		wrong += !is_made_of(0, 0);
		local_irq_restore(flags);
		if (i % 64 == 63)
			msleep(1);
		else
			yield();
	}
	return wrong;
}

KTEST(context, the_pid_follows_each_switch)
{
	struct task_struct *task[12];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(task); i++)
		task[i] = kthread_run(look_and_yield, NULL, "look%u", i);
	for (i = 0; i < ARRAY_SIZE(task); i++)
		if (EXPECT(!IS_ERR(task[i])))
			EXPECT_EQ(kthread_join(task[i]), 0);
}

/* ---- requests of another CPU --------------------------------------------- */

static struct {
	unsigned int cpu, wanted, made;
	bool stop;
} ask;

static int asks(void *arg)
{
	while (!READ_ONCE(ask.stop)) {
		if (READ_ONCE(ask.wanted) == ask.made) {
			cpu_relax();
			continue;
		}
		preempt_disable();
		resched_cpu(ask.cpu);
		preempt_enable();
		WRITE_ONCE(ask.made, ask.made + 1);
	}
	return 0;
}

/* Run @fn, pinned, with a task on another CPU that asks this one. */
static void with_another(void (*fn)(void))
{
	unsigned int cpu = smp_processor_id();
	struct task_struct *task;

	if (num_online_cpus() < 2)
		KTEST_SKIP("one CPU");
	ASSERT_EQ(kthread_bind(current, cpu), 0);
	memset(&ask, 0, sizeof(ask));
	ask.cpu = cpu;
	task = kthread_create(asks, NULL, "asks");
	ASSERT(!IS_ERR(task));
	EXPECT_EQ(kthread_bind(task, !cpu), 0);
	wake_up_process(task);
	fn();
	WRITE_ONCE(ask.stop, true);
	kthread_join(task);
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
}

/* Bounded, without letting others run. */
#define spin_for(cond)                                        \
	({                                                    \
		u64 end_ = ktime_ns() + WAIT_MS * 1000000ULL; \
		while (!(cond) && ktime_ns() < end_)          \
			cpu_relax();                          \
		EXPECT(cond);                                 \
	})

/* In the handler of this CPU: does the event say that a switch is due? */
static notrace void look_at_event(void *data, int vector)
{
	unsigned int *shown = data;

	if (smp_processor_id() == ask.cpu)
		*shown += need_resched();
}

static void be_asked(void)
{
	unsigned int i, wrong = 0, shown = 0;
	unsigned long switches = current->nivcsw;

	EXPECT_EQ(tracepoint_probe_register(&__tracepoint_reschedule_entry,
					    look_at_event, &shown),
		  0);
	for (i = 0; i < REQUESTS && !ktest_failed(); i++) {
		preempt_disable();
		WRITE_ONCE(ask.wanted, i + 1);
		spin_for(need_resched());
		wrong += !is_made_of(0, 1);
		preempt_enable(); /* switches here and now */
		spin_for(READ_ONCE(ask.made) == i + 1);
	}
	EXPECT_EQ(wrong, 0);
	EXPECT(current->nivcsw >= switches + i);
	EXPECT_EQ(tracepoint_probe_unregister(&__tracepoint_reschedule_entry,
					      look_at_event, &shown),
		  0);
	EXPECT(shown > i / 2); /* a tick may be first */
}

/* Nobody waits for this CPU: no tick does what the request should. */
KTEST(context, a_request_of_another_cpu_is_served_CW3)
{
	with_another(be_asked);
}

static void be_asked_and_switch(void)
{
	local_irq_disable();
	WRITE_ONCE(ask.wanted, 1);
	spin_for(this_cpu_read(resched_request));
	EXPECT(!need_resched()); /* CW1: the other has not written it */
	set_need_resched();
	preempt_schedule_irq();
	EXPECT_EQ(this_cpu_read(resched_request), 0);
	EXPECT(!need_resched());
	local_irq_enable();
}

KTEST(context, a_switch_serves_a_request_that_waits_SC6)
{
	with_another(be_asked_and_switch);
}

/* ---- a storm of wake-ups ------------------------------------------------- */

static struct {
	struct task_struct *task[NR_CPUS];
	atomic_t batons[NR_CPUS], done;
	atomic_t late_halts;
	unsigned int n, hops; /* tasks, and hops of each */
	bool stop;
} storm;

/* On quiesce_idle(): this CPU has decided to halt. */
static void before_halt(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	if (need_resched())
		atomic_inc(&storm.late_halts);
}

static bool take(unsigned int i)
{
	if (READ_ONCE(storm.stop))
		return true;
	if (!atomic_read(&storm.batons[i]))
		return false;
	atomic_dec(&storm.batons[i]);
	return true;
}

static void give(unsigned int i)
{
	atomic_inc(&storm.batons[i]);
	wake_up_process(storm.task[i]);
}

/*
 * Sleep until there is a baton, and hand it on, each time at another point of a
 * turn: sooner or later the next CPU is just about to halt.
 */
static int runs(void *arg)
{
	unsigned int i = (unsigned long)arg, hops;

	for (hops = 0; hops < storm.hops; hops++) {
		for (;;) {
			set_current_state(TASK_SLEEPING);
			if (take(i))
				break;
			schedule();
		}
		set_current_state(TASK_RUNNING);
		slices_wait(hops * 7 % TURN);
		give((i + 1) % storm.n);
	}
	atomic_inc(&storm.done);
	return 0;
}

/*
 * Each CPU idles, is woken, and wakes the next, some at the same time. A tick
 * would make up for what is lost, so where time is exact there is none to spare
 * for ticks.
 */
KTEST(context, no_wake_up_between_cpus_is_lost)
{
	struct ftrace_ops halts = { .func = before_halt };
	unsigned int i, cpu;
	u64 since;

	memset(&storm, 0, sizeof(storm));
	EXPECT_EQ(filter_text(&halts, "quiesce_idle"), 0);
	EXPECT_EQ(register_ftrace_function(&halts), 0);
	for_each_online_cpu(cpu) {
		struct task_struct *task = kthread_create(
			runs, (void *)(unsigned long)storm.n, "runs%u", cpu);

		ASSERT(!IS_ERR(task));
		EXPECT_EQ(kthread_bind(task, cpu), 0);
		storm.task[storm.n++] = task;
	}
	storm.hops = (slices_exact() ? 4000 : 800) / storm.n;
	for (i = 0; i < storm.n; i++)
		wake_up_process(storm.task[i]);
	slices_set(SLICES_SHORT);
	since = ktime_ns();
	for (i = 0; i < storm.n; i += 2)
		give(i);
	wait_until((unsigned int)atomic_read(&storm.done) == storm.n, WAIT_MS);
	if (slices_exact())
		EXPECT(ktime_ns() - since < 4000 * TICK_NS / 64);
	slices_set(0);
	WRITE_ONCE(storm.stop, true);
	for (i = 0; i < storm.n; i++)
		wake_up_process(storm.task[i]);
	for (i = 0; i < storm.n; i++)
		kthread_join(storm.task[i]);
	EXPECT_EQ(unregister_ftrace_function(&halts), 0);
	ftrace_free_filter(&halts);
	EXPECT_EQ(atomic_read(&storm.late_halts), 0);
}
