/* SPDX-License-Identifier: MIT */
/*
 * regex.h - regular expressions for grep: basic and extended, as POSIX has
 * them (XBD 9.3, 9.4), without intervals and back references.
 *
 * In a basic one \( \) \| \+ \? are operators, as in GNU grep; in an extended
 * one ( ) | + ? are. For every pattern, the time of a match is bounded by the
 * length of the line times the length of the pattern.
 *
 * Pure. Context: task.
 */
#pragma once

#include "kernel/lib/types.h"

#define REGEX_STEPS  600 /* of a program; a pattern's character takes 1 or 2 */
#define REGEX_SETS   12	 /* sets [...] in a pattern */
#define REGEX_GROUPS 8	 /* groups inside each other */

#define REGEX_EXTENDED	  BIT(0)
#define REGEX_IGNORE_CASE BIT(1)

/* A step of the program; a and b are distances to steps. */
struct regex_step {
	u8 kind; /* private to regex.c */
	u8 c;	 /* character, or number of a set */
	s16 a, b;
};

struct regex {
	struct regex_step step[REGEX_STEPS];
	u32 set[REGEX_SETS][8]; /* a bit for each character */
	unsigned int n, sets, flags;
};

/*
 * regex_compile() - make the program of @re
 * Return: NULL; or a sentence on the part of @re that is wrong or not
 * supported: a search for such a part must not find nothing without a message.
 */
const char *regex_compile(struct regex *regex, const char *re,
			  unsigned int flags);

/*
 * Does a part of @text match? A newline at its end does not count. One caller
 * at a time.
 */
bool regex_match(const struct regex *regex, const char *text, size_t len);
