// SPDX-License-Identifier: MIT
/*
 * host-sources: trace/shell/shell_syntax.c
 *
 * The shell's grammar: what a line is cut into, and what is refused, where.
 */
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"
#include "kernel/lib/lineedit.h"
#include "trace/shell/shell_syntax.h"

static struct token tokens[LINE_ROOM];
static char words[SHELL_WORDS(LINE_ROOM)];
static unsigned int at;

static const char *understand(const char *line)
{
	const char *wrong = shell_tokenize(line, tokens, words, 1234, &at);

	return wrong ? wrong : shell_check(tokens, &at);
}

/* The tokens in one string: words in [], operators as they are kept. */
static const char *parsed(const char *line)
{
	static char text[4 * LINE_ROOM];
	const struct token *token;
	size_t len = 0;

	text[0] = '\0';
	if (shell_tokenize(line, tokens, words, 1234, &at))
		return "refused";
	for (token = tokens; token->kind; token++) {
		bool word = token->kind == 'w';

		if (word)
			len += snprintf(text + len, sizeof(text) - len, "[%s]",
					token->text);
		else
			len += snprintf(text + len, sizeof(text) - len, "%c",
					token->kind);
	}
	return text;
}

UNIT(shell_syntax, words)
{
	CHECK_STR(parsed(" a  b\tc "), "[a][b][c]");
	CHECK_STR(parsed("'a b'\"c d\"e"), "[a bc de]");
	CHECK_STR(parsed("'' \"\""), "[][]");
	CHECK_STR(parsed("'a\"b' \"a'b\""), "[a\"b][a'b]");
	CHECK_STR(parsed("a\\ b \\'x\\' a\\.b"), "[a b]['x'][a.b]");
	CHECK_STR(parsed("'a\\.b' \"a\\.b\" \"a\\\"b\" \"\\$x\""),
		  "[a\\.b][a\\.b][a\"b][$x]");
	CHECK_STR(parsed("'$x' ^x$ x$\\y '`'"), "[$x][^x$][x$y][`]");
	CHECK_STR(parsed("a #b"), "[a]");
	CHECK_STR(parsed("a#b '#' \\#"), "[a#b][#][#]");
	CHECK_STR(parsed("#a"), "");
	CHECK_STR(parsed("$$ a$$b \"$$\" '$$' \\$$"),
		  "[1234][a1234b][1234][$$][$$]");
}

UNIT(shell_syntax, patterns_outside_quotes)
{
	CHECK(parsed("a '*' \\* a\"?\"")[0]);
	CHECK(!tokens[0].pattern && !tokens[1].pattern && !tokens[2].pattern &&
	      !tokens[3].pattern);
	CHECK(parsed("*a b? [c]")[0]);
	CHECK(tokens[0].pattern && tokens[1].pattern && tokens[2].pattern);
}

UNIT(shell_syntax, operators)
{
	CHECK_STR(parsed("a|b||c&&d;e"), "[a]|[b]o[c]&[d];[e]");
	CHECK_STR(parsed("a<b>c>>d"), "[a]<[b]>[c]a[d]");
	CHECK_STR(parsed("a'|'b \";\" \\& '<>'"), "[a|b][;][&][<>]");
	CHECK_STR(parsed("echo 1 >f 2 > g"), "[echo][1]>[f][2]>[g]");
	CHECK_STR(parsed("echo '1'>f x1>f"), "[echo][1]>[f][x1]>[f]");
	CHECK_STR(parsed("a 2>/dev/null"), "[a]e[/dev/null]");
	CHECK_STR(parsed("a 2> /dev/null >b"), "[a]e[/dev/null]>[b]");
}

/* Each is refused at its column. */
static const struct {
	const char *line;
	unsigned int at;
} refused[] = {
	{ "echo a &", 7 },
	{ "a & b", 2 },
	{ "a && b &", 7 },
	{ "echo a > b > c", 11 },
	{ "echo a > b >> c", 11 },
	{ "cat < a < b", 8 },
	{ "a >", 3 },
	{ "a > > b", 4 },
	{ "a > | b", 4 },
	{ "| a", 0 },
	{ "a | | b", 4 },
	{ "a |", 3 },
	{ "a && ; b", 5 },
	{ "a ||", 4 },
	{ "; a", 0 },
	{ "a ;; b", 3 },
	{ "a && || b", 5 },
	{ "echo 'a b", 5 },
	{ "echo a\"b", 6 },
	{ "echo a\\", 6 },
	{ "echo $x", 5 },
	{ "echo \"a$x\"", 7 },
	{ "echo $(a)", 5 },
	{ "echo `a`", 5 },
	{ "(a)", 0 },
	{ "a )", 2 },
	{ "f() { a; }", 1 },
	{ "echo a; for i", 8 },
	{ "while true", 0 },
	{ "a; { b; }", 3 },
	{ "! a", 0 },
	{ "A=1 b", 0 },
	{ "echo 1>f", 5 },
	{ "a 2>f", 4 },
	{ "a 2>", 4 },
	{ "a 2>>f", 2 },
	{ "a 2>&1", 2 },
	{ "a 1>/dev/null", 2 },
	{ "a 2</dev/null", 2 },
	{ "a >&2", 2 },
	{ "a << b", 3 },
	{ "a <> b", 3 },
	{ "a >| b", 3 },
	{ "a|b|c|d|e|f|g|h|i|j|k", 20 },
};

UNIT(shell_syntax, refused_where)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refused); i++) {
		CHECK(understand(refused[i].line));
		if (!CHECK_EQ(at, refused[i].at))
			CHECK_STR(refused[i].line, "");
	}
}

UNIT(shell_syntax, understood)
{
	static const char *const table[] = {
		"",
		"# a & b",
		"a;",
		"a ; b ;",
		"a||b&&c",
		"> f",
		"< f > g",
		"> f a b",
		"a|b|c|d|e|f",
		"a > b | c",
		"a | b < c | d",
		"echo for A=1 {",
		"a 2>/dev/null | b 2>/dev/null",
		"2>/dev/null",
		"'for' i",
		"echo $",
		"a|b|c|d|e|f;a|b|c|d|e|f",
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(table); i++)
		if (!CHECK(!understand(table[i])))
			CHECK_STR(table[i], "");
}
