// SPDX-License-Identifier: MIT
/*
 * probe_event_show.c - the texts of kprobe_events, dynamic_events and
 * kprobe_profile, whose lines are Linux's.
 *
 * Owns nothing.
 *
 * Context: task. Locks: probe_events_mutex.
 */
#include "kernel/lib/printf.h"
#include "kernel/lib/trace_seq.h"
#include "trace/probes/probe_event_internal.h"

/* The probe with this number; NULL: there is none. [D] */
static struct probe *probe_number(u64 n, unsigned int families)
{
	struct list_head *at;
	struct probe *p;

	for (at = probes_listed.next; at != &probes_listed; at = at->next) {
		p = list_entry(at, struct probe, listed);
		if (probe_event_family(p->of) & families && !n--)
			return p;
	}
	return NULL;
}

/* "p:GROUP/EVENT PLACE NAME=FETCH...", as it can be written back. */
static void show_probe(const struct probe *p, struct trace_seq *seq)
{
	static const char letters[] = { 'p', 'r', 'f', 'f', 't' };
	const struct probe_def *def = p->def;
	char place[PROBE_LINE / 16];
	unsigned int i;

	trace_seq_putc(seq, letters[def->kind]);
	if (def->maxactive)
		trace_seq_printf(seq, "%u", def->maxactive);
	probe_def_place(def, place, sizeof(place));
	trace_seq_printf(seq, ":%s/%s %s", p->of->event.system,
			 p->of->event.name, place);
	for (i = 0; i < def->n_args; i++)
		trace_seq_printf(seq, " %s=%s", def->arg[i].name,
				 def->arg[i].text);
	trace_seq_putc(seq, '\n');
}

static void show_profile(const struct probe *p, struct trace_seq *seq)
{
	trace_seq_printf(seq, "  %-44s %15llu %15lu\n", p->of->event.name,
			 READ_ONCE(p->hits), probe_missed(p));
}

static bool show(u64 *pos, struct trace_seq *seq, unsigned int families,
		 void (*line)(const struct probe *p, struct trace_seq *seq))
{
	const struct probe *p;

	mutex_lock(&probe_events_mutex);
	p = probe_number(*pos, families);
	if (p)
		line(p, seq);
	mutex_unlock(&probe_events_mutex);
	if (p && !seq->overflow)
		++*pos;
	return p != NULL;
}

bool probe_event_show(u64 *pos, struct trace_seq *seq, unsigned int families)
{
	return show(pos, seq, families, show_probe);
}

bool probe_event_show_profile(u64 *pos, struct trace_seq *seq)
{
	return show(pos, seq, PROBE_FAMILY_KPROBE, show_profile);
}

bool probe_event_name(u64 *pos, char *name, size_t size)
{
	const struct probe *p;

	mutex_lock(&probe_events_mutex);
	p = probe_number(*pos, PROBE_FAMILY_KPROBE);
	if (p)
		snprintf(name, size, "%s:%s", p->of->event.system,
			 p->of->event.name);
	mutex_unlock(&probe_events_mutex);
	++*pos;
	return p != NULL;
}

unsigned int probe_event_count(void)
{
	unsigned int n = 0;

	mutex_lock(&probe_events_mutex);
	while (probe_number(n, PROBE_FAMILY_ANY))
		n++;
	mutex_unlock(&probe_events_mutex);
	return n;
}
