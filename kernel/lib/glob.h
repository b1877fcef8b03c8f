/* SPDX-License-Identifier: MIT */
/*
 * Shell-style patterns.  Pure.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * glob_match() - does @pat match all of @str?
 *
 * `*` any run of characters, `?` any one, `[a-z]` a class, `[!a-z]` its
 * complement (a `]` that comes first stands for itself), `\x` the character x.
 * A `[` that is never closed stands for itself.
 * Takes at most strlen(pat) * strlen(str) steps.
 */
bool glob_match(const char *pat, const char *str);
