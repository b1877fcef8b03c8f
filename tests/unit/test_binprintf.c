// SPDX-License-Identifier: MIT
/*
 * Stored prints: the text of the arguments is that of snprintf(), and the bytes
 * are those that readers of Linux' traces expect.
 * host-sources: kernel/lib/binprintf.c kernel/lib/printf.c kernel/lib/string.c
 */
#include "kernel/lib/binprintf.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"

static u32 bin[64];

__printf(2, 3) static int store(size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vbin_printf(bin, size, fmt, ap);
	va_end(ap);
	return n;
}

#define SAME(...)                                                            \
	do {                                                                 \
		char direct_[128], later_[128];                              \
		int n_ = store(sizeof(bin), __VA_ARGS__);                    \
                                                                             \
		CHECK(n_ >= 0 && n_ % 4 == 0);                               \
		snprintf(direct_, sizeof(direct_), __VA_ARGS__);             \
		bstr_printf(later_, sizeof(later_), FIRST(__VA_ARGS__), bin, \
			    n_);                                             \
		CHECK(!strcmp(direct_, later_));                             \
	} while (0)
#define FIRST(...)	 FIRST_(__VA_ARGS__, 0)
#define FIRST_(fmt, ...) fmt

UNIT(binprintf, the_text_is_that_of_snprintf)
{
	SAME("nothing");
	SAME("%d %i %u %x %X %o", -1, 2, 3U, 0xabU, 0xcdU, 8U);
	SAME("%ld %lu %llx %zu", -5L, ~0UL, 1ULL << 63, (size_t)77);
	SAME("%c%c%%%c", 'a', 'b', 'c');
	SAME("%hd %hhu", 70000, 300);
	SAME("[%s] [%10s] [%-10s] [%.2s]", "one", "two", "three", "four");
	SAME("%s%d%s%lx", "odd", 1, "", 2UL);
	SAME("%*d|%-*d|%.*s", 6, 42, 6, 42, 2, "xyz");
	SAME("%p", (void *)0x1234);
	SAME("%08x %+d %#x", 0x12U, 5, 0x77U);
	SAME("at the end %d", 9);
}

UNIT(binprintf, the_bytes_of_arguments)
{
	CHECK_EQ(store(sizeof(bin), "%d %lx %d", 1, 0x200000003UL, 4), 16);
	CHECK_EQ(bin[0], 1); /* 8 bytes lie at a multiple of 4 */
	CHECK_EQ(bin[1], 3);
	CHECK_EQ(bin[2], 2);
	CHECK_EQ(bin[3], 4);
	CHECK_EQ(store(sizeof(bin), "%s %d", "abcd", 5), 12);
	CHECK(!strcmp((const char *)bin, "abcd"));
	CHECK_EQ(bin[2], 5);
}

UNIT(binprintf, what_does_not_fit_is_refused)
{
	CHECK_EQ(store(4, "%d", 1), 4);
	CHECK_EQ(store(4, "%d %d", 1, 2), -ENOSPC);
	CHECK_EQ(store(4, "%ld", 1L), -ENOSPC);
	CHECK_EQ(store(4, "%s", "abc"), 4);
	CHECK_EQ(store(4, "%s", "abcd"), -ENOSPC);
	CHECK_EQ(store(5, "%s", "abcd"), -ENOSPC);
}

UNIT(binprintf, a_text_ends_where_the_arguments_end)
{
	char text[64];
	int n = store(sizeof(bin), "%d %s", 17, "abc");

	CHECK_EQ(n, 8);
	bstr_printf(text, sizeof(text), "%d %s", bin, 4);
	CHECK(!strcmp(text, "17 "));
	bstr_printf(text, sizeof(text), "%d %s", bin, 7); /* no NUL */
	CHECK(!strcmp(text, "17 "));
	bstr_printf(text, sizeof(text), "a%ld", bin, 4);
	CHECK(text[0] == 'a');
	bstr_printf(text, 4, "%d %s", bin, 8);
	CHECK(!strcmp(text, "17 "));
}
