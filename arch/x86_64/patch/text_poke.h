/* SPDX-License-Identifier: MIT */
/*
 * text_poke.h - change instructions that other CPUs are executing.
 *
 * The engine knows addresses and bytes. It does not know names, ops or tracing.
 * One batch holds any number of sites and costs three broadcast
 * synchronisations, whether it has one site or a hundred thousand:
 *
 *	verify all | INT3 on all, sync | tails, sync | first bytes, sync |
 *	rewrite first bytes | retire
 *
 * I1 No CPU executes a mix of old and new bytes of a site.
 * I2 A CPU that passes a site during a batch executes or emulates exactly one
 *    of the old and the new instruction.
 * I3 Text is writable only through one page, for one CPU, during one chunk.
 * I6 All old bytes are verified before the first byte is written.
 *
 * Context: task, interrupts on, no spinlock held (checked), unless said
 * otherwise, because the synchronisation waits for every CPU. The functions
 * take text_mutex themselves. DESIGN.md says why each step is needed.
 */
#pragma once

#include "arch/x86_64/patch/insn.h"
#include "kernel/lib/types.h"

struct pt_regs;

/*
 * One site of a batch, with instruction words as insn.h makes them. old is
 * compared over its own length, and new is written over its own length. If the
 * lengths differ, the bytes past the shorter one must never be executed.
 *
 * A new word of five bytes must be NOP5, CALL or JMP32. This is not checked: at
 * a site with any other word, an INT3 hit during the batch is a stray one and
 * causes a panic. A word of two bytes is a JMP8. A word of one byte is INT3 or
 * the first byte of another instruction, as when a breakpoint is removed. The
 * handler cannot emulate such a byte, so an INT3 hit there during the batch is
 * left to the breakpoint's owner. A CALL or JMP under a breakpoint must be
 * restored as a whole word.
 */
struct text_poke {
	unsigned long ip;
	u64 old;
	u64 new;
};

/* Why a batch was refused, and where. */
struct text_poke_bug {
	unsigned long ip;
	u64 expected; /* old of the site */
	u64 found;    /* the bytes there, same length; 0 if not readable */
};

/**
 * text_poke_prepare - take text_mutex and verify a whole batch
 * @vec: the sites, rising by ip, without overlap; must stay unchanged until
 *	text_poke_apply() or text_poke_abort() has returned
 * @n: the number of sites; 0 is allowed
 * @bug: filled in on -EINVAL and -EFAULT if not NULL
 *
 * Writes nothing. Waits while another task has a batch open.
 * Context: task, interrupts on, no spinlock held.
 * Return: 0 with text_mutex held; -EINVAL other bytes were found, or the
 * batch is not sorted, or a word is none of those above; -EFAULT a site does
 * not lie in one region of code (kernel/base/text_region.h); -EBUSY the
 * caller itself has a batch open. No other code is returned.
 */
int __must_check text_poke_prepare(const struct text_poke *vec, size_t n,
				   struct text_poke_bug *bug);

/**
 * text_poke_prepare_targets - take text_mutex for a batch of targets
 * @vec, @n: as text_poke_prepare(), but old and new are no words yet
 *
 * The next two then make the words of all lines, in their order.
 * Context: as text_poke_prepare().
 * Return: 0 with text_mutex held; -EBUSY. No other code is returned.
 */
int __must_check text_poke_prepare_targets(struct text_poke *vec, size_t n);

/**
 * text_poke_prepare_run - make and verify the words of the next lines, alike
 * text_poke_prepare_lines - the same for lines with targets of their own
 * @run, @lines: the first line that is not made yet. old and new are targets,
 *	in a run those of all: 0 is the NOP, an even one a call of that address,
 *	an odd one a jump to one less.
 * @n: the number of lines, of a run at least 1
 * @bug: filled in on -EINVAL and -EFAULT
 * Return: 0; -EINVAL, -EFAULT as text_poke_prepare(); -ERANGE a target is out
 * of reach. After an error text_mutex is not held any more. No other code is
 * returned.
 */
int __must_check text_poke_prepare_run(struct text_poke *run, size_t n,
				       struct text_poke_bug *bug);
int __must_check text_poke_prepare_lines(struct text_poke *lines, size_t n,
					 struct text_poke_bug *bug);

/* Exactly one of these two follows a text_poke_prepare() that returned 0. */
void text_poke_apply(void);
void text_poke_abort(void);

/**
 * text_poke - a batch of one: prepare and apply
 * Context, Return: as text_poke_prepare(), but text_mutex is not held.
 */
int __must_check text_poke(unsigned long ip, u64 old, u64 new,
			   struct text_poke_bug *bug);

/**
 * text_poke_copy - write executable memory that no CPU executes yet
 * text_poke_set - fill executable memory that no CPU executes any more
 *
 * For the executable pool. These functions do not synchronise. After a copy
 * the caller publishes the address by a batch, which synchronises; before a
 * fill it has waited until no CPU or task can be inside.
 * Context: task, interrupts on; or boot with one CPU.
 * Return: 0; -EFAULT not all of it lies in one region of code; -EBUSY the
 * caller has a batch open. No other code is returned.
 */
int text_poke_copy(void *dst, const void *src, size_t len);
int text_poke_set(void *dst, u8 byte, size_t len);

/**
 * poke_int3_handler - the first owner of a #BP (cpu/traps.h)
 * @regs: the trapped state, ip behind the INT3. The frame must have a gap: a
 *	CALL is emulated by pushing a return address on the trapped stack,
 *	which moves regs->sp down by 8.
 *
 * Context: #BP in any context, NMI included. Not traceable, takes no lock.
 * Return: 1 resolved, resume at regs->ip; 0 the INT3 is not the engine's (regs
 * is unchanged).
 */
int poke_int3_handler(struct pt_regs *regs);

/* True while any task's batch is live. Context: any. */
bool text_poke_live(void);
