/* SPDX-License-Identifier: MIT */
/*
 * shell_syntax.h - the syntax of a typed line: words, operators, and the check
 * that the shell supports all of them.
 *
 *     list     := and_or { ';' and_or } [ ';' ]
 *     and_or   := pipeline { ( '&&' | '||' ) pipeline }
 *     pipeline := command { '|' command }
 *     command  := { WORD | '<' WORD | '>' WORD | '>>' WORD | '2>' WORD },
 *                 one at least; WORD after '2>' is /dev/null
 *
 * Quotes, backslash, '#' and $$ mean the same as in sh. Syntax that sh has and
 * this shell lacks (jobs, variables, loops, subshells) is refused: a line with
 * it does not run at all. Pure: the host runs and fuzzes it.
 *
 * Context: task.
 */
#pragma once

#include "kernel/lib/types.h"

#define SHELL_STAGES 10 /* commands in one pipeline */

/* Room for the words of a line of n characters: $$ may become ten digits. */
#define SHELL_WORDS(n) (5 * (n))

/*
 * A word, or an operator: | < > ; as they are, 'a' for >>, '&' for &&, 'o' for
 * ||, 'e' for 2>, 0 at the end of the line.
 */
struct token {
	char kind;
	bool quoted;  /* some part of the word was quoted */
	bool pattern; /* none was, and it has * ? or [ */
	u16 at;	      /* offset of its start in the line */
	char *text;   /* a word, without its quotes */
};

/*
 * Cut @line into tokens in @token, which has room for strlen(@line) + 1; the
 * words go to @out, which has room for SHELL_WORDS(strlen(@line) + 1). @pid
 * stands for $$. Return: NULL, or a sentence on the syntax error, with its
 * offset in *@at.
 */
const char *shell_tokenize(const char *line, struct token *token, char *out,
			   u32 pid, unsigned int *at);

/* Do the tokens follow the grammar above? Return: as shell_tokenize(). */
const char *shell_check(const struct token *token, unsigned int *at);
