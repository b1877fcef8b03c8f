// SPDX-License-Identifier: MIT
/*
 * Events with tracepoints: what one declaration becomes (record, format, text),
 * exact accounting on all CPUs and under a switch that goes on and off, the
 * events of tasks, and what an event costs.
 */
#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/printf.h"
#include "kernel/sched.h"
#include "tests/kernel/tp_events.h"
#include "tests/kernel/trace_test.h"
#include "trace/event/trace_event_file.h"
#include "trace/event/tracepoint.h"
#include <asm/cpu.h>
#include <asm/irqflags.h>

/* ---- switches ------------------------------------------------------------ */

static int switch_event(const char *system, const char *name, bool on)
{
	const struct trace_event *event = trace_event_by_name(system, name);
	struct trace_event_file *file;
	int err = -ENOENT;

	event_session_begin();
	file = event ? trace_event_file_find(trace_top(), event) : NULL;
	if (file)
		err = trace_event_enable_disable(file, on);
	event_session_end();
	return err;
}

static void switch_system(const char *system, bool on)
{
	struct trace_event_file *file;
	u32 slot = 0;

	event_session_begin();
	while ((file = trace_event_file_next(trace_top(), &slot)))
		if (!strcmp(file->event->system, system))
			EXPECT_EQ(trace_event_enable_disable(file, on), 0);
	event_session_end();
}

/* The function tracer on a function that is never called: only our events. */
static bool begin(size_t kb)
{
	return tt_begin("function", "ftrace_target_000", kb);
}

/* ---- one declaration ----------------------------------------------------- */

static const char all_format[] =
	"format:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;\t"
	"signed:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
	"\n"
	"\tfield:int change;\toffset:8;\tsize:4;\tsigned:1;\n"
	"\tfield:unsigned char kind;\toffset:12;\tsize:1;\tsigned:0;\n"
	"\tfield:char owner[5];\toffset:13;\tsize:5;\tsigned:1;\n"
	"\tfield:__data_loc char[] text;\toffset:20;\tsize:4;\tsigned:1;\n"
	"\tfield:const void * where;\toffset:24;\tsize:8;\tsigned:0;\n"
	"\tfield:unsigned long long big;\toffset:32;\tsize:8;\tsigned:0;\n"
	"\tfield:short low;\toffset:40;\tsize:2;\tsigned:1;\n"
	"\n"
	"print fmt: \"change=%d kind=%s owner=%s text=%s where=%p big=%llx "
	"low=%d flags=%s\", REC->change, __print_symbolic(REC->kind, { 100, "
	"\"small\" }, { 200, \"large\" }), REC->owner, __get_str(text), "
	"REC->where, REC->big, REC->low, __print_flags(REC->change, \"|\", "
	"{ 1, \"A\" }, { 2, \"B\" }, { 4, \"C\" })\n";

KTEST(events, the_format_of_a_declaration)
{
	const struct trace_event *event =
		trace_event_by_name("testing_tp", "testing_all");
	static char format[2048];
	struct trace_seq s;
	char *text;

	ASSERT(event != NULL);
	trace_seq_init(&s, format, sizeof(format));
	trace_event_format_show(event, &s);
	text = strstr(format, "format:");
	ASSERT(text != NULL);
	if (!EXPECT(!strcmp(text, all_format)))
		ktest_note("%s", text);
}

static void expect_lines(const char *const *pattern)
{
	char *text = tt_text(TRACE_CPU_ALL);
	char *line = strstr(text, "\n  ");

	if (EXPECT(line != NULL) && !EXPECT(tt_expect_lines(line + 1, pattern)))
		ktest_note("%s", line + 1);
	kfree(text);
}

KTEST(events, the_text_of_a_declaration)
{
	static const char long_text[] =
		"0123456789012345678901234567890123456789"
		"0123456789012345678901234567890123456789";
	static const char *const lines[] = {
		"*: testing_all: change=3 kind=large owner=me text=hello "
		"where=0x0000000000000010 big=123456789abcdf2 low=997 "
		"flags=A|B",
		"*: testing_all: change=-4 kind=large owner=me text= "
		"where=0x0000000000000000 big=123456789abcdeb low=1004 "
		"flags=C|0xfffffffffffffff8",
		"*: testing_all: change=0 kind=large owner=me "
		"text=01234567890123456789012345678901234567890123456789"
		"0123456789012 where=* flags=",
		NULL
	};

	if (begin(64)) {
		EXPECT_EQ(switch_event("testing_tp", "testing_all", true), 0);
		trace_testing_all(3, "hello", (void *)16);
		trace_testing_all(-4, "", NULL);
		trace_testing_all(0, long_text, NULL); /* 63 bytes of it */
		EXPECT_EQ(switch_event("testing_tp", "testing_all", false), 0);
		trace_testing_all(3, "unseen", NULL);
		expect_lines(lines);
	}
	tt_end();
}

KTEST(events, the_group_ftrace_cannot_be_enabled)
{
	EXPECT_EQ(switch_event("ftrace", "print", true), -ENOENT);
}

/* ---- accounting ---------------------------------------------------------- */

static void call_two(void *unused)
{
	tp_call_two(1, 2);
}

KTEST_FLAGS(events, n_calls_are_n_events, 0, 60)
{
	struct ring_buffer_stats stats;
	struct tt_calls calls;

	if (begin(2048)) {
		EXPECT_EQ(switch_event("testing_tp", "testing_two", true), 0);
		calls = tt_storm(call_two, NULL, 5000, 2, false);
		EXPECT_EQ(switch_event("testing_tp", "testing_two", false), 0);
		call_two(NULL);
		stats = tt_stats();
		EXPECT_EQ(stats.overrun + stats.dropped + stats.commit_overrun,
			  0);
		EXPECT_EQ(stats.written + stats.recursed,
			  calls.task + calls.irq + calls.nmi);
		EXPECT_EQ(stats.recursed, 0);
		EXPECT(calls.irq && calls.nmi);
	}
	tt_end();
}

/*
 * Each CPU has a caller that numbers its calls. A round on a CPU, in numbers:
 *
 *	before <= on <= until <= off
 *
 * calls finished before the enable; begun after it; finished before the
 * disable; begun after it. Recorded must be all of [on, until), and none below
 * before or from off on.
 */
struct caller {
	u64 begun, finished, limit;
	u64 before, on, until, off;
	u64 next, missing, outside, seen;
};

static struct caller callers[NR_CPUS];
static bool calling;

static int keep_calling(void *arg)
{
	struct caller *caller = arg;
	unsigned int cpu = caller - callers;

	while (READ_ONCE(calling)) {
		u64 n = caller->begun;

		if (n >= READ_ONCE(caller->limit)) {
			yield();
			continue;
		}
		WRITE_ONCE(caller->begun, n + 1);
		barrier();
		tp_call_two(cpu, n);
		barrier();
		WRITE_ONCE(caller->finished, n + 1);
		if (n % 16 == 0)
			yield();
	}
	return 0;
}

struct two_record {
	struct trace_entry ent;
	u32 number;
	u64 value;
};

static void account(unsigned int cpu, const struct ring_buffer_event *event,
		    void *arg)
{
	const struct two_record *record = event->data;
	struct caller *caller;

	if (record->ent.type != *(u16 *)arg ||
	    !EXPECT(record->number < NR_CPUS))
		return;
	caller = &callers[record->number];
	caller->seen++;
	if (record->value < caller->before || record->value >= caller->off) {
		caller->outside++;
		return;
	}
	if (record->value > max(caller->next, caller->on))
		caller->missing +=
			min(record->value, max(caller->until, caller->next)) -
			max(caller->next, caller->on);
	caller->next = record->value + 1;
}

static void mark(size_t member, size_t number)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		*(u64 *)((char *)&callers[cpu] + member) =
			READ_ONCE(*(u64 *)((char *)&callers[cpu] + number));
}

#define ROUND_MAX 20000 /* calls; a CPU's buffer holds twice as many */

#define MARK(what, number) \
	mark(offsetof(struct caller, what), offsetof(struct caller, number))

/* One round. @early: take the numbers before the sessions have ended. */
static void one_round(const struct trace_event *event, bool early)
{
	struct trace_event_file *file;
	unsigned int cpu;
	u64 end;

	MARK(before, finished);
	for_each_online_cpu(cpu)
		WRITE_ONCE(callers[cpu].limit,
			   READ_ONCE(callers[cpu].begun) + ROUND_MAX);
	event_session_begin();
	file = trace_event_file_find(trace_top(), event);
	EXPECT_EQ(trace_event_enable_disable(file, true), 0);
	if (early) {
		MARK(on, begun);
		end = ktime_ns() + 1000000;
		while (ktime_ns() < end)
			yield();
	}
	event_session_end();
	if (!early)
		MARK(on, begun);
	end = ktime_ns() + 300000;
	while (ktime_ns() < end)
		yield();
	MARK(until, finished);
	event_session_begin();
	EXPECT_EQ(trace_event_enable_disable(file, false), 0);
	event_session_end();
	MARK(off, begun);
}

static void judge_round(const struct trace_event *event)
{
	unsigned int cpu;
	u16 id = event->id;

	for_each_online_cpu(cpu)
		callers[cpu].next = 0;
	tt_consume(account, &id);
	for_each_online_cpu(cpu) {
		struct caller *caller = &callers[cpu];
		u64 from = max(caller->next, caller->on);

		if (from < caller->until)
			caller->missing += caller->until - from;
	}
}

struct account_sum {
	u64 seen, missing, outside;
};

static struct account_sum account_rounds(unsigned int rounds, bool early)
{
	const struct trace_event *event =
		trace_event_by_name("testing_tp", "testing_two");
	struct account_sum sum = { 0 };
	struct task_struct *tasks[NR_CPUS];
	unsigned int cpu;

	memset(callers, 0, sizeof(callers));
	WRITE_ONCE(calling, true);
	for_each_online_cpu(cpu) {
		tasks[cpu] = kthread_create(keep_calling, &callers[cpu],
					    "caller/%u", cpu);
		BUG_ON(IS_ERR(tasks[cpu]));
		kthread_bind(tasks[cpu], cpu);
		wake_up_process(tasks[cpu]);
	}
	while (rounds--) {
		one_round(event, early);
		judge_round(event);
	}
	WRITE_ONCE(calling, false);
	for_each_online_cpu(cpu) {
		kthread_join(tasks[cpu]);
		sum.seen += callers[cpu].seen;
		sum.missing += callers[cpu].missing;
		sum.outside += callers[cpu].outside;
	}
	return sum;
}

KTEST_FLAGS(events, on_and_off_under_load_is_exact_N1, 0, 90)
{
	struct account_sum sum;

	if (begin(1408)) {
		/* With many CPUs a round takes long: two waits for each. */
		sum = account_rounds(min(40U, 96 / num_online_cpus()), false);
		EXPECT(sum.seen > 0);
		EXPECT_EQ(sum.missing, 0);
		EXPECT_EQ(sum.outside, 0);
		EXPECT_EQ(tt_stats().overrun, 0);
	}
	tt_end();
}

/* Negative control: before the end of its session nothing is promised. */
KTEST_FLAGS(events, a_switch_that_claims_too_early_is_seen_N1, 0, 90)
{
	struct account_sum sum;

	if (begin(1408)) {
		sum = account_rounds(4, true);
		EXPECT(sum.missing > 0);
	}
	tt_end();
}

/* ---- tasks --------------------------------------------------------------- */

/*
 * The next line of @text that fits, and the text behind it in *@text; NULL
 * there is none. It cuts @text into lines.
 */
static char *next_line(char **text, const char *pattern)
{
	char *line, *end;

	while ((line = *text) && (end = strchr(line, '\n'))) {
		*end = '\0';
		*text = end + 1;
		if (glob_match(pattern, line))
			return line;
		*end = '\n';
	}
	return NULL;
}

/*
 * Each pattern in turn fits a line behind that of the one before. Lines between
 * them are of other tasks, or of a preemption, which a busy host brings about
 * anywhere.
 */
static void expect_in_turn(const char *const *pattern)
{
	char *text = tt_text(TRACE_CPU_ALL), *at = text;

	for (; *pattern; pattern++)
		if (!EXPECT(next_line(&at, *pattern)))
			ktest_note("no line, or too early: %s", *pattern);
	kfree(text);
}

static unsigned int lines_that_fit(const char *pattern)
{
	char *text = tt_text(TRACE_CPU_ALL), *at = text;
	unsigned int n = 0;

	while (next_line(&at, pattern))
		n++;
	kfree(text);
	return n;
}

enum { FORK, NEW, RUNS, WAIT, SLEEPS, EXIT, GONE, WAKING, WAKEUP, LINES };

static char life[LINES][100];

/* What the life of task @pid leaves in the trace of @self, its parent. */
static void expect_life(int pid, int self)
{
	static const char *const formats[LINES] = {
		[FORK] = "*: sched_process_fork: comm=events * "
			 "child_comm=brief child_pid=%d",
		[NEW] = "*: sched_wakeup_new: comm=brief pid=%d prio=120 "
			"target_cpu=000",
		[RUNS] = "*: sched_switch: * ==> next_comm=brief next_pid=%d "
			 "next_prio=120",
		[WAIT] = "*: sched_process_wait: comm=events pid=%d prio=120",
		[EXIT] = "*: sched_process_exit: comm=brief pid=%d prio=120",
		[GONE] = "*: sched_switch: prev_comm=brief prev_pid=%d "
			 "prev_prio=120 prev_state=X ==> *",
		[SLEEPS] = "*: sched_switch: prev_comm=events prev_pid=%d "
			   "prev_prio=120 prev_state=S ==> *",
		[WAKING] = "*: sched_waking: comm=events pid=%d prio=120 *",
		[WAKEUP] = "*: sched_wakeup: comm=events pid=%d prio=120 *",
	};
	static const char *const child[] = { life[FORK], life[NEW],  life[RUNS],
					     life[EXIT], life[GONE], NULL };
	static const char *const parent[] = { life[FORK],   life[NEW],
					      life[WAIT],   life[SLEEPS],
					      life[EXIT],   life[GONE],
					      life[WAKING], life[WAKEUP],
					      NULL };
	unsigned int i;

	for (i = 0; i < LINES; i++) {
		bool own = i == SLEEPS || i == WAKING || i == WAKEUP;

		snprintf(life[i], sizeof(life[i]), formats[i],
			 own ? self : pid);
		if (!own && i != RUNS) /* these come once in a life */
			EXPECT_EQ(lines_that_fit(life[i]), 1);
	}
	expect_in_turn(child);
	expect_in_turn(parent);
}

/* Ends once its parent, on the same CPU, sleeps for it. */
static int short_life(void *parent)
{
	struct task_struct *task = parent;

	while (READ_ONCE(task->on_rq))
		yield();
	return 0;
}

KTEST(events, the_life_of_a_task)
{
	struct task_struct *task;
	int pid;

	kthread_bind(current, 0);
	if (begin(256)) {
		switch_system("sched", true);
		task = kthread_create(short_life, current, "brief");
		BUG_ON(IS_ERR(task));
		pid = task->pid;
		kthread_bind(task, 0);
		wake_up_process(task);
		kthread_join(task);
		switch_system("sched", false);
		expect_life(pid, current->pid);
	}
	tt_end();
	kthread_bind(current, CPU_ANY);
}

/* ---- cost ---------------------------------------------------------------- */

static u64 cycles_of(void (*fn)(unsigned int number, unsigned long value))
{
	unsigned long flags;
	u64 start, n, i;

	local_irq_save(flags);
	start = rdtsc();
	for (i = 0; i < 100; i++)
		fn(1, 2);
	n = rdtsc() - start;
	local_irq_restore(flags);
	return n;
}

KTEST(events, what_an_event_of_two_fields_costs)
{
	u64 off, on;

	if (!cmdline_u64("icount", 0) || num_online_cpus() > 1)
		KTEST_SKIP("counts instructions: icount, one CPU");
	if (begin(64)) {
		off = cycles_of(tp_call_two);
		EXPECT_EQ(switch_event("testing_tp", "testing_two", true), 0);
		cycles_of(tp_call_two);
		on = cycles_of(tp_call_two);
		EXPECT_EQ(switch_event("testing_tp", "testing_two", false), 0);
		if (!EXPECT(on - off <= 110 * 100))
			ktest_note("%llu in 100 calls", on - off);
	}
	tt_end();
}
