// SPDX-License-Identifier: MIT
/*
 * shell_syntax.c - cut a typed line into tokens and check its syntax.
 *
 * A syntax error is found here, before any part of the line runs. See
 * shell_syntax.h for the grammar.
 */
#include "trace/shell/shell_syntax.h"

#include "kernel/lib/ctype.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

#define BLANKS	   " \t"
#define OPERATORS  "|<>;&()"
#define TO_LITERAL BIT(0) /* inside '...' */
#define TO_QUOTE   BIT(1) /* inside "..." */

/* One word being read. */
struct reader {
	const char *in;
	char *out;
	u32 pid;	    /* the value of $$ */
	const char *opened; /* the quote that is open */
	unsigned int quote; /* TO_LITERAL, TO_QUOTE or 0 */
	bool quoted;
};

/*
 * Detect text at @in, outside '...', that sh expands and this shell cannot. A
 * '$' without a name after it is an ordinary character, as in `grep 0$`.
 * Return: NULL or the error.
 */
static const char *expansion(const char *in)
{
	if (*in == '`')
		return "commands inside a word are not known here";
	if (*in != '$')
		return NULL;
	if (isalnum(in[1]) || (in[1] && strchr("_{(?$!#@*-", in[1])))
		return "variables are not known here; '...' takes $ as it is";
	return NULL;
}

/* Read a backslash at r->in. Return: NULL or the error. */
static const char *take_backslash(struct reader *r)
{
	char next = r->in[1];

	if (!next)
		return "nothing follows the backslash";
	r->quoted = true;
	if (r->quote == TO_QUOTE && !strchr("$`\"\\", next))
		*r->out++ = '\\';
	*r->out++ = next;
	r->in += 2;
	return NULL;
}

/* Read a quote that begins or ends at r->in. Return: whether there is one. */
static bool take_quote(struct reader *r)
{
	unsigned int kind = *r->in == '\'' ? TO_LITERAL :
			    *r->in == '"'  ? TO_QUOTE :
					     0;

	if (!kind || (r->quote && r->quote != kind))
		return false;
	r->quote ^= kind;
	r->quoted = true;
	r->opened = r->in++;
	return true;
}

/*
 * Copy the word at r->in without its quotes. Return: NULL, or the error at
 * r->in.
 */
static const char *take_word(struct reader *r)
{
	const char *wrong = NULL;

	while (*r->in && !wrong) {
		bool literal = r->quote == TO_LITERAL;

		if (take_quote(r))
			continue;
		if (*r->in == '\\' && !literal) {
			wrong = take_backslash(r);
			continue;
		}
		if (!r->quote && strchr(BLANKS OPERATORS, *r->in))
			break;
		if (!literal && !strncmp(r->in, "$$", 2)) {
			r->out += scnprintf(r->out, 11, "%u", r->pid);
			r->in += 2;
			continue;
		}
		wrong = literal ? NULL : expansion(r->in);
		if (!wrong)
			*r->out++ = *r->in++;
	}
	*r->out++ = '\0';
	if (wrong || !r->quote)
		return wrong;
	r->in = r->opened;
	return "this quote is not closed";
}

/* Read the operator at @in; *@len is its length. Return: NULL or the error. */
static const char *take_operator(const char *in, char *kind, unsigned int *len)
{
	*len = 1 + (in[1] == in[0] && strchr("|>&", in[0]));
	*kind = *in;
	if (*len == 2 && *in != '&')
		*kind = *in == '>' ? 'a' : 'o';
	if (strchr("<>", in[0]) && in[*len] == '&')
		return "descriptors are not known here";
	if (*kind == '&' && *len == 1)
		return "nothing runs in the background here";
	if (strchr("()", in[0]))
		return "subshells are not known here; quote the parenthesis";
	return NULL;
}

/* sh reads the 1 of `echo 1>file` as a descriptor, which users rarely mean. */
static bool names_descriptor(const struct token *word, const char *behind)
{
	return !word->quoted && strchr("<>", *behind) && *behind &&
	       !word->text[strspn(word->text, "0123456789")];
}

/*
 * The word at *@token, which ends at *@in, is a number before < or >. Make it
 * an operator if it is 2>. Return: NULL or the error.
 */
static const char *take_descriptor(struct token *token, const char **in)
{
	if (!strcmp(token->text, "2") && (*in)[0] == '>' && (*in)[1] != '>' &&
	    (*in)[1] != '&') {
		token->kind = 'e';
		++*in;
		return NULL;
	}
	return "of descriptors only 2>/dev/null is known here; a blank makes "
	       "the number a word";
}

const char *shell_tokenize(const char *line, struct token *token, char *out,
			   u32 pid, unsigned int *at)
{
	const char *in = line, *wrong = NULL;

	for (;; token++) {
		struct reader r = { .in = in + strspn(in, BLANKS),
				    .out = out,
				    .pid = pid };
		unsigned int len;

		*at = token->at = r.in - line;
		token->text = out;
		token->kind = 0;
		if (!*r.in || *r.in == '#')
			return NULL;
		if (strchr(OPERATORS, *r.in)) {
			wrong = take_operator(r.in, &token->kind, &len);
			in = r.in + len;
		} else {
			token->kind = 'w';
			wrong = take_word(&r);
			*at = wrong ? r.in - line : token->at;
			token->quoted = r.quoted;
			token->pattern =
				!r.quoted &&
				token->text[strcspn(token->text, "*?[")];
			in = r.in;
			out = r.out;
			if (!wrong && names_descriptor(token, in))
				wrong = take_descriptor(token, &in);
		}
		if (wrong)
			return wrong;
	}
}

/* Does this first word of a command have another meaning in sh? */
static const char *not_a_command(const struct token *word)
{
	static const char *const reserved[] = {
		"!",	"{",  "}",   "case", "do",   "done",  "elif",  "else",
		"esac", "fi", "for", "if",   "then", "until", "while",
	};
	size_t name = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(reserved) && !word->quoted; i++)
		if (!strcmp(word->text, reserved[i]))
			return "this word of sh is not known here";
	while (isalnum(word->text[name]) || word->text[name] == '_')
		name++;
	if (name && !isdigit(word->text[0]) && word->text[name] == '=')
		return "variables are not known here";
	return NULL;
}

/*
 * Check the command at *@token and advance *@token past it. Return: NULL, or
 * the error at *@token.
 */
static const char *check_command(const struct token **token)
{
	unsigned int words = 0, in = 0, out = 0, hides = 0;
	const char *wrong;

	for (; (*token)->kind && strchr("w<>ae", (*token)->kind); ++*token) {
		if ((*token)->kind == 'w') {
			wrong = words++ ? NULL : not_a_command(*token);
			if (wrong)
				return wrong;
			continue;
		}
		if ((*token)->kind != 'e' &&
		    ((*token)->kind == '<' ? in++ : out++))
			return "a command has one < and one >";
		hides += (*token)->kind == 'e';
		++*token;
		if ((*token)->kind != 'w')
			return "the name of a file is missing";
		if ((*token)[-1].kind == 'e' &&
		    strcmp((*token)->text, "/dev/null"))
			return "2> is known with /dev/null only";
	}
	return words + in + out + hides ? NULL : "a command is missing";
}

const char *shell_check(const struct token *token, unsigned int *at)
{
	unsigned int stages = 0;
	const char *wrong = NULL;

	while (token->kind && !wrong) {
		*at = token->at;
		if (stages == SHELL_STAGES)
			return "too many commands in one pipeline";
		wrong = check_command(&token);
		*at = token->at;
		if (wrong || !token->kind)
			return wrong;
		stages = token->kind == '|' ? stages + 1 : 0;
		if (token->kind == ';' && !token[1].kind)
			return NULL;
		token++;
		if (!token->kind) {
			*at = token->at;
			return "a command is missing";
		}
	}
	return wrong;
}
