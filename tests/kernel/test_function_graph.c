// SPDX-License-Identifier: MIT
/*
 * The function_graph tracer: entries and returns pair for every task, with
 * preemption and migration between; the choice of calls. (Its text:
 * test_graph_output.c.)
 */
#include "kernel/base/clock.h"
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/trace_test.h"
#include "trace/graph/fgraph.h"
#include "trace/tracers/function_graph.h"
#include <asm/atomic.h>

KTEST(function_graph, one_event_at_each_end)
{
	if (tt_begin("function_graph", FG_FILTER, 512)) {
		EXPECT(fg_check_all(3, 10));
		EXPECT_EQ(tt_stats().entries, 2 * fg_calls(10));
	}
	tt_end();
}

/* ---- pairs --------------------------------------------------------------- */

#define PIDS   1024 /* living at a time; and an idle task for each CPU */
#define LEVELS 40

struct pairs {
	unsigned long open[PIDS + NR_CPUS][LEVELS];
	u8 level[PIDS + NR_CPUS];
	u64 calls, migrated, wrong, lost, last_time;
	u8 cpu[PIDS + NR_CPUS][LEVELS];
};

static int task_key(int pid, unsigned int cpu)
{
	return pid ? pid % PIDS : (int)(PIDS + cpu);
}

/*
 * An interrupt may come when a call has its frame but its event is not yet
 * written, or is written and the frame not yet gone: its calls are one deeper
 * than the events tell.
 */
static bool depth_is_right(const struct trace_entry *ent, int depth, int level)
{
	bool irq = ent->flags & (TRACE_FLAG_HARDIRQ | TRACE_FLAG_NMI);

	return depth == level || (irq && depth > level && depth <= level + 2);
}

static void pair_entry(struct pairs *p, unsigned int cpu,
		       const struct ftrace_graph_ent_entry *e)
{
	int pid = task_key(e->ent.pid, cpu), level;
	struct trace_entry ent = e->ent;

	if (p->level[pid] >= LEVELS ||
	    !depth_is_right(&ent, e->depth, p->level[pid])) {
		p->wrong++;
		return;
	}
	level = p->level[pid]++;
	p->open[pid][level] = e->func;
	p->cpu[pid][level] = cpu;
}

static void pair_return(struct pairs *p, unsigned int cpu,
			const struct ftrace_graph_ret_entry *r)
{
	int pid = task_key(r->ent.pid, cpu), level;

	if (!p->level[pid]) {
		p->wrong++;
		return;
	}
	level = --p->level[pid];
	if (p->open[pid][level] != r->func ||
	    !depth_is_right(&r->ent, r->depth, level) ||
	    r->rettime < r->calltime)
		p->wrong++;
	p->migrated += p->cpu[pid][level] != cpu;
	p->calls++;
}

/* The oldest event of all CPUs, consumed. Return: false: there is none. */
static bool consume_oldest(struct pairs *p)
{
	struct ring_buffer_per_cpu *rb, *best = NULL;
	struct ring_buffer_event event;
	const struct trace_entry *ent;
	u64 time = ~0ULL;
	unsigned int cpu;

	for_each_online_cpu(cpu) {
		rb = trace_top()->buffer.cpu[cpu];
		mutex_lock(&rb->reader_lock);
		if (ring_buffer_peek(rb, &event) && event.time < time) {
			time = event.time;
			best = rb;
		}
		mutex_unlock(&rb->reader_lock);
	}
	if (!best)
		return false;
	mutex_lock(&best->reader_lock);
	ring_buffer_peek(best, &event);
	ent = event.data;
	p->lost += event.lost;
	if (ent->type == TRACE_GRAPH_ENT)
		pair_entry(p, best->cpu, event.data);
	else if (ent->type == TRACE_GRAPH_RET)
		pair_return(p, best->cpu, event.data);
	else
		p->wrong++;
	ring_buffer_consume(best);
	mutex_unlock(&best->reader_lock);
	return true;
}

static void check_in_storm(void *wrong)
{
	if (!fg_check_all(42, 3))
		atomic64_inc(wrong);
}

static void all_pair(const char *clock, bool pinned)
{
	struct pairs *p = kzalloc(sizeof(*p));
	atomic64_t wrong = ATOMIC64_INIT(0);
	struct tt_calls calls;
	unsigned int i;

	ASSERT(p != NULL);
	EXPECT_EQ(trace_set_clock(trace_top(), clock), 0);
	if (tt_begin("function_graph", FG_FILTER, 8192)) {
		calls = tt_storm(check_in_storm, &wrong, 400, 3, pinned);
		while (consume_oldest(p))
			;
		EXPECT_EQ(atomic64_read(&wrong), 0);
		EXPECT_EQ(p->wrong, 0);
		EXPECT_EQ(p->lost, 0);
		EXPECT_EQ(p->calls,
			  (calls.task + calls.irq + calls.nmi) * fg_calls(3));
		for (i = 0; i < PIDS; i++)
			EXPECT_EQ(p->level[i], 0);
		EXPECT_EQ(tt_stats().overrun + tt_stats().dropped, 0);
	}
	tt_end();
	trace_set_clock(trace_top(), "local");
	kfree(p);
}

/* FG1 */
KTEST_FLAGS(function_graph, entries_and_returns_pair, 0, 120)
{
	all_pair("local", true);
}

KTEST_FLAGS(function_graph, they_pair_with_migration, 0, 120)
{
	all_pair("global", false);
}

/* ---- the choice of calls ------------------------------------------------- */

struct chosen {
	unsigned int parent, leaf, hidden, other, nr_returns, deepest;
};

static void count_chosen(unsigned int cpu,
			 const struct ring_buffer_event *event, void *arg)
{
	const struct ftrace_graph_ent_entry *e = event->data;
	struct chosen *c = arg;

	(void)cpu;
	if (e->ent.type != TRACE_GRAPH_ENT) {
		c->nr_returns++;
		return;
	}
	c->deepest = max(c->deepest, (unsigned int)e->depth);
	if (e->func == (unsigned long)fg_parent)
		c->parent++;
	else if (e->func == (unsigned long)fg_leaf)
		c->leaf++;
	else if (e->func == (unsigned long)fg_hidden)
		c->hidden++;
	else
		c->other++;
}

static struct chosen chosen_calls(void)
{
	struct chosen c = { 0 };

	EXPECT(fg_check_all(1, 5));
	tt_consume(count_chosen, &c);
	EXPECT_EQ(c.parent + c.leaf + c.hidden + c.other, c.nr_returns);
	return c;
}

/* NULL: all functions, or none excluded; "": none, or none excluded. */
static void set_graph(bool notrace_set, const char *names)
{
	struct ftrace_hash *set = names ? ftrace_hash_begin(NULL) : NULL;

	if (names && *names)
		EXPECT_EQ(ftrace_hash_edit(&set, names, strlen(names)), 0);
	EXPECT_EQ(trace_graph_hash_set(trace_top(), notrace_set, set), 0);
}

KTEST(function_graph, set_graph_function_and_notrace)
{
	struct chosen c;

	if (tt_begin("function_graph", FG_FILTER, 64)) {
		set_graph(false, "fg_parent");
		c = chosen_calls();
		EXPECT(c.parent == 1 && c.leaf == 3 && c.hidden == 1 &&
		       c.other == 0 && c.deepest == 2);
		set_graph(true, "fg_hidden");
		c = chosen_calls();
		EXPECT(c.parent == 1 && c.leaf == 2 && c.hidden == 0 &&
		       c.other == 0);
		set_graph(false, NULL);
		c = chosen_calls();
		EXPECT(c.parent == 1 && c.leaf == 2 && c.hidden == 0 &&
		       c.other == 14);
		set_graph(false, "");
		EXPECT_EQ(chosen_calls().nr_returns, 0);
	}
	set_graph(false, NULL);
	set_graph(true, NULL);
	tt_end();
}

/* A call that another task is in until it is let go. */
static bool inside, let_go;

void fg_wait(void);
traced_function void fg_wait(void)
{
	WRITE_ONCE(inside, true);
	while (!READ_ONCE(let_go))
		msleep(1);
}

static int waiter(void *unused)
{
	(void)unused;
	fg_wait();
	return 0;
}

static struct task_struct *begin_wait(void)
{
	struct task_struct *task;

	inside = let_go = false;
	task = kthread_run(waiter, NULL, "waiter");
	EXPECT(wait_until(READ_ONCE(inside), 1000));
	return task;
}

static void end_wait(struct task_struct *task)
{
	WRITE_ONCE(let_go, true);
	kthread_join(task);
}

KTEST(function_graph, a_call_hidden_at_its_entry_has_no_return)
{
	struct task_struct *task;

	if (tt_begin("function_graph", "fg_wait", 64)) {
		set_graph(true, "fg_wait");
		task = begin_wait();
		set_graph(true, NULL);
		end_wait(task);
		EXPECT_EQ(tt_stats().entries, 0);
	}
	set_graph(true, NULL);
	tt_end();
}

KTEST(function_graph, max_graph_depth)
{
	struct chosen c;

	if (tt_begin("function_graph", FG_FILTER, 64)) {
		trace_set_graph_depth(trace_top(), 1);
		c = chosen_calls();
		EXPECT(c.parent == 1 && c.leaf == 0 && c.other == 3 &&
		       c.deepest == 0);
		trace_set_graph_depth(trace_top(), 2);
		EXPECT_EQ(chosen_calls().deepest, 1);
		trace_set_graph_depth(trace_top(), 0);
		EXPECT_EQ(chosen_calls().deepest, 5);
	}
	trace_set_graph_depth(trace_top(), 0);
	tt_end();
}

static void count_irq(unsigned int cpu, const struct ring_buffer_event *event,
		      void *arg)
{
	const struct trace_entry *ent = event->data;

	(void)cpu;
	*(u64 *)arg += ent->flags & (TRACE_FLAG_HARDIRQ | TRACE_FLAG_NMI) ?
			       1 :
			       1ULL << 32;
}

KTEST(function_graph, option_funcgraph_irqs)
{
	struct trace_array *tr = trace_top();
	atomic64_t wrong = ATOMIC64_INIT(0);
	u64 counts = 0;

	if (tt_begin("function_graph", "fg_leaf", 1024)) {
		tt_storm(check_in_storm, &wrong, 300, 1, true);
		tt_consume(count_irq, &counts);
		EXPECT((u32)counts && counts >> 32);
		counts = 0;
		trace_set_option(tr, TRACE_OPT_funcgraph_irqs, false);
		tt_storm(check_in_storm, &wrong, 300, 1, true);
		tt_consume(count_irq, &counts);
		EXPECT_EQ((u32)counts, 0);
		EXPECT(counts >> 32);
		trace_set_option(tr, TRACE_OPT_funcgraph_irqs, true);
	}
	tt_end();
}

/*
 * Something else that is looked at with the options changes while one of them
 * does: between trace_set_option()'s word to the tracer and its own note.
 */
KTEST(function_graph, an_option_stays_when_something_else_changes)
{
	struct trace_array *tr = trace_top();
	const struct tracer *tracer;

	if (tt_begin("function_graph", "fg_leaf", 64)) {
		tracer = trace_current_tracer(tr);
		mutex_lock(&trace_lock);
		tracer->set_option(tr, TRACE_OPT_funcgraph_retval, true);
		trace_set_graph_depth(trace_top(), 0);
		EXPECT(tr->special);
		tracer->set_option(tr, TRACE_OPT_funcgraph_retval, false);
		trace_set_graph_depth(trace_top(), 0);
		EXPECT(!tr->special);
		mutex_unlock(&trace_lock);
	}
	tt_end();
}

/* ---- durations ----------------------------------------------------------- */

void fg_sleep(void);
traced_function void fg_sleep(void)
{
	msleep(30);
}

static void longest(unsigned int cpu, const struct ring_buffer_event *event,
		    void *arg)
{
	const struct ftrace_graph_ret_entry *r = event->data;

	(void)cpu;
	if (r->ent.type == TRACE_GRAPH_RET)
		*(u64 *)arg = max(*(u64 *)arg, r->rettime - r->calltime);
}

KTEST(function_graph, option_sleep_time)
{
	u64 with = 0, without = 0, start, all = 0;

	if (tt_begin("function_graph", "fg_sleep", 64)) {
		fg_sleep();
		tt_consume(longest, &with);
		trace_set_option(trace_top(), TRACE_OPT_sleep_time, false);
		start = ktime_ns();
		fg_sleep();
		all = ktime_ns() - start;
		tt_consume(longest, &without);
		trace_set_option(trace_top(), TRACE_OPT_sleep_time, true);
		EXPECT(with >= 30000000);
		/* Much of the sleep is missing, however long the call took. */
		EXPECT(without && without + 15000000 < all);
	}
	tt_end();
}

/* The clock changes under way, or is none of nanoseconds. */
static void duration_with(const char *before, const char *after)
{
	struct task_struct *task;
	u64 duration = 0, from = ktime_ns();

	EXPECT_EQ(trace_set_clock(trace_top(), before), 0);
	if (tt_begin("function_graph", "fg_wait", 64)) {
		task = begin_wait();
		EXPECT_EQ(trace_set_clock(trace_top(), after), 0);
		msleep(20);
		end_wait(task);
		tt_consume(longest, &duration);
		EXPECT(duration >= 20000000);
		EXPECT(duration <= ktime_ns() - from);
	}
	tt_end();
	EXPECT_EQ(trace_set_clock(trace_top(), "local"), 0);
}

/* FG2 */
KTEST(function_graph, durations_are_nanoseconds_in_every_clock)
{
	duration_with("x86-tsc", "x86-tsc");
	duration_with("counter", "counter");
	duration_with("mono", "mono");
	duration_with("local", "counter");
	duration_with("local", "x86-tsc");
	duration_with("x86-tsc", "local");
	duration_with("global", "uptime");
}

/* ---- idle tasks ---------------------------------------------------------- */

static void note_idle(unsigned int cpu, const struct ring_buffer_event *event,
		      void *arg)
{
	const struct trace_entry *ent = event->data;

	if (!ent->pid && ent->type == TRACE_GRAPH_RET &&
	    !(ent->flags & (TRACE_FLAG_HARDIRQ | TRACE_FLAG_NMI)))
		*(u64 *)arg |= 1ULL << cpu;
}

KTEST(function_graph, idle_tasks_of_every_cpu)
{
	u64 cpus = 0;
	int i;

	if (tt_begin("function_graph", NULL, 1024)) {
		for (i = 0; i < 50 && cpus != cpu_online_mask; i++) {
			msleep(10);
			/* Off: reading is traced, too, and would never end. */
			trace_set_on(trace_top(), false);
			tt_consume(note_idle, &cpus);
			trace_set_on(trace_top(), true);
		}
		EXPECT_EQ(cpus, cpu_online_mask);
	}
	tt_end();
}
