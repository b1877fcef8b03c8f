// SPDX-License-Identifier: MIT
/*
 * boot_words.c - words of the command line that start a trace at boot.
 *
 * Most words are values for a file of the control tree. They are written to
 * it in an order that needs no other: clock, size and options, then what is to
 * be traced, then the tracer. The names and values are Linux's.
 *
 * Owns what a warning and a panic do to the top trace. Context: boot, in a
 * task; warned() and panicked(): any.
 */
#include "trace/control/boot_words.h"

#include "kernel/base/cmdline.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/control/tracefs.h"
#include "trace/probes/probe_event.h"
#include "trace/trace_internal.h"
#include "trace/trace_snapshot.h"

CMDLINE_TEXT(ftrace, "TRACER", "trace by this tracer from boot on");
CMDLINE_TEXT(ftrace_filter, "LIST", "of these functions, separated by commas");
CMDLINE_TEXT(ftrace_notrace, "LIST", "not of these functions");
CMDLINE_TEXT(ftrace_graph_filter, "LIST",
	     "function_graph: these and what they call");
CMDLINE_TEXT(ftrace_graph_notrace, "LIST",
	     "function_graph: not these nor what they call");
CMDLINE_TEXT(trace_options, "LIST",
	     "options of the trace, separated by commas");
CMDLINE_TEXT(trace_clock, "CLOCK", "the clock of the trace");
CMDLINE_TEXT(trace_buf_size, "BYTES",
	     "of the buffer of each CPU; K, M and G count");
CMDLINE_TEXT(trace_event, "LIST",
	     "events recorded from boot on: system:event,...");
CMDLINE_TEXT(kprobe_event, "LIST",
	     "events of probes, recorded from boot on: p,FUNC,ARG;...");
CMDLINE_BARE(stacktrace, "look for the deepest stack from boot on");
CMDLINE_TEXT(stacktrace_filter, "LIST", "the same, in these functions only");
CMDLINE_TEXT(tracing_thresh, "US", "record only what takes at least so long");
CMDLINE_BARE(alloc_snapshot, "allocate the snapshot of the trace");

/* The word alone says on. */
static const char *switch_choice(size_t nr)
{
	static const char *const choices[] = { "1", "on", "0", "off" };

	return nr < ARRAY_SIZE(choices) ? choices[nr] : NULL;
}

CMDLINE_WORD(
	tp_printk, .kind = CMDLINE_IS_MAYBE, .choice = switch_choice,
	.what = "each event of the trace is a line of the log, too; 0: not");
CMDLINE_WORD(traceoff_on_warning, .kind = CMDLINE_IS_MAYBE,
	     .choice = switch_choice,
	     .what = "a warning stops the trace; 0: not");

static const char *dump_choice(size_t nr)
{
	static const char *const choices[] = { "1", "2", "orig_cpu", "0" };

	return nr < ARRAY_SIZE(choices) ? choices[nr] : NULL;
}

CMDLINE_WORD(ftrace_dump_on_oops, .kind = CMDLINE_IS_MAYBE,
	     .choice = dump_choice,
	     .what = "a panic prints the trace; 2, orig_cpu: of its CPU only; "
		     "0: not");

/* ---- words that are values for a file ------------------------------------ */

#define VALUE_MAX CMDLINE_WORD_ROOM

static void complain(const char *word, const char *value, const char *why)
{
	pr_err("not traced as asked: %s=%s: %s", word, value, why);
}

/*
 * Write @value and a newline; @said is what the log calls it. Not inline: the
 * callers have long texts on their stacks, too.
 */
static noinline void put(const char *word, const char *said, const char *path,
			 const char *value)
{
	char line[VALUE_MAX + 1];
	const char *why;

	snprintf(line, sizeof(line), "%s\n", value);
	if (tracefs_put_text(path, 0, line, &why))
		complain(word, said, why);
}

static void put_value(bool given, const char *word, const char *path,
		      const char *value)
{
	if (given)
		put(word, value, path, value);
}

/* Each part of a list by itself, so a bad one spoils no other. */
static void put_list(bool given, const char *word, const char *path, char *list)
{
	char *part;

	while (given && (part = strsep(&list, ",")))
		if (*part)
			put(word, part, path, part);
}

/*
 * Bytes, perhaps with K, M or G, become KiB; the least is a page, as on Linux.
 * Any other text goes to the file as it is, which refuses it.
 */
static void put_size(bool given, const char *value)
{
	static const char units[] = "kmg";
	char number[VALUE_MAX], kb[24];
	size_t len = strlen(value);
	const char *unit = NULL;
	u64 bytes;

	if (!given)
		return;
	strscpy(number, value, sizeof(number));
	if (len)
		unit = strchr(units, tolower(value[len - 1]));
	if (len && unit && *unit)
		number[len - 1] = '\0';
	else
		unit = NULL;
	if (kstrtoull(number, 0, &bytes)) {
		put("trace_buf_size", value, "buffer_size_kb", value);
		return;
	}
	if (unit)
		bytes <<= 10 * (unit - units + 1);
	snprintf(kb, sizeof(kb), "%llu", max(bytes, (u64)4096) >> 10);
	put("trace_buf_size", value, "buffer_size_kb", kb);
}

/* All that there are, as on Linux. */
static void enable_probes(void)
{
	char name[2 * PROBE_NAME + 1];
	u64 pos = 0;

	while (probe_event_name(&pos, name, sizeof(name)))
		put("kprobe_event", name, "set_event", name);
}

/* Definitions are separated by ';', and their words by ','. */
static void put_probes(bool given, char *list)
{
	char definition[VALUE_MAX], *part, *comma;

	if (!given)
		return;
	while ((part = strsep(&list, ";"))) {
		strscpy(definition, part, sizeof(definition));
		while ((comma = strchr(definition, ',')))
			*comma = ' ';
		put("kprobe_event", part, "kprobe_events", definition);
	}
	enable_probes();
}

/* As on Linux, the list alone starts the stack tracer, too. */
static void put_stack_words(char v[VALUE_MAX])
{
	bool listed = cmdline_get("stacktrace_filter", v, VALUE_MAX);

	put_list(listed, "stacktrace_filter", "stack_trace_filter", v);
	put_value(listed || cmdline_get("stacktrace", NULL, 0), "stacktrace",
		  "stack_tracer_enabled", "1");
}

static void put_words(void)
{
	char v[VALUE_MAX];
	size_t n = sizeof(v);

	put_value(cmdline_get("trace_clock", v, n), "trace_clock",
		  "trace_clock", v);
	put_size(cmdline_get("trace_buf_size", v, n), v);
	put_list(cmdline_get("trace_options", v, n), "trace_options",
		 "trace_options", v);
	put_list(cmdline_get("ftrace_filter", v, n), "ftrace_filter",
		 "set_ftrace_filter", v);
	put_list(cmdline_get("ftrace_notrace", v, n), "ftrace_notrace",
		 "set_ftrace_notrace", v);
	put_list(cmdline_get("ftrace_graph_filter", v, n),
		 "ftrace_graph_filter", "set_graph_function", v);
	put_list(cmdline_get("ftrace_graph_notrace", v, n),
		 "ftrace_graph_notrace", "set_graph_notrace", v);
	put_list(cmdline_get("trace_event", v, n), "trace_event", "set_event",
		 v);
	put_probes(cmdline_get("kprobe_event", v, n), v);
	put_value(cmdline_get("tracing_thresh", v, n), "tracing_thresh",
		  "tracing_thresh", v);
	put_value(cmdline_get("ftrace", v, n), "ftrace", "current_tracer", v);
	put_stack_words(v);
	if (cmdline_get("alloc_snapshot", NULL, 0) &&
	    tracing_alloc_snapshot(trace_top()))
		pr_err("not traced as asked: alloc_snapshot: %s",
		       errno_sentence(-ENOMEM));
}

/* ---- warnings and panics ------------------------------------------------- */

static bool stop_on_warning, dump_on_panic; /* [I] after boot */
static bool dump_one_cpu;		    /* [I] */

static void warned(void)
{
	if (!stop_on_warning || !READ_ONCE(trace_top()->on))
		return;
	trace_stop(trace_top());
	pr_warn("Disabling tracing due to warning");
}

static void panicked(struct pt_regs *regs)
{
	if (dump_on_panic)
		trace_dump(dump_one_cpu ? smp_processor_id() : TRACE_CPU_ALL);
}

/* After the stacks: the other CPUs have stopped. */
static const struct panic_report trace_report = { .panicked = panicked,
						  .warned = warned };
TABLE_ENTRY(panic_reports, 50, trace_report);

/* @value: of a word of switch_choice(), if it is given. */
static bool is_on(bool given, const char *value)
{
	return given && strcmp(value, "0") && strcmp(value, "off");
}

void trace_boot_words(void)
{
	char v[VALUE_MAX];
	size_t n = sizeof(v);

	stop_on_warning = is_on(cmdline_get("traceoff_on_warning", v, n), v);
	if (cmdline_get("ftrace_dump_on_oops", v, n) && strcmp(v, "0")) {
		dump_one_cpu = *v && strcmp(v, "1");
		dump_on_panic = !trace_dump_prepare();
		if (!dump_on_panic)
			pr_err("not traced as asked: ftrace_dump_on_oops: %s",
			       errno_sentence(-ENOMEM));
	}
	if (is_on(cmdline_get("tp_printk", v, n), v) && trace_printk_start())
		pr_err("not traced as asked: tp_printk: %s",
		       errno_sentence(-ENOMEM));
	put_words();
}
