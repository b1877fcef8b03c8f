/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of the patch engine: the published batch and the writers.
 *
 * The protocol is data: a list of steps (text_poke_view.h) that
 * text_poke_apply() walks.
 *
 * Legend: [P] text_mutex; [S] written only while poke_seq is even and no
 * reference is held, read by the INT3 handler; [A] single accesses.
 */
#pragma once

#include "arch/x86_64/patch/text_poke.h"
#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/base/text_region.h"
#include "kernel/mutex.h"
#include <asm/percpu.h>

extern struct mutex text_mutex;
/* [A] odd while a batch is live; rises by one at publishing and retiring */
extern unsigned long poke_seq;
/* [A] handlers of this CPU (nested by NMI) that may be reading the batch */
DECLARE_PER_CPU(unsigned long, poke_refs);

/* ---- text_poke_index.c: pure ---- */

/*
 * The part of the sorted vector that has all sites of a page, or of all pages
 * that share this range. It is two halves of top bytes each, which may overlap.
 * So one comparison leaves the search a power of two of entries.
 */
struct poke_range {
	unsigned long tag;		/* [S] the poke_seq it holds for */
	const struct text_poke *first;	/* [S] of the first half */
	const struct text_poke *second; /* [S] of the second half */
	size_t top;			/* [S] sizeof(*first) << some number */
};

#define POKE_RANGE_SHIFT 5
/* POKE_RANGE_SIZE of linker.ld is this size: change both. */
static_assert(sizeof(struct poke_range) == 1 << POKE_RANGE_SHIFT);

/*
 * Ranges by page, a power of two of them. Two pages whose distance is a
 * multiple of that number share one.
 */
struct poke_index {
	struct poke_range *ranges;
	size_t mask; /* bytes of all ranges but one */
};

/*
 * The index of the published batch. linker.ld makes so many ranges that no two
 * pages of the image share one. A page of a region that is added later may
 * share one with any page.
 */
extern struct poke_range poke_ranges[];
extern char poke_ranges_mask[];

static __always_inline struct poke_index poke_index(void)
{
	return (struct poke_index){ poke_ranges, (size_t)poke_ranges_mask };
}

/* The range of the page of ip. Context: any. */
static __always_inline struct poke_range *poke_range_of(struct poke_index index,
							unsigned long ip)
{
	size_t at = ip >> (PAGE_SHIFT - POKE_RANGE_SHIFT) & index.mask;

	return (struct poke_range *)((char *)index.ranges + at);
}

/*
 * Let the ranges of all pages of these n sites hold for @tag, which no range
 * has yet; n may be 0. All other ranges stay as they are, with older tags.
 */
void poke_index_fill(struct poke_index index, unsigned long tag,
		     const struct text_poke *vec, size_t n);

/*
 * One step of the search: go on at base, or step bytes above it. Written out
 * with steps that are multiples of one, it takes three instructions.
 */
static __always_inline const char *poke_halve(const char *base, size_t step,
					      unsigned long ip)
{
	const char *half = base + step;

	return ((const struct text_poke *)half)->ip <= ip ? half : base;
}

/*
 * The entry for ip in the range of its page, or NULL. Context: any.
 *
 * A range with another tag is never searched: its vector may be gone.
 * Loop invariant: if the entry exists, it is in the top bytes from base.
 */
static __always_inline const struct text_poke *
poke_search(const struct poke_range *range, unsigned long tag, unsigned long ip)
{
	const size_t size = sizeof(struct text_poke);
	const struct text_poke *found;
	size_t top = range->top;
	const char *base;

	if (range->tag != tag) /* PI2 */
		return NULL;
	found = range->second->ip <= ip ? range->second : range->first;
	base = (const char *)found;
	for (; top >= 16 * size; top /= 16) {
		base = poke_halve(base, top / 16 * 8, ip);
		base = poke_halve(base, top / 16 * 4, ip);
		base = poke_halve(base, top / 16 * 2, ip);
		base = poke_halve(base, top / 16, ip);
	}
	for (; top >= 2 * size; top /= 2)
		base = poke_halve(base, top / 2, ip);
	found = (const struct text_poke *)base;
	return found->ip == ip ? found : NULL;
}

/* ---- text_poke_vec.c: pure ---- */

/* The region of code that contains an address: text_region_of(). */
typedef const struct text_region *(*region_finder)(unsigned long addr);

/*
 * Are the words well formed, the sites rising, not overlapping, each inside one
 * region, and do they hold their old bytes? A region has at least 8 bytes.
 * Return: 0; -EINVAL or -EFAULT with *bug filled in. No other code.
 */
int poke_verify(const struct text_poke *vec, size_t n, region_finder region_of,
		struct text_poke_bug *bug);
/* All checks on one site; @free_from: the first byte it may begin at. */
int poke_verify_site(const struct text_poke *p, unsigned long free_from,
		     const struct text_region *region,
		     struct text_poke_bug *bug);

/* ---- text_poke_make.c: pure ---- */

/* What is known of a batch while it is made. */
struct poke_making {
	/* Sites up to here lie in the last site's region, with eight bytes. */
	unsigned long last_full;
	unsigned long free_from; /* the first byte behind the last site */
	unsigned long lowest;	 /* of targets, but 0 */
	region_finder region_of;
};

#define POKE_MAKING(lowest_target, finder)                 \
	(struct poke_making)                               \
	{                                                  \
		.free_from = 1, .lowest = (lowest_target), \
		.region_of = (finder),                     \
	}

/*
 * The same for lines that hold targets instead of words: each its own; or n > 0
 * lines of a run, those of the first line for all. The words replace them. The
 * lines come in the order of the vector. After an error it is of no use.
 * Return: as poke_verify(); -ERANGE a target is below the lowest.
 */
int poke_make_lines(struct poke_making *making, struct text_poke *lines,
		    size_t n, struct text_poke_bug *bug);
int poke_make_run(struct poke_making *making, struct text_poke *run, size_t n,
		  struct text_poke_bug *bug);

/* ---- text_poke_write.c: stores through the window ---- */

/*
 * The number of sites in one section with interrupts off. The most expensive
 * site, with a tail across a page boundary, takes about 120 instructions; the
 * change of address space takes 60. So a section takes less than 20,000
 * instructions for any batch, and usually below 1,300 (`patch.irqoff_max`). A
 * section of poke_write_bytes() ends at each page: 4,096 bytes and a few
 * instructions.
 */
#define POKE_CHUNK 128

/*
 * Do one of the writing steps at all sites. Context: [P], interrupts on.
 * Return: 0, or after POKE_REWRITE the first site whose bytes are not the new
 * ones.
 */
unsigned long poke_write(enum poke_step step, const struct text_poke *vec,
			 size_t n);

/* Write the bytes at src, or fill if src is NULL. Context: as poke_write(). */
void poke_write_bytes(unsigned long addr, const u8 *src, u8 fill, size_t len);

struct poke_write_stats {
	unsigned long chunks; /* [P] sections with interrupts off */
	u64 irqoff_max;	      /* [P] the longest, in TSC cycles */
};

extern struct poke_write_stats poke_write_stats;

/* One section: the state that poke_space_leave() restores, the open page. */
struct poke_space {
	unsigned long page; /* address of the page the window shows, or 0 */
	unsigned long last; /* the last in it at which five bytes lie, or 0 */
	unsigned long root;
	unsigned long flags;
	u64 since;
	unsigned long wrong; /* first site that did not read back, or 0 */
};

/* Load the address space with the window, interrupts off; go back. [P] */
void poke_space_enter(struct poke_space *space);
void poke_space_leave(struct poke_space *space);
/* A writable address of addr, for one store at once. Context: in between. */
void *poke_window_at(struct poke_space *space, unsigned long addr);

/* ---- text_poke_fresh.c ---- */

/* When the poke window is remapped. */
enum poke_fresh {
	POKE_FRESH_AUTO,  /* CPUID decides */
	POKE_FRESH_STORE, /* before every store: correct everywhere */
	POKE_FRESH_PAGE,  /* when it moves to another page: wrong under TCG */
};

/* The choice for this signature of CPUID leaf 0x40000000. Pure. */
enum poke_fresh poke_fresh_choose(bool hypervisor, const char signature[12]);

/* Does every store need a fresh mapping? Context: [P]. */
bool poke_fresh_per_store(void);

/* ---- text_poke_steps.c ---- */

/*
 * Walk the steps of the protocol. Context: [P], interrupts on.
 * Preemption is off from the first step to the last.
 */
void poke_run(const struct text_poke *vec, size_t n);
