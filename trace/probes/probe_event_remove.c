// SPDX-License-Identifier: MIT
/*
 * probe_event_remove.c - probe events go: by name, by definition, or all.
 *
 * Owns the probes that are removed, but still at their sites. PE5 and PE7 stand
 * in probe_event.h.
 *
 * A removal first marks all events that go, in one session under trace_lock.
 * None of them can be enabled from there on, and the removal cannot fail. One
 * wait serves all of them.
 *
 * Context: task. Locks: probe_events_mutex, then trace_lock, then kprobe_mutex.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "trace/probes/probe_event_internal.h"
#include "trace/trace_internal.h"

void probe_event_free(struct probe_event *pe)
{
	probe_format_free(pe);
	probe_def_free(pe->form);
	kfree(pe);
}

static LIST_HEAD(stuck); /* [D] without ->def and ->of */

static void free_def(struct probe *p)
{
	list_del_init(&p->listed);
	if (p->def && p->def->kind == PROBE_RETURN)
		kretprobe_withdraw(&p->rp);
	if (!p->of || p->of->form != p->def)
		probe_def_free(p->def);
	p->def = NULL;
	p->of = NULL;
}

void probe_free(struct probe *p)
{
	free_def(p);
	kfree(p);
}

/* PE7: its handlers rest, and no hit of it is under way. */
static void free_or_keep(struct probe *p)
{
	if (probe_is_stuck(p))
		probe_disarm(p);
	free_def(p);
	if (probe_is_stuck(p))
		list_add_tail(&p->link, &stuck);
	else
		kfree(p);
}

static void free_stuck(void)
{
	struct list_head *at;
	LIST_HEAD(tried);

	while (!list_empty(&stuck))
		list_move_tail(stuck.next, &tried);
	while (!list_empty(&tried)) {
		at = tried.next;
		list_del(at);
		free_or_keep(list_entry(at, struct probe, link));
	}
}

/* What a line of removal says; NULL and 0: all. */
struct choice {
	unsigned int families;
	const char *group, *event;
	char *const *word; /* the place, and arguments as they are listed */
	unsigned int n;
};

static bool word_is_arg(const char *word, const struct probe_arg *arg)
{
	size_t len = strlen(arg->name);

	return !strncmp(word, arg->name, len) && word[len] == '=' &&
	       !strcmp(word + len + 1, arg->text);
}

static bool chosen(const struct probe *p, const struct choice *choice)
{
	const struct probe_def *def = p->def;
	char place[PROBE_LINE / 16];
	unsigned int i;

	if (!(probe_family_of(def->kind) & choice->families) ||
	    (choice->group && strcmp(choice->group, p->of->event.system)) ||
	    (choice->event && strcmp(choice->event, p->of->event.name)))
		return false;
	if (!choice->n)
		return true;
	probe_def_place(def, place, sizeof(place));
	if (strcmp(place, choice->word[0]) || choice->n - 1 > def->n_args)
		return false;
	for (i = 1; i < choice->n; i++)
		if (!word_is_arg(choice->word[i], &def->arg[i - 1]))
			return false;
	return true;
}

/* How many of the event's probes go. *@all: none stays. */
static unsigned int count_chosen(const struct probe_event *pe,
				 const struct choice *choice, bool *all)
{
	struct list_head *at;
	unsigned int n = 0;

	*all = true;
	for (at = pe->probes.next; at != &pe->probes; at = at->next) {
		if (chosen(list_entry(at, struct probe, link), choice))
			n++;
		else
			*all = false;
	}
	return n;
}

/* [L] */
static bool in_use(const struct probe_event *pe)
{
	const struct trace_event_file *file;
	struct trace_array *tr;

	for (tr = trace_top(); tr; tr = tr->next) {
		file = trace_event_file_find(tr, &pe->event);
		if (file && (file->flags & EVENT_FILE_ENABLED ||
			     file->soft_users || file->triggers))
			return true;
	}
	return false;
}

/*
 * Marks the events that go as a whole. Return: the number of probes that go;
 * -EBUSY, and none is marked. [L]
 */
static int mark(const struct choice *choice)
{
	struct probe_event *pe;
	bool all, busy = false;
	int n = 0;

	for_each_probe_event(pe)
	{
		n += (int)count_chosen(pe, choice, &all);
		pe->dying = all;
		busy |= all && in_use(pe); /* PE5 */
	}
	if (!busy)
		return n;
	for_each_probe_event(pe) pe->dying = false;
	return -EBUSY;
}

/* Takes the chosen probes off an event, to @gone. [L] */
static void take_probes(struct probe_event *pe, const struct choice *choice,
			struct list_head *gone)
{
	struct list_head *at, *next;
	struct probe *p;

	for (at = pe->probes.next; at != &pe->probes; at = next) {
		next = at->next;
		p = list_entry(at, struct probe, link);
		if (!chosen(p, choice))
			continue;
		if (pe->files)
			probe_disarm(p);
		list_move_tail(at, gone);
	}
}

/* Which traces may have records of the events that go, from now on unknown. */
static bool reset_wanted(struct trace_array *tr)
{
	const struct trace_event_file *file;
	const struct probe_event *pe;
	bool wanted = false;

	for_each_probe_event(pe)
	{
		file = trace_event_file_find(tr, &pe->event);
		wanted |= pe->dying && file &&
			  file->flags & EVENT_FILE_WAS_ENABLED;
	}
	return wanted;
}

/* The first half of a removal. Return: as mark(). */
static int detach(const struct choice *choice, struct list_head *gone)
{
	struct probe_event *pe;
	struct trace_array *tr;
	int n;

	event_session_begin();
	n = mark(choice);
	for (tr = trace_top(); n > 0 && tr; tr = tr->next)
		if (reset_wanted(tr))
			trace_reset_locked(tr);
	if (n > 0)
		for_each_probe_event(pe) if (!pe->dying)
			take_probes(pe, choice, gone);
	event_session_end();
	return n;
}

/* Unregisters the marked events, and moves them and their probes. */
static void take_events(struct list_head *events, struct list_head *gone)
{
	struct list_head *at, *next;
	struct probe_event *pe;

	for (at = probe_events.next; at != &probe_events; at = next) {
		next = at->next;
		pe = list_entry(at, struct probe_event, link);
		if (!pe->dying)
			continue;
		trace_event_remove(&pe->event);
		list_move_tail(at, events);
	}
	synchronize_tasks(); /* E3: a reader may print a record of them */
	for (at = events->next; at != events; at = at->next) {
		pe = list_entry(at, struct probe_event, link);
		while (!list_empty(&pe->probes))
			list_move_tail(pe->probes.next, gone);
	}
}

#define BATCH 64 /* probes that share the waits of a removal */

/* Several at a time: unregister_kprobes() waits once for all of them. */
static void free_probes(struct list_head *gone)
{
	struct kprobe *kps[BATCH];
	struct list_head *at;
	struct probe *p;
	int n;

	while (!list_empty(gone)) {
		n = 0;
		for (at = gone->next; at != gone && n < BATCH; at = at->next) {
			p = list_entry(at, struct probe, link);
			if (p->def->kind == PROBE_ENTRY)
				kps[n++] = &p->kp;
		}
		unregister_kprobes(kps, n);
		while (gone->next != at) {
			p = list_entry(gone->next, struct probe, link);
			list_del(&p->link);
			free_or_keep(p);
		}
	}
}

/* Return: 0; -ENOENT nothing is chosen; -EBUSY. */
static int remove_chosen(const struct choice *choice)
{
	struct list_head *at;
	LIST_HEAD(events);
	LIST_HEAD(gone);
	int n;

	free_stuck();
	n = detach(choice, &gone);
	if (n <= 0)
		return n ?: -ENOENT;
	take_events(&events, &gone);
	free_probes(&gone);
	while (!list_empty(&events)) {
		at = events.next;
		list_del(at);
		probe_event_free(list_entry(at, struct probe_event, link));
	}
	if (list_empty(&probe_events))
		probe_scratch_free();
	return 0;
}

int probe_event_remove(struct probe_line *line, unsigned int families)
{
	struct choice choice = { .families = families,
				 .word = line->word + 1,
				 .n = line->n - 1 };
	char *word = line->word[0], *colon = strchr(word, ':'), *slash;

	if (!colon || (*word == '-' && colon != word + 1))
		return -EINVAL;
	choice.event = colon + 1;
	slash = strchr(colon + 1, '/') ?: strchr(colon + 1, '.');
	if (slash) {
		*slash = '\0';
		choice.group = colon + 1;
		choice.event = slash + 1;
	}
	if (!*choice.event) {
		if (!choice.group)
			return -EINVAL;
		choice.event = NULL;
	}
	return remove_chosen(&choice);
}

int probe_event_clear(unsigned int families)
{
	struct choice all = { .families = families };
	int err;

	mutex_lock(&probe_events_mutex);
	err = remove_chosen(&all);
	mutex_unlock(&probe_events_mutex);
	return err == -ENOENT ? 0 : err;
}
