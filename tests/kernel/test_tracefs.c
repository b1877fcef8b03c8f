// SPDX-License-Identifier: MIT
/*
 * The control tree by its calls, in ways the shell does not use it: handles
 * that read and write, two closed at once.
 */
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/printf.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/core/ftrace_internal.h"
#include "trace/event/trace_event.h"

#define ROOM 1024
#define BOTH (TRACEFS_READ | TRACEFS_WRITE)

u64 tracefs_target(u64 n);
traced_function u64 tracefs_target(u64 n)
{
	barrier();
	return n;
}

/* What one read gives, as a string. */
static const char *read_some(struct tracefs_file *file, char text[ROOM])
{
	ssize_t n = tracefs_read(file, text, ROOM - 1);

	text[EXPECT(n >= 0) ? n : 0] = '\0';
	return text;
}

static void put(struct tracefs_file *file, const char *text)
{
	EXPECT_EQ(tracefs_write(file, text, strlen(text)),
		  (ssize_t)strlen(text));
}

/* The files that select functions, and what each says when it does not. */
#define ALL  "#### all functions enabled ####\n"
#define NONE "#### no functions disabled ####\n"

static const struct {
	const char *path, *unset, *emptied;
} selections[] = {
	{ "set_ftrace_filter", ALL, "!*\n" },
	{ "set_ftrace_notrace", NONE, NONE },
	{ "set_graph_function", ALL, "!*\n" },
	{ "set_graph_notrace", NONE, NONE },
	{ "stack_trace_filter", ALL, "!*\n" },
};

static void read_and_write(const char *path, const char *unset)
{
	struct tracefs_file *file;
	static char text[ROOM];

	ASSERT_EQ(tracefs_open(path, BOTH, &file), 0);
	EXPECT(!strcmp(read_some(file, text), unset));
	EXPECT_EQ(tracefs_close(file), 0);
	ASSERT_EQ(tracefs_open(path, BOTH, &file), 0);
	put(file, "tracefs_target mutex_lock ");
	EXPECT(strstr(read_some(file, text), "tracefs_target\n"));
	put(file, "!mutex_lock ");
	EXPECT_EQ(*read_some(file, text), '\0'); /* it had come to the end */
	EXPECT(tt_says(path, unset));		 /* nothing is in force yet */
	EXPECT_EQ(tracefs_close(file), 0);
	EXPECT(tt_says(path, "tracefs_target\n"));
	tt_write(path, "\n");
	EXPECT(tt_says(path, unset));
}

/* HE3 */
KTEST(tracefs, a_selection_read_and_written_by_one_handle)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selections); i++)
		read_and_write(selections[i].path, selections[i].unset);
	tt_end();
}

/* HE2 */
KTEST(tracefs, an_emptied_selection_is_none_and_excludes_none)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(selections); i++) {
		tt_write(selections[i].path,
			 "tracefs_target\n!tracefs_target\n");
		EXPECT(tt_says(selections[i].path, selections[i].emptied));
		tt_write(selections[i].path, selections[i].emptied);
		EXPECT(tt_says(selections[i].path, selections[i].emptied));
		tt_write(selections[i].path, "\n");
	}
	tt_end();
}

#define MANY (ROOM / 2) /* bytes that a few functions do not fill */

/* Are many functions selected? Two tasks ask at once. */
static bool many(const char *path)
{
	struct tracefs_file *file;
	char text[MANY];
	bool much = false;

	if (EXPECT_EQ(tracefs_open(path, TRACEFS_READ, &file), 0)) {
		much = tracefs_read(file, text, MANY) == MANY;
		EXPECT_EQ(tracefs_close(file), 0);
	}
	return much;
}

#define ROUNDS 500

/*
 * Select one function and all in turn; is it what was just closed? All take a
 * while to be copied, so that the other half often comes between.
 */
static int lost_rounds(const char *path)
{
	int i, lost = 0;

	for (i = 0; i < ROUNDS; i++) {
		tt_write(path, i & 1 ? "*\n" : "tracefs_target\n");
		lost += many(path) != (i & 1);
	}
	return lost;
}

static int notrace_rounds(void *unused)
{
	(void)unused;
	return lost_rounds("set_ftrace_notrace");
}

/* TF3 */
KTEST(tracefs, both_halves_of_a_filter_closed_at_once)
{
	struct task_struct *task =
		kthread_run(notrace_rounds, NULL, "notrace_rounds");

	ASSERT(!IS_ERR(task));
	EXPECT_EQ(lost_rounds("set_ftrace_filter"), 0);
	EXPECT_EQ(kthread_join(task), 0);
	tt_write("set_ftrace_notrace", "\n");
	tt_end();
}

KTEST(tracefs, every_event_has_its_format)
{
	static char text[ROOM];
	char path[TRACEFS_PATH_MAX], name[64];
	struct tracefs_file *file;
	const struct trace_event *event;
	u32 slot = 0;

	while ((event = trace_event_next(&slot))) {
		snprintf(path, sizeof(path), "events/%s/%s/format",
			 event->system, event->name);
		snprintf(name, sizeof(name), "name: %s\n", event->name);
		if (!EXPECT_EQ(tracefs_open(path, TRACEFS_READ, &file), 0))
			continue;
		EXPECT(!strncmp(read_some(file, text), name, strlen(name)));
		EXPECT_EQ(tracefs_close(file), 0);
	}
}

/* Ops on one site until its line is longer than the buffer at first. */
#define OPS	 100
#define OPS_ROOM 32768

static void a_callback_whose_name_makes_lines_long_by_itself(
	unsigned long ip, unsigned long parent_ip, struct ftrace_ops *op,
	struct ftrace_regs *regs)
{
}

static unsigned int count_names(const char *text, const char *name)
{
	unsigned int n = 0;

	for (; (text = strstr(text, name)); text++)
		n++;
	return n;
}

/* Each callback twice: what is meant to be called, and what is. */
static void check_long_line(char *text)
{
	struct tracefs_file *file;
	ssize_t n, len = 0;

	ASSERT_EQ(tracefs_open("enabled_functions", TRACEFS_READ, &file), 0);
	while ((n = tracefs_read(file, text + len, OPS_ROOM - 1 - len)) > 0)
		len += n;
	EXPECT_EQ(n, 0);
	EXPECT_EQ(tracefs_close(file), 0);
	text[len] = '\0';
	EXPECT(str_has_prefix(text, "tracefs_target (100)"));
	EXPECT_EQ(count_names(text, "\n"), 1);
	if (ftrace_use_trampolines && ftrace_use_chains)
		EXPECT_EQ(count_names(text, "long_by_itself+0x0/"), 2 * OPS);
}

KTEST(tracefs, a_long_line_is_whole)
{
	static const char target[] = "tracefs_target";
	struct ftrace_ops *ops = kcalloc(OPS, sizeof(*ops));
	char *text = kmalloc(OPS_ROOM);
	unsigned int i;

	for (i = 0; i < OPS; i++) {
		ops[i].func = a_callback_whose_name_makes_lines_long_by_itself;
		EXPECT_EQ(ftrace_set_filter(&ops[i], target, strlen(target), 1),
			  0);
		EXPECT_EQ(register_ftrace_function(&ops[i]), 0);
	}
	check_long_line(text);
	for (i = 0; i < OPS; i++) {
		EXPECT_EQ(unregister_ftrace_function(&ops[i]), 0);
		EXPECT_EQ(ftrace_free_filter(&ops[i]), 0);
	}
	kfree(ops);
	kfree(text);
}

/* Does the word stand in the text by itself? */
static bool has_word(const char *text, const char *word, size_t len)
{
	static const char in_words[] = "abcdefghijklmnopqrstuvwxyz_";
	const char *at;

	for (at = text; *at; at++) {
		size_t n = strspn(at, in_words);

		if (n == len && !memcmp(at, word, n))
			return true;
		at += n ? n - 1 : 0;
	}
	return false;
}

static void readme_tells_dir(const char *readme, const char *dir)
{
	struct tracefs_dirent entry;
	unsigned int i;
	u64 cursor = 0;

	for (i = 0; tracefs_readdir(dir, &cursor, &entry) > 0; i++) {
		size_t len = strlen(entry.name) - entry.dir;

		if (!strcmp(entry.name, "README") ||
		    str_has_prefix(entry.name, "testing"))
			continue;
		if (!EXPECT(has_word(readme, entry.name, len)))
			pr_info("%s/%s\n", dir, entry.name);
	}
	EXPECT(i > 0);
}

KTEST(tracefs, the_readme_tells_every_file)
{
	static const size_t room = 8192;
	char *readme = kmalloc(room);

	ASSERT(readme != NULL);
	tt_read("README", readme, room);
	readme_tells_dir(readme, "");
	readme_tells_dir(readme, "per_cpu/cpu0");
	readme_tells_dir(readme, "events");
	kfree(readme);
}

/* ---- streams ------------------------------------------------------------- */

static char stream_text[RB_PAGE_SIZE];

static int read_once(void *file)
{
	return tracefs_read(file, stream_text, sizeof(stream_text));
}

/* Without waiting: -EAGAIN; off and all read is the end. */
static void read_without_waiting(const char *path)
{
	struct tracefs_file *file;

	ASSERT_EQ(tracefs_open(path, TRACEFS_READ | TRACEFS_NONBLOCK, &file),
		  0);
	EXPECT_EQ(read_once(file), -EAGAIN);
	tracefs_target(1);
	EXPECT(read_once(file) > 0);
	EXPECT_EQ(read_once(file), -EAGAIN);
	trace_set_on(trace_top(), false);
	EXPECT_EQ(read_once(file), 0);
	EXPECT_EQ(tracefs_close(file), 0);
}

/* Off, but it has got nothing yet. */
static void read_waiting(const char *path)
{
	struct tracefs_file *file;
	struct task_struct *task;

	ASSERT_EQ(tracefs_open(path, TRACEFS_READ, &file), 0);
	task = kthread_run(read_once, file, "read_once");
	EXPECT(wait_until(READ_ONCE(task->state) != TASK_RUNNING, 1000));
	trace_set_on(trace_top(), true);
	tracefs_target(1);
	EXPECT(kthread_join(task) > 0);
	EXPECT_EQ(tracefs_close(file), 0);
}

KTEST(tracefs, a_stream_waits_or_says_that_it_would)
{
	static const char *const path[] = {
		"trace_pipe",
		"per_cpu/cpu0/trace_pipe",
		"per_cpu/cpu0/trace_pipe_raw",
	};
	unsigned int i;

	kthread_bind(current, 0);
	if (tt_begin("function", "tracefs_target", 64)) {
		for (i = 0; i < ARRAY_SIZE(path); i++) {
			read_without_waiting(path[i]);
			read_waiting(path[i]);
		}
	}
	tt_end();
	kthread_bind(current, CPU_ANY);
}

/*
 * Each handle has a text of its own, made when it is first read, whatever is
 * written and read by others at the same time.
 */
KTEST(tracefs, two_readers_of_two_states_TF1)
{
	struct tracefs_file *first, *second;
	char text[64];
	ssize_t n;

	tt_write("set_ftrace_filter", "schedule\n");
	ASSERT_EQ(tracefs_open("set_ftrace_filter", TRACEFS_READ, &first), 0);
	EXPECT_EQ(tracefs_read(first, text, 3), 3);
	tt_write("set_ftrace_filter", "mutex_lock\n");
	ASSERT_EQ(tracefs_open("set_ftrace_filter", TRACEFS_READ, &second), 0);
	EXPECT_EQ(tracefs_read(second, text, 5), 5);
	EXPECT(!strncmp(text, "mutex", 5));
	n = tracefs_read(first, text, sizeof(text));
	EXPECT_EQ(n, 6);
	EXPECT(!strncmp(text, "edule\n", 6));
	EXPECT_EQ(tracefs_read(first, text, sizeof(text)), 0);
	n = tracefs_read(second, text, sizeof(text));
	EXPECT_EQ(n, 6);
	EXPECT(!strncmp(text, "_lock\n", 6));
	EXPECT_EQ(tracefs_close(first), 0);
	EXPECT_EQ(tracefs_close(second), 0);
	tt_write("set_ftrace_filter", "\n");
}
