// SPDX-License-Identifier: MIT
/*
 * tool_nodes.c - small files that Linux's tools look for: options/, the names
 * of the kernel's functions, tracing_thresh, printk_formats.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/nodes.h"
#include "trace/trace_options.h"
#include "trace/output/trace_bprint.h"

/* ---- options/NAME -------------------------------------------------------- */

static const struct tracefs_dir options_dir = { .mode = 0750 };

/* The number of the option that the file is; option_level() put it there. */
static unsigned int node_option(const struct tracefs_file *file)
{
	return (unsigned long)tracefs_last(&file->at)->data;
}

static int option_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%d\n",
			 trace_option(file_trace(file), node_option(file)));
	return 0;
}

static ssize_t option_write(struct tracefs_file *file, const char *buf,
			    size_t len)
{
	u64 n;
	int ret = node_number(file, buf, len, &n);

	if (ret)
		return ret;
	file->error_text = "0 or 1";
	if (n > 1)
		return -EINVAL;
	file->error_text = NULL;
	ret = trace_set_option(file_trace(file), node_option(file), n);
	return ret ? ret : (ssize_t)len;
}

static const struct tracefs_node option_node = { .mode = 0640,
						 .show = option_show,
						 .write = option_write };

/* All options share one node; the level says which one a file is. */
static void option_level(u64 option, struct tracefs_level *level)
{
	level->node = &option_node;
	level->data = (void *)option;
	level->id = option;
}

/* The trace whose options/ this is. */
static const struct trace_array *dir_trace(const struct tracefs_path *dir)
{
	return tracefs_above(dir, &trace_dir)->data ?: trace_top();
}

/* record-cmd is an option of the top trace only (trace_has_option()). */
static bool option_lookup(const struct tracefs_path *dir, const char *name,
			  struct tracefs_level *level)
{
	const char *known;
	unsigned int i;

	for (i = 0; (known = trace_option_name(i)); i++) {
		if (strcmp(known, name) || !trace_has_option(dir_trace(dir), i))
			continue;
		option_level(i, level);
		return true;
	}
	return false;
}

/* The position is the number of an option. */
static bool option_next(const struct tracefs_path *dir, u64 *pos,
			char name[TRACEFS_NAME_MAX],
			struct tracefs_level *level)
{
	const char *known;

	while (trace_option_name(*pos) &&
	       !trace_has_option(dir_trace(dir), *pos))
		++*pos;
	known = trace_option_name(*pos);
	if (!known)
		return false;
	strscpy(name, known, TRACEFS_NAME_MAX);
	option_level((*pos)++, level);
	return true;
}

static const struct tracefs_source options = { .in = &options_dir,
					       .lookup = option_lookup,
					       .next = option_next };
TABLE_ENTRY(tracefs_sources, 50, options);

static const struct tracefs_node option_nodes[] = {
	{ .name = "options", .dir = &options_dir },
};
TRACEFS_FILES(50, trace_dir, option_nodes);

/* ---- the root's ---------------------------------------------------------- */

/* As /proc/kallsyms: by address. */
static int kallsyms_show(struct tracefs_file *file, struct trace_seq *seq)
{
	unsigned long addr;
	const char *name;

	if (file->pos >= kallsyms_count())
		return 0;
	name = kallsyms_symbol(file->pos, &addr, NULL);
	trace_seq_printf(seq, "%016lx %c %s\n", addr, kallsyms_type(file->pos),
			 name);
	return ++file->pos < kallsyms_count();
}

/* As /proc/version: whose kernel it is, for what machine, by what compiler. */
static const char linux_proc_banner[] =
	"nop5 version 1 (x86-64) (C " __VERSION__ ") SMP PREEMPT";

static int version_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%s\n", linux_proc_banner);
	return 0;
}

static int formats_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_formats_show(seq);
	return 0;
}

/* The file has microseconds, the kernel nanoseconds. */
static int thresh_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_seq_printf(seq, "%llu\n", trace_thresh() / 1000);
	return 0;
}

static ssize_t thresh_write(struct tracefs_file *file, const char *buf,
			    size_t len)
{
	u64 us;
	int ret = node_number(file, buf, len, &us);

	if (ret)
		return ret;
	file->error_text = "the number is too large";
	if (us > ~0ULL / 1000)
		return -ERANGE;
	file->error_text = NULL;
	trace_set_thresh(us * 1000);
	return len;
}

static const struct tracefs_node tool_nodes[] = {
	{ .name = "kallsyms", .mode = 0440, .show = kallsyms_show },
	{ .name = "printk_formats", .mode = 0440, .show = formats_show },
	{ .name = "version", .mode = 0440, .show = version_show },
	{ .name = "tracing_thresh",
	  .mode = 0640,
	  .show = thresh_show,
	  .write = thresh_write },
};
TRACEFS_FILES(50, root_dir, tool_nodes);
