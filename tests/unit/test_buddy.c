// SPDX-License-Identifier: MIT
/*
 * kernel/base/buddy.c: random allocation and freeing, checked after each step.
 * host-sources: kernel/base/buddy.c
 */
#include "kernel/base/buddy.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define NR_PAGES 5000

static struct buddy zone;
static u8 info[NR_PAGES];
static char *memory;

static void start(void)
{
	if (!memory)
		memory = host_aligned_alloc(
			BUDDY_PAGE_SIZE << BUDDY_MAX_ORDER,
			2 * (BUDDY_PAGE_SIZE << BUDDY_MAX_ORDER));
	memset(info, 0, sizeof(info));
	buddy_init(&zone, memory, NR_PAGES, info);
}

UNIT(buddy, ranges_become_large_blocks)
{
	start();
	buddy_add(&zone, 3, 4100);
	CHECK_EQ(zone.nr_free, 4097);
	CHECK_STR(buddy_check(&zone) ?: "fine", "fine");
	/* A touching range merges with what is there. */
	buddy_add(&zone, 0, 3);
	CHECK(buddy_alloc(&zone, BUDDY_MAX_ORDER) == memory);
	CHECK_EQ(zone.nr_free, 4);
	CHECK_STR(buddy_check(&zone) ?: "fine", "fine");
}

UNIT(buddy, exhaustion_is_null_and_all_comes_back)
{
	void *p;
	size_t n = 0;

	start();
	buddy_add(&zone, 1, 100);
	while ((p = buddy_alloc(&zone, 0))) {
		memset(p, 0x5a, BUDDY_PAGE_SIZE);
		n++;
	}
	CHECK_EQ(n, 99);
	CHECK_EQ(zone.nr_free, 0);
	for (size_t page = 1; page < 100; page++)
		CHECK(buddy_free(&zone, memory + page * BUDDY_PAGE_SIZE, 0));
	CHECK_EQ(zone.nr_free, 99);
	CHECK_STR(buddy_check(&zone) ?: "fine", "fine");
	CHECK(buddy_alloc(&zone, 5) != NULL);
}

UNIT(buddy, wrong_frees_are_refused)
{
	char *p;

	start();
	buddy_add(&zone, 0, 64);
	p = buddy_alloc(&zone, 2);
	CHECK(!buddy_free(&zone, p, 1));
	CHECK(!buddy_free(&zone, p + BUDDY_PAGE_SIZE, 0));
	CHECK(!buddy_free(&zone, p + 8, 2));
	CHECK(!buddy_free(&zone, memory - BUDDY_PAGE_SIZE, 0));
	CHECK(!buddy_free(&zone, memory + NR_PAGES * BUDDY_PAGE_SIZE, 0));
	CHECK(!buddy_free(&zone, p, BUDDY_MAX_ORDER + 1));
	CHECK(!buddy_free_all(&zone, p + BUDDY_PAGE_SIZE));
	CHECK(!buddy_free_all(&zone, p + 8));
	CHECK(!buddy_free_all(&zone, p + 4 * BUDDY_PAGE_SIZE)); /* free */
	CHECK(!buddy_free_all(&zone, memory - BUDDY_PAGE_SIZE));
	CHECK(!buddy_free_all(&zone, memory + NR_PAGES * BUDDY_PAGE_SIZE));
	CHECK(buddy_free(&zone, p, 2));
	CHECK(!buddy_free(&zone, p, 2));
	CHECK(!buddy_free_all(&zone, p));
	CHECK_STR(buddy_check(&zone) ?: "fine", "fine");
}

UNIT(buddy, find_knows_interior_pointers)
{
	unsigned int order = 99;
	char *p, *q;

	start();
	buddy_add(&zone, 0, 64);
	p = buddy_alloc(&zone, 3);
	q = buddy_alloc(&zone, 0);
	CHECK(buddy_find(&zone, p, &order) == p && order == 3);
	CHECK(buddy_find(&zone, p + 5 * BUDDY_PAGE_SIZE + 17, &order) == p);
	CHECK(buddy_find(&zone, q + 4095, &order) == q && order == 0);
	CHECK(!buddy_find(&zone, q + 4096, &order));
	CHECK(!buddy_find(&zone, memory + NR_PAGES * BUDDY_PAGE_SIZE, &order));
	CHECK(!buddy_find(&zone, memory - 1, &order));
}

UNIT(buddy, a_trimmed_allocation_keeps_its_first_pages)
{
	for (size_t nr = 1; nr <= 64; nr++) {
		char *p, *q;

		start();
		buddy_add(&zone, 0, 64);
		p = buddy_alloc(&zone, 6);
		buddy_trim(&zone, p, nr);
		CHECK_EQ(zone.nr_free, 64 - nr);
		CHECK_EQ(buddy_extent(&zone, p), nr);
		CHECK_STR(buddy_check(&zone) ?: "fine", "fine");
		/* All pages behind it can be had. */
		for (size_t page = nr; page < 64; page++) {
			q = buddy_alloc(&zone, 0);
			CHECK(q >= p + nr * BUDDY_PAGE_SIZE);
		}
		CHECK(!buddy_alloc(&zone, 0));
		CHECK_EQ(buddy_extent(&zone, p), nr);
		CHECK(buddy_free_all(&zone, p));
		CHECK_EQ(zone.nr_free, nr);
		CHECK_STR(buddy_check(&zone) ?: "fine", "fine");
	}
}

UNIT(buddy, a_trimmed_allocation_is_freed_as_a_whole)
{
	unsigned int order;
	char *p, *next;

	start();
	buddy_add(&zone, 0, 64);
	p = buddy_alloc(&zone, 4);
	buddy_trim(&zone, p, 11); /* 8, 2, 1 */
	next = p + 8 * BUDDY_PAGE_SIZE;
	CHECK(!buddy_free(&zone, p, 3));
	CHECK(!buddy_free(&zone, p, 4));
	CHECK(!buddy_free(&zone, next, 1));
	CHECK(!buddy_free_all(&zone, next));
	CHECK_EQ(buddy_extent(&zone, next), 0);
	CHECK_EQ(buddy_extent(&zone, p + BUDDY_PAGE_SIZE), 0);
	CHECK_EQ(buddy_extent(&zone, p + 16), 0);
	CHECK(buddy_find(&zone, next - 1, &order) == p && order == 3);
	CHECK(!buddy_find(&zone, next, &order));
	CHECK(!buddy_find(&zone, next + BUDDY_PAGE_SIZE, &order));
	CHECK(buddy_free_all(&zone, p));
	CHECK_EQ(buddy_extent(&zone, p), 0);
	CHECK_EQ(zone.nr_free, 64);
	CHECK(buddy_alloc(&zone, 6) == p); /* all merged again */
}

/* The last page of all: nothing is behind it. */
UNIT(buddy, a_trimmed_allocation_may_end_the_memory)
{
	char *p;

	start();
	buddy_add(&zone, NR_PAGES - 8, NR_PAGES);
	p = buddy_alloc(&zone, 3);
	CHECK_EQ(buddy_extent(&zone, p), 8);
	buddy_trim(&zone, p, 7);
	CHECK_EQ(buddy_extent(&zone, p), 7);
	CHECK(buddy_free_all(&zone, p));
}

UNIT(buddy, random_life)
{
	struct {
		char *p;
		size_t nr;
	} live[300] = { 0 };
	u64 seed = 1;

	start();
	buddy_add(&zone, 7, 1500);
	buddy_add(&zone, 1600, 4999);
	for (int i = 0; i < 20000; i++) {
		size_t k = host_random(&seed) % ARRAY_SIZE(live);

		if (live[k].p) {
			CHECK(!memchr_inv(live[k].p, (int)k & 0xff, 64));
			CHECK_EQ(buddy_extent(&zone, live[k].p), live[k].nr);
			CHECK(buddy_free_all(&zone, live[k].p));
			live[k].p = NULL;
		} else {
			unsigned int order = host_random(&seed) % 7;

			live[k].p = buddy_alloc(&zone, order);
			if (!live[k].p)
				continue;
			memset(live[k].p, (int)k & 0xff, 64);
			live[k].nr = BIT(order);
			if (host_random(&seed) % 2)
				continue;
			live[k].nr = 1 + host_random(&seed) % BIT(order);
			buddy_trim(&zone, live[k].p, live[k].nr);
		}
		if (i % 500 == 0)
			CHECK_STR(buddy_check(&zone) ?: "fine", "fine");
	}
	for (size_t k = 0; k < ARRAY_SIZE(live); k++)
		if (live[k].p)
			CHECK(buddy_free_all(&zone, live[k].p));
	CHECK_EQ(zone.nr_free, 1493 + 3399);
	CHECK_STR(buddy_check(&zone) ?: "fine", "fine");
}

/* The checker itself: each kind of damage is found. BU1, BU2, BU3, BU4 */
UNIT(buddy, damage_is_found)
{
	char *p;

	start();
	buddy_add(&zone, 0, 64);
	p = buddy_alloc(&zone, 2);
	zone.nr_free--;
	CHECK(buddy_check(&zone) != NULL);
	zone.nr_free++;
	info[1] = 0x40;
	CHECK(buddy_check(&zone) != NULL);
	info[1] = 0;
	info[0] = 0x42 + 1; /* order 3 instead of 2 */
	CHECK(buddy_check(&zone) != NULL);
	info[0] = 0x42;
	info[4] |= 0x20; /* a free block goes on */
	CHECK_STR(buddy_check(&zone) ?: "fine",
		  "BU4: a block that continues nothing");
	info[4] &= ~0x20;
	CHECK(buddy_free(&zone, p, 2));
	p = buddy_alloc(&zone, 2);
	info[0] |= 0x20; /* with nothing in front */
	CHECK_STR(buddy_check(&zone) ?: "fine",
		  "BU4: a block that continues nothing");
	info[0] &= ~0x20;
	CHECK_STR(buddy_check(&zone) ?: "fine", "fine");
	CHECK(buddy_free(&zone, p, 2));
}
