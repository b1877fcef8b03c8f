// SPDX-License-Identifier: MIT
/*
 * The library as the kernel's own compiler flags built it: what could differ
 * from the host, where tests/unit tests it at length.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/bitmap.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"

#define ROOM 96

static void fill(u8 *buf)
{
	for (size_t i = 0; i < ROOM; i++)
		buf[i] = (u8)(i * 7 + 1);
}

KTEST(lib, memmove_overlapping)
{
	u8 got[ROOM], want[ROOM], orig[ROOM];
	int bad = 0;

	fill(orig);
	for (size_t from = 0; from < 20; from++)
		for (size_t to = 0; to < 20; to++)
			for (size_t n = 0; n < 70; n += 3) {
				fill(got);
				fill(want);
				for (size_t i = 0; i < n; i++)
					want[to + i] = orig[from + i];
				memmove(got + to, got + from, n);
				bad += memcmp(got, want, ROOM) != 0;
			}
	EXPECT_EQ(bad, 0);
}

KTEST(lib, memset_and_memcpy_touch_only_their_bytes)
{
	u8 src[ROOM], dst[ROOM];
	int bad = 0;

	fill(src);
	for (size_t off = 0; off < 9; off++)
		for (size_t n = 0; n < 40; n++) {
			memset(dst, 0xee, ROOM);
			memcpy(dst + off, src, n);
			bad += memcmp(dst + off, src, n) != 0;
			bad += memchr_inv(dst, 0xee, off) != NULL;
			bad += memchr_inv(dst + off + n, 0xee,
					  ROOM - off - n) != NULL;
		}
	EXPECT_EQ(bad, 0);
}

#define EXPECT_FORMAT(want, ...)                                      \
	do {                                                          \
		char buf_[128];                                       \
		snprintf(buf_, sizeof(buf_), __VA_ARGS__);            \
		if (!EXPECT(!strcmp(buf_, want)))                     \
			ktest_note("\"%s\", not \"%s\"", buf_, want); \
	} while (0)

KTEST(lib, printf)
{
	EXPECT_FORMAT("-7 4294967289 fffffff9 0x0007", "%d %u %x %#06x", -7,
		      -7U, -7U, 7);
	EXPECT_FORMAT("-9223372036854775808", "%lld", LLONG_MIN);
	EXPECT_FORMAT("[  ab][ab  ][a]", "[%4s][%-4s][%.1s]", "ab", "ab", "ab");
	EXPECT_FORMAT("-EBUSY", "%pe", ERR_PTR(-EBUSY));
	EXPECT_FORMAT("cc 1f 44", "%*ph", 3, "\xcc\x1f\x44");
}

KTEST(lib, printf_knows_the_kernels_symbols)
{
	unsigned long off, size, addr = (unsigned long)ktest_note + 4;
	char want[128];

	ASSERT(kallsyms_lookup(addr, &off, &size));
	EXPECT_EQ(off, 4);
	EXPECT_FORMAT("ktest_note", "%ps", (void *)addr);
	snprintf(want, sizeof(want), "ktest_note+0x4/0x%lx", size);
	EXPECT_FORMAT(want, "%pS", (void *)addr);
	EXPECT_FORMAT("0x10", "%pS", (void *)16UL);
}

static int cmp_u32(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

KTEST(lib, sorting)
{
	static u32 a[257]; /* too large for a stack of 16 KiB */
	u32 seed = 1;
	int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		a[i] = seed = seed * 1664525 + 1013904223;
	sort(a, ARRAY_SIZE(a), sizeof(a[0]), cmp_u32);
	for (size_t i = 1; i < ARRAY_SIZE(a); i++)
		bad += a[i - 1] > a[i];
	EXPECT_EQ(bad, 0);
}

KTEST(lib, glob_and_bitmap)
{
	DECLARE_BITMAP(map, 200) = { 0 };

	EXPECT(glob_match("*lock[!a-z]?", "spin_lock_x"));
	EXPECT(!glob_match("*lock[!a-z]?", "spin_locks"));
	bitmap_set(map, 60, 70);
	EXPECT_EQ(bitmap_weight(map, 200), 70);
	EXPECT_EQ(bitmap_find_zero_area(map, 200, 0, 61), 130);
}
