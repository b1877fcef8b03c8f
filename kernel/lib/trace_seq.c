// SPDX-License-Identifier: MIT
/*
 * trace_seq.c - append pieces of text to a buffer. Pure.
 *
 * SQ1  Between two calls, len < size and buf[len] is the terminating NUL.
 *
 * Context: any.
 */
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"

/* Return: n, or the room that is left if that is less. */
static size_t seq_take(struct trace_seq *s, size_t n)
{
	size_t room = s->size - 1 - s->len;

	if (n <= room)
		return n;
	s->overflow = true;
	return room;
}

void trace_seq_truncate(struct trace_seq *s, size_t len)
{
	if (len < s->len)
		s->len = len;
	s->buf[s->len] = '\0';
}

void trace_seq_printf(struct trace_seq *s, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(s->buf + s->len, s->size - s->len, fmt, ap);
	va_end(ap);
	s->len += seq_take(s, n);
}

void trace_seq_putmem(struct trace_seq *s, const char *text, size_t len)
{
	len = seq_take(s, len);
	memcpy(s->buf + s->len, text, len);
	s->len += len;
	s->buf[s->len] = '\0';
}

void trace_seq_putc(struct trace_seq *s, char c)
{
	size_t n = seq_take(s, 1);

	/* Without room this writes the NUL twice. */
	s->buf[s->len] = n ? c : '\0';
	s->len += n;
	s->buf[s->len] = '\0';
}

void trace_seq_puts(struct trace_seq *s, const char *text)
{
	trace_seq_putmem(s, text, strlen(text));
}

void trace_seq_fill(struct trace_seq *s, char c, unsigned int n)
{
	n = seq_take(s, n);
	memset(s->buf + s->len, c, n);
	s->len += n;
	s->buf[s->len] = '\0';
}

const char trace_two_digits[201] =
	"00010203040506070809101112131415161718192021222324"
	"25262728293031323334353637383940414243444546474849"
	"50515253545556575859606162636465666768697071727374"
	"75767778798081828384858687888990919293949596979899";

char *trace_dec(char *to, u64 n, unsigned int width, char fill)
{
	char digits[20], *end = digits + sizeof(digits), *at = end;
	char *start;

	for (; n >= 100; n /= 100) {
		at -= 2;
		__builtin_memcpy(at, &trace_two_digits[n % 100 * 2], 2);
	}
	*--at = '0' + n % 10;
	if (n >= 10)
		*--at = '0' + n / 10;
	for (start = to; start + (end - at) < to + width; start++)
		*start = fill;
	memcpy(start, at, end - at);
	return start + (end - at);
}

void trace_seq_dec(struct trace_seq *s, u64 n, unsigned int width, char fill)
{
	char digits[40];

	trace_seq_putmem(s, digits, trace_dec(digits, n, width, fill) - digits);
}

void trace_seq_hex(struct trace_seq *s, u64 n)
{
	char digits[16];
	unsigned int at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[n & 15];
		n >>= 4;
	} while (n);
	trace_seq_putmem(s, digits + at, sizeof(digits) - at);
}
