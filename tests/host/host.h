/* SPDX-License-Identifier: MIT */
/*
 * What host tests have beside the kernel's own headers.
 *
 * The kernel's headers and the C library's do not mix in one file, so the few
 * things of the C library that tests need come through here.
 */
#pragma once

#include "kernel/lib/types.h"

/* To the standard output. */
void host_print(const char *text);
/* Prints the text and aborts. */
void host_die(const char *text) __noreturn;

/* From the C library; under the sanitizers, so errors are found. */
void *host_malloc(size_t size);
void *host_aligned_alloc(size_t align, size_t size);
void host_free(void *p);
void *host_realloc(void *p, size_t size);

/* The C library's snprintf(), as a reference for ours. */
/* POSIX regcomp() and regexec(). Return: 1, 0, or -1 if it refuses @re. */
int host_regex(const char *re, const char *text, bool extended, bool icase);
__printf(3, 4) int host_snprintf(char *buf, size_t size, const char *fmt, ...);

/* Everything printk()ed so far; a test may empty it. */
extern char host_log[16384];
/* Nothing of it goes to the standard output. */
extern bool host_log_only;

/*
 * Allocations of the kernel's allocators (slab.h, page.h) that are alive, for
 * leak checks.
 */
extern size_t host_live;
/* kmalloc() and the like fail for more bytes; a test may set it. */
extern size_t host_alloc_max;

/* A small deterministic generator for randomised tests. */
static inline u64 host_random(u64 *state)
{
	u64 x = *state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}
