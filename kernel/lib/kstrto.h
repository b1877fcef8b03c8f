/* SPDX-License-Identifier: MIT */
/*
 * Strict conversion from text to number: the whole string must be the number
 * (one newline at its end is allowed).  Pure.
 *
 * Base 0 reads 0x.. as hex, 0.. as octal, and other digits as decimal; base 16
 * allows a 0x.
 * Return of all: 0, -EINVAL (not such a number, *res untouched) or -ERANGE (it
 * does not fit, *res untouched).  No other code is returned.
 */
#pragma once

#include "kernel/lib/types.h"

int __must_check kstrtoull(const char *s, unsigned int base, u64 *res);
int __must_check kstrtoll(const char *s, unsigned int base, s64 *res);
int __must_check kstrtoul(const char *s, unsigned int base, unsigned long *res);
/*
 * Accepts y Y 1 on as true and n N 0 off as false. Only the first one or two
 * characters count.
 */
int __must_check kstrtobool(const char *s, bool *res);
