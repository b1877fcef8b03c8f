// SPDX-License-Identifier: MIT
/*
 * At each instruction of the tracers' fast code (struct ftrace_fast), and of
 * the graph's return, an NMI writes, the ring is exchanged, a switch falls due,
 * or the stack is walked. An NMI writes also at each instruction of what that
 * code leaves to C, and of the callbacks in C.
 */
#include "arch/x86_64/patch/ftrace_tramp.h"
#include "kernel/base/fail.h"
#include "kernel/base/kallsyms.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "tests/kernel/trap_owner.h"
#include "trace/core/ftrace_internal.h"
#include "trace/core/recursion.h"
#include "trace/event/trace_record.h"
#include "trace/ring/ring_buffer_internal.h"
#include "trace/trace_internal.h"
#include "trace/trace_snapshot.h"
#include "trace/tracers/function_graph.h"
#include <asm/irqflags.h>
#include <asm/layout.h>
#include <asm/pt_regs.h>

u64 rf_target(u64 a, u64 b, u64 c);
traced_function u64 rf_target(u64 a, u64 b, u64 c)
{
	return a * 100 + b * 10 + c;
}

u64 rf_tail(u64 a, u64 b, u64 c);
traced_function u64 rf_tail(u64 a, u64 b, u64 c)
{
	return rf_target(a, b, c);
}

static const char *const tracers[] = { "function", "function_graph" };
static bool graph; /* the tracer is function_graph */
static bool tells; /* an event happens before, too */
static bool tail;  /* and the function tail-calls another, traced, too */

/* Does the trampoline of the trace's ops have fast code? */
static bool is_fast(void)
{
	unsigned long at = trace_top()->ops.trampoline;
	const struct ftrace_tramp_header *header = (void *)at;

	return EXPECT(at) && header[-1].kind & TRAMP_FAST;
}

static bool begin_with(const char *tracer)
{
	if (!ftrace_use_trampolines) {
		ktest_skip("there are no trampolines");
		return false;
	}
	graph = strcmp(tracer, "function");
	return tt_begin(tracer, tail ? "rf_ta*" : "rf_target", 256) &&
	       EXPECT(is_fast());
}

static bool begin(void)
{
	return begin_with("function");
}

/* ---- at each instruction ------------------------------------------------- */

static struct {
	void (*act)(struct pt_regs *regs);
	struct task_struct *task;
	unsigned int at, steps; /* instructions inside */
	unsigned long handler, handler_size;
	bool done;
	unsigned int misses; /* calls without it */
	bool all;	     /* what is called from there is inside, too */
	void (*body)(void);  /* called once, between entry and return */
	void (*first)(struct pt_regs *regs); /* once a writer is inside */
} step;

/* In the trampoline, or on the way of the return. */
static bool is_inside(unsigned long ip)
{
	unsigned long start, size, bytes;

	return step.all || arch_ftrace_frame(ip, &start, &size, &bytes) ||
	       ip - step.handler < step.handler_size ||
	       (ip >= (unsigned long)return_to_handler &&
		ip < (unsigned long)return_to_handler_end);
}

static struct ring_buffer_per_cpu *own_ring(void)
{
	return trace_top()->buffer.cpu[smp_processor_id()];
}

static bool notrace on_step(struct pt_regs *regs)
{
	if (current != step.task)
		return false;
	if (step.first && RB_STATE_SIZE(own_ring()->data.state)) {
		step.first(regs);
		step.first = NULL;
	}
	if (step.body &&
	    regs->ip == (unsigned long)rf_target + MCOUNT_INSN_SIZE) {
		step.body();
		step.body = NULL;
	}
	if (is_inside(regs->ip) && step.steps++ == step.at && !step.done) {
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
	if (tells)
		tp_call_two(1, 2);
	sum = tail ? rf_tail(1, 2, 3) : rf_target(1, 2, 3);
	__asm__ volatile("pushfq\n\tandl %0, (%%rsp)\n\tpopfq"
			 :
			 : "i"(~X86_EFLAGS_TF & 0x7fffffff)
			 : "memory", "cc");
	return sum;
}

#define STEPS_MAX  4000
#define PAGES_MORE 160 /* events, more than a page has */

/*
 * The next number of an instruction, until five calls have had none so high: a
 * call that meets a full page leaves early, for C.
 */
static bool more_steps(unsigned int *n)
{
	step.misses += !step.done;
	return ++*n < STEPS_MAX && step.misses < 5;
}

/* Return: whether the call came to an instruction number @at. */
static bool act_at(unsigned int at, void (*act)(struct pt_regs *regs))
{
	unsigned long off;

	step.handler = (unsigned long)graph_handler;
	EXPECT(kallsyms_lookup(step.handler, &off, &step.handler_size));
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
	unsigned int own, returns, nested, wrong;
	u64 lost, time; /* of the last event */
} seen;

static void count_event(unsigned int cpu, const struct ring_buffer_event *event,
			void *unused)
{
	const struct ftrace_entry *entry = event->data;

	(void)cpu;
	(void)unused;
	seen.lost += event->lost;
	seen.time = event->time;
	seen.own += entry->ent.type == TRACE_GRAPH_ENT;
	seen.returns += entry->ent.type == TRACE_GRAPH_RET;
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
	seen.own = seen.returns = seen.nested = seen.wrong = 0;
	seen.lost = seen.time = 0;
	tt_consume(count_event, NULL);
}

/* The call itself once more, as from an NMI: it takes the same code. */
static void call_nested(struct pt_regs *regs)
{
	(void)regs;
	play_context(CTX_NMI);
	EXPECT_EQ(tail ? rf_tail(3, 2, 1) : rf_target(3, 2, 1), 321);
	play_context(CTX_TASK);
}

/*
 * Have the calls and what nested in them left so many events? The time of the
 * last one, which is a sum, is that of the ring: so all of them are exact.
 */
static bool has_seen(unsigned int calls, unsigned int nested, u64 time)
{
	return EXPECT_EQ(seen.own, calls) &&
	       EXPECT_EQ(seen.returns, graph ? calls : 0) &&
	       EXPECT_EQ(seen.nested, nested) && EXPECT_EQ(seen.wrong, 0) &&
	       EXPECT_EQ(seen.lost, 0) && EXPECT_EQ(seen.time, time);
}

/* At every instruction, with interrupts off; each call is one event, and so are
 * @more that the act writes. @prepare: called before each, or NULL. */
static void everywhere_with(void (*prepare)(void),
			    void (*act)(struct pt_regs *regs),
			    unsigned int more)
{
	const struct fgraph_ret_stack *stack = current->ret_stack;
	const struct fgraph_frame *top = stack ? stack->top : NULL;
	unsigned int n, calls, cpu = smp_processor_id();
	unsigned long flags;
	bool inside, first;
	u64 time;

	EXPECT_EQ(kthread_bind(current, cpu), 0);
	n = step.misses = 0;
	do {
		seen.mark = n + 1;
		local_irq_save(flags);
		if (prepare)
			prepare();
		first = step.first;
		inside = act_at(n, act);
		EXPECT(rb_is_idle(own_ring()));
		EXPECT(!stack || stack->top == top);
		time = own_ring()->data.last;
		local_irq_restore(flags);
		count_events();
		calls = (1 + tail) * (1 + (inside && act == call_nested));
		if (!has_seen(calls, first + (inside ? more : 0), time))
			ktest_note("at instruction %u", n);
	} while (more_steps(&n));
	EXPECT(n > 40 && n < STEPS_MAX);
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
}

static void everywhere(void (*act)(struct pt_regs *regs), unsigned int more)
{
	everywhere_with(NULL, act, more);
}

static void write_nested(unsigned int n)
{
	play_context(CTX_NMI);
	while (n--)
		trace_function(trace_top(), (unsigned long)rf_target,
			       seen.mark);
	play_context(CTX_TASK);
}

static void write_one(struct pt_regs *regs)
{
	(void)regs;
	write_nested(1);
}

static void write_pages(struct pt_regs *regs)
{
	(void)regs;
	write_nested(PAGES_MORE);
}

KTEST(ring_fast, an_nmi_writes_at_each_instruction_RB3)
{
	if (begin()) {
		everywhere(write_one, 1);
		everywhere(write_pages, PAGES_MORE);
		tt_end();
	}
}

KTEST(ring_fast, and_of_the_graph_R1)
{
	if (begin_with("function_graph")) {
		everywhere(write_one, 1);
		everywhere(write_pages, PAGES_MORE);
		tt_end();
	}
}

KTEST(ring_fast, calls_nest_at_each_instruction_RB3)
{
	if (begin()) {
		everywhere(call_nested, 0);
		tt_end();
	}
	if (begin_with("function_graph")) {
		everywhere(call_nested, 0);
		tt_end();
	}
	tail = true;
	if (begin_with("function_graph")) {
		everywhere(call_nested, 0);
		tt_end();
	}
	tail = false;
}

/* ---- at each instruction of what is rare --------------------------------- */

/* The ring's clock makes a jump: the next event needs a time extend. */
static void jump(void)
{
	own_ring()->scale.base -= (RB_DELTA_MAX + 1) << 8;
}

/* Leave so many bytes on the commit page: an event that fills the rest. */
static void leave_room(u32 bytes)
{
	struct ring_buffer *buffer = &trace_top()->buffer;
	u32 used, len;
	void *event;

	do {
		used = own_ring()->data.state & RB_STATE_BYTES;
		len = RB_DATA_SIZE - used - bytes - 2 * RB_EVENT_HEADER;
		if (used > RB_DATA_SIZE / 2) /* there may not be so much */
			len = RB_DATA_SIZE / 4;
		event = ring_buffer_lock_reserve(buffer, len, NULL);
		if (!EXPECT(event))
			return;
		memset(event, 0, len);
		ring_buffer_unlock_commit(buffer);
	} while ((own_ring()->data.state & RB_STATE_BYTES) !=
		 RB_DATA_SIZE - bytes);
}

static void no_room(void)
{
	leave_room(RB_EVENT_HEADER + sizeof(struct ftrace_entry) - 4);
}

static void room_for_entry(void)
{
	leave_room(RB_EVENT_HEADER + sizeof(struct ftrace_graph_ent_entry) + 4);
}

/* It stands still for seconds of the processor's. */
static void stand_still(void)
{
	struct ring_buffer_per_cpu *rb = own_ring();

	rb->scale.mult = 1ULL << 28;
	rb->scale.base = (rdtsc() << TRACE_TSC_SHIFT) -
			 ((rb->data.last + 1) << (64 - 28));
}

/* And an NMI's event comes behind the place of the one that is undone. */
static void jump_and_write(void)
{
	jump();
	step.first = write_one;
}

static void jump_at_return(void)
{
	step.body = jump;
}

/* What is called from there is inside, too. */
static void rare_everywhere(void (*prepare)(void))
{
	step.all = true;
	everywhere_with(prepare, write_one, 1);
	step.all = false;
	step.body = NULL;
	ring_buffer_set_clock(&trace_top()->buffer, trace_top()->clock);
}

KTEST_FLAGS(ring_fast, an_nmi_writes_where_there_is_no_room, 0, 120)
{
	if (begin()) {
		rare_everywhere(no_room);
		step.all = true;
		everywhere_with(no_room, write_pages, PAGES_MORE);
		step.all = false;
		tt_end();
	}
	if (begin_with("function_graph")) {
		rare_everywhere(no_room);
		rare_everywhere(room_for_entry);
		tt_end();
	}
}

KTEST_FLAGS(ring_fast, an_nmi_writes_where_the_time_is_long, 0, 120)
{
	if (begin()) {
		rare_everywhere(jump);
		step.all = true;
		everywhere_with(jump_and_write, call_nested, 0);
		step.all = false;
		tt_end();
	}
	if (begin_with("function_graph")) {
		rare_everywhere(jump);
		rare_everywhere(jump_at_return);
		tt_end();
	}
}

static void of_both_tracers(void (*prepare)(void),
			    void (*act)(struct pt_regs *regs))
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tracers); i++) {
		if (!begin_with(tracers[i]))
			continue;
		everywhere_with(prepare, act, 1);
		ring_buffer_set_clock(&trace_top()->buffer, trace_top()->clock);
		tt_end();
	}
}

KTEST(ring_fast, an_nmi_writes_while_the_clock_stands)
{
	of_both_tracers(stand_still, write_one);
}

/*
 * What a nested writer leaves that tells its time, and then writes nothing: it
 * has come in front of `enter`. Then an NMI writes.
 */
static void tell_other_time(struct pt_regs *regs)
{
	(void)regs;
	if (rb_is_idle(own_ring()))
		own_ring()->data.begun += 1000000;
	step.at = step.steps + 2;
	step.act = write_one;
	step.done = false;
}

KTEST(ring_fast, an_nmi_writes_where_another_time_is_stored)
{
	of_both_tracers(NULL, tell_other_time);
}

/* Return: the instructions of a call. */
static unsigned int instructions(void)
{
	unsigned int least = ~0U, i;

	step.all = true;
	for (i = 0; i < 5; i++) { /* one may meet the end of a page */
		act_at(~0U, NULL);
		least = min(least, step.steps);
	}
	step.all = false;
	return least;
}

KTEST(ring_fast, calls_nothing_in_the_common_case)
{
	if (begin()) {
		EXPECT(instructions() < 100);
		tt_end();
	}
	if (begin_with("function_graph")) {
		EXPECT(instructions() < 250);
		tt_end();
	}
}

static void beside(unsigned long ip, unsigned long parent_ip,
		   struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	(void)ip;
	(void)parent_ip;
	(void)ops;
	(void)fregs;
}

/* With another user of the function, its callbacks in C are called. */
static void in_c(void (*prepare)(void))
{
	static struct ftrace_ops other = { .func = beside };

	EXPECT_EQ(ftrace_set_filter_ip(&other, (unsigned long)rf_target, 0, 1),
		  0);
	if (EXPECT_EQ(register_ftrace_function(&other), 0)) {
		rare_everywhere(prepare);
		EXPECT_EQ(unregister_ftrace_function(&other), 0);
	}
	EXPECT_EQ(ftrace_free_filter(&other), 0);
}

KTEST_FLAGS(ring_fast, an_nmi_writes_at_each_instruction_in_c_RB3, 0, 120)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tracers); i++) {
		if (!begin_with(tracers[i]))
			continue;
		in_c(NULL);
		in_c(no_room);
		in_c(jump);
		tt_end();
	}
}

/* ---- at each instruction, other things ----------------------------------- */

/* Whichever code runs, the caller is found, once. */
static void walk(struct pt_regs *regs)
{
	unsigned long ip[16], off;
	unsigned int n = stack_trace_save_regs(regs, ip, ARRAY_SIZE(ip), 0);
	unsigned int i, found = 0, target = 0;

	for (i = 1; i < n; i++) {
		if (!kallsyms_lookup(ip[i], &off, NULL))
			continue;
		found += ip[i] - off == (unsigned long)call_stepped;
		target += ip[i] - off == (unsigned long)rf_target;
	}
	EXPECT_EQ(found, 1);
	EXPECT(graph || target == 1);
}

KTEST(ring_fast, and_of_a_tail_call_R1)
{
	tail = true;
	if (begin_with("function_graph")) {
		everywhere(write_one, 1);
		everywhere(walk, 0);
		tt_end();
	}
	tail = false;
}

KTEST(ring_fast, the_stack_is_walked_from_each_instruction)
{
	if (begin()) {
		everywhere(walk, 0);
		tt_end();
	}
	if (begin_with("function_graph")) {
		everywhere(walk, 0);
		tt_end();
	}
}

static void take_snapshot(struct pt_regs *regs)
{
	(void)regs;
	EXPECT_EQ(tracing_snapshot_cpu(trace_top(), smp_processor_id()), 0);
}

/* The events are in one of the two rings, and complete. */
static void swap_everywhere(void)
{
	unsigned int n, cpu = smp_processor_id();
	struct ring_buffer_per_cpu *a, *b;
	unsigned long flags;
	u64 events;

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
		EXPECT((a->data.state | b->data.state) <= RB_STATE_BYTES);
		local_irq_restore(flags);
		EXPECT_EQ(events, 1 + graph);
	} while (more_steps(&n));
	EXPECT(n > 40 && n < STEPS_MAX);
	tracing_free_snapshot(trace_top());
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
}

KTEST(ring_fast, the_ring_goes_at_each_instruction_RB9)
{
	if (begin()) {
		swap_everywhere();
		tt_end();
	}
	if (begin_with("function_graph")) {
		swap_everywhere();
		tt_end();
	}
}

/*
 * The fast path of an event is undone with an NMI's event behind its place, and
 * the ring goes at each instruction: then no event waits in either ring.
 */
static void swap_at_event(void)
{
	struct ring_buffer_per_cpu *a = own_ring(), *b = a->twin;
	unsigned int n = step.misses = 0;
	unsigned long flags;
	u64 events;

	do {
		local_irq_save(flags);
		own_ring()->scale.base -= (RB_DELTA_MAX + 1) << 8;
		step.first = write_one;
		events = a->data.commit_entries + b->data.commit_entries;
		act_at(n, take_snapshot);
		events = a->data.commit_entries + b->data.commit_entries -
			 events;
		EXPECT(rb_is_idle(a) && rb_is_idle(b));
		local_irq_restore(flags);
		if (!EXPECT_EQ(events, 1 + !step.first))
			ktest_note("at instruction %u", n);
	} while (more_steps(&n));
	step.first = NULL;
	EXPECT(n > 40 && n < STEPS_MAX);
}

KTEST_FLAGS(ring_fast, the_ring_goes_at_an_event_that_is_undone_RB9, 0, 120)
{
	unsigned int cpu = smp_processor_id();

	if (!tt_begin("nop", NULL, 256))
		return;
	EXPECT_EQ(kthread_bind(current, cpu), 0);
	EXPECT_EQ(tracing_alloc_snapshot(trace_top()), 0);
	tt_write("events/testing_tp/testing_two/enable", "1\n");
	tells = step.all = true;
	swap_at_event();
	tells = step.all = false;
	tt_write("events/testing_tp/testing_two/enable", "0\n");
	ring_buffer_set_clock(&trace_top()->buffer, trace_top()->clock);
	tracing_free_snapshot(trace_top());
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
	tt_end();
}

static void make_due(struct pt_regs *regs)
{
	(void)regs;
	set_need_resched();
}

/*
 * @most: how many instructions come behind the last look at need_resched, and
 * some ticks, which may fall behind the call.
 */
static void due_everywhere(unsigned int most)
{
	unsigned int n = 0, late = 0;

	EXPECT_EQ(kthread_bind(current, smp_processor_id()), 0);
	step.misses = 0;
	do {
		act_at(n, make_due);
		late += need_resched();
	} while (more_steps(&n));
	EXPECT(n > 40 && n < STEPS_MAX);
	EXPECT(late <= most);
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
}

KTEST(ring_fast, a_switch_that_falls_due_happens_at_the_end)
{
	if (begin()) {
		due_everywhere(4 + 1); /* jne, two pops, ret */
		tt_end();
	}
	if (begin_with("function_graph")) {
		/* Of the entry, graph_handler(), return_to_handler(). */
		due_everywhere(5 + 2 + 7 + 2);
		tt_end();
	}
}

/* ---- tasks that are not to be seen --------------------------------------- */

static unsigned int events_of_a_call(void)
{
	EXPECT_EQ(rf_target(1, 2, 3), 123);
	count_events();
	return seen.own;
}

/* irqsoff registers the same ops, for another callback. */
static void check_irqsoff(void)
{
	if (EXPECT_EQ(trace_set_tracer(trace_top(), "irqsoff"), 0))
		EXPECT(!is_fast());
	EXPECT_EQ(trace_set_tracer(trace_top(), "nop"), 0);
}

static void follow_failures_of(const char *tracer)
{
	unsigned int n = 0, errors = 0;
	bool failed;
	int err;

	do {
		fail_nth(++n);
		err = trace_set_tracer(trace_top(), tracer);
		failed = fail_end();
		EXPECT_EQ(trace_set_tracer(trace_top(), "nop"), 0);
		if (err) {
			errors++;
			check_irqsoff();
		}
	} while (failed);
	EXPECT(errors > 0);
}

KTEST(ring_fast, is_one_tracers_alone)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tracers); i++) {
		if (!begin_with(tracers[i]))
			continue;
		EXPECT_EQ(trace_set_tracer(trace_top(), "nop"), 0);
		check_irqsoff();
		follow_failures_of(tracers[i]);
		tt_end();
	}
}

static void record_cpus(bool on)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		ring_buffer_record(&trace_top()->buffer, cpu, on);
}

KTEST(ring_fast, a_masked_ring_is_not_written)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tracers); i++) {
		if (!begin_with(tracers[i]))
			continue;
		EXPECT_EQ(events_of_a_call(), 1);
		record_cpus(false);
		EXPECT_EQ(events_of_a_call(), 0);
		record_cpus(true);
		EXPECT_EQ(events_of_a_call(), 1);
		tt_end();
	}
}

static void untraced_is_unseen(void)
{
	EXPECT_EQ(events_of_a_call(), 1);
	ftrace_task_untraced(true);
	EXPECT_EQ(events_of_a_call(), 0);
	ftrace_task_untraced(false);
	EXPECT_EQ(events_of_a_call(), 1);
}

KTEST(ring_fast, asks_whether_the_task_is_seen_P1)
{
	int other = current->pid + 1000;

	if (!begin())
		return;
	untraced_is_unseen();
	EXPECT_EQ(ftrace_set_pids(&trace_top()->pids, &other, 1, false), 0);
	EXPECT_EQ(events_of_a_call(), 0);
	EXPECT_EQ(ftrace_set_pids(&trace_top()->pids, NULL, 0, false), 0);
	EXPECT_EQ(events_of_a_call(), 1);
	tt_end();
	if (begin_with("function_graph")) {
		untraced_is_unseen();
		tt_end();
	}
}
