// SPDX-License-Identifier: MIT
/*
 * The log in machine mode; machine_log.h describes its lines.
 *
 * Owns the choice between text and JSON. It is made once, before the first
 * line.
 */
#include "kernel/base/cmdline.h"
#include "kernel/base/machine_log.h"
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"

static bool json;

static const char *form(size_t nr)
{
	static const char *const forms[] = { "text", "json" };

	return nr < ARRAY_SIZE(forms) ? forms[nr] : NULL;
}

CMDLINE_CHOICE(log, NULL, form, "json: each line of the log is a JSON object");

void machine_log_init(void)
{
	json = cmdline_is("log", "json");
}

bool machine_log(void)
{
	return json;
}

bool machine_event(const char *fmt, ...)
{
	va_list ap;

	if (!json)
		return false;
	va_start(ap, fmt);
	vprintk_raw(fmt, ap);
	va_end(ap);
	return true;
}

size_t machine_log_line(char *buf, size_t size, const char *text, size_t len)
{
	static const char head[] = "{\"e\":\"log\",\"text\":\"";
	static const char tail[] = "\"}\n";
	size_t used = sizeof(head) - 1, room = size - (sizeof(tail) - 1), i;

	memcpy(buf, head, used);
	for (i = 0; i < len && used + 2 <= room; i++) {
		char c = text[i] == '\t' ? ' ' : text[i];

		if (c == '"' || c == '\\')
			buf[used++] = '\\';
		buf[used++] = c >= ' ' && c <= '~' ? c : '?';
	}
	memcpy(buf + used, tail, sizeof(tail) - 1);
	return used + sizeof(tail) - 1;
}
