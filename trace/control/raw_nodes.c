// SPDX-License-Identifier: MIT
/*
 * raw_nodes.c - trace_pipe_raw of each CPU, and buffer_percent.
 *
 * While tracing is on, a read of two pages or more takes complete pages only:
 * as many as there are, else it waits until the buffer is filled to
 * buffer_percent, as Linux's splice does. So a recorder does not write pages
 * with a few events each. A read of one page takes what there is, and with
 * tracing off so does every read, so that nothing remains.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/nodes.h"
#include "trace/trace.h"

/* The page of a reader that reads less than a page, and its unread rest. */
struct raw_reader {
	char page[RB_PAGE_SIZE];
	size_t left;
	bool waits; /* this read has found no complete page */
};

static int raw_open(struct tracefs_file *file)
{
	file->private = kzalloc(sizeof(struct raw_reader));
	if (!file->private)
		return -ENOMEM;
	trace_use(file_trace(file));
	return 0;
}

static int raw_release(struct tracefs_file *file)
{
	trace_unuse(file_trace(file));
	kfree(file->private);
	return 0;
}

/* Of one page, or the rest of one. */
static ssize_t raw_next(struct tracefs_file *file, char *buf, size_t len)
{
	struct raw_reader *raw = file->private;
	bool whole = !raw->left && len >= RB_PAGE_SIZE;
	ssize_t n = 0;

	if (!raw->left)
		n = trace_read_raw(file_trace(file), node_cpu(file),
				   whole ? (void *)buf : (void *)raw->page,
				   false);
	if (n < 0 || whole)
		return n;
	raw->left += n;
	len = min(len, raw->left);
	memcpy(buf, raw->page + RB_PAGE_SIZE - raw->left, len);
	raw->left -= len;
	return len;
}

/* As many pages as there are and fit; after none, only once enough are full. */
static ssize_t raw_pages(struct tracefs_file *file, char *buf, size_t len)
{
	struct raw_reader *raw = file->private;
	bool full = trace_is_on(file_trace(file));
	size_t done = 0;

	if ((raw->waits || file->flags & TRACEFS_WAITS) && full &&
	    !trace_raw_full(file_trace(file), node_cpu(file)))
		return -EAGAIN;
	while (len - done >= RB_PAGE_SIZE &&
	       trace_read_raw(file_trace(file), node_cpu(file),
			      (void *)(buf + done), full) > 0)
		done += RB_PAGE_SIZE;
	raw->waits = !done;
	return done ? (ssize_t)done : -EAGAIN;
}

static ssize_t raw_read(struct tracefs_file *file, char *buf, size_t len)
{
	struct raw_reader *raw = file->private;

	raw->waits = false;
	if (raw->left || len < 2 * RB_PAGE_SIZE)
		return node_stream_read(file, buf, len, raw_next);
	return node_stream_read(file, buf, len, raw_pages);
}

static bool raw_poll(struct tracefs_file *file)
{
	const struct raw_reader *raw = file->private;

	return raw->left || node_stream_ended(file) ||
	       trace_readable_raw(file_trace(file), node_cpu(file));
}

static const struct tracefs_node raw_nodes[] = {
	{ .name = "trace_pipe_raw",
	  .mode = 0440,
	  .open = raw_open,
	  .read = raw_read,
	  .poll = raw_poll,
	  .release = raw_release },
};
TRACEFS_FILES(20, cpu_dir, raw_nodes);

/* ---- buffer_percent ------------------------------------------------------ */

static int percent_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%u\n",
			 READ_ONCE(file_trace(file)->buffer_percent));
	return 0;
}

static ssize_t percent_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	u64 n;
	int ret = node_number(file, buf, len, &n);

	if (ret)
		return ret;
	file->error_text = "from 0 to 100";
	if (n > 100)
		return -EINVAL;
	WRITE_ONCE(file_trace(file)->buffer_percent, n);
	return len;
}

static const struct tracefs_node percent_nodes[] = {
	{ .name = "buffer_percent",
	  .mode = 0640,
	  .show = percent_show,
	  .write = percent_write },
};
TRACEFS_FILES(40, trace_dir, percent_nodes);
