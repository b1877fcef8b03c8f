/* SPDX-License-Identifier: MIT */
/*
 * binprintf.h - printf() in two halves: store the arguments now, make the text
 * of them later.
 *
 * The arguments lie as in Linux' binary prints, which trace-cmd reads: numbers
 * in 4 bytes, long ones in 8, both at multiples of 4; pointers in 8; a text
 * (%s) as its bytes and a NUL, so that it need not exist later; widths and
 * precisions given as * in 4.
 *
 * Pure. Context: any.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * vbin_printf() - store the arguments of a format
 * @size: bytes at @bin
 * Return: the bytes used; -ENOSPC they do not fit. No other code is returned.
 */
__printf(3, 0) int vbin_printf(u32 *bin, size_t size, const char *fmt,
			       va_list ap);

/*
 * bstr_printf() - the text of stored arguments, cut to @size bytes with its NUL
 * @bytes: of @bin; if the format wants more, the text ends there
 * Return: the bytes written without the NUL.
 */
int bstr_printf(char *buf, size_t size, const char *fmt, const u32 *bin,
		size_t bytes);
