// SPDX-License-Identifier: MIT
/*
 * shell_filters.c - cat, head, grep and wc: the commands that filter text.
 *
 * Each reads the files in its arguments, or the text of the stage before it. An
 * error message names its file.
 */
#include "trace/shell/shell_filters.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"
#include "trace/shell/grep_match.h"

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
	int ret = 0;
	int bad = tracefs_open(shell_path(path),
			       TRACEFS_READ | TRACEFS_NONBLOCK, &file);

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
	int bad = 0, ret = read_open(stage, stage->in, &bad);

	if (bad) {
		shell_error(stage->argv[0], stage->source, bad);
		stage->bad = bad;
	}
	return ret;
}

int filter_run(struct stage *stage)
{
	int i, ret = 0;

	if (stage->optind == stage->argc && !stage->in) {
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

static int bad_option(struct stage *stage)
{
	shell_error(stage->argv[0], stage->argv[stage->optind], -EINVAL);
	return -EINVAL;
}

int cat_options(struct stage *stage)
{
	stage->optind = 1;
	return 0;
}

/* head [-n N | -N] */
int head_options(struct stage *stage)
{
	const char *text;
	u64 n;

	stage->limit = 10;
	stage->optind = 1;
	if (stage->argc < 2 || stage->argv[1][0] != '-')
		return 0;
	text = stage->argv[1] + 1;
	if (!strcmp(text, "n")) {
		if (stage->argc < 3)
			return bad_option(stage);
		text = stage->argv[2];
		stage->optind = 2;
	} else if (*text == 'n') {
		text++;
	}
	if (kstrtoull(text, 10, &n))
		return bad_option(stage);
	stage->limit = n;
	stage->optind++;
	return 0;
}

int head_line(struct stage *stage, const char *text, size_t len)
{
	int ret;

	if (stage->lines == stage->limit)
		return -EPIPE;
	ret = stage_put(stage, text, len);
	if (!ret && text[len - 1] == '\n')
		stage->lines++;
	return !ret && stage->lines == stage->limit ? -EPIPE : ret;
}

/* Set the options after a '-'. Return: false if grep lacks one of them. */
static bool grep_letters(struct stage *stage, const char *letters)
{
	stage->invert |= strchr(letters, 'v') != NULL;
	stage->count_only |= strchr(letters, 'c') != NULL;
	stage->quiet |= strchr(letters, 'q') != NULL;
	return !letters[strspn(letters, "vcq")];
}

/* Return: 0, or -EINVAL if grep does not support the whole pattern. */
static int refuse_pattern(const char *pattern)
{
	static char text[LINE_ROOM + 80];
	const char *wrong = grep_refusal(pattern);

	if (!wrong)
		return 0;
	scnprintf(text, sizeof(text), "%s: %s", pattern, wrong);
	shell_error("grep", text, 0);
	return -EINVAL;
}

/* grep [-vcq] PATTERN */
int grep_options(struct stage *stage)
{
	const char *word;

	for (stage->optind = 1; stage->optind < stage->argc; stage->optind++) {
		word = stage->argv[stage->optind];
		if (word[0] != '-' || !word[1])
			break;
		if (!grep_letters(stage, word + 1))
			return bad_option(stage);
	}
	if (stage->optind == stage->argc) {
		shell_error("grep", "which pattern?", -EINVAL);
		return -EINVAL;
	}
	stage->pattern = stage->argv[stage->optind++];
	return refuse_pattern(stage->pattern);
}

int grep_line(struct stage *stage, const char *text, size_t len)
{
	if (grep_match(stage->pattern, text, len) == stage->invert)
		return 0;
	stage->lines++;
	if (stage->quiet)
		return -EPIPE;
	return stage->count_only ? 0 : stage_put(stage, text, len);
}

/* A grep that found nothing fails, as in every shell. */
int grep_end(struct stage *stage)
{
	int ret = 0;

	if (stage->count_only && !stage->quiet)
		ret = stage_printf(stage, "%lu\n", stage->lines);
	return ret ? ret : stage->lines ? 0 : -ENOENT;
}

int wc_line(struct stage *stage, const char *text, size_t len)
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

/* wc [-l] */
int wc_options(struct stage *stage)
{
	stage->optind = 1;
	if (stage->argc > 1 && stage->argv[1][0] == '-') {
		if (strcmp(stage->argv[1], "-l"))
			return bad_option(stage);
		stage->count_only = true;
		stage->optind = 2;
	}
	return 0;
}

int wc_end(struct stage *stage)
{
	if (stage->count_only)
		return stage_printf(stage, "%lu\n", stage->lines);
	return stage_printf(stage, "%7lu %7lu %7lu\n", stage->lines,
			    stage->words, stage->bytes);
}
