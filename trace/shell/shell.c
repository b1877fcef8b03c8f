// SPDX-License-Identifier: MIT
/*
 * shell.c - the shell's table of commands, and its simple commands.
 *
 * Owns the table of commands. lineedit.c edits lines, shell_pipe.c runs
 * pipelines, shell_filters.c has the commands that filter text. See shell.h.
 */
#include "trace/shell/shell.h"

#include "kernel/base/clock.h"
#include "kernel/base/kallsyms.h"
#include "kernel/console_input.h"
#include "kernel/console_write.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/workload.h"
#include "trace/control/tracefs.h"
#include "trace/shell/keyseq.h"
#include "trace/shell/lineedit.h"
#include "trace/shell/shell_filters.h"

#define KEY_ESC	 0x1b
#define PAUSE_NS 5000000UL /* wait for an empty stream */

static bool leaving;

bool shell_leaving(void)
{
	return leaving;
}

void shell_error(const char *name, const char *subject, int err)
{
	const char *parts[] = { name,
				": ",
				subject,
				subject && err ? ": " : NULL,
				err ? errno_sentence(err) : NULL,
				"\n" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i])
			console_write(parts[i], strlen(parts[i]));
}

bool shell_interrupted(void)
{
	return console_break();
}

/* Is there another byte now, or after one pause? */
static bool more_of_key(void)
{
	if (!console_input_pending())
		sleep_ns(PAUSE_NS);
	return console_input_pending();
}

/*
 * Read the rest of a key that began with ESC. Return: false for the brackets of
 * a paste, true for any other key.
 */
static bool take_sequence(void)
{
	struct key_seq seq = { .state = 0 };
	enum key_part part = key_seq_feed(&seq, KEY_ESC);
	u8 byte = 0;

	while (part == KEY_INSIDE && key_seq_inside(&seq) && more_of_key()) {
		byte = console_getc();
		part = key_seq_feed(&seq, byte);
	}
	return part != KEY_FINAL || byte != '~' ||
	       (seq.param != KEY_PASTE_BEGIN && seq.param != KEY_PASTE_END);
}

bool shell_key_pressed(void)
{
	if (!console_input_pending())
		return false;
	return console_getc() != KEY_ESC || take_sequence();
}

int shell_pause(void)
{
	sleep_ns(PAUSE_NS);
	return shell_key_pressed() ? -EPIPE : 0;
}

/*
 * Append the @n bytes of a component to @path, with the slash after it, if any.
 * Return: the new length.
 */
static size_t add_component(char *path, size_t len, const char *name, size_t n)
{
	if (!n || (n == 1 && name[0] == '.'))
		return len;
	if (n == 2 && !strncmp(name, "..", 2)) {
		while (len && --len && path[len - 1] != '/')
			;
		return len;
	}
	memcpy(path + len, name, n);
	len += n;
	if (name[n] == '/')
		path[len++] = '/';
	return len;
}

const char *shell_path(const char *typed)
{
	static const char *const roots[] = { "sys/kernel/tracing",
					     "sys/kernel/debug/tracing" };
	static char path[LINE_ROOM]; /* never longer than the typed one */
	const char *at = typed;
	size_t n, len = 0;
	unsigned int i;

	for (; *at; at += n) {
		at += strspn(at, "/");
		n = strcspn(at, "/");
		len = add_component(path, len, at, n);
	}
	path[len] = '\0';
	for (i = 0; *typed == '/' && i < ARRAY_SIZE(roots); i++) {
		n = strlen(roots[i]);
		if (!strncmp(path, roots[i], n) && strchr("/", path[n]))
			return path + n + (path[n] == '/');
	}
	return path;
}

#define LS_MAX 128

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct tracefs_dirent *)a)->name,
		      ((const struct tracefs_dirent *)b)->name);
}

/* Read the names in @path and sort them. Return: their number. */
static unsigned int read_directory(const char *path,
				   struct tracefs_dirent *entry)
{
	unsigned int n = 0;
	u64 cursor = 0;

	while (n < LS_MAX && tracefs_readdir(path, &cursor, &entry[n]) > 0)
		n++;
	sort(entry, n, sizeof(*entry), by_name);
	return n;
}

static int ls_run(struct stage *stage)
{
	static struct tracefs_dirent entry[LS_MAX]; /* the shell is one task */
	const char *typed = stage->argc > 1 ? stage->argv[1] : "";
	struct tracefs_stat stat;
	char path[LINE_ROOM];
	unsigned int i, n;
	int ret;

	strscpy(path, shell_path(typed), sizeof(path));
	ret = tracefs_stat(path, &stat);
	if (ret) {
		shell_error("ls", typed, ret);
		return ret;
	}
	if (!stat.dir)
		return stage_printf(stage, "%s\n", typed);
	n = read_directory(path, entry);
	for (i = 0; i < n && !ret; i++)
		ret = stage_printf(stage, "%s\n", entry[i].name);
	return ret;
}

/* echo [-n] WORD...: makes one write, as a file of the tree expects. */
static int echo_run(struct stage *stage)
{
	static char text[LINE_ROOM + 1];
	bool newline = stage->argc < 2 || strcmp(stage->argv[1], "-n");
	int i, first = newline ? 1 : 2;
	size_t len = 0;

	for (i = first; i < stage->argc; i++) {
		size_t n = strlen(stage->argv[i]);

		if (i > first)
			text[len++] = ' ';
		memcpy(text + len, stage->argv[i], n);
		len += n;
	}
	if (newline)
		text[len++] = '\n';
	return stage_put(stage, text, len);
}

/* Convert "1" or "0.25" seconds to nanoseconds. Return: 0 or -EINVAL. */
static int parse_seconds(char *text, u64 *ns)
{
	char *dot = strchr(text, '.');
	u64 whole = 0, part = 0, unit = 1000000000;

	if (dot)
		*dot++ = '\0';
	if (*text && kstrtoull(text, 10, &whole))
		return -EINVAL;
	for (; dot && *dot; dot++) {
		if (*dot < '0' || *dot > '9')
			return -EINVAL;
		unit /= 10;
		part += unit * (*dot - '0');
	}
	if (whole > 86400)
		return -EINVAL;
	*ns = whole * 1000000000 + part;
	return 0;
}

static int sleep_run(struct stage *stage)
{
	u64 until, ns;

	if (stage->argc != 2 || parse_seconds(stage->argv[1], &ns)) {
		shell_error("sleep", stage->argc > 1 ? stage->argv[1] : NULL,
			    -EINVAL);
		return -EINVAL;
	}
	for (until = ktime_ns() + ns; ktime_ns() < until;) {
		u64 rest = until - ktime_ns();

		sleep_ns(rest < PAUSE_NS ? rest : PAUSE_NS);
		if (shell_interrupted())
			break;
	}
	return 0;
}

static int help_run(struct stage *stage)
{
	static const char tail[] =
		"COMMAND < FILE, > FILE, >> FILE; | ; && || as in sh\n"
		"`cat README` tells what the files do; Tab completes.\n";
	const struct command *command;
	int ret = 0;

	for (command = shell_commands; command->name && !ret; command++)
		ret = stage_printf(stage, "%-26s %s\n", command->usage,
				   command->help);
	return ret ? ret : stage_put(stage, tail, sizeof(tail) - 1);
}

static int stress_run(struct stage *stage)
{
	u64 n;
	int ret;

	if (stage->argc != 2 || kstrtoull(stage->argv[1], 10, &n) || n > 64) {
		shell_error("stress", "0 to 64 rounds of workers", -EINVAL);
		return -EINVAL;
	}
	workload_stop();
	ret = n ? workload_start(n) : 0;
	if (ret)
		shell_error("stress", stage->argv[1], ret);
	return ret;
}

static int exit_run(struct stage *stage)
{
	(void)stage;
	leaving = true;
	return 0;
}

static int true_run(struct stage *stage)
{
	(void)stage;
	return 0;
}

static int false_run(struct stage *stage)
{
	(void)stage;
	return -EPERM;
}

const struct command shell_commands[] = {
	{ .name = "cat",
	  .usage = "cat [FILE...]",
	  .run = filter_run,
	  .options = cat_options,
	  .help = "print files of the control tree" },
	{ .name = "check",
	  .usage = "check",
	  .run = check_run,
	  .help = "compare every site with its subscribers" },
	{ .name = "disas",
	  .usage = "disas FUNCTION",
	  .run = disas_run,
	  .help = "the bytes at its site now, and what they call" },
	{ .name = "echo",
	  .usage = "echo [-n] WORD...",
	  .run = echo_run,
	  .help = "print words, most often into a file" },
	{ .name = "exit",
	  .usage = "exit",
	  .run = exit_run,
	  .help = "stop the machine" },
	{ .name = "false",
	  .usage = "false",
	  .run = false_run,
	  .help = "do nothing, and fail" },
	{ .name = "grep",
	  .usage = "grep [-vcq] PATTERN [FILE]",
	  .run = filter_run,
	  .options = grep_options,
	  .line = grep_line,
	  .end = grep_end,
	  .help = "lines that match (^ $ . * are special)" },
	{ .name = "head",
	  .usage = "head [-n N] [FILE]",
	  .run = filter_run,
	  .options = head_options,
	  .line = head_line,
	  .help = "the first lines" },
	{ .name = "help",
	  .usage = "help",
	  .run = help_run,
	  .help = "this list" },
	{ .name = "ls",
	  .usage = "ls [DIRECTORY | FILE]",
	  .run = ls_run,
	  .help = "files of the control tree" },
	{ .name = "mkdir",
	  .usage = "mkdir DIRECTORY...",
	  .run = mkdir_run,
	  .help = "make a trace: mkdir instances/NAME" },
	{ .name = "ps", .usage = "ps", .run = ps_run, .help = "all threads" },
	{ .name = "rmdir",
	  .usage = "rmdir DIRECTORY...",
	  .run = rmdir_run,
	  .help = "remove it again" },
	{ .name = "sleep",
	  .usage = "sleep SECONDS",
	  .run = sleep_run,
	  .help = "wait (^C ends it)" },
	{ .name = "stress",
	  .usage = "stress N",
	  .run = stress_run,
	  .help = "N sets of busy threads; 0 ends them" },
	{ .name = "true",
	  .usage = "true",
	  .run = true_run,
	  .help = "do nothing, and succeed" },
	{ .name = "wc",
	  .usage = "wc [-l] [FILE]",
	  .run = filter_run,
	  .options = wc_options,
	  .line = wc_line,
	  .end = wc_end,
	  .help = "count lines, words and bytes" },
	{ .name = NULL },
};

const struct command *shell_command(const char *name)
{
	const struct command *command;

	for (command = shell_commands; command->name; command++)
		if (!strcmp(command->name, name))
			return command;
	return NULL;
}
