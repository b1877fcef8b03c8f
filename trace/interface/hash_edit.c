// SPDX-License-Identifier: MIT
/*
 * hash_edit.c - a set of functions edited through a file (see hash_edit.h).
 *
 * What is listed can be written back: a line that begins with '#' is a
 * comment, and "nothing" is listed as the token that makes it, "!*".
 */
#include "trace/interface/hash_edit.h"

#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mm/slab.h"
#include "trace/ftrace.h"
#include "trace/interface/tracefs.h"
#include "trace/trace_seq.h"

struct hash_edit *hash_edit_begin(struct ftrace_hash *hash, bool trunc)
{
	struct hash_edit *edit = kzalloc(sizeof(*edit));

	if (edit) {
		edit->all = trunc || !hash;
		edit->hash = trunc || !hash ? ftrace_hash_begin(NULL) : hash;
	}
	if (!edit || edit->hash != hash)
		ftrace_hash_free(hash);
	if (edit && !edit->hash) {
		kfree(edit);
		edit = NULL;
	}
	return edit ? edit : ERR_PTR(-ENOMEM);
}

/* "!*": nothing at all. I2 */
static int select_nothing(struct hash_edit *edit)
{
	struct ftrace_hash *nothing = ftrace_hash_begin(NULL);

	if (!nothing)
		return -ENOMEM;
	ftrace_hash_free(edit->hash);
	edit->hash = nothing;
	edit->all = false;
	return 0;
}

/* Put the token collected so far into the candidate. */
static int take_token(struct hash_edit *edit, struct tracefs_file *file)
{
	size_t len = edit->len;
	int ret;

	edit->len = 0;
	if (!len)
		return 0;
	if (len == 2 && !memcmp(edit->token, "!*", 2))
		ret = select_nothing(edit);
	else
		ret = ftrace_hash_edit(&edit->hash, edit->token, len);
	if (ret == -EINVAL)
		file->error_text = "no function fits this";
	if (!ret && ftrace_hash_count(edit->hash))
		edit->all = false;
	*(ret ? &edit->refused : &edit->accepted) = true;
	return ret;
}

/* For a word of @len bytes, not all of them in what is written now. */
static void quote_token(const struct hash_edit *edit, struct tracefs_file *file,
			size_t len)
{
	len = min(len, sizeof(file->error_quote) - 1);
	memcpy(file->error_quote, edit->token, len);
	file->error_quote[len] = '\0';
}

ssize_t hash_edit_write(struct hash_edit *edit, struct tracefs_file *file,
			const char *buf, size_t len)
{
	size_t i, token;
	int ret;

	for (i = 0; i < len; i++) {
		char c = buf[i];

		if (edit->comment) {
			edit->comment = c != '\n';
		} else if (isspace(c)) {
			token = edit->len;
			ret = take_token(edit, file);
			if (ret && token <= i)
				file->error_at = i - token;
			else if (ret)
				quote_token(edit, file, token);
			if (ret)
				return ret;
		} else if (c == '#' && !edit->len) {
			edit->comment = true;
		} else if (edit->len < HASH_EDIT_TOKEN - 1) {
			edit->token[edit->len++] = c;
		} else {
			edit->len = 0;
			file->error_at = i;
			file->error_text = "the word is too long";
			return -EINVAL;
		}
	}
	return len;
}

bool hash_edit_finish(struct hash_edit *edit, struct tracefs_file *file,
		      struct ftrace_hash **hash, int *err)
{
	size_t token = edit->len;
	bool change;

	*err = take_token(edit, file);
	if (*err)
		quote_token(edit, file, token);
	change = edit->accepted || !edit->refused;
	*hash = edit->hash;
	if (edit->all || !change) {
		ftrace_hash_free(edit->hash);
		*hash = NULL;
	}
	kfree(edit);
	return change;
}

int hash_show(struct tracefs_file *file, struct trace_seq *seq,
	      const struct ftrace_hash *hash, const char *all)
{
	char name[FTRACE_NAME_MAX];
	size_t count = hash ? ftrace_hash_count(hash) : 0;

	if (!hash) {
		trace_seq_printf(seq, "#### %s ####\n", all);
		return 0;
	}
	if (!count) {
		trace_seq_puts(seq, "!*\n");
		return 0;
	}
	if (file->pos >= count) /* shortened while it was read */
		return 0;
	trace_seq_puts(seq,
		       ftrace_rec_name(ftrace_hash_rec(hash, file->pos), name));
	trace_seq_putc(seq, '\n');
	return ++file->pos < count;
}
