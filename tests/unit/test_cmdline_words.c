// SPDX-License-Identifier: MIT
/*
 * kernel/base/cmdline_words.c: what is refused, with which sentence.
 *
 * host-sources: kernel/base/cmdline.c kernel/base/cmdline_words.c
 */
#include "kernel/base/cmdline.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"

static const char *color(size_t nr)
{
	static const char *const names[] = { "red", "green", "blue", "grey" };

	return nr < ARRAY_SIZE(names) ? names[nr] : NULL;
}

static const struct cmdline_word entries[] = {
	{ .name = "mode", .kind = CMDLINE_IS_TEXT, .values = "NAME" },
	{ .name = "model", .kind = CMDLINE_IS_TEXT, .values = "NAME" },
	{ .name = "color", .kind = CMDLINE_IS_CHOICE, .choice = color },
	{ .name = "trampolines",
	  .kind = CMDLINE_IS_CHOICE,
	  .choice = cmdline_on_off },
	{ .name = "seed", .kind = CMDLINE_IS_NUMBER, .min = 3, .max = 99 },
	{ .name = "help", .kind = CMDLINE_IS_BARE },
	{ .name = "BOOT_IMAGE", .kind = CMDLINE_IS_IGNORED },
};

static const struct cmdline_word *const words[] = {
	&entries[0], &entries[1], &entries[2], &entries[3],
	&entries[4], &entries[5], &entries[6],
};

static char sentence[160];

/* The sentence about text, or "" if all is well. */
static const char *refusal(const char *text)
{
	struct cmdline_fault fault;

	sentence[0] = '\0';
	if (!cmdline_check(words, ARRAY_SIZE(words), text, &fault))
		cmdline_explain(&fault, sentence, sizeof(sentence));
	return sentence;
}

UNIT(cmdline_words, good_ones_are_accepted)
{
	CHECK_STR(refusal(""), "");
	CHECK_STR(refusal(" \t \"\" "), "");
	CHECK_STR(refusal("mode=any help\tcolor=blue seed=3 seed=0x63"), "");
	CHECK_STR(refusal("\"mode=a b\" trampolines=off"), "");
	CHECK_STR(refusal("BOOT_IMAGE=/boot/x BOOT_IMAGE"), "");
}

UNIT(cmdline_words, an_unknown_one_names_the_nearest)
{
	CHECK_STR(refusal("trampolins=off"),
		  "\"trampolins=off\": there is no such word; "
		  "did you mean trampolines?");
	CHECK_STR(refusal("mdoe=x"), "\"mdoe=x\": there is no such word; "
				     "did you mean mode?");
	CHECK_STR(refusal("Color=red"), "\"Color=red\": there is no such word; "
					"did you mean color?");
	CHECK_STR(refusal("sed=4"), "\"sed=4\": there is no such word; "
				    "did you mean seed?");
	CHECK_STR(refusal("=4"), "\"=4\": there is no such word");
	CHECK_STR(refusal("quiet"), "\"quiet\": there is no such word");
	CHECK_STR(refusal("BOOT_IMGE=x"),
		  "\"BOOT_IMGE=x\": there is no such word");
	CHECK_STR(refusal("mode=x sed"), "\"sed\": there is no such word; "
					 "did you mean seed?");
	CHECK_STR(refusal("sed mod"), "\"sed\": there is no such word; "
				      "did you mean seed?");
}

UNIT(cmdline_words, a_bad_value_names_the_nearest)
{
	CHECK_STR(refusal("color=gren"), "\"color=gren\": color has no such "
					 "value; did you mean color=green?");
	CHECK_STR(refusal("color=1"), "\"color=1\": color has no such value");
	CHECK_STR(refusal("trampolines=no"),
		  "\"trampolines=no\": trampolines has no such value; "
		  "did you mean trampolines=on?");
	CHECK_STR(refusal("color"), "\"color\": color must have a value");
	CHECK_STR(refusal("color="), "\"color=\": color must have a value");
	CHECK_STR(refusal("mode"), "\"mode\": mode must have a value");
	CHECK_STR(refusal("help=1"), "\"help=1\": help has no value");
	CHECK_STR(refusal("help="), "\"help=\": help has no value");
}

UNIT(cmdline_words, numbers_have_bounds)
{
	static const char *const bad[] = { "2",
					   "100",
					   "x",
					   "-5",
					   "5x",
					   "0x",
					   "5 5",
					   "99999999999"
					   "9999999999999" };
	char text[64];

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(text, sizeof(text), "\"seed=%s\"", bad[i]);
		CHECK(strstr(refusal(text), ": seed is a number from 3 to 99"));
	}
	CHECK_STR(refusal("seed=99"), "");
}

UNIT(cmdline_words, what_is_long_is_refused)
{
	struct cmdline_fault fault;
	char text[400], small[20];

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	CHECK(!cmdline_check(words, ARRAY_SIZE(words), text, &fault));
	CHECK_EQ(strlen(fault.word), sizeof(fault.word) - 1);
	CHECK(!fault.nearest);
	cmdline_explain(&fault, small, sizeof(small));
	CHECK_EQ(strlen(small), sizeof(small) - 1);
	memcpy(text, "BOOT_IMAGE=", 11);
	CHECK(cmdline_check(words, ARRAY_SIZE(words), text, &fault));
	memcpy(text, "mode=", 5);
	CHECK(strstr(refusal(text), "\": a word has 255 bytes at most"));
	text[CMDLINE_WORD_ROOM] = '\0';
	CHECK(strstr(refusal(text), "\": a word has 255 bytes at most"));
	text[CMDLINE_WORD_ROOM - 1] = '\0';
	CHECK_STR(refusal(text), "");
	memcpy(text, "color=", 6);
	CHECK(!cmdline_check(words, ARRAY_SIZE(words), text, &fault));
}

UNIT(cmdline_words, lists_of_values_are_cut_between_them)
{
	const struct cmdline_word *word = words[2];
	char line[13];
	size_t nr = 0;

	CHECK(cmdline_values(word, ", ", &nr, line, sizeof(line)));
	CHECK_STR(line, "red, green");
	CHECK(cmdline_values(word, ", ", &nr, line, sizeof(line)));
	CHECK_STR(line, "blue, grey");
	CHECK(!cmdline_values(word, ", ", &nr, line, sizeof(line)));
	nr = 0;
	CHECK(cmdline_values(word, "|", &nr, line, 4));
	CHECK_STR(line, "red");
}
