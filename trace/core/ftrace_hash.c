// SPDX-License-Identifier: MIT
/*
 * ftrace_hash.c - sets of sites: the filters of ops, and direct targets.
 *
 * The name is Linux's. Here a set is a sorted vector of record numbers. So one
 * pass walks several sets and the site table together, and a set of one
 * function costs the work for one function.
 *
 * Three cases are kept apart: NULL is "no such filter" (all functions, or none
 * excluded), a set with count 0 is "nothing", and match.active is false for an
 * ops that does not take part at all.
 *
 * Invariants: rec[] rises strictly; a hash that an ops owns never changes.
 * Pure, except for the lookup of a site by its address.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/core/ftrace_internal.h"

/*
 * One allocation: the record numbers, and behind them, aligned, the targets if
 * it has any. Return: NULL without memory.
 */
struct ftrace_hash *ftrace_hash_alloc(size_t room, bool direct)
{
	size_t recs = ALIGN_UP(room * sizeof(u32), sizeof(long));
	struct ftrace_hash *hash;

	hash = kmalloc(sizeof(*hash) + recs +
		       (direct ? room * sizeof(*hash->direct) : 0));
	if (!hash)
		return NULL;
	hash->count = 0;
	hash->room = room;
	hash->direct = direct ? (void *)((char *)hash->rec + recs) : NULL;
	return hash;
}

void ftrace_hash_free(struct ftrace_hash *hash)
{
	kfree(hash);
}

size_t ftrace_hash_count(const struct ftrace_hash *hash)
{
	return hash->count;
}

struct dyn_ftrace *ftrace_hash_rec(const struct ftrace_hash *hash, size_t i)
{
	return &ftrace_recs[hash->rec[i]];
}

/*
 * The first place whose number is not below @rec: where it is, or where it
 * would have to be inserted.
 */
size_t ftrace_hash_pos(const struct ftrace_hash *hash, u32 rec)
{
	size_t lo = 0, hi = hash->count, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (hash->rec[mid] < rec)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool ftrace_hash_test(const struct ftrace_hash *hash, u32 rec)
{
	size_t pos = ftrace_hash_pos(hash, rec);

	return pos < hash->count && hash->rec[pos] == rec;
}

/*
 * Elements rise, so "n sites away at n elements" is true up to the last of them
 * and false from there: the distance doubles until it is false, then halves.
 */
size_t ftrace_hash_neighbours(const struct ftrace_hash *hash, size_t pos)
{
	const u32 *rec = &hash->rec[pos];
	size_t left = hash->count - pos, n = 1, last, step;

	while (n < 8) { /* most are short */
		if (n == left || rec[n] != rec[0] + n)
			return n;
		n++;
	}
	while (n < left && rec[n] == rec[0] + n)
		n *= 2;
	last = n / 2;
	for (step = n / 4; step; step /= 2)
		if (last + step < left &&
		    rec[last + step] == rec[0] + last + step)
			last += step;
	return last + 1;
}

/* What is excluded wins over what is selected. */
bool ftrace_ops_match(const struct ftrace_ops *ops, u32 i)
{
	if (ops->filter_hash && !ftrace_hash_test(ops->filter_hash, i))
		return false;
	return !ops->notrace_hash || !ftrace_hash_test(ops->notrace_hash, i);
}

bool ftrace_hash_has(const struct ftrace_hash *hash, unsigned long ip)
{
	struct dyn_ftrace *rec = ftrace_rec_find(ip);

	return rec && hash && ftrace_hash_test(hash, rec - ftrace_recs);
}

/*
 * Append @n elements of @from, from place @i on. The caller has made the room,
 * and adds in rising order.
 */
static void hash_append(struct ftrace_hash *to, const struct ftrace_hash *from,
			size_t i, size_t n)
{
	memcpy(&to->rec[to->count], &from->rec[i], n * sizeof(to->rec[0]));
	if (to->direct && from->direct)
		memcpy(&to->direct[to->count], &from->direct[i],
		       n * sizeof(to->direct[0]));
	else if (to->direct)
		memset(&to->direct[to->count], 0, n * sizeof(to->direct[0]));
	to->count += n;
}

/* The elements of two sets that a merge keeps. */
enum hash_keep {
	KEEP_A = 1,
	KEEP_BOTH = 2,
	KEEP_B = 4,
};

/* The place, from @i on, of the first element that is not below @rec. */
static size_t hash_below(const struct ftrace_hash *hash, size_t i, u32 rec)
{
	while (i < hash->count && hash->rec[i] < rec)
		i++;
	return i;
}

/* How many elements, from @i and @j on, are the same in both? */
static size_t hash_same(const struct ftrace_hash *a, size_t i,
			const struct ftrace_hash *b, size_t j)
{
	size_t n = 0, most = min(a->count - i, b->count - j);

	while (n < most && a->rec[i + n] == b->rec[j + n])
		n++;
	return n;
}

/*
 * One pass over both, by stretches that are in one of them or in both. Of an
 * element in both, @b has the target that is kept.
 */
static void hash_merge(struct ftrace_hash *to, const struct ftrace_hash *a,
		       const struct ftrace_hash *b, unsigned int keep)
{
	size_t i = 0, j = 0, n;

	while (i < a->count || j < b->count) {
		n = j < b->count ? hash_below(a, i, b->rec[j]) : a->count;
		if (keep & KEEP_A)
			hash_append(to, a, i, n - i);
		i = n;
		n = hash_same(a, i, b, j);
		if (keep & KEEP_BOTH)
			hash_append(to, b, j, n);
		i += n;
		j += n;
		n = i < a->count ? hash_below(b, j, a->rec[i]) : b->count;
		if (keep & KEEP_B)
			hash_append(to, b, j, n - j);
		j = n;
	}
}

/* Return: a new set; NULL without memory. */
static struct ftrace_hash *hash_combine(const struct ftrace_hash *a,
					const struct ftrace_hash *b,
					unsigned int keep)
{
	size_t room = a->count + (keep & KEEP_B ? b->count : 0);
	struct ftrace_hash *to;

	to = ftrace_hash_alloc(room, a->direct || b->direct);
	if (to)
		hash_merge(to, a, b, keep);
	return to;
}

struct ftrace_hash *ftrace_hash_union(const struct ftrace_hash *a,
				      const struct ftrace_hash *b)
{
	return hash_combine(a, b, KEEP_A | KEEP_BOTH | KEEP_B);
}

struct ftrace_hash *ftrace_hash_minus(const struct ftrace_hash *a,
				      const struct ftrace_hash *b)
{
	return hash_combine(a, b, KEEP_A);
}

struct ftrace_hash *ftrace_hash_begin(const struct ftrace_hash *hash)
{
	static const struct ftrace_hash nothing;

	return ftrace_hash_union(hash ? hash : &nothing, &nothing);
}

struct ftrace_hash *ftrace_direct_hash_new(size_t room)
{
	return ftrace_hash_alloc(room, true);
}

/*
 * Return: 0; -EINVAL there is no site that can be patched, or no such target;
 * -EEXIST the site is in the set; -ENOSPC the set is full.
 */
int ftrace_direct_hash_add(struct ftrace_hash *hash, unsigned long ip,
			   unsigned long addr)
{
	struct dyn_ftrace *rec = ftrace_rec_find(ftrace_location(ip));
	size_t pos, tail;

	if (!rec || ftrace_rec_disabled(rec) || !ftrace_target_ok(addr))
		return -EINVAL;
	pos = ftrace_hash_pos(hash, rec - ftrace_recs);
	if (pos < hash->count && hash->rec[pos] == rec - ftrace_recs)
		return -EEXIST;
	if (hash->count == hash->room)
		return -ENOSPC;
	tail = hash->count - pos;
	memmove(&hash->rec[pos + 1], &hash->rec[pos], tail * sizeof(u32));
	memmove(&hash->direct[pos + 1], &hash->direct[pos],
		tail * sizeof(long));
	hash->rec[pos] = rec - ftrace_recs;
	hash->direct[pos] = addr;
	hash->count++;
	return 0;
}
