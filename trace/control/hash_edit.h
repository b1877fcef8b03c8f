/* SPDX-License-Identifier: MIT */
/*
 * hash_edit.h - a file that selects functions: its set is copied at open,
 * edited by words, and applied at close.
 *
 * HE1  The live set does not change before hash_edit_release(). A refused token
 *     does not undo the tokens before it, as on Linux. If no token was
 *     accepted, nothing changes, so a typing error never means "all".
 * HE2  "All", "nothing" and "these" are three different results. A filter
 *     emptied with '!' selects nothing; a filter without any token selects
 *     everything. A set that excludes has no such "nothing": emptied, it
 *     excludes no function, as without any token.
 * HE3  A handle shows its own copy: the set in force at its open, edited by the
 *     words written through it; then the commands that there are now.
 *
 * Context: task.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

struct ftrace_hash;
struct tracefs_file;
struct trace_seq;

/*
 * The functions that read and apply the set. A NULL set means all, or none
 * excluded. get: stores a copy of the set in force, which the caller owns.
 * Return: 0; -ENOMEM. set: takes over the set, also on failure. Return: 0 or
 * the errno for close to return.
 */
struct hash_source {
	bool exclude;
	bool commands; /* a word with a colon is one of hash_commands */
	int (*get)(struct tracefs_file *file, bool exclude,
		   struct ftrace_hash **copy);
	int (*set)(struct tracefs_file *file, bool exclude,
		   struct ftrace_hash *hash);
};

/*
 * What is written and listed beside a set and takes effect at once.
 * take: carries out a word; on an error, file->error_at is an offset in it.
 * Return: 0 or an errno. show: prints the n-th line. Return: false: no line.
 */
struct hash_command_set {
	int (*take)(struct tracefs_file *file, const char *word, size_t len);
	bool (*show)(struct tracefs_file *file, struct trace_seq *seq, u64 n);
};
DECLARE_TABLE(struct hash_command_set, hash_commands);

/* Called by the node's open. Return: 0; -ENOMEM. */
int hash_edit_open(struct tracefs_file *file, const struct hash_source *source);

/*
 * The node's other functions. write accepts words separated by white space, in
 * any number of writes. It returns -EINVAL if a word matches no function or is
 * too long, or -ENOMEM. release ends the last word and applies the set, unless
 * every word was refused. It returns the error of set, or of the last word.
 */
int hash_edit_show(struct tracefs_file *file, struct trace_seq *seq);
ssize_t hash_edit_write(struct tracefs_file *file, const char *buf, size_t len);
int hash_edit_release(struct tracefs_file *file);
