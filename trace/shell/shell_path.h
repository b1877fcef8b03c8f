/* SPDX-License-Identifier: MIT */
/*
 * shell_path.h - paths as they are typed.
 *
 * A relative path begins at the working directory. /sys/kernel/tracing and
 * /sys/kernel/debug/tracing are the root of the control tree, and so is /.
 *
 * Context: task (the shell's own thread).
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Return: the path in the tree for a path that the user typed. It has no
 * leading mount point, ".", ".." or empty component, and a slash at its end if
 * it can only be a directory. Valid until the next call.
 */
const char *shell_path(const char *typed);

/* The working directory as a path in the tree, "" for its root. */
const char *shell_directory(void);

/* Return: 0; -ENOENT or -ENOTDIR: there is no such directory. */
int shell_change_directory(const char *typed);

/* Is it /dev/null, which is empty and takes everything? */
bool shell_is_null(const char *typed);

/*
 * shell_expand() - the paths that a word with * ? [...] stands for
 * @room, @end: free memory for names, *@room moves behind those written
 * @names, @max: pointers to them
 * Return: their number, sorted; 0 no path matches, as in sh the word stays as
 * it is; -E2BIG there are too many.
 */
int shell_expand(const char *word, char **room, char *end, char **names,
		 int max);
