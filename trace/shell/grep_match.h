/* SPDX-License-Identifier: MIT */
/*
 * grep_match.h - does a line match a pattern?
 *
 * ^ $ . and * as in a basic regular expression; '\\' takes the character
 * behind it literally. The time is bounded by length of line times length of
 * pattern, whatever the pattern.
 *
 * Context: task; one caller at a time.
 */
#pragma once

#include "kernel/lib/types.h"

#define GREP_PATTERN_MAX 256 /* of a longer one the rest is ignored */

/*
 * What of @re this matcher cannot do, in words; NULL: it can do all of it. To
 * search for such text literally would find nothing and say nothing.
 */
const char *grep_refusal(const char *re);

/* @text has no NUL; a newline at its end does not count. */
bool grep_match(const char *re, const char *text, size_t len);
