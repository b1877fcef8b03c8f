// SPDX-License-Identifier: MIT
/*
 * kernel/lib/glob.c, also against a naive recursive matcher.
 */
#include "kernel/lib/glob.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

UNIT(glob, literals)
{
	CHECK(glob_match("", ""));
	CHECK(glob_match("abc", "abc"));
	CHECK(!glob_match("abc", "ab"));
	CHECK(!glob_match("ab", "abc"));
	CHECK(!glob_match("", "a"));
	CHECK(!glob_match("a", ""));
}

UNIT(glob, star)
{
	CHECK(glob_match("*", ""));
	CHECK(glob_match("*", "anything"));
	CHECK(glob_match("sched*", "schedule"));
	CHECK(glob_match("*lock", "spin_unlock"));
	CHECK(glob_match("*mid*end", "xmidyend"));
	CHECK(!glob_match("*mid*end", "xmidyendz"));
	CHECK(glob_match("a*b*c", "a--b-b--c"));
	CHECK(glob_match("**", "x"));
	CHECK(!glob_match("*a", "ab"));
	CHECK(glob_match("*aab", "aaaab"));
}

UNIT(glob, any_one_character)
{
	CHECK(glob_match("?", "x"));
	CHECK(!glob_match("?", ""));
	CHECK(!glob_match("??", "x"));
	CHECK(glob_match("a?c*", "abcd"));
}

UNIT(glob, classes)
{
	CHECK(glob_match("[abc]", "b"));
	CHECK(!glob_match("[abc]", "d"));
	CHECK(glob_match("[a-c]x", "bx"));
	CHECK(glob_match("[a-cx-z]", "y"));
	CHECK(!glob_match("[a-c]", "-"));
	CHECK(glob_match("[a-]", "-"));
	CHECK(glob_match("[!a-c]", "d"));
	CHECK(!glob_match("[!a-c]", "a"));
	CHECK(!glob_match("[!a]", ""));
	CHECK(glob_match("[]]", "]"));
	CHECK(glob_match("[!]]", "x"));
	CHECK(!glob_match("[!]]", "]"));
	CHECK(glob_match("[Ss]y[Ss]_*", "SyS_read"));
	CHECK(glob_match("[\x80-\xff]", "\xc3"));
}

UNIT(glob, open_class_is_a_literal)
{
	CHECK(glob_match("[abc", "[abc"));
	CHECK(!glob_match("[abc", "a"));
	CHECK(glob_match("[", "["));
	CHECK(glob_match("[!", "[!"));
	CHECK(glob_match("[]", "[]"));
}

UNIT(glob, backslash)
{
	CHECK(glob_match("\\*", "*"));
	CHECK(!glob_match("\\*", "x"));
	CHECK(glob_match("a\\?b", "a?b"));
	CHECK(glob_match("\\[a]", "[a]"));
	CHECK(glob_match("\\\\", "\\"));
	CHECK(glob_match("\\", "\\"));
	CHECK(glob_match("*\\*", "a*"));
}

/* The definition, with backtracking into every star. */
static bool naive(const char *pat, const char *str)
{
	if (!*pat)
		return !*str;
	if (*pat == '*')
		return naive(pat + 1, str) || (*str && naive(pat, str + 1));
	return *str && (*pat == '?' || *pat == *str) && naive(pat + 1, str + 1);
}

UNIT(glob, agrees_with_the_definition)
{
	u64 seed = 1;

	for (int i = 0; i < 100000; i++) {
		char pat[8] = "", str[10] = "";
		u64 r = host_random(&seed);

		for (size_t n = 0; n < r % 8; n++)
			pat[n] = "ab*?"[host_random(&seed) % 4];
		for (size_t n = 0; n < r / 8 % 10; n++)
			str[n] = "ab"[host_random(&seed) % 2];
		if (!CHECK_EQ(glob_match(pat, str), naive(pat, str)))
			break;
	}
}

UNIT(glob, text_without_an_end)
{
	CHECK(glob_match_n("a*c", "abcd", 3));
	CHECK(!glob_match_n("a*c", "abcd", 4));
	CHECK(glob_match_n("ab", "ab", 9));
	CHECK(glob_match_n("*", "abc", 0));
	CHECK(!glob_match_n("?", "abc", 0));
	CHECK(glob_match_n("*bc", "bcbcb", 4));
}
