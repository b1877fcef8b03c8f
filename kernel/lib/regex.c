// SPDX-License-Identifier: MIT
/*
 * regex.c - regular expressions as programs whose steps are all tried at once.
 *
 * The pattern becomes a program: a step matches a character, or goes on at one
 * or two other steps. Each character of a line advances the set of all steps
 * that the match can be at. No step is tried twice for a character, so no
 * pattern is slow. A matcher that backtracks is slow for patterns like
 * a*a*a*a*b.
 *
 * Distances in the program are relative, so the code of a subexpression moves
 * as a block when an operator is put before it.
 */
#include "kernel/lib/regex.h"

#include "kernel/lib/ctype.h"
#include "kernel/lib/string.h"

enum { CHARACTER, ANY, SET, LINE_START, LINE_END, FORK, JUMP, FOUND };

struct parser {
	struct regex *regex;
	const char *re, *at;
	unsigned int depth;
	const char *wrong;
};

static const char *parse_alternatives(struct parser *p);

static bool extended(const struct parser *p)
{
	return p->regex->flags & REGEX_EXTENDED;
}

/* ---- code ---- */

/* Puts a step at @at, before the code that begins there. */
static void put_step(struct parser *p, unsigned int at, struct regex_step step)
{
	struct regex *r = p->regex;

	if (r->n + 1 >= REGEX_STEPS) {
		p->wrong = "the pattern is too long";
		return;
	}
	memmove(&r->step[at + 1], &r->step[at],
		(r->n - at) * sizeof(r->step[0]));
	r->step[at] = step;
	r->n++;
}

static void put_fork(struct parser *p, unsigned int at, s16 a, s16 b)
{
	put_step(p, at, (struct regex_step){ .kind = FORK, .a = a, .b = b });
}

static void add_step(struct parser *p, u8 kind, u8 c)
{
	put_step(p, p->regex->n, (struct regex_step){ .kind = kind, .c = c });
}

/* Applies a repetition to the code from @start on. */
static void repeat(struct parser *p, unsigned int start, char op)
{
	s16 len = p->regex->n - start;

	if (op == '+') {
		put_fork(p, p->regex->n, -len, 1);
		return;
	}
	put_fork(p, start, 1, len + (op == '*' ? 2 : 1));
	if (op == '*')
		put_step(p, p->regex->n,
			 (struct regex_step){ .kind = JUMP, .a = -(len + 1) });
}

/* ---- sets ---- */

static void set_add(struct parser *p, u32 *set, u8 c)
{
	set[c / 32] |= 1U << c % 32;
	if (p->regex->flags & REGEX_IGNORE_CASE) {
		set[(u8)tolower(c) / 32] |= 1U << (u8)tolower(c) % 32;
		set[(u8)toupper(c) / 32] |= 1U << (u8)toupper(c) % 32;
	}
}

/* Is @c in the class with the name at @name? Return: -1 unknown, 0, 1. */
static int in_class(const char *name, size_t len, u8 c)
{
	static const char *const names[] = { "alpha", "digit", "alnum",
					     "upper", "lower", "space",
					     "blank", "punct", "xdigit" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (strlen(names[i]) == len && !strncmp(names[i], name, len))
			break;
	switch (i) {
	case 0:
		return isalpha(c);
	case 1:
		return isdigit(c);
	case 2:
		return isalnum(c);
	case 3:
		return c >= 'A' && c <= 'Z';
	case 4:
		return c >= 'a' && c <= 'z';
	case 5:
		return c == ' ' || (c >= '\t' && c <= '\r');
	case 6:
		return c == ' ' || c == '\t';
	case 7:
		return c > ' ' && c < 0x7f && !isalnum(c);
	case 8:
		return isdigit(c) || (tolower(c) >= 'a' && tolower(c) <= 'f');
	}
	return -1;
}

/* Reads [:NAME:] at p->at. Return: NULL or the error. */
static const char *add_class(struct parser *p, u32 *set)
{
	const char *name = p->at + 2, *end = strstr(name, ":]");
	unsigned int c;

	if (!end || in_class(name, end - name, 0) < 0)
		return "this class of characters is not known";
	for (c = 1; c < 128; c++)
		if (in_class(name, end - name, c))
			set_add(p, set, c);
	p->at = end + 2;
	return NULL;
}

/* Reads one character or a range at p->at. Return: NULL or the error. */
static const char *add_range(struct parser *p, u32 *set)
{
	u8 from = *p->at++, to = from;

	if (from == '[' && *p->at && strchr(".=", *p->at))
		return "collating elements are not known here";
	if (p->at[0] == '-' && p->at[1] && p->at[1] != ']') {
		to = p->at[1];
		p->at += 2;
	}
	if (to < from)
		return "a range ends before it begins";
	for (;; from++) {
		set_add(p, set, from);
		if (from == to)
			return NULL;
	}
}

/* Reads a set, whose [ was read. Return: NULL or the error. */
static const char *parse_set(struct parser *p)
{
	bool not = *p->at == '^';
	const char *first = p->at + not, *wrong = NULL;
	unsigned int i;
	u32 *set;

	if (p->regex->sets == REGEX_SETS)
		return "too many sets [...]";
	set = p->regex->set[p->regex->sets];
	memset(set, 0, sizeof(p->regex->set[0]));
	for (p->at = first; *p->at && (*p->at != ']' || p->at == first);) {
		wrong = !strncmp(p->at, "[:", 2) ? add_class(p, set) :
						   add_range(p, set);
		if (wrong)
			return wrong;
	}
	if (!*p->at++)
		return "this [ is not closed";
	for (i = 0; not &&i < 8; i++)
		set[i] = ~set[i];
	add_step(p, SET, p->regex->sets++);
	return NULL;
}

/* ---- the grammar ---- */

/*
 * The operator at p->at: one of ( ) | + ? * { or 0. Its length in *@len: in a
 * basic expression all but * have a backslash.
 */
static char operator_at(const struct parser *p, unsigned int *len)
{
	bool slash = p->at[0] == '\\';
	char c = p->at[slash];

	*len = 1 + slash;
	if (c == '*' && !slash)
		return c;
	return c && strchr("()|+?{", c) && slash == !extended(p) ? c : 0;
}

/* Does an expression begin at p->at, where ^ is an anchor? */
static bool at_start(const struct parser *p)
{
	const char *at = p->at;

	if (at == p->re || extended(p))
		return true;
	return at - p->re >= 2 && at[-2] == '\\' && strchr("(|", at[-1]) &&
	       (at - 2 == p->re || at[-3] != '\\');
}

/* Does an expression end at @behind, so that the $ before it is an anchor? */
static bool at_end(const struct parser *p, const char *behind)
{
	struct parser next = *p;
	unsigned int len;
	char op;

	if (extended(p) || !*behind)
		return true;
	next.at = behind;
	op = operator_at(&next, &len);
	return op == ')' || op == '|';
}

/* Reads a backslash and the next character. Return: NULL or the error. */
static const char *parse_escape(struct parser *p)
{
	char c = p->at[1];

	if (!c)
		return "nothing follows the backslash at its end";
	if (isalnum(c) || strchr("<>'`", c))
		return "a backslash is known only before ^ $ . * [ ] \\ and "
		       "operators";
	add_step(p, CHARACTER, c);
	p->at += 2;
	return NULL;
}

/* Reads a group, whose parenthesis was read. Return: NULL or the error. */
static const char *parse_group(struct parser *p)
{
	const char *wrong;
	unsigned int len;

	if (++p->depth > REGEX_GROUPS)
		return "too many groups inside each other";
	wrong = parse_alternatives(p);
	if (wrong)
		return wrong;
	if (operator_at(p, &len) != ')')
		return "this group is not closed";
	p->at += len;
	p->depth--;
	return NULL;
}

/* Reads an atom that is no operator. Return: NULL or the error. */
static const char *parse_character(struct parser *p)
{
	bool start = at_start(p);
	char c = *p->at;

	if (c == '\\')
		return parse_escape(p);
	p->at++;
	if (c == '[')
		return parse_set(p);
	if (c == '^' && start)
		add_step(p, LINE_START, 0);
	else if (c == '$' && at_end(p, p->at))
		add_step(p, LINE_END, 0);
	else if (c == '.')
		add_step(p, ANY, 0);
	else
		add_step(p, CHARACTER, c);
	return NULL;
}

/*
 * Reads an atom and the repetitions behind it. In a basic expression a * is a
 * character where *@start is true. Return: NULL or the error.
 */
static const char *parse_piece(struct parser *p, bool *start)
{
	unsigned int code = p->regex->n, len;
	char op = operator_at(p, &len);
	bool anchor = *p->at == '^' && at_start(p) && !extended(p);
	const char *wrong;

	if (op == '(') {
		p->at += len;
		wrong = parse_group(p);
	} else if (op && (extended(p) || op != '*' || !*start)) {
		return op == '{' ? "intervals {...} are not known here" :
				   "nothing to repeat stands before this";
	} else {
		wrong = parse_character(p);
	}
	*start = anchor;
	while (!wrong && !anchor && (op = operator_at(p, &len)) &&
	       strchr("*+?{", op)) {
		if (op == '{')
			return "intervals {...} are not known here";
		repeat(p, code, op);
		p->at += len;
	}
	return wrong ? wrong : p->wrong;
}

/* Reads pieces up to | or ) or the end. Return: NULL or the error. */
static const char *parse_sequence(struct parser *p)
{
	const char *wrong = NULL;
	bool start = at_start(p);
	unsigned int len;

	while (*p->at && !wrong) {
		char op = operator_at(p, &len);

		if (op == '|' || (op == ')' && p->depth))
			break;
		if (op == ')')
			return "no group begins before this )";
		wrong = parse_piece(p, &start);
	}
	return wrong;
}

/* a|b is: fork to a or b; a; jump behind b; b. */
static const char *parse_alternatives(struct parser *p)
{
	unsigned int start = p->regex->n, len, jump;
	const char *wrong = parse_sequence(p);

	while (!wrong && operator_at(p, &len) == '|') {
		p->at += len;
		put_fork(p, start, 1, p->regex->n - start + 2);
		jump = p->regex->n;
		add_step(p, JUMP, 0);
		wrong = p->wrong ? p->wrong : parse_sequence(p);
		p->regex->step[jump].a = p->regex->n - jump;
	}
	return wrong;
}

const char *regex_compile(struct regex *regex, const char *re,
			  unsigned int flags)
{
	struct parser p = { .regex = regex, .re = re, .at = re };
	const char *wrong;

	regex->n = regex->sets = 0;
	regex->flags = flags;
	wrong = parse_alternatives(&p);
	add_step(&p, FOUND, 0);
	return wrong ? wrong : p.wrong;
}

/* ---- the match ---- */

/* The steps that a match can be at, each once, in any order. */
struct places {
	bool has[REGEX_STEPS];
	u16 at[REGEX_STEPS];
	unsigned int n;
	bool found;
};

/* Where in the line a step is reached. */
struct edge {
	bool start, end;
};

static void reach(struct places *to, int at)
{
	if (!to->has[at]) {
		to->has[at] = true;
		to->at[to->n++] = at;
	}
}

/* Goes on from each reached step that takes no character. */
static void follow(const struct regex *r, struct places *to, struct edge edge)
{
	unsigned int i;

	for (i = 0; i < to->n; i++) {
		const struct regex_step *step = &r->step[to->at[i]];

		if (step->kind == FORK || step->kind == JUMP)
			reach(to, to->at[i] + step->a);
		if (step->kind == FORK)
			reach(to, to->at[i] + step->b);
		if ((step->kind == LINE_START && edge.start) ||
		    (step->kind == LINE_END && edge.end))
			reach(to, to->at[i] + 1);
		to->found |= step->kind == FOUND;
	}
}

static bool takes(const struct regex *r, const struct regex_step *step, u8 c)
{
	if (step->kind == SET)
		return r->set[step->c][c / 32] >> c % 32 & 1;
	if (step->kind == CHARACTER && r->flags & REGEX_IGNORE_CASE)
		return tolower(step->c) == tolower(c);
	return step->kind == ANY || (step->kind == CHARACTER && step->c == c);
}

static void clear(struct places *places)
{
	while (places->n)
		places->has[places->at[--places->n]] = false;
	places->found = false;
}

bool regex_match(const struct regex *regex, const char *text, size_t len)
{
	static struct places places[2]; /* one caller at a time */
	struct places *now = &places[0], *next = &places[1], *swap;
	unsigned int k;
	size_t i;

	if (len && text[len - 1] == '\n')
		len--;
	clear(now);
	clear(next);
	for (i = 0;; i++) {
		reach(now, 0); /* a match may begin at each character */
		follow(regex, now, (struct edge){ !i, i == len });
		if (now->found || i == len)
			return now->found;
		clear(next);
		for (k = 0; k < now->n; k++)
			if (takes(regex, &regex->step[now->at[k]], text[i]))
				reach(next, now->at[k] + 1);
		swap = now;
		now = next;
		next = swap;
	}
}
