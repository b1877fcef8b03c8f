// SPDX-License-Identifier: MIT
/*
 * What is written to the control tree: what was read from it leaves all as it
 * is, what is refused stands in error_log.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/event_bells.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"

#define ROOM 1024

/* What changes each file that can be written, but for commands. */
static const char *const changes[][2] = {
	{ "set_ftrace_filter", "mutex_*\n" },
	{ "set_ftrace_notrace", "mutex_lock\n" },
	{ "set_graph_function", "mutex_trylock\n" },
	{ "set_graph_notrace", "mutex_unlock\n" },
	{ "stack_trace_filter", "!*\n" },
	{ "set_event", "belfry:bell tower:clock\n" },
	{ "set_event_pid", "3 1 2\n" },
	{ "set_event_notrace_pid", "4\n" },
	{ "saved_cmdlines_size", "100\n" },
	{ "set_ftrace_pid", "1 2 3\n" },
	{ "set_ftrace_notrace_pid", "4 5\n" },
	{ "max_graph_depth", "3\n" },
	{ "tracing_thresh", "7\n" },
	{ "buffer_percent", "20\n" },
	{ "trace_clock", "counter\n" },
	{ "trace_options", "nooverwrite\nsym-addr\n" },
	{ "tracing_cpumask", "1\n" },
	{ "current_tracer", "function\n" },
	{ "tracing_on", "0\n" },
	{ "buffer_size_kb", "40\n" },
	{ "per_cpu/cpu0/buffer_size_kb", "44\n" },
	{ "stack_max_size", "123\n" },
	{ "stack_tracer_enabled", "1\n" },
	{ "function_profile_enabled", "1\n" },
	{ "tracing_max_latency", "77\n" },
	{ "kprobe_events", "p:changed/a mutex_lock\n" },
	{ "dynamic_events", "r:changed/b mutex_lock\nf mutex_lock a=$arg1\n" },
};

#define WRITABLE (ARRAY_SIZE(changes) - 1) /* but for those of a CPU */

/* ---- what is read can be written back ------------------------------------ */

static void write_back(const char *path, unsigned int how)
{
	static char before[ROOM], after[ROOM];
	struct tracefs_file *file;

	tt_read(path, before, ROOM);
	ASSERT_EQ(tracefs_open(path, TRACEFS_WRITE | how, &file), 0);
	if (!EXPECT_EQ(tracefs_write(file, before, strlen(before)),
		       (ssize_t)strlen(before)))
		pr_info("%s: %s", path, before);
	EXPECT_EQ(tracefs_close(file), 0);
	tt_read(path, after, ROOM);
	if (!EXPECT(!strcmp(before, after)))
		pr_info("%s: %s-> %s", path, before, after);
}

/* A write to these means "empty it", or is a command: they show events. */
static bool shows_events(const char *name)
{
	return !strcmp(name, "trace") || !strcmp(name, "error_log") ||
	       !strcmp(name, "snapshot") || !strcmp(name, "sample") ||
	       !strcmp(name, "stat");
}

/* Without TRUNC a definition is one more, which is there already. */
static bool defines_events(const char *name)
{
	return !strcmp(name, "kprobe_events") ||
	       !strcmp(name, "dynamic_events");
}

/* Return: how many files were written back. */
static unsigned int write_back_dir(const char *dir)
{
	struct tracefs_dirent entry;
	char path[TRACEFS_PATH_MAX];
	unsigned int files = 0;
	u64 cursor = 0;

	while (tracefs_readdir(dir, &cursor, &entry) > 0) {
		if (entry.dir || entry.mode != 0640 || shows_events(entry.name))
			continue;
		snprintf(path, sizeof(path), "%s%s%s", dir, *dir ? "/" : "",
			 entry.name);
		write_back(path, TRACEFS_TRUNC);
		if (!defines_events(entry.name))
			write_back(path, 0);
		files++;
	}
	return files;
}

static void write_all_back(void)
{
	EXPECT_EQ(write_back_dir(""), WRITABLE);
	EXPECT_EQ(write_back_dir("per_cpu/cpu0"), 1);
}

/* Each file says something that it does not say after boot. */
static void change_all(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(changes); i++)
		tt_write(changes[i][0], changes[i][1]);
}

static void change_none(void)
{
	tt_write("set_event", "\n");
	tt_write("set_event_pid", "\n");
	tt_write("set_event_notrace_pid", "\n");
	tt_write("saved_cmdlines_size", "256\n");
	tt_write("set_ftrace_notrace", "\n");
	tt_write("set_ftrace_pid", "\n");
	tt_write("set_ftrace_notrace_pid", "\n");
	tt_write("tracing_thresh", "0\n");
	tt_write("buffer_percent", "50\n");
	tt_write("set_graph_function", "\n");
	tt_write("set_graph_notrace", "\n");
	tt_write("function_profile_enabled", "0\n");
	tt_write("tracing_max_latency", "0\n");
	tt_write("stack_tracer_enabled", "0\n");
	tt_write("stack_trace_filter", "\n");
	tt_write("stack_max_size", "0\n");
	tt_write("max_graph_depth", "0\n");
	tt_write("trace_clock", "local\n");
	tt_write("trace_options", "overwrite\nnosym-addr\n");
	tt_write("tracing_cpumask", "ffffffffffffffff\n");
	tt_write("current_tracer", "nop\n");
	tt_write("tracing_on", "1\n");
	tt_write("dynamic_events", "\n");
}

/* Memory may differ afterwards: the profiler keeps its rows. */
KTEST_FLAGS(tracefs, what_is_read_can_be_written_back, KTEST_LEAKS, 0)
{
	struct trace_array *tr = trace_top();
	bool expanded;

	ASSERT(bells_begin());
	expanded = tr->expanded;
	tr->expanded = false; /* as after boot: "7 (expanded: 1408)" */
	write_all_back();
	EXPECT(!tr->expanded);
	tr->expanded = expanded;
	change_all();
	write_all_back();
	change_none();
	write_all_back();
	bells_end();
}

/* The error of the write, or of the close. */
static int refusal(const char *path, const char *text)
{
	struct tracefs_file *file;
	ssize_t n;
	int ret;

	if (!EXPECT_EQ(tracefs_open(path, TRACEFS_WRITE, &file), 0))
		return 0;
	n = tracefs_write(file, text, strlen(text));
	ret = tracefs_close(file);
	return n < 0 ? (int)n : ret;
}

/* Does the caret of the only error stand under this? */
static bool caret_under(const char *culprit)
{
	static const char heads[] = "  Command: ";
	char text[ROOM], *line, *next;
	size_t at;

	tt_read("error_log", text, ROOM);
	line = strstr(text, heads);
	next = line ? strchr(line, '\n') : NULL;
	if (!next)
		return false;
	*next++ = '\0';
	at = strspn(next, " ");
	return next[at] == '^' && at < strlen(line) &&
	       !strcmp(line + at, culprit);
}

KTEST(tracefs, what_only_looks_like_it_was_read_is_refused)
{
	static const char *const words[][2] = {
		{ "set_ftrace_pid", "no" },
		{ "set_ftrace_pid", "no pi\n" },
		{ "set_ftrace_pid", "no pid5\n" },
		{ "set_ftrace_pid", "5no pid\n" },
		{ "set_ftrace_pid", "nobody\n" },
		{ "trace_clock", "local [nosuch]\n" },
		{ "trace_clock", "local []\n" },
		{ "trace_clock", "[local\n" },
		{ "buffer_size_kb", "7 (expanded: )\n" },
		{ "buffer_size_kb", "7 (expanded: 0)\n" },
		{ "buffer_size_kb", "7 (expanded: 9\n" },
		{ "buffer_size_kb", " (expanded: 9)\n" },
		{ "buffer_size_kb", "7 (expanded: 9 )\n" },
		{ "per_cpu/cpu0/buffer_size_kb", "X\n" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (!EXPECT_EQ(refusal(words[i][0], words[i][1]), -EINVAL))
			pr_info("%s: %s", words[i][0], words[i][1]);
	tt_write("error_log", "\n");
	EXPECT_EQ(refusal("set_ftrace_pid", "no"), -EINVAL); /* at close */
	EXPECT(caret_under("no"));
	tt_write("error_log", "\n");
	EXPECT_EQ(refusal("set_ftrace_pid", "no pi\n"), -EINVAL);
	EXPECT(caret_under("no pi"));
	tt_write("error_log", "\n");
	EXPECT_EQ(refusal("set_ftrace_pid", "no pid"), 0);
	EXPECT_EQ(refusal("set_ftrace_pid", "no pid\n no pid \n"), 0);
	EXPECT(tt_says("set_ftrace_pid", "no pid\n"));
}

/* More than any buffer can have is no memory, as on Linux; 0 is no size. */
KTEST(tracefs, a_size_too_large_for_any_buffer_is_no_memory)
{
	static const char *const sizes[] = { "18446744073709551615",
					     "9007199254740992", "4294967296" };
	size_t kb = trace_buffer_kb(trace_top(), TRACE_CPU_ALL);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		EXPECT_EQ(refusal("buffer_size_kb", sizes[i]), -ENOMEM);
		EXPECT_EQ(refusal("per_cpu/cpu0/buffer_size_kb", sizes[i]),
			  -ENOMEM);
	}
	EXPECT_EQ(refusal("buffer_size_kb", "7 (expanded: 4294967296)\n"),
		  -ENOMEM);
	EXPECT_EQ(refusal("buffer_size_kb", "18446744073709551616"), -ERANGE);
	EXPECT_EQ(refusal("buffer_size_kb", "0"), -EINVAL);
	EXPECT_EQ(trace_buffer_kb(trace_top(), TRACE_CPU_ALL), kb);
	tt_write("error_log", "\n");
}

/* Replacing a selection: what is refused does not empty it, however long. */
static void refuse_word(size_t len)
{
	static char word[ROOM + 1];
	struct tracefs_file *file;

	memset(word, 'x', len);
	ASSERT_EQ(tracefs_open("set_ftrace_filter",
			       TRACEFS_WRITE | TRACEFS_TRUNC, &file),
		  0);
	word[len++] = ' ';
	EXPECT_EQ(tracefs_write(file, word, len), -EINVAL);
	EXPECT_EQ(tracefs_close(file), 0);
	if (!EXPECT(tt_says("set_ftrace_filter", "mutex_lock\n")))
		pr_info("behind a word of %zu\n", len - 1);
}

KTEST(tracefs, no_word_is_too_long_to_be_refused)
{
	size_t len;

	for (len = 1; len < ROOM; len = len * 2 + 1) {
		tt_write("set_ftrace_filter", "mutex_lock\n");
		refuse_word(len);
		refuse_word(len + 1);
	}
	tt_end();
}

/* ---- tracing_cpumask ----------------------------------------------------- */

KTEST(tracefs, a_cpumask_has_a_digit_for_four_cpus)
{
	size_t digits = (num_online_cpus() + 3) / 4;
	static char text[ROOM];
	char mask[20];

	tt_write("tracing_cpumask", "1\n");
	tt_read("tracing_cpumask", text, ROOM);
	EXPECT_EQ(strlen(text), digits + (digits > 8) + 1);
	EXPECT_EQ(strspn(text, "0,"), strlen(text) - 2);
	EXPECT(!strcmp(text + strlen(text) - 2, "1\n"));
	/* CPUs that are not there: ignored beside one that is. */
	if (num_online_cpus() < 64) {
		snprintf(mask, sizeof(mask), "%llx\n", ~cpu_online_mask);
		EXPECT_EQ(refusal("tracing_cpumask", mask), -EINVAL);
		EXPECT(tt_says("tracing_cpumask", text));
		snprintf(mask, sizeof(mask), "%llx\n", ~cpu_online_mask | 1);
		EXPECT_EQ(refusal("tracing_cpumask", mask), 0);
		EXPECT(tt_says("tracing_cpumask", text));
	}
	EXPECT_EQ(refusal("tracing_cpumask", "0\n"), 0);
	EXPECT_EQ(trace_cpumask(trace_top()), 0);
	tt_write("tracing_cpumask", "ffffffffffffffff\n");
	EXPECT_EQ(trace_cpumask(trace_top()), cpu_online_mask);
}

/* "2,1" are CPUs 0 and 33, not 0 and 5. */
KTEST(tracefs, a_comma_in_a_cpumask_stands_for_32_cpus)
{
	static const struct {
		const char *text;
		u64 mask;
	} masks[] = {
		{ "2,1\n", 0x200000001 },
		{ "0,00000001\n", 1 },
		{ "00000002,1", 0x200000001 },
		{ "0,0,1 \n", 1 },
		{ "00000000000000000001\n", 1 },
		{ "8000000000000001\n", 1ULL << 63 | 1 },
		{ "80000000,00000001\n", 1ULL << 63 | 1 },
	};
	static const char *const refused[] = {
		",",
		"1,",
		",1",
		"1,,1",
		"1,0,1",
		"1,2 3",
		"1,100000000",
		"100000000,1",
		"1 , 1\n",
		"g",
		"10000000000000001",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(masks); i++) {
		EXPECT_EQ(refusal("tracing_cpumask", masks[i].text), 0);
		EXPECT_EQ(trace_cpumask(trace_top()),
			  masks[i].mask & cpu_online_mask);
	}
	for (i = 0; i < ARRAY_SIZE(refused); i++)
		if (!EXPECT_EQ(refusal("tracing_cpumask", refused[i]), -EINVAL))
			pr_info("%s\n", refused[i]);
	tt_write("tracing_cpumask", "ffffffffffffffff\n");
}

/* ---- error_log ----------------------------------------------------------- */

/* TF2 */
KTEST(tracefs, the_culprit_is_quoted_wherever_it_stands)
{
	static const char culprit[] = "nosuch mutex_lock";
	static const char word[] = "mutex_lock ";
	char text[40 * 11 + 18];
	size_t before, i;

	for (before = 0; before <= 40; before++) {
		for (i = 0; i < before; i++)
			memcpy(text + i * strlen(word), word, strlen(word));
		memcpy(text + i * strlen(word), culprit, sizeof(culprit));
		tt_write("error_log", "\n");
		EXPECT_EQ(refusal("set_ftrace_filter", text), -EINVAL);
		EXPECT(caret_under(culprit));
	}
	tt_write("error_log", "\n");
	tt_end();
}

/* ---- a whole text in one call -------------------------------------------- */

static void refused(const char *path, const char *text, int err,
		    const char *sentence)
{
	const char *why = "";

	EXPECT_EQ(tracefs_put_text(path, 0, text, &why), err);
	if (!EXPECT(!strcmp(why, sentence)))
		ktest_note("%s: %s", path, why);
	EXPECT_EQ(tracefs_put_text(path, 0, text, NULL), err);
}

KTEST(tracefs, a_text_is_put_and_got_whole)
{
	char text[8];

	EXPECT_EQ(tracefs_put_text("tracing_thresh", 0, "76", NULL), 0);
	EXPECT_EQ(tracefs_get_text("tracing_thresh", text, sizeof(text)), 0);
	EXPECT(!strcmp(text, "76\n"));
	EXPECT_EQ(tracefs_get_text("tracing_thresh", text, 2), 0);
	EXPECT(!strcmp(text, "7"));
	EXPECT_EQ(tracefs_put_text("tracing_thresh", 0, "0", NULL), 0);
	EXPECT_EQ(tracefs_get_text("events", text, sizeof(text)), -EISDIR);
	EXPECT(!*text);
	refused("nosuch", "1", -ENOENT, "No such file or directory");
	refused("available_tracers", "1", -EACCES, "Permission denied");
	refused("tracing_cpumask", "x", -EINVAL, "no hexadecimal mask");
	/* This one is found to be wrong at the close. */
	refused("set_ftrace_filter", "nosuch_function", -EINVAL,
		"Invalid argument");
	EXPECT_EQ(tracefs_put_text("error_log", TRACEFS_TRUNC, "", NULL), 0);
}
