// SPDX-License-Identifier: MIT
/*
 * shell_tree.c - commands that go about in the control tree: ls, cd, pwd,
 * mount, sysctl, reset.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"
#include "trace/shell/shell.h"

#define MOUNT_POINT "/sys/kernel/tracing"
#define LS_MAX	    1024

/* ---- ls ---- */

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

/* "-rw-r--r--" */
static void mode_text(char text[11], bool dir, u16 mode)
{
	unsigned int i;

	text[0] = dir ? 'd' : '-';
	for (i = 0; i < 9; i++)
		text[1 + i] = mode >> (8 - i) & 1 ? "rwx"[i % 3] : '-';
	text[10] = '\0';
}

static int put_name(struct stage *stage, const char *name, bool dir, u16 mode)
{
	char text[11];

	if (!stage_option(stage, 'l'))
		return stage_printf(stage, "%s\n", name);
	mode_text(text, dir, mode);
	return stage_printf(stage, "%s %d root root 0 %s\n", text, dir ? 2 : 1,
			    name);
}

/* List one file, or one directory with its name before it if @title. */
static int list(struct stage *stage, const char *typed, bool title)
{
	static struct tracefs_dirent entry[LS_MAX]; /* the shell is one task */
	struct tracefs_stat stat;
	unsigned int i, n;
	int ret = tracefs_stat(shell_path(typed), &stat);

	if (ret) {
		shell_error("ls", typed, ret);
		stage->bad = ret;
		return 0;
	}
	if (!stat.dir)
		return put_name(stage, typed, false, stat.mode);
	if (title)
		ret = stage_printf(stage, "%s:\n", typed);
	n = read_directory(shell_path(typed), entry);
	for (i = 0; i < n && !ret; i++)
		ret = put_name(stage, entry[i].name, entry[i].dir,
			       entry[i].mode);
	return ret;
}

static int ls_run(struct stage *stage)
{
	bool title = stage->argc - stage->optind > 1;
	int i, ret = 0;

	if (stage->optind == stage->argc)
		ret = list(stage, ".", false);
	for (i = stage->optind; i < stage->argc && !ret; i++)
		ret = list(stage, stage->argv[i], title);
	return ret ? ret : stage->bad;
}

SHELL_COMMAND(ls, .usage = "ls [-l] [DIRECTORY | FILE]...", .paths = true,
	      .letters = "l1", .run = ls_run,
	      .help = "files of the control tree");

/* ---- cd, pwd ---- */

static int cd_run(struct stage *stage)
{
	const char *to = stage->argc > 1 ? stage->argv[1] : "/";
	int ret = stage->argc > 2 ? -E2BIG : shell_change_directory(to);

	if (ret)
		shell_error("cd", stage->argc > 2 ? stage->argv[2] : to, ret);
	return ret;
}

SHELL_COMMAND(cd, .usage = "cd [DIRECTORY]", .paths = true, .run = cd_run,
	      .help = "change the working directory");

static int pwd_run(struct stage *stage)
{
	const char *at = shell_directory();

	return stage_printf(stage, MOUNT_POINT "%s%s\n", *at ? "/" : "", at);
}

SHELL_COMMAND(pwd, .usage = "pwd", .run = pwd_run,
	      .help = "print the working directory");

/* ---- mount ---- */

/* mount [-t tracefs WHAT WHERE]: the tree is there from boot on. */
static int mount_run(struct stage *stage)
{
	if (stage->argc == 1)
		return stage_printf(stage, "tracefs on " MOUNT_POINT
					   " type tracefs (rw)\n");
	if (stage->argc == 5 && !strcmp(stage->argv[1], "-t") &&
	    (!strcmp(stage->argv[2], "tracefs") ||
	     !strcmp(stage->argv[2], "debugfs")))
		return stage_printf(stage, "tracefs is mounted on " MOUNT_POINT
					   " already\n");
	shell_error("mount", "only -t tracefs WHAT WHERE is known here",
		    -EINVAL);
	return -EINVAL;
}

SHELL_COMMAND(mount, .usage = "mount [-t tracefs X DIR]", .run = mount_run,
	      .help = "says that the control tree is there");

/* ---- writing into files ---- */

/* Print the number in a file. Return: 0 or an errno. */
static int show_file(struct stage *stage, const char *name)
{
	char text[32];
	int ret = tracefs_get_text(name, text, sizeof(text));

	if (ret)
		return ret;
	text[strcspn(text, "\n")] = '\0';
	if (stage_option(stage, 'n'))
		return stage_printf(stage, "%s\n", text);
	return stage_printf(stage, "kernel.%s = %s\n", name, text);
}

/* NAME or NAME=VALUE of sysctl. Return: 0 or an errno. */
static int setting(struct stage *stage, char *word)
{
	static char path[LINE_ROOM + 16]; /* the shell is one task */
	char *value = strchr(word, '=');
	const char *name;
	int ret = 0;

	if (value)
		*value++ = '\0';
	if (strncmp(word, "kernel.", 7))
		return -ENOENT;
	snprintf(path, sizeof(path), "/proc/sys/kernel/%s", word + 7);
	name = shell_path(path);
	if (strchr(name, '/'))
		return -ENOENT;
	if (value)
		ret = tracefs_put_text(name, TRACEFS_TRUNC, value, NULL);
	if (ret || stage_option(stage, 'q'))
		return ret;
	return show_file(stage, name);
}

static int sysctl_run(struct stage *stage)
{
	int i, ret, bad = 0;

	if (stage->optind == stage->argc) {
		shell_error("sysctl", "which setting?", -EINVAL);
		return -EINVAL;
	}
	for (i = stage->optind; i < stage->argc; i++) {
		ret = setting(stage, stage->argv[i]);
		if (ret == -EPIPE)
			return ret;
		if (ret)
			shell_error("sysctl", stage->argv[i], ret);
		bad = ret ? ret : bad;
	}
	return bad;
}

SHELL_COMMAND(sysctl, .usage = "sysctl [-nqw] kernel.NAME[=N]",
	      .letters = "nqw", .run = sysctl_run,
	      .help = "ftrace_enabled, stack_tracer_enabled");

/* ---- reset ---- */

/* How each file is after boot; the tracer first, the ring last. */
static const struct {
	const char *path, *text;
} after_boot[] = {
	{ "tracing_on", "0" },
	{ "current_tracer", "nop" },
	{ "events/enable", "0" },
	{ "dynamic_events", "" },
	{ "set_event_pid", "" },
	{ "set_event_notrace_pid", "" },
	{ "set_ftrace_filter", "" },
	{ "set_ftrace_notrace", "" },
	{ "set_ftrace_pid", "" },
	{ "set_ftrace_notrace_pid", "" },
	{ "set_graph_function", "" },
	{ "set_graph_notrace", "" },
	{ "max_graph_depth", "0" },
	{ "tracing_thresh", "0" },
	{ "trace_clock", "local" },
	{ "tracing_cpumask", "ffffffffffffffff" },
	{ "stack_tracer_enabled", "0" },
	{ "ftrace_enabled", "1" },
	{ "error_log", "" },
	{ "trace", "" },
	{ "tracing_on", "1" },
};

static int reset_run(struct stage *stage)
{
	int bad = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(after_boot); i++) {
		int ret = tracefs_put_text(after_boot[i].path, TRACEFS_TRUNC,
					   after_boot[i].text, NULL);

		if (ret && ret != -ENOENT) {
			shell_error("reset", after_boot[i].path, ret);
			bad = ret;
		}
	}
	return bad ? bad : stage_printf(stage, "the tracer is as after boot\n");
}

SHELL_COMMAND(reset, .usage = "reset", .run = reset_run,
	      .help = "put the tracer back to how it is after boot");
