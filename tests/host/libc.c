// SPDX-License-Identifier: MIT
/*
 * The C library's side of host.h; the only host file with its headers.
 */
#include <regex.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

void host_print(const char *text);
void host_die(const char *text);
void *host_malloc(size_t size);
void *host_aligned_alloc(size_t align, size_t size);
void *host_realloc(void *p, size_t size);
void host_free(void *p);
int host_snprintf(char *buf, size_t size, const char *fmt, ...);
int host_regex(const char *re, const char *text, bool extended, bool icase);

void host_print(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

void host_die(const char *text)
{
	fprintf(stderr, "PANIC: %s\n", text);
	abort();
}

void *host_malloc(size_t size)
{
	return malloc(size);
}

void *host_aligned_alloc(size_t align, size_t size)
{
	return aligned_alloc(align, size);
}

void *host_realloc(void *p, size_t size)
{
	return realloc(p, size);
}

void host_free(void *p)
{
	free(p);
}

int host_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int host_regex(const char *re, const char *text, bool extended, bool icase)
{
	regex_t theirs;
	int ret;

	if (regcomp(&theirs, re,
		    REG_NOSUB | (extended ? REG_EXTENDED : 0) |
			    (icase ? REG_ICASE : 0)))
		return -1;
	ret = regexec(&theirs, text, 0, NULL, 0);
	regfree(&theirs);
	return !ret;
}
