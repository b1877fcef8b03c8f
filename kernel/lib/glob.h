/* SPDX-License-Identifier: MIT */
/*
 * Shell-style patterns.  Pure.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * glob_match() - does @pat match all of @str?
 *
 * `*` matches any run of characters, `?` any single one, `[a-z]` a class,
 * `[!a-z]` its complement (a `]` in first place is a member), and `\x` the
 * character x. A `[` that is never closed matches itself.
 * A match takes at most strlen(pat) * strlen(str) steps.
 */
bool glob_match(const char *pat, const char *str);

/* The same for a @str that ends at a NUL or after @n bytes. */
bool glob_match_n(const char *pat, const char *str, size_t n);
