// SPDX-License-Identifier: MIT
/*
 * The kernel command line.
 *
 * Pure, except for the one pointer that cmdline_init() sets at boot.
 */
#include "kernel/base/cmdline.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/kstrto.h"
#include "kernel/lib/string.h"

static const char *kernel_cmdline = "";

void cmdline_init(const char *text)
{
	kernel_cmdline = text;
}

const char *cmdline(void)
{
	return kernel_cmdline;
}

/* The position in the text, and whether it is inside double quotes. */
struct reader {
	const char *at;
	bool quoted;
};

/* The word's next character, with quotes and backslashes resolved; 0 = end. */
static char next_char(struct reader *r)
{
	while (*r->at == '"') {
		r->quoted = !r->quoted;
		r->at++;
	}
	if (!*r->at || (isspace(*r->at) && !r->quoted))
		return '\0';
	if (*r->at == '\\' && r->at[1])
		r->at++;
	return *r->at++;
}

/* Reads past key. Return: true if the word ends there or continues with '='. */
static bool match_key(struct reader *r, const char *key)
{
	char c;

	for (c = next_char(r); c && c == *key; c = next_char(r))
		key++;
	return !*key && (!c || c == '=');
}

/* A value that is too long for @buf is cut. @buf may be NULL if @len is 0. */
bool cmdline_find(const char *text, const char *key, char *buf, size_t len)
{
	struct reader r = { .at = text };
	bool found = false, wanted;
	size_t used;
	char c;

	while (*(r.at = skip_spaces(r.at))) {
		r.quoted = false;
		wanted = match_key(&r, key);
		found |= wanted; /* go on searching: the last one counts */
		used = 0;
		while ((c = next_char(&r)))
			if (wanted && used + 1 < len)
				buf[used++] = c;
		if (wanted && len)
			buf[used] = '\0';
	}
	return found;
}

/* The next word as a whole, its quotes resolved. @len is at least 1. */
bool cmdline_next(const char **text, char *buf, size_t len)
{
	struct reader r = { .at = skip_spaces(*text) };
	size_t used = 0;
	bool found = *r.at;
	char c;

	while ((c = next_char(&r)))
		if (used + 1 < len)
			buf[used++] = c;
	buf[used] = '\0';
	*text = r.at;
	return found;
}

bool cmdline_get(const char *key, char *buf, size_t len)
{
	return cmdline_find(kernel_cmdline, key, buf, len);
}

/*
 * @fallback also for a value that is no number: cmdline_check() has refused it
 * before a mode runs.
 */
u64 cmdline_u64(const char *key, u64 fallback)
{
	char buf[32];
	u64 value;

	if (!cmdline_get(key, buf, sizeof(buf)) || kstrtoull(buf, 0, &value))
		return fallback;
	return value;
}

/* The word is there, and has this value. */
bool cmdline_is(const char *key, const char *value)
{
	char buf[64];

	return cmdline_get(key, buf, sizeof(buf)) && !strcmp(buf, value);
}
