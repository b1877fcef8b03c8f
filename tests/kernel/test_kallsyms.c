// SPDX-License-Identifier: MIT
/*
 * The symbol table: edges of symbols and of sections, and both directions. (The
 * checksum of the image is for the boot: ftrace changes text afterwards.
 * tests/test_boot.py flips bits.)
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/string.h"
#include "kernel/main.h"
#include "tests/kernel/ktest.h"
#include <asm/layout.h>

static bool is_named(unsigned long addr, const char *name)
{
	const char *found = kallsyms_lookup(addr, NULL, NULL);

	return found && !strcmp(found, name);
}

KTEST(kallsyms, edges_of_a_function)
{
	unsigned long addr = (unsigned long)boot_results, off, size;

	ASSERT(kallsyms_lookup(addr, &off, &size) != NULL);
	EXPECT_EQ(off, 0);
	EXPECT(size > 0);
	EXPECT(is_named(addr, "boot_results"));
	EXPECT(is_named(addr + size - 1, "boot_results"));
	EXPECT(!is_named(addr + size, "boot_results"));
	EXPECT(!is_named(addr - 1, "boot_results"));
	kallsyms_lookup(addr + size - 1, &off, NULL);
	EXPECT_EQ(off, size - 1);
	kallsyms_lookup(addr + size, &off, NULL);
	EXPECT_EQ(off, 0);
}

KTEST(kallsyms, edges_of_sections)
{
	unsigned long text = (unsigned long)_text, end = (unsigned long)_etext;

	EXPECT(kallsyms_lookup(text, NULL, NULL) != NULL);
	EXPECT(kallsyms_lookup(text - 1, NULL, NULL) == NULL);
	EXPECT(kallsyms_lookup(end - 1, NULL, NULL) != NULL);
	EXPECT(kallsyms_lookup(0, NULL, NULL) == NULL);
	EXPECT(kallsyms_lookup(~0UL, NULL, NULL) == NULL);
	EXPECT(kallsyms_lookup(PAGE_OFFSET, NULL, NULL) == NULL);
	EXPECT(kallsyms_lookup((unsigned long)_end, NULL, NULL) == NULL);
	EXPECT(kallsyms_lookup(KERNEL_VMA, NULL, NULL) == NULL);
}

KTEST(kallsyms, names_give_addresses)
{
	EXPECT_EQ(kallsyms_lookup_name("kallsyms_lookup_name"),
		  (unsigned long)kallsyms_lookup_name);
	EXPECT_EQ(kallsyms_lookup_name("boot_results"),
		  (unsigned long)boot_results);
	EXPECT_EQ(kallsyms_lookup_name("boot_result"), 0);
	EXPECT_EQ(kallsyms_lookup_name("boot_results2"), 0);
	EXPECT_EQ(kallsyms_lookup_name(""), 0);
	EXPECT_EQ(kallsyms_name_count("boot_results"), 1);
	EXPECT_EQ(kallsyms_name_count("no such name"), 0);
}

/* KA1 */
KTEST(kallsyms, every_symbol_is_found_again)
{
	unsigned long addr, size, off, last = 0;
	unsigned int i, wrong = 0;
	const char *name;

	for (i = 0; i < kallsyms_count(); i++) {
		name = kallsyms_symbol(i, &addr, &size);
		wrong += addr < last;
		wrong += !kallsyms_name_count(name);
		wrong += !strchr("tdrb", kallsyms_type(i));
		if (size) {
			wrong += !kallsyms_lookup(addr, &off, NULL);
			wrong += off != 0;
		}
		last = addr;
		cond_resched();
	}
	EXPECT_EQ(wrong, 0);
	EXPECT(kallsyms_count() > 500);
}

/* Its local label must not look like a function of its own. */
KTEST(kallsyms, no_local_labels)
{
	unsigned long addr;
	unsigned int i;
	const char *dot;

	for (i = 0; i < kallsyms_count(); i++) {
		dot = strchr(kallsyms_symbol(i, &addr, NULL), '.');
		if (!dot || kallsyms_type(i) != 't')
			continue;
		EXPECT(str_has_prefix(dot, ".part") ||
		       str_has_prefix(dot, ".cold") ||
		       str_has_prefix(dot, ".isra") ||
		       str_has_prefix(dot, ".constprop"));
	}
}

KTEST(kallsyms, a_byte_of_a_name_gives_its_symbol_KA3)
{
	unsigned int n = kallsyms_count(), i, bad = 0;
	const char *name,
		*behind = kallsyms_symbol(0, &(unsigned long){ 0 }, NULL);
	unsigned long addr;

	for (i = 0; i < n; i++) {
		name = kallsyms_symbol(i, &addr, NULL);
		bad += name != behind;
		behind = name + strlen(name) + 1;
		bad += kallsyms_number_of(name, 0) != i;
		bad += kallsyms_number_of(behind - 1, i) != i;
		bad += kallsyms_number_of(behind - 1, i / 2) != i;
	}
	EXPECT_EQ(bad, 0);
}

KTEST(kallsyms, the_last_symbol_not_after_an_address)
{
	unsigned int n = kallsyms_count(), i;
	unsigned long addr, next;

	for (i = 0; i + 1 < n; i += 97) {
		kallsyms_symbol(i, &addr, NULL);
		kallsyms_symbol(i + 1, &next, NULL);
		if (addr == next)
			continue;
		EXPECT_EQ(kallsyms_not_after(addr), i);
		EXPECT_EQ(kallsyms_not_after(next - 1), i);
	}
	EXPECT_EQ(kallsyms_not_after(0), 0);
	EXPECT_EQ(kallsyms_not_after(~0UL), n - 1);
}

KTEST(kallsyms, all_symbols_of_a_name)
{
	unsigned int number, n = kallsyms_name_count("compare"), i;
	unsigned long addr;

	ASSERT(n > 1); /* a static name of several files */
	for (i = 0; i < n; i++) {
		ASSERT(kallsyms_nth_named("compare", i, &number));
		EXPECT(!strcmp(kallsyms_symbol(number, &addr, NULL),
			       "compare"));
	}
	EXPECT(!kallsyms_nth_named("compare", n, &number));
	EXPECT(!kallsyms_nth_named("no such name", 0, &number));
}
