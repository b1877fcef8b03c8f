/* SPDX-License-Identifier: MIT */
/*
 * poke_film.h - films the batches of a load, where the image can: in
 * nop5-debug.elf, by the header of this name in tests/debug/include. A load
 * that fails there leaves the recording of its last batch in the log, for the
 * theatre (tools/theatre). In nop5-test.elf these are empty.
 */
#pragma once

#include "arch/x86_64/cpu/traps.h"
#include "tests/kernel/poke_load.h"

/* Before a batch that changes the farm's sites. Context: task. */
static inline void film_batch(const struct farm *farm, enum farm_kind to)
{
}

/* The time before a call; 0 where nothing is filmed. Context: any. */
static __always_inline u64 film_time(void)
{
	return 0;
}

/* A call of site @pick has ended; @info: by a trap. Context: task. */
static __always_inline void film_call(size_t pick, u64 since, u32 landed,
				      const struct trap_info *info)
{
}

/* The load has ended with these counts. Context: task. */
static inline void film_end(const struct load_count *count)
{
}
