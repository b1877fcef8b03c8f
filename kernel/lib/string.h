/* SPDX-License-Identifier: MIT */
/*
 * Memory and string functions, with the meaning that the C standard (mem*,
 * str*) or Linux (strscpy, strsep, strim, ...) gives them.
 *
 * Pure.  Context: any.  No function here has a call site. gcc itself emits
 * calls to four of them (memcpy, memmove, memset, memcmp), and such a call may
 * lie in a trampoline's path; the others make the lines of a trace.
 */
#pragma once

#include "kernel/lib/types.h"

void *memcpy(void *dst, const void *src, size_t n);
void *memmove(void *dst, const void *src, size_t n);
void *memset(void *dst, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);

/* NULL if none of the @n bytes is @c. */
void *memchr(const void *s, int c, size_t n);
/* The first byte of [s, s + n) that is not @c, or NULL if there is none. */
void *memchr_inv(const void *s, int c, size_t n);

/*
 * Those with a size look at no byte behind it. strspn() counts the leading
 * bytes that are in @accept, strcspn() those that are not in @reject.
 */
size_t strlen(const char *s);
size_t strnlen(const char *s, size_t max);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);
char *strchr(const char *s, int c);
char *strrchr(const char *s, int c);
char *strstr(const char *s, const char *what);
size_t strspn(const char *s, const char *accept);
size_t strcspn(const char *s, const char *reject);

/*
 * strscpy() - copy a string into a buffer of @size bytes, always terminated.
 * Return: the length copied without the NUL, or -E2BIG if the string was cut
 * (or @size is 0).  No other code is returned.
 */
ssize_t strscpy(char *dst, const char *src, size_t size);

/*
 * strsep() - cut the next field off *@s at any byte of @delims; *@s moves
 * behind it and becomes NULL after the last field.  Fields may be empty.
 */
char *strsep(char **s, const char *delims);

/* The first character of @s that is not white space. */
char *skip_spaces(const char *s);
/* Cuts white space off the end of @s in place; returns skip_spaces(s). */
char *strim(char *s);

/* An empty @prefix is a prefix of every string. */
bool str_has_prefix(const char *s, const char *prefix);
