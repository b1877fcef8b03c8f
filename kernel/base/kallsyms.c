// SPDX-License-Identifier: MIT
/*
 * The kernel's symbol table, in the layout that tools/symtab.py writes:
 *
 *	u64 sum				of all that follows
 *	u32 count, nr_sums
 *	struct sum	sums[nr_sums]	of the other read-only segments
 *	struct symbol	symbol[count]	rising by address
 *	u32		by_name[count]	numbers, in order of their names
 *	char		names[]
 *
 * Invariants:
 * KA1 The table is in read-only memory, and the build compares it with the
 *    final image.
 * KA2 No symbol is available until kallsyms_image_intact() has verified the
 *    table: an earlier panic must not read a damaged one.
 * KA3 The names lie in the order of their symbols, each with its NUL, without
 *    a gap.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/string.h"
#include <asm/layout.h>

#define NAME_BITS     24
#define NAME_MASK     ((1u << NAME_BITS) - 1)
#define TYPE_MASK     0x3f
#define TYPE_BIT      0x40 /* set in every letter, so its place is free */
#define NO_PROBE      (0x40u << NAME_BITS)
#define CANNOT_RETURN (0x80u << NAME_BITS)

struct sum {
	u64 start; /* less KERNEL_VMA */
	u64 size;
	u64 value;
};

struct symbol {
	u32 start; /* less KERNEL_VMA */
	u32 size;
	u32 name; /* bits 0-23 offset in names, 24-29 letter, NO_PROBE,
		   * CANNOT_RETURN */
};

struct table {
	u64 sum;
	u32 count;
	u32 nr_sums;
	struct sum sums[];
};

static_assert(sizeof(struct symbol) == 12, "layout of tools/symtab.py");

extern const struct table kallsyms_table;
static unsigned nr_symbols; /* KA2 */

static const struct symbol *symbols(void)
{
	return (const void *)&kallsyms_table.sums[kallsyms_table.nr_sums];
}

static const u32 *by_name(void)
{
	return (const void *)&symbols()[nr_symbols];
}

static const char *name_of(unsigned i)
{
	const char *names = (const void *)&by_name()[nr_symbols];

	return names + (symbols()[i].name & NAME_MASK);
}

unsigned kallsyms_count(void)
{
	return nr_symbols;
}

char kallsyms_type(unsigned i)
{
	return (symbols()[i].name >> NAME_BITS & TYPE_MASK) | TYPE_BIT;
}

const char *kallsyms_symbol(unsigned i, unsigned long *addr,
			    unsigned long *size)
{
	const struct symbol *s = &symbols()[i];

	*addr = KERNEL_VMA + s->start;
	if (size)
		*size = s->size;
	return name_of(i);
}

/* The number of symbols that begin at or below addr. */
static unsigned count_to(u32 addr)
{
	const struct symbol *s = symbols();
	unsigned low = 0, high = nr_symbols, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (s[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/*
 * The symbol that contains addr, or -1; of several with the same start, the
 * first in the table.
 */
static int find(u32 addr)
{
	const struct symbol *s = symbols();
	unsigned low = count_to(addr);

	if (!low)
		return -1;
	for (low--; low && s[low - 1].start == s[low].start; low--)
		;
	return addr - s[low].start < s[low].size ? (int)low : -1;
}

const char *kallsyms_lookup(unsigned long addr, unsigned long *off,
			    unsigned long *size)
{
	int i;

	if (addr < KERNEL_VMA || addr - KERNEL_VMA > 0xffffffff)
		return NULL;
	i = find(addr - KERNEL_VMA);
	if (i < 0)
		return NULL;
	if (off)
		*off = addr - KERNEL_VMA - symbols()[i].start;
	if (size)
		*size = symbols()[i].size;
	return name_of(i);
}

/* Does addr lie in a symbol with this mark? */
static bool is_marked(unsigned long addr, u32 mark)
{
	int i = -1;

	if (addr >= KERNEL_VMA && addr - KERNEL_VMA <= 0xffffffff)
		i = find(addr - KERNEL_VMA);
	return i >= 0 && symbols()[i].name & mark;
}

bool kallsyms_cannot_return(unsigned long addr)
{
	return is_marked(addr, CANNOT_RETURN);
}

bool kallsyms_noprobe(unsigned long addr)
{
	return is_marked(addr, NO_PROBE);
}

/* The position in by_name of the first name that does not sort before name. */
static unsigned name_position(const char *name)
{
	unsigned low = 0, high = nr_symbols, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(name_of(by_name()[mid]), name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

unsigned kallsyms_name_count(const char *name)
{
	unsigned first = name_position(name), i = first;

	while (i < nr_symbols && !strcmp(name_of(by_name()[i]), name))
		i++;
	return i - first;
}

bool kallsyms_nth_named(const char *name, unsigned n, unsigned *number)
{
	unsigned i = name_position(name) + n;

	if (i >= nr_symbols || strcmp(name_of(by_name()[i]), name))
		return false;
	*number = by_name()[i];
	return true;
}

unsigned kallsyms_not_after(unsigned long addr)
{
	unsigned n = addr < KERNEL_VMA ? 0 : count_to(addr - KERNEL_VMA);

	return n ? n - 1 : 0;
}

/* The steps double until one goes too far. KA3 */
unsigned kallsyms_number_of(const char *byte, unsigned from)
{
	unsigned low = from, high, mid, step = 1;

	while (low + step < nr_symbols && name_of(low + step) <= byte) {
		low += step;
		step *= 2;
	}
	high = min(low + step, nr_symbols);
	while (high - low > 1) {
		mid = low + (high - low) / 2;
		if (name_of(mid) <= byte)
			low = mid;
		else
			high = mid;
	}
	return low;
}

unsigned long kallsyms_lookup_name(const char *name)
{
	unsigned i = name_position(name);

	if (i == nr_symbols || strcmp(name_of(by_name()[i]), name))
		return 0;
	return KERNEL_VMA + symbols()[by_name()[i]].start;
}

static bool sum_is(const void *start, const void *end, u64 expected, u64 *found)
{
	u64 sum = 0;
	const u64 *p;

#pragma GCC unroll 16
	for (p = start; p < (const u64 *)end; p++)
		sum = (sum << 1 | sum >> 63) + *p;
	*found = sum;
	return sum == expected;
}

u64 kallsyms_build_id(void)
{
	return kallsyms_table.sum;
}

bool kallsyms_image_intact(u64 *found, u64 *expected)
{
	const struct table *table = &kallsyms_table;
	const struct sum *sum;

	*expected = table->sum;
	if (!sum_is(&table->count, __kallsyms_end, *expected, found))
		return false;
	for (sum = table->sums; sum < table->sums + table->nr_sums; sum++) {
		const char *start = (const char *)KERNEL_VMA + sum->start;

		*expected = sum->value;
		if (!sum_is(start, start + sum->size, *expected, found))
			return false;
	}
	nr_symbols = table->count;
	return true;
}
