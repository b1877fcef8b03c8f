// SPDX-License-Identifier: MIT
/*
 * kernel/lib/kstrto.c.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/kstrto.h"
#include "tests/unit/unit.h"

#define CHECK_ULL(text, base, want)                      \
	do {                                             \
		u64 v_ = 99;                             \
		CHECK_EQ(kstrtoull(text, base, &v_), 0); \
		CHECK_EQ(v_, want);                      \
	} while (0)

#define CHECK_BAD(text, base, err)                         \
	do {                                               \
		u64 v_ = 99;                               \
		CHECK_EQ(kstrtoull(text, base, &v_), err); \
		CHECK_EQ(v_, 99);                          \
	} while (0)

UNIT(kstrto, numbers)
{
	CHECK_ULL("0", 10, 0);
	CHECK_ULL("42", 10, 42);
	CHECK_ULL("+42\n", 10, 42);
	CHECK_ULL("18446744073709551615", 10, ULLONG_MAX);
	CHECK_ULL("ffffFFFFffffFFFF", 16, ULLONG_MAX);
	CHECK_ULL("0x1f", 16, 31);
	CHECK_ULL("0X1f", 0, 31);
	CHECK_ULL("017", 0, 15);
	CHECK_ULL("0", 0, 0);
	CHECK_ULL("017", 10, 17);
	CHECK_ULL("101", 2, 5);
}

UNIT(kstrto, refusals_leave_the_result_alone)
{
	CHECK_BAD("", 10, -EINVAL);
	CHECK_BAD("\n", 10, -EINVAL);
	CHECK_BAD("4 2", 10, -EINVAL);
	CHECK_BAD(" 42", 10, -EINVAL);
	CHECK_BAD("42\n\n", 10, -EINVAL);
	CHECK_BAD("-1", 10, -EINVAL);
	CHECK_BAD("++1", 10, -EINVAL);
	CHECK_BAD("0x", 0, -EINVAL);
	CHECK_BAD("0x", 16, -EINVAL);
	CHECK_BAD("08", 0, -EINVAL);
	CHECK_BAD("12a", 10, -EINVAL);
	CHECK_BAD("18446744073709551616", 10, -ERANGE);
	CHECK_BAD("0x10000000000000000", 0, -ERANGE);
}

UNIT(kstrto, signed_limits)
{
	s64 v = 7;

	CHECK_EQ(kstrtoll("-9223372036854775808", 10, &v), 0);
	CHECK_EQ(v, LLONG_MIN);
	CHECK_EQ(kstrtoll("9223372036854775807", 10, &v), 0);
	CHECK_EQ(v, LLONG_MAX);
	CHECK_EQ(kstrtoll("9223372036854775808", 10, &v), -ERANGE);
	CHECK_EQ(kstrtoll("-9223372036854775809", 10, &v), -ERANGE);
	CHECK_EQ(kstrtoll("-+5", 10, &v), -EINVAL);
	CHECK_EQ(kstrtoll("-", 10, &v), -EINVAL);
	CHECK_EQ(kstrtoll("-0x10", 0, &v), 0);
	CHECK_EQ(v, -16);
}

UNIT(kstrto, unsigned_long)
{
	unsigned long ul;

	CHECK(!kstrtoul("5", 0, &ul) && ul == 5);
	CHECK_EQ(kstrtoul("x", 0, &ul), -EINVAL);
}

UNIT(kstrto, booleans)
{
	static const char *const yes[] = { "1", "y", "Y", "on", "ON", "yes" };
	static const char *const no[] = { "0", "n", "N", "off", "Of", "no" };
	bool v;

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
		CHECK(!kstrtobool(yes[i], &v) && v);
		CHECK(!kstrtobool(no[i], &v) && !v);
	}
	CHECK_EQ(kstrtobool("", &v), -EINVAL);
	CHECK_EQ(kstrtobool("2", &v), -EINVAL);
	CHECK_EQ(kstrtobool("o", &v), -EINVAL);
}
