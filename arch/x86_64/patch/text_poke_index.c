// SPDX-License-Identifier: MIT
/*
 * The index of a batch: for each page, where in the sorted vector its sites
 * are.
 *
 * PI1 Every site of a batch is in the range of its page, and that range has the
 *     batch's tag.
 * PI2 A range with another tag than the live batch's is not searched.
 *
 * Owns nothing: these are pure functions of the vector and of the ranges, so
 * unit tests and the fuzz target run them on the host, with few ranges. The
 * search is in text_poke_internal.h, for the INT3 handler calls nothing.
 *
 * The range of a page takes about as many instructions as one site takes in
 * the rest of a batch. Nothing is cleared when a batch ends: poke_seq only
 * rises, so no tag is used again.
 *
 * Context: task, [P]. No handler reads a range while it is written (publish(),
 * text_poke_steps.c).
 */
#include "arch/x86_64/patch/text_poke_internal.h"

#define STRIDE 8 /* entries; a page of the kernel's has about 20 sites */

/*
 * The first entry behind p that is in another page, or the end. @far: STRIDE in
 * front of the end. If there is a later page at all, its first entry ends the
 * second loop.
 */
static const struct text_poke *page_end(const struct text_poke *p,
					const struct text_poke *far,
					const struct text_poke *end)
{
	unsigned long last = p->ip | (PAGE_SIZE - 1); /* of the page */

	if (end[-1].ip <= last)
		return end;
	for (; p < far && p[STRIDE].ip <= last; p += STRIDE)
		;
	do
		p++;
	while (p->ip <= last);
	return p;
}

/*
 * Let the range have these entries. If it has entries of this batch already, of
 * another page, it gets all from those to these: the vector is sorted, so a
 * search finds the same among them.
 */
static void widen(struct poke_range *range, unsigned long tag,
		  const struct text_poke *first, const struct text_poke *end)
{
	size_t halving;

	if (range->tag == tag)
		first = range->first;
	halving = 63 ^ __builtin_clzl(end - first);
	range->tag = tag;
	range->first = first;
	range->second = end - ((size_t)1 << halving);
	range->top = sizeof(*first) << halving;
}

void poke_index_fill(struct poke_index index, unsigned long tag,
		     const struct text_poke *vec, size_t n)
{
	const struct text_poke *p, *next, *end = vec + n;
	const struct text_poke *far = n > STRIDE ? end - STRIDE : vec;

	for (p = vec; p < end; p = next) {
		next = page_end(p, far, end);
		widen(poke_range_of(index, p->ip), tag, p, next); /* PI1 */
	}
}
