// SPDX-License-Identifier: MIT
/*
 * grep_match.c - match a pattern by sets of positions in it.
 *
 * Each character of the line advances the set of all positions that the match
 * can have in the pattern. No position is tried twice, so no pattern is slow. A
 * matcher that backtracks is slow for patterns like a*a*a*a*b.
 */
#include "trace/shell/grep_match.h"

#include "kernel/lib/ctype.h"
#include "kernel/lib/string.h"

/* One character of the pattern, and whether a * follows it. */
struct atom {
	u8 c;
	bool any, star;
};

struct pattern {
	struct atom atom[GREP_PATTERN_MAX];
	unsigned int n;
	bool from_start, to_end;
};

/* The possible positions in the pattern; at[n] is after its last atom. */
struct places {
	bool at[GREP_PATTERN_MAX + 1];
};

static void parse(struct pattern *p, const char *re)
{
	p->n = 0;
	p->to_end = false;
	p->from_start = *re == '^';
	re += p->from_start;
	while (*re && p->n < GREP_PATTERN_MAX) {
		bool literal = *re == '\\' && re[1];
		struct atom *atom = &p->atom[p->n++];

		re += literal;
		if (!literal && *re == '$' && !re[1]) {
			p->to_end = true;
			p->n--;
			return;
		}
		atom->c = *re;
		atom->any = !literal && *re == '.';
		atom->star = *++re == '*';
		re += strspn(re, "*"); /* a** is a* */
	}
}

/* Refuse a character that has a meaning after a backslash in other greps. */
static const char *escape_refusal(char c)
{
	if (!c)
		return "nothing follows the backslash at its end";
	if (c == '|')
		return "\\| is not known here: use two greps";
	if (isalnum(c) || strchr("+?(){}<>'`", c))
		return "a backslash is known only before ^ $ . * [ ] \\";
	return NULL;
}

const char *grep_refusal(const char *re)
{
	const char *wrong = NULL;

	for (; *re && !wrong; re++) {
		if (*re == '[')
			return "sets [...] are not known here; \\[ is a [";
		if (*re == '\\')
			wrong = escape_refusal(*++re);
		if (!*re)
			break;
	}
	return wrong;
}

/* Add position @i, and the next one while the atom may match nothing. */
static void add(const struct pattern *p, struct places *places, unsigned int i)
{
	while (!places->at[i]) {
		places->at[i] = true;
		if (i == p->n || !p->atom[i].star)
			return;
		i++;
	}
}

/* Compute the positions @to after character @c from the positions @from. */
static void step(const struct pattern *p, const struct places *from,
		 struct places *to, u8 c)
{
	unsigned int i;

	memset(to->at, 0, p->n + 1);
	for (i = 0; i < p->n; i++)
		if (from->at[i] && (p->atom[i].any || p->atom[i].c == c))
			add(p, to, p->atom[i].star ? i : i + 1);
}

bool grep_match(const char *re, const char *text, size_t len)
{
	static struct pattern p; /* one caller at a time */
	static struct places places[2];
	struct places *now = &places[0];
	size_t i;

	parse(&p, re);
	if (len && text[len - 1] == '\n')
		len--;
	memset(now->at, 0, p.n + 1);
	add(&p, now, 0);
	for (i = 0; i < len; i++) {
		struct places *next = &places[now == &places[0]];

		if (now->at[p.n] && !p.to_end)
			return true;
		step(&p, now, next, text[i]);
		if (!p.from_start)
			add(&p, next, 0);
		now = next;
	}
	return now->at[p.n];
}
