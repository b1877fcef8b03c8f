// SPDX-License-Identifier: MIT
/*
 * Regular expressions against those of the C library, which is another program
 * by other people: the same lines match.
 */
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"
#include "kernel/lib/regex.h"

static struct regex regex;

static bool matches(unsigned int flags, const char *re, const char *text)
{
	const char *wrong = regex_compile(&regex, re, flags);

	if (!CHECK(!wrong)) {
		CHECK_STR(wrong, re);
		return false;
	}
	return regex_match(&regex, text, strlen(text));
}

#define BASIC(re, text)	   matches(0, re, text)
#define EXTENDED(re, text) matches(REGEX_EXTENDED, re, text)

UNIT(regex, basic)
{
	CHECK(BASIC("", "") && BASIC("", "x") && BASIC("^$", "\n"));
	CHECK(BASIC("b$", "ab\n") && !BASIC("a$", "ab"));
	CHECK(BASIC("^a.c", "abcd") && !BASIC("^b", "ab"));
	CHECK(BASIC("a\\.b", "a.b") && !BASIC("a\\.b", "axb"));
	CHECK(BASIC("^a*b$", "aaab") && BASIC("^a*b$", "b"));
	CHECK(BASIC("*", "a*b") && !BASIC("*", "ab"));
	CHECK(BASIC("a\\$", "a$b") && BASIC("$a", "$a"));
	CHECK(BASIC("^a**b", "aab") && !BASIC("^a**b", "*b*b"));
	CHECK(BASIC("a^b", "a^b") && BASIC("a+b|c?", "a+b|c?"));
	CHECK(BASIC("^\\(ab\\)*$", "abab") && !BASIC("^\\(ab\\)*$", "aba"));
	CHECK(BASIC("^\\(a\\|bc\\)\\+$", "abca") && BASIC("^ab\\?c", "ac"));
	CHECK(BASIC("\\(^a\\|b$\\)", "xb") && !BASIC("\\(^a\\|b$\\)", "xax"));
}

UNIT(regex, extended)
{
	CHECK(EXTENDED("kmalloc|kfree", "call kfree"));
	CHECK(EXTENDED("^(a|b)+c?$", "abba") && !EXTENDED("^(a|b)+c?$", "c"));
	CHECK(EXTENDED("a||b", "x") && EXTENDED("()", "x"));
	CHECK(EXTENDED("^(a*)*$", "aaa") && EXTENDED("\\(a\\)", "(a)"));
	CHECK(EXTENDED("a|b|c", "c") && EXTENDED("^(a|b|c)$", "b"));
	CHECK(!EXTENDED("^(a|b|c)$", "d"));
}

UNIT(regex, sets_and_case)
{
	CHECK(BASIC("^[a-c]*$", "abc") && !BASIC("^[a-c]*$", "abd"));
	CHECK(BASIC("[^0-9]", "1a") && !BASIC("[^0-9]", "12"));
	CHECK(BASIC("^[]a]$", "]") && BASIC("^[^]a]$", "b"));
	CHECK(BASIC("[a-]", "-") && BASIC("[\\]", "\\"));
	CHECK(BASIC("^[[:digit:]x]*$", "1x2") && BASIC("[[:space:]]", "\t"));
	CHECK(matches(REGEX_IGNORE_CASE, "aB[c-d]", "AbC"));
	CHECK(!matches(0, "aB", "AB"));
}

UNIT(regex, what_it_cannot_do_is_refused)
{
	static const char *const basic[] = { "a\\{2\\}", "\\<a",   "\\w",
					     "\\1",	 "[ab",	   "[[:nope:]]",
					     "[z-a]",	 "a\\",	   "\\(a",
					     "a\\)",	 "[[=a=]]" };
	static const char *const more[] = { "a{2}", "*a", "a|+b", "(a",
					    "a)",   "?",  "\\d",  "[" };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(basic); i++)
		if (!CHECK(regex_compile(&regex, basic[i], 0)))
			CHECK_STR(basic[i], "");
	for (i = 0; i < ARRAY_SIZE(more); i++)
		if (!CHECK(regex_compile(&regex, more[i], REGEX_EXTENDED)))
			CHECK_STR(more[i], "");
}

UNIT(regex, too_much_of_anything_is_refused)
{
	char re[1024] = "";
	unsigned int i;

	memset(re, 'a', sizeof(re) - 1);
	re[REGEX_STEPS - 1] = '\0';
	CHECK_STR(regex_compile(&regex, re, 0), "the pattern is too long");
	re[REGEX_STEPS - 2] = '\0';
	CHECK(!regex_compile(&regex, re, 0));
	for (i = 0; i <= REGEX_GROUPS; i++)
		memcpy(re + i, "(a", 3);
	CHECK_STR(regex_compile(&regex, re, REGEX_EXTENDED),
		  "too many groups inside each other");
	for (i = 0; i < REGEX_SETS; i++)
		memcpy(re + 3 * i, "[a]", 4);
	CHECK(!regex_compile(&regex, re, 0));
	memcpy(re + 3 * i, "[a]", 4);
	CHECK_STR(regex_compile(&regex, re, 0), "too many sets [...]");
}

static void append(char *re, const char *part)
{
	memcpy(re + strlen(re), part, strlen(part) + 1);
}

/* Where both accept a pattern, the same lines match. */
UNIT(regex, as_the_c_library)
{
	static const char *const parts[] = {
		"a", "b",  "c",	   ".",	  "*",	 "^",	  "$",
		"[", "]",  "[ab]", "[^a", "\\(", "\\)",	  "\\|",
		"(", ")",  "|",	   "+",	  "?",	 "\\+",	  "\\?",
		"x", "\\", "\\.",  "a*",  "b*",	 "[a-b]", "[[:alpha:]]"
	};
	unsigned int i, k, n, both = 0;
	char re[100], text[9];
	u32 seed = 1;

	for (i = 0; i < 100000; i++) {
		unsigned int flags = i & 3;
		int theirs;

		re[0] = '\0';
		seed = seed * 1664525 + 1013904223;
		for (n = seed >> 29; n; n--) {
			seed = seed * 1664525 + 1013904223;
			append(re, parts[(seed >> 8) % ARRAY_SIZE(parts)]);
		}
		seed = seed * 1664525 + 1013904223;
		for (k = 0, n = seed >> 29; k < n; k++) {
			seed = seed * 1664525 + 1013904223;
			text[k] = "abcAB]*("[seed >> 29];
		}
		text[k] = '\0';
		if (regex_compile(&regex, re, flags))
			continue;
		theirs = host_regex(re, text, flags & REGEX_EXTENDED,
				    flags & REGEX_IGNORE_CASE);
		if (theirs < 0)
			continue;
		both++;
		if (!CHECK_EQ(regex_match(&regex, text, k), theirs)) {
			CHECK_STR(re, text);
			return;
		}
	}
	CHECK(both > 20000);
}

UNIT(regex, no_pattern_takes_long)
{
	char re[302], text[512];
	unsigned int i;

	memset(text, 'a', sizeof(text));
	for (i = 0; i + 1 < sizeof(re); i++)
		re[i] = i & 1 ? '*' : 'a';
	re[300] = 'b';
	re[301] = '\0';
	CHECK(!regex_compile(&regex, re, 0));
	CHECK(!regex_match(&regex, text, sizeof(text)));
}
