// SPDX-License-Identifier: MIT
/*
 * shell_options.c - read the options of a command, as getopt() of POSIX does.
 */
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "trace/shell/shell.h"

static int bad_option(struct stage *stage)
{
	shell_error(stage->argv[0], stage->argv[stage->optind], -EINVAL);
	return -EINVAL;
}

/*
 * Read the option at *@at, the rest of the word at stage->optind. Return: 0;
 * -EINVAL after an error message.
 */
static int read_option(struct stage *stage, const char **at)
{
	const char *known = stage->command->letters, *found;
	bool number = isdigit(**at) && strstr(known, "n:");
	char letter = number ? 'n' : *(*at)++;

	found = letter == ':' ? NULL : strchr(known, letter);
	if (!found)
		return bad_option(stage);
	stage->option[letter & 63] = "";
	if (found[1] != ':')
		return 0;
	if (!**at) {
		if (stage->optind + 1 == stage->argc)
			return bad_option(stage);
		*at = stage->argv[++stage->optind];
	}
	stage->option[letter & 63] = *at;
	*at += strlen(*at);
	return 0;
}

int shell_read_options(struct stage *stage)
{
	const char *at;
	int ret = 0;

	if (!stage->command->letters)
		return 0;
	for (stage->optind = 1; stage->optind < stage->argc; stage->optind++) {
		at = stage->argv[stage->optind];
		if (at[0] != '-' || !at[1])
			break;
		if (!strcmp(at, "--")) {
			stage->optind++;
			break;
		}
		for (at++; *at && !ret;)
			ret = read_option(stage, &at);
		if (ret)
			return ret;
	}
	return stage->command->options ? stage->command->options(stage) : 0;
}

int shell_number(struct stage *stage, char letter, unsigned long *n)
{
	const char *text = stage_option(stage, letter);
	u64 value;

	if (!text)
		return 0;
	if (kstrtoull(text, 10, &value)) {
		shell_error(stage->argv[0], text, -EINVAL);
		return -EINVAL;
	}
	*n = value;
	return 0;
}
