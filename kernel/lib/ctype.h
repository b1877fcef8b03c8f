/* SPDX-License-Identifier: MIT */
/*
 * Character classes of plain ASCII.  Pure, callable from anywhere.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Each takes any int; a byte above 127 belongs to no class, whether char is
 * signed or not.
 */
static __always_inline bool isdigit(int c)
{
	return c >= '0' && c <= '9';
}

static __always_inline bool isupper(int c)
{
	return c >= 'A' && c <= 'Z';
}

static __always_inline bool islower(int c)
{
	return c >= 'a' && c <= 'z';
}

static __always_inline bool isalpha(int c)
{
	return isupper(c) || islower(c);
}

static __always_inline bool isalnum(int c)
{
	return isalpha(c) || isdigit(c);
}

/* Blank, tab, LF, VT, FF, CR. */
static __always_inline bool isspace(int c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* What one may send to a terminal as it is: 0x20 to 0x7e. */
static __always_inline bool isprint(int c)
{
	return c >= ' ' && c <= '~';
}

/* Any character that is no letter comes back unchanged. */
static __always_inline int tolower(int c)
{
	return isupper(c) ? c + ('a' - 'A') : c;
}

static __always_inline int toupper(int c)
{
	return islower(c) ? c - ('a' - 'A') : c;
}

/* Value of a digit in bases up to 36; 36 for any other character. */
static __always_inline unsigned int digit_value(int c)
{
	if (isdigit(c))
		return (unsigned int)(c - '0');
	if (isalpha(c))
		return (unsigned int)(tolower(c) - 'a' + 10);
	return 36;
}
