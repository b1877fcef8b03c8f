/* SPDX-License-Identifier: MIT */
/*
 * The schedule of an emulator that counts instructions (-icount, told by
 * icount=1 on the command line): CPUs take turns, and a turn ends when the next
 * timer is due. A fast timer nobody listens to, channel 0 of the PIT, makes
 * turns short; its rate and seeded delays choose the interleaving, which is
 * then the same in every run.
 */
#pragma once

#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/lib/types.h"

/* Are instructions counted? */
bool slices_exact(void);

/*
 * Turns of (divisor - 1) * 838 ns and of 838 ns in alternation (a pulse of the
 * PIT is one tick long); 0: as long as may be. Does nothing unless
 * instructions are counted. Context: task.
 */
void slices_set(unsigned int divisor);

/*
 * The schedule number seed= on the command line, from here to slices_end():
 * turns of lengths up to that of @longest_divisor. slices_vary(), called
 * between patches, now and then turns to another length: CPUs may have fallen
 * into step, so that some only ever run while nothing happens. Without counted
 * instructions nothing changes. Context: task, one at a time.
 */
void slices_begin(unsigned int longest_divisor);
void slices_vary(void);
void slices_end(void);

#define SLICES_SHORT 2 /* all turns alike: 838 instructions at shift=0 */

/* Busy for so many cycles, without PAUSE: that would end the turn. */
void slices_wait(u64 cycles);

/*
 * An observer for poke_observe(): a seeded busy delay before each step. Where
 * instructions are counted it is what makes patches begin anywhere in a turn:
 * else they would always begin with one, and be over before the next CPU's.
 */
void slices_stagger(enum poke_step next);
void slices_seed(u64 seed);
