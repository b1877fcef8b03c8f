// SPDX-License-Identifier: MIT
/*
 * shell.c - the shell's simple commands. lineedit.c edits lines, shell_pipe.c
 * runs pipelines. See shell.h.
 */
#include "trace/shell/shell.h"

#include "kernel/base/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/workload.h"
#include "trace/control/tracefs.h"

#define PAUSE_NS 5000000UL /* between two looks for ^C */

/* echo [-n] WORD...: makes one write, as a file of the tree expects. */
static int echo_run(struct stage *stage)
{
	static char text[SHELL_WORDS(LINE_ROOM) + 1];
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

SHELL_COMMAND(echo, .usage = "echo [-n] WORD...", .run = echo_run,
	      .help = "print words, most often into a file");

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

SHELL_COMMAND(sleep, .usage = "sleep SECONDS", .run = sleep_run,
	      .help = "wait (^C ends it)");

static int help_line(struct stage *stage, const struct command *command)
{
	return stage_printf(stage, "%-26s %s\n", command->usage, command->help);
}

/*
 * help WORD...: the lines of these commands. Return: 0, -ENOENT one is
 * not known (after a message), or a write error.
 */
static int help_words(struct stage *stage)
{
	int i, ret = 0, bad = 0;

	for (i = 1; i < stage->argc && !ret; i++) {
		const struct command *command = shell_command(stage->argv[i]);

		if (command) {
			ret = help_line(stage, command);
			continue;
		}
		shell_error(stage->argv[i], "command not found", 0);
		bad = -ENOENT;
	}
	return ret ? ret : bad;
}

static int help_run(struct stage *stage)
{
	static const char tail[] =
		"COMMAND < FILE, > FILE, >> FILE; | ; && || as in sh\n"
		"`cat README` tells what the files do; Tab completes.\n";
	const struct command *const *at;
	int ret = 0;

	if (stage->argc > 1)
		return help_words(stage);
	for_each_entry(at, shell_commands)
	{
		if (!ret)
			ret = help_line(stage, *at);
	}
	return ret ? ret : stage_put(stage, tail, sizeof(tail) - 1);
}

SHELL_COMMAND(help, .usage = "help [COMMAND]", .run = help_run,
	      .help = "this list, or a command's line of it");

static int stress_run(struct stage *stage)
{
	bool fault = stage->argc == 3 && !strcmp(stage->argv[2], "fault");
	u64 n;
	int ret = 0;

	if (stage->argc != 2 + fault || kstrtoull(stage->argv[1], 10, &n) ||
	    n > 64) {
		shell_error("stress", "0 to 64 rounds of workers", -EINVAL);
		return -EINVAL;
	}
	workload_stop();
	if (n)
		ret = fault ? workload_start_faulty(n) : workload_start(n);
	if (ret)
		shell_error("stress", stage->argv[1], ret);
	return ret;
}

SHELL_COMMAND(stress, .usage = "stress N [fault]", .run = stress_run,
	      .help = "N sets of busy threads; 0 ends them");

static int exit_run(struct stage *stage)
{
	(void)stage;
	shell_leave();
	return 0;
}

SHELL_COMMAND(exit, .usage = "exit", .run = exit_run,
	      .help = "stop the machine");

static int true_run(struct stage *stage)
{
	(void)stage;
	return 0;
}

SHELL_COMMAND(true, .usage = "true", .run = true_run,
	      .help = "do nothing, and succeed");

static int false_run(struct stage *stage)
{
	(void)stage;
	return -EPERM;
}

SHELL_COMMAND(false, .usage = "false", .run = false_run,
	      .help = "do nothing, and fail");
