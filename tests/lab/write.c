// SPDX-License-Identifier: MIT
/*
 * The stores of the laboratory's steps, through the engine's window: as the
 * engine's own (text_poke_write.c), each through a fresh mapping.
 *
 * Context: [P], task, interrupts on. Untraceable: the private address space is
 * loaded until then.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/patch/poke_hooks.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include "tests/debug/poke_faults.h"
#include "tests/lab/method.h"
#include <asm/barrier.h>
#include <asm/cpu.h>
#include <asm/layout.h>

#define JMP_SELF 0xfeeb

/* As poke_window_at(), inline for the page that is open. */
static __always_inline void *window_at(struct poke_space *space,
				       unsigned long addr)
{
	unsigned long offset = addr - space->page;
	void *at = (void *)(POKE_WINDOW + offset);

	if (unlikely(offset >= PAGE_SIZE))
		return poke_window_at(space, addr);
	invlpg(at);
	return at;
}

static __always_inline void store_byte(struct poke_space *space,
				       unsigned long addr, u8 byte)
{
	volatile u8 *at = window_at(space, addr);

	poke_store_begins(addr);
	*at = byte;
	poke_store_ends(addr, 1);
}

/* Store bytes from..len-1 of word, one by one. */
static notrace void store_rest(struct poke_space *space, unsigned long ip,
			       u64 word, unsigned int from)
{
	unsigned int i;

	for (i = from; i < insn_len(word); i++) {
		if (unlikely(READ_ONCE(poke_lab_longest)))
			poke_lab_delay();
		store_byte(space, ip + i, (u8)(word >> (8 * i)));
	}
}

/* Store two bytes, in one store unless a page boundary parts them. */
static notrace void store_pair(struct poke_space *space, unsigned long ip,
			       u16 pair)
{
	volatile u16 *at;

	if ((ip & (PAGE_SIZE - 1)) == PAGE_SIZE - 1) {
		store_byte(space, ip, (u8)pair);
		store_byte(space, ip + 1, pair >> 8);
		return;
	}
	at = window_at(space, ip);
	poke_store_begins(ip);
	*at = pair;
	poke_store_ends(ip, sizeof(pair));
}

static notrace void store_site(struct poke_space *space, unsigned int step,
			       const struct text_poke *p)
{
	if (step == LAB_BYTES)
		store_rest(space, p->ip, p->new, 0);
	else if (step == LAB_JMPSELF)
		store_pair(space, p->ip, JMP_SELF);
	else if (step == LAB_TAIL3)
		store_rest(space, p->ip, p->new, 2);
	else
		store_pair(space, p->ip, (u16)p->new); /* LAB_HEAD2 */
}

notrace void lab_write(unsigned int step, const struct text_poke *vec, size_t n)
{
	const struct text_poke *end = vec + n;
	struct poke_space space;
	size_t i;

	while (vec < end) {
		poke_space_enter(&space);
		for (i = 0; i < POKE_CHUNK && vec < end; i++)
			store_site(&space, step, vec++);
		poke_space_leave(&space);
	}
}
