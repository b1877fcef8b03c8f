/* SPDX-License-Identifier: MIT */
/*
 * The kernel command line: words of the form key or key=value.
 *
 * Words are cut at blanks outside double quotes; a backslash takes the next
 * character's meaning away (GRUB writes both). When a key occurs more than
 * once the last one counts, so that `make run APPEND=...` overrides the menu
 * entry. Immutable after cmdline_init().
 *
 * Context: any.
 */
#pragma once

#include "kernel/lib/types.h"

/* text must stay where it is. */
void cmdline_init(const char *text);

const char *cmdline(void);

/*
 * cmdline_find - look for key in text
 *
 * Copies the value (empty for a bare key) to buf and ends it with a NUL; a
 * value that does not fit is cut. buf may be NULL when len is 0.
 *
 * Return: true if the key is there. Pure.
 */
bool cmdline_find(const char *text, const char *key, char *buf, size_t len);

/* The same for the kernel's own command line. */
bool cmdline_get(const char *key, char *buf, size_t len);

/* The value as a number (decimal, 0x, 0); fallback when absent or malformed. */
u64 cmdline_u64(const char *key, u64 fallback);

/* True if the key is there and has exactly this value. */
bool cmdline_is(const char *key, const char *value);
