/* SPDX-License-Identifier: MIT */
/* torn.h - which bytes were executed by a call that ended in a trap. */
#pragma once

#include "arch/x86_64/cpu/traps.h"
#include "kernel/lib/types.h"

/*
 * The mixture of the words old and new that ends in this trap in an arena
 * (poke_farm.h); if none does, the word in memory. Not traceable.
 */
u64 torn_word(unsigned long site, u64 old, u64 new,
	      const struct trap_info *info);
