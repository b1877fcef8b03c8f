// SPDX-License-Identifier: MIT
/*
 * memcpy, memmove, memset, memcmp: the functions that gcc calls on its own.
 *
 * A string instruction takes 30 cycles to start on real processors, and most
 * copies here have a few bytes. So up to COPY_SHORT bytes are copied as two,
 * four or six words that overlap in the middle. Only longer copies use `rep`,
 * and store their last word by itself instead of a second `rep` for the tail.
 *
 * Invariants:
 * ME1 nothing here is traceable, since gcc may emit such a call anywhere, even
 *    between a trampoline and its recursion guard.
 * ME2 nothing here calls any function, itself included: the Makefile compiles
 *    this file without the pass that turns loops into such calls, and a test
 *    checks the machine code.
 * ME3 a short copy loads all its words before the first store, and so does a
 *    long one with the words at its ends: memmove needs that order, and memcpy
 *    is the same code.
 *
 * Context: any.  The direction flag is clear, as the ABI requires.
 */
#include "kernel/lib/string.h"

#define COPY_SHORT 48

/* Words at any address, in memory of any type. */
typedef u16 __attribute__((may_alias, aligned(1))) any16;
typedef u32 __attribute__((may_alias, aligned(1))) any32;
typedef u64 __attribute__((may_alias, aligned(1))) any64;

#define load(type, p)	  (*(const type *)(p))
#define store(type, p, v) (*(type *)(p) = (v))

/* 0 to 7 bytes. */
static __always_inline void copy_below_word(u8 *to, const u8 *from, size_t n)
{
	if (n >= 4) {
		u32 a = load(any32, from), b = load(any32, from + n - 4);

		store(any32, to, a);
		store(any32, to + n - 4, b);
	} else if (n >= 2) {
		u16 a = load(any16, from), b = load(any16, from + n - 2);

		store(any16, to, a);
		store(any16, to + n - 2, b);
	} else if (n) {
		*to = *from;
	}
}

/* 17 to 32 bytes: two words from either end. */
static __always_inline void copy_4_words(u8 *to, const u8 *from, size_t n)
{
	u64 a = load(any64, from), b = load(any64, from + 8);
	u64 y = load(any64, from + n - 16), z = load(any64, from + n - 8);

	store(any64, to, a);
	store(any64, to + 8, b);
	store(any64, to + n - 16, y);
	store(any64, to + n - 8, z);
}

/* 33 to 48 bytes: three words from either end, all that fit in registers. */
static __always_inline void copy_6_words(u8 *to, const u8 *from, size_t n)
{
	u64 a = load(any64, from), b = load(any64, from + 8);
	u64 c = load(any64, from + 16), x = load(any64, from + n - 24);
	u64 y = load(any64, from + n - 16), z = load(any64, from + n - 8);

	store(any64, to, a);
	store(any64, to + 8, b);
	store(any64, to + 16, c);
	store(any64, to + n - 24, x);
	store(any64, to + n - 16, y);
	store(any64, to + n - 8, z);
}

/* At most COPY_SHORT bytes, overlapping in any way. ME3 */
static __always_inline void copy_short(u8 *to, const u8 *from, size_t n)
{
	if (n > 32) {
		copy_6_words(to, from, n);
	} else if (n > 16) {
		copy_4_words(to, from, n);
	} else if (n >= 8) {
		u64 a = load(any64, from), b = load(any64, from + n - 8);

		store(any64, to, a);
		store(any64, to + n - 8, b);
	} else {
		copy_below_word(to, from, n);
	}
}

/* More than 8 bytes; correct if @to does not lie inside the source. */
static __always_inline void copy_forward(u8 *to, const u8 *from, size_t n)
{
	u64 last = load(any64, from + n - 8);
	u8 *end = to + n;
	size_t words = (n - 1) / 8;

	asm volatile("rep movsq"
		     : "+D"(to), "+S"(from), "+c"(words)
		     :
		     : "memory");
	store(any64, end - 8, last);
}

/* More than 8 bytes, from the end down. */
static __always_inline void copy_backward(u8 *to, const u8 *from, size_t n)
{
	u64 first = load(any64, from);
	size_t left;

	for (left = n; left > 8; left -= 8)
		store(any64, to + left - 8, load(any64, from + left - 8));
	store(any64, to, first);
}

notrace void *memcpy(void *dst, const void *src, size_t n)
{
	if (n <= COPY_SHORT)
		copy_short(dst, src, n);
	else
		copy_forward(dst, src, n);
	return dst;
}

notrace void *memmove(void *dst, const void *src, size_t n)
{
	if (n <= COPY_SHORT)
		copy_short(dst, src, n);
	else if ((unsigned long)dst - (unsigned long)src >= n)
		copy_forward(dst, src, n); /* dst is not in [src, src + n) */
	else
		copy_backward(dst, src, n);
	return dst;
}

/* 0 to 16 bytes. */
static __always_inline void set_short(u8 *to, u64 pattern, size_t n)
{
	if (n >= 8) {
		store(any64, to, pattern);
		store(any64, to + n - 8, pattern);
	} else if (n >= 4) {
		store(any32, to, (u32)pattern);
		store(any32, to + n - 4, (u32)pattern);
	} else if (n >= 2) {
		store(any16, to, (u16)pattern);
		store(any16, to + n - 2, (u16)pattern);
	} else if (n) {
		*to = (u8)pattern;
	}
}

/* 17 to 48 bytes: from both ends towards the middle. */
static __always_inline void set_words(u8 *to, u64 pattern, size_t n)
{
	u8 *end = to + n;

	store(any64, to, pattern);
	store(any64, to + 8, pattern);
	store(any64, end - 16, pattern);
	store(any64, end - 8, pattern);
	if (n <= 32)
		return;
	store(any64, to + 16, pattern);
	store(any64, end - 24, pattern);
}

notrace void *memset(void *dst, int c, size_t n)
{
	u64 pattern = (u8)c * 0x0101010101010101UL;
	size_t words = n / 8;
	void *to = dst;

	if (n <= 16) {
		set_short(dst, pattern, n);
		return dst;
	}
	if (n <= COPY_SHORT) {
		set_words(dst, pattern, n);
		return dst;
	}
	asm volatile("rep stosq"
		     : "+D"(to), "+c"(words)
		     : "a"(pattern)
		     : "memory");
	store(any64, (u8 *)dst + n - 8, pattern);
	return dst;
}

/* The first byte in memory becomes the most significant one. */
static __always_inline int compare_words(u64 x, u64 y)
{
	return __builtin_bswap64(x) < __builtin_bswap64(y) ? -1 : 1;
}

/* 0 to 7 bytes. */
static __always_inline int compare_below_word(const u8 *x, const u8 *y,
					      size_t n)
{
	for (; n && *x == *y; n--) {
		x++;
		y++;
	}
	return n ? *x - *y : 0;
}

notrace int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;
	size_t i;

	if (n < 8)
		return compare_below_word(x, y, n);
	for (i = 0; i + 8 < n; i += 8) {
		if (load(any64, x + i) != load(any64, y + i))
			return compare_words(load(any64, x + i),
					     load(any64, y + i));
	}
	/* The last word: the bytes it shares with the word before are equal. */
	if (load(any64, x + n - 8) == load(any64, y + n - 8))
		return 0;
	return compare_words(load(any64, x + n - 8), load(any64, y + n - 8));
}
