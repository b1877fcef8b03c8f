// SPDX-License-Identifier: MIT
/*
 * kmalloc and its family.
 */
#include "kernel/base/fail.h"
#include "kernel/base/page.h"
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"

KTEST(slab, all_sizes_aligned_and_apart)
{
	enum { N = 64 };
	static const size_t sizes[] = { 1,    8,    16,	  17,	63,    64,
					65,   100,  192,  500,	1024,  1500,
					2048, 2049, 4096, 5000, 100000 };
	u8 *p[N];

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		size_t size = sizes[s];

		for (size_t i = 0; i < N; i++) {
			p[i] = kmalloc(size);
			ASSERT(p[i]);
			EXPECT(ksize(p[i]) >= size);
			EXPECT(IS_ALIGNED((unsigned long)p[i],
					  size >= PAGE_SIZE ? PAGE_SIZE :
					  size >= 64	    ? 64 :
							      16UL));
			memset(p[i], (int)i, size);
		}
		for (size_t i = 0; i < N; i++) {
			EXPECT(!memchr_inv(p[i], (int)i, size));
			kfree(p[i]);
		}
	}
}

KTEST(slab, large_sizes_take_the_pages_they_need)
{
	size_t free = page_free_count();
	u8 *p = kmalloc(5 * PAGE_SIZE + 1);

	ASSERT(p);
	EXPECT_EQ(free - page_free_count(), 6);
	EXPECT_EQ(ksize(p), 6 * PAGE_SIZE);
	memset(p, 0xa5, 6 * PAGE_SIZE);
	p = krealloc(p, 9 * PAGE_SIZE);
	ASSERT(p);
	EXPECT_EQ(free - page_free_count(), 9);
	EXPECT(!memchr_inv(p, 0xa5, 6 * PAGE_SIZE));
	kfree(p);
	EXPECT_EQ(page_free_count(), free);
	EXPECT(!page_check());
}

KTEST(slab, nothing_and_too_much_are_null)
{
	EXPECT(!kmalloc(0));
	EXPECT(!kmalloc((PAGE_SIZE << PAGE_MAX_ORDER) + 1));
	EXPECT(!kmalloc(~0UL));
	EXPECT(!kcalloc(1UL << 33, 1UL << 33));
	EXPECT(!krealloc(NULL, 0));
	kfree(NULL);
}

KTEST(slab, kzalloc_and_kcalloc_clear)
{
	u8 *p = kmalloc(300);

	ASSERT(p);
	memset(p, 0xff, 300);
	kfree(p);
	p = kzalloc(300);
	ASSERT(p);
	EXPECT(!memchr_inv(p, 0, 300));
	kfree(p);
	p = kcalloc(25, 12);
	ASSERT(p);
	EXPECT(!memchr_inv(p, 0, 300));
	kfree(p);
}

KTEST(slab, krealloc_keeps_contents)
{
	static const size_t sizes[] = { 10, 16, 17, 300, 3000, 20000, 50, 1 };
	u8 *p = NULL;
	size_t old = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		u8 *q = krealloc(p, sizes[i]);

		ASSERT(q);
		EXPECT(!memchr_inv(q, 0x3c, min(old, sizes[i])));
		memset(q, 0x3c, sizes[i]);
		p = q;
		old = sizes[i];
	}
	kfree(p);
}

KTEST(slab, failed_krealloc_leaves_the_old_block)
{
	u8 *p = kmalloc(16), *q;

	ASSERT(p);
	memset(p, 0x11, 16);
	fail_nth(1);
	q = krealloc(p, 1000);
	EXPECT(fail_end());
	EXPECT(!q);
	EXPECT(!memchr_inv(p, 0x11, 16));
	kfree(p);
}

KTEST(slab, empty_slabs_go_back_to_the_pages)
{
	enum { N = 500 };
	static void *p[N];
	size_t free;

	slab_drain();
	free = page_free_count();
	for (size_t i = 0; i < N; i++)
		ASSERT(p[i] = kmalloc(256));
	EXPECT(page_free_count() < free);
	for (size_t i = 0; i < N; i++)
		kfree(p[i]);
	/* All but one, which is kept until somebody wants it. */
	EXPECT(page_free_count() + 2 >= free);
	slab_drain();
	EXPECT(page_free_count() >= free);
}

/* An object that comes and goes alone does not make and destroy a slab. SL1 */
KTEST(slab, one_empty_slab_is_kept)
{
	static const size_t sizes[] = { 16,  32,  64,  128,  192,  256,
					384, 512, 768, 1024, 1536, 2048 };

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		size_t free, i;

		kfree(kmalloc(sizes[s]));
		free = page_free_count();
		for (i = 0; i < 3; i++) {
			void *p = kmalloc(sizes[s]);

			EXPECT(p);
			EXPECT_EQ(page_free_count(), free);
			kfree(p);
			EXPECT_EQ(page_free_count(), free);
		}
	}
	EXPECT(slab_drain());
	EXPECT(!slab_drain());
}

/* What is kept is given back before an allocation fails. */
KTEST(slab, kept_slabs_are_used_before_memory_is_out)
{
	struct block {
		struct block *next;
	} *all = NULL, *b;
	unsigned int order;
	void *p;

	slab_drain();
	kfree(kmalloc(2048));
	for (order = PAGE_MAX_ORDER + 1; order--;) {
		while ((b = alloc_pages(order))) {
			b->next = all;
			all = b;
		}
	}
	p = kmalloc(2 * PAGE_SIZE);
	EXPECT(p);
	kfree(p);
	EXPECT(!kmalloc(16 * PAGE_SIZE));
	while ((b = all)) {
		all = b->next;
		page_block(b, &order);
		free_pages(b, order);
	}
}

/* No pages left: kmalloc uses up its slabs, then says so. */
KTEST(slab, exhaustion_is_null)
{
	struct block {
		struct block *next;
		unsigned int order;
	} *pages = NULL, *b;
	void **objects = NULL, **p;
	void *none;

	for (unsigned int order = PAGE_MAX_ORDER + 1; order-- > 0;)
		while ((b = alloc_pages(order))) {
			*b = (struct block){ pages, order };
			pages = b;
		}
	while ((p = kmalloc(64))) {
		*p = objects;
		objects = p;
	}
	none = kmalloc(PAGE_SIZE);
	while (objects) {
		p = objects;
		objects = *p;
		kfree(p);
	}
	while ((b = pages)) {
		pages = b->next;
		free_pages(b, b->order);
	}
	EXPECT(!none);
	EXPECT(!page_check());
}

/*
 * What is found when the last of many objects is freed, the byte at @offset is
 * written (0: none) or it is freed again, and then it is used anew.
 */
static unsigned int poison_errors_after(size_t offset, bool free_again)
{
	unsigned int before = slab_poison_errors();
	bool was_on = slab_set_poison(true);
	int level = console_loglevel;
	u8 *keep[40], *p;

	/* More than a slab holds: the last ones come from a poisoned one. */
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
		keep[i] = kmalloc(128);
	p = keep[ARRAY_SIZE(keep) - 1];
	console_loglevel = 0;
	kfree(p);
	if (offset)
		p[offset] ^= 1;
	if (free_again)
		kfree(p);
	keep[ARRAY_SIZE(keep) - 1] = kmalloc(128);
	console_loglevel = level;
	slab_set_poison(was_on);
	for (size_t i = 0; i < ARRAY_SIZE(keep); i++)
		kfree(keep[i]);
	return slab_poison_errors() - before;
}

KTEST(slab, poison_finds_a_write_after_free_SL2)
{
	EXPECT_EQ(poison_errors_after(0, false), 0);
	EXPECT_EQ(poison_errors_after(8, false), 1);
	EXPECT_EQ(poison_errors_after(127, false), 1);
}

KTEST(slab, poison_refuses_a_second_free)
{
	size_t live = kmalloc_live();

	EXPECT_EQ(poison_errors_after(0, true), 1);
	EXPECT_EQ(kmalloc_live(), live);
}

/* Locks of an emulator with few cores may be slow: no longer than this. */
#define CHURN_NS 1000000000ULL

/* Each CPU keeps objects of random sizes, filled with its own byte. */
static int churn(void *arg)
{
	static const u16 sizes[] = { 16, 40, 100, 256, 700, 2048, 5000, 64 };
	u8 *slot[32] = { 0 };
	u64 seed = smp_processor_id() + 1, end = ktime_ns() + CHURN_NS;
	int bad = 0;

	for (int i = 0; i < 3000 && ktime_ns() < end; i++) {
		unsigned int k;
		size_t size;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
		k = seed >> 59;
		size = sizes[k % ARRAY_SIZE(sizes)];
		if (slot[k]) {
			bad += memchr_inv(slot[k], (int)(k * 8 + 1), size) !=
			       NULL;
			kfree(slot[k]);
			slot[k] = NULL;
		} else {
			slot[k] = kmalloc(size);
			if (slot[k])
				memset(slot[k], (int)(k * 8 + 1), size);
		}
	}
	for (unsigned int k = 0; k < ARRAY_SIZE(slot); k++)
		kfree(slot[k]);
	return bad;
}

KTEST(slab, all_cpus_at_once)
{
	size_t live = kmalloc_live();

	EXPECT_EQ(on_all_cpus_run(churn, NULL), 0);
	EXPECT_EQ(kmalloc_live(), live);
	EXPECT(!page_check());
}

/* Every allocation of a request can fail, and then nothing is left behind. */
KTEST(slab, failure_can_be_injected)
{
	unsigned int n;

	for (n = 1; n < 10; n++) {
		size_t live = kmalloc_live();
		void *p;

		slab_drain(); /* no slab is given back for another try */
		fail_nth(n);
		p = kmalloc(3 * PAGE_SIZE);
		if (!fail_end()) {
			EXPECT(p);
			kfree(p);
			break;
		}
		EXPECT(!p);
		EXPECT_EQ(kmalloc_live(), live);
	}
	EXPECT_EQ(n, 3); /* one for kmalloc, one for the pages */
}
