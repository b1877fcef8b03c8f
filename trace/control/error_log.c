// SPDX-License-Identifier: MIT
/*
 * error_log.c - keep the last refused writes for the file error_log.
 *
 * Owns the content of a trace's ring of eight errors. Each holds the input and
 * the offset of the wrong part. The format is Linux's, so that scripts find the
 * caret.
 */
#include "trace/control/error_log.h"

#include "kernel/base/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "trace/control/nodes.h"
#include "trace/trace.h"

/* If the input is too long to quote whole, the quote has at least this many
 * bytes from the start of the wrong part on. */
#define QUOTE_BEHIND 64
/* The caret may stand behind the input: what is wrong is its end. */
#define CARET_BEHIND 2

static_assert(TRACE_ERROR_PATH >= TRACEFS_PATH_MAX, "no path is cut");

static DEFINE_MUTEX(lock);    /* for all logs */
static const char *last_text; /* [lock] see error_log_last() */

const char *errno_sentence(int err)
{
	static const struct {
		int err;
		const char *text;
	} table[] = {
		{ EPERM, "Operation not permitted" },
		{ ENOENT, "No such file or directory" },
		{ E2BIG, "Argument list too long" },
		{ EBADF, "Bad file descriptor" },
		{ EAGAIN, "Resource temporarily unavailable" },
		{ ENOMEM, "Cannot allocate memory" },
		{ EACCES, "Permission denied" },
		{ EEXIST, "File exists" },
		{ EBUSY, "Device or resource busy" },
		{ ENODEV, "No such device" },
		{ ENOTDIR, "Not a directory" },
		{ EISDIR, "Is a directory" },
		{ EINVAL, "Invalid argument" },
		{ ENOSPC, "No space left on device" },
		{ ENAMETOOLONG, "File name too long" },
		{ EILSEQ, "Invalid or incomplete multibyte or wide character" },
		{ EOPNOTSUPP, "Operation not supported" },
		{ ERANGE, "Numerical result out of range" },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (table[i].err == -err)
			return table[i].text;
	return "Unknown error";
}

/* Return: the start of the line that has offset @at. */
static size_t line_start(const char *buf, size_t at)
{
	while (at && buf[at - 1] != '\n')
		at--;
	return at;
}

/* Return: the start of the quoted part; the wrong part starts at @at. */
static size_t quote_start(const char *buf, size_t at)
{
	size_t from = line_start(buf, at);

	/* Quote only the part of a long line around @at. */
	return at - from < TRACE_ERROR_INPUT - QUOTE_BEHIND ?
		       from :
		       at - (TRACE_ERROR_INPUT - QUOTE_BEHIND);
}

void error_log_add(const struct tracefs_file *file, const char *buf, size_t len,
		   int err)
{
	size_t i, at = file->error_at, from;
	struct trace_errors *log = &file_trace(file)->errors;
	struct trace_error *e;

	if (file->error_quote[0]) {
		buf = file->error_quote;
		len = strlen(buf);
		at = 0;
	}
	if (file->error_command) {
		buf = file->error_command;
		len = strlen(buf);
		at = file->error_at;
	}
	/* The end of the line is not quoted, but may be what is wrong. */
	if (len && buf[len - 1] == '\n')
		len--;
	at = min(at, len + CARET_BEHIND);
	from = quote_start(buf, min(at, len));
	buf += from;
	len -= from;
	mutex_lock(&lock);
	e = &log->error[log->count++ % TRACE_ERRORS];
	e->time_ns = ktime_ns();
	strscpy(e->where, file->error_where ?: file->path, sizeof(e->where));
	e->text = file->error_text ? file->error_text : errno_sentence(err);
	e->at = at - from;
	last_text = e->text;
	/* Keep one line of printable characters of any input. */
	for (i = 0; i < len && i < TRACE_ERROR_INPUT - 1 && buf[i] != '\n'; i++)
		e->input[i] = buf[i] < ' ' || buf[i] > '~' ? '.' : buf[i];
	e->input[i] = '\0';
	mutex_unlock(&lock);
}

void error_log_show(struct trace_array *tr, struct trace_seq *seq)
{
	const struct trace_errors *log = &tr->errors;
	unsigned int i;

	mutex_lock(&lock);
	i = log->count > TRACE_ERRORS ? log->count - TRACE_ERRORS : 0;
	for (; i < log->count; i++) {
		const struct trace_error *e = &log->error[i % TRACE_ERRORS];

		trace_seq_printf(seq, "[%5llu.%06u] %s: error: %s\n",
				 e->time_ns / 1000000000,
				 (u32)(e->time_ns % 1000000000 / 1000),
				 e->where, e->text);
		trace_seq_printf(seq, "  Command: %s\n", e->input);
		trace_seq_fill(seq, ' ', strlen("  Command: ") + e->at);
		trace_seq_puts(seq, "^\n");
	}
	mutex_unlock(&lock);
}

const char *error_log_last(void)
{
	const char *text;

	mutex_lock(&lock);
	text = last_text;
	mutex_unlock(&lock);
	return text;
}

void error_log_clear(struct trace_array *tr)
{
	mutex_lock(&lock);
	tr->errors.count = 0;
	last_text = NULL;
	mutex_unlock(&lock);
}
