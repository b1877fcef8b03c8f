// SPDX-License-Identifier: MIT
/*
 * shell_pipe.c - from a typed line to running stages.
 *
 * Owns the splitting of a line into words, the pipeline and its sink. See
 * shell.h.
 */
#include <stdarg.h>

#include "kernel/base/console.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"
#include "trace/shell/lineedit.h"
#include "trace/shell/shell_filters.h"

/* The stages of the line being run: the shell runs one line at a time. */
static struct stage stages[SHELL_STAGES];

/* A word, or one of the operators | > and a (for >>). */
struct token {
	char kind; /* 'w', '|', '>', 'a', 0 at the end */
	char *text;
};

/* As many as a line may have: each is a byte at least, then the end. */
#define TOKENS LINE_ROOM

/*
 * Copy the word at @in to *@out without its quotes. Return: what follows; NULL
 * a quote is not closed.
 */
static const char *take_word(const char *in, char **out)
{
	char quote = 0;

	for (; *in; in++) {
		if (quote ? *in == quote : *in == '\'' || *in == '"')
			quote = quote ? 0 : *in;
		else if (!quote && strchr(" \t|>", *in))
			break;
		else
			*(*out)++ = *in;
	}
	*(*out)++ = '\0';
	return quote ? NULL : in;
}

/*
 * @out has room for twice the line: each word grows by its NUL at most.
 * Return: 0, or -EINVAL a quote is not closed.
 */
static int tokenize(const char *in, struct token *token, char *out)
{
	for (;; token++) {
		in += strspn(in, " \t");
		token->text = out;
		if (!*in) {
			token->kind = 0;
			return 0;
		}
		if (*in == '|' || *in == '>') {
			token->kind = *in++;
			if (token->kind == '>' && *in == '>') {
				token->kind = 'a';
				in++;
			}
			continue;
		}
		token->kind = 'w';
		in = take_word(in, &out);
		if (!in)
			return -EINVAL;
	}
}

/* Return: 0; -EINVAL no words, or '>' without a name. */
static int parse_stage(struct stage *stage, struct token **at)
{
	memset(stage, 0, sizeof(*stage));
	for (; (*at)->kind && (*at)->kind != '|'; ++*at) {
		if ((*at)->kind == 'w') {
			stage->argv[stage->argc++] = (*at)->text;
			continue;
		}
		stage->append = (*at)->kind == 'a';
		++*at;
		if ((*at)->kind != 'w')
			return -EINVAL;
		stage->target = (*at)->text;
	}
	return stage->argc ? 0 : -EINVAL;
}

/*
 * Return: how many stages the line has; -E2BIG more than SHELL_STAGES; -EINVAL,
 * also for a line that nobody can type.
 */
static int parse_line(const char *line)
{
	static char text[2 * LINE_ROOM];
	static struct token tokens[TOKENS];
	struct token *at = tokens;
	int n, ret;

	if (strlen(line) >= LINE_ROOM)
		return -EINVAL;
	ret = tokenize(line, tokens, text);
	if (ret || !at->kind)
		return ret;
	for (n = 0; n < SHELL_STAGES; n++) {
		ret = parse_stage(&stages[n], &at);
		if (ret)
			return ret;
		if (n)
			stages[n - 1].next = &stages[n];
		if (!at->kind)
			return n + 1;
		at++;
	}
	return -E2BIG;
}

/* The end of the pipeline: a file of the tree, or the terminal. */
static int sink(struct stage *stage, const char *text, size_t len)
{
	if (!stage->file) {
		console_write(text, len);
		return shell_interrupted() ? -EPIPE : 0;
	}
	while (len) {
		ssize_t took = tracefs_write(stage->file, text, len);

		if (took < 0) {
			stage->refused = took;
			return took;
		}
		text += took;
		len -= took;
	}
	return 0;
}

/* Was a filter given files? Then it reads them and not what comes by '|'. */
static bool has_files(const struct stage *stage)
{
	return stage->optind < stage->argc;
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
	if (!stage->next)
		return sink(stage, text, len);
	return has_files(stage->next) ? -EPIPE :
					stage_take(stage->next, text, len);
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

static int open_target(struct stage *stage)
{
	unsigned int flags = TRACEFS_WRITE;

	if (!stage->append)
		flags |= TRACEFS_TRUNC;
	return tracefs_open(shell_path(stage->target), flags, &stage->file);
}

/* Find the commands; all but the first must be able to filter. */
static int resolve(int n)
{
	int i;

	for (i = 0; i < n; i++) {
		stages[i].command = shell_command(stages[i].argv[0]);
		if (!stages[i].command) {
			shell_error(stages[i].argv[0], "command not found", 0);
			return -ENOENT;
		}
		if (i && stages[i].command->run != filter_run) {
			shell_error(stages[i].argv[0], "behind '|'", -EINVAL);
			return -EINVAL;
		}
		if (stages[i].target && i != n - 1) {
			shell_error(stages[i].argv[0], "'>' before '|'",
				    -EINVAL);
			return -EINVAL;
		}
	}
	return 0;
}

static int read_options(int n)
{
	int i, ret = 0;

	for (i = 0; i < n && !ret; i++)
		if (stages[i].command->options)
			ret = stages[i].command->options(&stages[i]);
	return ret;
}

/* What comes to a filter has ended: it reads its files, or says the rest. */
static int finish(struct stage *stage)
{
	return has_files(stage) ? stage->command->run(stage) : stage_end(stage);
}

/* Run the first stage, then let each filter say its last word. */
static int run_stages(int n)
{
	int i, ret = stages[0].command->run(&stages[0]);

	if (ret == -EPIPE)
		ret = 0;
	for (i = 1; i < n; i++) {
		int err = finish(&stages[i]);

		if (err && err != -EPIPE && !ret)
			ret = err;
	}
	return ret;
}

/* Run @n resolved stages with the last one's file open or none. */
static int run_to_target(struct stage *last, int n)
{
	int ret = last->target ? open_target(last) : 0, err;

	if (ret) {
		shell_error("shell", last->target, ret);
		return ret;
	}
	ret = run_stages(n);
	if (!last->file)
		return ret;
	err = tracefs_close(last->file);
	if (last->refused)
		err = last->refused;
	if (err)
		shell_error(last->argv[0], "write error", err);
	return ret ? ret : err;
}

static void syntax_error(int err)
{
	char text[48] = "syntax error";

	if (err == -E2BIG)
		scnprintf(text, sizeof(text), "more than %u commands",
			  SHELL_STAGES);
	shell_error("shell", text, err);
}

int shell_run_line(const char *line)
{
	int n, ret;

	if (line[strspn(line, " \t")] == '#')
		return 0;
	n = parse_line(line);
	if (n < 0)
		syntax_error(n);
	if (n <= 0)
		return n;
	ret = resolve(n);
	if (!ret)
		ret = read_options(n);
	return ret ? ret : run_to_target(&stages[n - 1], n);
}
