/* SPDX-License-Identifier: MIT */
/*
 * Formatted text into a buffer.
 *
 * Conversions: d i u x X o c s p %, flags "-0+ #", width and precision
 * (numbers or *), lengths hh h l ll z t.  Of %p:
 *   %p           0x and 16 hex digits
 *   %pS          symbol+0xoff/0xsize, or as 0x%lx when no symbol covers it
 *   %pB          as %pS for a return address (looks up the byte before)
 *   %ps          symbol, no offset; else as %pS
 *   %pe          name of an error pointer, "-ENOMEM"
 *   %*ph, %5ph   that many bytes in hex, "0f 1f 44 00 00" (at most 64)
 *
 * Pure, except for one hook: the owner of the symbol table sets printf_symbol.
 * Context: any (takes no lock).
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Up-call, set once at boot by the owner of the symbol table; NULL before.
 * Returns the name of the function or object that covers @addr and sets the
 * offset into it and its size, or NULL.  Callable in any context.
 */
typedef const char *(*printf_symbol_fn)(unsigned long addr, unsigned long *off,
					unsigned long *size);
extern printf_symbol_fn printf_symbol;

/*
 * Writes at most @size bytes including the terminating NUL (none when @size
 * is 0).  Return: the length that the whole text would have.
 */
__printf(3, 0) int vsnprintf(char *buf, size_t size, const char *fmt,
			     va_list ap);
__printf(3, 4) int snprintf(char *buf, size_t size, const char *fmt, ...);

/* The same, but returns the length actually written (without the NUL). */
__printf(3, 0) int vscnprintf(char *buf, size_t size, const char *fmt,
			      va_list ap);
__printf(3, 4) int scnprintf(char *buf, size_t size, const char *fmt, ...);
