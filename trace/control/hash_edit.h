/* SPDX-License-Identifier: MIT */
/*
 * hash_edit.h - a file that selects functions: its set is copied at open,
 * edited by words, and put in force at close.
 *
 * I1  Nothing live changes before hash_edit_release(). A token that is refused
 *     leaves those before it in force, as on Linux; but where none was
 *     accepted nothing changes, so a typing error never means "all".
 * I2  "All", "nothing" and "these" are three different results: a filter
 *     emptied with '!' selects nothing, one that was never given anything
 *     selects everything. What excludes has no such "nothing": emptied, it is
 *     as if never given anything.
 * I3  A handle shows its own copy: what was in force when it was opened, and
 *     what the words written through it have made of that.
 *
 * Context: task.
 */
#pragma once

#include "kernel/lib/types.h"

struct ftrace_hash;
struct tracefs_file;
struct trace_seq;

/*
 * Where the set comes from and goes to. NULL: all, or none excluded. get: a
 * copy of what is in force, the caller's; 0, -ENOMEM. set: takes the set over,
 * also when it fails; 0 or the errno that close shall return.
 */
struct hash_source {
	bool exclude;
	int (*get)(struct tracefs_file *file, bool exclude,
		   struct ftrace_hash **copy);
	int (*set)(struct tracefs_file *file, bool exclude,
		   struct ftrace_hash *hash);
};

/* The node's open calls this. Return: 0; -ENOMEM. */
int hash_edit_open(struct tracefs_file *file, const struct hash_source *source);

/*
 * The node's other functions. write takes words separated by white space, in
 * as many writes as you like: -EINVAL a word fits nothing or is too long,
 * -ENOMEM. release ends the last word and puts the set in force, unless all
 * that was written was refused: the error of that word, or what set said.
 */
int hash_edit_show(struct tracefs_file *file, struct trace_seq *seq);
ssize_t hash_edit_write(struct tracefs_file *file, const char *buf, size_t len);
int hash_edit_release(struct tracefs_file *file);
