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

int shell_option(struct stage *stage, const char *known)
{
	const char *word, *found;

	if (!stage->letters || !*stage->letters) {
		stage->optind += stage->optind ? !!stage->letters : 1;
		stage->letters = NULL;
		word = stage->argv[stage->optind];
		if (stage->optind >= stage->argc || word[0] != '-' || !word[1])
			return 0;
		if (!strcmp(word, "--")) {
			stage->optind++;
			return 0;
		}
		stage->letters = word + 1;
	}
	if (isdigit(*stage->letters) && strchr(known, 'n')) {
		stage->value = stage->letters;
		stage->letters += strlen(stage->letters);
		return 'n';
	}
	found = strchr(known, *stage->letters);
	if (!found || *found == ':')
		return bad_option(stage);
	stage->letters++;
	if (found[1] != ':')
		return *found;
	if (!*stage->letters && ++stage->optind >= stage->argc) {
		stage->optind--;
		return bad_option(stage);
	}
	stage->value = *stage->letters ? stage->letters :
					 stage->argv[stage->optind];
	stage->letters = "";
	return *found;
}

int shell_number(struct stage *stage, unsigned long *n)
{
	u64 value;

	if (kstrtoull(stage->value, 10, &value)) {
		shell_error(stage->argv[0], stage->value, -EINVAL);
		return -EINVAL;
	}
	*n = value;
	return 0;
}
