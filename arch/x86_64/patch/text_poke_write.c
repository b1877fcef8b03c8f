// SPDX-License-Identifier: MIT
/*
 * The stores of the patch engine, through a window that only this CPU maps.
 *
 * Owns the poke window while text_mutex is held. For each chunk of sites it
 * opens the window on the frame of a site, stores, and closes the window.
 *
 * I3 The window is open only between poke_space_enter() and _leave(), on one
 *    CPU, with interrupts off; its page is not executable.
 *
 * Where TCG is not ruled out, every store goes through a fresh mapping (invlpg
 * of the very address). QEMU then looks again for translations of the frame and
 * drops them; with a mapping it remembers as "already looked" it would not. On
 * a processor the invlpg would cost 100 to 200 cycles for each of four stores
 * at a site, so there it is done once a page. text_poke_fresh.c decides. See
 * DESIGN.md, "Stale translations".
 *
 * Context: [P], task, interrupts on. Untraceable: code that runs with the
 * private address space loaded must not trap into traceable code.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/patch/poke_hooks.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include <asm/cpu.h>
#include <asm/irqflags.h>

#define OFFSET_MASK (PAGE_SIZE - 1)
#define NO_PAGE	    0UL /* no page of text is near it */

/* Compile a switch to compares: no indirect jump while the space is loaded. */
#define no_jump_tables __attribute__((__optimize__("no-jump-tables")))

struct poke_write_stats poke_write_stats;

notrace void poke_space_enter(struct poke_space *space)
{
	space->page = NO_PAGE;
	space->last = 0;
	space->wrong = 0;
	space->flags = arch_irq_save();
	space->since = rdtsc();
	space->root = read_cr3();
	write_cr3(paging_poke_root());
}

notrace void poke_space_leave(struct poke_space *space)
{
	u64 cycles;

	paging_poke_window_clear();
	write_cr3(space->root); /* also drops the window from the TLB */
	cycles = rdtsc() - space->since;
	if (cycles > poke_write_stats.irqoff_max)
		poke_write_stats.irqoff_max = cycles;
	poke_write_stats.chunks++;
	arch_irq_restore(space->flags);
}

/* Open the page of addr. Return: the offset of addr in it. */
static notrace noinline unsigned long window_open(struct poke_space *space,
						  unsigned long addr)
{
	space->page = addr & ~OFFSET_MASK;
	space->last = space->page + PAGE_SIZE - INSN_MAX;
	paging_poke_window_set(virt_to_phys((void *)space->page));
	invlpg((void *)POKE_WINDOW); /* on a processor any address of it does */
	return addr - space->page;
}

/*
 * The address for one store that follows at once, inside the open page. With
 * @each, a constant, the mapping is fresh.
 */
static __always_inline void *window(unsigned long offset, bool each)
{
	void *at = (void *)(POKE_WINDOW + offset);

	if (each)
		invlpg(at);
	return at;
}

notrace void *poke_window_at(struct poke_space *space, unsigned long addr)
{
	unsigned long offset = addr - space->page;

	if (offset > OFFSET_MASK)
		offset = window_open(space, addr);
	return window(offset, true);
}

static __always_inline void store_byte(struct poke_space *space,
				       unsigned long addr, u8 byte, bool each)
{
	unsigned long offset = addr - space->page;

	/* True too if no page is open or addr lies below the open one. */
	if (unlikely(offset > OFFSET_MASK))
		offset = window_open(space, addr);
	poke_store_begins(addr);
	*(volatile u8 *)window(offset, each) = byte;
	poke_store_ends(addr, 1);
}

/* Store bytes from..len-1 of word, one by one. */
static notrace noinline void store_rest(struct poke_space *space,
					unsigned long ip, u64 word,
					unsigned int from)
{
	unsigned int i;

	for (i = from; i < insn_len(word); i++)
		store_byte(space, ip + i, (u8)(word >> (8 * i)), true);
}

/*
 * Store bytes 1.., in one store if there are four and all lie in the open page.
 * No CPU executes them now, so the number of stores does not matter.
 */
static __always_inline void store_tail(struct poke_space *space,
				       const struct text_poke *p, bool each)
{
	unsigned long offset = p->ip + 1 - space->page;

	if (likely(insn_is_full(&p->new) &&
		   offset <= PAGE_SIZE - sizeof(u32))) {
		poke_store_begins(p->ip + 1);
		*(volatile u32 *)window(offset, each) = insn_tail(p->new);
		poke_store_ends(p->ip + 1, sizeof(u32));
	} else {
		store_rest(space, p->ip, p->new, 1);
	}
}

/* Any site: also of a page that is not open, at its end, of any word. */
static __always_inline void store_any(struct poke_space *space,
				      enum poke_step step,
				      const struct text_poke *p, bool each)
{
	switch (step) {
	case POKE_INT3:
		store_byte(space, p->ip, INSN_OP_INT3, each);
		break;
	case POKE_TAIL:
		if (p->ip - space->page > OFFSET_MASK)
			window_open(space, p->ip);
		store_tail(space, p, each);
		break;
	case POKE_HEAD:
	case POKE_REWRITE:
		store_byte(space, p->ip, insn_first_byte(p->new), each);
		break;
	default: /* not a step that writes */
		break;
	}
}

static notrace noinline no_jump_tables void
store_any_by_store(struct poke_space *space, enum poke_step step,
		   const struct text_poke *p)
{
	store_any(space, step, p, true);
}

static notrace noinline no_jump_tables void
store_any_by_page(struct poke_space *space, enum poke_step step,
		  const struct text_poke *p)
{
	store_any(space, step, p, false);
}

/*
 * The word of five bytes of a site in the open page; ip + delta is in the
 * window.
 */
static __always_inline void store_inside(enum poke_step step, unsigned long ip,
					 const u64 *word, unsigned long delta,
					 bool each)
{
	if (step == POKE_TAIL) {
		poke_store_begins(ip + 1);
		store32_at(delta + 1, ip, insn_tail_of(word), each);
		poke_store_ends(ip + 1, sizeof(u32));
	} else {
		u8 byte = step == POKE_INT3 ? INSN_OP_INT3 :
					      insn_first_byte(*word);

		poke_store_begins(ip);
		store8_at(delta, ip, byte, each);
		poke_store_ends(ip, 1);
	}
}

/* Memory differs from a five-byte word: a shorter instruction, or an error. */
static notrace noinline void note_difference(struct poke_space *space,
					     const struct text_poke *p)
{
	if (insn_load((const void *)p->ip, insn_len(p->new)) != p->new &&
	    !space->wrong)
		space->wrong = p->ip;
}

/* Compare the bytes at their own address, where all CPUs read them. */
static __always_inline void compare(struct poke_space *space,
				    const struct text_poke *p)
{
	if (likely(insn_matches(insn_peek(p->ip), p->new)))
		return;
	note_difference(space, p);
}

/* A site whose word lies in the open page. Return: see pass_four(). */
static __always_inline u64 pass_inside(enum poke_step step,
				       const struct text_poke *p,
				       unsigned long delta, bool each)
{
	unsigned long ip = p->ip;
	u64 word = p->new;

	store_inside(step, ip, step == POKE_TAIL ? &p->new : &word, delta,
		     each);
	return step == POKE_REWRITE ? insn_peek(ip) ^ word : 0;
}

/*
 * Four such sites. Return: after POKE_REWRITE, the bits in which memory differs
 * from the words; else 0.
 */
static __always_inline u64 pass_four(enum poke_step step,
				     const struct text_poke *p,
				     unsigned long delta, bool each)
{
	return pass_inside(step, p, delta, each) |
	       pass_inside(step, p + 1, delta, each) |
	       pass_inside(step, p + 2, delta, each) |
	       pass_inside(step, p + 3, delta, each);
}

/* Any site. */
static __always_inline void pass_any(struct poke_space *space,
				     enum poke_step step,
				     const struct text_poke *p, bool each)
{
	if (each)
		store_any_by_store(space, step, p);
	else
		store_any_by_page(space, step, p);
	if (step == POKE_REWRITE)
		compare(space, p);
}

/*
 * The sites from p that lie in the open page, four a turn: a turn costs a
 * quarter of a store. Sites rise, and the open page is that of an earlier one,
 * so the last of four decides. Return: the first site that is left.
 */
static __always_inline const struct text_poke *
pass_page(struct poke_space *space, enum poke_step step,
	  const struct text_poke *p, const struct text_poke *end, bool each)
{
	const struct text_poke *last_four = end - 4;
	unsigned long delta = POKE_WINDOW - space->page, last = space->last;
	int i;

	for (; p <= last_four && p[3].ip <= last; p += 4) {
		if (step == POKE_TAIL &&
		    unlikely(!insn_four_full(&p->new, sizeof(*p))))
			break;
		if (unlikely(insn_differs(pass_four(step, p, delta, each))))
			for (i = 0; i < 4; i++)
				compare(space, p + i);
	}
	for (; p < end && p->ip <= last; p++) {
		if (step == POKE_TAIL && unlikely(!insn_is_full(&p->new)))
			break;
		if (unlikely(insn_differs(pass_inside(step, p, delta, each))))
			compare(space, p);
	}
	return p;
}

/* Is the site to be passed alone? Opens its page. */
static __always_inline bool stands_out(struct poke_space *space,
				       enum poke_step step,
				       const struct text_poke *p)
{
	if (p->ip - space->page > OFFSET_MASK)
		window_open(space, p->ip);
	return p->ip > space->last ||
	       (step == POKE_TAIL && !insn_is_full(&p->new));
}

static __always_inline void run_pass(struct poke_space *space,
				     enum poke_step step,
				     const struct text_poke *p,
				     const struct text_poke *end, bool each)
{
	while (p < end) {
		if (unlikely(stands_out(space, step, p)))
			pass_any(space, step, p++, each);
		else
			p = pass_page(space, step, p, end, each);
	}
}

/* One loop per pass, each as short as if written by hand. */
static __always_inline void run_chunk(struct poke_space *space,
				      enum poke_step step,
				      const struct text_poke *p,
				      const struct text_poke *end, bool each)
{
	switch (step) {
	case POKE_INT3:
		return run_pass(space, POKE_INT3, p, end, each);
	case POKE_TAIL:
		return run_pass(space, POKE_TAIL, p, end, each);
	case POKE_HEAD:
		return run_pass(space, POKE_HEAD, p, end, each);
	case POKE_REWRITE:
		return run_pass(space, POKE_REWRITE, p, end, each);
	default:
		return;
	}
}

static notrace noinline no_jump_tables void
run_chunk_by_store(struct poke_space *space, enum poke_step step,
		   const struct text_poke *p, const struct text_poke *end)
{
	run_chunk(space, step, p, end, true);
}

static notrace noinline no_jump_tables void
run_chunk_by_page(struct poke_space *space, enum poke_step step,
		  const struct text_poke *p, const struct text_poke *end)
{
	run_chunk(space, step, p, end, false);
}

notrace unsigned long poke_write(enum poke_step step,
				 const struct text_poke *vec, size_t n)
{
	const struct text_poke *end = vec + n;
	struct poke_space space;
	unsigned long wrong = 0;
	bool each = poke_fresh_per_store();

	while (vec < end) {
		size_t chunk = min_t(size_t, end - vec, POKE_CHUNK);

		poke_space_enter(&space);
		if (each)
			run_chunk_by_store(&space, step, vec, vec + chunk);
		else
			run_chunk_by_page(&space, step, vec, vec + chunk);
		poke_space_leave(&space);
		if (space.wrong && !wrong)
			wrong = space.wrong;
		vec += chunk;
	}
	return wrong;
}

/* Stores of eight bytes, then of one: no CPU executes these bytes yet. */
static __always_inline void copy_bytes(void *to, const u8 *from, size_t len)
{
	size_t words = len / 8;

	len %= 8;
	__asm__ volatile("rep movsq"
			 : "+D"(to), "+S"(from), "+c"(words)::"memory");
	__asm__ volatile("rep movsb"
			 : "+D"(to), "+S"(from), "+c"(len)::"memory");
}

static __always_inline void fill_bytes(void *to, u8 fill, size_t len)
{
	__asm__ volatile("rep stosb"
			 : "+D"(to), "+c"(len)
			 : "a"(fill)
			 : "memory");
}

notrace void poke_write_bytes(unsigned long addr, const u8 *src, u8 fill,
			      size_t len)
{
	struct poke_space space;

	while (len) {
		size_t part =
			min_t(size_t, len, PAGE_SIZE - (addr & OFFSET_MASK));
		void *at;

		poke_space_enter(&space);
		at = poke_window_at(&space, addr);
		if (src)
			copy_bytes(at, src, part);
		else
			fill_bytes(at, fill, part);
		poke_space_leave(&space);
		src = src ? src + part : NULL;
		addr += part;
		len -= part;
	}
}
