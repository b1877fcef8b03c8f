// SPDX-License-Identifier: MIT
/*
 * Host fake of kernel/base/printk.c: the text of all lines is kept in host_log,
 * so that tests can look for what was said, and goes to the standard output as
 * KTAP comments.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"

char host_log[16384];
bool host_log_only;

void vprintk(const char *fmt, va_list ap)
{
	size_t used = strlen(host_log);
	char line[512];

	if (fmt[0] == '\001')
		fmt += 2;
	vscnprintf(line, sizeof(line), fmt, ap);
	strim(line);
	scnprintf(host_log + used, sizeof(host_log) - used, "%s\n", line);
	if (host_log_only)
		return;
	host_print("# ");
	host_print(line);
	host_print("\n");
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

void vprintk_plain(const char *fmt, va_list ap)
{
	vprintk(fmt, ap);
}

void printk_plain(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}
