// SPDX-License-Identifier: MIT
/*
 * ftrace_names.c - the functions whose names contain a string, in one pass.
 *
 * The names of all symbols lie one behind another in the order of their
 * addresses, each with its NUL (KA3), and so do the records. The string has no
 * NUL, so it is searched for in all names at once; only where it is found is
 * the symbol looked for that the name belongs to, and its record.
 *
 * Owns nothing. Context: task.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/search.h"
#include "kernel/lib/string.h"
#include "trace/core/ftrace_internal.h"

/* The place in the pass: in the records, and in the symbols. */
struct pass {
	struct ftrace_hash *found;
	size_t rec;
	unsigned int sym;
};

/* Of symbols at one address the first counts, as in kallsyms_lookup(). */
static bool is_first(unsigned int sym, unsigned long addr)
{
	unsigned long before;

	if (!sym)
		return true;
	kallsyms_symbol(sym - 1, &before, NULL);
	return before != addr;
}

/* Take the record of a symbol, if it has one and its name is this one. */
static void take(struct pass *pass, unsigned int sym, unsigned long addr)
{
	size_t rec = pass->rec;

	while (rec < ftrace_nr_recs && rec_ip(&ftrace_recs[rec]) < addr)
		rec++;
	pass->rec = rec;
	if (rec == ftrace_nr_recs || rec_ip(&ftrace_recs[rec]) != addr)
		return;
	if (!ftrace_rec_disabled(&ftrace_recs[rec]) && is_first(sym, addr))
		pass->found->rec[pass->found->count++] = rec;
}

void ftrace_names_with(struct ftrace_hash *found, const char *text, size_t len,
		       bool at_front, bool at_end)
{
	unsigned long last = rec_ip(&ftrace_recs[ftrace_nr_recs - 1]), addr;
	const char *at, *end, *name;
	struct pass pass = { .found = found };
	struct text_search search;

	text_search_init(&search, text, len);
	at = kallsyms_symbol(0, &addr, NULL);
	end = kallsyms_symbol(kallsyms_not_after(last), &addr, NULL);
	end += strlen(end) + 1;
	while ((at = text_search_next(&search, at, end))) {
		pass.sym = kallsyms_number_of(at, pass.sym);
		name = kallsyms_symbol(pass.sym, &addr, NULL);
		if (at_end && at[len]) {
			at++; /* perhaps once more in this name */
			continue;
		}
		if (!at_front || at == name)
			take(&pass, pass.sym, addr);
		at += strlen(at) + 1;
	}
}

/* A name of several functions finds all of them, in their order. */
void ftrace_names_equal(struct ftrace_hash *found, const char *name)
{
	struct pass pass = { .found = found };
	unsigned long addr;
	unsigned int sym;

	for (u32 i = 0; kallsyms_nth_named(name, i, &sym); i++) {
		kallsyms_symbol(sym, &addr, NULL);
		take(&pass, sym, addr);
	}
}
