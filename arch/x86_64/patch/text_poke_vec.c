// SPDX-License-Identifier: MIT
/*
 * The sorted vector of a batch: its verification.
 *
 * Owns nothing: these are pure functions of the vector and of the memory it
 * names, so unit tests and the fuzz target run them on the host.
 *
 * I6 poke_verify() checks every site before any site is written.
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/errno.h"

static bool word_valid(u64 word)
{
	unsigned int len = insn_len(word);
	u64 bytes = word & (((u64)1 << INSN_LEN_SHIFT) - 1);

	return (len == 1 || len == 2 || len == INSN_MAX) &&
	       bytes >> (8 * len) == 0;
}

/*
 * Can the INT3 handler emulate this word? The handler decides by the first
 * byte. A truncated call or jump would have zeros in its displacement and lead
 * to a wrong target.
 */
static bool new_word_valid(u64 word)
{
	unsigned int len = insn_len(word);

	return word_valid(word) &&
	       (len == INSN_MAX || len == insn_kind_len(insn_kind(word)));
}

int poke_verify_site(const struct text_poke *p, unsigned long free_from,
		     const struct text_region *region,
		     struct text_poke_bug *bug)
{
	unsigned int len = max(insn_len(p->old), insn_len(p->new));

	*bug = (struct text_poke_bug){ .ip = p->ip, .expected = p->old };
	if (!word_valid(p->old) || !new_word_valid(p->new))
		return -EINVAL;
	if (!region || region->end - p->ip < len)
		return -EFAULT;
	bug->found = insn_load((const void *)p->ip, insn_len(p->old));
	return p->ip < free_from || bug->found != p->old ? -EINVAL : 0;
}

/*
 * The usual site needs only the first condition: both words have five bytes,
 * and memory holds the old one. (Stray bits in bytes 5 and 6 of a word do no
 * harm, as they are neither compared nor written. The caller guarantees that
 * the new word is NOP5, CALL or JMP32: a check would cost time at each site.)
 * Sites rise, so the sites up to last_full that follow a site of a region are
 * in that region, too. The first site of each region is looked up.
 */
int poke_verify(const struct text_poke *vec, size_t n, region_finder region_of,
		struct text_poke_bug *bug)
{
	/* The last address in the region with eight bytes to be read at once */
	unsigned long last_full = 0;
	unsigned long free_from = 1;
	const struct text_region *region;
	const struct text_poke *p;
	int err;

	for (p = vec; p < vec + n; p++) {
		if (likely(p->ip >= free_from && p->ip <= last_full &&
			   insn_is_full(&p->old) && insn_is_full(&p->new) &&
			   insn_matches(insn_peek(p->ip), p->old))) {
			free_from = p->ip + INSN_MAX;
			continue;
		}
		region = region_of(p->ip);
		err = poke_verify_site(p, free_from, region, bug);
		if (err)
			return err;
		last_full = region->end - sizeof(u64);
		free_from = p->ip + max(insn_len(p->old), insn_len(p->new));
	}
	return 0;
}
