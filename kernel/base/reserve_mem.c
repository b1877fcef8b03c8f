// SPDX-License-Identifier: MIT
/*
 * reserve_mem.c - the word reserve_mem=, and the memory in trace_instance=.
 *
 * Owns the list of reserved regions. A region lies where nobody else works
 * during a boot. Measured with 128 MiB to 1 GiB: OVMF uses the lowest 23 MiB
 * and the highest 55; GRUB's heap under UEFI is the quarter of memory below
 * those; SeaBIOS and its GRUB use a few MiB at either end. So a region begins
 * in the first room at or above a quarter of what lies below 4 GiB, which is
 * rounded to 16 MiB so that BIOS and UEFI give the same address. It is safe up
 * to half of memory less 64 MiB.
 *
 * RM1 A region is taken from memmap_free, so no page of it is ever allocated,
 *     and no code here writes to it.
 */
#include "kernel/base/reserve_mem.h"

#include "kernel/base/cmdline.h"
#include "kernel/base/memmap.h"
#include "kernel/base/printk.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/string.h"
#include <asm/layout.h>

CMDLINE_TEXT(reserve_mem, "SIZE:ALIGN:NAME",
	     "RAM at a fixed address; may be there more than once");

/*
 * BELOW: regions lie in the first 4 GiB, where the quarter is the same under
 * BIOS and UEFI. No region begins under LEAST, where firmware works.
 */
#define REGIONS_MAX 8
#define BELOW	    0x100000000ULL
#define ROUND	    (16ULL << 20)
#define LEAST	    (32ULL << 20)

static struct region {
	char name[RESERVE_MEM_NAME]; /* "": asked for by its address */
	u64 start, size;
	bool taken; /* the rest is immutable after reserve_mem_init() */
} regions[REGIONS_MAX];
static unsigned int nr_regions;

/*
 * A number as C writes it, with K, M, G, T, P or E behind it. 0 also for one
 * that does not fit into 64 bits: no size or address that is asked for is 0.
 */
u64 reserve_mem_parse(const char **text)
{
	static const char units[] = "kmgtpe", digits[] = "0123456789abcdef";
	const char *s = *text, *at;
	u64 n = 0, base = 10;

	if (s[0] == '0') {
		base = tolower(s[1]) == 'x' ? 16 : 8;
		s += base == 16 ? 2 : 1;
	}
	for (; *s; s++) {
		at = strchr(digits, tolower(*s));
		if (!at || (u64)(at - digits) >= base)
			break;
		if (n > (~0ULL - (at - digits)) / base)
			return 0;
		n = n * base + (at - digits);
	}
	at = *s ? strchr(units, tolower(*s)) : NULL;
	if (at) {
		if (n > ~0ULL >> (10 * (at - units + 1)))
			return 0;
		n <<= 10 * (at - units + 1);
		s++;
	}
	*text = s;
	return n;
}

/* Does one free range hold all of [start, start + size)? */
static bool is_free(u64 start, u64 size)
{
	u32 i;

	for (i = 0; i < memmap_free.nr; i++) {
		if (start >= memmap_free.range[i].start &&
		    start < memmap_free.range[i].end &&
		    size <= memmap_free.range[i].end - start)
			return true;
	}
	return false;
}

/* Return: the first room at or above the quarter, 0 if there is none. */
static u64 find_room(u64 size, u64 align)
{
	u64 top = 0, start;
	u32 i;

	for (i = 0; i < memmap_ram.nr; i++)
		top = max(top, min(memmap_ram.range[i].end, BELOW));
	top = max(ALIGN_UP(top, ROUND) / 4, LEAST);
	for (i = 0; i < memmap_free.nr; i++) {
		start = ALIGN_UP(max(memmap_free.range[i].start, top), align);
		if (is_free(start, size))
			return start;
	}
	return 0;
}

/*
 * Regions that were asked for by address have no name: "" finds one of them, so
 * callers do not ask for it.
 */
static struct region *find_name(const char *name)
{
	unsigned int i;

	for (i = 0; i < nr_regions; i++) {
		if (!strcmp(regions[i].name, name))
			return &regions[i];
	}
	return NULL;
}

/* Exactly this region, not a part of another. */
static struct region *find_place(u64 start, u64 size)
{
	unsigned int i;

	for (i = 0; i < nr_regions; i++) {
		if (!*regions[i].name && regions[i].start == start &&
		    regions[i].size == size)
			return &regions[i];
	}
	return NULL;
}

/* Return: NULL, or why not. */
static const char *add(const char *name, u64 start, u64 size)
{
	if (nr_regions == REGIONS_MAX)
		return "there are 8 regions already";
	if (memmap_reserve(&memmap_free, start, start + size))
		return "memory is in too many pieces";
	regions[nr_regions] = (struct region){ .start = start, .size = size };
	strscpy(regions[nr_regions++].name, name, RESERVE_MEM_NAME);
	pr_info("reserve_mem: %s%s%llu KiB at 0x%llx", name, *name ? ": " : "",
		size >> 10, start);
	return NULL;
}

/* Return: NULL, or what is wrong with SIZE:ALIGN:NAME. */
static const char *add_by_name(const char *text)
{
	u64 size = reserve_mem_parse(&text), align, start;

	if (!size || *text++ != ':')
		return "SIZE is a number of bytes, with K, M or G";
	align = reserve_mem_parse(&text);
	if (*text++ != ':' || (align & (align - 1)))
		return "ALIGN is a power of two";
	if (!text[strspn(text, " \t")] || strlen(text) >= RESERVE_MEM_NAME)
		return "NAME has 1 to 15 characters";
	if (isdigit(*text) || strchr(text, ','))
		return "NAME begins with no digit and has no comma";
	if (find_name(text))
		return "there is a region of this name";
	start = size > BELOW ? 0 :
			       find_room(ALIGN_UP(size, PAGE_SIZE),
					 max(align, (u64)PAGE_SIZE));
	return start ? add(text, start, ALIGN_UP(size, PAGE_SIZE)) :
		       "so much memory is not free in one piece";
}

/* "ADDR:SIZE". Return: NULL, or what is wrong with it. Pure. */
static const char *parse_place(const char *text, u64 *start, u64 *size)
{
	*start = reserve_mem_parse(&text);
	if (!*start || *start % PAGE_SIZE)
		return "the address behind the @ is not that of a page";
	*size = *text++ == ':' ? reserve_mem_parse(&text) : 0;
	if (!*size || *text || *size % PAGE_SIZE)
		return "behind the address comes :SIZE, in whole pages";
	return NULL;
}

/* trace_instance=...@ADDR:SIZE. reserve_mem_take() says what is wrong. */
static void add_by_place(char *text)
{
	u64 start, size;
	char *at;

	text[strcspn(text, ",")] = '\0';
	at = strchr(text, '@');
	if (!at || !isdigit(at[1]))
		return;
	if (!parse_place(at + 1, &start, &size) && is_free(start, size))
		add("", start, size);
}

/*
 * In the order of the command line: so the same words give the same addresses
 * in the next boot. A word that cannot be served is reported, and the boot goes
 * on.
 */
void reserve_mem_init(void)
{
	static const char word[] = "reserve_mem=";
	const char *rest = cmdline(), *why;
	char text[CMDLINE_WORD_ROOM];

	nr_regions = 0;
	while (cmdline_next(&rest, text, sizeof(text))) {
		if (str_has_prefix(text, "trace_instance="))
			add_by_place(text);
		if (!str_has_prefix(text, word))
			continue;
		why = add_by_name(text + strlen(word));
		if (why)
			pr_err("not reserved: %s: %s", text, why);
	}
}

/* A region has one user. Return: NULL, or why it cannot be had. */
const char *reserve_mem_take(const char *memory, u64 *start, u64 *size)
{
	const char *why = "no such memory is reserved";
	struct region *found;

	if (isdigit(*memory)) {
		why = parse_place(memory, start, size);
		if (why)
			return why;
		why = "this memory is not free";
		found = find_place(*start, *size);
	} else {
		found = *memory ? find_name(memory) : NULL;
	}
	if (!found)
		return why;
	if (found->taken)
		return "this memory is taken already";
	found->taken = true;
	*start = found->start;
	*size = found->size;
	return NULL;
}
