// SPDX-License-Identifier: MIT
/*
 * word_probe.c - probe: counts how often an instruction is executed; with
 * arguments it makes a probe event, and shows the line that it wrote.
 *
 * Owns the list of the probes that count, each at a place of its own.
 */
#include "demo/words.h"
#include "kernel/base/kallsyms.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "trace/control/tracefs.h"
#include "trace/probes/kprobe.h"
#include "trace/probes/probe_event.h"
#include <asm/atomic.h>

#define PROBES_MAX 64

struct probe {
	struct probe *next;
	struct kprobe kp;
	atomic64_t hits;
};

static struct probe *probes;

static int probe_hit(struct kprobe *kp, struct pt_regs *regs)
{
	(void)regs;
	atomic64_inc(&container_of(kp, struct probe, kp)->hits);
	return 0;
}

/* Return: the pointer that points to the probe, or to the list's end. */
static struct probe **find(unsigned long addr, unsigned int *nr)
{
	struct probe **at = &probes;

	for (*nr = 0; *at && (unsigned long)(*at)->kp.addr != addr; ++*nr)
		at = &(*at)->next;
	return at;
}

/*
 * The address of FUNC or FUNC+OFFSET; the offset is read as in C. Return: 0;
 * -ENAMETOOLONG; -EINVAL the offset is no number, or not in the function;
 * -ENOENT no such function.
 */
static int parse(const char *text, unsigned long *addr)
{
	static char name[LINE_ROOM]; /* the shell is one task */
	char *plus;
	unsigned long size, offset = 0;

	if (strscpy(name, text, sizeof(name)) < 0)
		return -ENAMETOOLONG;
	plus = strchr(name, '+');
	if (plus) {
		*plus++ = '\0';
		if (kstrtoul(plus, 0, &offset))
			return -EINVAL;
	}
	*addr = kallsyms_lookup_name(name);
	if (!*addr)
		return -ENOENT;
	if (!kallsyms_lookup(*addr, NULL, &size) || offset >= size)
		return -EINVAL;
	*addr += offset;
	return 0;
}

static int add(unsigned long addr)
{
	unsigned int nr;
	struct probe **at = find(addr, &nr), *p;
	int ret;

	if (*at)
		return -EEXIST;
	if (nr == PROBES_MAX)
		return -ENOSPC;
	p = kzalloc(sizeof(*p));
	if (!p)
		return -ENOMEM;
	p->kp.addr = (kprobe_opcode_t *)addr;
	p->kp.pre_handler = probe_hit;
	ret = register_kprobe(&p->kp);
	if (ret)
		kfree(p);
	else
		*at = p;
	return ret;
}

/* "demo_step+0x5            3 hits", and those that were missed. */
static int show(struct stage *stage, const struct probe *p)
{
	unsigned long off, missed = READ_ONCE(p->kp.nmissed);
	const char *name =
		kallsyms_lookup((unsigned long)p->kp.addr, &off, NULL);
	static char place[LINE_ROOM + 32]; /* the shell is one task */
	char more[40] = "";

	scnprintf(place, sizeof(place), "%s+0x%lx", name, off);
	if (missed)
		scnprintf(more, sizeof(more), ", %lu missed", missed);
	return stage_printf(stage, "%-32s %lld hits%s\n", place,
			    atomic64_read(&p->hits), more);
}

static int del(struct stage *stage, unsigned long addr)
{
	unsigned int nr;
	struct probe **at = find(addr, &nr), *p = *at;
	int ret;

	if (!p)
		return -ENOENT;
	unregister_kprobe(&p->kp);
	*at = p->next;
	ret = show(stage, p);
	kfree(p);
	return ret;
}

static int list(struct stage *stage)
{
	const struct probe *p;
	int ret = 0;

	for (p = probes; p && !ret; p = p->next)
		ret = show(stage, p);
	return ret;
}

static void say_why(const char *place, int err)
{
	static char text[LINE_ROOM + 64]; /* the shell is one task */

	if (err != -EILSEQ) {
		shell_error("probe", place, err);
		return;
	}
	scnprintf(text, sizeof(text),
		  "%s: not the start of an instruction, or one that traps",
		  place);
	shell_error("probe", text, 0);
}

/* ---- a probe event ------------------------------------------------------- */

/* The line of kprobe_events: p, or r if an argument asks for $retval. */
static void make_line(const struct stage *stage, char *line, size_t size)
{
	char letter = 'p';
	size_t len;
	int i;

	for (i = 2; i < stage->argc; i++)
		if (strstr(stage->argv[i], "$retval"))
			letter = 'r';
	len = scnprintf(line, size, "%c", letter);
	for (i = 1; i < stage->argc; i++)
		len += scnprintf(line + len, size - len, " %s", stage->argv[i]);
}

/* What kprobe_events has made of it: its last line. */
static int show_event(struct stage *stage)
{
	static char line[PROBE_LINE + 2]; /* the shell is one task */
	struct trace_seq seq;
	u64 pos = 0;

	trace_seq_init(&seq, line, sizeof(line));
	while (probe_event_show(&pos, &seq, PROBE_FAMILY_KPROBE)) {
		pos += seq.overflow; /* it stays at one that is too long */
		trace_seq_reset(&seq);
	}
	pos -= pos > 0;
	trace_seq_reset(&seq);
	(void)probe_event_show(&pos, &seq, PROBE_FAMILY_KPROBE);
	return stage_put(stage, line, seq.len);
}

static void hint(const struct stage *stage)
{
	int i;

	for (i = 2; i < stage->argc; i++)
		probe_hint(stage->argv[1], stage->argv[i]);
}

/* probe FUNC ARG...: what is written is shown as it is typed in full. */
static int make_event(struct stage *stage)
{
	/* The shell is one task. */
	static char line[LINE_ROOM + 8], text[2 * LINE_ROOM];
	const char *why;
	int ret;

	make_line(stage, line, sizeof(line));
	ret = tracefs_put_text("kprobe_events", 0, line, &why);
	if (ret) {
		scnprintf(text, sizeof(text), "%s: %s", line, why);
		shell_error("probe", text, 0);
		if (ret == -ENOENT)
			hint(stage);
		return ret;
	}
	scnprintf(text, sizeof(text), "echo '%s' >> kprobe_events\n", line);
	ret = stage_put(stage, text, strlen(text));
	return ret ? ret : show_event(stage);
}

static int probe_run(struct stage *stage)
{
	const char *word = stage->argv[1];
	unsigned long addr;
	bool off;
	int ret;

	if (stage->argc == 1)
		return list(stage);
	off = *word == '-';
	if (!word[off] || (off && stage->argc > 2))
		return word_usage(stage);
	if (stage->argc > 2)
		return make_event(stage);
	ret = parse(word + off, &addr);
	if (!ret)
		ret = off ? del(stage, addr) : add(addr);
	if (ret && ret != -EPIPE)
		say_why(word + off, ret);
	return ret;
}

SHELL_COMMAND(probe, .usage = "probe [[-]FUNC[+OFFSET] [ARG...]]",
	      .run = probe_run,
	      .help = "count executions, -: no longer; ARG: make an event");
