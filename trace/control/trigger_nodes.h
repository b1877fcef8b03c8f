/* SPDX-License-Identifier: MIT */
/*
 * trigger_nodes.h - commands of the file trigger that have a grammar of their
 * own. Any other command is COMMAND[:COUNT] [if FILTER].
 */
#pragma once

#include "kernel/lib/table.h"
#include "trace/control/event_nodes.h"
#include "trace/event/event_trigger.h"

/* A write, cut up. The parts are in the copy of its text. */
struct trigger_write {
	struct tracefs_file *file;
	char *text;		  /* a copy, cut up */
	const char *behind_colon; /* what follows the name's; NULL: a blank */
	char *filter;		  /* behind " if "; NULL: none */
	bool remove;
	struct event_trigger_spec spec;
};

/*
 * Set the error of the write, which begins at @at in its text, or is in general
 * if @at is NULL. Return: -EINVAL.
 */
int trigger_refuse(struct trigger_write *w, const char *at, const char *why);

struct trigger_grammar {
	enum event_trigger_kind kind;
	/*
	 * What needs trace_lock or much memory, before the session; NULL:
	 * nothing. @rest: what is behind the command and its colon, or NULL.
	 * Return: 0 or the errno.
	 */
	int (*prepare)(struct trigger_write *w, const char *rest);
	/*
	 * Fill in w->spec. @rest: as above; may be cut up. NULL: a count.
	 * Return: 0, or the errno and the error is set. [session]
	 */
	int (*parse)(struct trigger_write *w, struct trace_event_file *event,
		     char *rest);
	/*
	 * Add the trigger, which takes w->spec over; NULL:
	 * event_trigger_add(). [session]
	 */
	int (*add)(struct trigger_write *w, struct trace_event_file *event);
};

DECLARE_TABLE(struct trigger_grammar, trigger_grammars);
