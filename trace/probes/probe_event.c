// SPDX-License-Identifier: MIT
/*
 * probe_event.c - a line of text makes a probe event, or adds a probe to one.
 *
 * Owns the list of them. PE3 and PE5 stand in probe_event.h.
 *
 * A new probe is parsed, prepared and registered before its event is in the
 * list; what fails on the way undoes the steps before it.
 *
 * Context: task. Locks: probe_events_mutex, then trace_lock, then kprobe_mutex.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/quiesce.h"
#include "trace/event/event_trigger.h"
#include "trace/probes/probe_event_internal.h"
#include "trace/probes/probe_fetch.h"
#include "trace/trace_internal.h"

DEFINE_MUTEX(probe_events_mutex);
LIST_HEAD(probe_events);
LIST_HEAD(probes_listed);

static struct probe_event *find_event(const struct probe_def *def)
{
	struct probe_event *pe;

	for_each_probe_event(pe)
	{
		if (!strcmp(pe->event.system, def->group) &&
		    !strcmp(pe->event.name, def->event) &&
		    probe_event_family(pe) == probe_family_of(def->kind))
			return pe;
	}
	return NULL;
}

/* ---- new events ---------------------------------------------------------- */

/* The probe still owns the definition, which is not freed here. */
static void free_unused(struct probe_event *pe)
{
	pe->form = NULL;
	probe_event_free(pe);
	if (list_empty(&probe_events))
		probe_scratch_free();
}

/* The event of a first probe. Return: ERR_PTR of -ENOMEM. */
static struct probe_event *make_event(struct probe *p)
{
	struct probe_event *pe = kzalloc(sizeof(*pe));
	int err;

	if (!pe)
		return ERR_PTR(-ENOMEM);
	INIT_LIST_HEAD(&pe->probes);
	pe->form = p->def;
	pe->texts = probe_has_texts(p->def);
	err = probe_format_make(pe, p->def);
	if (!err)
		err = probe_scratch_make();
	if (!err)
		return pe;
	free_unused(pe);
	return ERR_PTR(err);
}

static int add_event(struct probe_line *line, struct probe *p)
{
	struct probe_event *pe = make_event(p);
	int err;

	if (IS_ERR(pe))
		return (int)PTR_ERR(pe);
	p->of = pe;
	list_add_tail(&p->link, &pe->probes);
	list_add_tail(&pe->link, &probe_events);
	err = trace_event_add(&pe->event);
	if (!err)
		return 0;
	if (err == -EEXIST)
		probe_line_error(line, PROBE_ERROR_EVENT_EXIST, 0, 0);
	list_del(&pe->link);
	synchronize_tasks(); /* E3: it may have been found */
	p->of = NULL;
	free_unused(pe);
	return err;
}

/* ---- one more probe of an event ------------------------------------------ */

static bool same_args(const struct probe_def *a, const struct probe_def *b)
{
	unsigned int i;

	for (i = 0; i < a->n_args; i++)
		if (strcmp(a->arg[i].text, b->arg[i].text))
			return false;
	return true;
}

static bool same_place(const struct probe_def *a, const struct probe_def *b)
{
	if (!a->symbol != !b->symbol)
		return false;
	if (!a->symbol)
		return a->address == b->address;
	return !strcmp(a->symbol, b->symbol) && a->offset == b->offset;
}

/* The number of the first argument that differs, from 1 on; 0: none does. */
static unsigned int first_difference(const struct probe_def *a,
				     const struct probe_def *b)
{
	unsigned int i;

	if (a->n_args != b->n_args)
		return min(a->n_args, b->n_args) + 1;
	for (i = 0; i < a->n_args; i++)
		if (a->arg[i].type != b->arg[i].type ||
		    a->arg[i].count != b->arg[i].count ||
		    strcmp(a->arg[i].name, b->arg[i].name))
			return i + 1;
	return 0;
}

static int check_append(struct probe_line *line, const struct probe_def *def,
			const struct probe_event *pe)
{
	const struct probe_def *first = pe->form;
	unsigned int differs = first_difference(def, first);
	struct list_head *at;

	if (def->kind != first->kind) {
		probe_line_error(line, PROBE_ERROR_DIFF_PROBE_TYPE, 0, 0);
		return -EEXIST;
	}
	if (differs) {
		probe_line_error(line, PROBE_ERROR_DIFF_ARG_TYPE, differs + 1,
				 0);
		return -EEXIST;
	}
	for (at = pe->probes.next; at != &pe->probes; at = at->next) {
		first = list_entry(at, struct probe, link)->def;
		if (!same_place(def, first) || !same_args(def, first))
			continue;
		probe_line_error(line, PROBE_ERROR_SAME_PROBE, 0, 0);
		return -EEXIST;
	}
	return 0;
}

/* PE4: while the event is enabled, the probe is armed at once. */
static int append(struct probe *p, struct probe_event *pe)
{
	int err = 0;

	event_session_begin();
	p->of = pe;
	if (pe->files)
		err = probe_arm(p);
	if (!err)
		list_add_tail(&p->link, &pe->probes);
	event_session_end();
	return err;
}

static void say_why(struct probe_line *line, int err, enum probe_kind kind)
{
	enum probe_error_id id = PROBE_ERROR_FAIL_REG_PROBE;

	if (err == -EILSEQ)
		id = PROBE_ERROR_BAD_INSN_BNDRY;
	else if (err == -ENOENT)
		id = kind == PROBE_POINT ? PROBE_ERROR_NO_TRACEPOINT :
					   PROBE_ERROR_BAD_PROBE_ADDR;
	if (err != -ENOMEM && err != -EEXIST)
		probe_line_error(line, id, 1, 0);
}

static int add_probe(struct probe_line *line, struct probe *p)
{
	struct probe_event *pe = find_event(p->def);
	int err = pe ? check_append(line, p->def, pe) : 0;

	if (err)
		return err;
	err = probe_prepare(p);
	if (err)
		return err;
	err = pe ? append(p, pe) : add_event(line, p);
	if (err)
		probe_release(p); /* PE3 */
	return err;
}

static int create(struct probe_line *line, unsigned int families)
{
	struct probe_def *def = probe_parse(
		line, families == PROBE_FAMILY_KPROBE ? "pr" : "prft");
	enum probe_kind kind;
	struct probe *p;
	int err;

	if (IS_ERR(def))
		return PTR_ERR(def) == -ECANCELED ? -EINVAL : (int)PTR_ERR(def);
	kind = def->kind;
	p = kzalloc(sizeof(*p));
	if (!p) {
		probe_def_free(def);
		return -ENOMEM;
	}
	p->def = def;
	INIT_LIST_HEAD(&p->listed);
	err = add_probe(line, p);
	if (err) {
		say_why(line, err, kind);
		probe_free(p);
		return err;
	}
	list_add_tail(&p->listed, &probes_listed);
	return 0;
}

int probe_event_line(struct probe_line *line, unsigned int families)
{
	char first;
	int err;

	if (!line->n)
		return 0;
	first = line->word[0][0];
	mutex_lock(&probe_events_mutex);
	if (first == '-' || (first == '!' && families == PROBE_FAMILY_ANY))
		err = probe_event_remove(line, families);
	else
		err = create(line, families);
	mutex_unlock(&probe_events_mutex);
	return err;
}
