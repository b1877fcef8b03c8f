// SPDX-License-Identifier: MIT
/*
 * The function tracer: every call is an event, none is lost uncounted, and
 * events are in order; on every CPU, with interrupts and NMIs writing too.
 */
#include "tests/kernel/trace_test.h"
#include "trace/event/trace_record.h"
#include <asm/atomic.h>

void ft_target(void *arg);
traced_function void ft_target(void *arg)
{
	(void)arg;
	barrier();
}

void ft_other(void);
traced_function void ft_other(void)
{
	barrier();
}

KTEST(function_tracer, one_event_per_call)
{
	int i;

	if (tt_begin("function", "ft_target", 512)) {
		for (i = 0; i < 3000; i++) {
			ft_target(NULL);
			ft_other();
		}
		EXPECT_EQ(tt_stats().entries, 3000);
	}
	tt_end();
}

/* ---- exact on all CPUs --------------------------------------------------- */

struct seen {
	u64 task, irq, nmi, wrong, backwards, unlike;
	u64 last_time[NR_CPUS];
};

static void look(unsigned int cpu, const struct ring_buffer_event *event,
		 void *arg)
{
	const struct ftrace_entry *entry = event->data;
	struct seen *seen = arg;

	if (event->len != sizeof(*entry) || entry->ent.type != TRACE_FN ||
	    entry->ip != (unsigned long)ft_target || event->lost)
		seen->wrong++;
	if (event->time < seen->last_time[cpu])
		seen->backwards++;
	seen->last_time[cpu] = event->time;
	if (entry->ent.flags & TRACE_FLAG_NMI)
		seen->nmi++;
	else if (entry->ent.flags & TRACE_FLAG_HARDIRQ)
		seen->irq++;
	else
		seen->task++;
}

/* Every call made in any context of any CPU is there, in order. */
static void storm_is_recorded(unsigned int tasks, bool pinned)
{
	struct ring_buffer_stats stats;
	struct seen seen = { 0 };
	struct tt_calls calls;

	if (tt_begin("function", "ft_target", 4096)) {
		calls = tt_storm(ft_target, NULL, 20000 / tasks, tasks, pinned);
		stats = tt_stats();
		tt_consume(look, &seen);
		EXPECT_EQ(seen.task, calls.task);
		EXPECT_EQ(seen.irq, calls.irq);
		EXPECT_EQ(seen.nmi, calls.nmi);
		EXPECT(calls.irq && calls.nmi);
		EXPECT_EQ(seen.wrong, 0);
		EXPECT_EQ(seen.backwards, 0);
		EXPECT_EQ(stats.overrun + stats.commit_overrun + stats.dropped +
				  stats.recursed,
			  0);
	}
	tt_end();
}

KTEST(function_tracer, every_call_of_a_storm)
{
	storm_is_recorded(1, true);
}

KTEST(function_tracer, every_call_of_a_storm_with_preemption)
{
	storm_is_recorded(3, false);
}

/* ---- lost + read = written ----------------------------------------------- */

static void count_lost(unsigned int cpu, const struct ring_buffer_event *event,
		       void *arg)
{
	(void)cpu;
	*(u64 *)arg += event->lost;
}

static void all_is_accounted(bool overwrite)
{
	struct trace_array *tr = trace_top();
	struct ring_buffer_stats stats;
	struct tt_calls calls;
	u64 lost = 0;

	trace_set_option(tr, TRACE_OPT_overwrite, overwrite);
	if (tt_begin("function", "ft_target", 16)) {
		calls = tt_storm(ft_target, NULL, 10000, 1, true);
		tt_consume(count_lost, &lost);
		stats = tt_stats();
		EXPECT_EQ(stats.read + stats.overrun + stats.dropped +
				  stats.commit_overrun + stats.recursed,
			  calls.task + calls.irq + calls.nmi);
		EXPECT_EQ(stats.entries, 0);
		EXPECT_EQ(lost, stats.overrun);
		EXPECT_EQ(stats.recursed, 0);
		EXPECT(overwrite ? stats.overrun : stats.dropped);
		EXPECT(overwrite ? !stats.dropped : !stats.overrun);
	}
	tt_end();
	trace_set_option(tr, TRACE_OPT_overwrite, true);
}

KTEST(function_tracer, overwritten_events_are_counted)
{
	all_is_accounted(true);
}

KTEST(function_tracer, dropped_events_are_counted)
{
	all_is_accounted(false);
}

/* ---- a reader beside the writers ----------------------------------------- */

struct piped {
	u64 lines, lost;
	bool stop;
};

/* Whole lines only: text is read to the end of what there is. */
static void count_lines(struct piped *p, const char *text)
{
	const char *at;
	u64 lost;

	for (; *text; text = at + 1) {
		at = strchr(text, '\n');
		if (!EXPECT(at != NULL))
			return;
		if (!strncmp(text, "CPU:", 4)) {
			text = strstr(text, "[LOST ") + 6;
			for (lost = 0; *text >= '0' && *text <= '9'; text++)
				lost = lost * 10 + *text - '0';
			p->lost += lost;
		} else {
			p->lines++;
		}
	}
}

static int read_pipe(void *arg)
{
	struct trace_iterator *iter =
		trace_pipe_open(trace_top(), TRACE_CPU_ALL);
	static char text[8192];
	struct piped *p = arg;
	size_t len = 0;
	char *end, keep;
	ssize_t n;

	if (!EXPECT(!IS_ERR(iter)))
		return 0;
	for (;;) {
		bool last = READ_ONCE(p->stop);

		n = trace_read(iter, text + len, sizeof(text) - 1 - len);
		if (n < 0) {
			if (last)
				break;
			msleep(1);
			continue;
		}
		len += n;
		text[len] = '\0';
		end = strrchr(text, '\n');
		if (!end)
			continue;
		keep = end[1];
		end[1] = '\0';
		count_lines(p, text);
		end[1] = keep;
		len -= end + 1 - text;
		memmove(text, end + 1, len);
	}
	trace_close(iter);
	return 0;
}

KTEST_FLAGS(function_tracer, pipe_reads_or_reports_every_event, 0, 120)
{
	struct piped piped = { 0 };
	struct task_struct *reader;
	struct tt_calls calls;

	if (tt_begin("function", "ft_target", 64)) {
		reader = kthread_run(read_pipe, &piped, "reader");
		calls = tt_storm(ft_target, NULL, 5000, 1, true);
		WRITE_ONCE(piped.stop, true);
		kthread_join(reader);
		EXPECT(piped.lines);
		EXPECT_EQ(piped.lines + piped.lost,
			  calls.task + calls.irq + calls.nmi);
	}
	tt_end();
}

/* ---- switches ------------------------------------------------------------ */

KTEST(function_tracer, tracing_on_and_cpumask)
{
	struct trace_array *tr = trace_top();
	unsigned int cpu = num_online_cpus() - 1;

	if (tt_begin("function", "ft_target", 64)) {
		ft_target(NULL);
		trace_set_on(tr, false);
		ft_target(NULL);
		EXPECT_EQ(tt_stats().entries, 1);
		trace_set_on(tr, true); /* the function tracer begins anew */
		EXPECT_EQ(tt_stats().entries, 0);
		kthread_bind(current, cpu);
		trace_set_cpumask(tr, cpu_online_mask & ~(1ULL << cpu));
		ft_target(NULL);
		EXPECT_EQ(tt_stats().entries, 0);
		trace_set_cpumask(tr, ~0ULL);
		ft_target(NULL);
		EXPECT_EQ(tt_stats().entries, 1);
		EXPECT_EQ(trace_cpumask(tr), cpu_online_mask);
		kthread_bind(current, CPU_ANY);
	}
	tt_end();
}

/* TC1 */
KTEST(function_tracer, every_clock)
{
	struct trace_array *tr = trace_top();
	const struct trace_clock *clock;
	struct seen seen;
	unsigned int i;

	if (!tt_begin("function", "ft_target", 2048))
		goto end;
	for (i = 0; (clock = trace_clock_get(i)); i++) {
		memset(&seen, 0, sizeof(seen));
		EXPECT_EQ(trace_set_clock(tr, clock->name), 0);
		EXPECT_EQ(tt_stats().entries, 0);
		tt_storm(ft_target, NULL, 500, 1, true);
		tt_consume(look, &seen);
		EXPECT_EQ(seen.wrong, 0);
		EXPECT_EQ(seen.backwards, 0);
		EXPECT(seen.task >= 500 && seen.nmi);
	}
	EXPECT_EQ(trace_set_clock(tr, "sundial"), -EINVAL);
	EXPECT_EQ(trace_set_clock(tr, "local"), 0);
end:
	tt_end();
}

KTEST(function_tracer, resize_beside_writers)
{
	struct trace_array *tr = trace_top();
	struct ring_buffer_stats stats;
	struct seen seen = { 0 };
	int i;

	if (tt_begin("function", "ft_target", 64)) {
		for (i = 0; i < 6; i++) {
			ft_target(NULL);
			EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL,
						      i % 2 ? 64 : 16),
				  0);
			tt_storm(ft_target, NULL, 500, 1, true);
		}
		tt_consume(look, &seen);
		stats = tt_stats();
		EXPECT_EQ(seen.backwards, 0);
		EXPECT_EQ(stats.read + stats.overrun, stats.written);
	}
	tt_end();
}

/* ---- the first 8 bytes --------------------------------------------------- */

static void last_entry(unsigned int cpu, const struct ring_buffer_event *event,
		       void *arg)
{
	(void)cpu;
	memcpy(arg, event->data, sizeof(struct ftrace_entry));
}

KTEST(function_tracer, flags_count_and_pid)
{
	struct ftrace_entry entry = { 0 };
	unsigned long flags;

	if (tt_begin("function", "ft_target", 64)) {
		ft_target(NULL);
		tt_consume(last_entry, &entry);
		EXPECT_EQ(entry.ent.flags, 0);
		EXPECT_EQ(entry.ent.preempt_count, 0);
		EXPECT_EQ(entry.ent.pid, current->pid);
		local_irq_save(flags);
		preempt_disable();
		preempt_disable();
		set_need_resched();
		ft_target(NULL);
		preempt_enable_no_resched();
		preempt_enable_no_resched();
		local_irq_restore(flags);
		tt_consume(last_entry, &entry);
		EXPECT_EQ(entry.ent.flags,
			  TRACE_FLAG_IRQS_OFF | TRACE_FLAG_NEED_RESCHED);
		EXPECT_EQ(entry.ent.preempt_count, 2);
	}
	tt_end();
}

/* ---- stacks -------------------------------------------------------------- */

#define CALLS 70 /* more than a stack event has room for */

u64 ft_calls_itself_until_its_number_has_come_down(u64 n);
traced_function u64 ft_calls_itself_until_its_number_has_come_down(u64 n)
{
	if (n)
		n = ft_calls_itself_until_its_number_has_come_down(n - 1);
	barrier();
	return n;
}

static unsigned int count_text(const char *text, const char *what)
{
	unsigned int n = 0;

	for (; (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void check_deep_stacks(void)
{
	char *text;

	ft_calls_itself_until_its_number_has_come_down(CALLS - 1);
	trace_set_on(trace_top(), false);
	text = tt_text(TRACE_CPU_ALL);
	if (!EXPECT(text != NULL))
		return;
	EXPECT_EQ(count_text(text, "[LINE TOO BIG]"), 0);
	EXPECT_EQ(count_text(text, "<stack trace>\n => ft_calls_"), CALLS);
	/* No stack is cut before 60 places. */
	EXPECT(count_text(text, "\n => ft_calls_") > 60 * 61 / 2);
	kfree(text);
}

KTEST(function_tracer, deep_stacks_with_all_there_is_to_say)
{
	static const unsigned int options[] = {
		TRACE_OPT_func_stack_trace,
		TRACE_OPT_sym_offset,
		TRACE_OPT_sym_addr,
	};
	unsigned int i;

	if (tt_begin("function", "ft_calls_*", 256)) {
		for (i = 0; i < ARRAY_SIZE(options); i++)
			trace_set_option(trace_top(), options[i], true);
		check_deep_stacks();
		for (i = 0; i < ARRAY_SIZE(options); i++)
			trace_set_option(trace_top(), options[i], false);
	}
	tt_end();
}

KTEST(function_tracer, refusals_change_nothing)
{
	struct trace_array *tr = trace_top();
	struct trace_iterator *pipe;

	EXPECT_EQ(trace_set_tracer(tr, "nonsense"), -EINVAL);
	if (tt_begin("function", "ft_target", 64)) {
		pipe = trace_pipe_open(tr, TRACE_CPU_ALL);
		EXPECT(!IS_ERR(pipe));
		EXPECT_EQ(trace_set_tracer(tr, "nop"), -EBUSY);
		EXPECT_EQ(PTR_ERR(trace_pipe_open(tr, 0)), -EBUSY);
		EXPECT_EQ(PTR_ERR(trace_pipe_open(tr, TRACE_CPU_ALL)), -EBUSY);
		trace_close(pipe);
		pipe = trace_pipe_open(tr, 0);
		EXPECT(!IS_ERR(pipe));
		EXPECT_EQ(PTR_ERR(trace_pipe_open(tr, 0)), -EBUSY);
		EXPECT_EQ(PTR_ERR(trace_pipe_open(tr, TRACE_CPU_ALL)), -EBUSY);
		trace_close(pipe);
		EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL, 0), -EINVAL);
		EXPECT(trace_current_tracer(tr) == trace_tracer(1));
	}
	tt_end();
}
