// SPDX-License-Identifier: MIT
/*
 * The language of event filters: 100,000 random expressions on random records
 * against an evaluator that never sees a text.
 *
 * A random expression is made as a tree; the tree is printed with as few
 * brackets as the precedence of && and || allows, and evaluated by walking it.
 *
 * host-sources: trace/event/filter_parse.c trace/event/filter_term.c
 * host-sources: trace/event/filter_match.c trace/event/filter_cpulist.c
 * host-sources: trace/event/trace_event.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/sched.h"
#include "tests/unit/filter_record.h"
#include "tests/unit/unit.h"
#include "trace/event/filter.h"
#include <asm/percpu.h>

/* ---- random trees -------------------------------------------------------- */

static u64 seed;

static u32 rnd(u32 n)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (seed >> 33) % n;
}

enum what { LEAF, AND, OR };

struct node {
	enum what what;
	bool not ;
	struct node *a, *b;
	char text[80]; /* of a leaf */
	bool (*test)(const struct node *leaf, const struct rec *rec);
	int field, op;
	s64 value;
	u64 mask;
	const char *word;
};

static struct node nodes[64];
static int used;

static const char *const number_names[] = { "u1",  "s1",	"u2",  "s2",
					    "u4",  "s4",	"u8_", "s8_",
					    "cpu", "common_pid" };
static const char *const ops[] = { "==", "!=", "<", "<=", ">", ">=", "&" };

/* Small numbers, so that comparisons are often true. */
static s64 number_of(const struct rec *rec, int field)
{
	switch (field) {
	case 0:
		return rec->u1;
	case 1:
		return rec->s1;
	case 2:
		return rec->u2;
	case 3:
		return rec->s2;
	case 4:
		return rec->u4;
	case 5:
		return rec->s4;
	case 6:
		return rec->u8_;
	case 7:
		return rec->s8_;
	case 8:
		return host_cpu;
	default:
		return rec->ent.pid;
	}
}

/* What C does with a value of the field's type. */
static s64 as_field(int field, s64 v)
{
	switch (field) {
	case 0:
		return (u8)v;
	case 1:
		return (s8)v;
	case 2:
		return (u16)v;
	case 3:
		return (s16)v;
	case 4:
		return (u32)v;
	case 6:
	case 7:
		return v;
	default:
		return (s32)v;
	}
}

static bool test_number(const struct node *n, const struct rec *rec)
{
	s64 x = number_of(rec, n->field), v = as_field(n->field, n->value);

	switch (n->op) {
	case 0:
		return x == v;
	case 1:
		return x != v;
	case 2:
		return n->field == 6 ? (u64)x < (u64)v : x < v;
	case 3:
		return n->field == 6 ? (u64)x <= (u64)v : x <= v;
	case 4:
		return n->field == 6 ? (u64)x > (u64)v : x > v;
	case 5:
		return n->field == 6 ? (u64)x >= (u64)v : x >= v;
	default:
		return as_field(n->field, x & v) != 0;
	}
}

static void leaf_number(struct node *n)
{
	static const s64 edges[] = { 0,	    1,		127,	   128,
				     255,   256,	32767,	   65535,
				     65536, 0x7fffffff, 0x80000000 };
	bool is_signed;

	n->field = rnd(ARRAY_SIZE(number_names));
	n->op = rnd(ARRAY_SIZE(ops));
	is_signed = n->field & 1 || n->field == 8;
	n->value = rnd(3) ? rnd(8) : edges[rnd(ARRAY_SIZE(edges))];
	if (is_signed && rnd(2))
		n->value = -n->value;
	n->test = test_number;
	snprintf(n->text, sizeof(n->text),
		 n->value >= 0 && rnd(3) == 0 ? "%s%s0x%llx" :
		 rnd(2)			      ? "%s %s %lld" :
						"%s%s%lld",
		 number_names[n->field], ops[n->op], n->value);
}

static const char *const words[] = { "",   "a",	    "ab",      "abc",
				     "b",  "ba",    "abcdefg", "abcdefgh",
				     "ac", "abcabc" };

/* Every way to match a glob of letters and stars. */
static bool star_match(const char *glob, const char *text)
{
	if (!*glob)
		return !*text;
	if (*glob == '*')
		return star_match(glob + 1, text) ||
		       (*text && star_match(glob, text + 1));
	return *glob == *text && star_match(glob + 1, text + 1);
}

/* The text of a field of characters, cut to its size. */
static const char *chars_of(const struct rec *rec, int field)
{
	static char copy[32];
	size_t n = field == 0 ? 8 : field == 1 ? 6 : rec->loc >> 16;
	const char *from = field == 0 ? rec->name :
			   field == 1 ? rec->tag :
					(char *)rec + (rec->loc & 0xffff);

	if (field == 3)
		return current->comm;
	memcpy(copy, from, n);
	copy[n] = '\0';
	return copy;
}

static bool test_chars(const struct node *n, const struct rec *rec)
{
	const char *text = chars_of(rec, n->field);
	static const size_t size[] = { 8, 6, 9999, 9999 };

	if (n->op == 2)
		return star_match(n->word, text);
	/* Compared up to the size of the field. */
	return (strncmp(text, n->word,
			min(size[n->field],
			    n->field == 2 ? rec->loc >> 16 : (size_t)16)) ==
		0) == (n->op == 0);
}

static void leaf_chars(struct node *n)
{
	static const char *const names[] = { "name", "tag", "loc", "comm" };
	static const char *const globs[] = {
		"*", "a*", "*a", "*b*", "a*c", "ab", "*ab*c*", "abcdefg*"
	};
	static const char *const op[] = { "==", "!=", "~" };
	char quote = rnd(2) ? '"' : '\'';

	n->field = rnd(4);
	n->op = rnd(3);
	n->word = n->op == 2 ? globs[rnd(ARRAY_SIZE(globs))] :
			       words[rnd(ARRAY_SIZE(words))];
	n->test = test_chars;
	snprintf(n->text, sizeof(n->text), "%s %s%s%c%s%c", names[n->field],
		 op[n->op], rnd(2) ? " " : "", quote, n->word, quote);
}

static bool test_cpus(const struct node *n, const struct rec *rec)
{
	u64 has = n->field < 0 ? rec->mask :
		  (u64)number_of(rec, n->field) < 64 ?
				 1ULL << number_of(rec, n->field) :
				 0;

	if (n->op == 2)
		return has & n->mask;
	return (has && has == n->mask) == (n->op == 0);
}

static void leaf_cpus(struct node *n)
{
	static const struct {
		const char *list;
		u64 mask;
	} lists[] = {
		{ "0", 1 },	      { "1,3", 10 },	   { "0-3", 15 },
		{ "2", 4 },	      { "0-7:1/2", 0x55 }, { "all", ~0ULL },
		{ "63", 1ULL << 63 }, { "1-2,5", 0x26 },
	};
	static const char *const op[] = { "==", "!=", "&" };
	int i = rnd(ARRAY_SIZE(lists));

	n->field = (int)rnd(10) - 1;
	n->op = rnd(3);
	n->mask = lists[i].mask;
	n->test = test_cpus;
	snprintf(n->text, sizeof(n->text), "%s %s CPUS{%s}",
		 n->field < 0 ? "cpus" : number_names[n->field], op[n->op],
		 lists[i].list);
}

static bool test_function(const struct node *n, const struct rec *rec)
{
	return (rec->u8_ >= n->mask && rec->u8_ < n->mask + 0x100) ==
	       (n->op == 0);
}

static void leaf_function(struct node *n)
{
	bool first = rnd(2);

	n->op = rnd(2);
	n->mask = first ? FIRST : SECOND;
	n->test = test_function;
	snprintf(n->text, sizeof(n->text), "u8_.function %s %s", ops[n->op],
		 rnd(3) ? (first ? "first" : "second") :
			  (first ? "0x1010" : "0x20ff"));
}

static struct node *random_tree(int room)
{
	static void (*const leaves[])(struct node *) = {
		leaf_number, leaf_number, leaf_number,
		leaf_chars,  leaf_cpus,	  leaf_function,
	};
	struct node *n = &nodes[used++];

	memset(n, 0, sizeof(*n));
	n->not = rnd(4) == 0;
	if (room < 2 || rnd(4) == 0) {
		leaves[rnd(ARRAY_SIZE(leaves))](n);
		return n;
	}
	n->what = rnd(2) ? AND : OR;
	n->a = random_tree(room / 2);
	n->b = random_tree(room - room / 2);
	return n;
}

/* Trees are a few levels deep, so recursion is the simplest evaluator. */
static bool value(const struct node *n, const struct rec *rec)
{
	bool v = n->what == LEAF ? n->test(n, rec) :
		 n->what == AND	 ? value(n->a, rec) && value(n->b, rec) :
				   value(n->a, rec) || value(n->b, rec);

	return v != n->not ;
}

static void print(const struct node *n, enum what inside, struct trace_seq *s)
{
	bool brackets =
		n->what != LEAF &&
		(n->not || (n->what == OR && inside == AND) || rnd(8) == 0);

	if (n->not )
		trace_seq_puts(s, rnd(2) ? "!" : "! ");
	if (brackets)
		trace_seq_putc(s, '(');
	if (n->what == LEAF) {
		trace_seq_puts(s, n->text);
	} else {
		print(n->a, n->what, s);
		trace_seq_puts(s, n->what == AND ? (rnd(2) ? "&&" : " && ") :
						   (rnd(2) ? "||" : " || "));
		print(n->b, n->what, s);
	}
	if (brackets)
		trace_seq_puts(s, rnd(2) ? ")" : " ) ");
}

static void random_chars(char *to, size_t size)
{
	const char *word = words[rnd(ARRAY_SIZE(words))];

	memset(to, 0, size);
	memcpy(to, word, min(strlen(word), size));
}

static s64 random_number(void)
{
	s64 n = rnd(3) ? rnd(8) : (s64)rnd(~0U) << rnd(33);

	return rnd(2) ? n : -n;
}

static void random_record(struct rec *rec)
{
	const char *word = words[rnd(ARRAY_SIZE(words))];

	*rec = (struct rec){
		.ent.pid = random_number(),
		.u1 = random_number(),
		.s1 = random_number(),
		.u2 = random_number(),
		.s2 = random_number(),
		.u4 = random_number(),
		.s4 = random_number(),
		.u8_ = rnd(2) ? 0xfff + rnd(0x1200) : random_number(),
		.s8_ = random_number(),
		.mask = rnd(2) ? 1ULL << rnd(4) : rnd(256),
		.cpus = 8 << 16 | offsetof(struct rec, mask),
	};
	random_chars(rec->tag, sizeof(rec->tag));
	random_chars(rec->name, sizeof(rec->name));
	memcpy(rec->text, word, strlen(word) + 1);
	rec->loc = (strlen(word) + rnd(2)) << 16 | offsetof(struct rec, text);
	host_cpu = rnd(4);
	strscpy(current->comm, words[rnd(ARRAY_SIZE(words))], TASK_COMM_LEN);
}

/* Compare the program of a tree with the tree on four records. */
static bool agree(const struct node *tree, const char *text, unsigned int *yes)
{
	struct filter_program *program;
	struct filter_error error;
	struct rec rec;
	bool same = true;
	int i;

	if (!CHECK_EQ(filter_compile(&event, text, &program, &error), 0))
		return CHECK_STR(text, "");
	for (i = 0; i < 4 && same; i++) {
		random_record(&rec);
		*yes += value(tree, &rec);
		same = CHECK_EQ(filter_match(program, &rec, sizeof(rec)),
				value(tree, &rec)) ||
		       CHECK_STR(text, "");
	}
	filter_free(program);
	return same;
}

/* FL1 */
UNIT(filter, random_expressions_on_random_records)
{
	static char text[8192];
	struct trace_seq s;
	unsigned int i, yes = 0;
	struct node *tree;

	seed = 1;
	for (i = 0; i < 100000; i++) {
		used = 0;
		tree = random_tree(1 + rnd(12));
		trace_seq_init(&s, text, sizeof(text));
		print(tree, LEAF, &s);
		if (!agree(tree, text, &yes))
			break;
	}
	CHECK(yes > 100000 && yes < 300000); /* neither result is rare */
	strscpy(current->comm, "host", TASK_COMM_LEN);
	host_cpu = 0;
}
