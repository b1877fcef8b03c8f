// SPDX-License-Identifier: MIT
/*
 * buffer_nodes.c - files that show and set the buffers' sizes, masks and
 * counts.
 */
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/control/nodes.h"
#include "trace/trace.h"

static int size_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_buffer_size_show(file_trace(file), node_cpu(file), seq);
	return 0;
}

/*
 * Parse the text that the file shows before the first use, "7 (expanded:
 * 1408)". Return: the offset of the second number in @word, which is cut after
 * it; 0 if @word is different.
 */
static size_t size_for_later(char *word)
{
	static const char between[] = " (expanded: ";
	size_t at = strspn(word, "0123456789"), end = strlen(word);

	if (!at || !str_has_prefix(word + at, between) || word[end - 1] != ')')
		return 0;
	word[end - 1] = '\0';
	return at + strlen(between);
}

/* Accepts what the file shows; "X" (sizes differ) keeps each CPU's size. */
static ssize_t size_write(struct tracefs_file *file, const char *buf,
			  size_t len)
{
	char word[NODE_WORD];
	int ret = node_word(file, buf, len, word);
	size_t later = ret ? 0 : size_for_later(word);
	u64 kb;

	if (!ret && !strcmp(word, "X") && node_cpu(file) == TRACE_CPU_ALL)
		return len;
	if (later)
		ret = node_number(file, word + later, strlen(word + later),
				  &kb);
	else
		ret = node_number(file, buf, len, &kb);
	file->error_at += later;
	if (ret)
		return ret;
	ret = later ? trace_set_buffer_kb_later(file_trace(file),
						node_cpu(file), kb) :
		      trace_set_buffer_kb(file_trace(file), node_cpu(file), kb);
	if (ret == -EINVAL)
		file->error_text = "a buffer has at least 1";
	else if (ret == -ENOMEM)
		file->error_text = "more than there is memory for";
	return ret ? ret : (ssize_t)len;
}

static int total_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_buffer_total_show(file_trace(file), seq);
	return 0;
}

static int stats_show(struct tracefs_file *file, struct trace_seq *seq)
{
	trace_stats_show(file_trace(file), node_cpu(file), seq);
	return 0;
}

/* One digit for four CPUs and a comma before the last eight, as on Linux. */
static int cpumask_show(struct tracefs_file *file, struct trace_seq *seq)
{
	u64 mask = trace_cpumask(file_trace(file));
	int digits = DIV_ROUND_UP(num_online_cpus(), 4U);

	if (digits > 8)
		trace_seq_printf(seq, "%0*x,", digits - 8, (u32)(mask >> 32));
	trace_seq_printf(seq, "%0*x\n", min(digits, 8), (u32)mask);
	return 0;
}

/*
 * Parse a hexadecimal mask as on Linux: the next lower 32 bits follow a comma.
 * @any: set if there is a digit, and one after the comma, if any. Return: the
 * number of bytes parsed.
 */
static size_t read_mask(const char *buf, size_t len, u64 *mask, bool *any)
{
	u64 above = 0, group = 0;
	unsigned int bits = 64; /* largest group */
	size_t i;

	*any = false;
	for (i = 0; i < len; i++) {
		if (buf[i] == ',' && *any && !above && !(group >> 32)) {
			above = group << 32;
			group = 0;
			bits = 32;
			*any = false;
		} else if (digit_value(buf[i]) < 16 && !(group >> (bits - 4))) {
			group = group << 4 | digit_value(buf[i]);
			*any = true;
		} else {
			break;
		}
	}
	*mask = above | group;
	return i;
}

/* An empty mask (no CPU) is valid. */
static ssize_t cpumask_write(struct tracefs_file *file, const char *buf,
			     size_t len)
{
	u64 mask;
	bool any;
	size_t i = read_mask(buf, len, &mask, &any);
	int ret;

	for (; any && i < len && isspace(buf[i]); i++)
		;
	file->error_at = i;
	file->error_text = "no hexadecimal mask";
	if (!any || i < len)
		return -EINVAL;
	ret = trace_set_cpumask(file_trace(file), mask);
	file->error_at = 0;
	file->error_text = "none of these CPUs is there";
	return ret ? ret : (ssize_t)len;
}

static const struct tracefs_node buffer_nodes[] = {
	{ .name = "buffer_size_kb",
	  .mode = 0640,
	  .show = size_show,
	  .write = size_write },
	{ .name = "buffer_total_size_kb", .mode = 0440, .show = total_show },
	{ .name = "tracing_cpumask",
	  .mode = 0640,
	  .show = cpumask_show,
	  .write = cpumask_write },
};
TRACEFS_FILES(40, trace_dir, buffer_nodes);

static const struct tracefs_node cpu_buffer_nodes[] = {
	{ .name = "buffer_size_kb",
	  .mode = 0640,
	  .show = size_show,
	  .write = size_write },
	{ .name = "stats", .mode = 0440, .show = stats_show },
};
TRACEFS_FILES(40, cpu_dir, cpu_buffer_nodes);
