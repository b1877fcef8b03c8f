// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/patch/text_poke_index.c: the index of a batch by page, and the
 * search in it. Each batch has memory of its own, of its size, and is freed
 * before the next one: ASan sees a read of an older batch, or behind the end.
 *
 * host-sources: arch/x86_64/patch/text_poke_index.c
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define MAX_RANGES 64
#define TEXT	   0xffffffff80100000UL /* page 0 of the tests */

static struct poke_range ranges[MAX_RANGES];
static struct poke_index index;
static unsigned long tag;
static struct text_poke *vec;
static size_t n;

/* No batch yet. */
static void use_ranges(size_t how_many)
{
	memset(ranges, 0, sizeof(ranges));
	index.ranges = ranges;
	index.mask = (how_many - 1) * sizeof(*ranges);
	tag = 1;
}

static void new_batch(size_t sites)
{
	n = 0;
	vec = host_malloc(sites * sizeof(*vec));
}

static void add_site(unsigned long ip)
{
	vec[n++].ip = ip;
}

/* Sites at page, first, first + apart and so on. */
static void add_sites(size_t page, size_t first, size_t apart, size_t how_many)
{
	for (size_t i = 0; i < how_many; i++)
		add_site(TEXT + page * PAGE_SIZE + first + i * apart);
}

static void publish(void)
{
	tag += 2;
	poke_index_fill(index, tag, vec, n);
}

static void end_batch(void)
{
	host_free(vec);
	vec = NULL;
}

static const struct text_poke *find(unsigned long ip)
{
	return poke_search(poke_range_of(index, ip), tag, ip);
}

/* The same answer, the slow way. */
static const struct text_poke *slow_find(unsigned long ip)
{
	for (size_t i = 0; i < n; i++)
		if (vec[i].ip == ip)
			return &vec[i];
	return NULL;
}

static void check(unsigned long ip)
{
	CHECK_EQ((unsigned long)find(ip), (unsigned long)slow_find(ip));
}

/* Each site is found, and nothing beside it. */
static void check_sites(void)
{
	for (size_t i = 0; i < n; i++) {
		CHECK_EQ((unsigned long)find(vec[i].ip),
			 (unsigned long)&vec[i]);
		check(vec[i].ip - 1);
		check(vec[i].ip + 1);
		check(vec[i].ip & ~(PAGE_SIZE - 1));
		check(vec[i].ip | (PAGE_SIZE - 1));
	}
}

static void publish_and_check(void)
{
	publish();
	check_sites();
	end_batch();
}

UNIT(text_poke_index, every_number_of_sites_in_a_page_PI1)
{
	use_ranges(4);
	for (size_t sites = 0; sites <= 130; sites++) {
		new_batch(sites);
		add_sites(0, 16, 10, sites);
		publish();
		for (unsigned long at = 0; at < 40 + 10 * sites; at++)
			check(TEXT + at);
		end_batch();
	}
}

/* Whatever the length of the strides in which a page's end is looked for. */
UNIT(text_poke_index, a_page_ends_after_any_number_of_sites_PI1)
{
	use_ranges(4);
	for (size_t sites = 1; sites <= 40; sites++)
		for (size_t behind = 1; behind <= 20; behind++) {
			new_batch(sites + behind);
			add_sites(0, 100, 7, sites);
			add_sites(1, 0, 9, behind);
			publish_and_check();
		}
}

UNIT(text_poke_index, first_and_last_byte_of_a_page_PI1)
{
	use_ranges(8);
	new_batch(8);
	add_site(TEXT);
	add_site(TEXT + PAGE_SIZE - 1); /* cut by the end of its page */
	add_site(TEXT + PAGE_SIZE + 4);
	add_site(TEXT + 2 * PAGE_SIZE - 3);
	add_site(TEXT + 2 * PAGE_SIZE + 2);
	add_site(TEXT + 4 * PAGE_SIZE - 1); /* alone */
	add_site(TEXT + 5 * PAGE_SIZE);	    /* alone */
	add_site(TEXT + 6 * PAGE_SIZE - 1);
	publish_and_check();
}

UNIT(text_poke_index, ends_of_the_address_space)
{
	use_ranges(2);
	new_batch(4);
	add_site(0);
	add_site(PAGE_SIZE - 1);
	add_site(~0UL - PAGE_SIZE);
	add_site(~0UL);
	publish_and_check();
}

UNIT(text_poke_index, a_site_at_every_byte_PI1)
{
	use_ranges(4);
	new_batch(PAGE_SIZE + 2);
	add_sites(0, PAGE_SIZE - 1, 1, PAGE_SIZE + 2);
	publish();
	for (size_t i = 0; i < n; i++)
		CHECK_EQ((unsigned long)find(vec[i].ip),
			 (unsigned long)&vec[i]);
	CHECK(!find(vec[0].ip - 1));
	CHECK(!find(vec[n - 1].ip + 1));
	end_batch();
}

UNIT(text_poke_index, a_range_for_each_page_PI1)
{
	use_ranges(MAX_RANGES);
	for (size_t each = 1; each <= 33; each++) {
		new_batch(MAX_RANGES * each);
		for (size_t page = 0; page < MAX_RANGES; page++)
			add_sites(page, page, 16, each);
		publish();
		for (size_t page = 0; page < MAX_RANGES; page++) {
			const struct poke_range *range =
				poke_range_of(index, TEXT + page * PAGE_SIZE);

			/* No wider than the page. */
			CHECK_EQ((unsigned long)range->first,
				 (unsigned long)&vec[page * each]);
			CHECK_EQ((unsigned long)range->second + range->top,
				 (unsigned long)&vec[(page + 1) * each]);
		}
		check_sites();
		end_batch();
	}
}

UNIT(text_poke_index, pages_that_share_a_range_PI1)
{
	for (size_t each = 1; each <= 20; each++) {
		/* Pages 0 and 2 with 1 between them; 3 beside it. */
		use_ranges(2);
		new_batch(4 * each);
		for (size_t page = 0; page < 4; page++)
			add_sites(page, 8, 50, each);
		publish_and_check();
		/* Three in one range, one of them far away; one in another. */
		use_ranges(8);
		new_batch(4 * each);
		add_sites(1, 40, 5, each);
		add_sites(5, 40, 5, each);
		add_sites(9, 41, 5, each);
		add_sites(801, 42, 5, each);
		publish();
		CHECK_EQ((unsigned long)poke_range_of(index, vec[0].ip),
			 (unsigned long)poke_range_of(index, vec[n - 1].ip));
		check_sites();
		/* Pages without sites that share it, too. */
		check(TEXT + 17 * PAGE_SIZE + 40);
		check(TEXT + 793 * PAGE_SIZE + 42);
		end_batch();
	}
}

UNIT(text_poke_index, all_pages_share_one_range_PI1)
{
	use_ranges(1);
	new_batch(100);
	for (size_t page = 0; page < 50; page++)
		add_sites(3 * page, page, 64, 2);
	publish_and_check();
}

/* Their vector is gone. */
UNIT(text_poke_index, ranges_of_older_batches_are_not_searched_PI2)
{
	use_ranges(4);
	new_batch(40);
	for (size_t page = 0; page < 4; page++)
		add_sites(page, 0, 30, 10);
	publish_and_check();
	new_batch(10);
	add_sites(2, 0, 30, 10);
	publish();
	for (size_t page = 0; page < 8; page++)
		for (size_t at = 0; at < 300; at += 30)
			check(TEXT + page * PAGE_SIZE + at);
	check_sites();
	end_batch();
}

/* A range that pages shared in one batch belongs to one of them in the next. */
UNIT(text_poke_index, a_shared_range_is_narrow_again)
{
	use_ranges(4);
	new_batch(30);
	add_sites(0, 0, 30, 10);
	add_sites(1, 0, 30, 10);
	add_sites(4, 0, 30, 10);
	publish_and_check();
	new_batch(10);
	add_sites(4, 0, 30, 10);
	publish();
	CHECK_EQ((unsigned long)poke_range_of(index, TEXT)->first,
		 (unsigned long)vec);
	check_sites();
	end_batch();
}

UNIT(text_poke_index, an_empty_batch_has_no_site)
{
	use_ranges(2);
	CHECK(!find(TEXT)); /* before the first batch */
	new_batch(4);
	add_sites(0, 0, PAGE_SIZE, 4);
	publish_and_check();
	new_batch(0);
	publish();
	for (size_t page = 0; page < 4; page++)
		CHECK(!find(TEXT + page * PAGE_SIZE));
	CHECK(!find(0));
	CHECK(!find(~0UL));
	end_batch();
}

static u64 seed = 26;

static u64 random_below(u64 limit)
{
	return host_random(&seed) % limit;
}

/* Rising by 1 byte to 2 pages, dense and thin parts one after the other. */
static void add_any_sites(size_t how_many)
{
	static const unsigned int gap[] = { 1, 5, 16, 200, 5000, 9000 };
	unsigned long ip = TEXT + random_below(PAGE_SIZE);
	unsigned int most = 1;

	for (size_t i = 0; i < how_many; i++) {
		if (random_below(20) == 0)
			most = gap[random_below(ARRAY_SIZE(gap))];
		ip += 1 + random_below(most);
		add_site(ip);
	}
}

UNIT(text_poke_index, any_batches_PI1_PI2)
{
	static const size_t sizes[] = { 1, 2, 4, 16, 64 };
	unsigned long old[300];

	for (size_t s = 0; s < ARRAY_SIZE(sizes); s++) {
		size_t nr_old = 0;

		use_ranges(sizes[s]);
		for (int turn = 0; turn < 150; turn++) {
			new_batch(ARRAY_SIZE(old));
			add_any_sites(random_below(ARRAY_SIZE(old) + 1));
			publish();
			check_sites();
			/* The sites of the batch before. */
			for (size_t i = 0; i < nr_old; i++)
				check(old[i]);
			for (nr_old = 0; nr_old < n; nr_old++)
				old[nr_old] = vec[nr_old].ip;
			end_batch();
		}
	}
}
