// SPDX-License-Identifier: MIT
/*
 * consumer_nodes.c - sample and stat: consumers of traces beside the tracers.
 *
 * A write is a whole command: it is read to its end before anything changes.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/control/nodes.h"
#include "trace/core/ftrace.h"
#include "trace/tracers/call_stat.h"
#include "trace/tracers/sample.h"

/*
 * Copy the next word of the input, from *@at on. file->error_at becomes its
 * offset. Return: its length; 0 there is none; -EINVAL it is too long.
 */
static int next_word(struct tracefs_file *file, const char *buf, size_t len,
		     size_t *at, char word[NODE_WORD])
{
	size_t n = 0;

	while (*at < len && isspace(buf[*at]))
		++*at;
	file->error_at = *at;
	while (*at + n < len && !isspace(buf[*at + n]))
		n++;
	file->error_text = "the word is too long";
	if (n >= NODE_WORD)
		return -EINVAL;
	memcpy(word, buf + *at, n);
	word[n] = '\0';
	*at += n;
	return n;
}

/* ---- sample -------------------------------------------------------------- */

/* The words of a write to `sample`, and which of them it had. */
struct sample_words {
	u64 period_us, cpus, nmi;
	bool given[3];
};

/* Read a word NAME=VALUE. On an error file->error_text says what is wrong. */
static int sample_word(struct tracefs_file *file, const char *word,
		       struct sample_words *w)
{
	static const struct {
		const char *name;
		unsigned int base;
	} names[] = { { "period_us=", 10 }, { "cpus=", 16 }, { "nmi=", 10 } };
	u64 *value[] = { &w->period_us, &w->cpus, &w->nmi };
	size_t i, n;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		n = strlen(names[i].name);
		if (strncmp(word, names[i].name, n))
			continue;
		file->error_text = "given twice";
		if (w->given[i])
			return -EINVAL;
		w->given[i] = true;
		file->error_at += n;
		file->error_text = "a number is needed";
		return digit_value(word[n]) < 16 &&
				       !kstrtoull(word + n, names[i].base,
						  value[i]) ?
			       0 :
			       -EINVAL;
	}
	file->error_text = "accepts period_us=N, cpus=MASK, nmi=0 or 1; or 0";
	return -EINVAL;
}

/* Is the value of the word just read one that can be used? */
static bool sample_value(struct tracefs_file *file,
			 const struct sample_words *w)
{
	file->error_text = "100 to 10000000 microseconds";
	if (w->given[0] &&
	    (w->period_us < SAMPLE_US_MIN || w->period_us > SAMPLE_US_MAX))
		return false;
	file->error_text = "none of these CPUs is there";
	if (w->given[1] && !(w->cpus & cpu_online_mask))
		return false;
	file->error_text = "0 or 1";
	return w->nmi <= 1;
}

/*
 * "0" stops; anything else starts anew, with the CPUs that are online unless it
 * says others.
 */
static ssize_t sample_write(struct tracefs_file *file, const char *buf,
			    size_t len)
{
	struct sample_words w = { .cpus = cpu_online_mask };
	char word[NODE_WORD];
	size_t at = 0;
	int n, words = 0, ret = 0;

	while ((n = next_word(file, buf, len, &at, word)) > 0) {
		if (!words++ && !strcmp(word, "0")) {
			n = next_word(file, buf, len, &at, word);
			file->error_text = "nothing can follow the 0";
			if (n)
				return -EINVAL;
			sample_stop();
			return len;
		}
		ret = sample_word(file, word, &w);
		if (ret || !sample_value(file, &w))
			return -EINVAL;
	}
	file->error_text = n ? file->error_text : "period_us=N is needed";
	if (n || !w.given[0])
		return -EINVAL;
	ret = sample_start(w.period_us, w.cpus, w.nmi);
	file->error_at = 0;
	file->error_text = NULL;
	return ret ? ret : (ssize_t)len;
}

/* A reader gets a copy of the counts as they are now, not a moving picture. */
static int sample_open(struct tracefs_file *file)
{
	if (!(file->flags & TRACEFS_READ))
		return 0;
	file->private = sample_copy();
	return file->private ? 0 : -ENOMEM;
}

static int sample_text(struct tracefs_file *file, struct trace_seq *seq)
{
	return sample_show(file->private, &file->pos, seq);
}

/* Both files: the copy that a reader has. */
static int free_copy(struct tracefs_file *file)
{
	kfree(file->private);
	return 0;
}

/* ---- stat ---------------------------------------------------------------- */

static int stat_open(struct tracefs_file *file)
{
	if (!(file->flags & TRACEFS_READ))
		return 0;
	file->private = call_stat_copy();
	return file->private ? 0 : -ENOMEM;
}

static int stat_text(struct tracefs_file *file, struct trace_seq *seq)
{
	return call_stat_show(file->private, &file->pos, seq);
}

/* Add the function to the list, unless it is in it. Return: 0; -EINVAL. */
static int stat_word(struct tracefs_file *file, const char *word,
		     unsigned long *ips, unsigned int *n)
{
	unsigned long start = kallsyms_lookup_name(word);
	unsigned long ip = start ? ftrace_location(start) : 0;
	unsigned int i;

	file->error_text = start ? "this function cannot be traced" :
				   "no such function";
	if (!ip)
		return -EINVAL;
	for (i = 0; i < *n; i++)
		if (ips[i] == ip)
			return 0;
	file->error_text = "more than 64 functions";
	if (*n == CALL_STAT_MAX)
		return -EINVAL;
	ips[(*n)++] = ip;
	return 0;
}

/* A write replaces the list; an empty one ends the counting. */
static ssize_t stat_write(struct tracefs_file *file, const char *buf,
			  size_t len)
{
	unsigned long ips[CALL_STAT_MAX];
	unsigned int nr = 0;
	char word[NODE_WORD];
	size_t at = 0;
	int n;

	while ((n = next_word(file, buf, len, &at, word)) > 0)
		if (stat_word(file, word, ips, &nr))
			return -EINVAL;
	if (n)
		return n;
	file->error_at = 0;
	file->error_text = NULL;
	n = call_stat_set(ips, nr);
	return n ? n : (ssize_t)len;
}

static const struct tracefs_node consumer_nodes[] = {
	{ .name = "sample",
	  .mode = 0640,
	  .open = sample_open,
	  .show = sample_text,
	  .write = sample_write,
	  .release = free_copy },
	{ .name = "stat",
	  .mode = 0640,
	  .open = stat_open,
	  .show = stat_text,
	  .write = stat_write,
	  .release = free_copy },
};
TRACEFS_FILES(52, root_dir, consumer_nodes);
