// SPDX-License-Identifier: MIT
/*
 * shell_pipe.c - run the pipelines of a line one after another.
 *
 * Owns the running pipeline, its files and its sink. shell_syntax.c has the
 * grammar of a line. See shell.h.
 */
#include <stdarg.h>

#include "kernel/console_write.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "trace/control/error_log.h"
#include "trace/control/tracefs.h"
#include "trace/shell/shell_filters.h"
#include "trace/shell/shell_syntax.h"

/* The stages of the running pipeline; the shell runs one at a time. */
static struct stage stages[SHELL_STAGES];

/* The paths that its patterns stand for. */
static char names_room[8192], *names_at;

/* Write a stage's text to its destination: a file or the terminal. */
static int sink(struct stage *stage, const char *text, size_t len)
{
	if (!stage->file) {
		if (!stage->target) /* else it is /dev/null */
			console_write(text, len);
		return shell_interrupted() ? -EPIPE : 0;
	}
	while (len) {
		ssize_t took = tracefs_write(stage->file, text, len);

		if (took < 0) {
			stage->refused = took;
			stage->why = error_log_last();
			return took;
		}
		text += took;
		len -= took;
	}
	return 0;
}

/* Does the stage read from '|'? A filter with files does not. */
static bool takes_input(const struct stage *stage)
{
	return stage->command->run == filter_run && !stage->source &&
	       stage->optind == stage->argc;
}

static int flush_line(struct stage *stage)
{
	size_t len = stage->len;

	stage->len = 0;
	return len ? stage->command->line(stage, stage->text, len) : 0;
}

int stage_take(struct stage *stage, const char *text, size_t len)
{
	int ret = 0;

	if (!stage->command->line)
		return stage_put(stage, text, len);
	while (len && !ret) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) + 1 : len;

		n = min(n, SHELL_TEXT - 1 - stage->len);
		memcpy(stage->text + stage->len, text, n);
		stage->len += n;
		text += n;
		len -= n;
		if (stage->text[stage->len - 1] == '\n' ||
		    stage->len == SHELL_TEXT - 1)
			ret = flush_line(stage);
	}
	return ret;
}

int stage_end(struct stage *stage)
{
	int ret = flush_line(stage);

	if ((!ret || ret == -EPIPE) && stage->command->end)
		ret = stage->command->end(stage);
	return ret;
}

int stage_put(struct stage *stage, const char *text, size_t len)
{
	if (stage->target || !stage->next)
		return sink(stage, text, len);
	return takes_input(stage->next) ? stage_take(stage->next, text, len) :
					  -EPIPE;
}

int stage_printf(struct stage *stage, const char *fmt, ...)
{
	char text[SHELL_TEXT];
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return stage_put(stage, text, min_t(size_t, len, sizeof(text) - 1));
}

/* Fill a stage from the tokens at *@at, and advance *@at past them. */
static void fill_stage(struct stage *stage, const struct token **at)
{
	memset(stage, 0, sizeof(*stage));
	for (; (*at)->kind && strchr("w<>ae", (*at)->kind); ++*at) {
		char kind = (*at)->kind;

		if (kind == 'w') {
			stage->pattern_word[stage->argc] = (*at)->pattern;
			stage->argv[stage->argc++] = (*at)->text;
			continue;
		}
		++*at;
		if (kind == '<')
			stage->source = (*at)->text;
		else if (kind == 'e')
			stage->hide_errors = true;
		else
			stage->target = (*at)->text;
		stage->append |= kind == 'a';
	}
}

/* Fill stages[] from checked tokens. Return: the number of stages. */
static int fill_stages(const struct token **at)
{
	int n = 0;

	for (;;) {
		fill_stage(&stages[n++], at);
		if ((*at)->kind != '|')
			return n;
		stages[n - 1].next = &stages[n];
		++*at;
	}
}

static int nothing_run(struct stage *stage)
{
	(void)stage;
	return 0;
}

/* The command of a stage without words: `> FILE` empties a file. */
static const struct command nothing = { .name = "shell", .run = nothing_run };

/*
 * Replace operand @i, a word with a pattern, by the paths it stands for.
 * Return: their number, 0 if there are none; -E2BIG after an error message.
 */
static int expand_word(struct stage *stage, int i)
{
	static char *names[SHELL_ARGS]; /* the shell is one task */
	int room = SHELL_ARGS - stage->argc, n;
	char **word = &stage->argv[i];

	n = shell_expand(*word, &names_at, names_room + sizeof(names_room),
			 names, room);
	if (n < 0)
		shell_error(stage->argv[0], *word, n);
	if (n <= 0)
		return n;
	memmove(word + n, word + 1, (stage->argc - i - 1) * sizeof(*word));
	memmove(&stage->pattern_word[i + n], &stage->pattern_word[i + 1],
		stage->argc - i - 1);
	memcpy(word, names, n * sizeof(*word));
	stage->argc += n - 1;
	return n;
}

/* Expand the operands that are paths. Return: 0, or -E2BIG after a message. */
static int expand(struct stage *stage)
{
	int i = max(stage->optind, 1), n;

	while (stage->command->paths && i < stage->argc) {
		n = stage->pattern_word[i] ? expand_word(stage, i) : 0;
		if (n < 0)
			return n;
		i += max(n, 1);
	}
	return 0;
}

/* Read the options and expand the operands. Return: 0 or an errno. */
static int resolve_words(struct stage *stage)
{
	int ret = shell_read_options(stage);

	if (!ret)
		ret = expand(stage);
	if (!ret && stage->command->one_file &&
	    stage->argc - stage->optind > 1) {
		shell_error(stage->argv[0], "takes one file here", 0);
		ret = -EINVAL;
	}
	return ret;
}

/* Find the stages' commands and read their options. Return: 0 or an errno. */
static int resolve(int n)
{
	int i, ret = 0;

	for (i = 0; i < n; i++) {
		const char *name = stages[i].argv[0];

		shell_hide_errors(stages[i].hide_errors);
		stages[i].command = name ? shell_command(name) : &nothing;
		if (!stages[i].command) {
			shell_error(name, "command not found", 0);
			return -ENOENT;
		}
	}
	names_at = names_room;
	for (i = 0; i < n && !ret; i++) {
		shell_hide_errors(stages[i].hide_errors);
		ret = resolve_words(&stages[i]);
	}
	return ret;
}

/* Return: 0, or the errno of the open, after an error message. */
static int open_one(const char *path, unsigned int flags,
		    struct tracefs_file **file)
{
	int ret = 0;

	if (path && !shell_is_null(path))
		ret = tracefs_open(shell_path(path), flags, file);
	if (ret)
		shell_error("shell", path, ret);
	return ret;
}

static int open_files(int n)
{
	int i, ret = 0;

	for (i = 0; i < n && !ret; i++) {
		struct stage *stage = &stages[i];
		unsigned int trunc = stage->append ? 0 : TRACEFS_TRUNC;

		shell_hide_errors(stage->hide_errors);
		ret = open_one(stage->source, TRACEFS_READ | TRACEFS_NONBLOCK,
			       &stage->in);
		if (!ret)
			ret = open_one(stage->target, TRACEFS_WRITE | trunc,
				       &stage->file);
	}
	return ret;
}

static void write_error(const struct stage *stage, int err, const char *why)
{
	const char *word = errno_sentence(err);
	char text[128];

	if (why && why != word)
		scnprintf(text, sizeof(text), "write error: %s: %s", word, why);
	else
		scnprintf(text, sizeof(text), "write error: %s", word);
	shell_error(stage->argc ? stage->argv[0] : "shell", text, 0);
}

/* A file may refuse a change as late as its close. */
static void close_files(struct stage *stage)
{
	int err = 0;

	shell_hide_errors(stage->hide_errors);
	stage_forget(stage);
	if (stage->in)
		tracefs_close(stage->in);
	if (stage->file)
		err = tracefs_close(stage->file);
	if (err && !stage->refused)
		stage->why = error_log_last();
	if (stage->refused)
		err = stage->refused;
	if (err) {
		write_error(stage, err, stage->why);
		stage->status = err;
	}
}

/* Run each stage to its end, in order. */
static void run_stages(int n)
{
	int i;

	for (i = 0; i < n; i++) {
		struct stage *stage = &stages[i];
		int ret;

		shell_hide_errors(stage->hide_errors);
		ret = i && takes_input(stage) ? stage_end(stage) :
						stage->command->run(stage);
		stage->status = ret == -EPIPE ? 0 : ret;
	}
}

/* Return: the last stage's status, or the errno if no stage ran. */
static int run_pipeline(int n)
{
	int i, ret = resolve(n);

	if (!ret) {
		ret = open_files(n);
		if (!ret)
			run_stages(n);
		for (i = 0; i < n; i++)
			close_files(&stages[i]);
	}
	shell_hide_errors(false);
	return ret ? ret : stages[n - 1].status;
}

static int run_list(const struct token *at)
{
	char when = ';';
	int n, status = 0;

	while (at->kind && !shell_interrupted() && !shell_leaving()) {
		bool wanted = when == ';' || (when == '&') == !status;

		n = fill_stages(&at);
		if (wanted)
			status = run_pipeline(n);
		when = at->kind;
		at += when != 0;
	}
	return status;
}

/* Show the line with a caret under the syntax error. */
static void syntax_error(const char *line, unsigned int at, const char *why)
{
	static char text[2 * LINE_ROOM + 8];
	int len = scnprintf(text, sizeof(text), "  %s\n  %*s^\n", line, (int)at,
			    "");

	shell_error("shell: syntax error", why, 0);
	console_write(text, len);
}

int shell_run_line(const char *line)
{
	static char text[SHELL_WORDS(LINE_ROOM)];
	static struct token tokens[LINE_ROOM];
	const char *wrong;
	unsigned int at;

	if (strlen(line) > LINE_MAX) {
		scnprintf(text, sizeof(text),
			  "%.40s...: a line has %u characters at most", line,
			  LINE_MAX);
		shell_error("shell", text, 0);
		return -E2BIG;
	}
	wrong = shell_tokenize(line, tokens, text, current->pid, &at);
	if (!wrong)
		wrong = shell_check(tokens, &at);
	if (wrong) {
		syntax_error(line, at, wrong);
		return -EINVAL;
	}
	return run_list(tokens);
}
