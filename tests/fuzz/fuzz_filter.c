// SPDX-License-Identifier: MIT
/*
 * Any text as an event filter, against an evaluator by recursive descent that
 * knows the grammar from its definition: accepted or refused alike, the same
 * result for the same record, and a refused text has an error with a place.
 *
 * host-sources: trace/event/filter_parse.c trace/event/filter_term.c
 * host-sources: trace/event/filter_match.c trace/event/filter_cpulist.c
 * host-sources: trace/event/trace_event.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/base/panic.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/kstrto.h"
#include "kernel/sched.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/filter_record.h"
#include "trace/event/filter.h"
#include <asm/percpu.h>

/* One record; what is random is the text. */
static const struct rec rec = {
	.ent.pid = 3,
	.u1 = 200,
	.s1 = -1,
	.u2 = 1,
	.s2 = -2,
	.tag = "ab",
	.u4 = 1U << 31,
	.s4 = -5,
	.u8_ = 0x1010,
	.s8_ = 1,
	.name = "abcdefg",
	.loc = 3 << 16 | offsetof(struct rec, text),
	.mask = 5,
	.cpus = 8 << 16 | offsetof(struct rec, mask),
	.text = "cab",
};

struct input {
	const char *at;
	bool bad;
};

static void blanks(struct input *in)
{
	while (isspace(*in->at))
		in->at++;
}

static bool took(struct input *in, const char *word)
{
	if (!str_has_prefix(in->at, word))
		return false;
	in->at += strlen(word);
	return true;
}

static bool refuse(struct input *in)
{
	in->bad = true;
	return false;
}

/* ---- fields: what stands in the record, by name -------------------------- */

enum kind { UNSIGNED, SIGNED, CHARS, MASK, NONE };

struct value {
	enum kind kind;
	unsigned int bits;
	u64 number;
	const char *chars;
	unsigned int room; /* compared at most so many characters */
};

static const struct {
	const char *name;
	struct value value;
} known[] = {
	{ "u1", { UNSIGNED, 8, 200 } },
	{ "s1", { SIGNED, 8, -1 } },
	{ "u2", { UNSIGNED, 16, 1 } },
	{ "s2", { SIGNED, 16, -2 } },
	{ "u4", { UNSIGNED, 32, 1U << 31 } },
	{ "s4", { SIGNED, 32, -5 } },
	{ "u8_", { UNSIGNED, 64, 0x1010 } },
	{ "s8_", { SIGNED, 64, 1 } },
	{ "tag", { CHARS, .chars = "ab", .room = 6 } },
	{ "name", { CHARS, .chars = "abcdefg", .room = 8 } },
	{ "loc", { CHARS, .chars = "cab", .room = 3 } },
	{ "cpus", { MASK, .number = 5 } },
	{ "ints", { NONE } },
	{ "cpu", { SIGNED, 32, 0 } },
	{ "CPU", { SIGNED, 32, 0 } },
	{ "common_cpu", { SIGNED, 32, 0 } },
	{ "comm", { CHARS, .chars = "host", .room = TASK_COMM_LEN } },
	{ "COMM", { CHARS, .chars = "host", .room = TASK_COMM_LEN } },
	{ "stacktrace", { NONE } },
	{ "STACKTRACE", { NONE } },
	{ "common_stacktrace", { NONE } },
	{ "common_type", { UNSIGNED, 16, 0 } },
	{ "common_flags", { UNSIGNED, 8, 0 } },
	{ "common_preempt_count", { UNSIGNED, 8, 0 } },
	{ "common_pid", { SIGNED, 32, 3 } },
};

static struct value field(struct input *in)
{
	size_t len = 0, i;

	while (isalnum(in->at[len]) || in->at[len] == '_')
		len++;
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (strlen(known[i].name) != len ||
		    strncmp(known[i].name, in->at, len))
			continue;
		in->at += len;
		return known[i].value;
	}
	refuse(in);
	return (struct value){ NONE };
}

/* ---- values -------------------------------------------------------------- */

static u64 narrow(const struct value *v, u64 n)
{
	if (v->bits == 64)
		return n;
	n &= (1ULL << v->bits) - 1;
	if (v->kind == SIGNED && n >> (v->bits - 1))
		n |= ~0ULL << v->bits;
	return n;
}

static bool number(struct input *in, const struct value *v, const char *op)
{
	char text[24];
	u64 x = v->number, n = 0;
	size_t len = *in->at == '-';
	bool less;

	while (isalnum(in->at[len]))
		len++;
	if (len >= sizeof(text) || v->kind > SIGNED || *op == '~')
		return refuse(in);
	memcpy(text, in->at, len);
	text[len] = '\0';
	in->at += len;
	if (v->kind == SIGNED ? kstrtoll(text, 0, (s64 *)&n) :
				kstrtoull(text, 0, &n))
		return refuse(in);
	n = narrow(v, n);
	less = v->kind == SIGNED ? (s64)x < (s64)n : x < n;
	if (*op == '&')
		return x & n & (v->bits == 64 ? ~0ULL : (1ULL << v->bits) - 1);
	if (*op == '=' || *op == '!')
		return (x == n) == (*op == '=');
	if (*op == '<')
		return less || (op[1] && x == n);
	return !less && (op[1] || x != n);
}

static bool characters(struct input *in, const struct value *v, const char *op)
{
	const char *end = strchr(in->at + 1, *in->at);
	size_t len = end ? end - in->at - 1 : 0;
	char text[256];
	bool not = false;

	if (!end || len >= sizeof(text) || v->kind != CHARS || *op == '<' ||
	    *op == '>' || *op == '&')
		return refuse(in);
	memcpy(text, in->at + 1, len);
	text[len] = '\0';
	in->at = end + 1;
	if (*op != '~')
		return !strncmp(text, v->chars, v->room) == (*op == '=');
	not = *text == '!';
	return glob_match(text + not, v->chars) != not ;
}

static bool cpus(struct input *in, const struct value *v, const char *op)
{
	const char *end = strchr(in->at, '}');
	u64 mask, has = v->kind == MASK ? v->number :
			v->number < 64	? 1ULL << v->number :
					  0;

	in->at += strlen("CPUS");
	if (!took(in, "{") || !end || v->kind == CHARS || v->kind == NONE ||
	    filter_cpulist(in->at, end - in->at, &mask) ||
	    (*op != '&' && *op != '=' && *op != '!'))
		return refuse(in);
	in->at = end + 1;
	if (*op == '&')
		return has & mask;
	return (has && has == mask) == (*op == '=');
}

static bool function(struct input *in, const struct value *v, const char *op)
{
	unsigned long at = 0, off, size;
	char text[64];
	size_t len = 0;

	if (isdigit(*in->at))
		while (isalnum(in->at[len]))
			len++;
	else
		len = strcspn(in->at, " \t\n\v\f\r)&|");
	if (v->bits != 64 || (*op != '=' && *op != '!') || len >= sizeof(text))
		return refuse(in);
	memcpy(text, in->at, len);
	text[len] = '\0';
	in->at += len;
	if (!isdigit(*text))
		at = kallsyms_lookup_name(text);
	else if (len >= 24 || kstrtoul(text, 0, &at))
		return refuse(in);
	if (!at || !kallsyms_lookup(at, &off, &size))
		return refuse(in);
	return (v->number - (at - off) < size) == (*op == '=');
}

/* ---- the grammar --------------------------------------------------------- */

static bool expression(struct input *in);

static bool predicate(struct input *in)
{
	static const char *const ops[] = { "==", "!=", "<=", ">=",
					   "<",	 ">",  "&",  "~" };
	struct value v = field(in);
	bool code = !in->bad && took(in, ".function");
	size_t i;

	blanks(in);
	for (i = 0; i < ARRAY_SIZE(ops) && !took(in, ops[i]); i++)
		;
	blanks(in);
	if (in->bad || i == ARRAY_SIZE(ops))
		return refuse(in);
	if (code)
		return function(in, &v, ops[i]);
	if (str_has_prefix(in->at, "CPUS"))
		return cpus(in, &v, ops[i]);
	if (*in->at == '"' || *in->at == '\'')
		return characters(in, &v, ops[i]);
	if (isdigit(*in->at) || *in->at == '-')
		return number(in, &v, ops[i]);
	return refuse(in);
}

static bool operand(struct input *in)
{
	bool not = false, v;

	for (blanks(in); *in->at == '!' && in->at[1] && in->at[1] != '=' &&
			 in->at[1] != '~';
	     blanks(in)) {
		not = !not ;
		in->at++;
	}
	if (!took(in, "("))
		return predicate(in) != not ;
	v = expression(in);
	blanks(in);
	if (!in->bad && !took(in, ")"))
		refuse(in);
	return v != not ;
}

static bool conjunction(struct input *in)
{
	bool v = operand(in);

	for (blanks(in); !in->bad && took(in, "&&"); blanks(in))
		v &= operand(in);
	return v;
}

static bool expression(struct input *in)
{
	bool v = conjunction(in);

	for (blanks(in); !in->bad && took(in, "||"); blanks(in))
		v |= conjunction(in);
	return v;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct filter_program *program = NULL;
	struct filter_error error;
	struct input in = { 0 };
	char *text;
	bool keep;
	int err;

	/* Brackets are levels of recursion here. */
	if (size > 1000 || memchr(data, 0, size))
		return 0;
	text = fuzz_string(data, size);
	in.at = text;
	err = filter_compile(&event, text, &program, &error);
	keep = expression(&in);
	if (*in.at)
		refuse(&in);
	BUG_ON((err != 0) != in.bad);
	if (err) {
		BUG_ON(err != -EINVAL || program || !error.id);
		BUG_ON(error.at > size + 2 || !*filter_error_text(error.id));
	} else {
		BUG_ON(filter_match(program, &rec, sizeof(rec)) != keep);
	}
	filter_free(program);
	host_free(text);
	return 0;
}
