// SPDX-License-Identifier: MIT
/*
 * kernel/lib/sort.c and list.h.
 */
#include "kernel/lib/list.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

struct pair {
	u64 key;
	u32 twin; /* follows its key */
} __packed;

static unsigned int nr_cmp;

static int cmp_pair(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	nr_cmp++;
	return x->key < y->key ? -1 : x->key > y->key;
}

static int cmp_byte(const void *a, const void *b)
{
	return *(const u8 *)a - *(const u8 *)b;
}

/* @kind: 0 random, 1 few values, 2 sorted, 3 reversed, 4 all equal */
static void sort_one(size_t n, int kind, u64 *seed)
{
	struct pair a[200];
	u64 sum = 0;

	for (size_t i = 0; i < n; i++) {
		u64 r = host_random(seed);

		a[i].key = kind == 0 ? r :
			   kind == 1 ? r % 4 :
			   kind == 2 ? i :
			   kind == 3 ? n - i :
				       7;
		a[i].twin = (u32)a[i].key;
		sum += a[i].key;
	}
	sort(a, n, sizeof(a[0]), cmp_pair);
	for (size_t i = 0; i < n; i++) {
		CHECK_EQ(a[i].twin, (u32)a[i].key);
		CHECK(!i || a[i - 1].key <= a[i].key);
		sum -= a[i].key;
	}
	CHECK_EQ(sum, 0);
}

UNIT(sort, any_input)
{
	u64 seed = 1;

	for (size_t n = 0; n < 200; n += n < 20 ? 1 : 17)
		for (int kind = 0; kind < 5; kind++)
			sort_one(n, kind, &seed);
}

UNIT(sort, odd_element_sizes)
{
	u8 bytes[] = { 5, 3, 9, 1, 3 };
	char words[][13] = { "delta", "alpha", "charlie", "bravo" };

	sort(bytes, sizeof(bytes), 1, cmp_byte);
	CHECK(!memcmp(bytes, "\1\3\3\5\x09", 5));
	sort(words, 4, 13, (cmp_fn)strcmp);
	CHECK_STR(words[0], "alpha");
	CHECK_STR(words[3], "delta");
}

UNIT(sort, sorted_input_costs_one_pass)
{
	struct pair a[100];

	for (size_t i = 0; i < 100; i++)
		a[i].key = i;
	nr_cmp = 0;
	sort(a, 100, sizeof(a[0]), cmp_pair);
	CHECK_EQ(nr_cmp, 99);
}

struct item {
	int value;
	struct list_head link;
};

static int sum_digits(struct list_head *head)
{
	struct item *it;
	int n = 0;

	list_for_each_entry(it, head, link)
		n = n * 10 + it->value;
	return n;
}

UNIT(list, add_move_splice_delete)
{
	struct item it[5];
	struct item *pos, *n;
	LIST_HEAD(a);
	LIST_HEAD(b);

	for (int i = 0; i < 5; i++)
		it[i].value = i + 1;
	CHECK(list_empty(&a));
	CHECK(!list_first_entry_or_null(&a, struct item, link));
	list_add_tail(&it[0].link, &a);
	list_add_tail(&it[1].link, &a);
	list_add(&it[2].link, &a);
	CHECK_EQ(sum_digits(&a), 312);
	list_move_tail(&it[2].link, &a);
	list_move(&it[1].link, &a);
	CHECK_EQ(sum_digits(&a), 213);
	CHECK_EQ(list_first_entry(&a, struct item, link)->value, 2);
	CHECK_EQ(list_last_entry(&a, struct item, link)->value, 3);
	list_add_tail(&it[3].link, &b);
	list_add_tail(&it[4].link, &b);
	list_splice_init(&b, &a);
	CHECK(list_empty(&b));
	CHECK_EQ(sum_digits(&a), 45213);
	list_splice_init(&b, &a);
	CHECK_EQ(sum_digits(&a), 45213);
	list_for_each_entry_safe(pos, n, &a, link)
		if (pos->value % 2)
			list_del_init(&pos->link);
	CHECK_EQ(sum_digits(&a), 42);
	CHECK(list_empty(&it[4].link));
	CHECK(list_is_last(&it[1].link, &a));
}
