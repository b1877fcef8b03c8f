// SPDX-License-Identifier: MIT
/*
 * The executable pool: code can be put there and run, and nothing but INT3 is
 * left behind.
 */
#include "arch/x86_64/mm/paging.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/base/fail.h"
#include "kernel/base/slab.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"

#define INT3_BYTE 0xcc

KTEST(exec_pool, fresh_memory_is_int3_and_not_writable)
{
	size_t free = exec_pool_free_bytes();
	struct paging_leaf leaf;
	u8 *p = exec_alloc(100);

	ASSERT(p);
	EXPECT(IS_ALIGNED((unsigned long)p, EXEC_GRANULE));
	EXPECT(exec_pool_contains((unsigned long)p));
	EXPECT(exec_pool_contains((unsigned long)p + 127));
	EXPECT_EQ(exec_pool_free_bytes(), free - 128);
	EXPECT(!memchr_inv(p, INT3_BYTE, 128));
	ASSERT(paging_lookup((unsigned long)p, &leaf));
	EXPECT(!(leaf.flags & (PTE_W | PTE_NX)));
	exec_free(p, 100);
	EXPECT_EQ(exec_pool_free_bytes(), free);
}

KTEST(exec_pool, code_runs_there_and_is_gone_when_freed_XP1)
{
	/* mov eax, 42; ret */
	static const u8 code[] = { 0xb8, 42, 0, 0, 0, 0xc3 };
	u8 *p = exec_alloc(sizeof(code));
	int (*fn)(void) = (int (*)(void))p;

	ASSERT(p);
	EXPECT_EQ(text_poke_copy(p, code, sizeof(code)), 0);
	EXPECT_EQ(fn(), 42);
	exec_free(p, sizeof(code));
	EXPECT(!memchr_inv(p, INT3_BYTE, EXEC_GRANULE));
}

KTEST(exec_pool, pieces_do_not_overlap)
{
	static const size_t sizes[] = { 1, 64, 65, 500, 64, 4096, 128, 3 };
	u8 *p[ARRAY_SIZE(sizes)];
	size_t free = exec_pool_free_bytes();

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		ASSERT(p[i] = exec_alloc(sizes[i]));
		EXPECT_EQ(text_poke_set(p[i], (u8)i, sizes[i]), 0);
	}
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		EXPECT(!memchr_inv(p[i], (int)i, sizes[i]));
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		exec_free(p[i], sizes[i]);
	EXPECT_EQ(exec_pool_free_bytes(), free);
}

KTEST(exec_pool, exhaustion_is_null)
{
	enum { PIECE = 32 * 1024, MAX = 64 };
	static void *p[MAX];
	size_t free = exec_pool_free_bytes(), n = 0;
	void *all, *none;

	while (n < MAX && (p[n] = exec_alloc(PIECE)))
		n++;
	none = exec_alloc(PIECE);
	all = exec_alloc(exec_pool_size() + 1);
	while (n)
		exec_free(p[--n], PIECE);
	EXPECT(!none && !all);
	EXPECT(!exec_alloc(0));
	EXPECT_EQ(exec_pool_free_bytes(), free);
}

KTEST(exec_pool, bounds)
{
	EXPECT(!exec_pool_contains((unsigned long)__exec_pool_start - 1));
	EXPECT(!exec_pool_contains((unsigned long)__exec_pool_end));
	EXPECT(exec_pool_contains((unsigned long)__exec_pool_start));
}

KTEST(exec_pool, failure_can_be_injected)
{
	void *p;

	fail_nth(1);
	p = exec_alloc(64);
	EXPECT(fail_end());
	EXPECT(!p);
}
