/* SPDX-License-Identifier: MIT */
/*
 * Shared by probe_arg.c and probe_name.c only.
 */
#pragma once

#include "kernel/base/params.h"
#include "trace/probes/probe_parse.h"

/* What is parsed: part of word @word, which begins at offset @at of it. */
struct fetch {
	struct probe_line *line;
	struct probe_def *def;
	struct probe_arg *arg;
	unsigned int word;
	/* The parameter or field that the steps end in; ->name NULL: none. */
	struct param *named;
	unsigned int *named_at;
};

/* Set the error. Return: -EINVAL. */
int probe_fail(const struct fetch *f, enum probe_error_id id, unsigned int at);

/* Return: 0; -EINVAL there are PROBE_STEPS. */
int probe_add_step(const struct fetch *f, enum probe_op op, s64 value,
		   unsigned int at);

static inline bool probe_of_return(const struct fetch *f)
{
	return f->def->kind == PROBE_RETURN || f->def->kind == PROBE_FEXIT;
}

/* Argument @n by the calling convention, from 1 on. */
int probe_add_argument(const struct fetch *f, u64 n, unsigned int at);
int probe_add_retval(const struct fetch *f, unsigned int at);

/*
 * NAME[->FIELD] or $retval[->FIELD] at @at. Return: 0; -EINVAL; -ENOENT no such
 * name; -EOPNOTSUPP a structure.
 */
int probe_parse_named(const struct fetch *f, char *text, unsigned int at);

/* Is there a table of this function's parameters? */
static inline bool probe_knows_params(const struct probe_def *def)
{
	return def->function && param_count(def->function) >= 0;
}

/*
 * What a type asks of a parameter: without a type it has one by itself; a
 * string needs a char pointer or array. Return: 0 or -EINVAL.
 */
int probe_type_named(const struct fetch *f, const char *type);
