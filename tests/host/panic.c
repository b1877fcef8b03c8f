// SPDX-License-Identifier: MIT
/*
 * Host fake of kernel/base/panic.c: a panic ends the test program loudly, a
 * WARN_ON is counted, so that tests can look at the count.
 */
#include "kernel/base/panic.h"
#include "kernel/lib/printf.h"
#include "tests/host/host.h"

static unsigned long nr_warnings;

void panic(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vscnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	host_die(text);
}

void bug_at(const char *file, int line, const char *what)
{
	panic("%s:%d: BUG: %s", file, line, what);
}

void warn_at(const char *file, int line, const char *what)
{
	char text[256];

	scnprintf(text, sizeof(text), "# %s:%d: WARN: %s\n", file, line, what);
	host_print(text);
	nr_warnings++;
}

unsigned long warn_count(void)
{
	return nr_warnings;
}
