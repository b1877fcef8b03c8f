/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line: words of the form key or key=value.
 *
 * Words are cut at white space outside double quotes; a backslash takes the
 * next character's meaning away (GRUB writes both). When a key occurs more than
 * once the last one counts, so that `make run APPEND=...` overrides the menu
 * entry. Immutable after cmdline_init().
 *
 * Whoever reads a word declares it here, and only declared words are accepted:
 * a misspelt one ends the boot instead of changing nothing in silence. The
 * declarations are a table (kernel/lib/table.h), so an image knows the words of
 * what is linked into it. `help` on the command line prints them.
 *
 * Context: any.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

/* text must stay where it is. */
void cmdline_init(const char *text);

const char *cmdline(void);

/*
 * cmdline_find - look for key in text
 *
 * Copies the value (empty for a bare key) to buf and ends it with a NUL; a
 * value that does not fit is cut. buf may be NULL when len is 0.
 *
 * Return: true if the key is there. Pure.
 */
bool cmdline_find(const char *text, const char *key, char *buf, size_t len);

/* The same for the kernel's own command line. */
bool cmdline_get(const char *key, char *buf, size_t len);

/* The value as a number (decimal, 0x, 0); fallback when absent or malformed. */
u64 cmdline_u64(const char *key, u64 fallback);

/* True if the key is there and has exactly this value. */
bool cmdline_is(const char *key, const char *value);

/*
 * cmdline_next - the next word of *text, quotes and backslashes resolved, cut
 * to fit len; *text moves behind it. Return: false if there is none. Pure.
 */
bool cmdline_next(const char **text, char *buf, size_t len);

/* ---- which words there are ---- */

/* Room for the longest word that cmdline_check() accepts, and a NUL. */
#define CMDLINE_WORD_ROOM 256

struct cmdline_word {
	const char *name;
	const char *values; /* what may stand behind the '=', as one reads it */
	const char *what;   /* what it does, in a few words */
	/* Value nr of those it may have, or NULL behind the last. */
	const char *(*choice)(size_t nr);
	u64 min, max; /* of a number */
	enum cmdline_kind {
		CMDLINE_IS_BARE,   /* the word alone, without '=' */
		CMDLINE_IS_TEXT,   /* any text */
		CMDLINE_IS_NUMBER, /* min..max; decimal, 0x, 0 */
		CMDLINE_IS_CHOICE, /* one of choice() */
		CMDLINE_IS_IGNORED /* written by boot loaders, in any form */
	} kind;
};

DECLARE_TABLE(struct cmdline_word, cmdline_words);

#define CMDLINE_WORD(name_, ...)                                  \
	static const struct cmdline_word cmdline_word_##name_ = { \
		.name = #name_, __VA_ARGS__                       \
	};                                                        \
	TABLE_ENTRY(cmdline_words, 50, cmdline_word_##name_)

#define CMDLINE_BARE(name_, what_) \
	CMDLINE_WORD(name_, .kind = CMDLINE_IS_BARE, .what = (what_))
#define CMDLINE_TEXT(name_, values_, what_)                               \
	CMDLINE_WORD(name_, .kind = CMDLINE_IS_TEXT, .values = (values_), \
		     .what = (what_))
#define CMDLINE_NUMBER(name_, min_, max_, what_)                      \
	CMDLINE_WORD(name_, .kind = CMDLINE_IS_NUMBER, .values = "N", \
		     .min = (min_), .max = (max_), .what = (what_))
/* values: a short name for a long list; NULL: the list itself is shown. */
#define CMDLINE_CHOICE(name_, values_, choice_, what_)                      \
	CMDLINE_WORD(name_, .kind = CMDLINE_IS_CHOICE, .values = (values_), \
		     .choice = (choice_), .what = (what_))
#define CMDLINE_ON_OFF(name_, what_) \
	CMDLINE_CHOICE(name_, NULL, cmdline_on_off, what_)

/* "on", "off". */
const char *cmdline_on_off(size_t nr);

/* The first word of a command line that is not accepted. */
struct cmdline_fault {
	enum {
		CMDLINE_UNKNOWN,     /* no such word */
		CMDLINE_WANTS_VALUE, /* it must have one */
		CMDLINE_WANTS_NONE,  /* it has no value */
		CMDLINE_BAD_VALUE,   /* not one of those it may have */
		CMDLINE_TOO_LONG,    /* CMDLINE_WORD_ROOM bytes or more */
	} why;
	char word[64]; /* as it stands there; cut if it is long */
	const struct cmdline_word *known; /* NULL for CMDLINE_UNKNOWN */
	const char *nearest; /* word or value that was meant, or NULL */
};

/*
 * cmdline_check - is each word of text one of the n words, with a good value?
 *
 * Return: true; or false, and *fault is filled. Pure.
 */
bool cmdline_check(const struct cmdline_word *const *words, size_t n,
		   const char *text, struct cmdline_fault *fault);

/* The fault as one sentence, without the list of values. Pure. */
void cmdline_explain(const struct cmdline_fault *fault, char *buf, size_t len);

/*
 * One line of a list of a word's values, cut between values to fit len bytes;
 * *nr is where to go on. Return: false if there are no more. Pure.
 */
bool cmdline_values(const struct cmdline_word *word, const char *between,
		    size_t *nr, char *buf, size_t len);
