// SPDX-License-Identifier: MIT
/*
 * shell.c - the shell's table of commands, and its simple commands.
 *
 * Owns the table of commands. lineedit.c edits lines, shell_pipe.c runs
 * pipelines. See shell.h.
 */
#include "trace/shell/shell.h"

#include "kernel/base/clock.h"
#include "kernel/console_input.h"
#include "kernel/console_write.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/workload.h"
#include "trace/control/tracefs.h"
#include "trace/shell/keyseq.h"
#include "trace/shell/lineedit.h"

#define KEY_ESC	 0x1b
#define PAUSE_NS 5000000UL /* wait for an empty stream */

DEFINE_TABLE(struct command, shell_commands);

static bool leaving;
static bool errors_hidden;

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

	for (i = 0; i < ARRAY_SIZE(parts) && !errors_hidden; i++)
		if (parts[i])
			console_write(parts[i], strlen(parts[i]));
}

void shell_hide_errors(bool hide)
{
	errors_hidden = hide;
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

SHELL_COMMAND(stress, .usage = "stress N", .run = stress_run,
	      .help = "N sets of busy threads; 0 ends them");

static int exit_run(struct stage *stage)
{
	(void)stage;
	leaving = true;
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

const struct command *shell_command(const char *name)
{
	const struct command *const *at;

	for_each_entry(at, shell_commands)
	{
		if (!strcmp((*at)->name, name))
			return *at;
	}
	return NULL;
}
