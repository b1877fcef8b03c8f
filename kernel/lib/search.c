// SPDX-License-Identifier: MIT
/*
 * The search of Horspool: the text is read at the string's last character. What
 * stands there says how far the string must move before it can fit.
 */
#include "kernel/lib/search.h"
#include "kernel/lib/string.h"

void text_search_init(struct text_search *search, const char *text, size_t len)
{
	size_t last = len - 1, i;

	search->text = text;
	search->len = len;
	memset(search->skip, (int)len, sizeof(search->skip));
	for (i = 0; i < last; i++)
		search->skip[(u8)text[i]] = last - i;
	search->next = search->skip[(u8)text[last]];
	search->skip[(u8)text[last]] = 0;
}

const char *text_search_next(const struct text_search *search, const char *from,
			     const char *end)
{
	size_t last = search->len - 1, at = last, size = end - from;
	unsigned int skip;

	while (at < size) {
		skip = search->skip[(u8)from[at]];
		at += skip;
		if (skip)
			continue;
		if (!memcmp(from + at - last, search->text, last))
			return from + at - last;
		at += search->next;
	}
	return NULL;
}
