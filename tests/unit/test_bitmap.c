// SPDX-License-Identifier: MIT
/*
 * kernel/lib/bitmap.c, against an array of bools.
 */
#include "kernel/lib/bitmap.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define BITS 200

struct both {
	DECLARE_BITMAP(map, BITS);
	bool model[BITS];
};

static size_t model_next(const struct both *b, size_t size, size_t from,
			 bool value)
{
	while (from < size && b->model[from] != value)
		from++;
	return min(from, size);
}

static size_t model_zero_area(const struct both *b, size_t size, size_t from,
			      size_t nr)
{
	for (; from + nr <= size; from++) {
		size_t n = 0;

		while (n < nr && !b->model[from + n])
			n++;
		if (n == nr)
			return from;
	}
	return size;
}

static void compare(const struct both *b, size_t size, size_t from, size_t nr)
{
	size_t weight = 0;

	for (size_t i = 0; i < size; i++) {
		CHECK_EQ(test_bit(i, b->map), b->model[i]);
		weight += b->model[i];
	}
	CHECK_EQ(bitmap_weight(b->map, size), weight);
	CHECK_EQ(find_next_bit(b->map, size, from),
		 model_next(b, size, from, true));
	CHECK_EQ(find_next_zero_bit(b->map, size, from),
		 model_next(b, size, from, false));
	if (from < size)
		CHECK_EQ(bitmap_find_zero_area(b->map, size, from, nr),
			 model_zero_area(b, size, from, nr));
}

UNIT(bitmap, random_operations_agree_with_a_model)
{
	struct both b;
	u64 seed = 1;

	memset(&b, 0, sizeof(b));
	for (int i = 0; i < 3000; i++) {
		size_t from = host_random(&seed) % BITS;
		size_t nr = host_random(&seed) % (BITS - from + 1);
		bool set = host_random(&seed) % 2;

		if (host_random(&seed) % 8)
			nr = min(nr, (size_t)5);
		if (set)
			bitmap_set(b.map, from, nr);
		else
			bitmap_clear(b.map, from, nr);
		for (size_t k = 0; k < nr; k++)
			b.model[from + k] = set;
		compare(&b, 1 + host_random(&seed) % BITS,
			host_random(&seed) % BITS, 1 + host_random(&seed) % 20);
	}
}

UNIT(bitmap, single_bits)
{
	DECLARE_BITMAP(map, BITS) = { 0 };

	__set_bit(0, map);
	__set_bit(63, map);
	__set_bit(64, map);
	__set_bit(199, map);
	CHECK_EQ(bitmap_weight(map, BITS), 4);
	CHECK(!test_bit(65, map) && test_bit(63, map));
	CHECK_EQ(hweight64(0), 0);
	CHECK_EQ(hweight64(~0ULL), 64);
	CHECK_EQ(hweight64(0x8000000000000001ULL), 2);
}
