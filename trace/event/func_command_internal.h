/* SPDX-License-Identifier: MIT */
/*
 * func_command_internal.h - parts of function commands. Legend: trace.h.
 */
#pragma once

#include "trace/event/func_command.h"
#include "trace/trace.h"

struct func_site {
	u64 left;			 /* [A] turns, see event_trigger_fire */
	struct trace_event_file *target; /* [I] */
	struct func_site *dead;		 /* [L] of those to be freed */
};

struct func_place {
	unsigned long ip;	/* [I] */
	struct func_site *site; /* [A] NULL: removed */
};

struct func_table {
	size_t n;		/* [I] */
	struct func_place at[]; /* rising by ip */
};

struct func_command {
	struct ftrace_ops ops;
	struct func_command *next;    /* [L] */
	struct trace_array *tr;	      /* [I] */
	enum event_trigger_kind kind; /* [I] */
	bool counted;		      /* [I] */
	bool registered;	      /* [L] */
	size_t live;		      /* [L] places with a site */
	struct func_table *table;     /* [A] */
};

/* The callback of a command's ops. */
ftrace_func_t func_command_callback(enum event_trigger_kind kind);

/* Does it print dumps? */
static inline bool func_command_dumps(enum event_trigger_kind kind)
{
	return kind == COMMAND_DUMP || kind == COMMAND_CPUDUMP;
}

/* The dumper of the dumps. */
const struct trace_dumper *func_command_dumper(void);
