/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line: words of the form key or key=value.
 *
 * White space outside double quotes separates words. A backslash makes the next
 * character literal (GRUB writes quotes and backslashes). If a key occurs more
 * than once, the last one counts, so that `make run APPEND=...` overrides the
 * menu entry. The command line is immutable after cmdline_init().
 *
 * The code that reads a word declares it with CMDLINE_WORD(), and only declared
 * words are accepted: a misspelt word ends the boot, since otherwise it would
 * have no effect and no message. The declarations form a table
 * (kernel/lib/table.h), so an image knows the words of the code linked into it.
 * `help` on the command line prints them.
 *
 * Context: any.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

/* text is not copied, so it must stay valid. */
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

/* cmdline_find() on the kernel's own command line. */
bool cmdline_get(const char *key, char *buf, size_t len);

/* The value as a number (decimal, 0x, 0); fallback when absent or malformed. */
u64 cmdline_u64(const char *key, u64 fallback);

/* True if the key is there and has exactly this value. */
bool cmdline_is(const char *key, const char *value);

/*
 * cmdline_next - copy the next word of *text, with quotes and backslashes
 * resolved, cut to fit len; *text moves behind the word.
 * Return: false if there is no word left. Pure.
 */
bool cmdline_next(const char **text, char *buf, size_t len);

/* ---- the table of words ---- */

/* Room for the longest word that cmdline_check() accepts, and a NUL. */
#define CMDLINE_WORD_ROOM 256

struct cmdline_word {
	const char *name;
	const char *values; /* the values after the '=', as `help` shows them */
	const char *what;   /* its effect, in a few words */
	/* Allowed value number nr, or NULL behind the last. */
	const char *(*choice)(size_t nr);
	u64 min, max; /* of a number */
	enum cmdline_kind {
		CMDLINE_IS_BARE,   /* the word alone, without '=' */
		CMDLINE_IS_TEXT,   /* any text */
		CMDLINE_IS_MAYBE,  /* alone, or with one of choice() */
		CMDLINE_IS_NUMBER, /* min..max; decimal, 0x, 0 */
		CMDLINE_IS_CHOICE, /* one of choice() */
		CMDLINE_IS_IGNORED /* boot loaders write it, in any form */
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
/* values: a short name for a long list; NULL: `help` shows the list itself. */
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
		CMDLINE_WANTS_VALUE, /* the word must have a value */
		CMDLINE_WANTS_NONE,  /* the word takes no value */
		CMDLINE_BAD_VALUE,   /* not one of the allowed values */
		CMDLINE_TOO_LONG,    /* CMDLINE_WORD_ROOM bytes or more */
	} why;
	char word[64]; /* as written on the command line; cut if it is long */
	const struct cmdline_word *known; /* NULL for CMDLINE_UNKNOWN */
	const char *nearest; /* the word or value probably meant, or NULL */
};

/*
 * cmdline_check - is each word of text one of the n words, with a good value?
 *
 * Return: true; or false with *fault filled in. Pure.
 */
bool cmdline_check(const struct cmdline_word *const *words, size_t n,
		   const char *text, struct cmdline_fault *fault);

/* Writes the fault as one sentence, without the list of values. Pure. */
void cmdline_explain(const struct cmdline_fault *fault, char *buf, size_t len);

/*
 * cmdline_values - write one line of the list of a word's values, broken
 * between values to fit len bytes. The list starts at value *nr, and *nr
 * advances to the first value not written.
 * Return: false if there are no more values. Pure.
 */
bool cmdline_values(const struct cmdline_word *word, const char *between,
		    size_t *nr, char *buf, size_t len);
