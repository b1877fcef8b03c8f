// SPDX-License-Identifier: MIT
/*
 * The kernel's symbol table, as tools/symtab.py laid it out:
 *
 *	u32 count, sums
 *	struct sum      sum[sums]	checksums of the image's segments
 *	struct symbol	symbol[count]	rising by address
 *	u32		by_name[count]	numbers, in order of their names
 *	char		names[]
 *
 * Invariant I1: the table is in read-only memory and was compared with the
 * final image by the build.
 */
#include "kernel/kallsyms.h"
#include "kernel/lib/string.h"
#include <asm/layout.h>

#define NAME_BITS 24
#define NAME_MASK ((1u << NAME_BITS) - 1)

struct sum {
	u64 start; /* less KERNEL_VMA */
	u64 size;
	u64 value;
};

struct symbol {
	u32 start; /* less KERNEL_VMA */
	u32 size;
	u32 name; /* offset in names, type letter in the top byte */
};

struct table {
	u32 count;
	u32 sums;
	struct sum sum[];
};

static_assert(sizeof(struct symbol) == 12, "layout of tools/symtab.py");

extern const struct table kallsyms_table;

static const struct symbol *symbols(void)
{
	return (const void *)&kallsyms_table.sum[kallsyms_table.sums];
}

static const u32 *by_name(void)
{
	return (const void *)&symbols()[kallsyms_table.count];
}

static const char *name_of(unsigned i)
{
	const char *names = (const void *)&by_name()[kallsyms_table.count];

	return names + (symbols()[i].name & NAME_MASK);
}

unsigned kallsyms_count(void)
{
	return kallsyms_table.count;
}

char kallsyms_type(unsigned i)
{
	return symbols()[i].name >> NAME_BITS;
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

/* The first symbol that starts where the last one at or below addr does. */
static int find(u32 addr)
{
	const struct symbol *s = symbols();
	unsigned low = 0, high = kallsyms_table.count, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (s[mid].start <= addr)
			low = mid + 1;
		else
			high = mid;
	}
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

/* Position in by_name of the first name that is not below name. */
static unsigned name_position(const char *name)
{
	unsigned low = 0, high = kallsyms_table.count, mid;

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

	while (i < kallsyms_table.count && !strcmp(name_of(by_name()[i]), name))
		i++;
	return i - first;
}

unsigned long kallsyms_lookup_name(const char *name)
{
	unsigned i = name_position(name);

	if (i == kallsyms_table.count || strcmp(name_of(by_name()[i]), name))
		return 0;
	return KERNEL_VMA + symbols()[by_name()[i]].start;
}

int kallsyms_for_each(int (*fn)(const char *name, unsigned long addr,
				unsigned long size, void *arg),
		      void *arg)
{
	unsigned long addr, size;
	const char *name;
	unsigned i;
	int ret = 0;

	for (i = 0; i < kallsyms_table.count && !ret; i++) {
		name = kallsyms_symbol(i, &addr, &size);
		ret = fn(name, addr, size, arg);
	}
	return ret;
}

static u64 segment_sum(const struct sum *sum)
{
	const u64 *p = (const u64 *)(KERNEL_VMA + sum->start);
	const u64 *end = p + DIV_ROUND_UP(sum->size, 8);
	u64 total = 0;

	while (p < end)
		total = (total << 1 | total >> 63) + *p++;
	return total;
}

bool kallsyms_image_intact(u64 *found, u64 *expected)
{
	const struct sum *sum = kallsyms_table.sum;
	unsigned long data = (unsigned long)_data - KERNEL_VMA;
	u32 i;

	for (i = 0; i < kallsyms_table.sums; i++, sum++) {
		if (sum->start == data)
			continue; /* has been written to since */
		*found = segment_sum(sum);
		*expected = sum->value;
		if (*found != *expected)
			return false;
	}
	return true;
}
