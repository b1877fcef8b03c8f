// SPDX-License-Identifier: MIT
/*
 * kernel/lib/string.c, mem.c, ctype.h.
 */
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

/* Past every length at which the code takes another way (16, 32, 48). */
#define LEN_MAX 100
#define ROOM	160

static void fill(u8 *buf)
{
	for (size_t i = 0; i < ROOM; i++)
		buf[i] = (u8)(i * 7 + 1);
}

static bool same(const u8 *a, const u8 *b)
{
	for (size_t i = 0; i < ROOM; i++)
		if (a[i] != b[i])
			return false;
	return true;
}

/* Every length, offset and direction of overlap, against a byte-wise copy. */
/* ME3 */
UNIT(mem, memmove_overlapping)
{
	u8 got[ROOM], want[ROOM], orig[ROOM];

	fill(orig);
	for (size_t from = 0; from < 24; from++)
		for (size_t to = 0; to < 24; to++)
			for (size_t n = 0; n < LEN_MAX; n++) {
				fill(got);
				fill(want);
				for (size_t i = 0; i < n; i++)
					want[to + i] = orig[from + i];
				CHECK(memmove(got + to, got + from, n) ==
				      got + to);
				CHECK(same(got, want));
			}
}

UNIT(mem, memmove_far_apart_in_both_directions)
{
	u8 got[ROOM], want[ROOM], orig[ROOM];

	fill(orig);
	for (size_t apart = 24; apart < ROOM - LEN_MAX; apart++)
		for (size_t n = 44; n < LEN_MAX; n++) {
			fill(got);
			fill(want);
			for (size_t i = 0; i < n; i++)
				want[apart + i] = orig[i];
			memmove(got + apart, got, n);
			CHECK(same(got, want));
			fill(got);
			fill(want);
			for (size_t i = 0; i < n; i++)
				want[i] = orig[apart + i];
			memmove(got, got + apart, n);
			CHECK(same(got, want));
		}
}

UNIT(mem, memcpy_and_memset_touch_only_their_bytes)
{
	u8 src[ROOM], dst[ROOM], want[ROOM];

	fill(src);
	for (size_t off = 0; off < 9; off++)
		for (size_t n = 0; n < LEN_MAX; n++) {
			for (size_t i = 0; i < ROOM; i++)
				dst[i] = want[i] = 0xee;
			for (size_t i = 0; i < n; i++)
				want[off + i] = src[3 + i];
			CHECK(memcpy(dst + off, src + 3, n) == dst + off);
			CHECK(same(dst, want));
			for (size_t i = 0; i < n; i++)
				want[off + i] = 0xa5;
			CHECK(memset(dst + off, 0x1a5, n) == dst + off);
			CHECK(same(dst, want));
		}
}

/* Each length, alignment and place of the one byte that differs. */
UNIT(mem, memcmp_finds_every_difference)
{
	u8 a[ROOM], b[ROOM + 1];

	for (size_t off = 0; off < 9; off++)
		for (size_t n = 0; n < LEN_MAX; n++) {
			u8 *x = a + 8, *y = b + off;

			fill(a);
			for (size_t i = 0; i < n; i++)
				y[i] = x[i];
			/* What follows differs, and is none of its business. */
			y[n] = (u8)~x[n];
			CHECK_EQ(memcmp(x, y, n), 0);
			for (size_t i = 0; i < n; i++) {
				x[i] = 0x7f;
				y[i] = 0x80;
				CHECK(memcmp(x, y, n) < 0);
				CHECK(memcmp(y, x, n) > 0);
				y[i] = x[i];
			}
		}
}

/* The first difference decides, whatever comes behind it. */
UNIT(mem, memcmp_goes_by_the_first_difference)
{
	u8 a[24] = { 0 }, b[24] = { 0 };

	for (size_t n = 2; n <= sizeof(a); n++)
		for (size_t i = 0; i + 1 < n; i++) {
			a[i] = 2;
			b[i] = 1;
			a[i + 1] = 0;
			b[i + 1] = 0xff;
			CHECK(memcmp(a, b, n) > 0);
			a[i] = b[i] = a[i + 1] = b[i + 1] = 0;
		}
}

UNIT(mem, memcmp_is_unsigned_and_bounded)
{
	CHECK(memcmp("\x80", "\x7f", 1) > 0);
	CHECK(memcmp("abc", "abd", 3) < 0);
	CHECK_EQ(memcmp("abc", "abd", 2), 0);
	CHECK_EQ(memcmp("a", "b", 0), 0);
}

UNIT(mem, memchr_and_its_inverse)
{
	const char *s = "aaab";

	CHECK(memchr(s, 'b', 4) == s + 3);
	CHECK(!memchr(s, 'b', 3));
	CHECK(memchr_inv(s, 'a', 4) == s + 3);
	CHECK(!memchr_inv(s, 'a', 3));
}

UNIT(string, lengths_and_comparison)
{
	char raw[3] = { 'a', 'b', 'c' };

	CHECK_EQ(strlen(""), 0);
	CHECK_EQ(strlen("abc"), 3);
	CHECK_EQ(strnlen(raw, 3), 3);
	CHECK_EQ(strnlen("ab", 9), 2);
	CHECK(strcmp("a", "b") < 0 && strcmp("b", "a") > 0);
	CHECK(strcmp("a", "") > 0 && strcmp("\xff", "a") > 0);
	CHECK_EQ(strcmp("same", "same"), 0);
	CHECK_EQ(strncmp("abc", "abd", 2), 0);
	CHECK(strncmp("abc", "abd", 3) < 0);
	CHECK_EQ(strncmp("a", "a", 100), 0);
}

UNIT(string, searching)
{
	const char *s = "kernel/lib/string.c";

	CHECK(strchr(s, '/') == s + 6);
	CHECK(strrchr(s, '/') == s + 10);
	CHECK(strchr(s, '\0') == s + 19 && strrchr(s, '\0') == s + 19);
	CHECK(!strchr(s, 'z') && !strrchr(s, 'z'));
	CHECK(strstr(s, "lib") == s + 7);
	CHECK(strstr(s, "") == s);
	CHECK(!strstr(s, "libs") && !strstr("", "a"));
	CHECK_EQ(strspn("  x", " "), 2);
	CHECK_EQ(strcspn("ab:c", ":;"), 2);
	CHECK_EQ(strcspn("ab", ":;"), 2);
	CHECK(str_has_prefix("mode=demo", "mode="));
	CHECK(!str_has_prefix("mod", "mode="));
}

UNIT(string, strscpy_terminates_and_reports)
{
	char buf[4];

	CHECK_EQ(strscpy(buf, "abc", sizeof(buf)), 3);
	CHECK_STR(buf, "abc");
	CHECK_EQ(strscpy(buf, "abcd", sizeof(buf)), -E2BIG);
	CHECK_STR(buf, "abc");
	CHECK_EQ(strscpy(buf, "", sizeof(buf)), 0);
	CHECK_STR(buf, "");
	CHECK_EQ(strscpy(buf, "x", 0), -E2BIG);
	CHECK_EQ(strscpy(buf, "x", 1), -E2BIG);
	CHECK_STR(buf, "");
}

UNIT(string, strsep_gives_empty_fields_too)
{
	char text[] = "a,,b:";
	char *s = text;

	CHECK_STR(strsep(&s, ",:"), "a");
	CHECK_STR(strsep(&s, ",:"), "");
	CHECK_STR(strsep(&s, ",:"), "b");
	CHECK_STR(strsep(&s, ",:"), "");
	CHECK(!s && !strsep(&s, ",:"));
}

UNIT(string, strim)
{
	char text[] = " \t echo 1 > x \n";
	char blank[] = " \n";
	char empty[] = "";

	CHECK_STR(strim(text), "echo 1 > x");
	CHECK_STR(strim(blank), "");
	CHECK_STR(strim(empty), "");
	CHECK_STR(skip_spaces("  a "), "a ");
}

UNIT(ctype, classes)
{
	int letters = 0, digits = 0, spaces = 0, printable = 0;

	for (int c = -128; c < 256; c++) {
		letters += isalpha(c);
		digits += isdigit(c);
		spaces += isspace(c);
		printable += isprint(c);
		CHECK_EQ(isalnum(c), isalpha(c) || isdigit(c));
	}
	CHECK_EQ(letters, 52);
	CHECK_EQ(digits, 10);
	CHECK_EQ(spaces, 6);
	CHECK_EQ(printable, 95);
	CHECK_EQ(tolower('Q'), 'q');
	CHECK_EQ(toupper('q'), 'Q');
	CHECK_EQ(tolower('['), '[');
	CHECK_EQ(digit_value('f'), 15);
	CHECK_EQ(digit_value('Z'), 35);
	CHECK_EQ(digit_value(':'), 36);
}
