// SPDX-License-Identifier: MIT
/*
 * shell_lines.c - tail, sort, uniq and cut: filters that keep whole lines.
 *
 * A line may come in several pieces (SHELL_TEXT); keep() joins them. The kept
 * lines belong to the stage, and the pipeline's end frees them.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/shell/shell.h"
#include "trace/shell/shell_filters.h"

static bool whole(const struct kept_line *line)
{
	return line->text[line->len - 1] == '\n';
}

static void drop_first(struct stage *stage)
{
	struct kept_line *line = stage->first;

	stage->first = line->next;
	if (!stage->first)
		stage->last = NULL;
	stage->kept--;
	kfree(line);
}

void stage_forget(struct stage *stage)
{
	while (stage->first)
		drop_first(stage);
}

/* The last line is not whole: append a piece of it. */
static int extend_last(struct stage *stage, const char *text, size_t len)
{
	struct kept_line *line = stage->last, **at = &stage->first;

	while (*at != line)
		at = &(*at)->next;
	line = krealloc(line, sizeof(*line) + line->len + len);
	if (!line)
		return -ENOMEM;
	*at = stage->last = line;
	memcpy(line->text + line->len, text, len);
	line->len += len;
	return 0;
}

/* Keep a piece of the input. Return: 0; -ENOMEM after an error message. */
static int keep(struct stage *stage, const char *text, size_t len)
{
	struct kept_line *line = NULL;

	if (stage->last && !whole(stage->last)) {
		if (!extend_last(stage, text, len))
			return 0;
	} else {
		line = kmalloc(sizeof(*line) + len);
	}
	if (!line) {
		shell_error(stage->argv[0], NULL, -ENOMEM);
		return -ENOMEM;
	}
	line->next = NULL;
	line->len = len;
	memcpy(line->text, text, len);
	if (stage->last)
		stage->last->next = line;
	else
		stage->first = line;
	stage->last = line;
	stage->kept++;
	return 0;
}

static int put_kept(struct stage *stage)
{
	const struct kept_line *line;
	int ret = 0;

	for (line = stage->first; line && !ret; line = line->next)
		ret = stage_put(stage, line->text, line->len);
	return ret;
}

/* tail -n +N: from line N on, and nothing is kept. */
static int put_from(struct stage *stage, const char *text, size_t len)
{
	bool wanted = stage->lines + 1 >= stage->limit;

	stage->lines += text[len - 1] == '\n';
	return wanted ? stage_put(stage, text, len) : 0;
}

static int tail_line(struct stage *stage, const char *text, size_t len)
{
	const char *n = stage_option(stage, 'n');
	int ret;

	if (n && *n == '+')
		return put_from(stage, text, len);
	ret = keep(stage, text, len);
	while (!ret && stage->kept > stage->limit && whole(stage->last))
		drop_first(stage);
	return ret;
}

static int tail_end(struct stage *stage)
{
	while (stage->kept > stage->limit)
		drop_first(stage);
	return put_kept(stage);
}

SHELL_COMMAND(tail, .usage = "tail [-n [+]N] [FILE]", .paths = true,
	      .one_file = true, .letters = "n:", .options = filter_limit,
	      .run = filter_run, .line = tail_line, .end = tail_end,
	      .help = "the last lines");

/* ---- sort ---- */

/* The text of a line without its newline. */
static size_t length(const struct kept_line *line)
{
	return line->len - whole(line);
}

/* The whole number at the start of a line; 0 if there is none. */
static s64 number(const struct kept_line *line)
{
	size_t i = 0, n = length(line);
	bool minus;
	s64 value = 0;

	while (i < n && strchr(" \t", line->text[i]))
		i++;
	minus = i < n && line->text[i] == '-';
	for (i += minus; i < n && isdigit(line->text[i]); i++)
		if (value < (1LL << 59))
			value = value * 10 + line->text[i] - '0';
	return minus ? -value : value;
}

static int compare_text(const struct kept_line *a, const struct kept_line *b)
{
	size_t n = length(a), m = length(b);
	int order = memcmp(a->text, b->text, min(n, m));

	return order ? order : n < m ? -1 : n > m;
}

static int compare(const struct stage *stage, const struct kept_line *a,
		   const struct kept_line *b)
{
	bool numeric = stage_option(stage, 'n');
	s64 x = numeric ? number(a) : 0;
	s64 y = numeric ? number(b) : 0;
	int order = x < y ? -1 : x > y;

	if (!order && !(numeric && stage_option(stage, 'u')))
		order = compare_text(a, b);
	return stage_option(stage, 'r') ? -order : order;
}

/* Merge two sorted lists; of equal lines @a's come first. */
static struct kept_line *merge(const struct stage *stage, struct kept_line *a,
			       struct kept_line *b)
{
	struct kept_line *first = NULL, **end = &first;

	while (a && b) {
		struct kept_line **from = compare(stage, a, b) <= 0 ? &a : &b;

		*end = *from;
		end = &(*end)->next;
		*from = (*from)->next;
	}
	*end = a ? a : b;
	return first;
}

#define SORT_RUNS 40 /* run number i has 2^i lines */

static struct kept_line *sorted(const struct stage *stage)
{
	struct kept_line *run[SORT_RUNS] = { 0 }, *line, *next;
	unsigned int i;

	for (line = stage->first; line; line = next) {
		next = line->next;
		line->next = NULL;
		for (i = 0; run[i]; i++) {
			line = merge(stage, run[i], line);
			run[i] = NULL;
		}
		run[i] = line;
	}
	for (i = 0, line = NULL; i < SORT_RUNS; i++)
		line = merge(stage, run[i], line);
	return line;
}

static int put_line(struct stage *stage, const struct kept_line *line)
{
	int ret = stage_put(stage, line->text, line->len);

	return ret || whole(line) ? ret : stage_put(stage, "\n", 1);
}

static int sort_end(struct stage *stage)
{
	const struct kept_line *line, *last = NULL;
	int ret = 0;

	stage->first = stage->last = sorted(stage);
	for (line = stage->first; line && !ret; line = line->next) {
		if (!stage_option(stage, 'u') || !last ||
		    compare(stage, last, line))
			ret = put_line(stage, line);
		last = line;
	}
	return ret;
}

SHELL_COMMAND(sort, .usage = "sort [-rnu] [FILE...]", .paths = true,
	      .letters = "rnu", .run = filter_run, .line = keep,
	      .end = sort_end, .help = "lines in order; n: by their number");

/* ---- uniq ---- */

/* Print the first kept line with how often it came. */
static int uniq_put(struct stage *stage)
{
	int ret = 0;

	if (stage_option(stage, 'c'))
		ret = stage_printf(stage, "%7lu ", stage->nr + 1);
	if (!ret)
		ret = put_line(stage, stage->first);
	stage->nr = 0;
	return ret;
}

/* Two lines are kept: is the second another one? */
static int uniq_step(struct stage *stage)
{
	unsigned long nr = stage->nr + 1;
	bool same = !compare_text(stage->first, stage->last);
	int ret = same ? 0 : uniq_put(stage);

	drop_first(stage);
	if (same)
		stage->nr = nr;
	return ret;
}

static int uniq_line(struct stage *stage, const char *text, size_t len)
{
	int ret = keep(stage, text, len);

	if (!ret && stage->kept == 2 && whole(stage->last))
		ret = uniq_step(stage);
	return ret;
}

static int uniq_end(struct stage *stage)
{
	int ret = 0;

	if (stage->kept == 2)
		ret = uniq_step(stage);
	return ret || !stage->kept ? ret : uniq_put(stage);
}

SHELL_COMMAND(uniq, .usage = "uniq [-c] [FILE]", .paths = true,
	      .one_file = true, .letters = "c", .run = filter_run,
	      .line = uniq_line, .end = uniq_end,
	      .help = "without repeated lines; c: count them");

/* ---- cut ---- */

/* Read a column at *@text; 1 to 64. Return: 0 if there is none. */
static unsigned int column(const char **text)
{
	unsigned int n = 0;

	while (isdigit(**text) && n <= 64)
		n = n * 10 + *(*text)++ - '0';
	return n <= 64 ? n : 0;
}

/* Read a list of columns, as 1,3-5,7-. Return: 0; -EINVAL after a message. */
static int cut_columns(struct stage *stage, const char *at)
{
	unsigned int from, to;

	for (;; at++) {
		from = *at == '-' ? 1 : column(&at);
		to = from;
		if (*at == '-') {
			at++;
			to = isdigit(*at) ? column(&at) : 64;
		}
		if (!from || to < from || (*at && *at != ','))
			break;
		for (; from <= to; from++)
			stage->columns |= 1ULL << (from - 1);
		if (!*at)
			return 0;
	}
	shell_error("cut", stage_option(stage, 'f'), -EINVAL);
	return -EINVAL;
}

/* cut -f LIST [-d C] */
static int cut_options(struct stage *stage)
{
	const char *columns = stage_option(stage, 'f');
	const char *delimiter = stage_option(stage, 'd') ?: "\t";

	stage->delimiter = delimiter[0];
	if (strlen(delimiter) != 1)
		shell_error("cut", "-d takes one character", -EINVAL);
	else if (!columns)
		shell_error("cut", "which columns? -f LIST", -EINVAL);
	else
		return cut_columns(stage, columns);
	return -EINVAL;
}

/* Print the chosen columns of the kept line, and drop it. */
static int cut_put(struct stage *stage)
{
	const char *text = stage->first->text;
	size_t left = length(stage->first), n;
	const char *end = memchr(text, stage->delimiter, left);
	unsigned int at;
	bool put = false;
	int ret = 0;

	if (!end)
		ret = stage_put(stage, text, left);
	for (at = 0; end && !ret; at++) {
		end = memchr(text, stage->delimiter, left);
		n = end ? (size_t)(end - text) : left;
		left -= end ? n + 1 : n;
		if (stage->columns >> min(at, 63U) & 1) {
			if (put)
				ret = stage_put(stage, &stage->delimiter, 1);
			if (!ret && n)
				ret = stage_put(stage, text, n);
			put = true;
		}
		text = end ? end + 1 : NULL;
	}
	drop_first(stage);
	return ret ? ret : stage_put(stage, "\n", 1);
}

static int cut_line(struct stage *stage, const char *text, size_t len)
{
	int ret = keep(stage, text, len);

	return ret || !whole(stage->last) ? ret : cut_put(stage);
}

static int cut_end(struct stage *stage)
{
	return stage->kept ? cut_put(stage) : 0;
}

SHELL_COMMAND(cut, .usage = "cut -f LIST [-d C] [FILE...]", .paths = true,
	      .letters = "f:d:", .options = cut_options, .run = filter_run,
	      .line = cut_line, .end = cut_end,
	      .help = "columns of lines, as -f 1,3-5");
