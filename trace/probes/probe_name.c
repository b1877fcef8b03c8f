// SPDX-License-Identifier: MIT
/*
 * probe_name.c - arguments of probe events by name: parameters of the function,
 * a field of what one points to, and $arg*; and the short form of an fprobe.
 *
 * Owns nothing. PE1 and PE2 stand in probe_parse.h.
 *
 * Pure. Context: task.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/probes/probe_arg.h"

static int fail_as(const struct fetch *f, enum probe_error_id id,
		   unsigned int at, int err)
{
	probe_fail(f, id, at);
	return err;
}

/* ---- NAME[->FIELD] ------------------------------------------------------- */

/*
 * Cut "NAME->FIELD". *field is NULL if there is none. Return: 0; -EINVAL;
 * -EOPNOTSUPP "NAME.FIELD".
 */
static int cut_field(const struct fetch *f, char *text, unsigned int at,
		     char **field)
{
	char *end = text + strcspn(text, ".-");
	unsigned int len = (unsigned int)(end - text);

	*field = NULL;
	if (!*end)
		return 0;
	if (*end == '.')
		return fail_as(f, PROBE_ERROR_NOSUP_DAT_ARG, at + len + 1,
			       -EOPNOTSUPP);
	if (end[1] != '>')
		return probe_fail(f, PROBE_ERROR_BAD_HYPHEN, at + len);
	*end = '\0';
	*field = end + 2;
	return 0;
}

/* One level: a field of a field is written as +OFFSET(NAME->FIELD). */
static int add_field(const struct fetch *f, const char *field, unsigned int at)
{
	if (f->named->object == PARAM_NO_OBJECT)
		return probe_fail(f, PROBE_ERROR_NO_PTR_STRCT, at);
	if (!param_field(f->named->object, field, f->named))
		return fail_as(f, PROBE_ERROR_NO_BTF_FIELD, at, -ENOENT);
	*f->named_at = at;
	return probe_add_step(f, PROBE_OP_DEREF, f->named->offset, at);
}

static int add_returned(const struct fetch *f, unsigned int at)
{
	param_returned(f->def->function, f->named);
	if (f->named->kind == PARAM_VOID)
		return fail_as(f, PROBE_ERROR_NO_RETVAL, at, -ENOENT);
	return probe_add_retval(f, at);
}

static int add_param(const struct fetch *f, const char *name, unsigned int at)
{
	unsigned int hidden = f->def->hidden;

	if (!param_find(f->def->function, name, f->named) ||
	    f->named->slot < hidden)
		return fail_as(f, PROBE_ERROR_NO_BTFARG, at, -ENOENT);
	if (f->named->kind == PARAM_OTHER)
		return fail_as(f, PROBE_ERROR_NOSUP_DAT_ARG, at, -EOPNOTSUPP);
	return probe_add_argument(f, f->named->slot + 1u - hidden, at);
}

int probe_parse_named(const struct fetch *f, char *text, unsigned int at)
{
	bool returned = *text == '$';
	char *field;
	int err = cut_field(f, text, at, &field);

	if (err)
		return err;
	if (!f->def->on_function)
		return probe_fail(f, PROBE_ERROR_NOSUP_BTFARG, at);
	if (!probe_knows_params(f->def)) {
		if (returned && !field)
			return probe_add_retval(f, at);
		return fail_as(f, PROBE_ERROR_NO_BTF_ENTRY, at, -ENOENT);
	}
	*f->named_at = at;
	err = returned ? add_returned(f, at) : add_param(f, text, at);
	if (err || !field)
		return err;
	return add_field(f, field, at + (unsigned int)(field - text));
}

int probe_type_named(const struct fetch *f, const char *type)
{
	if (!type) {
		probe_type_of_param(f->arg, f->named);
		return 0;
	}
	if (f->arg->type->store != PROBE_STORE_STRING)
		return 0;
	if (f->named->kind == PARAM_CHARS_AT)
		return probe_add_step(
			f, f->arg->type->user ? PROBE_OP_USER : PROBE_OP_DEREF,
			0, *f->named_at);
	if (f->named->kind == PARAM_CHARS_IN)
		return 0;
	return probe_fail(f, PROBE_ERROR_BAD_TYPE4STR, *f->named_at);
}

/* ---- $arg* and $argN ----------------------------------------------------- */

static int fail_word(struct probe_line *line, enum probe_error_id id,
		     unsigned int word, int err)
{
	probe_line_error(line, id, word, 0);
	return err;
}

static int expand_all(struct probe_line *line, struct probe_def *def,
		      unsigned int word)
{
	struct param param;
	int n, count = probe_knows_params(def) ? param_count(def->function) : 0;
	int err = 0;

	if (line->word[word][strlen("$arg*")])
		return fail_word(line, PROBE_ERROR_BAD_VAR_ARGS, word, -EINVAL);
	if (def->expanded)
		return fail_word(line, PROBE_ERROR_DOUBLE_ARGS, word, -EINVAL);
	if (count <= (int)def->hidden)
		return fail_word(line, PROBE_ERROR_NOSUP_BTFARG, word,
				 -EOPNOTSUPP);
	def->expanded = true;
	for (n = (int)def->hidden; n < count && !err; n++) {
		if (def->n_args == PROBE_ARGS)
			return fail_word(line, PROBE_ERROR_ARGS_2LONG, word,
					 -E2BIG);
		param_get(def->function, (unsigned int)n, &param);
		err = probe_parse_arg(line, def, word, param.name);
	}
	return err;
}

/* $argN alone is the parameter's name, if that is known, as on Linux. */
static int expand_one(struct probe_line *line, struct probe_def *def,
		      unsigned int word)
{
	char *text = line->word[word], number[8], named[PROBE_ARG_TEXT];
	const char *digits = text + strlen("$arg");
	size_t len = strcspn(digits, ":");
	int count = param_count(def->function) - (int)def->hidden;
	struct param param;
	u64 n;

	if (len >= sizeof(number))
		return probe_parse_arg(line, def, word, text);
	memcpy(number, digits, len);
	number[len] = '\0';
	if (kstrtoull(number, 10, &n) || !n || n > PROBE_STACK_MAX)
		return probe_parse_arg(line, def, word, text);
	if (n > (u64)max(count, 0))
		return fail_word(line, PROBE_ERROR_NO_BTFARG, word, -ENOENT);
	param_get(def->function, (unsigned int)n - 1 + def->hidden, &param);
	if (snprintf(named, sizeof(named), "%s%s", param.name, digits + len) >=
	    (int)sizeof(named))
		return probe_parse_arg(line, def, word, text);
	return probe_parse_arg(line, def, word, named);
}

int probe_parse_word(struct probe_line *line, struct probe_def *def,
		     unsigned int word)
{
	char *text = line->word[word];

	if (def->n_args == PROBE_ARGS)
		return fail_word(line, PROBE_ERROR_TOO_MANY_ARGS, 2, -E2BIG);
	if (!str_has_prefix(text, "$arg"))
		return probe_parse_arg(line, def, word, text);
	if (!def->on_function)
		return fail_word(line, PROBE_ERROR_NOFENTRY_ARGS, word,
				 -EINVAL);
	if (text[4] == '*')
		return expand_all(line, def, word);
	if (isdigit(text[4]) && probe_knows_params(def))
		return expand_one(line, def, word);
	return probe_parse_arg(line, def, word, text);
}

/* ---- f:FUNCTION PARAMETER ------------------------------------------------ */

int probe_insert_place(struct probe_line *line, char *event)
{
	const char *word = line->word[1];
	struct param param;
	unsigned int i;

	if (kallsyms_name_count(word) || kallsyms_name_count(event) != 1 ||
	    !param_find(kallsyms_lookup_name(event), word, &param))
		return 0;
	if (line->n == PROBE_WORDS)
		return fail_word(line, PROBE_ERROR_TOO_MANY_ARGS, 1, -E2BIG);
	line->at[line->n + 1] = line->at[line->n];
	for (i = line->n++; i > 1; i--) {
		line->at[i] = line->at[i - 1];
		line->word[i] = line->word[i - 1];
	}
	line->at[1] = (u16)(event - line->cut);
	line->word[1] = event;
	return 0;
}
