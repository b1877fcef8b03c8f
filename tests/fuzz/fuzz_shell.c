// SPDX-License-Identifier: MIT
/*
 * Lines for the shell: words, quotes, lists, pipelines and files, run against
 * a small tree. Whatever is typed ends, keeps its buffers, and leaves no file
 * open; a line that is refused has opened no file, run no command.
 *
 * host-sources: trace/shell/shell_pipe.c trace/shell/shell_filters.c
 * host-sources: trace/shell/shell_syntax.c
 * host-sources: trace/shell/shell_lines.c trace/shell/shell_path.c
 * host-sources: trace/shell/shell_options.c trace/shell/shell_hint.c
 * host-sources: trace/control/tracefs.c trace/control/tracefs_tree.c
 * host-sources: trace/control/error_log.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/base/clock.h"
#include "kernel/base/console.h"
#include "kernel/base/panic.h"
#include "kernel/console_write.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"
#include "trace/control/nodes.h"
#include "kernel/lib/lineedit.h"
#include "trace/shell/shell.h"
#include "trace/shell/shell_filters.h"
#include "trace/trace.h"

static size_t printed;
static unsigned int run, opened;
static bool refused;

u64 ktime_ns(void)
{
	return 12345678901;
}

void console_write(const char *buf, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		printed += buf[i] != 0; /* every byte is readable */
}

bool shell_interrupted(void)
{
	return false;
}

bool shell_leaving(void)
{
	return false;
}

bool shell_key_pressed(void)
{
	return true; /* a stream ends after its first piece */
}

int shell_pause(void)
{
	return -EPIPE;
}

struct trace_array *file_trace(const struct tracefs_file *file)
{
	static struct trace_array trace;

	return &trace;
}

DEFINE_TABLE(struct command, shell_commands);

void shell_hide_errors(bool hide)
{
	(void)hide;
}

void shell_error(const char *name, const char *subject, int err)
{
	BUG_ON(!name || err > 0);
	refused |= !strcmp(name, "shell: syntax error");
	console_write(name, strlen(name));
	if (subject)
		console_write(subject, strlen(subject));
}

static int words_run(struct stage *stage)
{
	int i, ret = 0;

	run++;
	for (i = 0; i < stage->argc && !ret; i++)
		ret = stage_printf(stage, "%s\n", stage->argv[i]);
	return ret;
}

static const struct command e_command = { .name = "e", .run = words_run };

/* Random bytes are commands more often if each has one letter. */
static const char *long_name(const char *name)
{
	static const char *const names[] = { "cat",  "head", "grep", "wc",
					     "tail", "sort", "uniq", "f" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names) && !name[1]; i++)
		if (names[i][0] == name[0])
			return name[0] == 'f' ? "cut" : names[i];
	return "";
}

const struct command *shell_command(const char *name)
{
	const struct command *const *at;

	if (!strcmp(name, "e"))
		return &e_command;
	for_each_entry(at, shell_commands)
	{
		if (!strcmp((*at)->name, long_name(name)))
			return *at;
	}
	return NULL;
}

static int count_open(struct tracefs_file *file)
{
	opened++;
	return 0;
}

static int numbers_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%llu\n", file->pos++);
	return file->pos < 50;
}

static ssize_t stream_read(struct tracefs_file *file, char *buf, size_t len)
{
	buf[0] = 'x';
	return 1;
}

static ssize_t sink_put(struct tracefs_file *file, const char *buf, size_t len)
{
	return buf[0] == '!' ? -EINVAL : 1 + (ssize_t)(len / 2);
}

static const struct tracefs_node shell_nodes[] = {
	{ .name = "n", .mode = 0440, .open = count_open, .show = numbers_show },
	{ .name = "s", .mode = 0440, .open = count_open, .read = stream_read },
	{ .name = "t",
	  .mode = 0640,
	  .open = count_open,
	  .show = numbers_show,
	  .write = sink_put },
};
TRACEFS_FILES(10, root_dir, shell_nodes);

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	size_t live = host_live;
	char *line;

	if (size >= LINE_ROOM || memchr(data, 0, size))
		return 0;
	line = fuzz_string(data, size);
	run = opened = refused = 0;
	shell_run_line(line);
	host_free(line);
	BUG_ON(refused && (run || opened)); /* whole, or not at all */
	BUG_ON(host_live != live);	    /* every handle was closed */
	return 0;
}
