/* SPDX-License-Identifier: MIT */
/*
 * shell_syntax.h - what a typed line means: words, operators, and whether the
 * shell understands all of them.
 *
 *     list     := and_or { ';' and_or } [ ';' ]
 *     and_or   := pipeline { ( '&&' | '||' ) pipeline }
 *     pipeline := command { '|' command }
 *     command  := { WORD | '<' WORD | '>' WORD | '>>' WORD }, one at least
 *
 * Quotes, backslash and '#' mean what they mean to sh. What sh knows and this
 * shell does not (jobs, variables, loops, subshells) is refused: a line is
 * carried out whole or not at all. Pure: it runs and is fuzzed on the host.
 *
 * Context: task.
 */
#pragma once

#include "kernel/lib/types.h"

#define SHELL_STAGES 6 /* commands in one pipeline */

/*
 * A word, or an operator: | < > ; as they are, 'a' for >>, '&' for &&, 'o' for
 * ||, 0 at the end of the line.
 */
struct token {
	char kind;
	bool quoted; /* a word of which some part was quoted */
	u16 at;	     /* where in the line it begins */
	char *text;  /* a word, without its quotes */
};

/*
 * Cut @line into @token, which has room for strlen(@line) + 1; the words go to
 * @out, which has room for twice the line. Return: NULL, or in words what the
 * shell does not understand, and in *@at where it begins.
 */
const char *shell_tokenize(const char *line, struct token *token, char *out,
			   unsigned int *at);

/* Do the tokens follow the grammar above? Return: as shell_tokenize(). */
const char *shell_check(const struct token *token, unsigned int *at);
