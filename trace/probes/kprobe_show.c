// SPDX-License-Identifier: MIT
/*
 * kprobe_show.c - the texts of kprobes/list and kprobes/blacklist, whose lines
 * are Linux's.
 *
 * Owns nothing.
 *
 * Context and locks: task; kprobe_mutex.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/trace_seq.h"
#include "trace/probes/kprobe_internal.h"
#include "trace/probes/kretprobe.h"

/* "ADDRESS  k  SYMBOL+0xOFFSET  MODULE FLAGS"; a blank stands for no module. */
static void show_probe(const struct kprobe *p, char kind, struct trace_seq *seq)
{
	unsigned long addr = (unsigned long)p->addr, off;
	const char *name = kallsyms_lookup(addr, &off, NULL);

	trace_seq_printf(seq, "%016lx  %c  %s+0x%lx    %s%s\n", addr, kind,
			 name, off,
			 p->flags & KPROBE_FLAG_DISABLED ? "[DISABLED]" : "",
			 p->flags & KPROBE_FLAG_FTRACE ? "[FTRACE]" : "");
}

/* The probe with this number, kretprobes last; NULL: there is none. */
static struct kprobe *probe_number(u64 n, char *kind)
{
	struct list_head *place, *at, *probes;

	*kind = 'k';
	for (place = kprobe_places.next; place != &kprobe_places;
	     place = place->next) {
		probes = &list_entry(place, struct kprobe_place, link)->probes;
		for (at = probes->next; at != probes; at = at->next)
			if (!n--)
				return list_entry(at, struct kprobe, of_place);
	}
	*kind = 'r';
	for (at = kretprobes.next; at != &kretprobes; at = at->next)
		if (!n--)
			return &list_entry(at, struct kretprobe, link)->kp;
	return NULL;
}

bool kprobes_show(u64 *pos, struct trace_seq *seq)
{
	const struct kprobe *p;
	char kind;

	mutex_lock(&kprobe_mutex);
	p = probe_number(*pos, &kind);
	if (p)
		show_probe(p, kind, seq);
	mutex_unlock(&kprobe_mutex);
	if (p && !seq->overflow)
		++*pos;
	return p != NULL;
}

/* "0xSTART-0xEND<tab>SYMBOL" */
bool kprobes_show_blacklist(u64 *pos, struct trace_seq *seq)
{
	unsigned long addr, size;
	const char *name;

	for (; *pos < kallsyms_count(); ++*pos) {
		name = kallsyms_symbol((unsigned int)*pos, &addr, &size);
		if (!kallsyms_noprobe(addr))
			continue;
		trace_seq_printf(seq, "%#lx-%#lx\t%s\n", addr, addr + size,
				 name);
		if (!seq->overflow)
			++*pos;
		return true;
	}
	return false;
}
