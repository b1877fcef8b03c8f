// SPDX-License-Identifier: MIT
/*
 * The text of trace and of the files about it, by pattern: heads, columns and
 * bodies are Linux's byte for byte.
 */
#include "kernel/lib/glob.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/trace_event.h"
#include "trace/event/trace_record.h"

#define HEAD_COUNTS "# entries-in-buffer/entries-written: "
#define HEAD_FLAGS                                                           \
	"#                                _-----=> irqs-off/BH-disabled",    \
		"#                               / _----=> need-resched",    \
		"#                              | / _---=> hardirq/softirq", \
		"#                              || / _--=> preempt-depth",   \
		"#                              ||| / _-=> migrate-disable", \
		"#                              |||| /     delay",           \
		"#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION", \
		"#              | |         |   |||||     |         |"
/* "%16s-%-7d [%03d] " of this test's thread, " %5lu.%06lu: " of about now */
#define TASK "    trace_output-[0-9]* "
#define TIME "  *[0-9].[0-9][0-9][0-9][0-9][0-9][0-9]: "

u64 to_target(u64 n);
traced_function u64 to_target(u64 n)
{
	barrier();
	return n;
}

void to_caller(void);
traced_function void to_caller(void)
{
	to_target(1);
	barrier();
}

/* Are these the lines of the text? */
static void expect_text(char *text, const char *const *pattern)
{
	text = tt_expect_lines(text, pattern);
	EXPECT(text && !*text);
}

static void trace_is(const char *const *pattern)
{
	char *text = tt_text(0);

	if (text)
		expect_text(text, pattern);
	kfree(text);
}

/* On CPU 0, so that the column is known. */
static bool output_begin(void)
{
	kthread_bind(current, 0);
	return tt_begin("function", "to_target", 64);
}

static void output_end(void)
{
	tt_end();
	kthread_bind(current, CPU_ANY);
}

KTEST(trace_output, empty)
{
	static const char *const lines[] = {
		"# tracer: nop", "#",  HEAD_COUNTS "0/0   #P:[0-9]", "#",
		HEAD_FLAGS,	 NULL,
	};

	trace_reset(trace_top(), TRACE_CPU_ALL);
	trace_is(lines);
}

KTEST(trace_output, function_lines)
{
	static const char *const lines[] = {
		"# tracer: function",
		"#",
		HEAD_COUNTS "2/2   #P:[0-9]",
		"#",
		HEAD_FLAGS,
		TASK "[[]000] ....." TIME "to_target <-to_caller",
		TASK "[[]000] d..3." TIME "to_target <-to_caller",
		NULL,
	};
	unsigned long flags;

	if (output_begin()) {
		to_caller();
		local_irq_save(flags);
		preempt_disable();
		preempt_disable();
		preempt_disable();
		to_caller();
		preempt_enable();
		preempt_enable();
		preempt_enable();
		local_irq_restore(flags);
		trace_is(lines);
	}
	output_end();
}

/* ---- options ------------------------------------------------------------- */

static const struct {
	const char *option, *back; /* as written to trace_options */
	const char *line;
} variant[] = {
	{ "sym-offset", "nosym-offset",
	  TASK "[[]000] ....." TIME "to_target+0x0/0x* <-to_caller+0x*/0x*" },
	{ "sym-addr", "nosym-addr",
	  "*: to_target <ffffffff80*> <-to_caller <ffffffff80*>" },
	{ "noprint-parent", "print-parent",
	  TASK "[[]000] ....." TIME "to_target" },
	{ "noirq-info", "irq-info",
	  TASK "[[]000] " TIME "to_target <-to_caller" },
	{ "nocontext-info", "context-info", "to_target <-to_caller" },
	{ "latency-format", "nolatency-format",
	  "trace_ou-[0-9]*  * 0.....    0us : to_target <-to_caller" },
};

KTEST(trace_output, options_change_the_line)
{
	struct trace_array *tr = trace_top();
	const char *name;
	char *text, *line;
	unsigned int i;

	if (!output_begin())
		goto end;
	to_caller();
	for (i = 0; i < ARRAY_SIZE(variant); i++) {
		name = variant[i].option;
		EXPECT_EQ(trace_set_option_text(tr, name), 0);
		text = tt_text(0);
		line = text ? strstr(text, "to_target") : NULL;
		while (line && line > text && line[-1] != '\n')
			line--;
		if (EXPECT(line != NULL)) {
			*strchr(line, '\n') = '\0';
			if (!EXPECT(glob_match(variant[i].line, line)))
				ktest_note("%s: \"%s\"", name, line);
		}
		kfree(text);
		EXPECT_EQ(trace_set_option_text(tr, variant[i].back), 0);
	}
	EXPECT_EQ(trace_set_option_text(tr, "nonsense"), -EINVAL);
	EXPECT_EQ(trace_set_option_text(tr, ""), -EINVAL);
end:
	output_end();
}

KTEST(trace_output, stacks)
{
	static const char *const lines[] = {
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		TASK "[[]000] ....." TIME "to_target <-to_caller",
		TASK "[[]000] ....." TIME "<stack trace>",
		" => to_target",
		" => to_caller",
		" => ktest_trace_output_stacks",
		" => test_thread",
		" => kthread_main",
		NULL,
	};

	if (output_begin()) {
		trace_set_option_text(trace_top(), "func_stack_trace");
		to_caller();
		trace_is(lines);
		trace_set_option_text(trace_top(), "nofunc_stack_trace");
	}
	output_end();
}

/* ---- markers ------------------------------------------------------------- */

KTEST(trace_output, markers)
{
	static const char *const lines[] = {
		"*",
		"*",
		"*2/2 *",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		"*",
		TASK "[[]000] ....." TIME "tracing_mark_write: hello",
		TASK "[[]000] ....." TIME "tracing_mark_write: with newline",
		NULL,
	};
	struct trace_array *tr = trace_top();

	if (output_begin()) {
		EXPECT_EQ(trace_marker_write(tr, "hello", 5), 5);
		EXPECT_EQ(trace_marker_write(tr, "with newline\n", 13), 13);
		trace_is(lines);
		EXPECT_EQ(trace_marker_write(tr, "", 0), -EINVAL);
		trace_set_option_text(tr, "nomarkers");
		EXPECT_EQ(trace_marker_write(tr, "x", 1), -EINVAL);
		trace_set_option_text(tr, "markers");
		trace_set_on(tr, false);
		EXPECT_EQ(trace_marker_write(tr, "x", 1), -EBADF);
		trace_set_on(tr, true);
	}
	output_end();
}

KTEST(trace_output, a_long_marker_is_split)
{
	char *text = kmalloc(3000), *out;
	size_t n = 0, i;

	ASSERT(text != NULL);
	memset(text, 'a', 3000);
	if (output_begin()) {
		EXPECT_EQ(trace_marker_write(trace_top(), text, 3000), 3000);
		EXPECT_EQ(tt_stats().entries, 3);
		out = tt_text(0);
		for (i = 0; out && out[i]; i++)
			n += !strncmp(out + i, "aa", 2);
		EXPECT_EQ(n, 3000 - 3 + 0);
		kfree(out);
	}
	output_end();
	kfree(text);
}

/* ---- lost events --------------------------------------------------------- */

KTEST(trace_output, lost_events_are_told)
{
	struct trace_iterator *pipe;
	static char text[256];
	u64 lost = 0;
	char *at;
	int i;

	if (output_begin()) {
		EXPECT_EQ(trace_set_buffer_kb(trace_top(), 0, 8), 0);
		for (i = 0; i < 2000; i++)
			to_target(i);
		pipe = trace_pipe_open(trace_top(), 0);
		EXPECT(trace_read(pipe, text, sizeof(text) - 1) > 100);
		EXPECT(!strncmp(text, "CPU:0 [LOST ", 12));
		for (at = text + 12; *at >= '0' && *at <= '9'; at++)
			lost = lost * 10 + *at - '0';
		EXPECT(!strncmp(at, " EVENTS]\n", 9));
		EXPECT_EQ(lost, tt_stats().overrun);
		trace_close(pipe);
	}
	output_end();
}

KTEST(trace_output, pipe_takes_only_what_is_read)
{
	struct trace_iterator *pipe;
	char text[100];
	int i;

	if (output_begin()) {
		for (i = 0; i < 10; i++)
			to_caller();
		pipe = trace_pipe_open(trace_top(), TRACE_CPU_ALL);
		EXPECT_EQ(trace_read(pipe, text, 10), 10);
		trace_close(pipe);
		EXPECT_EQ(tt_stats().entries, 9);
		pipe = trace_pipe_open(trace_top(), TRACE_CPU_ALL);
		while (trace_read(pipe, text, sizeof(text)) > 0)
			;
		EXPECT_EQ(trace_read(pipe, text, sizeof(text)), -EAGAIN);
		trace_close(pipe);
	}
	output_end();
}

KTEST(trace_output, pause_on_trace)
{
	struct trace_array *tr = trace_top();
	struct trace_iterator *iter;

	if (output_begin()) {
		trace_set_option_text(tr, "pause-on-trace");
		to_caller();
		iter = trace_open(tr, TRACE_CPU_ALL);
		EXPECT(!trace_is_on(tr));
		to_caller();
		trace_close(iter);
		EXPECT(trace_is_on(tr));
		EXPECT_EQ(tt_stats().entries, 1);
		trace_set_option_text(tr, "nopause-on-trace");
	}
	output_end();
}

/* ---- the small files ----------------------------------------------------- */

static char file[4096];

static struct trace_seq *new_file(void)
{
	static struct trace_seq s;

	trace_seq_init(&s, file, sizeof(file));
	return &s;
}

KTEST(trace_output, stats)
{
	char bytes[32];
	const char *const lines[] = {
		"entries: 3",
		"overrun: 0",
		"commit overrun: 0",
		bytes,
		"oldest event ts: *[0-9].??????",
		"now ts: *[0-9].??????",
		"dropped events: 0",
		"read events: 0",
		NULL,
	};

	struct ring_buffer_stats stats;

	if (output_begin()) {
		to_caller();
		to_caller();
		to_caller();
		ring_buffer_stats(trace_top()->buffer.cpu[0], &stats);
		/* 8 more for each pause of 134 ms that the host makes. */
		EXPECT_EQ((stats.bytes - 3 * 28) % 8, 0);
		EXPECT(stats.bytes <= 3 * (28 + 8));
		snprintf(bytes, sizeof(bytes), "bytes: %llu", stats.bytes);
		trace_stats_show(trace_top(), 0, new_file());
		expect_text(file, lines);
	}
	output_end();
}

/* A reader of less than a page of trace_pipe_raw gets it in pieces. */
KTEST(trace_output, raw_in_pieces)
{
	static const ssize_t pieces[] = { 1000, 1000, 1000, 1000, 96, -EAGAIN };
	static char page[RB_PAGE_SIZE];
	const struct ring_buffer_page *raw = (void *)page;
	struct ring_buffer_stats stats;
	struct tracefs_file *in;
	size_t i, len = 0;

	if (output_begin()) {
		to_caller();
		ring_buffer_stats(trace_top()->buffer.cpu[0], &stats);
		EXPECT_EQ(tracefs_open("per_cpu/cpu0/trace_pipe_raw",
				       TRACEFS_READ | TRACEFS_NONBLOCK, &in),
			  0);
		for (i = 0; i < ARRAY_SIZE(pieces); i++) {
			size_t room = min_t(size_t, 1000, sizeof(page) - len);

			EXPECT_EQ(tracefs_read(in, page + len, room ?: 1),
				  pieces[i]);
			len += max(pieces[i], (ssize_t)0);
		}
		EXPECT_EQ(raw->commit, stats.bytes);
		EXPECT_EQ(tracefs_close(in), 0);
	}
	output_end();
}

KTEST(trace_output, clock_sizes_and_options)
{
	struct trace_array *tr = trace_top();

	trace_clock_show(tr, new_file());
	EXPECT(!strcmp(file, "[local] global counter uptime perf "
			     "mono mono_raw boot x86-tsc\n"));
	if (output_begin()) {
		trace_buffer_size_show(tr, TRACE_CPU_ALL, new_file());
		EXPECT(!strcmp(file, "64\n"));
		EXPECT_EQ(trace_set_buffer_kb(tr, 0, 65), 0);
		trace_buffer_size_show(tr, 0, new_file());
		EXPECT(!strcmp(file, "65\n"));
		trace_buffer_size_show(tr, TRACE_CPU_ALL, new_file());
		EXPECT(!strcmp(file, num_online_cpus() > 1 ? "X\n" : "65\n"));
		trace_options_show(tr, new_file());
		EXPECT(strstr(file, "print-parent\nnosym-offset\n"));
		EXPECT(strstr(file, "\nnofunc_stack_trace\n"));
	}
	output_end();
}

/* The total is the sum of what the files of the CPUs say, before and after. */
KTEST(trace_output, total_of_small_buffers)
{
	struct trace_array *tr = trace_top();
	bool expanded = tr->expanded;
	size_t total = num_online_cpus() * trace_buffer_kb(tr, 0);
	char text[64];

	tr->expanded = false; /* as after boot */
	trace_buffer_size_show(tr, 0, new_file());
	EXPECT(!strncmp(file, "7 (expanded: ", 13));
	trace_buffer_total_show(tr, new_file());
	snprintf(text, sizeof(text), "%u (expanded: %zu)\n",
		 7 * num_online_cpus(), total);
	EXPECT(!strcmp(file, text));
	tr->expanded = true;
	trace_buffer_total_show(tr, new_file());
	snprintf(text, sizeof(text), "%zu\n", total);
	EXPECT(!strcmp(file, text));
	tr->expanded = expanded;
}

static bool option_reads(unsigned int option, bool on)
{
	struct trace_seq *text = new_file();
	char line[64];

	snprintf(line, sizeof(line), "\n%s%s\n", on ? "" : "no",
		 trace_option_name(option));
	trace_seq_putc(text, '\n');
	trace_options_show(trace_top(), text);
	return strstr(file, line);
}

/* Those of another tracer, too. trace_printk_dest: test_instances.c. */
KTEST(trace_output, every_option_reads_as_it_was_set)
{
	struct trace_array *tr = trace_top();
	unsigned int i;

	EXPECT(!strcmp(trace_current_tracer(tr)->name, "nop"));
	for (i = 0; trace_option_name(i); i++) {
		bool on = trace_option(tr, i);

		EXPECT(option_reads(i, on));
		if (i == TRACE_OPT_trace_printk_dest)
			continue; /* only taken by another trace */
		EXPECT_EQ(trace_set_option(tr, i, !on), 0);
		EXPECT(option_reads(i, !on));
		EXPECT_EQ(trace_set_option(tr, i, on), 0);
	}
	EXPECT(i > 20);
}

KTEST(trace_output, formats)
{
	const struct trace_event *event;
	u32 slot = 0, n = 0;

	while ((event = trace_event_next(&slot))) {
		n += !strcmp(event->system, "ftrace");
		trace_event_format_show(event, new_file());
		EXPECT(strstr(file, "\tfield:int common_pid;\toffset:4;\t"
				    "size:4;\tsigned:1;\n\n\tfield:"));
		if (event->id == TRACE_FN)
			EXPECT(!strncmp(file,
					"name: function\nID: 1\n"
					"format:\n",
					29));
	}
	EXPECT_EQ(n, 9);
	trace_header_page_show(new_file());
	EXPECT(strstr(file, "\tfield: char data;\toffset:16;\tsize:4080;\t"
			    "signed:1;\n"));
	trace_header_event_show(new_file());
	EXPECT(strstr(file, "\ttype_len    :    5 bits\n"
			    "\ttime_delta  :   27 bits\n"));
}

static void print_line(void *unused)
{
	trace_puts(trace_top(), "a line\n");
}

/* The time of a line in microseconds; 0: it has none. */
static u64 time_of(const char *line)
{
	const char *at = strchr(line, ']');
	u64 us = 0;

	for (at = at ? at + 8 : ""; *at && *at != ':'; at++)
		if (*at >= '0' && *at <= '9')
			us = us * 10 + *at - '0';
	return us;
}

KTEST(trace_output, lines_are_in_order_of_time_IT1)
{
	unsigned int lines = 0, late = 0;
	u64 time, last = 0;
	char *text, *line;

	if (tt_begin("nop", NULL, 256)) {
		tt_storm(print_line, NULL, 100, 1, false);
		text = tt_text(TRACE_CPU_ALL);
		for (line = text; line; line = strchr(line, '\n')) {
			line += *line == '\n';
			time = *line == '#' ? 0 : time_of(line);
			if (!time)
				continue;
			lines++;
			late += time < last;
			last = time;
		}
		kfree(text);
		EXPECT_EQ(late, 0);
		EXPECT(lines >= 100 * num_online_cpus());
	}
	tt_end();
}
