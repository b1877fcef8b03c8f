// SPDX-License-Identifier: MIT
/*
 * A batch that is made in place: each line {ip, old, new} comes with the
 * targets of a site, and leaves with its two instruction words, verified.
 *
 * Owns nothing: a pure function of the vector and of the memory it names, as
 * poke_verify(), whose answers it gives; one pass does the work of both.
 *
 * I6 poke_make() checks every site before any site is written.
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/errno.h"

#define JUMP 1UL /* in a target: a jump instead of a call */

/*
 * Words of sites that call the same addr differ only in the displacement,
 * which falls by as much as ip rises: opcode | (target - ip) << 8. This struct
 * keeps both parts. A NOP has no displacement.
 */
struct word_maker {
	unsigned long addr;
	u64 fixed;
	u32 target; /* minus ip gives the displacement, modulo 2^32 */
};

static void maker_set(struct word_maker *m, unsigned long addr)
{
	u64 opcode = addr & JUMP ? INSN_OP_JMP32 : INSN_OP_CALL;

	m->addr = addr;
	m->fixed = addr ? INSN_WORD(INSN_MAX, opcode) : INSN_NOP5;
	m->target = (u32)((addr & ~JUMP) - INSN_MAX);
}

/* @nop, a constant: the word is the NOP. */
static __always_inline u64 maker_word(const struct word_maker *m,
				      unsigned long ip, bool nop)
{
	if (nop)
		return INSN_NOP5;
	return m->fixed | (u64)(m->target - (u32)ip) << 8;
}

/* The lines that are still to be made, and what the last one leaves. */
struct making {
	struct text_poke *p, *end;
	struct word_maker from, to;
	/* Sites up to here lie in the last site's region, with eight bytes. */
	unsigned long last_full;
	unsigned long free_from; /* the first byte behind the last site */
	unsigned long lowest;	 /* of targets, but 0 */
};

/*
 * Make the lines that have the same two targets as the first, as long as memory
 * is as expected. The two constants choose one of four loops.
 */
static __always_inline void make_run(struct making *making, bool from_nop,
				     bool to_nop)
{
	unsigned long old = making->from.addr, new = making->to.addr, ip;
	unsigned long free_from = making->free_from;
	struct text_poke *p = making->p;
	u64 word;

	for (; p < making->end; p++) {
		ip = p->ip;
		word = maker_word(&making->from, ip, from_nop);
		if (p->old != old || p->new != new || ip < free_from ||
		    ip > making->last_full ||
		    !insn_matches(insn_peek(ip), word))
			break;
		p->old = word;
		p->new = maker_word(&making->to, ip, to_nop);
		free_from = ip + INSN_MAX;
	}
	making->p = p;
	making->free_from = free_from;
}

static void make_alike(struct making *making)
{
	bool from_nop = !making->from.addr, to_nop = !making->to.addr;

	if (from_nop && to_nop)
		make_run(making, true, true);
	else if (from_nop)
		make_run(making, true, false);
	else if (to_nop)
		make_run(making, false, true);
	else
		make_run(making, false, false);
}

/* The word of one site, for an addr in reach. */
static __always_inline u64 word_of(unsigned long ip, unsigned long addr)
{
	u64 opcode = addr & JUMP ? INSN_OP_JMP32 : INSN_OP_CALL;
	u32 distance = (u32)((addr & ~JUMP) - INSN_MAX - ip);

	return addr ? INSN_WORD(INSN_MAX, opcode | (u64)distance << 8) :
		      INSN_NOP5;
}

/* Make one line with all checks; the usual one needs only the first. */
static __always_inline int make_one(struct making *making,
				    region_finder region_of,
				    struct text_poke_bug *bug)
{
	struct text_poke *p = making->p++;
	unsigned long ip = p->ip, old = p->old, new = p->new;
	const struct text_region *region;
	int err;

	if (unlikely((old && old < making->lowest) ||
		     (new &&new < making->lowest)))
		return -ERANGE;
	p->old = word_of(ip, old);
	p->new = word_of(ip, new);
	if (likely(ip >= making->free_from && ip <= making->last_full &&
		   insn_matches(insn_peek(ip), p->old))) {
		making->free_from = ip + INSN_MAX;
		return 0;
	}
	region = region_of(ip);
	err = poke_verify_site(p, making->free_from, region, bug);
	if (err)
		return err;
	making->last_full = region->end - sizeof(u64);
	making->free_from = ip + INSN_MAX;
	return 0;
}

/* Has the line behind this one the same two targets? */
static __always_inline bool begins_run(const struct text_poke *p,
				       const struct text_poke *end)
{
	return p + 1 < end && p[1].old == p->old && p[1].new == p->new;
}

int poke_make(struct text_poke *vec, size_t n, unsigned long lowest,
	      region_finder region_of, struct text_poke_bug *bug)
{
	struct making making = {
		.p = vec, .end = vec + n, .free_from = 1, .lowest = lowest
	};
	int err = 0;

	while (!err && making.p < making.end) {
		if (begins_run(making.p, making.end)) {
			maker_set(&making.from, making.p->old);
			maker_set(&making.to, making.p->new);
			err = make_one(&making, region_of, bug);
			if (!err)
				make_alike(&making);
		} else {
			err = make_one(&making, region_of, bug);
		}
	}
	return err;
}
