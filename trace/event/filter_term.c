// SPDX-License-Identifier: MIT
/*
 * filter_term.c - parse one term of a filter, FIELD OP VALUE, to a predicate.
 *
 * Owns the texts of the errors, and the fields that no record has: cpu, comm.
 * Every comparison of numbers becomes a test whether the number lies in a
 * range, so a record pays for one kind of test.
 *
 * A place in an error is one behind the character that is wrong, as on Linux.
 * See filter.h for FL3. Context: task; pure but for kallsyms.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "trace/event/filter.h"
#include "trace/event/trace_event.h"

#define CHARS_MAX  256 /* bytes of a string, its NUL included */
#define NUMBER_MAX 24  /* bytes of a number, its NUL included */

/* Which operators and values fit a field; OTHER: none. */
enum kind { NUMBER, CHARS, MASK, OTHER };

/* What a term compares: where it is in a record, and how to load it. */
struct field {
	enum kind kind;
	u8 load;
	u16 offset, size;
	bool is_signed;
	bool function; /* .function: the value is meant as a place in code */
};

/* In the order in which they are looked for: "<=" before "<". */
enum op { GLOB, NE, EQ, LE, LT, GE, GT, AND, OPS };

static const char *const op_text[OPS] = {
	[GLOB] = "~", [NE] = "!=", [EQ] = "==", [LE] = "<=",
	[LT] = "<",   [GE] = ">=", [GT] = ">",	[AND] = "&",
};

/* One parse. opposite: the term is true where the predicate is false. */
struct term {
	struct filter_parser *p;
	const char *text;
	u32 at; /* the next character */
	struct field field;
	enum op op;
	struct filter_pred *pred;
	bool opposite;
};

const char *filter_error_text(enum filter_error_id id)
{
	static const char *const text[] = {
#define FILTER_ERROR_TEXT(id_, text_) text_,
		FILTER_ERRORS(FILTER_ERROR_TEXT)
#undef FILTER_ERROR_TEXT
	};

	return text[id];
}

/* The character that is wrong is the one at @at. */
static int refuse(struct term *t, enum filter_error_id id, u32 at)
{
	*t->p->error = (struct filter_error){ .id = id, .at = at + 1 };
	return -EINVAL;
}

static void skip_blanks(struct term *t)
{
	while (isspace(t->text[t->at]))
		t->at++;
}

/* ---- fields -------------------------------------------------------------- */

static u8 number_load(u32 size, bool is_signed)
{
	switch (size) {
	case 1:
		return is_signed ? FILTER_S8 : FILTER_U8;
	case 2:
		return is_signed ? FILTER_S16 : FILTER_U16;
	case 4:
		return is_signed ? FILTER_S32 : FILTER_U32;
	default:
		return FILTER_64;
	}
}

/* From the declaration of the event. */
static struct field field_of(const struct trace_field *from)
{
	struct field field = { .kind = CHARS,
			       .offset = from->offset,
			       .size = from->size,
			       .is_signed = from->is_signed };

	switch (from->kind) {
	case TRACE_FIELD_NUMBER:
		field.kind = NUMBER;
		field.load = number_load(from->size, from->is_signed);
		break;
	case TRACE_FIELD_STRING:
		field.load = from->size ? FILTER_CHARS : FILTER_REST;
		break;
	case TRACE_FIELD_DATA_LOC:
		field.load = FILTER_DATA_LOC;
		break;
	case TRACE_FIELD_CPUMASK:
		field.kind = MASK;
		field.load = FILTER_CPUMASK;
		break;
	default:
		field.kind = OTHER;
	}
	return field;
}

/* Are the @len characters of @text exactly @name? */
static bool is_name(const char *name, const char *text, size_t len)
{
	return strlen(name) == len && !strncmp(name, text, len);
}

/* A list of fields ends in one without a type. */
static bool find_in(const struct trace_field *list, const char *name,
		    size_t len, struct field *field)
{
	for (; list->type; list++) {
		if (!is_name(list->name, name, len))
			continue;
		*field = field_of(list);
		return true;
	}
	return false;
}

/* Fields that every event has, and no record. */
static bool find_generic(const char *name, size_t len, struct field *field)
{
	static const struct {
		const char *name;
		struct field field;
	} generic[] = {
#define CPU_FIELD              \
	{ .kind = NUMBER,      \
	  .load = FILTER_CPU,  \
	  .size = sizeof(s32), \
	  .is_signed = true }
#define COMM_FIELD                                                        \
	{                                                                 \
		.kind = CHARS, .load = FILTER_COMM, .size = TASK_COMM_LEN \
	}
#define NO_FIELD              \
	{                     \
		.kind = OTHER \
	}
		{ "cpu", CPU_FIELD },	     { "CPU", CPU_FIELD },
		{ "common_cpu", CPU_FIELD }, { "comm", COMM_FIELD },
		{ "COMM", COMM_FIELD },	     { "stacktrace", NO_FIELD },
		{ "STACKTRACE", NO_FIELD },  { "common_stacktrace", NO_FIELD },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(generic); i++) {
		if (!is_name(generic[i].name, name, len))
			continue;
		*field = generic[i].field;
		return true;
	}
	return false;
}

static bool find_field(struct term *t, const char *name, size_t len)
{
	static const char common[] = "common_";
	size_t skip = strlen(common);

	if (find_in(t->p->event->fields, name, len, &t->field) ||
	    find_generic(name, len, &t->field))
		return true;
	if (len < skip || strncmp(name, common, skip) ||
	    !find_in(trace_common_fields, name + skip, len - skip, &t->field))
		return false;
	t->p->program->reads_entry = true;
	return true;
}

/* FIELD, or FIELD.function. Return: 0; -EINVAL after refuse(). */
static int parse_field(struct term *t)
{
	u32 start = t->at;

	while (isalnum(t->text[t->at]) || t->text[t->at] == '_')
		t->at++;
	if (t->at == start) {
		*t->p->error = (struct filter_error){
			.id = FILTER_ERROR_INVALID_FILTER, .at = start
		};
		return -EINVAL;
	}
	if (!find_field(t, t->text + start, t->at - start))
		return refuse(t, FILTER_ERROR_FIELD_NOT_FOUND, t->at);
	/* No event has a pointer to characters of a user's. */
	if (str_has_prefix(t->text + t->at, ".ustring"))
		return refuse(t, FILTER_ERROR_ILLEGAL_FIELD_OP, t->at);
	if (str_has_prefix(t->text + t->at, ".function")) {
		t->field.function = true;
		t->at += strlen(".function");
	}
	return 0;
}

static int parse_op(struct term *t)
{
	skip_blanks(t);
	for (t->op = 0; t->op < OPS; t->op++)
		if (str_has_prefix(t->text + t->at, op_text[t->op]))
			break;
	if (t->op == OPS)
		return refuse(t, FILTER_ERROR_INVALID_OP, t->at);
	t->at += strlen(op_text[t->op]);
	skip_blanks(t);
	return 0;
}

/* ---- values -------------------------------------------------------------- */

/* @value cut to the field's size, and extended again by its sign. */
static u64 truncated(const struct field *field, u64 value)
{
	unsigned int shift = 64 - 8 * field->size;

	value <<= shift;
	return field->is_signed ? (u64)((s64)value >> shift) : value >> shift;
}

/* From first to last, both included: one subtraction and one comparison. */
static void set_range(struct term *t, u64 first, u64 last, bool opposite)
{
	t->pred->test = FILTER_RANGE;
	t->pred->first = first;
	t->pred->span = last - first;
	t->opposite = opposite;
}

/* Every comparison, or its opposite, is a range that is not empty. */
static void compare(struct term *t, u64 value)
{
	bool is_signed = t->field.is_signed;
	u64 v = truncated(&t->field, value);

	switch (t->op) {
	case LE:
	case GT:
		set_range(t, is_signed ? (u64)LLONG_MIN : 0, v, t->op == GT);
		break;
	case GE:
	case LT:
		set_range(t, v, is_signed ? LLONG_MAX : ULLONG_MAX,
			  t->op == LT);
		break;
	case AND:
		t->pred->test = FILTER_BITS;
		/* Bits beyond the field are copies of its sign. */
		t->pred->bits = v;
		break;
	default:
		set_range(t, v, v, t->op == NE);
	}
}

static int convert(const struct term *t, const char *number, u64 *value)
{
	s64 n = 0;
	int err;

	if (!t->field.is_signed)
		return kstrtoull(number, 0, value);
	err = kstrtoll(number, 0, &n);
	*value = n;
	return err;
}

/* Copy the number at t->at, with letters as in 0xff. Return: its length. */
static u32 take_number(struct term *t, char number[NUMBER_MAX])
{
	u32 start = t->at, len;

	if (t->text[t->at] == '-')
		t->at++;
	while (isalnum(t->text[t->at]))
		t->at++;
	len = t->at - start;
	if (len < NUMBER_MAX) {
		memcpy(number, t->text + start, len);
		number[len] = '\0';
	}
	return len;
}

static int parse_number(struct term *t)
{
	char number[NUMBER_MAX];
	u32 start = t->at;
	u64 value = 0;

	if (t->field.kind == CHARS)
		return refuse(t, FILTER_ERROR_EXPECT_STRING, start);
	if (t->op == GLOB || t->field.kind != NUMBER)
		return refuse(t, FILTER_ERROR_ILLEGAL_FIELD_OP, start);
	if (take_number(t, number) >= NUMBER_MAX)
		return refuse(t, FILTER_ERROR_OPERAND_TOO_LONG, t->at);
	if (convert(t, number, &value))
		return refuse(t, FILTER_ERROR_ILLEGAL_INTVAL, start);
	compare(t, value);
	return 0;
}

/* A '!' in front of a glob means the opposite, as on Linux. */
static void set_pattern(struct term *t, const char *from, u32 len)
{
	if (t->op == GLOB && len && *from == '!') {
		t->opposite = true;
		from++;
		len--;
	}
	memcpy(t->p->pool, from, len);
	t->p->pool[len] = '\0';
	t->pred->pattern = t->p->pool;
	t->p->pool += len + 1;
}

static int parse_chars(struct term *t)
{
	char quote = t->text[t->at];
	u32 start;

	if (t->op != NE && t->op != EQ && t->op != GLOB)
		return refuse(t, FILTER_ERROR_ILLEGAL_FIELD_OP, t->at);
	if (t->field.kind != CHARS)
		return refuse(t, FILTER_ERROR_EXPECT_DIGIT, t->at);
	start = ++t->at;
	while (t->text[t->at] && t->text[t->at] != quote)
		t->at++;
	if (!t->text[t->at])
		return refuse(t, FILTER_ERROR_MISSING_QUOTE, t->at);
	if (t->at - start >= CHARS_MAX)
		return refuse(t, FILTER_ERROR_OPERAND_TOO_LONG, t->at);
	t->pred->test = t->op == GLOB ? FILTER_GLOB : FILTER_EQUAL;
	t->opposite = t->op == NE;
	set_pattern(t, t->text + start, t->at - start);
	t->at++;
	return 0;
}

/* A number is compared with a mask as the set that has this CPU alone. */
static void set_cpus(struct term *t, u64 mask)
{
	bool one = mask && !(mask & (mask - 1));

	t->opposite = t->op == NE;
	if (t->field.kind == MASK) {
		t->pred->test = t->op == AND ? FILTER_BITS : FILTER_SAME;
		t->pred->bits = mask;
	} else if (t->op == AND) {
		t->pred->test = FILTER_IN;
		t->pred->bits = mask;
	} else {
		/* No number is a set of several. */
		t->pred->test = FILTER_IN;
		t->pred->bits = one ? mask : 0;
	}
}

static int parse_cpus(struct term *t)
{
	u32 start;
	u64 mask;

	if ((t->field.kind != NUMBER && t->field.kind != MASK) ||
	    (t->op != NE && t->op != EQ && t->op != AND))
		return refuse(t, FILTER_ERROR_ILLEGAL_FIELD_OP, t->at);
	t->at += strlen("CPUS");
	if (t->text[t->at++] != '{')
		return refuse(t, FILTER_ERROR_MISSING_BRACE_OPEN, t->at);
	start = t->at;
	while (t->text[t->at] && t->text[t->at] != '}')
		t->at++;
	if (!t->text[t->at])
		return refuse(t, FILTER_ERROR_MISSING_BRACE_CLOSE, t->at);
	if (filter_cpulist(t->text + start, t->at - start, &mask))
		return refuse(t, FILTER_ERROR_INVALID_CPULIST, t->at);
	t->at++;
	set_cpus(t, mask);
	return 0;
}

/* Return: an address in the function that the value names; 0: there is none. */
static unsigned long parse_symbol(struct term *t)
{
	char name[CHARS_MAX];
	u32 len = strcspn(t->text + t->at, " \t\n\v\f\r)&|");

	if (len >= sizeof(name))
		return 0;
	memcpy(name, t->text + t->at, len);
	name[len] = '\0';
	t->at += len;
	return kallsyms_lookup_name(name);
}

static int parse_function(struct term *t)
{
	unsigned long addr = 0, off, size;
	char number[NUMBER_MAX];

	if (t->field.kind != NUMBER || t->field.size != sizeof(addr))
		return refuse(t, FILTER_ERROR_ILLEGAL_FIELD_OP, t->at);
	if (t->op != EQ && t->op != NE)
		return refuse(t, FILTER_ERROR_INVALID_OP, t->at);
	if (!isdigit(t->text[t->at]))
		addr = parse_symbol(t);
	else if (take_number(t, number) >= NUMBER_MAX)
		return refuse(t, FILTER_ERROR_OPERAND_TOO_LONG, t->at);
	else if (kstrtoul(number, 0, &addr))
		return refuse(t, FILTER_ERROR_INVALID_VALUE, t->at);
	if (!addr || !kallsyms_lookup(addr, &off, &size) || !size)
		return refuse(t, FILTER_ERROR_NO_FUNCTION, t->at);
	set_range(t, addr - off, addr - off + size - 1, t->op == NE);
	return 0;
}

static int parse_value(struct term *t)
{
	char c = t->text[t->at];

	if (t->field.function)
		return parse_function(t);
	if (str_has_prefix(t->text + t->at, "CPUS"))
		return parse_cpus(t);
	if (c == '"' || c == '\'')
		return parse_chars(t);
	if (isdigit(c) || c == '-')
		return parse_number(t);
	return refuse(t, FILTER_ERROR_INVALID_VALUE, t->at);
}

int filter_term(struct filter_parser *p, u32 start, struct filter_pred *pred,
		bool *opposite)
{
	struct term t = { .p = p, .text = p->text, .at = start, .pred = pred };
	int err = parse_field(&t) ?: parse_op(&t) ?: parse_value(&t);

	if (err)
		return err;
	pred->load = t.field.load;
	pred->offset = t.field.offset;
	pred->size = t.field.size;
	pred->op = FILTER_OTHER;
	if (pred->load <= FILTER_CPU && pred->test == FILTER_RANGE)
		pred->op = pred->load;
	p->program->ranges &= pred->op != FILTER_OTHER;
	*opposite = t.opposite;
	return t.at;
}
