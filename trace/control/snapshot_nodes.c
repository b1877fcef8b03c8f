// SPDX-License-Identifier: MIT
/*
 * snapshot_nodes.c - snapshot, snapshot and snapshot_raw of each CPU, and
 * tracing_max_latency, whose events are kept in the snapshot.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/nodes.h"
#include "trace/trace_snapshot.h"

/* Opening it for writing alone changes nothing, as on Linux. */
static int snapshot_open(struct tracefs_file *file)
{
	if (!(file->flags & TRACEFS_READ))
		return 0;
	file->private = trace_snapshot_open(file_trace(file), node_cpu(file));
	return IS_ERR(file->private) ? PTR_ERR(file->private) : 0;
}

/* Free it. A CPU's alone cannot be freed. */
static int free_it(struct tracefs_file *file)
{
	file->error_text = "only the snapshot of all CPUs can be freed";
	if (node_cpu(file) != TRACE_CPU_ALL)
		return -EINVAL;
	tracing_free_snapshot(file_trace(file));
	return 0;
}

/* The spare buffer is allocated by the first snapshot. */
static int take_it(struct tracefs_file *file)
{
	struct trace_array *tr = file_trace(file);
	int err = tracing_alloc_snapshot(tr);

	if (err)
		return err;
	return node_cpu(file) == TRACE_CPU_ALL ?
		       tracing_snapshot(tr) :
		       tracing_snapshot_cpu(tr, node_cpu(file));
}

/*
 * 0 frees, 1 takes, any other number empties. A tracer that keeps its longest
 * time there owns the snapshot: -EBUSY.
 */
static ssize_t snapshot_write(struct tracefs_file *file, const char *buf,
			      size_t len)
{
	u64 n;
	int ret = node_number(file, buf, len, &n);

	if (ret)
		return ret;
	if (trace_current_tracer(file_trace(file))->keeps_max)
		return -EBUSY;
	if (n == 0)
		ret = free_it(file);
	else if (n == 1)
		ret = take_it(file);
	else
		trace_snapshot_clear(file_trace(file), node_cpu(file));
	return ret ? ret : (ssize_t)len;
}

/* ---- snapshot_raw -------------------------------------------------------- */

/* A page, and how much of its end is not read yet. */
struct snapshot_raw {
	struct ring_buffer_page page;
	size_t left;
};

/* The trace is in use while the file is open, so it is not destroyed. */
static int raw_open(struct tracefs_file *file)
{
	if (trace_current_tracer(file_trace(file))->keeps_max)
		return -EBUSY;
	file->private = kzalloc(sizeof(struct snapshot_raw));
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

/* It ends: no event is added to a snapshot. */
static ssize_t raw_read(struct tracefs_file *file, char *buf, size_t len)
{
	struct snapshot_raw *raw = file->private;
	ssize_t n;

	if (!raw->left) {
		n = trace_snapshot_read_raw(file_trace(file), node_cpu(file),
					    &raw->page);
		if (n == -EAGAIN)
			return file->flags & TRACEFS_NONBLOCK ? n : 0;
		raw->left = n;
	}
	len = min(len, raw->left);
	memcpy(buf, (char *)&raw->page + RB_PAGE_SIZE - raw->left, len);
	raw->left -= len;
	return len;
}

/* ---- tracing_max_latency ------------------------------------------------- */

/* In microseconds, rounded down. */
static int max_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%llu\n",
			 READ_ONCE(file_trace(file)->max.ns) / 1000);
	return 0;
}

/* Microseconds; most often 0, to find the longest from now on. */
static ssize_t max_write(struct tracefs_file *file, const char *buf, size_t len)
{
	u64 us;
	int ret = node_number(file, buf, len, &us);

	if (ret)
		return ret;
	WRITE_ONCE(file_trace(file)->max.ns, us * 1000);
	return len;
}

/* A trace in memory that survives a reset has no snapshot, as on Linux. */
static bool in_heap(const struct tracefs_path *dir)
{
	return !node_persists(dir);
}

static const struct tracefs_node snapshot_nodes[] = {
	{ .name = "snapshot",
	  .exists = in_heap,
	  .mode = 0640,
	  .open = snapshot_open,
	  .show = trace_file_show,
	  .write = snapshot_write,
	  .release = trace_file_release },
	{ .name = "tracing_max_latency",
	  .mode = 0640,
	  .show = max_show,
	  .write = max_write },
};
TRACEFS_FILES(30, trace_dir, snapshot_nodes);

static const struct tracefs_node cpu_snapshot_nodes[] = {
	{ .name = "snapshot",
	  .exists = in_heap,
	  .mode = 0640,
	  .open = snapshot_open,
	  .show = trace_file_show,
	  .write = snapshot_write,
	  .release = trace_file_release },
	{ .name = "snapshot_raw",
	  .exists = in_heap,
	  .mode = 0440,
	  .open = raw_open,
	  .read = raw_read,
	  .release = raw_release },
};
TRACEFS_FILES(30, cpu_dir, cpu_snapshot_nodes);
