// SPDX-License-Identifier: MIT
/*
 * shell_filters.c - cat, head, grep and wc: the commands that filter text.
 *
 * Each reads the files in its arguments, or the text of the stage before it. An
 * error message names its file.
 */
#include "trace/shell/shell_filters.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"

#define READ_SIZE 1024

/*
 * Read @file to its end. Return: 0, with 0 or the errno of the read in *@bad;
 * -EPIPE no more is needed; or a write error.
 */
static int read_open(struct stage *stage, struct tracefs_file *file, int *bad)
{
	static char buf[READ_SIZE]; /* the shell is one task */
	ssize_t n;
	int ret = 0;

	while (!ret) {
		n = tracefs_read(file, buf, sizeof(buf));
		if (n == -EAGAIN)
			ret = shell_pause();
		else if (n > 0)
			ret = stage_take(stage, buf, n);
		else
			break;
		if (!ret && (shell_interrupted() ||
			     (file->node->read && shell_key_pressed())))
			ret = -EPIPE;
	}
	if (!ret)
		*bad = n;
	return ret;
}

/*
 * Read @path. If it cannot be read, print an error, set stage->bad and skip it.
 * Return: 0, -EPIPE, or a write error.
 */
static int read_file(struct stage *stage, const char *path)
{
	struct tracefs_file *file;
	int ret = 0, bad;

	if (shell_is_null(path))
		return 0;
	bad = tracefs_open(shell_path(path), TRACEFS_READ | TRACEFS_NONBLOCK,
			   &file);
	if (!bad) {
		ret = read_open(stage, file, &bad);
		tracefs_close(file);
	}
	if (bad) {
		shell_error(stage->argv[0], path, bad);
		stage->bad = bad;
	}
	return ret;
}

/* Read the file that '<' opened. Return: as read_file(). */
static int read_source(struct stage *stage)
{
	int bad = 0, ret = 0;

	if (stage->in)
		ret = read_open(stage, stage->in, &bad);
	if (bad) {
		shell_error(stage->argv[0], stage->source, bad);
		stage->bad = bad;
	}
	return ret;
}

/*
 * Read one of several files, each of which has an end of its own. Return: as
 * read_file().
 */
static int read_each(struct stage *stage, const char *path)
{
	int before = stage->bad, ret;

	stage->bad = 0;
	stage->path = path;
	ret = read_file(stage, path);
	if (!ret && !stage->bad)
		ret = stage_end(stage);
	stage->nr = stage->lines = stage->behind = 0;
	stage->left_out = true;
	if (before)
		stage->bad = before;
	return ret == -ENOENT ? 0 : ret;
}

/* Return: the errno of the last file that cannot be read, or grep's. */
static int run_each(struct stage *stage)
{
	int i, ret = 0;

	for (i = stage->optind; i < stage->argc && !ret; i++)
		ret = read_each(stage, stage->argv[i]);
	if (ret && ret != -EPIPE)
		return ret;
	if (stage->found && stage_option(stage, 'q'))
		return 0; /* as sh's grep, also after an error */
	return stage->bad ? stage->bad : stage->found ? 0 : -ENOENT;
}

int filter_run(struct stage *stage)
{
	int i, ret = 0;

	if (stage->command->each_file && stage->argc - stage->optind > 1)
		return run_each(stage);

	if (stage->optind == stage->argc && !stage->source) {
		shell_error(stage->argv[0], "which file?", -EINVAL);
		return -EINVAL;
	}
	if (stage->optind == stage->argc)
		ret = read_source(stage);
	for (i = stage->optind; i < stage->argc && !ret; i++)
		ret = read_file(stage, stage->argv[i]);
	if (stage->bad && stage->argc - stage->optind <= 1)
		return stage->bad; /* no file was read: print no counts */
	if (!ret || ret == -EPIPE)
		ret = stage_end(stage);
	return ret ? ret : stage->bad;
}

/* A trace that the user sees and that has no event gets a hint. */
static int cat_end(struct stage *stage)
{
	const char *path = stage->argv[stage->optind], *hint = NULL;

	if (!stage->next && !stage->target && stage->argc == stage->optind + 1)
		hint = shell_hint_empty(path);
	if (hint)
		shell_error(path, hint, 0);
	return 0;
}

SHELL_COMMAND(cat, .usage = "cat [FILE...]", .paths = true, .letters = "",
	      .run = filter_run, .end = cat_end,
	      .help = "print files of the control tree");

int filter_limit(struct stage *stage)
{
	stage->limit = 10;
	return shell_number(stage, 'n', &stage->limit);
}

static int head_line(struct stage *stage, const char *text, size_t len)
{
	int ret;

	if (stage->lines == stage->limit)
		return -EPIPE;
	ret = stage_put(stage, text, len);
	if (!ret && text[len - 1] == '\n')
		stage->lines++;
	return !ret && stage->lines == stage->limit ? -EPIPE : ret;
}

SHELL_COMMAND(head, .usage = "head [-n N] [FILE]", .paths = true,
	      .one_file = true, .letters = "n:", .options = filter_limit,
	      .run = filter_run, .line = head_line, .help = "the first lines");

/* Return: 0, or -EINVAL if grep does not support the whole pattern. */
static int compile(struct stage *stage, const char *pattern, unsigned int flags)
{
	static char text[LINE_ROOM + 80];
	const char *wrong = regex_compile(&stage->regex, pattern, flags);

	if (!wrong)
		return 0;
	scnprintf(text, sizeof(text), "%s: %s", pattern, wrong);
	shell_error("grep", text, 0);
	return -EINVAL;
}

/* grep [-vcqinE] [-A N] PATTERN */
static int grep_options(struct stage *stage)
{
	unsigned int flags = 0;

	if (shell_number(stage, 'A', &stage->after))
		return -EINVAL;
	flags |= stage_option(stage, 'i') ? REGEX_IGNORE_CASE : 0;
	flags |= stage_option(stage, 'E') ? REGEX_EXTENDED : 0;
	if (stage->optind == stage->argc) {
		shell_error("grep", "which pattern?", -EINVAL);
		return -EINVAL;
	}
	return compile(stage, stage->argv[stage->optind++], flags);
}

/* Print a line that matched (@sign ':') or stands behind one ('-'). */
static int grep_print(struct stage *stage, char sign, const char *text,
		      size_t len)
{
	int ret = 0;

	if (stage->path)
		ret = stage_printf(stage, "%s%c", stage->path, sign);
	if (!ret && stage_option(stage, 'n'))
		ret = stage_printf(stage, "%lu%c", stage->nr, sign);
	return ret ? ret : stage_put(stage, text, len);
}

static int grep_line(struct stage *stage, const char *text, size_t len)
{
	bool first = !stage->found;
	int ret = 0;

	stage->nr++;
	if (regex_match(&stage->regex, text, len) ==
	    !!stage_option(stage, 'v')) {
		if (!stage->behind) {
			stage->left_out = true;
			return 0;
		}
		stage->behind--;
		return grep_print(stage, '-', text, len);
	}
	stage->lines++;
	stage->found = true;
	if (stage_option(stage, 'q'))
		return -EPIPE;
	if (stage_option(stage, 'c'))
		return 0;
	if (stage->after && !first && stage->left_out)
		ret = stage_put(stage, "--\n", 3);
	stage->behind = stage->after;
	stage->left_out = false;
	return ret ? ret : grep_print(stage, ':', text, len);
}

/* A grep that found nothing fails, as in every shell. */
static int grep_end(struct stage *stage)
{
	int ret = 0;

	if (stage_option(stage, 'c') && !stage_option(stage, 'q'))
		ret = stage_printf(stage, "%s%s%lu\n", stage->path ?: "",
				   stage->path ? ":" : "", stage->lines);
	return ret ? ret : stage->lines ? 0 : -ENOENT;
}

SHELL_COMMAND(grep, .usage = "grep [-vcqinE] [-A N] PATTERN [FILE...]",
	      .paths = true, .each_file = true,
	      .letters = "vcqinEA:", .options = grep_options, .run = filter_run,
	      .line = grep_line, .end = grep_end,
	      .help = "lines that match a regular expression");

static int wc_line(struct stage *stage, const char *text, size_t len)
{
	bool blank = true;
	size_t i;

	for (i = 0; i < len; i++) {
		bool space = strchr(" \t\n", text[i]);

		stage->words += blank && !space;
		blank = space;
		stage->lines += text[i] == '\n';
	}
	stage->bytes += len;
	return 0;
}

static int wc_end(struct stage *stage)
{
	bool named = stage->optind < stage->argc;
	const char *path = named ? stage->argv[stage->optind] : "";
	const char *before = named ? " " : "";

	if (stage_option(stage, 'l'))
		return stage_printf(stage, "%lu%s%s\n", stage->lines, before,
				    path);
	/* A pipe has no size, from which the width would follow. */
	return stage_printf(stage,
			    named || stage->source ? "%lu %lu %lu%s%s\n" :
						     "%7lu %7lu %7lu%s%s\n",
			    stage->lines, stage->words, stage->bytes, before,
			    path);
}

SHELL_COMMAND(wc, .usage = "wc [-l] [FILE]", .paths = true, .one_file = true,
	      .letters = "l", .run = filter_run, .line = wc_line, .end = wc_end,
	      .help = "count lines, words and bytes");
