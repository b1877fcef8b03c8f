// SPDX-License-Identifier: MIT
/*
 * Writes to files of the control tree: first byte chooses file and open
 * flags, the others are written, in pieces where a file takes pieces. Whatever
 * comes: no write takes more than it got, what is refused is in error_log,
 * filters apply at close, and what is read can be written back and is then
 * read again. The tracers, the ring and the graph's sets are fakes.
 *
 * host-sources: trace/control/tracefs.c trace/control/tracefs_tree.c
 * host-sources: trace/control/error_log.c trace/control/per_cpu_nodes.c
 * host-sources: trace/control/event_nodes.c
 * host-sources: trace/control/nodes.c trace/control/hash_edit.c
 * host-sources: trace/control/filter_nodes.c trace/control/graph_nodes.c
 * host-sources: trace/control/tracer_nodes.c trace/control/buffer_nodes.c
 * host-sources: trace/control/stack_nodes.c trace/trace.c
 * host-sources: trace/trace_array.c trace/trace_options.c
 * host-sources: trace/tracers/tracer_options.c
 * host-sources: trace/ring/trace_clock.c
 * host-sources: trace/event/trace_event.c trace/event/trace_event_file.c
 * host-sources: trace/event/event_pids.c
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "tests/fuzz/control_fakes.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/read_all.h"
#include "tests/fuzz/tracer_fakes.h"
#include "tests/host/sites.h"
#include "trace/control/nodes.h"
#include "trace/core/ftrace.h"

static const char *const names[] = {
	"a",	    "aa",   "ab",	"alloc_page", "alloc_pages",
	"b",	    "ba",   "do_exit",	"free_page",  "page_alloc",
	"schedule", "try0", "x.isra.0", "z9",
};

/* ---- files --------------------------------------------------------------- */

/* The first few take what is written in pieces, the others whole. */
#define IN_PIECES 7
#define WHOLE	  8192

static const char *const files[] = {
	"set_ftrace_filter",
	"set_ftrace_notrace",
	"set_ftrace_pid",
	"set_ftrace_notrace_pid",
	"stack_trace_filter",
	"set_graph_function",
	"set_graph_notrace",
	"max_graph_depth",
	"trace_clock",
	"trace_options",
	"buffer_size_kb",
	"tracing_cpumask",
	"per_cpu/cpu0/buffer_size_kb",
	"current_tracer",
	"tracing_on",
	"saved_cmdlines_size",
	"stack_max_size",
	"stack_tracer_enabled",
};

static bool is_fuzzed(const char *path)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(files); i++)
		if (!strcmp(files[i], path))
			return true;
	return false;
}

/* A write to these means "empty it", whatever is written. */
static bool only_emptied(const char *name)
{
	return !strcmp(name, "trace") || !strcmp(name, "error_log");
}

/* Whatever sources there are: no file that is read and written is left out. */
static void check_files(const char *dir)
{
	struct tracefs_dirent entry;
	char path[TRACEFS_PATH_MAX];
	u64 cursor = 0;

	while (tracefs_readdir(dir, &cursor, &entry) > 0) {
		snprintf(path, sizeof(path), "%s%s", dir, entry.name);
		if (entry.dir)
			check_files(path);
		else if (entry.mode == 0640 && !only_emptied(entry.name) &&
			 !is_fuzzed(path))
			panic("%s is not fuzzed", path);
	}
}

static void begin(void)
{
	struct trace_array *tr = trace_top();
	unsigned int cpu;

	host_sites_init(names, ARRAY_SIZE(names));
	tr->clock = trace_clock_get(0);
	tr->cpumask = cpu_online_mask;
	for_each_online_cpu(cpu)
		tr->buffer_kb[cpu] = TRACE_BUFFER_KB_DEFAULT;
	trace_options_init(tr);
	check_files("");
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
			BUG_ON(file->error_at > part);
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
static void round_trip(const char *path, size_t piece)
{
	static char before[WHOLE], after[WHOLE];
	size_t len = read_all(path, before, sizeof(before));

	BUG_ON(write_all(path, TRACEFS_WRITE | TRACEFS_TRUNC, before, len,
			 piece));
	BUG_ON(read_all(path, after, sizeof(after)) != len);
	BUG_ON(memcmp(before, after, len));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static bool ready;
	unsigned int which, flags = TRACEFS_WRITE;
	const char *path;
	int ret;

	if (!ready) {
		begin();
		ready = true;
	}
	if (!size)
		return 0;
	which = data[0] % ARRAY_SIZE(files);
	path = files[which];
	if (data[0] & 0x40)
		flags |= TRACEFS_TRUNC;
	if (data[0] & 0x80)
		flags |= TRACEFS_READ;
	ret = write_all(path, flags, (const char *)data + 1, size - 1,
			which < IN_PIECES ? 1 + (data[0] >> 2 & 15) : WHOLE);
	/* A size that is too large for any buffer is -ENOMEM. */
	BUG_ON(ret && ret != -EINVAL && ret != -ENOSPC && ret != -ERANGE &&
	       (ret != -ENOMEM || !strstr(path, "size")));
	round_trip(path, which < IN_PIECES ? 100 : WHOLE);
	return 0;
}
