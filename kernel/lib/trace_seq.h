/* SPDX-License-Identifier: MIT */
/*
 * trace_seq.h - append pieces of text to a fixed buffer.
 *
 * Pure. Text that does not fit is cut off, and ->overflow is set. No call
 * writes outside ->buf, and ->buf is always terminated (size > 0). Lines of
 * events use the plain forms (puts, dec, fill): a full printf() for each column
 * would be most of the cost of reading a trace.
 */
#pragma once

#include "kernel/lib/types.h"

struct trace_seq {
	char *buf;
	size_t size; /* > 0 */
	size_t len;  /* < size */
	bool overflow;
};

static inline void trace_seq_init(struct trace_seq *s, char *buf, size_t size)
{
	*s = (struct trace_seq){ .buf = buf, .size = size };
	buf[0] = '\0';
}

static inline void trace_seq_reset(struct trace_seq *s)
{
	trace_seq_init(s, s->buf, s->size);
}

/*
 * Room for @n bytes that the caller writes, or NULL; then trace_seq_end() says
 * where they end.
 */
static __always_inline char *trace_seq_room(struct trace_seq *s, size_t n)
{
	return likely(n < s->size - s->len) ? s->buf + s->len : NULL;
}

static __always_inline void trace_seq_end(struct trace_seq *s, char *end)
{
	s->len = end - s->buf;
	*end = '\0';
}

/* Keep the first len bytes only. */
void trace_seq_truncate(struct trace_seq *s, size_t len);

__printf(2, 3) void trace_seq_printf(struct trace_seq *s, const char *fmt, ...);
void trace_seq_putc(struct trace_seq *s, char c);
void trace_seq_puts(struct trace_seq *s, const char *text);
void trace_seq_putmem(struct trace_seq *s, const char *text, size_t len);
void trace_seq_fill(struct trace_seq *s, char c, unsigned int n);

/* Decimal, right-aligned in width (to 40) with the given fill (' ' or '0'). */
void trace_seq_dec(struct trace_seq *s, u64 n, unsigned int width, char fill);
/* The same to memory, without a NUL. Return: the end. */
char *trace_dec(char *to, u64 n, unsigned int width, char fill);
extern const char trace_two_digits[201]; /* "00" to "99" */
/* Lower-case hex, no prefix, no padding. */
void trace_seq_hex(struct trace_seq *s, u64 n);
