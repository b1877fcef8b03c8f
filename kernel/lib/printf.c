// SPDX-License-Identifier: MIT
/*
 * vsnprintf and its family.
 *
 * Owns: printf_symbol, the hook to the symbol table.
 * Invariants:
 * PF1 nothing is written at or behind buf + size, and the text is terminated if
 *    size > 0.
 * PF2 the result does not depend on size: it is the length of the whole text.
 *
 * Context: any; no lock, no allocation.
 */
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

printf_symbol_fn printf_symbol;

/* Where the text goes. Characters that do not fit are counted (PF2). */
struct out {
	char *buf;
	size_t size;
	size_t len; /* of the whole text; may pass size */
};

/* A conversion as it was read: %[flags][width][.precision][length]conv. */
struct spec {
	bool left, zero, plus, space, alt;
	int width;
	int precision; /* -1: not given */
	char length;   /* 0, 'H' (hh), 'h', 'l', 'L' (ll), 'z', 't' */
	char conv;
};

static void put_char(struct out *o, char c)
{
	if (o->len < o->size)
		o->buf[o->len] = c;
	o->len++;
}

static void put_repeat(struct out *o, char c, int n)
{
	while (n-- > 0)
		put_char(o, c);
}

/* Writes @n bytes of @s, padded to the field of @sp. */
static void put_text(struct out *o, const struct spec *sp, const char *s,
		     size_t n)
{
	int pad = sp->width - (int)n;

	if (!sp->left)
		put_repeat(o, ' ', pad);
	for (size_t i = 0; i < n; i++)
		put_char(o, s[i]);
	if (sp->left)
		put_repeat(o, ' ', pad);
}

/* With a precision the string need not end in a NUL. */
static void put_string(struct out *o, const struct spec *sp, const char *s)
{
	if (!s)
		s = "(null)";
	put_text(o, sp, s,
		 sp->precision < 0 ? strlen(s) :
				     strnlen(s, (size_t)sp->precision));
}

/* Writes the digits of @value, last first; returns their number. */
static int digits_of(char *digits, u64 value, unsigned int base, char ten)
{
	int n = 0;

	for (; value; value /= base) {
		unsigned int d = (unsigned int)(value % base);

		digits[n++] = (char)(d < 10 ? '0' + d : ten + d - 10);
	}
	return n;
}

/* Writes [blanks][sign or 0x][zeros][digits][blanks]. */
static void put_number(struct out *o, const struct spec *sp, u64 value,
		       const char *prefix)
{
	unsigned int base = sp->conv == 'o' ? 8 : 10;
	char digits[22];
	int n, zeros, pad;

	if (tolower(sp->conv) == 'x')
		base = 16;
	n = digits_of(digits, value, base, sp->conv == 'X' ? 'A' : 'a');
	zeros = (sp->precision < 0 ? 1 : sp->precision) - n;
	if (base == 8 && sp->alt)
		zeros = max(zeros, 1);
	zeros = max(zeros, 0);
	pad = sp->width - (int)strlen(prefix) - zeros - n;
	if (sp->zero && !sp->left && sp->precision < 0 && pad > 0) {
		zeros += pad;
		pad = 0;
	}
	if (!sp->left)
		put_repeat(o, ' ', pad);
	while (*prefix)
		put_char(o, *prefix++);
	put_repeat(o, '0', zeros);
	while (n--)
		put_char(o, digits[n]);
	if (sp->left)
		put_repeat(o, ' ', pad);
}

/*
 * Types shorter than int are promoted on the way, and cut again here, as C
 * says.
 */
static u64 unsigned_arg(const struct spec *sp, va_list *ap)
{
	switch (sp->length) {
	case 'H':
		return (u8)va_arg(*ap, unsigned int);
	case 'h':
		return (u16)va_arg(*ap, unsigned int);
	case 'l':
	case 'z':
	case 't':
		return va_arg(*ap, unsigned long);
	case 'L':
		return va_arg(*ap, u64);
	default:
		return va_arg(*ap, unsigned int);
	}
}

static s64 signed_arg(const struct spec *sp, va_list *ap)
{
	switch (sp->length) {
	case 'H':
		return (s8)va_arg(*ap, int);
	case 'h':
		return (s16)va_arg(*ap, int);
	case 'l':
	case 'z':
	case 't':
		return va_arg(*ap, long);
	case 'L':
		return va_arg(*ap, s64);
	default:
		return va_arg(*ap, int);
	}
}

/* -value would overflow for the smallest number; as unsigned it does not. */
static void put_signed(struct out *o, const struct spec *sp, s64 value)
{
	const char *sign = value < 0 ? "-" :
			   sp->plus  ? "+" :
			   sp->space ? " " :
				       "";

	put_number(o, sp, value < 0 ? -(u64)value : (u64)value, sign);
}

/* # gives 0 no prefix. That of octal is a zero, which put_number() adds. */
static void put_unsigned(struct out *o, const struct spec *sp, u64 value)
{
	const char *prefix = "";

	if (sp->alt && value && sp->conv == 'x')
		prefix = "0x";
	if (sp->alt && value && sp->conv == 'X')
		prefix = "0X";
	put_number(o, sp, value, prefix);
}

/*
 * %p: 0x and 16 digits, whatever the address is. It is not hashed as on Linux.
 */
static void put_address(struct out *o, const struct spec *sp,
			unsigned long addr)
{
	struct spec hex = {
		.width = 18, .precision = 16, .conv = 'x', .left = sp->left
	};

	hex.width = max(hex.width, sp->width);
	put_number(o, &hex, addr, "0x");
}

/*
 * @conv: 's' bare name, 'S' name with offset, 'B' for a return address. As on
 * Linux, an address without a symbol is a number without zeros before it.
 */
static void put_symbol(struct out *o, const struct spec *sp, unsigned long addr,
		       char conv)
{
	unsigned long off, size, back = conv == 'B';
	const char *name = NULL;
	char text[192];
	int n;

	if (printf_symbol)
		name = printf_symbol(addr - back, &off, &size);
	if (!name)
		n = scnprintf(text, sizeof(text), "0x%lx", addr);
	else if (conv == 's')
		n = scnprintf(text, sizeof(text), "%s", name);
	else
		n = scnprintf(text, sizeof(text), "%s+0x%lx/0x%lx", name,
			      off + back, size);
	put_text(o, sp, text, (size_t)n);
}

/*
 * %pe: "-ENOMEM"; the number if it has no name; an address if it is no error.
 */
static void put_error(struct out *o, const struct spec *sp, const void *ptr)
{
	const char *name = IS_ERR(ptr) ? errno_name((int)PTR_ERR(ptr)) : NULL;
	char text[24];
	int n;

	if (name)
		n = scnprintf(text, sizeof(text), "-%s", name);
	else if (IS_ERR(ptr))
		n = scnprintf(text, sizeof(text), "%ld", PTR_ERR(ptr));
	else
		return put_address(o, sp, (unsigned long)ptr);
	put_text(o, sp, text, (size_t)n);
}

/* %*ph: as many bytes as the width says, at most 64. */
static void put_bytes(struct out *o, const struct spec *sp, const u8 *bytes)
{
	static const char hex[] = "0123456789abcdef";
	int n = min(sp->width, 64);

	for (int i = 0; i < n; i++) {
		if (i)
			put_char(o, ' ');
		put_char(o, hex[bytes[i] >> 4]);
		put_char(o, hex[bytes[i] & 15]);
	}
}

/* Returns the position behind the conversion: %p may have a letter after it. */
static const char *put_pointer(struct out *o, const struct spec *sp,
			       const char *fmt, const void *ptr)
{
	switch (*fmt) {
	case 's':
	case 'S':
	case 'B':
		put_symbol(o, sp, (unsigned long)ptr, *fmt);
		return fmt + 1;
	case 'e':
		put_error(o, sp, ptr);
		return fmt + 1;
	case 'h':
		put_bytes(o, sp, ptr);
		return fmt + 1;
	default:
		put_address(o, sp, (unsigned long)ptr);
		return fmt;
	}
}

static const char *parse_flags(const char *fmt, struct spec *sp)
{
	for (;; fmt++) {
		switch (*fmt) {
		case '-':
			sp->left = true;
			break;
		case '0':
			sp->zero = true;
			break;
		case '+':
			sp->plus = true;
			break;
		case ' ':
			sp->space = true;
			break;
		case '#':
			sp->alt = true;
			break;
		default:
			return fmt;
		}
	}
}

/* Reads digits or `*`; a number stops growing long before it can overflow. */
static const char *parse_count(const char *fmt, int *count, va_list *ap)
{
	if (*fmt == '*') {
		*count = va_arg(*ap, int);
		return fmt + 1;
	}
	for (*count = 0; isdigit(*fmt); fmt++) {
		if (*count < 100000)
			*count = *count * 10 + (*fmt - '0');
	}
	return fmt;
}

/* hh and ll become one letter: the capital. */
static const char *parse_length(const char *fmt, struct spec *sp)
{
	switch (*fmt) {
	case 'h':
	case 'l':
		sp->length = *fmt++;
		if (*fmt == sp->length) {
			sp->length = (char)toupper(*fmt);
			fmt++;
		}
		break;
	case 'z':
	case 't':
		sp->length = *fmt++;
		break;
	}
	return fmt;
}

/* @fmt points behind the `%`; returns the position behind the conversion. */
static const char *parse_spec(const char *fmt, struct spec *sp, va_list *ap)
{
	*sp = (struct spec){ .precision = -1 };
	fmt = parse_flags(fmt, sp);
	fmt = parse_count(fmt, &sp->width, ap);
	if (sp->width < 0) {
		sp->left = true;
		sp->width = -sp->width;
	}
	if (*fmt == '.') {
		fmt = parse_count(fmt + 1, &sp->precision, ap);
		sp->precision = max(sp->precision, -1);
	}
	fmt = parse_length(fmt, sp);
	sp->conv = *fmt;
	return *fmt ? fmt + 1 : fmt;
}

/* An unknown conversion prints nothing and takes no argument. */
static const char *put_conversion(struct out *o, const char *fmt, va_list *ap)
{
	struct spec sp;
	char c;

	fmt = parse_spec(fmt, &sp, ap);
	switch (sp.conv) {
	case 'd':
	case 'i':
		put_signed(o, &sp, signed_arg(&sp, ap));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		put_unsigned(o, &sp, unsigned_arg(&sp, ap));
		break;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_text(o, &sp, &c, 1);
		break;
	case 's':
		put_string(o, &sp, va_arg(*ap, const char *));
		break;
	case 'p':
		return put_pointer(o, &sp, fmt, va_arg(*ap, const void *));
	case '%':
		put_char(o, '%');
		break;
	}
	return fmt;
}

int vsnprintf(char *buf, size_t size, const char *fmt, va_list args)
{
	struct out o = { .buf = buf, .size = size };
	va_list ap;

	va_copy(ap, args);
	while (*fmt) {
		if (*fmt == '%')
			fmt = put_conversion(&o, fmt + 1, &ap);
		else
			put_char(&o, *fmt++);
	}
	va_end(ap);
	if (size) /* PF1 */
		buf[min(o.len, size - 1)] = '\0';
	return (int)o.len;
}

/* Return: the length in the buffer, so that a caller can append behind it. */
int vscnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	int n = vsnprintf(buf, size, fmt, ap);

	if (!size)
		return 0;
	return (size_t)n < size ? n : (int)size - 1;
}

int snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

int scnprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vscnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}
