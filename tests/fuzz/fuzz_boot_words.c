// SPDX-License-Identifier: MIT
/*
 * Any command line that the kernel accepts, for the words that start a trace:
 * what they ask for is done, or a line of the log says which word is not, and
 * nothing else is logged. What is known of clocks, tracers, options and events
 * is what their files list.
 *
 * fuzz-runs: 20000
 *
 * host-sources: kernel/base/cmdline.c kernel/base/cmdline_words.c
 * host-sources: trace/control/boot_words.c
 * host-sources: trace/control/tracefs.c trace/control/tracefs_tree.c
 * host-sources: trace/control/error_log.c trace/control/event_nodes.c
 * host-sources: trace/control/event_enable_nodes.c
 * host-sources: trace/control/nodes.c trace/control/hash_edit.c
 * host-sources: trace/control/filter_nodes.c trace/control/graph_nodes.c
 * host-sources: trace/control/tracer_nodes.c trace/control/buffer_nodes.c
 * host-sources: trace/control/stack_nodes.c trace/control/per_cpu_nodes.c
 * host-sources: trace/trace.c
 * host-sources: trace/trace_array.c trace/trace_options.c
 * host-sources: trace/tracers/tracer_options.c
 * host-sources: trace/ring/trace_clock.c
 * host-sources: trace/event/trace_event.c trace/event/trace_event_file.c
 * host-sources: trace/event/event_pids.c
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/base/cmdline.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/smp.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/read_all.h"
#include "tests/fuzz/tracer_fakes.h"
#include "tests/host/sites.h"
#include "trace/control/boot_words.h"
#include "trace/control/tracefs.h"
#include "trace/event/trace_event_file.h"
#include "trace/probes/probe_event.h"

static const char *const functions[] = { "alloc_page", "do_exit", "schedule" };

DEFINE_TABLE(struct cmdline_word, cmdline_words);

SUCCESS(trace_dump_prepare, void)
SUCCESS(trace_printk_start, void)
SUCCESS(tracing_alloc_snapshot, struct trace_array *tr)
NEVER(void, trace_dump, unsigned int cpu)

bool probe_event_name(u64 *pos, char *name, size_t size)
{
	return false;
}

static int reg(struct trace_event_file *file)
{
	return 0;
}

static void unreg(struct trace_event_file *file)
{
}

static const struct trace_field no_fields[] = { TRACE_FIELDS_END };

#define EVENT(system_, name_)                                          \
	{                                                              \
		.system = system_, .name = name_, .fields = no_fields, \
		.size = sizeof(struct trace_entry), .print_fmt = "x",  \
		.reg = reg, .unreg = unreg                             \
	}

static struct trace_event events[] = { EVENT("sched", "switch"),
				       EVENT("irq", "entry") };

/* ---- files --------------------------------------------------------------- */

static void write_to(const char *path, const char *text)
{
	struct tracefs_file *file;

	BUG_ON(tracefs_open(path, TRACEFS_WRITE | TRACEFS_TRUNC, &file));
	BUG_ON(tracefs_write(file, text, strlen(text)) < 0);
	BUG_ON(tracefs_close(file));
}

/* Is @word one of the words of a text? */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	for (at = text; len && (at = strstr(at, word)); at++)
		if ((at == text || strchr(" \n", at[-1])) &&
		    (!at[len] || strchr(" \n", at[len])))
			return true;
	return false;
}

/* ---- what is to be said -------------------------------------------------- */

static char options[4096], clocks[512];

static bool known_option(const char *word)
{
	char turned[CMDLINE_WORD_ROOM + 2];

	if (has_word(options, word))
		return true;
	if (str_has_prefix(word, "no"))
		return has_word(options, word + 2);
	snprintf(turned, sizeof(turned), "no%s", word);
	return has_word(options, turned);
}

static bool known_clock(const char *word)
{
	return has_word(clocks, word);
}

static bool known_tracer(const char *word)
{
	return !strcmp(word, "nop") || !strcmp(word, "function") ||
	       !strcmp(word, "function_graph");
}

static unsigned int complaints(const char *word)
{
	char start[64];
	const char *at;
	unsigned int n = 0;

	snprintf(start, sizeof(start), "not traced as asked: %s=", word);
	for (at = host_log; (at = strstr(at, start)); at++)
		n++;
	return n;
}

/* Each part that is not known has one line. @list: parts between commas. */
static void check_word(const char *word, bool list,
		       bool (*known)(const char *part))
{
	char value[CMDLINE_WORD_ROOM], *rest = value, *part;
	unsigned int unknown = 0;

	if (!cmdline_get(word, value, sizeof(value)))
		value[0] = '\0', list = true;
	if (list) {
		while ((part = strsep(&rest, ",")))
			unknown += *part && !known(part);
	} else {
		unknown = !known(value);
	}
	BUG_ON(complaints(word) != unknown);
}

/* Nothing but complaints about words of the table. */
static void check_log(void)
{
	static const char start[] = "not traced as asked: ";
	const struct cmdline_word *const *word;
	char *line, *rest = host_log;
	size_t len;
	bool found;

	while ((line = strsep(&rest, "\n"))) {
		if (!*line)
			continue;
		line = strstr(line, start);
		BUG_ON(!line);
		line += sizeof(start) - 1;
		found = false;
		for_each_entry(word, cmdline_words)
		{
			len = strlen((*word)->name);
			found |= !strncmp(line, (*word)->name, len) &&
				 line[len] == '=';
		}
		BUG_ON(!found);
	}
}

/* ---- the target ---------------------------------------------------------- */

static void begin(void)
{
	struct trace_array *tr = trace_top();
	unsigned int cpu, i;
	char *at;

	host_log_only = true;
	host_sites_init(functions, ARRAY_SIZE(functions));
	trace_events_init();
	tr->clock = trace_clock_get(0);
	tr->cpumask = cpu_online_mask;
	for_each_online_cpu(cpu)
		tr->buffer_kb[cpu] = TRACE_BUFFER_KB_DEFAULT;
	trace_options_init(tr);
	for (i = 0; i < ARRAY_SIZE(events); i++)
		BUG_ON(trace_event_add(&events[i]));
	read_all("trace_options", options, sizeof(options));
	read_all("trace_clock", clocks, sizeof(clocks));
	for (at = clocks; *at; at++)
		if (*at == '[' || *at == ']')
			*at = ' ';
}

static void end(void)
{
	char text[4096], *rest = text, *option;

	write_to("current_tracer", "nop");
	write_to("set_event", "");
	write_to("set_ftrace_filter", "");
	write_to("set_ftrace_notrace", "");
	write_to("set_graph_function", "");
	write_to("set_graph_notrace", "");
	write_to("stack_trace_filter", "");
	write_to("trace_clock", "local");
	write_to("buffer_size_kb", "1408");
	strscpy(text, options, sizeof(text));
	while ((option = strsep(&rest, "\n")))
		if (*option)
			write_to("trace_options", option);
}

static bool is_accepted(const char *text)
{
	const struct cmdline_word *const *word;
	const struct cmdline_word *words[64];
	struct cmdline_fault fault;
	size_t n = 0;

	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	text = cmdline();
	for_each_entry(word, cmdline_words) words[n++] = *word;
	return cmdline_check(words, n, text, &fault);
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool ready;
	char *text = fuzz_string(data, size);
	size_t live;

	if (!ready)
		begin();
	ready = true;
	cmdline_init(text);
	if (is_accepted(text)) {
		live = host_live;
		host_log[0] = '\0';
		trace_boot_words();
		check_word("ftrace", false, known_tracer);
		check_word("trace_clock", false, known_clock);
		check_word("trace_options", true, known_option);
		check_log();
		end();
		BUG_ON(host_live != live);
	}
	cmdline_init("");
	host_free(text);
	return 0;
}
