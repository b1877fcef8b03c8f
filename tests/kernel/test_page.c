// SPDX-License-Identifier: MIT
/*
 * Page allocator in the running kernel. Its bookkeeping is tested harder on
 * the host (tests/unit/test_buddy.c); here: real memory, real contention, and
 * the end of memory.
 */
#include "arch/x86_64/mm/paging.h"
#include "kernel/base/fail.h"
#include "kernel/base/page.h"
#include "kernel/base/slab.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include "trace/trace.h"
#include <asm/smp.h>

KTEST(page, every_order_aligned_and_usable)
{
	for (unsigned int order = 0; order <= PAGE_MAX_ORDER; order++) {
		size_t free = page_free_count(), size = PAGE_SIZE << order;
		unsigned int found = 99;
		char *p = alloc_pages(order);

		if (!p) /* 16 MiB in one piece may not be there */
			break;
		EXPECT(IS_ALIGNED((unsigned long)p, size));
		EXPECT_EQ(page_free_count(), free - BIT(order));
		p[0] = 1;
		p[size - 1] = 2;
		EXPECT(page_block(p + size - 1, &found) == p);
		EXPECT_EQ(found, order);
		free_pages(p, order);
		EXPECT_EQ(page_free_count(), free);
	}
	EXPECT(!page_check());
}

KTEST(page, orders_beyond_the_largest_are_refused)
{
	EXPECT(!alloc_pages(PAGE_MAX_ORDER + 1));
	EXPECT(!alloc_pages(~0U));
	EXPECT_EQ(page_order(1), 0);
	EXPECT_EQ(page_order(PAGE_SIZE), 0);
	EXPECT_EQ(page_order(PAGE_SIZE + 1), 1);
}

KTEST(page, exact_pages_are_as_many_as_the_bytes_need)
{
	static const size_t sizes[] = { 1, PAGE_SIZE, PAGE_SIZE + 1,
					11 * PAGE_SIZE, 600 * PAGE_SIZE - 1 };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t free = page_free_count();
		size_t nr = (sizes[i] + PAGE_SIZE - 1) / PAGE_SIZE;
		char *p = alloc_pages_exact(sizes[i]);

		ASSERT(p);
		EXPECT(IS_ALIGNED((unsigned long)p,
				  PAGE_SIZE << page_order(sizes[i])));
		EXPECT_EQ(free - page_free_count(), nr);
		EXPECT_EQ(pages_exact(p), nr);
		p[0] = 1;
		p[nr * PAGE_SIZE - 1] = 2;
		free_pages_exact(p);
		EXPECT_EQ(page_free_count(), free);
		EXPECT_EQ(pages_exact(p), 0);
	}
	EXPECT(!alloc_pages_exact(0));
	EXPECT(!alloc_pages_exact((PAGE_SIZE << PAGE_MAX_ORDER) + 1));
	EXPECT(!alloc_pages_exact(~0UL));
	free_pages_exact(NULL);
	EXPECT(!page_check());
}

KTEST(page, zeroed_means_zeroed)
{
	char *p = alloc_pages(2);

	ASSERT(p);
	memset(p, 0xff, 4 * PAGE_SIZE);
	free_pages(p, 2);
	p = alloc_pages_zeroed(2);
	ASSERT(p);
	EXPECT(!memchr_inv(p, 0, 4 * PAGE_SIZE));
	free_pages(p, 2);
}

/* Takes everything, largest blocks first, chained through the blocks. */
struct hoard {
	struct hoard *next;
	unsigned int order;
};

static struct hoard *take_all(void)
{
	struct hoard *all = NULL;

	for (unsigned int order = PAGE_MAX_ORDER + 1; order-- > 0;) {
		struct hoard *h;

		while ((h = alloc_pages(order))) {
			h->next = all;
			h->order = order;
			all = h;
		}
	}
	return all;
}

static void give_back(struct hoard *all)
{
	while (all) {
		struct hoard *next = all->next;

		free_pages(all, all->order);
		all = next;
	}
}

KTEST(page, exhaustion_is_null_and_all_comes_back)
{
	size_t free = page_free_count();
	struct hoard *all = take_all();
	size_t left = page_free_count();
	void *p = alloc_page();

	give_back(all);
	EXPECT(!p);
	EXPECT_EQ(left, 0);
	EXPECT_EQ(page_free_count(), free);
	EXPECT(!page_check());
}

/*
 * Firmware and boot loader have left code below 1 MiB, and firmware still
 * writes there. Every page is looked at: what is handed out comes from these.
 */
#define FIRST_MIB 0x100000

static u64 phys_of(const void *p)
{
	struct paging_leaf leaf;

	if (!paging_lookup((unsigned long)p, &leaf))
		return 0;
	return leaf.phys + ((unsigned long)p - leaf.addr);
}

KTEST(page, none_lies_in_the_first_mib)
{
	struct hoard *all = take_all(), *h;
	u64 lowest = ~0ULL;

	for (h = all; h; h = h->next)
		lowest = min(lowest, virt_to_phys(h));
	give_back(all);
	EXPECT(lowest >= FIRST_MIB);
}

KTEST(page, stacks_heap_and_rings_lie_above_the_first_mib)
{
	struct ring_buffer_per_cpu *ring;
	unsigned int cpu;
	void *heap = kmalloc(64), *stack = stack_alloc();

	EXPECT(phys_of(heap) >= FIRST_MIB);
	EXPECT(phys_of(stack) >= FIRST_MIB);
	EXPECT(phys_of(current) >= FIRST_MIB);
	EXPECT(phys_of(&heap) >= FIRST_MIB); /* this stack */
	for_each_online_cpu(cpu) {
		ring = trace_top()->buffer.cpu[cpu];
		EXPECT(phys_of(ring) >= FIRST_MIB);
		for (u32 i = 0; i <= ring->data.nr_slots; i++)
			EXPECT(phys_of(ring->data.info[i].page) >= FIRST_MIB);
	}
	stack_free(stack);
	kfree(heap);
}

/* Locks of an emulator with few cores may be slow: no longer than this. */
#define CHURN_NS 1000000000ULL

/* Each CPU keeps blocks of random orders, marked as its own. */
static int churn(void *arg)
{
	u64 *slot[16] = { 0 };
	unsigned int order[16];
	u64 seed = smp_processor_id() + 1, end = ktime_ns() + CHURN_NS;
	int bad = 0;

	for (int i = 0; i < 3000 && ktime_ns() < end; i++) {
		unsigned int k;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		k = seed >> 60;
		if (slot[k]) {
			bad += slot[k][0] != (u64)slot[k] || slot[k][1] != k;
			free_pages(slot[k], order[k]);
			slot[k] = NULL;
			continue;
		}
		order[k] = (seed >> 40) % 4;
		slot[k] = alloc_pages(order[k]);
		if (slot[k]) {
			slot[k][0] = (u64)slot[k];
			slot[k][1] = k;
		}
	}
	for (unsigned int k = 0; k < ARRAY_SIZE(slot); k++)
		if (slot[k])
			free_pages(slot[k], order[k]);
	return bad;
}

KTEST(page, all_cpus_at_once)
{
	EXPECT_EQ(on_all_cpus_run(churn, NULL), 0);
	EXPECT(!page_check());
}

KTEST(page, failure_can_be_injected)
{
	void *first, *second, *third;

	fail_nth(2);
	first = alloc_page();
	second = alloc_page();
	third = alloc_page();
	EXPECT(fail_end());
	EXPECT(first && !second && third);
	free_page(first);
	free_page(third);
}
