// SPDX-License-Identifier: MIT
/*
 * kernel/lib/search.c against a comparison at each place. The alphabet is
 * small, so strings overlap themselves and each other.
 */
#include "kernel/lib/search.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

static u64 seed = 1;

static const char *naive(const char *text, size_t len, const char *from,
			 const char *end)
{
	for (; from + len <= end; from++)
		if (!memcmp(from, text, len))
			return from;
	return NULL;
}

static bool finds_the_same(const char *text, size_t len, const char *from,
			   const char *end)
{
	struct text_search search;
	const char *at, *right;

	text_search_init(&search, text, len);
	do {
		at = text_search_next(&search, from, end);
		right = naive(text, len, from, end);
		if (at != right)
			return false;
		from = at + 1;
	} while (at);
	return true;
}

UNIT(search, finds_what_a_comparison_at_each_place_finds)
{
	static const char alphabet[] = "ab\0";
	char text[8], where[40];
	size_t len, size, i;

	for (int round = 0; round < 20000; round++) {
		len = 1 + host_random(&seed) % sizeof(text);
		size = host_random(&seed) % (sizeof(where) + 1);
		for (i = 0; i < len; i++)
			text[i] = alphabet[host_random(&seed) % 3];
		for (i = 0; i < size; i++)
			where[i] = alphabet[host_random(&seed) % 3];
		if (!CHECK(finds_the_same(text, len, where, where + size)))
			return;
	}
}

UNIT(search, knows_all_characters)
{
	char where[256], text[2];

	for (int i = 0; i < 256; i++)
		where[i] = (char)i;
	for (int i = 0; i < 255; i++) {
		text[0] = (char)i;
		text[1] = (char)(i + 1);
		CHECK(finds_the_same(text, 1, where, where + 256));
		CHECK(finds_the_same(text, 2, where, where + 256));
	}
}

UNIT(search, the_longest_string)
{
	static char text[TEXT_SEARCH_MAX], where[3 * TEXT_SEARCH_MAX];

	memset(text, 'a', sizeof(text));
	memset(where, 'a', sizeof(where));
	where[300] = 'b';
	CHECK(finds_the_same(text, sizeof(text), where, where + sizeof(where)));
}
