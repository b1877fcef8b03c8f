// SPDX-License-Identifier: MIT
/*
 * Stack walks: plain, through an interrupt, an exception and an NMI, of other
 * tasks and CPUs, at every place of a function, and on damaged stacks.
 */
#include "arch/x86_64/entry.h"
#include "arch/x86_64/traps.h"
#include "kernel/kallsyms.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "kernel/stacktrace.h"
#include "kernel/timer.h"
#include "tests/kernel/ktest.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/pt_regs.h>

#define DEPTH	32
#define WAIT_MS 20000

struct trace {
	unsigned long ip[DEPTH];
	unsigned int n;
};

static struct trace got; /* what the probe of the running test has saved */

static const char *name_at(const struct trace *t, unsigned int i)
{
	const char *name = i < t->n ? kallsyms_lookup(t->ip[i], NULL, NULL) :
				      NULL;

	return name ? name : "?";
}

/* Where in the trace that function stands, or DEPTH. */
static unsigned int find(const struct trace *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		if (!strcmp(name_at(t, i), name))
			return i;
	return DEPTH;
}

static void show(const struct trace *t)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		ktest_note("  %pS", (void *)t->ip[i]);
}

/* The names follow each other in the trace, nothing between. */
static bool has_chain(const struct trace *t, const char *const *names)
{
	unsigned int at = find(t, names[0]), i;

	for (i = 0; names[i]; i++) {
		if (strcmp(name_at(t, at + i), names[i])) {
			ktest_note("no %s at %u in:", names[i], at + i);
			show(t);
			return false;
		}
	}
	return true;
}

#define EXPECT_CHAIN(trace, ...) \
	EXPECT(has_chain(trace, (const char *const[]){ __VA_ARGS__, NULL }))

/* ---- plain --------------------------------------------------------------- */

static noinline void st_inner(void)
{
	got.n = stack_trace_save(got.ip, DEPTH, 0);
	barrier();
}

static noinline void st_middle(void)
{
	st_inner();
	barrier();
}

static noinline void st_outer(void)
{
	st_middle();
	barrier();
}

KTEST(stacktrace, names_the_callers)
{
	st_outer();
	EXPECT_CHAIN(&got, "st_inner", "st_middle", "st_outer",
		     "ktest_stacktrace_names_the_callers", "test_thread",
		     "kthread_main");
	EXPECT_EQ(find(&got, "st_inner"), 0);
	EXPECT_EQ(find(&got, "kthread_main"), got.n - 1);
}

KTEST(stacktrace, skip_and_max)
{
	unsigned long ip[3] = { 0, 0, 77 };
	struct trace all;

	all.n = stack_trace_save(all.ip, DEPTH, 0);
	EXPECT_EQ(stack_trace_save(ip, 2, 1), 2);
	EXPECT_EQ(ip[0], all.ip[1]);
	EXPECT_EQ(ip[1], all.ip[2]);
	EXPECT_EQ(ip[2], 77);
	EXPECT_EQ(stack_trace_save(ip, 3, 100), 0);
	EXPECT_EQ(stack_trace_save(ip, 0, 0), 0);
}

/* ---- through what interrupts --------------------------------------------- */

static bool irq_seen;

static void save_in_irq(void *unused)
{
	got.n = stack_trace_save(got.ip, DEPTH, 0);
	WRITE_ONCE(irq_seen, true);
}

static noinline void st_spin(void)
{
	while (!READ_ONCE(irq_seen))
		barrier();
}

static noinline void st_interrupted(void)
{
	st_spin();
	barrier();
}

KTEST(stacktrace, through_an_interrupt)
{
	struct timer timer;

	timer_setup(&timer, save_in_irq, NULL);
	irq_seen = false;
	kthread_bind(current, smp_processor_id());
	preempt_disable(); /* the interrupt shall find us here */
	timer_add(&timer, ktime_ns() + 5 * TICK_NS);
	st_interrupted();
	preempt_enable();
	timer_cancel_sync(&timer);
	EXPECT_CHAIN(&got, "save_in_irq", "timers_run", "timer_tick");
	EXPECT_CHAIN(&got, "st_spin", "st_interrupted",
		     "ktest_stacktrace_through_an_interrupt", "test_thread");
}

static bool save_at_bp(struct pt_regs *regs)
{
	got.n = stack_trace_save(got.ip, DEPTH, 0);
	return true;
}

static noinline void st_breakpoint(void)
{
	__asm__ volatile("int3");
	barrier();
}

static noinline void st_calls_breakpoint(void)
{
	st_breakpoint();
	barrier();
}

KTEST(stacktrace, through_an_exception)
{
	got.n = 0;
	trap_set_int3_hook(save_at_bp);
	st_calls_breakpoint();
	trap_set_int3_hook(NULL);
	EXPECT_EQ(find(&got, "save_at_bp"), 0);
	EXPECT_CHAIN(&got, "int3_common", "st_breakpoint",
		     "st_calls_breakpoint",
		     "ktest_stacktrace_through_an_exception", "test_thread");
}

static atomic_t nmi_seen;

static notrace bool save_in_nmi(struct pt_regs *regs)
{
	got.n = stack_trace_save(got.ip, DEPTH, 0);
	atomic_inc(&nmi_seen);
	return true;
}

static noinline void st_nmi_to_self(void)
{
	atomic_set(&nmi_seen, 0);
	send_nmi(smp_processor_id());
	while (!atomic_read(&nmi_seen))
		cpu_relax();
}

KTEST(stacktrace, through_an_nmi)
{
	ASSERT_EQ(nmi_handler_register(save_in_nmi), 0);
	preempt_disable();
	st_nmi_to_self();
	preempt_enable();
	nmi_handler_unregister(save_in_nmi);
	EXPECT_EQ(find(&got, "save_in_nmi"), 0);
	EXPECT_CHAIN(&got, "st_nmi_to_self", "ktest_stacktrace_through_an_nmi",
		     "test_thread", "kthread_main");
	EXPECT(find(&got, "nmi_common") < find(&got, "st_nmi_to_self"));
}

/* Task, interrupt, NMI and breakpoint on top of each other. */
static notrace bool breakpoint_in_nmi(struct pt_regs *regs)
{
	__asm__ volatile("int3");
	atomic_inc(&nmi_seen);
	return true;
}

static void nmi_in_irq(void *unused)
{
	st_nmi_to_self();
	WRITE_ONCE(irq_seen, true);
}

KTEST(stacktrace, through_breakpoint_nmi_and_interrupt)
{
	struct timer timer;

	ASSERT_EQ(nmi_handler_register(breakpoint_in_nmi), 0);
	trap_set_int3_hook(save_at_bp);
	timer_setup(&timer, nmi_in_irq, NULL);
	irq_seen = false;
	kthread_bind(current, smp_processor_id());
	preempt_disable();
	timer_add(&timer, ktime_ns() + 5 * TICK_NS);
	st_interrupted();
	preempt_enable();
	timer_cancel_sync(&timer);
	trap_set_int3_hook(NULL);
	nmi_handler_unregister(breakpoint_in_nmi);
	EXPECT_CHAIN(&got, "int3_common", "breakpoint_in_nmi");
	EXPECT_CHAIN(&got, "st_nmi_to_self", "nmi_in_irq", "timers_run");
	EXPECT_CHAIN(&got, "st_spin", "st_interrupted",
		     "ktest_stacktrace_through_breakpoint_nmi_and_interrupt",
		     "test_thread", "kthread_main");
}

/* ---- at every place of a function ---------------------------------------- */

/*
 * A walk from registers as they are at an instruction of st_middle(), on a
 * stack made up for it: [ret] or [rbp, ret] on top, then the caller's frame.
 */
static bool caller_found(unsigned long ip, unsigned int pushed, bool framed)
{
	unsigned long stack[8] = { 0 };
	unsigned long caller = (unsigned long)st_outer + 12;
	unsigned long *frame = &stack[4];
	struct pt_regs regs = { .ip = ip };
	struct trace t;

	frame[0] = 0;
	frame[1] = (unsigned long)st_interrupted + 12;
	stack[3] = caller;
	stack[2] = (unsigned long)frame;
	regs.sp = (unsigned long)&stack[3 - pushed];
	regs.bp = framed ? (unsigned long)&stack[2] : (unsigned long)frame;
	t.n = stack_trace_save_regs(&regs, t.ip, DEPTH, 0);
	if (t.n == 3 && t.ip[0] == ip && t.ip[1] == caller &&
	    t.ip[2] == frame[1])
		return true;
	ktest_note("at %pS:", (void *)ip);
	show(&t);
	return false;
}

/* The bytes tell where in the prologue and epilogue we are. */
KTEST(stacktrace, no_caller_is_lost_at_the_edges_of_a_function)
{
	unsigned long start = (unsigned long)st_middle, size, off;
	const u8 *code = (const u8 *)st_middle;
	unsigned long push;

	ASSERT(kallsyms_lookup(start, &off, &size));
	push = code[0] == 0x55 ? 0 : 5;
	ASSERT_EQ(code[push], 0x55);
	ASSERT_EQ(code[push + 1], 0x48); /* mov rbp, rsp */
	EXPECT(caller_found(start, 0, false));
	if (push) {
		EXPECT(caller_found(start + 1, 0, false)); /* behind an INT3 */
		EXPECT(caller_found(start + 5, 0, false));
	}
	EXPECT(caller_found(start + push + 1, 1, false));
	EXPECT(caller_found(start + push + 4, 1, true));
	for (off = push; code[off] != 0xc3 && off < size; off++)
		;
	ASSERT_EQ(code[off], 0xc3);
	ASSERT_EQ(code[off - 1], 0x5d); /* pop rbp */
	EXPECT(caller_found(start + off - 1, 1, true));
	EXPECT(caller_found(start + off, 0, false));
}

/*
 * The same in earnest: one CPU is interrupted by NMIs at whatever instruction
 * it is, while it runs through small functions. A function called by
 * st_sampled() must have it as caller, whichever instruction it stands at.
 */
static struct sample {
	bool stop;
	unsigned int cpu;
	unsigned long inside, bad;
	struct trace last_bad;
} sample;

static noinline unsigned long st_leaf(unsigned long n)
{
	return n * 3 + 1;
}

static noinline unsigned long st_early_out(const char *s)
{
	if (!*s)
		return 7;
	return strlen(s);
}

static noinline unsigned long st_sampled(unsigned long n)
{
	n = st_leaf(n) + st_early_out("") + st_early_out("abc");
	n += strcmp("same text", "same test");
	barrier();
	return n;
}

static int sampled_thread(void *unused)
{
	unsigned long n = 0;

	while (!READ_ONCE(sample.stop))
		n = st_sampled(n);
	return (int)n & 1;
}

/* Entry 0 is a function that only st_sampled() calls. */
static notrace bool is_leaf(unsigned long ip)
{
	unsigned long off;

	if (!kallsyms_lookup(ip, &off, NULL))
		return false;
	ip -= off;
	return ip == (unsigned long)st_leaf ||
	       ip == (unsigned long)st_early_out;
}

static notrace bool is_sampled(unsigned long ip)
{
	unsigned long off;

	return kallsyms_lookup(ip, &off, NULL) &&
	       ip - off == (unsigned long)st_sampled;
}

static notrace bool take_sample(struct pt_regs *regs)
{
	struct trace t;

	if (smp_processor_id() != sample.cpu)
		return false;
	t.n = stack_trace_save_regs(regs, t.ip, DEPTH, 0);
	if (t.n && is_leaf(t.ip[0])) {
		sample.inside++;
		if (t.n < 2 || !is_sampled(t.ip[1])) {
			sample.bad++;
			sample.last_bad = t;
		}
	}
	atomic_inc(&nmi_seen);
	return true;
}

static void sample_for(u64 ns)
{
	u64 end = ktime_ns() + ns;
	int seen;

	while (ktime_ns() < end) {
		seen = atomic_read(&nmi_seen);
		send_nmi(sample.cpu);
		if (!wait_until(atomic_read(&nmi_seen) != seen, WAIT_MS))
			return;
	}
}

KTEST(stacktrace, no_caller_is_lost_wherever_an_nmi_strikes)
{
	struct task_struct *task;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	memset(&sample, 0, sizeof(sample));
	sample.cpu = 1;
	kthread_bind(current, 0);
	task = kthread_create(sampled_thread, NULL, "sampled");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 1);
	ASSERT_EQ(nmi_handler_register(take_sample), 0);
	wake_up_process(task);
	sample_for(200000000);
	WRITE_ONCE(sample.stop, true);
	kthread_join(task);
	nmi_handler_unregister(take_sample);
	EXPECT_EQ(sample.bad, 0);
	if (sample.bad)
		show(&sample.last_bad);
}

/* ---- in the entry code --------------------------------------------------- */

/*
 * An NMI has struck at ip in the entry code, which was entered from the first
 * byte of st_middle(), called by st_outer(). The CPU's words lie @above words
 * above the stack pointer.
 */
static bool entry_seen_through(unsigned long ip, unsigned int above,
			       const unsigned long *words, unsigned int n)
{
	unsigned long caller = (unsigned long)st_outer + 12;
	unsigned long stack[48] = { 0 };
	struct pt_regs regs = { .ip = ip };
	struct trace t;

	memcpy(&stack[above], words, n * sizeof(*words));
	if (n == 5)
		stack[above + 3] = (unsigned long)&stack[40];
	stack[n == 5 ? 40 : above + n] = caller;
	regs.sp = (unsigned long)stack;
	t.n = stack_trace_save_regs(&regs, t.ip, DEPTH, 0);
	if (t.n == 3 && t.ip[0] == ip && t.ip[2] == caller &&
	    t.ip[1] == (unsigned long)st_middle)
		return true;
	ktest_note("with %u words:", above);
	show(&t);
	return false;
}

KTEST(stacktrace, an_nmi_in_an_entry_stub_sees_what_was_interrupted)
{
	unsigned long iret[5] = { (unsigned long)st_middle, KERNEL_CS, 2 };
	unsigned long popf[2] = { 2, (unsigned long)st_middle };
	const u8 *at = (const u8 *)entry_stubs;
	unsigned int above;

	for (above = 0; above <= 20; above++)
		EXPECT(entry_seen_through((unsigned long)entry_stubs + 32 * 16,
					  above, iret, 5));
	while (at < (const u8 *)entry_code_end &&
	       !(at[0] == 0x9d && at[1] == 0xc3)) /* popfq, ret: out of #BP */
		at++;
	ASSERT(at < (const u8 *)entry_code_end);
	EXPECT(entry_seen_through((unsigned long)at, 0, popf, 2));
	EXPECT(entry_seen_through((unsigned long)at + 1, 0, popf + 1, 1));
}

/* ---- other tasks and CPUs ------------------------------------------------ */

static bool let_go;

static noinline int st_sleeps(void *unused)
{
	while (!READ_ONCE(let_go))
		msleep(1);
	return 0;
}

KTEST(stacktrace, of_a_sleeping_task)
{
	struct task_struct *task;
	struct trace t = { .n = 0 };

	let_go = false;
	task = kthread_run(st_sleeps, NULL, "sleeps");
	ASSERT(!IS_ERR(task));
	wait_until(!READ_ONCE(task->on_rq) && !READ_ONCE(task->on_cpu),
		   WAIT_MS);
	/* It may run again at any moment, so a walk may go wrong; not crash. */
	for (int i = 0; i < 50 && find(&t, "st_sleeps") == DEPTH; i++)
		t.n = stack_trace_save_task(task, t.ip, DEPTH, 0);
	EXPECT(find(&t, "schedule_timeout") < find(&t, "st_sleeps"));
	EXPECT_CHAIN(&t, "st_sleeps", "kthread_main");
	WRITE_ONCE(let_go, true);
	kthread_join(task);
}

static noinline int st_busy(void *unused)
{
	while (!READ_ONCE(let_go))
		cpu_relax();
	return 0;
}

KTEST(stacktrace, of_another_cpu)
{
	struct task_struct *task;
	struct trace t = { .n = 0 };
	unsigned int i;

	if (num_online_cpus() == 1)
		KTEST_SKIP("needs two CPUs");
	let_go = false;
	kthread_bind(current, 0);
	task = kthread_create(st_busy, NULL, "busy");
	ASSERT(!IS_ERR(task));
	kthread_bind(task, 1);
	wake_up_process(task);
	for (i = 0; i < 200 && find(&t, "st_busy") == DEPTH; i++) {
		t.n = cpu_backtrace(1, t.ip, DEPTH, WAIT_MS);
		EXPECT(t.n > 0);
	}
	EXPECT_CHAIN(&t, "st_busy", "kthread_main");
	WRITE_ONCE(let_go, true);
	kthread_join(task);
}

KTEST(stacktrace, of_a_cpu_that_is_not_there)
{
	unsigned long ip[2];

	EXPECT_EQ(cpu_backtrace(NR_CPUS - 1, ip, 2, 10), 0);
	EXPECT_EQ(cpu_backtrace(NR_CPUS, ip, 2, 10), 0);
}

/* One question at a time: the askers wait for each other. */
static int ask_next(void *unused)
{
	unsigned int cpu = (smp_processor_id() + 1) % num_online_cpus();
	struct trace t;

	t.n = cpu_backtrace(cpu, t.ip, DEPTH, WAIT_MS);
	EXPECT(t.n > 0);
	return 1;
}

KTEST(stacktrace, all_cpus_ask_at_once)
{
	EXPECT_EQ(on_all_cpus_run(ask_next, NULL), num_online_cpus());
}

/* ---- damage -------------------------------------------------------------- */

static unsigned int walk_from(unsigned long bp)
{
	unsigned long here[4];
	struct pt_regs regs = {
		.ip = (unsigned long)st_outer + 12,
		.bp = bp,
		.sp = (unsigned long)here,
	};
	struct trace t;

	return stack_trace_save_regs(&regs, t.ip, DEPTH, 0);
}

KTEST(stacktrace, a_damaged_stack_ends_the_walk_I1)
{
	unsigned long stack[8] = { 0 };
	unsigned long self = (unsigned long)stack;
	unsigned long end = (unsigned long)current->stack + current->stack_size;

	EXPECT_EQ(walk_from(0), 1);
	EXPECT_EQ(walk_from(8), 1);
	EXPECT_EQ(walk_from(0x1234567812345678), 1); /* not canonical */
	EXPECT_EQ(walk_from(~0UL), 1);
	EXPECT_EQ(walk_from(~0UL - 7), 1);
	EXPECT_EQ(walk_from((unsigned long)current->stack - 8), 1); /* guard */
	EXPECT_EQ(walk_from(end), 1);
	EXPECT_EQ(walk_from(end - 8), 1);
	EXPECT_EQ(walk_from(end + 1), 1); /* a pt_regs past the end */
	EXPECT_EQ(walk_from(self + 4), 1);
	stack[0] = self; /* a frame that is its own caller */
	stack[1] = (unsigned long)st_middle + 12;
	EXPECT_EQ(walk_from(self), 2);
	stack[0] = self - 16; /* downwards */
	EXPECT_EQ(walk_from(self), 2);
}

/* A pt_regs that says "interrupted here" of itself or of its like. */
KTEST(stacktrace, a_circle_of_registers_ends_I2)
{
	static struct pt_regs a, b;
	unsigned long ip = (unsigned long)st_middle + 12;
	struct trace t;

	a = (struct pt_regs){ .ip = ip, .sp = (unsigned long)&b };
	b = (struct pt_regs){ .ip = ip, .sp = (unsigned long)&a };
	a.bp = (unsigned long)&b | 1;
	b.bp = (unsigned long)&a | 1;
	t.n = stack_trace_save_regs(&a, t.ip, DEPTH, 0);
	EXPECT(t.n >= 1 && t.n < DEPTH);
	a.bp = (unsigned long)&a | 1;
	a.ip = 0; /* not even an address to fill the buffer with */
	t.n = stack_trace_save_regs(&a, t.ip, DEPTH, 0);
	EXPECT_EQ(t.n, 0);
}
