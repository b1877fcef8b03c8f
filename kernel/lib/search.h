/* SPDX-License-Identifier: MIT */
/*
 * One string searched for in much text. Pure.
 */
#pragma once

#include "kernel/lib/types.h"

#define TEXT_SEARCH_MAX 255 /* characters of the string */

struct text_search {
	const char *text;
	size_t len;
	u8 next;      /* how far a match of the last character alone moves */
	u8 skip[256]; /* how far a character below the last one moves; 0: it is
		       * the last one */
};

/* @text has @len characters, 1 to TEXT_SEARCH_MAX, and stays as it is. */
void text_search_init(struct text_search *search, const char *text, size_t len);

/*
 * Return: where the string begins first in [from, end), or NULL. It looks at
 * about one byte in len; at len of them for each byte in the worst case.
 */
const char *text_search_next(const struct text_search *search, const char *from,
			     const char *end);
