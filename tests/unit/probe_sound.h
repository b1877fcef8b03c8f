/* SPDX-License-Identifier: MIT */
/*
 * What holds for every definition that the parser of probes accepts, for tests
 * and fuzzing.
 */
#pragma once

#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/probes/probe_parse.h"

/* PE2: the arguments lie side by side, each with a first step that is one. */
static inline bool probe_def_is_sound(const struct probe_def *def)
{
	u32 end = probe_args_offset(def->kind);
	unsigned int i;

	for (i = 0; i < def->n_args; i++) {
		const struct probe_arg *arg = &def->arg[i];

		if (arg->offset != end || !arg->n_steps ||
		    arg->n_steps > PROBE_STEPS ||
		    arg->step[0].op >= PROBE_OP_DEREF)
			return false;
		end += arg->size * probe_elements(arg);
	}
	return def->n_args <= PROBE_ARGS && def->size == end &&
	       end <= PROBE_RECORD_MAX;
}

/* "letter:group/event place name=fetch...", as the file shows it. */
static inline void probe_write_back(const struct probe_def *def, char *text,
				    size_t size)
{
	static const char letters[] = "prfft";
	char place[256];
	unsigned int i;
	size_t at;

	probe_def_place(def, place, sizeof(place));
	at = (size_t)snprintf(text, size, "%c", letters[def->kind]);
	if (def->maxactive)
		at += (size_t)snprintf(text + at, size - at, "%u",
				       def->maxactive);
	at += (size_t)snprintf(text + at, size - at, ":%s/%s %s", def->group,
			       def->event, place);
	for (i = 0; i < def->n_args; i++)
		at += (size_t)snprintf(text + at, size - at, " %s=%s",
				       def->arg[i].name, def->arg[i].text);
}

/* Do two definitions of one line mean the same? */
static inline bool probe_defs_equal(const struct probe_def *a,
				    const struct probe_def *b)
{
	unsigned int i;

	if (a->kind != b->kind || a->size != b->size ||
	    a->n_args != b->n_args || a->maxactive != b->maxactive ||
	    a->address != b->address || strcmp(a->group, b->group) ||
	    strcmp(a->event, b->event))
		return false;
	for (i = 0; i < a->n_args; i++)
		if (a->arg[i].type != b->arg[i].type ||
		    a->arg[i].count != b->arg[i].count ||
		    memcmp(a->arg[i].step, b->arg[i].step,
			   sizeof(a->arg[i].step)))
			return false;
	return true;
}
