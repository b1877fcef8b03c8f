// SPDX-License-Identifier: MIT
/*
 * kernel/base/cmdline.c
 *
 * host-sources: kernel/base/cmdline.c
 */
#include "kernel/base/cmdline.h"
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"

static char buf[16];

static const char *value(const char *text, const char *key)
{
	return cmdline_find(text, key, buf, sizeof(buf)) ? buf : NULL;
}

UNIT(cmdline, finds_values_and_bare_words)
{
	CHECK_STR(value("mode=demo seed=4", "mode"), "demo");
	CHECK_STR(value("mode=demo seed=4", "seed"), "4");
	CHECK_STR(value("  quiet   mode=demo ", "quiet"), "");
	CHECK_STR(value("mode=", "mode"), "");
	CHECK(!value("mode=demo", "mod"));
	CHECK(!value("mode=demo", "mode2"));
	CHECK(!value("xmode=demo", "mode"));
	CHECK(!value("x=mode", "mode"));
	CHECK(!value("", "mode"));
}

UNIT(cmdline, the_last_one_counts)
{
	CHECK_STR(value("mode=demo mode=tests", "mode"), "tests");
	CHECK_STR(value("mode=demo mode", "mode"), "");
}

UNIT(cmdline, quotes_and_backslashes)
{
	CHECK_STR(value("f=\"a b\" g=1", "f"), "a b");
	CHECK_STR(value("\"f=a b\" g=1", "f"), "a b");
	CHECK_STR(value("\"f=a b\" g=1", "g"), "1");
	CHECK_STR(value("f=a\\ b", "f"), "a b");
	CHECK_STR(value("f=\\\"a", "f"), "\"a");
	CHECK_STR(value("f=\"no end", "f"), "no end");
	CHECK_STR(value("f=\\", "f"), "\\");
	CHECK(!value("f=\"g=1 h=2\"", "h"));
}

UNIT(cmdline, any_white_space_separates)
{
	CHECK_STR(value("a=1\tb=2\nc=3\r\v\fd=4", "a"), "1");
	CHECK_STR(value("a=1\tb=2\nc=3\r\v\fd=4", "b"), "2");
	CHECK_STR(value("a=1\tb=2\nc=3\r\v\fd=4", "c"), "3");
	CHECK_STR(value("a=1\tb=2\nc=3\r\v\fd=4", "d"), "4");
	CHECK_STR(value("a=\"1\tb=2\"", "a"), "1\tb=2");
}

UNIT(cmdline, words_one_after_the_other)
{
	const char *text = "  a \t\"b c\"=\\\"d\n\"\" e=12345678901234567890 ";

	CHECK(cmdline_next(&text, buf, sizeof(buf)));
	CHECK_STR(buf, "a");
	CHECK(cmdline_next(&text, buf, sizeof(buf)));
	CHECK_STR(buf, "b c=\"d");
	CHECK(cmdline_next(&text, buf, sizeof(buf)));
	CHECK_STR(buf, "");
	CHECK(cmdline_next(&text, buf, sizeof(buf)));
	CHECK_STR(buf, "e=1234567890123");
	CHECK(!cmdline_next(&text, buf, sizeof(buf)));
	CHECK(!cmdline_next(&text, buf, sizeof(buf)));
}

UNIT(cmdline, cuts_what_does_not_fit)
{
	char small[4] = "xyz";

	CHECK(cmdline_find("k=abcdef", "k", small, sizeof(small)));
	CHECK_STR(small, "abc");
	CHECK(cmdline_find("k=abcdef", "k", small, 1));
	CHECK_STR(small, "");
	CHECK(cmdline_find("k=abcdef", "k", NULL, 0));
}

UNIT(cmdline, numbers)
{
	cmdline_init("a=12 b=0x10 c=zz d= chains=off");
	CHECK_EQ(cmdline_u64("a", 7), 12);
	CHECK_EQ(cmdline_u64("b", 7), 16);
	CHECK_EQ(cmdline_u64("c", 7), 7);
	CHECK_EQ(cmdline_u64("d", 7), 7);
	CHECK_EQ(cmdline_u64("e", 7), 7);
	CHECK(cmdline_is("chains", "off"));
	CHECK(!cmdline_is("chains", "on"));
	CHECK(!cmdline_is("none", ""));
}
