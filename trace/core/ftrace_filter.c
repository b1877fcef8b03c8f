// SPDX-License-Identifier: MIT
/*
 * ftrace_filter.c - chooses functions by patterns, indices and addresses.
 *
 * Grammar: tokens separated by white space, each
 *
 *	['!'] ( name | glob | index )
 *
 * A glob with '*' only at its ends is one string, which is searched for in all
 * names at once (ftrace_names.c); any other is matched by glob_match(). An
 * index counts the functions from 1. '!' removes the matching functions from
 * the set instead of adding them. A token that matches no function is an error,
 * and then nothing changes.
 *
 * Invariant I6: all work is on a candidate; ftrace_swap_hashes() replaces the
 * live set as a whole.
 *
 * Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"

#define TOKEN_MAX 128

enum match_kind {
	MATCH_FULL,   /* abc */
	MATCH_FRONT,  /* abc* */
	MATCH_END,    /* *abc */
	MATCH_MIDDLE, /* *abc* */
	MATCH_GLOB,
	MATCH_INDEX, /* 12 */
};

struct pattern {
	enum match_kind kind;
	bool negate;
	char text[TOKEN_MAX];
	size_t len;
	unsigned long long index;
};

/* ---- one pattern ---- */

/* Finds the kind of the pattern and strips the stars that it implies. */
static void pattern_classify(struct pattern *pattern)
{
	char *text = pattern->text;
	bool front = text[0] == '*', end;

	if (front)
		memmove(text, text + 1, pattern->len--);
	end = pattern->len && text[pattern->len - 1] == '*';
	if (strcspn(text, "*?[\\") < pattern->len - end) {
		if (front) {
			memmove(text + 1, text, ++pattern->len);
			text[0] = '*';
		}
		pattern->kind = MATCH_GLOB;
		return;
	}
	if (end)
		text[--pattern->len] = '\0';
	if (front)
		pattern->kind = end || !pattern->len ? MATCH_MIDDLE : MATCH_END;
	else
		pattern->kind = end ? MATCH_FRONT : MATCH_FULL;
}

/* Return: 0; -EINVAL. */
static int pattern_parse(struct pattern *pattern, const char *token, size_t len)
{
	pattern->negate = len && *token == '!';
	token += pattern->negate;
	len -= pattern->negate;
	if (!len || len >= TOKEN_MAX || memchr(token, 0, len))
		return -EINVAL;
	memcpy(pattern->text, token, len);
	pattern->text[len] = '\0';
	pattern->len = len;
	if (!isdigit(*token)) {
		pattern_classify(pattern);
		return 0;
	}
	pattern->kind = MATCH_INDEX;
	return kstrtoull(pattern->text, 0, &pattern->index) ? -EINVAL : 0;
}

/* ---- the functions that match a pattern ---- */

static void match_index(struct ftrace_hash *found, unsigned long long index)
{
	if (index < 1 || index > ftrace_nr_recs)
		return;
	if (ftrace_rec_disabled(&ftrace_recs[index - 1]))
		return;
	found->rec[found->count++] = index - 1;
}

/* Symbols and records have the same order, so this is one pass over both. */
static void match_glob(struct ftrace_hash *found, const char *glob)
{
	struct ftrace_name_walk walk;
	size_t i;

	ftrace_name_walk_init(&walk);
	for (i = 0; i < ftrace_nr_recs; i++) {
		if (ftrace_recs[i].flags & FTRACE_FL_DISABLED)
			continue;
		if (glob_match(glob, ftrace_name_walk(&walk, &ftrace_recs[i])))
			found->rec[found->count++] = i;
	}
}

static void match_all(struct ftrace_hash *found)
{
	for (size_t i = 0; i < ftrace_nr_recs; i++)
		if (!ftrace_rec_disabled(&ftrace_recs[i]))
			found->rec[found->count++] = i;
}

static void pattern_match(struct ftrace_hash *found,
			  const struct pattern *pattern)
{
	const char *text = pattern->text;
	enum match_kind kind = pattern->kind;

	if (kind == MATCH_INDEX)
		match_index(found, pattern->index);
	else if (kind == MATCH_GLOB)
		match_glob(found, text);
	else if (kind == MATCH_FULL)
		ftrace_names_equal(found, text);
	else if (pattern->len && ftrace_nr_recs)
		ftrace_names_with(found, text, pattern->len,
				  kind == MATCH_FRONT, kind == MATCH_END);
	else
		match_all(found);
}

/* Return: a set that is not empty; ERR_PTR(-ENOMEM), ERR_PTR(-EINVAL). */
static struct ftrace_hash *pattern_find(const struct pattern *pattern)
{
	struct ftrace_hash *found;

	found = ftrace_hash_alloc(ftrace_nr_recs, false);
	if (!found)
		return ERR_PTR(-ENOMEM);
	pattern_match(found, pattern);
	if (found->count)
		return found;
	ftrace_hash_free(found);
	return ERR_PTR(-EINVAL);
}

static int apply_token(struct ftrace_hash **hash, const char *token, size_t len)
{
	struct ftrace_hash *found, *next;
	struct pattern pattern;
	int err;

	err = pattern_parse(&pattern, token, len);
	if (err)
		return err;
	found = pattern_find(&pattern);
	if (IS_ERR(found))
		return PTR_ERR(found);
	next = pattern.negate ? ftrace_hash_minus(*hash, found) :
				ftrace_hash_union(*hash, found);
	ftrace_hash_free(found);
	if (!next)
		return -ENOMEM;
	ftrace_hash_free(*hash);
	*hash = next;
	return 0;
}

/* Moves *pos to the next token. Return: its length, 0 at the end. */
static size_t next_token(const char *buf, size_t len, size_t *pos)
{
	size_t end;

	while (*pos < len && isspace(buf[*pos]))
		++*pos;
	for (end = *pos; end < len && !isspace(buf[end]); end++)
		;
	return end - *pos;
}

int ftrace_hash_edit(struct ftrace_hash **hash, const char *buf, size_t len)
{
	struct ftrace_hash *work = ftrace_hash_begin(*hash);
	size_t pos = 0, n;
	int err = 0;

	if (!work)
		return -ENOMEM;
	while (!err && (n = next_token(buf, len, &pos))) {
		err = apply_token(&work, buf + pos, n);
		pos += n;
	}
	if (err) {
		ftrace_hash_free(work);
		return err;
	}
	ftrace_hash_free(*hash);
	*hash = work;
	return 0;
}

/* ---- filters of an ops ---- */

/* Makes a candidate the live set. Takes it over, also on an error. */
static int put_in_force(struct ftrace_ops *ops, struct ftrace_hash *hash,
			bool exclude, struct ftrace_retired *retired)
{
	int err;

	if (ops->filter_hash && ops->filter_hash->direct)
		err = -EINVAL; /* has targets: update_ftrace_direct_*() */
	else if (exclude)
		err = ftrace_swap_hashes(ops, ops->filter_hash, hash, retired);
	else
		err = ftrace_swap_hashes(ops, hash, ops->notrace_hash, retired);
	if (err)
		ftrace_hash_free(hash);
	return err;
}

/*
 * The set that an edit starts from. A removal from "all functions" has to start
 * from the set of all functions.
 */
static struct ftrace_hash *candidate(const struct ftrace_hash *now, bool reset,
				     bool all)
{
	static const struct pattern everything = { .kind = MATCH_MIDDLE };
	struct ftrace_hash *found;

	if (reset || now)
		return ftrace_hash_begin(reset ? NULL : now);
	if (!all)
		return ftrace_hash_begin(NULL);
	found = pattern_find(&everything);
	return IS_ERR(found) ? NULL : found;
}

static int set_regex(struct ftrace_ops *ops, const char *buf, size_t len,
		     bool reset, bool exclude)
{
	struct ftrace_retired retired = { 0 };
	struct ftrace_hash *hash = NULL;
	size_t pos = 0, n;
	int err;

	err = ftrace_enter();
	if (err)
		return err;
	n = buf ? next_token(buf, len, &pos) : 0;
	if (n) {
		hash = candidate(exclude ? ops->notrace_hash : ops->filter_hash,
				 reset, !exclude && buf[pos] == '!');
		err = hash ? ftrace_hash_edit(&hash, buf, len) : -ENOMEM;
		if (err)
			ftrace_hash_free(hash);
	}
	if (!err && (n || reset))
		err = put_in_force(ops, hash, exclude, &retired);
	ftrace_leave();
	ftrace_retire(&retired);
	return err;
}

int ftrace_set_filter(struct ftrace_ops *ops, const char *buf, size_t len,
		      int reset)
{
	return set_regex(ops, buf, len, reset, false);
}

int ftrace_set_notrace(struct ftrace_ops *ops, const char *buf, size_t len,
		       int reset)
{
	return set_regex(ops, buf, len, reset, true);
}

static int cmp_rec(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

/* Return: the sites of these addresses; ERR_PTR(-EINVAL), ERR_PTR(-ENOMEM). */
struct ftrace_hash *ftrace_hash_of_ips(const unsigned long *ips,
				       unsigned int cnt)
{
	struct ftrace_hash *hash = ftrace_hash_alloc(cnt, false);
	struct dyn_ftrace *rec = NULL;
	unsigned int i, n = 0;

	if (!hash)
		return ERR_PTR(-ENOMEM);
	for (i = 0; i < cnt; i++) {
		rec = ftrace_rec_find_next(rec, ips[i]) ?:
			      ftrace_rec_find(ftrace_location(ips[i]));
		if (!rec || ftrace_rec_disabled(rec)) {
			ftrace_hash_free(hash);
			return ERR_PTR(-EINVAL);
		}
		hash->rec[i] = rec - ftrace_recs;
	}
	sort(hash->rec, cnt, sizeof(u32), cmp_rec);
	for (i = 0; i < cnt; i++)
		if (!n || hash->rec[i] != hash->rec[n - 1])
			hash->rec[n++] = hash->rec[i];
	hash->count = n;
	return hash;
}

/* Replaces *base by *base plus or minus @part. */
static int combine(struct ftrace_hash **base, const struct ftrace_hash *part,
		   bool remove)
{
	struct ftrace_hash *next;

	next = remove ? ftrace_hash_minus(*base, part) :
			ftrace_hash_union(*base, part);
	if (!next)
		return -ENOMEM;
	if (remove && next->count + part->count != (*base)->count) {
		ftrace_hash_free(next);
		return -ENOENT;
	}
	ftrace_hash_free(*base);
	*base = next;
	return 0;
}

static int set_ips(struct ftrace_ops *ops, const struct ftrace_hash *part,
		   bool remove, bool reset, bool exclude)
{
	struct ftrace_retired retired = { 0 };
	struct ftrace_hash *hash;
	int err;

	err = ftrace_enter();
	if (err)
		return err;
	hash = candidate(exclude ? ops->notrace_hash : ops->filter_hash, reset,
			 !exclude && remove);
	err = hash ? combine(&hash, part, remove) : -ENOMEM;
	if (err)
		ftrace_hash_free(hash);
	else
		err = put_in_force(ops, hash, exclude, &retired);
	ftrace_leave();
	ftrace_retire(&retired);
	return err;
}

static int set_filter_ips(struct ftrace_ops *ops, const unsigned long *ips,
			  unsigned int cnt, bool remove, bool reset,
			  bool exclude)
{
	struct ftrace_hash *part;
	int err;

	if (!ftrace_may_request())
		return -EDEADLK;
	if (!cnt && !reset)
		return 0; /* an empty request */
	part = ftrace_hash_of_ips(ips, cnt);
	if (IS_ERR(part))
		return PTR_ERR(part);
	err = set_ips(ops, part, remove, reset, exclude);
	ftrace_hash_free(part);
	return err;
}

int ftrace_set_filter_ips(struct ftrace_ops *ops, const unsigned long *ips,
			  unsigned int cnt, int remove, int reset)
{
	return set_filter_ips(ops, ips, cnt, remove, reset, false);
}

int ftrace_set_notrace_ips(struct ftrace_ops *ops, const unsigned long *ips,
			   unsigned int cnt, int remove, int reset)
{
	return set_filter_ips(ops, ips, cnt, remove, reset, true);
}

int ftrace_set_filter_ip(struct ftrace_ops *ops, unsigned long ip, int remove,
			 int reset)
{
	return ftrace_set_filter_ips(ops, &ip, 1, remove, reset);
}

int ftrace_free_filter(struct ftrace_ops *ops)
{
	struct ftrace_retired retired = { 0 };
	int err;

	if (!ftrace_may_request())
		return -EDEADLK;
	mutex_lock(&direct_mutex);
	err = ops->flags & FTRACE_OPS_FL_ENABLED ?
		      -EBUSY :
		      ftrace_swap_hashes(ops, NULL, NULL, &retired);
	mutex_unlock(&direct_mutex);
	ftrace_retire(&retired);
	return err;
}

/* ---- the live filter, and another for it ---- */

int ftrace_ops_get_hash(struct ftrace_ops *ops, bool exclude,
			struct ftrace_hash **hash)
{
	const struct ftrace_hash *live;

	mutex_lock(&ftrace_lock);
	live = exclude ? ops->notrace_hash : ops->filter_hash;
	*hash = live ? ftrace_hash_begin(live) : NULL;
	mutex_unlock(&ftrace_lock);
	return live && !*hash ? -ENOMEM : 0;
}

int ftrace_ops_set_hashes(struct ftrace_ops *ops, struct ftrace_hash *filter,
			  struct ftrace_hash *exclude)
{
	struct ftrace_retired retired = { 0 };
	int err;

	err = ftrace_enter();
	if (!err) {
		err = ftrace_swap_hashes(ops, filter, exclude, &retired);
		ftrace_leave();
	}
	if (err) {
		ftrace_hash_free(filter);
		ftrace_hash_free(exclude);
	}
	ftrace_retire(&retired);
	return err;
}
