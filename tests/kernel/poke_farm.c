// SPDX-License-Identifier: MIT
/*
 * Sacrificial functions: make them, patch them, check their bytes.
 *
 * Context: task, one test at a time. What runs in the functions may be in any
 * context; nothing of it is traceable.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "kernel/base/panic.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/poke_farm.h"
#include <asm/layout.h>

#define RET	   0xc3
#define LANDING_AT 8 /* of short jumps, in a function of FARM_STRIDE */

/*
 * Distances of an arena's targets. 0f 0b and 0f ff, the first two bytes of a
 * NOP over these calls, are #UD; 0f 1f 20 and 0f 1f 31 are short NOPs with an
 * access to address 0 behind them; e8 with one byte of each lands in INT3.
 */
#define ARENA_A	   0x200bUL
#define ARENA_B	   0x31ffUL
#define ARENA_SIZE 0x5000UL

u32 farm_landing(enum farm_kind kind)
{
	static const u32 landing[NR_FARM_KINDS] = {
		[FARM_A] = LANDED_A,	   [FARM_B] = LANDED_B,
		[FARM_C] = LANDED_C,	   [FARM_JMP_A] = LANDED_A,
		[FARM_JMP8] = LANDED_JMP8,
	};

	return landing[kind];
}

u64 farm_word(const struct farm *farm, size_t i, enum farm_kind kind)
{
	unsigned long ip = farm_fn(farm, i);
	unsigned long a = (unsigned long)farm_target_a;
	unsigned long b = (unsigned long)farm_target_b;

	switch (kind) {
	case FARM_A:
		return insn_call(ip, farm->arena ? ip + INSN_MAX + ARENA_A : a);
	case FARM_B:
		return insn_call(ip, farm->arena ? ip + INSN_MAX + ARENA_B : b);
	case FARM_C:
		return insn_call(ip, (unsigned long)farm_target_c);
	case FARM_JMP_A:
		return insn_jmp32(ip, (unsigned long)farm_target_a);
	case FARM_JMP8:
		return insn_jmp8(ip, ip + LANDING_AT);
	default:
		return INSN_NOP5;
	}
}

u64 farm_poison_word(void)
{
	return insn_jmp8(0, LANDING_AT);
}

/* One function's bytes, its site a NOP. */
static void write_function(u8 *to, size_t stride)
{
	static const u8 landing[] = { 0x83, 0xc0, LANDED_JMP8, RET };

	insn_store(to, INSN_NOP5);
	to[INSN_MAX] = RET;
	if (stride >= FARM_STRIDE)
		memcpy(to + LANDING_AT, landing, sizeof(landing));
}

static int write_functions(struct farm *farm)
{
	size_t bytes = farm->n * farm->stride, i;
	u8 *image = kmalloc(bytes);
	int err;

	if (!image)
		return -ENOMEM;
	memset(image, INSN_OP_INT3, bytes);
	for (i = 0; i < farm->n; i++)
		write_function(image + i * farm->stride, farm->stride);
	err = text_poke_copy((void *)farm->first, image, bytes);
	kfree(image);
	BUG_ON(err);
	return 0;
}

static int take_memory(struct farm *farm, size_t n, size_t stride,
		       size_t offset, size_t bytes)
{
	memset(farm, 0, sizeof(*farm));
	farm->n = n;
	farm->stride = stride;
	farm->size = bytes + 2 * PAGE_SIZE;
	farm->mem = exec_alloc(farm->size);
	farm->vec = kmalloc(n * sizeof(*farm->vec));
	if (!farm->mem || !farm->vec) {
		farm_destroy(farm);
		return -ENOMEM;
	}
	farm->first = ALIGN_UP((unsigned long)farm->mem, PAGE_SIZE) + offset;
	return 0;
}

int farm_init(struct farm *farm, size_t n, size_t stride, size_t offset)
{
	int err = take_memory(farm, n, stride, offset, n * stride);

	if (!err)
		err = write_functions(farm);
	if (err)
		farm_destroy(farm);
	return err;
}

/* At the target of the call that function i would make: on to the real one. */
static void write_stub(const struct farm *farm, size_t i, size_t distance,
		       void (*target)(void))
{
	unsigned long at = farm_fn(farm, i) + INSN_MAX + distance;
	u8 bytes[INSN_MAX];

	insn_store(bytes, insn_jmp32(at, (unsigned long)target));
	BUG_ON(text_poke_copy((void *)at, bytes, INSN_MAX));
}

int farm_init_arena(struct farm *farm, size_t n, size_t offset)
{
	int err;
	size_t i;

	BUG_ON(n > ARENA_SITES);
	err = take_memory(farm, n, FARM_STRIDE, offset, ARENA_SIZE);
	if (!err)
		err = write_functions(farm);
	if (err) {
		farm_destroy(farm);
		return err;
	}
	farm->arena = true;
	for (i = 0; i < n; i++) {
		write_stub(farm, i, ARENA_A, farm_target_a);
		write_stub(farm, i, ARENA_B, farm_target_b);
	}
	return 0;
}

void farm_destroy(struct farm *farm)
{
	if (farm->mem)
		exec_free(farm->mem, farm->size);
	kfree(farm->vec);
	farm->mem = NULL;
	farm->vec = NULL;
}

void farm_plan(struct farm *farm, enum farm_kind kind)
{
	size_t i;

	for (i = 0; i < farm->n; i++) {
		farm->vec[i].ip = farm_fn(farm, i);
		farm->vec[i].old = farm_word(farm, i, farm->kind);
		farm->vec[i].new = farm_word(farm, i, kind);
	}
}

int farm_poke(struct farm *farm, enum farm_kind kind)
{
	int err;

	farm_plan(farm, kind);
	err = text_poke_prepare(farm->vec, farm->n, NULL);
	if (err)
		return err;
	text_poke_apply();
	farm->kind = kind;
	return 0;
}

size_t farm_check(const struct farm *farm, enum farm_kind kind)
{
	size_t i, wrong = 0;

	for (i = 0; i < farm->n; i++) {
		u64 word = farm_word(farm, i, kind);

		wrong += insn_load((void *)farm_fn(farm, i), insn_len(word)) !=
			 word;
	}
	return wrong;
}
