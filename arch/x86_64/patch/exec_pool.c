// SPDX-License-Identifier: MIT
/*
 * Executable memory: a bitmap allocator for the granules of the pool inside
 * the image.
 *
 * Owns the bitmap of allocated granules. The bytes of a granule belong to the
 * caller, which writes them with text_poke_copy().
 *
 * Invariant: XP1 a granule that is not allocated holds only INT3 (paging_init()
 * filled the pool before mapping it).
 *
 * Context and locks: pool_lock guards the bitmap. Bytes are written without
 * it; exec_free() writes INT3 before it marks a granule free.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/base/fail.h"
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/bitmap.h"

#define POOL_MAX_GRANULES (1024 * 1024 / EXEC_GRANULE)
#define INT3_BYTE	  0xcc

static DEFINE_SPINLOCK(pool_lock);
static DECLARE_BITMAP(used_map, POOL_MAX_GRANULES); /* pool_lock */

static size_t pool_granules(void)
{
	return min(exec_pool_size() / EXEC_GRANULE, POOL_MAX_GRANULES);
}

size_t exec_pool_size(void)
{
	return (size_t)(__exec_pool_end - __exec_pool_start);
}

void *exec_alloc(size_t size)
{
	size_t total = pool_granules(), n = DIV_ROUND_UP(size, EXEC_GRANULE);
	size_t first;

	if (!n || should_fail_alloc())
		return NULL;
	spin_lock(&pool_lock);
	first = bitmap_find_zero_area(used_map, total, 0, n);
	if (first < total)
		bitmap_set(used_map, first, n);
	spin_unlock(&pool_lock);
	return first < total ? __exec_pool_start + first * EXEC_GRANULE : NULL;
}

/* Do these granules lie in the pool, and are all of them allocated? */
static bool range_is_used(size_t first, size_t n)
{
	size_t total = pool_granules();

	return n && first < total && n <= total - first &&
	       find_next_zero_bit(used_map, first + n, first) == first + n;
}

void exec_free(void *p, size_t size)
{
	size_t offset = (unsigned long)p - (unsigned long)__exec_pool_start;
	size_t first = offset / EXEC_GRANULE;
	size_t n = DIV_ROUND_UP(size, EXEC_GRANULE);
	bool mine;

	if (!p)
		return;
	spin_lock(&pool_lock);
	mine = IS_ALIGNED(offset, EXEC_GRANULE) && range_is_used(first, n);
	spin_unlock(&pool_lock);
	if (!mine)
		panic("exec pool: %zu bytes at %p were not allocated", size, p);
	if (text_poke_set(p, INT3_BYTE, n * EXEC_GRANULE))
		panic("exec pool: cannot write %p", p); /* XP1 */
	spin_lock(&pool_lock);
	bitmap_clear(used_map, first, n);
	spin_unlock(&pool_lock);
}

size_t exec_pool_free_bytes(void)
{
	size_t used;

	spin_lock(&pool_lock);
	used = bitmap_weight(used_map, pool_granules());
	spin_unlock(&pool_lock);
	return exec_pool_size() - used * EXEC_GRANULE;
}
