// SPDX-License-Identifier: MIT
/*
 * Shell-style pattern matching.
 *
 * Owns nothing.  Pure, no recursion: only the last `*` seen is retried, because
 * it can match all that an earlier one could still match.
 */
#include "kernel/lib/glob.h"

/*
 * Is there a class at @pat (which points behind the `[`)?  Returns the
 * character behind its `]`, or NULL when it never closes.
 */
static const char *class_end(const char *pat)
{
	if (*pat == '!')
		pat++;
	/* A `]` in first place is a member. */
	if (*pat)
		pat++;
	while (*pat && *pat != ']')
		pat++;
	return *pat ? pat + 1 : NULL;
}

/* @end points behind the closing bracket. */
static bool class_has(const char *pat, const char *end, u8 c)
{
	bool inverted = *pat == '!';
	bool found = false;

	if (inverted)
		pat++;
	for (end--; pat < end; pat++) {
		u8 lo = (u8)*pat, hi = lo;

		if (pat + 2 < end && pat[1] == '-') {
			hi = (u8)pat[2];
			pat += 2;
		}
		found |= lo <= c && c <= hi;
	}
	return found != inverted;
}

/*
 * Does the one-character element at @pat match @c?  Returns the next element
 * or NULL.  Never called with @c NUL or with @pat at a `*`.
 */
static const char *match_one(const char *pat, char c)
{
	const char *end;

	switch (*pat) {
	case '?':
		return pat + 1;
	case '[':
		end = class_end(pat + 1);
		if (end)
			return class_has(pat + 1, end, (u8)c) ? end : NULL;
		break;
	case '\\':
		if (pat[1])
			pat++;
		break;
	}
	return *pat == c ? pat + 1 : NULL;
}

bool glob_match_n(const char *pat, const char *str, size_t n)
{
	const char *retry_pat = NULL, *retry_str = NULL;
	const char *start = str;

	for (;;) {
		const char *next;

		if (*pat == '*') {
			retry_pat = ++pat;
			retry_str = str;
			if (!*pat)
				return true;
			continue;
		}
		if ((size_t)(str - start) == n || !*str)
			return !*pat;
		next = match_one(pat, *str);
		if (next) {
			pat = next;
			str++;
			continue;
		}
		if (!retry_pat)
			return false;
		pat = retry_pat;
		str = ++retry_str;
	}
}

bool glob_match(const char *pat, const char *str)
{
	return glob_match_n(pat, str, ~(size_t)0);
}
