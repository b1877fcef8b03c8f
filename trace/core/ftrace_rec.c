// SPDX-License-Identifier: MIT
/*
 * ftrace_rec.c - the table of traceable sites, and the lookups in it by name,
 * index or address.
 *
 * Owns ftrace_recs[], made at boot in the memory of __mcount_loc. An entry of
 * 8 bytes becomes a record of 8 bytes, so a site needs no other memory. After
 * boot only the sets and marks of a record change, never its place.
 *
 * Invariants: sorted by ip, no ip twice. A site is DISABLED for good if it does
 * not hold its NOP at boot or is not the start of a known function (it is left
 * over from a weak function that another one replaced).
 *
 * Context: lookups take no lock and are callable from a callback.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/sort.h"
#include "trace/core/ftrace_internal.h"
#include <asm/layout.h>

#define REC_OFF_MAX (1UL << 26)

struct dyn_ftrace *ftrace_recs;
size_t ftrace_nr_recs;

static int cmp_ip(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

/* Rewrites sorted addresses as records, in place. */
static size_t make_recs(unsigned long *entry, size_t n)
{
	struct dyn_ftrace *rec = (struct dyn_ftrace *)entry;
	unsigned long ip, last = 0;
	size_t i, nr = 0;

	for (i = 0; i < n; i++) {
		ip = entry[i];
		if (ip == last || ip < (unsigned long)_text ||
		    ip + MCOUNT_INSN_SIZE > (unsigned long)_etext)
			continue;
		last = ip;
		rec[nr++] = (struct dyn_ftrace){
			.ip_off = ip - (unsigned long)_text,
		};
	}
	return nr;
}

/* Return: the number of sites that do not hold a NOP. */
static size_t disable_bad_recs(void)
{
	struct ftrace_name_walk walk;
	struct dyn_ftrace *rec;
	size_t i, bad = 0;
	bool is_nop;

	ftrace_name_walk_init(&walk);
	for (i = 0; i < ftrace_nr_recs; i++) {
		rec = &ftrace_recs[i];
		ftrace_name_walk(&walk, rec);
		is_nop = !arch_ftrace_read(rec_ip(rec));
		bad += !is_nop;
		if (!is_nop || !walk.name || walk.addr != rec_ip(rec))
			rec->flags |= FTRACE_FL_DISABLED;
	}
	return bad;
}

void ftrace_rec_init(unsigned long *start, unsigned long *stop)
{
	size_t n = stop - start, bad;

	sort(start, n, sizeof(*start), cmp_ip);
	ftrace_recs = (struct dyn_ftrace *)start;
	ftrace_nr_recs = make_recs(start, n);
	bad = disable_bad_recs();
	if (bad || ftrace_nr_recs < n)
		pr_warn("ftrace: %zu sites hold no NOP, %zu entries dropped\n",
			bad, n - ftrace_nr_recs);
}

/* ---- names ---- */

static void walk_fetch(struct ftrace_name_walk *walk)
{
	walk->next_addr = ~0UL;
	if (walk->sym < walk->count)
		walk->next_name =
			kallsyms_symbol(walk->sym++, &walk->next_addr, NULL);
}

void ftrace_name_walk_init(struct ftrace_name_walk *walk)
{
	walk->sym = 0;
	walk->count = kallsyms_count();
	walk->addr = 0;
	walk->name = NULL;
	walk_fetch(walk);
}

/* Of symbols at one address the first counts, as in kallsyms_lookup(). */
static void walk_to(struct ftrace_name_walk *walk, unsigned long ip)
{
	while (walk->next_addr <= ip) {
		if (walk->next_addr != walk->addr) {
			walk->addr = walk->next_addr;
			walk->name = walk->next_name;
		}
		walk_fetch(walk);
	}
}

static const char *invalid_name(unsigned long off, char *buf)
{
	snprintf(buf, FTRACE_NAME_MAX, "__ftrace_invalid_address___%lu", off);
	return buf;
}

const char *ftrace_name_walk(struct ftrace_name_walk *walk,
			     const struct dyn_ftrace *rec)
{
	unsigned long ip = rec_ip(rec);

	walk_to(walk, ip);
	if (likely(walk->addr == ip))
		return walk->name;
	return invalid_name(ip - walk->addr, walk->buf);
}

const char *ftrace_rec_name(const struct dyn_ftrace *rec,
			    char buf[FTRACE_NAME_MAX])
{
	unsigned long off = 0;
	const char *name = kallsyms_lookup(rec_ip(rec), &off, NULL);

	return name && !off ? name : invalid_name(off, buf);
}

/* ---- lookups ---- */

size_t ftrace_rec_count(void)
{
	return ftrace_nr_recs;
}

struct dyn_ftrace *ftrace_rec(size_t i)
{
	return &ftrace_recs[i];
}

size_t ftrace_rec_index(const struct dyn_ftrace *rec)
{
	return rec - ftrace_recs;
}

unsigned long ftrace_rec_ip(const struct dyn_ftrace *rec)
{
	return rec_ip(rec);
}

/* Index of the first record at or above @ip. */
static size_t rec_lower_bound(unsigned long ip)
{
	size_t lo = 0, hi = ftrace_nr_recs, mid;

	while (lo < hi) {
		mid = (lo + hi) / 2;
		if (rec_ip(&ftrace_recs[mid]) < ip)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

struct dyn_ftrace *ftrace_rec_find(unsigned long ip)
{
	size_t i = rec_lower_bound(ip);

	if (i == ftrace_nr_recs || rec_ip(&ftrace_recs[i]) != ip)
		return NULL;
	return &ftrace_recs[i];
}

struct dyn_ftrace *ftrace_rec_find_next(const struct dyn_ftrace *last,
					unsigned long ip)
{
	size_t i = last ? (size_t)(last - ftrace_recs) + 1 : ftrace_nr_recs;

	if (i < ftrace_nr_recs && rec_ip(&ftrace_recs[i]) == ip)
		return &ftrace_recs[i];
	return ftrace_rec_find(ip);
}

/* The first site with a byte in [start, end]. */
unsigned long ftrace_location_range(unsigned long start, unsigned long end)
{
	size_t i = rec_lower_bound(
		start < MCOUNT_INSN_SIZE ? 0 : start - MCOUNT_INSN_SIZE + 1);

	if (i == ftrace_nr_recs || rec_ip(&ftrace_recs[i]) > end)
		return 0;
	return rec_ip(&ftrace_recs[i]);
}

unsigned long ftrace_location(unsigned long ip)
{
	unsigned long off, size;

	if (ftrace_rec_find(ip))
		return ip;
	if (!kallsyms_lookup(ip, &off, &size) || off || !size)
		return 0;
	return ftrace_location_range(ip + MCOUNT_INSN_SIZE - 1, ip + size - 1);
}

bool ftrace_text_reserved(unsigned long start, unsigned long end)
{
	return ftrace_location_range(start, end) != 0;
}

bool ftrace_rec_disabled(const struct dyn_ftrace *rec)
{
	return rec->flags & FTRACE_FL_DISABLED;
}

bool ftrace_rec_enabled(const struct dyn_ftrace *rec)
{
	return rec->actual != 0;
}

bool ftrace_rec_touched(const struct dyn_ftrace *rec)
{
	return rec->flags & FTRACE_FL_TOUCHED;
}

unsigned int ftrace_rec_users(const struct dyn_ftrace *rec)
{
	return set_users(set_of(rec->wanted));
}
