// SPDX-License-Identifier: MIT
/*
 * Questions about saved stacks.
 */
#include "tests/kernel/stack_probe.h"
#include "kernel/kallsyms.h"
#include "kernel/lib/string.h"

static const char *name_at(const struct trace *t, unsigned int i)
{
	const char *name = NULL;

	if (i < t->n)
		name = kallsyms_lookup(t->ip[i], NULL, NULL);
	return name ? name : "?";
}

unsigned int trace_find(const struct trace *t, const char *name)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		if (!strcmp(name_at(t, i), name))
			return i;
	return TRACE_DEPTH;
}

void trace_show(const struct trace *t)
{
	unsigned int i;

	for (i = 0; i < t->n; i++)
		ktest_note("  %pS", (void *)t->ip[i]);
}

bool trace_has_chain(const struct trace *t, const char *const *names)
{
	unsigned int at = trace_find(t, names[0]), i;

	for (i = 0; names[i]; i++) {
		if (strcmp(name_at(t, at + i), names[i])) {
			ktest_note("no %s at %u in:", names[i], at + i);
			trace_show(t);
			return false;
		}
	}
	return true;
}
