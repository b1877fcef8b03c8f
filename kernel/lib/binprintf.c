// SPDX-License-Identifier: MIT
/*
 * binprintf.c - arguments of printf() as bytes, and text of these bytes.
 *
 * Owns nothing. One parser, next_spec(), serves both halves, so both find the
 * same arguments. The second half rewrites each conversion with its numbers and
 * calls snprintf() for it.
 *
 * Pure. Context: any.
 */
#include "kernel/lib/binprintf.h"

#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

#define SPEC_MAX 32 /* bytes of a conversion, rewritten */

/* A conversion: from its '%' on. */
struct spec {
	const char *at;
	size_t len;
	char conv;
	bool wide; /* its argument has 8 bytes */
};

static const char *skip(const char *fmt, const char *set)
{
	while (*fmt && strchr(set, *fmt))
		fmt++;
	return fmt;
}

/* Find the next conversion. Return: false: there is none. */
static bool next_spec(const char *fmt, struct spec *spec)
{
	const char *at = strchr(fmt, '%'), *length;

	if (!at)
		return false;
	length = skip(at + 1, "-0+ #123456789.*");
	fmt = skip(length, "hlzt");
	if (!*fmt)
		return false;
	spec->at = at;
	spec->conv = *fmt;
	spec->wide = *fmt == 'p' || (fmt > length && *length != 'h');
	fmt += *fmt == 'p' && fmt[1] && strchr("SsB", fmt[1]) ? 2 : 1;
	spec->len = fmt - at;
	return true;
}

static bool is_number(char conv)
{
	return strchr("diuxXoc", conv) != NULL;
}

/* ---- storing ------------------------------------------------------------- */

struct store {
	u8 *at, *end;
	bool full;
};

static void align(struct store *s)
{
	s->at = (u8 *)ALIGN_UP((unsigned long)s->at, 4);
}

static void put(struct store *s, const void *from, size_t size)
{
	if (s->full || s->at > s->end || size > (size_t)(s->end - s->at)) {
		s->full = true;
		return;
	}
	memcpy(s->at, from, size);
	s->at += size;
}

static void put_number(struct store *s, u64 value, bool wide)
{
	align(s);
	put(s, &value, wide ? 8 : 4); /* the low half comes first */
}

int vbin_printf(u32 *bin, size_t size, const char *fmt, va_list ap)
{
	struct store s = { .at = (u8 *)bin, .end = (u8 *)bin + size };
	struct spec spec;
	const char *text;
	size_t i;

	for (; next_spec(fmt, &spec); fmt = spec.at + spec.len) {
		for (i = 0; i < spec.len; i++) {
			if (spec.at[i] == '*')
				put_number(&s, va_arg(ap, unsigned int), false);
		}
		if (spec.conv == 's') {
			text = va_arg(ap, const char *);
			text = text ? text : "(null)";
			put(&s, text, strlen(text) + 1);
		} else if (spec.wide) {
			put_number(&s, va_arg(ap, u64), true);
		} else if (is_number(spec.conv)) {
			put_number(&s, va_arg(ap, unsigned int), false);
		}
	}
	align(&s);
	return s.full || s.at > s.end ? -ENOSPC : s.at - (u8 *)bin;
}

/* ---- text ---------------------------------------------------------------- */

struct load {
	const u8 *at, *end;
	bool short_of; /* the format wanted more than there is */
};

static u64 get_number(struct load *l, bool wide)
{
	u64 value = 0;

	l->at = (const u8 *)ALIGN_UP((unsigned long)l->at, 4);
	if (l->at > l->end || l->end - l->at < (wide ? 8 : 4)) {
		l->short_of = true;
		return 0;
	}
	memcpy(&value, l->at, wide ? 8 : 4);
	l->at += wide ? 8 : 4;
	return value;
}

static const char *get_text(struct load *l)
{
	const char *text = (const char *)l->at;
	size_t room = l->at < l->end ? l->end - l->at : 0;
	size_t len = strnlen(text, room);

	if (len == room) {
		l->short_of = true;
		return "";
	}
	l->at += len + 1;
	return text;
}

/* Copy a conversion, with numbers in place of each '*'. */
static void rewrite(char *to, const struct spec *spec, struct load *l)
{
	size_t i, n = 0;

	for (i = 0; i < spec->len && n < SPEC_MAX - 12; i++) {
		if (spec->at[i] == '*')
			n += snprintf(to + n, SPEC_MAX - n, "%d",
				      (int)get_number(l, false));
		else
			to[n++] = spec->at[i];
	}
	to[n] = '\0';
}

/* The format is data here. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
static int put_spec(char *buf, size_t size, const struct spec *spec,
		    struct load *l)
{
	char one[SPEC_MAX];

	rewrite(one, spec, l);
	if (spec->conv == 's')
		return scnprintf(buf, size, one, get_text(l));
	if (spec->wide)
		return scnprintf(buf, size, one, get_number(l, true));
	if (is_number(spec->conv))
		return scnprintf(buf, size, one, (int)get_number(l, false));
	return scnprintf(buf, size, "%%");
}
#pragma GCC diagnostic pop

int bstr_printf(char *buf, size_t size, const char *fmt, const u32 *bin,
		size_t bytes)
{
	struct load l = { (const u8 *)bin, (const u8 *)bin + bytes, false };
	struct spec spec;
	size_t n = 0, literal;

	for (; next_spec(fmt, &spec); fmt = spec.at + spec.len) {
		literal = min((size_t)(spec.at - fmt), size - 1 - n);
		memcpy(buf + n, fmt, literal);
		n += literal;
		n += put_spec(buf + n, size - n, &spec, &l);
		if (l.short_of)
			break;
	}
	if (!l.short_of)
		n += scnprintf(buf + n, size - n, "%s", fmt);
	buf[n] = '\0';
	return n;
}
