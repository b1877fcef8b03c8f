// SPDX-License-Identifier: MIT
/*
 * hash_edit.c - edit a set of functions through a file (see hash_edit.h).
 *
 * The listed text can be written back: a line that begins with '#' is a
 * comment, and the empty selection is listed as the token that selects it,
 * "!*".
 */
#include "trace/control/hash_edit.h"

#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "trace/control/tracefs.h"
#include "trace/core/ftrace.h"

#define TOKEN_MAX 512

DEFINE_TABLE(struct hash_command_set, hash_commands);

/*
 * An open file: the candidate, and the word that is being collected, since one
 * word may come in several writes.
 */
struct hash_edit {
	const struct hash_source *source;
	struct ftrace_hash *hash; /* the candidate */
	bool all;		  /* means "all", or "none excluded" */
	bool accepted, refused;	  /* at least one token was */
	bool comment;		  /* until the end of the line */
	char token[TOKEN_MAX];
	size_t len;
};

static void edit_free(struct hash_edit *edit)
{
	ftrace_hash_free(edit->hash);
	kfree(edit);
}

/* > begins with nothing, >> and a reader with a copy of what is in force. */
int hash_edit_open(struct tracefs_file *file, const struct hash_source *source)
{
	struct hash_edit *edit = kzalloc(sizeof(*edit));
	int err = edit ? 0 : -ENOMEM;

	if (edit && !(file->flags & TRACEFS_TRUNC))
		err = source->get(file, source->exclude, &edit->hash);
	if (!err && !edit->hash) {
		edit->all = true;
		edit->hash = ftrace_hash_begin(NULL);
		err = edit->hash ? 0 : -ENOMEM;
	}
	if (err) {
		kfree(edit);
		return err;
	}
	edit->source = source;
	file->private = edit;
	return 0;
}

/* Does the candidate select all functions? HE2 */
static bool edit_is_all(const struct hash_edit *edit)
{
	return edit->all ||
	       (edit->source->exclude && !ftrace_hash_count(edit->hash));
}

/* "!*": select no function. HE2 */
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

/* Return: the commands that the file accepts, or NULL. */
static const struct hash_command_set *commands_of(const struct hash_edit *edit)
{
	return edit->source->commands && table_size(hash_commands) ?
		       hash_commands_first[0] :
		       NULL;
}

/* Apply the collected token to the candidate, or carry out the command. */
static int take_token(struct hash_edit *edit, struct tracefs_file *file)
{
	const struct hash_command_set *commands = commands_of(edit);
	size_t len = edit->len;
	int ret;

	edit->len = 0;
	file->error_at = 0;
	if (!len)
		return 0;
	if (commands && memchr(edit->token, ':', len)) {
		ret = commands->take(file, edit->token, len);
		*(ret ? &edit->refused : &edit->accepted) = true;
		return ret;
	}
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

/* Quote a word of @len bytes that began in an earlier write. */
static void quote_token(const struct hash_edit *edit, struct tracefs_file *file,
			size_t len)
{
	len = min(len, sizeof(file->error_quote) - 1);
	memcpy(file->error_quote, edit->token, len);
	file->error_quote[len] = '\0';
}

/*
 * Words up to a wrong one stay in the candidate. error_at is the place of the
 * wrong word in this write; one that began in an earlier write is quoted
 * instead.
 */
ssize_t hash_edit_write(struct tracefs_file *file, const char *buf, size_t len)
{
	struct hash_edit *edit = file->private;
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
				file->error_at += i - token;
			else if (ret)
				quote_token(edit, file, token);
			if (ret)
				return ret;
		} else if (c == '#' && !edit->len) {
			edit->comment = true;
		} else if (edit->len < TOKEN_MAX - 1) {
			edit->token[edit->len++] = c;
		} else {
			edit->len = 0;
			edit->refused = true;
			file->error_at = i;
			file->error_text = "the word is too long";
			return -EINVAL;
		}
	}
	return len;
}

int hash_edit_release(struct tracefs_file *file)
{
	struct hash_edit *edit = file->private;
	const struct hash_source *source = edit->source;
	size_t token = edit->len;
	int err, ret = 0;

	err = take_token(edit, file);
	if (err)
		quote_token(edit, file, token);
	if (file->flags & TRACEFS_WRITE && (edit->accepted || !edit->refused)) {
		if (edit_is_all(edit)) {
			ret = source->set(file, source->exclude, NULL);
		} else {
			ret = source->set(file, source->exclude, edit->hash);
			edit->hash = NULL;
		}
	}
	edit_free(edit);
	return ret ? ret : err;
}

/* Print line @n of the set. Return: false: it has fewer. */
static bool show_set(const struct hash_edit *edit, struct trace_seq *seq, u64 n)
{
	size_t count = ftrace_hash_count(edit->hash);
	char name[FTRACE_NAME_MAX];

	if (edit_is_all(edit) || !count) {
		if (n)
			return false;
		if (!edit_is_all(edit))
			trace_seq_puts(seq, "!*\n");
		else if (edit->source->exclude)
			trace_seq_puts(seq,
				       "#### no functions disabled ####\n");
		else
			trace_seq_puts(seq,
				       "#### all functions enabled ####\n");
		return true;
	}
	if (n >= count)
		return false;
	trace_seq_puts(seq,
		       ftrace_rec_name(ftrace_hash_rec(edit->hash, n), name));
	trace_seq_putc(seq, '\n');
	return true;
}

static u64 set_lines(const struct hash_edit *edit)
{
	size_t count = ftrace_hash_count(edit->hash);

	return edit_is_all(edit) || !count ? 1 : count;
}

int hash_edit_show(struct tracefs_file *file, struct trace_seq *seq)
{
	const struct hash_edit *edit = file->private;
	const struct hash_command_set *commands = commands_of(edit);
	u64 lines = set_lines(edit);

	/* A write after the last line may have shortened the set. */
	if (!show_set(edit, seq, file->pos) &&
	    !(commands && commands->show(file, seq, file->pos - lines)))
		return 0;
	file->pos++;
	return 1;
}
