// SPDX-License-Identifier: MIT
/*
 * Writes to files of the control tree: first byte chooses file and open
 * flags, the others are written in pieces. Whatever comes: no write takes
 * more than it got, what is refused is in error_log, filters apply at close,
 * and reading a selection and writing it back gives the same selection.
 *
 * host-sources: trace/interface/tracefs.c trace/interface/error_log.c
 * host-sources: trace/interface/nodes.c trace/interface/hash_edit.c
 * host-sources: trace/interface/filter_nodes.c trace/trace_seq.c
 * host-sources: trace/ftrace.c trace/ftrace_check.c trace/ftrace_direct.c
 * host-sources: trace/ftrace_filter.c trace/ftrace_hash.c trace/ftrace_list.c
 * host-sources: trace/ftrace_pid.c trace/ftrace_plan.c trace/ftrace_rec.c
 * host-sources: trace/ftrace_register.c trace/ftrace_set.c trace/ftrace_share.c
 * host-sources: trace/ftrace_show.c arch/x86_64/insn.c kernel/fail.c
 */
#include "kernel/clock.h"
#include "kernel/lib/errno.h"
#include "kernel/panic.h"
#include "tests/fuzz/fuzz.h"
#include "tests/host/sites.h"
#include "trace/ftrace.h"
#include "trace/interface/nodes.h"
#include "trace/trace.h"

static const char *const names[] = {
	"a",	    "aa",   "ab",	"alloc_page", "alloc_pages",
	"b",	    "ba",   "do_exit",	"free_page",  "page_alloc",
	"schedule", "try0", "x.isra.0", "z9",
};

struct trace_array trace_top_array;
static struct ftrace_ops stack_ops;

struct ftrace_ops *stack_tracer_ops(void)
{
	return &stack_ops;
}

u64 ktime_ns(void)
{
	return 12345678901;
}

/* The other tables are not under test here. */
const struct tracefs_node tracer_nodes[] = { { .path = NULL } };
const struct tracefs_node graph_nodes[] = { { .path = NULL } };
const struct tracefs_node buffer_nodes[] = { { .path = NULL } };
const struct tracefs_node stack_nodes[] = { { .path = NULL } };
const struct tracefs_node event_nodes[] = { { .path = NULL } };

static const char *const files[] = {
	"set_ftrace_filter",
	"set_ftrace_notrace",
	"set_ftrace_pid",
	"stack_trace_filter",
};

static size_t read_all(const char *path, char *buf, size_t room)
{
	struct tracefs_file *file;
	size_t len = 0;
	ssize_t n;

	BUG_ON(tracefs_open(path, TRACEFS_READ, &file));
	while ((n = tracefs_read(file, buf + len, room - len)) > 0)
		len += n;
	BUG_ON(n || len == room);
	BUG_ON(tracefs_close(file));
	return len;
}

/*
 * Write @len bytes in pieces of @piece, reading between them if @flags say so.
 * Return: the first error.
 */
static int write_all(const char *path, unsigned int flags, const char *text,
		     size_t len, size_t piece)
{
	struct tracefs_file *file;
	char some[50];
	int ret = 0, err;

	BUG_ON(tracefs_open(path, flags, &file));
	while (len && !ret) {
		size_t part = min(len, piece);
		ssize_t n = tracefs_write(file, text, part);

		BUG_ON(n == 0 || n > (ssize_t)part);
		if (n < 0) {
			BUG_ON(file->error_at >= part && part > 1);
			ret = n;
		} else {
			text += n;
			len -= n;
		}
		if (flags & TRACEFS_READ)
			BUG_ON(tracefs_read(file, some, sizeof(some)) < 0);
	}
	err = tracefs_close(file);
	return ret ? ret : err;
}

/* What is read can be written back and is then read again. */
static void round_trip(const char *path)
{
	static char before[8192], after[8192];
	size_t len = read_all(path, before, sizeof(before));

	BUG_ON(write_all(path, TRACEFS_WRITE | TRACEFS_TRUNC, before, len,
			 100));
	BUG_ON(read_all(path, after, sizeof(after)) != len);
	BUG_ON(memcmp(before, after, len));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool ready;
	const char *path;
	unsigned int flags = TRACEFS_WRITE;
	int ret;

	if (!ready) {
		host_sites_init(names, ARRAY_SIZE(names));
		ready = true;
	}
	if (!size)
		return 0;
	path = files[data[0] % ARRAY_SIZE(files)];
	if (data[0] & 0x40)
		flags |= TRACEFS_TRUNC;
	if (data[0] & 0x80)
		flags |= TRACEFS_READ;
	ret = write_all(path, flags, (const char *)data + 1, size - 1,
			1 + (data[0] >> 2 & 15));
	BUG_ON(ret && ret != -EINVAL && ret != -ENOSPC);
	round_trip(path);
	return 0;
}
