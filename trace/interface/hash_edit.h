/* SPDX-License-Identifier: MIT */
/*
 * hash_edit.h - a set of functions edited through a file, put in force at
 * close.
 *
 * I1  Nothing live changes before hash_edit_finish(). A token that is refused
 *     leaves those before it in force, as on Linux; but where none was
 *     accepted nothing changes, so a typing error never means "all".
 * I2  "All", "nothing" and "these" are three different results: a filter
 *     emptied with '!' selects nothing, one that was never given anything
 *     selects everything.
 *
 * Context: task.
 */
#pragma once

#include "kernel/lib/types.h"

struct ftrace_hash;
struct tracefs_file;
struct trace_seq;

#define HASH_EDIT_TOKEN 512

struct hash_edit {
	struct ftrace_hash *hash; /* the candidate */
	bool all;		  /* it stands for "all", or "none excluded" */
	bool accepted, refused;	  /* some token was */
	bool comment;		  /* to the end of the line */
	char token[HASH_EDIT_TOKEN];
	size_t len;
};

/*
 * Begin with the set that is in force, taken over (NULL: all), or from
 * nothing with @trunc. Return: ERR_PTR(-ENOMEM).
 */
struct hash_edit *hash_edit_begin(struct ftrace_hash *hash, bool trunc);

/* Tokens separated by white space, in as many writes as you like. */
ssize_t hash_edit_write(struct hash_edit *edit, struct tracefs_file *file,
			const char *buf, size_t len);

/*
 * Take the last token; *@hash is then the caller's, NULL for "all". The edit
 * is gone. Return: true; false if all that was written was refused: change
 * nothing. *@err is what the last token led to.
 */
bool hash_edit_finish(struct hash_edit *edit, struct tracefs_file *file,
		      struct ftrace_hash **hash, int *err);

/* One line of the listing of @hash (NULL: all). @all: the words for that.
 * For node->show; file->pos counts. */
int hash_show(struct tracefs_file *file, struct trace_seq *seq,
	      const struct ftrace_hash *hash, const char *all);
