// SPDX-License-Identifier: MIT
/*
 * kernel/lib/printf.c: against the C library where both mean the same, against
 * fixed text for the %p family, and at buffer edges.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#pragma GCC diagnostic ignored "-Wformat"
#pragma GCC diagnostic ignored "-Wformat-overflow"
#pragma GCC diagnostic ignored "-Wformat-extra-args"

#define CHECK_FORMAT(want, ...)                                     \
	do {                                                        \
		char buf_[256];                                     \
		int n_ = snprintf(buf_, sizeof(buf_), __VA_ARGS__); \
		CHECK_STR(buf_, want);                              \
		CHECK_EQ(n_, strlen(want));                         \
	} while (0)

/* The same text and length as the C library gives. */
#define CHECK_SAME(...)                                              \
	do {                                                         \
		char a_[512], b_[512];                               \
		int n_ = snprintf(a_, sizeof(a_), __VA_ARGS__);      \
		int m_ = host_snprintf(b_, sizeof(b_), __VA_ARGS__); \
		CHECK_STR(a_, b_);                                   \
		CHECK_EQ(n_, m_);                                    \
	} while (0)

UNIT(printf, plain_text)
{
	CHECK_FORMAT("hello", "hello");
	CHECK_FORMAT("100%", "100%%");
}

UNIT(printf, every_flag_and_width_as_in_libc)
{
	static const char *const flags[] = { "",  "-",	"0",  "+",  " ",
					     "#", "-#", "+0", "#0", "-+" };
	static const char *const counts[] = { "",   "1",  "7",	 ".0",
					      ".1", ".5", "9.4", "12" };
	static const char *const convs[] = { "d", "i",	"u",  "x",   "X",
					     "o", "hd", "hx", "hhd", "hhu" };
	static const int values[] = { 0,    1,	     -1,      9,   -10,
				      4096, INT_MAX, INT_MIN, 255, -32769 };
	char fmt[32];

	for (size_t f = 0; f < ARRAY_SIZE(flags); f++)
		for (size_t w = 0; w < ARRAY_SIZE(counts); w++)
			for (size_t c = 0; c < ARRAY_SIZE(convs); c++) {
				host_snprintf(fmt, sizeof(fmt), "[%%%s%s%s]",
					      flags[f], counts[w], convs[c]);
				for (size_t v = 0; v < ARRAY_SIZE(values); v++)
					CHECK_SAME(fmt, values[v]);
			}
}

UNIT(printf, long_lengths)
{
	CHECK_SAME("%ld %lu %lx", LONG_MIN, ULONG_MAX, 0x123456789abcdefUL);
	CHECK_SAME("%lld %llu %llx", LLONG_MIN, ULLONG_MAX, 1ULL << 63);
	CHECK_SAME("%zu %zd %td", (size_t)-1, (ssize_t)-1, (ptrdiff_t)-5);
	CHECK_SAME("%llo %#llo", ULLONG_MAX, 8ULL);
	CHECK_SAME("%016lx|%-20lx|%#20lx", 0xabcUL, 0xabcUL, 0xabcUL);
}

UNIT(printf, strings_and_characters)
{
	CHECK_SAME("[%s][%10s][%-10s][%.2s][%5.1s]", "abc", "abc", "abc", "abc",
		   "abc");
	CHECK_SAME("[%c][%3c][%-3c]", 'x', 'y', 'z');
	CHECK_SAME("[%*d][%-*d][%.*s]", 6, 42, 6, 42, 2, "abcdef");
	CHECK_SAME("[%*d]", -6, 42);
	CHECK_SAME("[%.*d][%.*s]", -3, 42, -1, "abc");
	CHECK_FORMAT("(null)", "%s", (char *)NULL);
}

UNIT(printf, precision_bounds_an_unterminated_string)
{
	char raw[4] = { 'a', 'b', 'c', 'd' };

	CHECK_FORMAT("abcd", "%.4s", raw);
}

/* PF2 */
UNIT(printf, never_passes_the_end_PF1)
{
	char buf[8];

	for (size_t size = 0; size <= sizeof(buf); size++) {
		memset(buf, '#', sizeof(buf));
		CHECK_EQ(snprintf(buf, size, "%s-%d", "abcd", 1234), 9);
		if (size)
			CHECK_EQ(strlen(buf), size - 1);
		for (size_t i = size; i < sizeof(buf); i++)
			CHECK_EQ(buf[i], '#');
	}
}

UNIT(printf, scnprintf_tells_what_was_written)
{
	char buf[4];

	CHECK_EQ(scnprintf(buf, sizeof(buf), "%s", "abcdef"), 3);
	CHECK_EQ(scnprintf(buf, sizeof(buf), "%s", "ab"), 2);
	CHECK_EQ(scnprintf(buf, 0, "%s", "ab"), 0);
}

UNIT(printf, unknown_or_cut_conversions_are_dropped)
{
	CHECK_FORMAT("a b", "a%y b");
	CHECK_FORMAT("a", "a%");
	CHECK_FORMAT("a", "a%-08.3l");
}

UNIT(printf, pointers)
{
	CHECK_FORMAT("0x0000000000000000", "%p", NULL);
	CHECK_FORMAT("0xffffffff80001234", "%p", (void *)0xffffffff80001234UL);
}

UNIT(printf, bytes)
{
	static const u8 nop5[] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

	CHECK_FORMAT("0f 1f 44 00 00", "%5ph", nop5);
	CHECK_FORMAT("0f 1f", "%*ph", 2, nop5);
	CHECK_FORMAT("", "%ph", nop5);
}

UNIT(printf, error_pointers)
{
	CHECK_FORMAT("-ENOMEM", "%pe", ERR_PTR(-ENOMEM));
	CHECK_FORMAT("[  -EINVAL]", "[%9pe]", ERR_PTR(-EINVAL));
	CHECK_FORMAT("-4000", "%pe", ERR_PTR(-4000));
	CHECK_FORMAT("0x0000000000001000", "%pe", (void *)0x1000UL);
}

static const char *fake_symbol(unsigned long addr, unsigned long *off,
			       unsigned long *size)
{
	if (addr < 0x1000 || addr >= 0x1040)
		return NULL;
	*off = addr - 0x1000;
	*size = 0x40;
	return "start_thread";
}

UNIT(printf, symbols)
{
	CHECK_FORMAT("0x1004", "%pS", (void *)0x1004UL);
	printf_symbol = fake_symbol;
	CHECK_FORMAT("start_thread+0x4/0x40", "%pS", (void *)0x1004UL);
	CHECK_FORMAT("start_thread+0x0/0x40", "%pS", (void *)0x1000UL);
	CHECK_FORMAT("start_thread", "%ps", (void *)0x1004UL);
	CHECK_FORMAT("[start_thread   ]", "[%-15ps]", (void *)0x1000UL);
	CHECK_FORMAT("0x1040", "%pS", (void *)0x1040UL);
	CHECK_FORMAT("0x1040", "%ps", (void *)0x1040UL);
	CHECK_FORMAT("0x1041", "%pB", (void *)0x1041UL);
	CHECK_FORMAT("0x0", "%pS", NULL);
	CHECK_FORMAT("[  0x1040]", "[%8pS]", (void *)0x1040UL);
	CHECK_FORMAT("[0x1040  ]", "[%-8pS]", (void *)0x1040UL);
	/* A call as the last instruction returns behind its function. */
	CHECK_FORMAT("start_thread+0x40/0x40", "%pB", (void *)0x1040UL);
	printf_symbol = NULL;
}

UNIT(printf, errno_names)
{
	CHECK_STR(errno_name(EBUSY), "EBUSY");
	CHECK_STR(errno_name(-EBUSY), "EBUSY");
	CHECK(!errno_name(0));
	CHECK(!errno_name(4095));
	CHECK(!errno_name(INT_MIN));
	CHECK(IS_ERR(ERR_PTR(-1)) && IS_ERR(ERR_PTR(-MAX_ERRNO)));
	CHECK(!IS_ERR(NULL) && IS_ERR_OR_NULL(NULL));
	CHECK(!IS_ERR((void *)(-4096L)));
}
