// SPDX-License-Identifier: MIT
/*
 * filter_parse.c - compile the text of a filter.
 *
 * Three passes, none of them recursive. The first counts brackets, quotes and
 * terms, so that all memory is allocated once. The second makes a row of tokens
 * and a predicate for each term. The third walks the tokens from right to left
 * and gives each predicate its two ways: whatever stands right of it is known
 * by then.
 *
 *	a == 1 && ( b == 2 || c == 3 )		yes	no
 *	                      c == 3		keep	drop
 *	            b == 2			keep	c
 *	a == 1					b	drop
 *
 * Owns nothing. Invariants FL1 and FL3: filter.h. Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/event/filter.h"

/* A token is one of these, perhaps with NOT. */
enum token { TERM, OPEN, CLOSE, BOTH, EITHER, NOT = 0x80 };

/* Where a bracket's result leads to; for the third pass. */
struct level {
	u16 yes, no;
	u16 fail; /* where a false operand of && leads to */
};

struct work {
	struct filter_parser p;
	u32 len, terms, depth; /* upper bounds of what the text has */
	struct level *level;   /* [depth + 1] */
	u16 *open;	       /* [depth] tokens of the brackets now open */
	u8 *token;	       /* [len] */
	u32 tokens;
};

static int refuse(struct work *w, enum filter_error_id id, u32 at)
{
	*w->p.error = (struct filter_error){ .id = id, .at = at };
	return -EINVAL;
}

/* ---- first pass ---------------------------------------------------------- */

/*
 * Return: the offset of the next character outside quotes from @at on, or of
 * the text's end. *@quote is the offset of a quote that never ends.
 */
static u32 next_plain(const char *text, u32 at, u32 *quote)
{
	const char *end;

	while (text[at] == '"' || text[at] == '\'') {
		end = strchr(text + at + 1, text[at]);
		if (!end) {
			*quote = at;
			return at + strlen(text + at);
		}
		at = end - text + 1;
	}
	return at;
}

/* Return: the offset of the last '(' that opens level @depth. */
static u32 last_open(const char *text, u32 depth)
{
	u32 at, now = 0, found = 0, quote;

	for (at = 0; text[at = next_plain(text, at, &quote)]; at++) {
		if (text[at] == '(' && ++now == depth)
			found = at;
		now -= text[at] == ')';
	}
	return found;
}

static int count(struct work *w)
{
	const char *text = w->p.text;
	u32 at, depth = 0, none = ~0U, quote = none;

	w->terms = 1;
	for (at = 0; text[at = next_plain(text, at, &quote)]; at++) {
		if (text[at] == '(')
			w->depth = max(w->depth, ++depth);
		else if (text[at] == ')' && !depth--)
			return refuse(w, FILTER_ERROR_TOO_MANY_CLOSE, at);
		else if ((text[at] == '&' || text[at] == '|') &&
			 text[at + 1] == text[at])
			w->terms++;
	}
	w->len = at;
	if (quote != none)
		return refuse(w, FILTER_ERROR_MISSING_QUOTE, quote);
	if (depth)
		return refuse(w, FILTER_ERROR_TOO_MANY_OPEN,
			      last_open(text, depth));
	return 0;
}

/* ---- second pass --------------------------------------------------------- */

static void add_token(struct work *w, u8 token)
{
	w->token[w->tokens++] = token;
}

static int add_term(struct work *w, u32 at, bool negated)
{
	struct filter_program *program = w->p.program;
	bool opposite = false;
	int end;

	if (program->nr == w->terms)
		return refuse(w, FILTER_ERROR_TOO_MANY_PREDS, at);
	end = filter_term(&w->p, at, &program->pred[program->nr], &opposite);
	if (end < 0)
		return end;
	program->nr++;
	add_token(w, negated != opposite ? TERM | NOT : TERM);
	return end;
}

/*
 * Everything up to the end of a term: "!", "(" and the term itself.
 * Return: the offset behind it, or -EINVAL.
 */
static int parse_operand(struct work *w, u32 at, u32 *depth)
{
	const char *text = w->p.text;
	bool negated = false;

	for (;; at++) {
		if (isspace(text[at]))
			continue;
		if (text[at] == '!' && text[at + 1] != '=' &&
		    text[at + 1] != '~' && text[at + 1]) {
			negated = !negated;
		} else if (text[at] == '(' && *depth < w->depth) {
			w->open[(*depth)++] = w->tokens;
			add_token(w, negated ? OPEN | NOT : OPEN);
			negated = false;
		} else if (text[at]) {
			return add_term(w, at, negated);
		} else {
			return refuse(w,
				      w->tokens ? FILTER_ERROR_INVALID_FILTER :
						  FILTER_ERROR_NO_FILTER,
				      w->tokens ? at : 0);
		}
	}
}

/*
 * Everything behind a term up to && or ||. Return: the offset behind that, 0 at
 * the end of the text, or -EINVAL.
 */
static int parse_operator(struct work *w, u32 at, u32 *depth)
{
	const char *text = w->p.text;

	for (; text[at]; at++) {
		if (isspace(text[at]))
			continue;
		if (text[at] == ')' && *depth) {
			add_token(w,
				  CLOSE | (w->token[w->open[--*depth]] & NOT));
			continue;
		}
		if ((text[at] != '&' && text[at] != '|') ||
		    text[at + 1] != text[at])
			return refuse(w, FILTER_ERROR_TOO_MANY_PREDS, at);
		add_token(w, text[at] == '&' ? BOTH : EITHER);
		return at + 2;
	}
	return 0;
}

static int parse(struct work *w)
{
	u32 depth = 0;
	int at = 0;

	do {
		at = parse_operand(w, at, &depth);
		if (at > 0)
			at = parse_operator(w, at, &depth);
	} while (at > 0);
	return at;
}

/* ---- third pass ---------------------------------------------------------- */

/* What stands right of the current token: where a result leads to. */
static struct level turned(u16 yes, u16 no, bool opposite)
{
	return (struct level){ .yes = opposite ? no : yes,
			       .no = opposite ? yes : no,
			       .fail = opposite ? yes : no };
}

static u16 place(u16 term)
{
	return term * sizeof(struct filter_pred);
}

static void connect(struct work *w)
{
	struct level *level = w->level;
	u16 term = w->p.program->nr, yes = FILTER_KEEP, no = FILTER_DROP;
	struct filter_pred *pred;
	u32 i = w->tokens;

	*level = turned(yes, no, false);
	while (i--) {
		bool opposite = w->token[i] & NOT;

		switch (w->token[i] & ~NOT) {
		case TERM:
			pred = &w->p.program->pred[--term];
			pred->yes = opposite ? no : yes;
			pred->no = opposite ? yes : no;
			break;
		case CLOSE:
			*++level = turned(yes, no, opposite);
			yes = level->yes;
			no = level->no;
			break;
		case OPEN:
			level--;
			break;
		case BOTH:
			yes = place(term);
			no = level->fail;
			break;
		default: /* EITHER */
			level->fail = place(term);
			yes = level->yes;
			no = place(term);
		}
	}
}

/* ---- all of it ----------------------------------------------------------- */

static int allocate(struct work *w)
{
	struct filter_program *program =
		kzalloc(sizeof(*program) + w->terms * sizeof(*program->pred) +
			w->len + 1);

	if (!program)
		return -ENOMEM;
	program->ranges = true;
	w->p.program = program;
	w->p.pool = (char *)&program->pred[w->terms];
	w->level = kmalloc((w->depth + 1) * sizeof(*w->level) +
			   w->depth * sizeof(*w->open) + w->len + 1);
	if (!w->level)
		return -ENOMEM;
	w->open = (u16 *)(w->level + w->depth + 1);
	w->token = (u8 *)(w->open + w->depth);
	return 0;
}

int filter_compile(const struct trace_event *event, const char *text,
		   struct filter_program **program, struct filter_error *error)
{
	struct work w = {
		.p = { .event = event, .text = text, .error = error }
	};
	int err;

	*error = (struct filter_error){ .id = FILTER_ERROR_NONE };
	err = strlen(text) > FILTER_TEXT_MAX ?
		      refuse(&w, FILTER_ERROR_OPERAND_TOO_LONG,
			     FILTER_TEXT_MAX) :
		      count(&w);
	if (!err)
		err = allocate(&w);
	if (!err)
		err = parse(&w);
	if (!err)
		connect(&w);
	kfree(w.level);
	if (err)
		filter_free(w.p.program);
	else
		*program = w.p.program;
	return err;
}

void filter_free(struct filter_program *program)
{
	kfree(program);
}
