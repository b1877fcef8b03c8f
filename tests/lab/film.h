/* SPDX-License-Identifier: MIT */
/*
 * film.h - a recording of the last batch of a load, for the load that fails.
 *
 * Each batch begins a recording of the farm's first site, until a call has gone
 * wrong: then the recording goes on to the load's end, and is printed.
 * tests/kernel/poke_film.h says when each is called.
 */
#pragma once

#include "arch/x86_64/cpu/traps.h"
#include "tests/kernel/poke_load.h"
#include <asm/cpu.h>

void film_batch(const struct farm *farm, enum farm_kind to);

static __always_inline u64 film_time(void)
{
	return rdtsc();
}

/* Not traceable; records calls of site 0 only. */
void film_call(size_t pick, u64 since, u32 landed,
	       const struct trap_info *info);
void film_end(const struct load_count *count);
