// SPDX-License-Identifier: MIT
/*
 * host-sources: trace/shell/grep_match.c
 *
 * The pattern matcher against one that tries one possibility after the other.
 */
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"
#include "trace/shell/grep_match.h"

static bool matches(const char *re, const char *text)
{
	return grep_match(re, text, strlen(text));
}

static bool one(int c, bool literal, const char *text)
{
	return *text && ((c == '.' && !literal) || c == *text);
}

static bool here(const char *re, const char *text)
{
	bool literal = *re == '\\' && re[1];
	const char *behind;
	char c;

	if (!*re)
		return true;
	if (!strcmp(re, "$"))
		return !*text;
	re += literal;
	c = *re++;
	if (*re != '*')
		return one(c, literal, text) && here(re, text + 1);
	while (re[1] == '*')
		re++;
	for (behind = text;; behind++) {
		if (here(re + 1, behind))
			return true;
		if (!one(c, literal, behind))
			return false;
	}
}

static bool slowly(const char *re, const char *text)
{
	if (*re == '^')
		return here(re + 1, text);
	do {
		if (here(re, text))
			return true;
	} while (*text++);
	return false;
}

UNIT(grep, grammar)
{
	CHECK(matches("", "") && matches("", "x") && matches("^$", "\n"));
	CHECK(matches("b$", "ab\n") && !matches("a$", "ab"));
	CHECK(matches("^a.c", "abcd") && !matches("^b", "ab"));
	CHECK(matches("a\\.b", "a.b") && !matches("a\\.b", "axb"));
	CHECK(matches("^a*b$", "aaab") && matches("^a*b$", "b"));
	CHECK(matches("*", "a*b") && !matches("*", "ab"));
	CHECK(matches("a\\$", "a$b") && matches("$a", "$a"));
	CHECK(matches("^a**b", "aab") && !matches("^a**b", "*b*b"));
	CHECK(matches("a^b", "a^b") && matches("\\", "\\"));
}

UNIT(grep, what_it_cannot_do_is_refused)
{
	static const char *const refused[] = {
		"a\\|b", "a\\+", "\\(a\\)",	"a\\{2\\}", "\\<a", "\\w",
		"\\1",	 "[ab]", "[[:alpha:]]", "x[",	    "a\\"
	};
	static const char *const known[] = {
		"",	  "^a.*b$", "\\.\\*\\^",    "\\[000\\]",
		"a\\\\b", "a]",	    "a+b|c?(d){2}", "\\$\\/\\-"
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++)
		if (!CHECK(grep_refusal(refused[i])))
			CHECK_STR(refused[i], "");
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!CHECK(!grep_refusal(known[i])))
			CHECK_STR(known[i], "");
	CHECK(matches("\\[000\\]", "[000]") && matches("a\\\\b", "a\\b"));
}

UNIT(grep, as_the_slow_way)
{
	static const char in_re[] = "aabb.**^$\\", in_text[] = "aaabbb.*$^\\";
	char re[9], text[13];
	u32 seed = 1;
	unsigned int i, n;

	for (i = 0; i < 300000; i++) {
		seed = seed * 1664525 + 1013904223;
		re[(seed >> 24) % 9] = '\0';
		for (n = 0; n < (seed >> 24) % 9; n++)
			re[n] = in_re[(seed >> n ^ seed >> (16 - n)) % 10];
		seed = seed * 1664525 + 1013904223;
		text[(seed >> 24) % 13] = '\0';
		for (n = 0; n < (seed >> 24) % 13; n++)
			text[n] = in_text[(seed >> n ^ seed >> (18 - n)) % 11];
		if (!CHECK_EQ(matches(re, text), slowly(re, text)))
			return;
	}
}

UNIT(grep, no_pattern_takes_long)
{
	char re[GREP_PATTERN_MAX + 50], text[512];
	unsigned int i;

	memset(text, 'a', sizeof(text));
	for (i = 0; i + 1 < sizeof(re); i++)
		re[i] = i & 1 ? '*' : 'a';
	re[200] = 'b';
	re[201] = '\0';
	CHECK(!grep_match(re, text, sizeof(text)));
	text[511] = 'b';
	CHECK(grep_match(re, text, sizeof(text)));
	memset(re, 'a', sizeof(re) - 1); /* longer than is kept */
	re[sizeof(re) - 1] = '\0';
	CHECK(grep_match(re, text, sizeof(text)));
}
