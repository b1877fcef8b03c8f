// SPDX-License-Identifier: MIT
/*
 * A batch that is made in place: the lines {ip, old, new} come with the targets
 * of sites, and leave with their two instruction words, verified. In a run only
 * the first line comes with targets.
 *
 * Owns nothing: pure functions of the vector and of the memory it names, as
 * poke_verify(), whose answers they give; one pass does the work of both.
 *
 * I6 poke_make_run() and poke_make_lines() check every site of a batch before
 *    any site is written.
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
	u64 fixed;
	u32 target; /* minus ip gives the displacement, modulo 2^32 */
};

static __always_inline struct word_maker maker_of(unsigned long addr)
{
	u64 opcode = addr & JUMP ? INSN_OP_JMP32 : INSN_OP_CALL;

	return (struct word_maker){
		.fixed = addr ? INSN_WORD(INSN_MAX, opcode) : INSN_NOP5,
		.target = (u32)((addr & ~JUMP) - INSN_MAX),
	};
}

/* @nop, a constant: the word is the NOP. */
static __always_inline u64 maker_word(const struct word_maker *m,
				      unsigned long ip, bool nop)
{
	if (nop)
		return INSN_NOP5;
	return m->fixed | (u64)(m->target - (u32)ip) << 8;
}

/* Write both words of a line. Return: the bits in which memory differs. */
static __always_inline u64 make_line(struct text_poke *p, unsigned long ip,
				     const struct word_maker *from,
				     bool from_nop, const struct word_maker *to,
				     bool to_nop)
{
	u64 word = maker_word(from, ip, from_nop);

	p->old = word;
	p->new = maker_word(to, ip, to_nop);
	return insn_peek(ip) ^ word;
}

/*
 * Make lines, four a turn, as long as memory is as expected. The two constants
 * choose one of four loops. Return: the first line that is left.
 */
static __always_inline struct text_poke *
make_fours(struct poke_making *making, struct text_poke *p,
	   const struct text_poke *end, unsigned long old, bool from_nop,
	   unsigned long new, bool to_nop)
{
	const struct word_maker from = maker_of(old), to = maker_of(new);
	const struct text_poke *last_four = end - 4;
	unsigned long free_from = making->free_from, a, b, c, d;
	u64 differs;

	for (; p <= last_four; p += 4) {
		a = p[0].ip, b = p[1].ip, c = p[2].ip, d = p[3].ip;
		if (a < free_from || b < a + INSN_MAX || c < b + INSN_MAX ||
		    d < c + INSN_MAX || d > making->last_full)
			break;
		differs = make_line(p, a, &from, from_nop, &to, to_nop);
		differs |= make_line(p + 1, b, &from, from_nop, &to, to_nop);
		differs |= make_line(p + 2, c, &from, from_nop, &to, to_nop);
		differs |= make_line(p + 3, d, &from, from_nop, &to, to_nop);
		if (insn_differs(differs))
			break;
		free_from = d + INSN_MAX;
	}
	making->free_from = free_from;
	return p;
}

static struct text_poke *make_alike(struct poke_making *making,
				    struct text_poke *p,
				    const struct text_poke *end,
				    unsigned long old, unsigned long new)
{
	if (!old && !new)
		return make_fours(making, p, end, old, true, new, true);
	if (!old)
		return make_fours(making, p, end, old, true, new, false);
	if (!new)
		return make_fours(making, p, end, old, false, new, true);
	return make_fours(making, p, end, old, false, new, false);
}

static_assert(INSN_OP_CALL + JUMP == INSN_OP_JMP32, "word_of() adds");

/* The word of one site, for an addr in reach. */
static __always_inline u64 word_of(unsigned long ip, unsigned long addr)
{
	u32 jump = addr & JUMP;
	u32 distance = (u32)addr - jump - INSN_MAX - (u32)ip;

	if (!addr)
		return INSN_NOP5;
	return (u64)distance << 8 | (INSN_WORD(INSN_MAX, INSN_OP_CALL) + jump);
}

/* The words are made; all checks. */
static noinline int verify_one(struct poke_making *making,
			       const struct text_poke *p,
			       struct text_poke_bug *bug)
{
	const struct text_region *region = making->region_of(p->ip);
	int err = poke_verify_site(p, making->free_from, region, bug);

	if (err)
		return err;
	making->last_full = region->end - sizeof(u64);
	making->free_from = p->ip + INSN_MAX;
	return 0;
}

/* Make one line with all checks; the usual one needs only the first. */
static __always_inline int make_one(struct poke_making *making,
				    struct text_poke *p, unsigned long old,
				    unsigned long new,
				    struct text_poke_bug *bug)
{
	unsigned long ip = p->ip;

	p->old = word_of(ip, old);
	p->new = word_of(ip, new);
	if (unlikely(ip < making->free_from || ip > making->last_full ||
		     !insn_matches(insn_peek(ip), p->old)))
		return verify_one(making, p, bug);
	making->free_from = ip + INSN_MAX;
	return 0;
}

static __always_inline bool reached(const struct poke_making *making,
				    unsigned long addr)
{
	return !addr || addr >= making->lowest;
}

int poke_make_lines(struct poke_making *making, struct text_poke *lines,
		    size_t n, struct text_poke_bug *bug)
{
	struct text_poke *end = lines + n;
	int err = 0;

	for (; !err && lines < end; lines++) {
		if (unlikely(!reached(making, lines->old) ||
			     !reached(making, lines->new)))
			return -ERANGE;
		err = make_one(making, lines, lines->old, lines->new, bug);
	}
	return err;
}

int poke_make_run(struct poke_making *making, struct text_poke *run, size_t n,
		  struct text_poke_bug *bug)
{
	const struct text_poke *end = run + n;
	unsigned long old = run->old, new = run->new;
	int err;

	if (unlikely(!reached(making, old) || !reached(making, new)))
		return -ERANGE;
	err = make_one(making, run++, old, new, bug);
	while (!err && run < end) {
		run = make_alike(making, run, end, old, new);
		if (run < end)
			err = make_one(making, run++, old, new, bug);
	}
	return err;
}
