// SPDX-License-Identifier: MIT
/*
 * probe_arg.c - an argument of a probe event: [NAME=]FETCH[:TYPE].
 *
 *	%REG  $stack  $stackN  $retval  $argN  $comm  NAME	values
 *	@ADDRESS  @SYMBOL[+-OFFSET]  \NUMBER  \"TEXT"
 *	+OFFSET(FETCH)  -OFFSET(FETCH)  +uOFFSET(FETCH)	memory at a value
 *
 * A fetch becomes steps: the innermost part makes a value, and each pair of
 * brackets around it loads the memory at it.
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
#include <asm/pt_regs.h>

int probe_fail(const struct fetch *f, enum probe_error_id id, unsigned int at)
{
	probe_line_error(f->line, id, f->word, at);
	return -EINVAL;
}

int probe_add_step(const struct fetch *f, enum probe_op op, s64 value,
		   unsigned int at)
{
	struct probe_arg *arg = f->arg;

	if (arg->n_steps == PROBE_STEPS) /* PE2 */
		return probe_fail(f, PROBE_ERROR_TOO_MANY_OPS, at);
	arg->step[arg->n_steps++] = (struct probe_step){ op, value };
	return 0;
}

static struct probe_step *last_step(struct probe_arg *arg)
{
	return &arg->step[arg->n_steps - 1];
}

/* ---- types --------------------------------------------------------------- */

/*
 * @type: behind the ':', at offset @at of the word. Cuts "[N]" off. Return: 0;
 * -EINVAL.
 */
static int parse_array(const struct fetch *f, char *type, unsigned int at)
{
	char *open = strchr(type, '['), *close;
	unsigned int in;
	u64 n;

	if (!open)
		return 0;
	*open++ = '\0';
	in = at + (unsigned int)(open - type);
	close = strchr(open, ']');
	if (!close)
		return probe_fail(f, PROBE_ERROR_ARRAY_NO_CLOSE,
				  in + (unsigned int)strlen(open));
	if (close[1])
		return probe_fail(f, PROBE_ERROR_BAD_ARRAY_SUFFIX,
				  in + (unsigned int)(close + 1 - open));
	*close = '\0';
	if (kstrtoull(open, 0, &n) || !n || n > 0xffffffff)
		return probe_fail(f, PROBE_ERROR_BAD_ARRAY_NUM, in);
	if (n > PROBE_ARRAY)
		return probe_fail(f, PROBE_ERROR_ARRAY_TOO_BIG, in);
	f->arg->count = (u8)n;
	return 0;
}

/* $comm and an immediate string are strings, and nothing else. */
static bool only_string(const char *fetch)
{
	return !strcmp(fetch, "$comm") || !strcmp(fetch, "$COMM") ||
	       str_has_prefix(fetch, "\\\"");
}

/* @type: NULL: none was given. @at: where it begins, or the fetch. */
static int set_type(const struct fetch *f, const char *fetch, char *type,
		    unsigned int at)
{
	struct probe_arg *arg = f->arg;
	int err = type ? parse_array(f, type, at) : 0;

	if (err)
		return err;
	arg->type = probe_type_of(type);
	if (only_string(fetch)) {
		if (arg->count || (type && strcmp(type, "string")))
			return probe_fail(f, PROBE_ERROR_NEED_STRING_TYPE, at);
		arg->type = probe_type_of("string");
	}
	return arg->type ? 0 : probe_fail(f, PROBE_ERROR_BAD_TYPE, at);
}

/* ---- values -------------------------------------------------------------- */

#define REG(name)                                     \
	{                                             \
#name, offsetof(struct pt_regs, name) \
	}
static const struct {
	const char *name;
	u16 offset;
} registers[] = {
	REG(di),    REG(si),  REG(dx),	    REG(cx),  REG(r8),	REG(r9),
	REG(ax),    REG(bx),  REG(bp),	    REG(sp),  REG(r10), REG(r11),
	REG(r12),   REG(r13), REG(r14),	    REG(r15), REG(ip),	REG(cs),
	REG(flags), REG(ss),  REG(orig_ax),
};
#undef REG
#define REG_ARGS 6 /* the first ones, in the order of the calling convention */

static int parse_register(const struct fetch *f, const char *text,
			  unsigned int at)
{
	size_t i;

	if (f->def->kind >= PROBE_FENTRY)
		return probe_fail(f, PROBE_ERROR_BAD_VAR, at);
	for (i = 0; i < ARRAY_SIZE(registers); i++)
		if (!strcmp(registers[i].name, text + 1))
			return probe_add_step(f, PROBE_OP_REG,
					      registers[i].offset, at);
	return probe_fail(f, PROBE_ERROR_BAD_REG_NAME, at);
}

int probe_add_argument(const struct fetch *f, u64 n, unsigned int at)
{
	if (n <= REG_ARGS)
		return probe_add_step(f, PROBE_OP_REG, registers[n - 1].offset,
				      at);
	/* The stack does not keep arguments until the return. */
	if (probe_of_return(f) || f->def->kind == PROBE_POINT)
		return probe_fail(f, PROBE_ERROR_BAD_ARG_NUM, at);
	return probe_add_step(f, PROBE_OP_STACK, (s64)n - REG_ARGS, at);
}

static int parse_argument(const struct fetch *f, const char *number,
			  unsigned int at)
{
	u64 n;

	if (!isdigit(*number) || kstrtoull(number, 10, &n) || !n ||
	    n > PROBE_STACK_MAX)
		return probe_fail(f, PROBE_ERROR_BAD_ARG_NUM, at);
	if (!f->def->on_function)
		return probe_fail(f, PROBE_ERROR_NOFENTRY_ARGS, at);
	return probe_add_argument(f, n, at);
}

static int parse_stack(const struct fetch *f, const char *number,
		       unsigned int at)
{
	u64 n;

	if (!*number)
		return probe_add_step(f, PROBE_OP_REG,
				      offsetof(struct pt_regs, sp), at);
	if (!isdigit(*number))
		return probe_fail(f, PROBE_ERROR_BAD_VAR, at);
	if (kstrtoull(number, 10, &n) || n > PROBE_STACK_MAX)
		return probe_fail(f, PROBE_ERROR_BAD_STACK_NUM, at);
	return probe_add_step(f, PROBE_OP_STACK, (s64)n, at);
}

int probe_add_retval(const struct fetch *f, unsigned int at)
{
	return probe_add_step(f, PROBE_OP_REG, offsetof(struct pt_regs, ax),
			      at);
}

/* $NAME */
static int parse_variable(const struct fetch *f, char *text, unsigned int at)
{
	const char *name = text + 1;

	if (str_has_prefix(name, "retval") && !isalnum(name[6]) &&
	    name[6] != '_') {
		if (!probe_of_return(f))
			return probe_fail(f, PROBE_ERROR_RETVAL_ON_PROBE, at);
		return probe_parse_named(f, text, at);
	}
	if (!strcmp(name, "arg*"))
		return probe_fail(f, PROBE_ERROR_BAD_VAR_ARGS, at);
	if (!strcmp(name, "comm") || !strcmp(name, "COMM"))
		return probe_add_step(f, PROBE_OP_COMM, 0, at);
	if (str_has_prefix(name, "stack"))
		return parse_stack(f, name + strlen("stack"), at);
	if (str_has_prefix(name, "arg"))
		return parse_argument(f, name + strlen("arg"), at);
	return probe_fail(f, PROBE_ERROR_BAD_VAR, at);
}

/*
 * SYMBOL[+-OFFSET] of data or text. The error of an unknown one is Linux's,
 * which points to the probe's place.
 */
static int parse_symbol(const struct fetch *f, const char *text, u64 *addr)
{
	char name[PROBE_ARG_TEXT];
	size_t len = strcspn(text, "+-");
	s64 offset = 0;

	strscpy(name, text, sizeof(name));
	name[len] = '\0';
	*addr = kallsyms_lookup_name(name);
	if (text[len] && kstrtoll(text + len + (text[len] == '+'), 0, &offset))
		*addr = 0;
	if (!*addr) {
		probe_line_error(f->line, PROBE_ERROR_BAD_PROBE_ADDR, 1, 0);
		return -ENOENT;
	}
	*addr += (u64)offset;
	return 0;
}

static int parse_address(const struct fetch *f, const char *text,
			 unsigned int at)
{
	u64 addr;
	int err = 0;

	if (text[1] == '+')
		return probe_fail(f, PROBE_ERROR_FILE_ON_KPROBE, at);
	if (!isdigit(text[1]))
		err = parse_symbol(f, text + 1, &addr);
	else if (kstrtoull(text + 1, 0, &addr))
		return probe_fail(f, PROBE_ERROR_BAD_MEM_ADDR, at);
	if (!err)
		err = probe_add_step(f, PROBE_OP_IMM, (s64)addr, at);
	if (!err)
		err = probe_add_step(f, PROBE_OP_DEREF, 0, at);
	return err;
}

/* \NUMBER or \"TEXT"; the text stays in the argument's. */
static int parse_immediate(const struct fetch *f, const char *text,
			   unsigned int at)
{
	const char *digits = text + 1 + (text[1] == '+');
	size_t len = strlen(text);
	s64 n;
	u64 u;

	if (text[1] == '"') {
		if (len < 3 || text[len - 1] != '"')
			return probe_fail(f, PROBE_ERROR_IMMSTR_NO_CLOSE,
					  at + (unsigned int)len);
		f->arg->text_at = 2;
		f->arg->text_len = (u8)(len - 3);
		return probe_add_step(f, PROBE_OP_TEXT, 0, at);
	}
	if (isdigit(*digits) && !kstrtoull(digits, 0, &u))
		return probe_add_step(f, PROBE_OP_IMM, (s64)u, at);
	if (*digits == '-' && !kstrtoll(digits, 0, &n))
		return probe_add_step(f, PROBE_OP_IMM, n, at);
	return probe_fail(f, PROBE_ERROR_BAD_IMM, at + 1);
}

/* ---- fetches ------------------------------------------------------------- */

static int parse_fetch(const struct fetch *f, char *text, unsigned int at);

/* +OFFSET(FETCH), @text: behind the '+' and the 'u'. */
static int parse_inner(const struct fetch *f, char *text, unsigned int start,
		       unsigned int at, enum probe_op op)
{
	char *open = strchr(text, '('), *close;
	unsigned int inner;
	s64 offset;
	int err;

	if (!open)
		return probe_fail(f, PROBE_ERROR_DEREF_NEED_BRACE, start);
	*open++ = '\0';
	if (kstrtoll(text, 0, &offset))
		return probe_fail(f, PROBE_ERROR_BAD_DEREF_OFFS, start);
	inner = at + (unsigned int)(open - text);
	close = strrchr(open, ')');
	if (!close)
		return probe_fail(f, PROBE_ERROR_DEREF_OPEN_BRACE,
				  inner + (unsigned int)strlen(open));
	if (close[1])
		return probe_fail(f, PROBE_ERROR_BAD_FETCH_ARG, start);
	*close = '\0';
	err = parse_fetch(f, open, inner);
	if (err)
		return err;
	if (last_step(f->arg)->op == PROBE_OP_COMM ||
	    last_step(f->arg)->op == PROBE_OP_TEXT)
		return probe_fail(f, PROBE_ERROR_COMM_CANT_DEREF, inner);
	f->named->name = NULL;
	return probe_add_step(f, op, offset, inner);
}

static int parse_deref(const struct fetch *f, char *text, unsigned int start)
{
	bool minus = *text == '-', user = text[1] == 'u';
	unsigned int skip = user ? 2 : 1;

	if (minus) {
		/* The sign belongs to the number. */
		skip--;
		text[skip] = '-';
	}
	return parse_inner(f, text + skip, start, start + skip,
			   user ? PROBE_OP_USER : PROBE_OP_DEREF);
}

static int parse_fetch(const struct fetch *f, char *text, unsigned int at)
{
	switch (*text) {
	case '$':
		return parse_variable(f, text, at);
	case '%':
		return parse_register(f, text, at);
	case '@':
		return parse_address(f, text, at);
	case '\\':
		return parse_immediate(f, text, at);
	case '+':
	case '-':
		return parse_deref(f, text, at);
	default:
		break;
	}
	if (!isalpha(*text) && *text != '_')
		return probe_fail(f, PROBE_ERROR_BAD_FETCH_ARG, at);
	return probe_parse_named(f, text, at);
}

/* ---- how it is stored ---------------------------------------------------- */

/* Does the type fit the last step? @at: of the type, or of the fetch. */
static int check_store(const struct fetch *f, unsigned int at)
{
	const struct probe_arg *arg = f->arg;
	enum probe_op op = last_step(f->arg)->op;
	bool memory = op == PROBE_OP_DEREF || op == PROBE_OP_USER;

	switch (arg->type->store) {
	case PROBE_STORE_STRING:
		if (op == PROBE_OP_REG || op == PROBE_OP_STACK)
			return probe_fail(f, PROBE_ERROR_BAD_STRING, at);
		break;
	case PROBE_STORE_SYMSTR:
		if (op != PROBE_OP_REG && op != PROBE_OP_STACK &&
		    op != PROBE_OP_DEREF)
			return probe_fail(f, PROBE_ERROR_BAD_SYMSTRING, at);
		break;
	default:
		if (!memory && arg->n_steps == PROBE_STEPS)
			return probe_fail(f, PROBE_ERROR_TOO_MANY_OPS, at);
	}
	if (arg->count && op != PROBE_OP_DEREF &&
	    (op != PROBE_OP_USER || arg->type->store != PROBE_STORE_STRING))
		return probe_fail(f, PROBE_ERROR_BAD_STRING, at);
	return 0;
}

/* Gives the argument its place in the record. */
static int place(const struct fetch *f, unsigned int at)
{
	struct probe_arg *arg = f->arg;

	arg->how = probe_how_of(arg);
	arg->size = arg->type->size;
	arg->offset = f->def->size;
	f->def->size += arg->size * probe_elements(arg);
	if (f->def->size <= PROBE_RECORD_MAX) /* PE2 */
		return 0;
	probe_fail(f, PROBE_ERROR_EVENT_TOO_BIG, at);
	return -E2BIG;
}

/* FETCH[:TYPE], at offset @at of the word. */
static int parse_body(const struct fetch *f, const char *body, unsigned int at)
{
	char text[PROBE_ARG_TEXT], *type;
	unsigned int type_at;
	int err;

	if (strlen(body) >= sizeof(text)) {
		probe_fail(f, PROBE_ERROR_ARG_TOO_LONG, at);
		return -E2BIG;
	}
	if (!*body)
		return probe_fail(f, PROBE_ERROR_NO_ARG_BODY, at);
	strscpy(f->arg->text, body, sizeof(f->arg->text));
	strscpy(text, body, sizeof(text));
	type = strchr(text, ':');
	if (type)
		*type++ = '\0';
	type_at = at + (type ? (unsigned int)(type - text) : 0);
	err = set_type(f, text, type, type_at);
	if (!err)
		err = parse_fetch(f, text, at);
	if (!err && f->named->name)
		err = probe_type_named(f, type);
	if (!err)
		err = check_store(f, type_at);
	if (!err && type && *type == 'b' && probe_type_bits(f->arg, type))
		err = probe_fail(f, PROBE_ERROR_BAD_BITFIELD, type_at);
	return err ?: place(f, at);
}

/* ---- names --------------------------------------------------------------- */

static bool name_used(const struct probe_def *def, const char *name)
{
	static const char *const reserved[] = {
		"common_type",	"common_flags",	  "common_preempt_count",
		"common_pid",	"common_tgid",	  "__probe_ip",
		"__probe_func", "__probe_ret_ip",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(reserved); i++)
		if (!strcmp(reserved[i], name))
			return true;
	for (i = 0; i < def->n_args; i++)
		if (!strcmp(def->arg[i].name, name))
			return true;
	return false;
}

static bool is_identifier(const char *name)
{
	if (!isalpha(*name) && *name != '_')
		return false;
	while (isalnum(*name) || *name == '_')
		name++;
	return !*name;
}

/* @len: bytes of the name in front of the '='. */
static int set_name(const struct fetch *f, const char *text, size_t len)
{
	struct probe_arg *arg = f->arg;

	if (len >= sizeof(arg->name))
		return probe_fail(f, PROBE_ERROR_ARG_NAME_TOO_LONG, 0);
	if (!len)
		return probe_fail(f, PROBE_ERROR_NO_ARG_NAME, 0);
	memcpy(arg->name, text, len);
	arg->name[len] = '\0';
	if (!is_identifier(arg->name))
		return probe_fail(f, PROBE_ERROR_BAD_ARG_NAME, 0);
	return 0;
}

/* Without a name: that of a parameter, or argN. */
static void make_name(const struct fetch *f, const char *text)
{
	struct probe_arg *arg = f->arg;
	size_t len = strcspn(text, ":");

	if (len < sizeof(arg->name)) {
		memcpy(arg->name, text, len);
		arg->name[len] = '\0';
		if (is_identifier(arg->name))
			return;
	}
	snprintf(arg->name, sizeof(arg->name), "arg%u", f->def->n_args + 1);
}

int probe_parse_arg(struct probe_line *line, struct probe_def *def,
		    unsigned int word, const char *text)
{
	unsigned int named_at = 0;
	struct param named = { .name = NULL };
	struct fetch f = { line, def,	 &def->arg[def->n_args],
			   word, &named, &named_at };
	const char *equals = strchr(text, '=');
	const char *body = equals ? equals + 1 : text;
	int err = 0;

	if (equals)
		err = set_name(&f, text, (size_t)(equals - text));
	else
		make_name(&f, text);
	if (!err && name_used(def, f.arg->name))
		err = probe_fail(&f, PROBE_ERROR_USED_ARG_NAME, 0);
	if (!err)
		err = parse_body(&f, body, (unsigned int)(body - text));
	if (!err)
		def->n_args++;
	return err;
}
