/* SPDX-License-Identifier: MIT */
/*
 * Sacrificial functions: code in the executable pool that exists to be
 * patched and called, thousands of it, where a test wants it.
 *
 * Each is [site][ret] and a landing place of its own for short jumps. A call
 * returns what it landed on, one byte of the result per target: so every
 * single call is judged by itself, in any context.
 */
#pragma once

#include "arch/x86_64/cpu/traps.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/lib/types.h"

enum farm_kind {
	FARM_NOP,
	FARM_A,
	FARM_B,
	FARM_C,
	FARM_JMP_A,
	FARM_JMP8,
	NR_FARM_KINDS
};

/* What a call of a function in this state returns. */
#define LANDED_NOP    0u
#define LANDED_A      0x1u
#define LANDED_B      0x100u
#define LANDED_C      0x10000u
#define LANDED_POISON 0x1000000u
#define LANDED_JMP8   0x2u

u32 farm_landing(enum farm_kind kind);

#define FARM_STRIDE 16 /* room for the landing place of short jumps */
#define FARM_DENSE  6  /* every alignment; FARM_JMP8 is not for these */

struct farm {
	char *mem; /* from exec_alloc() */
	size_t size;
	unsigned long first; /* address of function 0 */
	size_t n, stride;
	struct text_poke *vec; /* as last poked */
	enum farm_kind kind;
	bool arena;
};

/*
 * n functions, the first at offset (0..PAGE_SIZE - 1) into a page, each
 * @stride behind the one before, all FARM_NOP.
 * Return: 0; -ENOMEM. No other code is returned.
 */
int farm_init(struct farm *farm, size_t n, size_t stride, size_t offset);
/*
 * Functions to be patched wrongly: FARM_NOP, FARM_A and FARM_B only. Targets
 * are at such distances, and so much INT3 lies around, that any mixture of the
 * bytes of two states traps (trap_catch() with ARENA_TRAPS) and is survived.
 */
#define ARENA_SITES 8
#define ARENA_TRAPS                                      \
	(TRAP_BIT(X86_TRAP_UD) | TRAP_BIT(X86_TRAP_BP) | \
	 TRAP_BIT(X86_TRAP_GP) | TRAP_BIT(X86_TRAP_PF))
int farm_init_arena(struct farm *farm, size_t n, size_t offset);

/* Nobody may be inside. */
void farm_destroy(struct farm *farm);

static __always_inline unsigned long farm_fn(const struct farm *farm, size_t i)
{
	return farm->first + i * farm->stride;
}

/* The word of the site of function i in that state. */
u64 farm_word(const struct farm *farm, size_t i, enum farm_kind kind);

/* Fill in the vector for a change of all sites; then apply it. */
void farm_plan(struct farm *farm, enum farm_kind kind);
int farm_poke(struct farm *farm, enum farm_kind kind);

/* Do the bytes of all sites say kind? Return: how many do not. */
size_t farm_check(const struct farm *farm, enum farm_kind kind);

/* Call a function at fn; what it landed on. Any context. */
static __always_inline u32 farm_call(unsigned long fn)
{
	u32 landed = 0;

	__asm__ volatile("call *%1" : "+a"(landed) : "r"(fn) : "cc", "memory");
	return landed;
}

void farm_target_a(void);
void farm_target_b(void);
void farm_target_c(void);
void farm_int3(void);
extern char farm_int3_at[], farm_int3_site[];

/* For an entry of a vector that nobody may use any more; wherever its ip. */
u64 farm_poison_word(void);

/* xorshift; state must not be 0. */
static __always_inline u64 farm_random(u64 *state)
{
	u64 x = *state;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return *state = x;
}
