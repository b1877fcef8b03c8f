// SPDX-License-Identifier: MIT
/*
 * kprobe_nodes.c - the directory kprobes/, which Linux has beside tracing/ in
 * debugfs: list, enabled, blacklist.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/trace_seq.h"
#include "trace/control/nodes.h"
#include "trace/probes/kprobe.h"

static const struct tracefs_dir kprobes_dir = { .mode = 0750 };

static int list_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return kprobes_show(&file->pos, seq);
}

static int blacklist_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return kprobes_show_blacklist(&file->pos, seq);
}

static int enabled_show(struct tracefs_file *file, struct trace_seq *seq)
{
	(void)file;
	trace_seq_puts(seq, kprobes_all() ? "1\n" : "0\n");
	return 0;
}

static ssize_t enabled_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	char word[NODE_WORD];
	bool on;
	int ret = node_word(file, buf, len, word);

	if (ret)
		return ret;
	ret = kstrtobool(word, &on);
	if (ret)
		file->error_text = "0 or 1 is needed";
	else
		ret = kprobes_set_all(on);
	return ret ? ret : (ssize_t)len;
}

static const struct tracefs_node kprobe_nodes[] = {
	{ .name = "blacklist", .mode = 0440, .show = blacklist_show },
	{ .name = "enabled",
	  .mode = 0640,
	  .show = enabled_show,
	  .write = enabled_write },
	{ .name = "list", .mode = 0440, .show = list_show },
};
TRACEFS_FILES(50, kprobes_dir, kprobe_nodes);

static const struct tracefs_node kprobes_nodes[] = {
	{ .name = "kprobes", .dir = &kprobes_dir },
};
TRACEFS_FILES(60, root_dir, kprobes_nodes);
