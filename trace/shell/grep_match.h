/* SPDX-License-Identifier: MIT */
/*
 * grep_match.h - match a line against a pattern.
 *
 * ^ $ . and * have their meaning in a basic regular expression; '\\' makes the
 * next character literal. For every pattern, the time is bounded by the length
 * of the line times the length of the pattern.
 *
 * Context: task; one caller at a time.
 */
#pragma once

#include "kernel/lib/types.h"

#define GREP_PATTERN_MAX 256 /* the rest of a longer one is ignored */

/*
 * Return: a sentence on the part of @re that this matcher does not support, or
 * NULL. A literal search for such a part would find nothing without a message.
 */
const char *grep_refusal(const char *re);

/* @text has no NUL; a newline at its end does not count. */
bool grep_match(const char *re, const char *text, size_t len);
