// SPDX-License-Identifier: MIT
/*
 * filter_nodes.c - files that list the functions that exist, are selected, or
 * are patched now, and select them.
 *
 * A selection is copied at open, edited, and applied at close in one patch
 * session (hash_edit.h).
 */
#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "trace/control/hash_edit.h"
#include "trace/control/nodes.h"
#include "trace/core/pid_set.h"
#include "trace/trace.h"
#include "trace/tracers/profile.h"
#include "trace/tracers/stack.h"

/* ---- lists of sites ------------------------------------------------------ */

/* Return: the next site for which @listed is true; file->pos counts sites. */
static struct dyn_ftrace *next_site(struct tracefs_file *file,
				    bool (*listed)(const struct dyn_ftrace *))
{
	size_t count = ftrace_rec_count();

	while (file->pos < count) {
		struct dyn_ftrace *rec = ftrace_rec(file->pos++);

		if (listed(rec))
			return rec;
	}
	return NULL;
}

static bool listed_always(const struct dyn_ftrace *rec)
{
	return true;
}

static int available_show(struct tracefs_file *file, struct trace_seq *seq)
{
	struct dyn_ftrace *rec = next_site(file, listed_always);
	char name[FTRACE_NAME_MAX];

	if (!rec)
		return 0;
	trace_seq_puts(seq, ftrace_rec_name(rec, name));
	trace_seq_putc(seq, '\n');
	return 1;
}

static int available_addrs_show(struct tracefs_file *file,
				struct trace_seq *seq)
{
	struct dyn_ftrace *rec = next_site(file, listed_always);
	char name[FTRACE_NAME_MAX];

	if (!rec)
		return 0;
	trace_seq_printf(seq, "%lx %s\n", ftrace_rec_ip(rec),
			 ftrace_rec_name(rec, name));
	return 1;
}

/* One line of enabled_functions. Return: 1, or 0 at the end. */
static int describe(struct dyn_ftrace *rec, struct trace_seq *seq)
{
	if (!rec)
		return 0;
	ftrace_describe_rec(rec, seq);
	return 1;
}

static int enabled_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return describe(next_site(file, ftrace_rec_enabled), seq);
}

/* Patched now, or at any time since boot. */
static bool listed_touched(const struct dyn_ftrace *rec)
{
	return ftrace_rec_touched(rec) || ftrace_rec_enabled(rec);
}

static int touched_show(struct tracefs_file *file, struct trace_seq *seq)
{
	return describe(next_site(file, listed_touched), seq);
}

/* Linux's form. Records are in one array here, which is one group. */
static int total_show(struct tracefs_file *file, struct trace_seq *seq)
{
	size_t bytes = ftrace_rec_count() * 8; /* the size of a record */

	trace_seq_printf(seq, "%zu pages:%zu groups: 1\n", ftrace_rec_count(),
			 (bytes + 4095) / 4096);
	return 0;
}

/* ---- selections ---------------------------------------------------------- */

/* Apply @hash as one half of the filter; the other half stays. */
static int set_half(struct ftrace_ops *ops, bool exclude,
		    struct ftrace_hash *hash)
{
	/* Two halves closed at once must not undo each other's change. */
	static DEFINE_MUTEX(half_lock);
	struct ftrace_hash *other;
	int ret;

	mutex_lock(&half_lock);
	ret = ftrace_ops_get_hash(ops, !exclude, &other);
	if (ret)
		ftrace_hash_free(hash);
	else if (exclude)
		ret = ftrace_ops_set_hashes(ops, other, hash);
	else
		ret = ftrace_ops_set_hashes(ops, hash, other);
	mutex_unlock(&half_lock);
	return ret;
}

/* The filter of the trace to which the file belongs. */
static int trace_half_get(struct tracefs_file *file, bool exclude,
			  struct ftrace_hash **copy)
{
	return ftrace_ops_get_hash(&file_trace(file)->ops, exclude, copy);
}

/* The profiler counts what the top filter selects, so it follows. */
static int trace_half_set(struct tracefs_file *file, bool exclude,
			  struct ftrace_hash *hash)
{
	int err = set_half(&file_trace(file)->ops, exclude, hash);

	if (!err && file_trace(file) == trace_top())
		err = function_profile_follow();
	return err;
}

/* The filter of the stack tracer, of which there is one. */
static int stack_half_get(struct tracefs_file *file, bool exclude,
			  struct ftrace_hash **copy)
{
	return ftrace_ops_get_hash(stack_tracer_ops(), exclude, copy);
}

static int stack_half_set(struct tracefs_file *file, bool exclude,
			  struct ftrace_hash *hash)
{
	return set_half(stack_tracer_ops(), exclude, hash);
}

/* Only this file takes commands, NAME:COMMAND. */
static int filter_open(struct tracefs_file *file)
{
	static const struct hash_source source = {
		.exclude = false,
		.commands = true,
		.get = trace_half_get,
		.set = trace_half_set,
	};

	return hash_edit_open(file, &source);
}

static int notrace_open(struct tracefs_file *file)
{
	static const struct hash_source source = {
		.exclude = true,
		.get = trace_half_get,
		.set = trace_half_set,
	};

	return hash_edit_open(file, &source);
}

static int stack_filter_open(struct tracefs_file *file)
{
	static const struct hash_source source = {
		.exclude = false,
		.get = stack_half_get,
		.set = stack_half_set,
	};

	return hash_edit_open(file, &source);
}

/* ---- pids ---------------------------------------------------------------- */

#define PIDS_MAX PID_SET_MAX
#define PID_END	 1000000000 /* the first number that is not a pid */

/* The pids collected from open to close; two writes may split a number. */
struct pid_edit {
	int pid[PIDS_MAX];
	size_t n, had;	   /* now, and when the file was opened */
	bool exclude;	   /* set_ftrace_notrace_pid */
	bool listed;	   /* there is a list; it may be empty */
	bool reading;	   /* a number has begun */
	int value;	   /* its value so far */
	unsigned int none; /* bytes of NO_PID matched so far */
};

/* The text of an empty list; written back, it adds nothing. */
#define NO_PID "no pid"

/* > begins with an empty list, >> with the one that is in force. */
static int pid_open_list(struct tracefs_file *file, bool exclude)
{
	struct pid_edit *edit = kzalloc(sizeof(*edit));

	if (!edit)
		return -ENOMEM;
	if (!(file->flags & TRACEFS_TRUNC))
		edit->n = min_t(size_t, PIDS_MAX,
				ftrace_get_pids(&file_trace(file)->pids,
						edit->pid, PIDS_MAX, exclude));
	edit->had = edit->n;
	edit->exclude = exclude;
	edit->listed = ftrace_has_pids(&file_trace(file)->pids, exclude);
	file->private = edit;
	return 0;
}

static int pid_open(struct tracefs_file *file)
{
	return pid_open_list(file, false);
}

static int notrace_pid_open(struct tracefs_file *file)
{
	return pid_open_list(file, true);
}

/* Start a new number. */
static void pid_forget(struct pid_edit *edit)
{
	edit->reading = false;
	edit->value = 0;
	edit->none = 0;
}

/* Shows the copy, so a reader sees one state of the list. */
static int pid_show(struct tracefs_file *file, struct trace_seq *seq)
{
	struct pid_edit *edit = file->private;

	if (!edit->n && !edit->listed)
		trace_seq_puts(seq, NO_PID "\n");
	else if (edit->n)
		trace_seq_printf(seq, "%d\n", edit->pid[file->pos++]);
	return file->pos < edit->n;
}

static int pid_refuse(struct pid_edit *edit, struct tracefs_file *file)
{
	pid_forget(edit); /* drop half a word */
	file->error_text = "no pid";
	return -EINVAL;
}

/* Add the number read so far, unless the list has it already. */
static int pid_take(struct pid_edit *edit, struct tracefs_file *file)
{
	bool reading = edit->reading;
	int pid = edit->value;
	size_t i;

	if (edit->none && edit->none < strlen(NO_PID)) {
		memcpy(file->error_quote, NO_PID, edit->none);
		file->error_quote[edit->none] = '\0';
		return pid_refuse(edit, file);
	}
	pid_forget(edit);
	if (!reading)
		return 0;
	for (i = 0; i < edit->n; i++)
		if (edit->pid[i] == pid)
			return 0;
	file->error_text = "too many pids";
	if (edit->n == PIDS_MAX)
		return -ENOSPC;
	edit->pid[edit->n++] = pid;
	return 0;
}

/*
 * Byte by byte, because a client may cut its text anywhere. What "no pid"
 * begins is not yet a number, and a number is not yet complete.
 */
static ssize_t pid_write(struct tracefs_file *file, const char *buf, size_t len)
{
	struct pid_edit *edit = file->private;
	size_t i;
	int ret = 0;

	for (i = 0; i < len && !ret; i++) {
		file->error_at = i;
		if (!edit->reading && buf[i] == NO_PID[edit->none] && buf[i]) {
			edit->none++;
		} else if (isspace(buf[i])) {
			ret = pid_take(edit, file);
		} else if (isdigit(buf[i]) && !edit->none &&
			   edit->value < PID_END / 10) {
			edit->value = edit->value * 10 + (buf[i] - '0');
			edit->reading = true;
		} else {
			ret = pid_refuse(edit, file);
		}
	}
	return ret ? ret : (ssize_t)len;
}

/*
 * The last number has no blank behind it. Applied only now, so that a list is
 * never in force in part.
 */
static int pid_release(struct tracefs_file *file)
{
	struct pid_edit *edit = file->private;
	int ret = 0, err = 0;

	if (file->flags & TRACEFS_WRITE)
		ret = pid_take(edit, file);
	/* What adds nothing leaves a list that is empty, and in force. */
	if (file->flags & TRACEFS_WRITE &&
	    (file->flags & TRACEFS_TRUNC || edit->n != edit->had))
		err = ftrace_set_pids(&file_trace(file)->pids, edit->pid,
				      edit->n, edit->exclude);
	kfree(edit);
	return err ? err : ret;
}

static const struct tracefs_node filter_nodes[] = {
	{ .name = "available_filter_functions",
	  .mode = 0440,
	  .show = available_show },
	{ .name = "available_filter_functions_addrs",
	  .mode = 0440,
	  .show = available_addrs_show },
	{ .name = "dyn_ftrace_total_info", .mode = 0440, .show = total_show },
	{ .name = "enabled_functions", .mode = 0440, .show = enabled_show },
	{ .name = "stack_trace_filter",
	  .mode = 0640,
	  .open = stack_filter_open,
	  .show = hash_edit_show,
	  .write = hash_edit_write,
	  .release = hash_edit_release },
	{ .name = "touched_functions", .mode = 0440, .show = touched_show },
};
TRACEFS_FILES(20, root_dir, filter_nodes);

static const struct tracefs_node trace_filter_nodes[] = {
	{ .name = "set_ftrace_filter",
	  .mode = 0640,
	  .open = filter_open,
	  .show = hash_edit_show,
	  .write = hash_edit_write,
	  .release = hash_edit_release },
	{ .name = "set_ftrace_notrace",
	  .mode = 0640,
	  .open = notrace_open,
	  .show = hash_edit_show,
	  .write = hash_edit_write,
	  .release = hash_edit_release },
	{ .name = "set_ftrace_notrace_pid",
	  .mode = 0640,
	  .open = notrace_pid_open,
	  .show = pid_show,
	  .write = pid_write,
	  .release = pid_release },
	{ .name = "set_ftrace_pid",
	  .mode = 0640,
	  .open = pid_open,
	  .show = pid_show,
	  .write = pid_write,
	  .release = pid_release },
};
TRACEFS_FILES(20, trace_dir, trace_filter_nodes);
