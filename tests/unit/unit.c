// SPDX-License-Identifier: MIT
/*
 * The frame of host tests: list, checks, KTAP output.
 *
 * Usage: test_NAME [GLOB], GLOB selecting tests. Exits 1 if one failed, 2
 * if none was selected.
 */
#include "kernel/lib/glob.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

static struct unit *first;
static struct unit **last = &first;
static bool failed;

void unit_register(struct unit *unit)
{
	*last = unit;
	last = &unit->next;
}

__printf(1, 2) static void say(const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vscnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	host_print(text);
}

bool unit_check(bool ok, const char *file, int line, const char *what)
{
	if (!ok) {
		say("# %s:%d: %s is false\n", file, line, what);
		failed = true;
	}
	return ok;
}

bool unit_check_eq(u64 a, u64 b, const char *file, int line, const char *sa,
		   const char *sb)
{
	if (a != b) {
		say("# %s:%d: %s is %lld (%#llx), %s is %lld (%#llx)\n", file,
		    line, sa, (s64)a, a, sb, (s64)b, b);
		failed = true;
	}
	return a == b;
}

bool unit_check_str(const char *a, const char *b, const char *file, int line,
		    const char *sa)
{
	if (a && b && !strcmp(a, b))
		return true;
	say("# %s:%d: %s is \"%s\", not \"%s\"\n", file, line, sa, a, b);
	failed = true;
	return false;
}

int main(int argc, char **argv)
{
	const char *pattern = argc > 1 ? argv[1] : "*";
	int n = 0, nr = 0, nr_failed = 0;

	for (struct unit *u = first; u; u = u->next)
		n += glob_match(pattern, u->name);
	say("KTAP version 1\n1..%d\n", n);
	for (struct unit *u = first; u; u = u->next) {
		if (!glob_match(pattern, u->name))
			continue;
		failed = false;
		u->fn();
		say("%sok %d - %s\n", failed ? "not " : "", ++nr, u->name);
		nr_failed += failed;
	}
	return nr_failed ? 1 : n ? 0 : 2;
}
