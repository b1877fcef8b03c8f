// SPDX-License-Identifier: MIT
/*
 * memcpy, memmove, memset, memcmp: what gcc emits calls to on its own.
 *
 * Invariants:
 * I1 nothing here is traceable, since gcc may put such a call anywhere, also
 *    between a trampoline and its recursion guard.
 * I2 nothing here calls anything, itself included: the loops are string
 *    instructions or are kept from being turned back into calls.
 *
 * Context: any.  The direction flag is clear, as the ABI has it.
 */
#include "kernel/lib/string.h"

#define no_loop_calls \
	__attribute__((__optimize__("no-tree-loop-distribute-patterns")))

static __always_inline void copy_forward(void *dst, const void *src, size_t n)
{
	size_t words = n / 8, tail = n % 8;

	asm volatile("rep movsq"
		     : "+D"(dst), "+S"(src), "+c"(words)
		     :
		     : "memory");
	asm volatile("rep movsb"
		     : "+D"(dst), "+S"(src), "+c"(tail)
		     :
		     : "memory");
}

notrace void *memcpy(void *dst, const void *src, size_t n)
{
	copy_forward(dst, src, n);
	return dst;
}

notrace no_loop_calls void *memmove(void *dst, const void *src, size_t n)
{
	u8 *to = dst;
	const u8 *from = src;

	/* Forward is safe unless dst lies inside [src, src + n). */
	if ((unsigned long)dst - (unsigned long)src >= n) {
		copy_forward(dst, src, n);
		return dst;
	}
	while (n--)
		to[n] = from[n];
	return dst;
}

notrace void *memset(void *dst, int c, size_t n)
{
	unsigned long pattern = (u8)c * 0x0101010101010101UL;
	size_t words = n / 8, tail = n % 8;
	void *to = dst;

	asm volatile("rep stosq"
		     : "+D"(to), "+c"(words)
		     : "a"(pattern)
		     : "memory");
	asm volatile("rep stosb"
		     : "+D"(to), "+c"(tail)
		     : "a"(pattern)
		     : "memory");
	return dst;
}

notrace no_loop_calls int memcmp(const void *a, const void *b, size_t n)
{
	const u8 *x = a, *y = b;

	for (size_t i = 0; i < n; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
	}
	return 0;
}
