// SPDX-License-Identifier: MIT
/*
 * Checks the words of the command line against the table of known words, and
 * finds the known word nearest to an unknown one.
 *
 * Pure: the table is an argument, and a fault becomes a sentence in the
 * caller's buffer.
 */
#include "kernel/base/cmdline.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

/* The longest name or value that is compared with a mistyped one. */
#define NAME_ROOM 32

const char *cmdline_on_off(size_t nr)
{
	static const char *const values[] = { "on", "off" };

	return nr < ARRAY_SIZE(values) ? values[nr] : NULL;
}

/*
 * The edit distance: the number of insertions, deletions, substitutions and
 * swaps of neighbours that turn a into b. Only rows i-2, i-1 and i of the table
 * of distances between prefixes are kept.
 */
static size_t distance(const char *a, const char *b)
{
	size_t row[3][NAME_ROOM + 1], i, j, n = strlen(a), m = strlen(b);

	if (n > NAME_ROOM || m > NAME_ROOM)
		return ~(size_t)0; /* too long to be a typing error */
	for (j = 0; j <= m; j++)
		row[0][j] = j;
	for (i = 1; i <= n; i++) {
		size_t *now = row[i % 3], *last = row[(i + 2) % 3];

		now[0] = i;
		for (j = 1; j <= m; j++) {
			now[j] = min(last[j], now[j - 1]) + 1;
			now[j] = min(now[j],
				     last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1])
				now[j] = min(now[j],
					     row[(i + 1) % 3][j - 2] + 1);
		}
	}
	return row[n % 3][m];
}

/* The typed text, and the nearest known name found so far. */
struct search {
	const char *typed, *nearest;
	size_t best;
};

static struct search search_for(const char *typed)
{
	/* If more than a third differs, it is not a typing error. */
	return (struct search){ .typed = typed,
				.best = (strlen(typed) + 2) / 3 + 1 };
}

static void try(struct search *search, const char *name)
{
	size_t d = distance(search->typed, name);

	if (d < search->best) {
		search->best = d;
		search->nearest = name;
	}
}

/* Cuts the word at its '='. Return: the value, or NULL without a '='. */
static char *split(char *word)
{
	char *value = strchr(word, '=');

	if (value)
		*value++ = '\0';
	return value;
}

static bool is_choice(const struct cmdline_word *word, const char *value,
		      struct cmdline_fault *fault)
{
	struct search search = search_for(value);
	const char *choice;
	size_t nr;

	for (nr = 0; (choice = word->choice(nr)); nr++) {
		if (!strcmp(choice, value))
			return true;
		try(&search, choice);
	}
	fault->nearest = search.nearest;
	return false;
}

/* Is the value of a known word allowed? value: NULL without a '='. */
static bool check_value(const struct cmdline_word *word, const char *value,
			struct cmdline_fault *fault)
{
	u64 number;

	fault->known = word;
	if (word->kind == CMDLINE_IS_IGNORED)
		return true;
	if (word->kind == CMDLINE_IS_BARE) {
		fault->why = CMDLINE_WANTS_NONE;
		return !value;
	}
	if (word->kind == CMDLINE_IS_MAYBE && !value)
		return true;
	fault->why = CMDLINE_WANTS_VALUE;
	if (!value || !*value)
		return false;
	fault->why = CMDLINE_BAD_VALUE;
	if (word->choice)
		return is_choice(word, value, fault);
	return word->kind == CMDLINE_IS_TEXT ||
	       (!kstrtoull(value, 0, &number) && number >= word->min &&
		number <= word->max);
}

static bool check_word(const struct cmdline_word *const *words, size_t n,
		       char *word, struct cmdline_fault *fault)
{
	char *value = split(word);
	struct search search = search_for(word);
	size_t i;

	for (i = 0; i < n; i++) {
		if (!strcmp(words[i]->name, word))
			return check_value(words[i], value, fault);
		if (words[i]->kind != CMDLINE_IS_IGNORED)
			try(&search, words[i]->name);
	}
	fault->why = CMDLINE_UNKNOWN;
	fault->nearest = search.nearest;
	return false;
}

bool cmdline_check(const struct cmdline_word *const *words, size_t n,
		   const char *text, struct cmdline_fault *fault)
{
	char word[CMDLINE_WORD_ROOM + 1];
	size_t len;

	while (cmdline_next(&text, word, sizeof(word))) {
		*fault = (struct cmdline_fault){};
		strscpy(fault->word, word, sizeof(fault->word));
		len = strlen(word);
		if (len && !check_word(words, n, word, fault))
			return false;
		if (len < CMDLINE_WORD_ROOM ||
		    fault->known->kind == CMDLINE_IS_IGNORED)
			continue;
		fault->why = CMDLINE_TOO_LONG; /* its end may be missing */
		return false;
	}
	return true;
}

void cmdline_explain(const struct cmdline_fault *fault, char *buf, size_t len)
{
	const struct cmdline_word *known = fault->known;
	size_t n = scnprintf(buf, len, "\"%s\": ", fault->word);

	if (fault->why == CMDLINE_UNKNOWN)
		n += scnprintf(buf + n, len - n, "there is no such word");
	else if (fault->why == CMDLINE_WANTS_NONE)
		n += scnprintf(buf + n, len - n, "%s has no value",
			       known->name);
	else if (fault->why == CMDLINE_WANTS_VALUE)
		n += scnprintf(buf + n, len - n, "%s must have a value",
			       known->name);
	else if (fault->why == CMDLINE_TOO_LONG)
		n += scnprintf(buf + n, len - n, "a word has %d bytes at most",
			       CMDLINE_WORD_ROOM - 1);
	else if (known->kind == CMDLINE_IS_NUMBER)
		n += scnprintf(buf + n, len - n,
			       "%s is a number from %llu to %llu", known->name,
			       known->min, known->max);
	else
		n += scnprintf(buf + n, len - n, "%s has no such value",
			       known->name);
	if (fault->nearest)
		scnprintf(buf + n, len - n, "; did you mean %s%s%s?",
			  known ? known->name : "", known ? "=" : "",
			  fault->nearest);
}

bool cmdline_values(const struct cmdline_word *word, const char *between,
		    size_t *nr, char *buf, size_t len)
{
	const char *choice = word->choice(*nr);
	size_t n = 0;

	buf[0] = '\0';
	if (!choice)
		return false;
	do {
		n += scnprintf(buf + n, len - n, "%s%s", n ? between : "",
			       choice);
		choice = word->choice(++*nr);
	} while (choice && n + strlen(between) + strlen(choice) < len);
	return true;
}
