// SPDX-License-Identifier: MIT
/*
 * The line editor against a model of a terminal: whatever is
 * typed, the screen must show the prompt and the line, cursor at pos (LE2).
 */
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"
#include "kernel/lib/lineedit.h"

/* One row; CR LF clears it. */
static char screen[LINE_ROOM * 2 + LINE_PROMPT_ROOM];
static size_t cursor, bells, odd_bytes;
static struct line_editor ed;

static void terminal(void *ctx, const char *text, size_t len)
{
	(void)ctx;
	if (len == strlen(LINE_CLEAR) && !memcmp(text, LINE_CLEAR, len)) {
		memset(screen, ' ', sizeof(screen));
		cursor = 0;
		return;
	}
	for (; len--; text++) {
		if (*text == '\b' && cursor)
			cursor--;
		else if (*text == '\n')
			memset(screen, ' ', sizeof(screen));
		else if (*text == '\r')
			cursor = 0;
		else if (*text == '\a')
			bells++;
		else if (*text >= ' ' && *text < 0x7f &&
			 cursor < sizeof(screen))
			screen[cursor++] = *text;
		else
			odd_bytes++; /* LE3 */
	}
}

static const char *words(void *ctx, const char *line, unsigned int start,
			 unsigned int n)
{
	static const char *const list[] = { "trace", "trace_pipe", "tracing_on",
					    "per_cpu/" };

	(void)ctx;
	(void)line;
	(void)start;
	return n < 4 ? list[n] : NULL;
}

static void fresh(void)
{
	memset(&ed, 0, sizeof(ed));
	memset(screen, ' ', sizeof(screen));
	cursor = bells = odd_bytes = 0;
	ed.prompt = "$ ";
	ed.out = terminal;
	ed.candidate = words;
	ed.separators = " |<>;&";
	line_begin(&ed);
}

static enum line_event type(const char *keys)
{
	enum line_event event = LINE_MORE;

	while (*keys)
		event = line_feed(&ed, *keys++);
	return event;
}

/* LE1, LE2, LE3 */
static bool shown(void)
{
	char text[LINE_PROMPT_ROOM];
	const char *prompt = line_prompt(&ed, text);
	size_t i, n = strlen(prompt);

	if (ed.pos > ed.len || ed.len >= LINE_ROOM || ed.line[ed.len] ||
	    strlen(ed.line) != ed.len || odd_bytes)
		return false;
	if (memcmp(screen, prompt, n) || memcmp(screen + n, ed.line, ed.len) ||
	    cursor != n + ed.pos)
		return false;
	for (i = n + ed.len; i < sizeof(screen); i++)
		if (screen[i] != ' ')
			return false;
	return true;
}

UNIT(lineedit, typing_and_enter)
{
	fresh();
	type("echo 1");
	CHECK(shown());
	CHECK_EQ(type("\r"), LINE_DONE);
	CHECK_STR(ed.line, "echo 1");
}

UNIT(lineedit, lf_after_cr_is_no_second_line)
{
	fresh();
	CHECK_EQ(type("a\r"), LINE_DONE);
	line_begin(&ed);
	CHECK_EQ(type("\n"), LINE_MORE);
	CHECK_EQ(type("\n"), LINE_DONE);
}

UNIT(lineedit, editing_in_the_middle)
{
	fresh();
	type("ct trace\001\006a"); /* Home, right, insert */
	CHECK_STR(ed.line, "cat trace");
	CHECK(shown());
	type("\005\177\177x\001\004"); /* End, erase 2, x, Home, delete */
	CHECK_STR(ed.line, "at trax");
	CHECK(shown());
	type("\033[C\033[C\033[D\013"); /* right right left, kill to end */
	CHECK_STR(ed.line, "a");
	CHECK(shown());
	type("bc def\027\027gh\025"); /* kill words, kill to start */
	CHECK_STR(ed.line, "");
	CHECK(shown());
}

UNIT(lineedit, clearing_the_screen_keeps_the_line)
{
	fresh();
	type("abc\002");
	type("\014x"); /* ^L */
	CHECK_STR(ed.line, "abxc");
	CHECK(shown());
}

UNIT(lineedit, searching_the_history)
{
	static const char *const past[] = { "cat trace\r", "echo 1\r",
					    "cat stats\r", "ls\r" };
	unsigned int i;

	fresh();
	for (i = 0; i < ARRAY_SIZE(past); i++) {
		type(past[i]);
		line_begin(&ed);
	}
	type("typed\022ca"); /* ^R */
	CHECK_STR(ed.line, "cat stats");
	CHECK(shown());
	CHECK(!memcmp(screen, "(reverse-i-search)`ca': cat stats", 33));
	type("\022"); /* an older one */
	CHECK_STR(ed.line, "cat trace");
	type("x"); /* none has it: the line stays, the bell rings */
	CHECK_STR(ed.line, "cat trace");
	CHECK_EQ(bells, 1);
	CHECK(shown());
	type("\177\177\177e"); /* erase: search again from the newest */
	CHECK_STR(ed.line, "echo 1");
	type("\007"); /* ^G gives the typed line back */
	CHECK_STR(ed.line, "typed");
	CHECK(shown());
	type("\022ls\033[D"); /* a key of the editor ends the search */
	CHECK_STR(ed.line, "ls");
	CHECK_EQ(ed.pos, 1);
	CHECK(shown());
	type("\025\022tra");
	CHECK_EQ(type("\r"), LINE_DONE);
	CHECK_STR(ed.line, "cat trace");
}

static const char *many(void *ctx, const char *line, unsigned int start,
			unsigned int n)
{
	static char name[16];

	(void)ctx;
	(void)line;
	(void)start;
	host_snprintf(name, sizeof(name), "dir/name%u", n);
	return n < 12 ? name : NULL;
}

static char listed[2048];

static void keep_text(void *ctx, const char *text, size_t len)
{
	size_t used = strlen(listed);

	(void)ctx;
	memcpy(listed + used, text, len);
	listed[used + len] = '\0';
}

UNIT(lineedit, candidates_stand_in_columns)
{
	fresh();
	ed.candidate = many;
	type("cat dir/n\t");
	CHECK_STR(ed.line, "cat dir/name");
	ed.out = keep_text;
	listed[0] = '\0';
	type("\t");
	CHECK_STR(listed, "\r\nname0   name1   name2   name3   name4   name5   "
			  "name6   name7   name8\r\nname9   name10  name11\r\n"
			  "$ cat dir/name");
}

UNIT(lineedit, function_keys)
{
	fresh();
	type("abc\033[1~X\033[4~Y\033[H\033[3~\033[FZ");
	CHECK_STR(ed.line, "abcYZ");
	CHECK(shown());
	type("\033[1;5D\033[1;5DX\033[3;5~"); /* with Ctrl held */
	CHECK_STR(ed.line, "abcXZ");
	CHECK(shown());
	type("\033OH\033[7");
	type("~");
	CHECK(shown());
}

UNIT(lineedit, unknown_sequences_are_skipped_whole)
{
	fresh();
	type("a\033[[Ab");			   /* F1 of Linux's console */
	type("\033[15~\033[?1;2c\033[203~");	   /* F5, an answer, nobody's */
	type("\033]11;rgb:0000/ffff/0000\033\\c"); /* a colour, asked for */
	type("\033]0;title\ad");		   /* the same, older end */
	type("\033P>|term 1.0\033\\\033_x\033\\e");
	type("\033(B\033#8\033Nxf"); /* character sets, single shift */
	type("\033[>0;10;1c\033[1 qg");
	type("\033[1;5A\033x\033\033[Zh");
	CHECK_STR(ed.line, "abcdefgh");
	CHECK(shown());
	CHECK_EQ(type("\033]0;no end\r"), LINE_DONE); /* Enter still works */
}

UNIT(lineedit, pasted_text_is_typed_text)
{
	fresh();
	type("cat \033[200~tra\tx\001\025 y\033[A\033[201~z");
	CHECK_STR(ed.line, "cat tra x yz"); /* no completion, no editing */
	CHECK(shown());
	type("\001\013");
	CHECK_EQ(type("\033[200~one\r"), LINE_DONE);
	CHECK_STR(ed.line, "one");
	line_begin(&ed);
	CHECK_EQ(type("t\tw\n"), LINE_DONE); /* the second line of it */
	CHECK_STR(ed.line, "t w");
	line_begin(&ed);
	type("\033[201~per\t");
	CHECK_STR(ed.line, "per_cpu/"); /* a key again */
	CHECK_EQ(type("\033[200~a\003"), LINE_CANCEL);
	line_begin(&ed);
	type("per\t");
	CHECK_STR(ed.line, "per_cpu/"); /* ^C ended it */
}

UNIT(lineedit, history)
{
	fresh();
	type("one\r");
	line_begin(&ed);
	type("two\r");
	line_begin(&ed);
	type("two\r"); /* not remembered twice */
	line_begin(&ed);
	memset(screen, ' ', sizeof(screen));
	memcpy(screen, "$ ", 2);
	type("dra\033[A");
	CHECK_STR(ed.line, "two");
	type("\033[A");
	CHECK_STR(ed.line, "one");
	CHECK(shown());
	CHECK_EQ(bells, 0);
	type("\033[A");
	CHECK_EQ(bells, 1);
	type("\033[B\033[B");
	CHECK_STR(ed.line, "dra");
	CHECK(shown());
}

UNIT(lineedit, history_forgets_the_oldest)
{
	unsigned int i;

	fresh();
	for (i = 0; i < LINE_HISTORY + 5; i++) {
		char line[3] = { 'a' + i % 26, 'a' + i / 26, 0 };

		type(line);
		type("\r");
		line_begin(&ed);
	}
	for (i = 0; i < LINE_HISTORY; i++)
		type("\020");
	CHECK_STR(ed.line, "fa"); /* the sixth */
	type("\020");
	CHECK_STR(ed.line, "fa");
	CHECK_EQ(bells, 1);
}

UNIT(lineedit, completion)
{
	fresh();
	type("cat tr\t");
	CHECK_STR(ed.line, "cat trac");
	type("\t"); /* ambiguous: the second Tab lists, the line stays */
	CHECK_STR(ed.line, "cat trac");
	CHECK(shown());
	type("i\t");
	CHECK_STR(ed.line, "cat tracing_on ");
	type("p\t"); /* a directory: no blank behind it */
	CHECK_STR(ed.line, "cat tracing_on per_cpu/");
	type("\025cat|tra\t>>p\t"); /* no blank is needed before it */
	CHECK_STR(ed.line, "cat|trac>>per_cpu/");
	bells = 0;
	type(" x\t");
	CHECK_EQ(bells, 1);
}

/* LINE_WORD characters at most: what is cut is no whole word. */
static const char *one_long(void *ctx, const char *line, unsigned int start,
			    unsigned int n)
{
	static char text[LINE_WORD + 2];

	(void)ctx;
	(void)line;
	(void)start;
	memset(text, 'w', LINE_WORD + 1);
	return n ? NULL : text;
}

UNIT(lineedit, a_long_word_is_completed_without_a_blank)
{
	fresh();
	ed.candidate = one_long;
	type("cat w\t");
	CHECK_EQ(strlen(ed.line), 4 + LINE_WORD);
	CHECK_EQ(ed.line[4 + LINE_WORD - 1], 'w');
	bells = 0;
	type("\t"); /* no more of it */
	CHECK_EQ(strlen(ed.line), 4 + LINE_WORD);
	CHECK_EQ(bells, 1);
}

UNIT(lineedit, full_line_rings_and_stays)
{
	unsigned int i;

	fresh();
	for (i = 0; i < LINE_ROOM + 50; i++)
		type("x");
	CHECK_EQ(ed.len, LINE_ROOM - 1);
	CHECK_EQ(bells, 51);
	CHECK(shown());
	CHECK_EQ(type("\r"), LINE_DONE);
	CHECK_EQ(strlen(ed.line), LINE_MAX + 1); /* seen to be too long */
	line_begin(&ed);
	type("\020\b"); /* it can be edited */
	CHECK_EQ(ed.len, LINE_MAX);
}

UNIT(lineedit, cancel)
{
	fresh();
	CHECK_EQ(type("abc\003"), LINE_CANCEL);
}

UNIT(lineedit, random_keys_keep_the_screen_true)
{
	static const char keys[] =
		"ab /\001\002\004\005\006\007\010\013\014\016\020\022"
		"\025\027\033[ABCDHF0123450~\177\tO\200"
		"\033[]PN(\\\a;?";
	u32 seed = 1;
	unsigned int i;

	fresh();
	for (i = 0; i < 200000; i++) {
		enum line_event event;

		seed = seed * 1664525 + 1013904223;
		if (seed >> 24 == 7) {
			event = line_feed(&ed, '\r');
			line_begin(&ed);
			memset(screen, ' ', sizeof(screen));
			memcpy(screen, "$ ", 2);
			if (!CHECK_EQ(event, LINE_DONE))
				return;
		} else {
			line_feed(&ed, keys[(seed >> 16) % (sizeof(keys) - 1)]);
		}
		if (!CHECK(shown()))
			return;
	}
}
