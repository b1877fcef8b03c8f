/* SPDX-License-Identifier: MIT */
/*
 * A table of symbols for tests of the parser of probes: each is 0x100 bytes
 * long. "twice" is there two times.
 */
#pragma once

#include "kernel/base/kallsyms.h"
#include "kernel/lib/string.h"

#define SYMBOL_BASE 0xffffffff80001000UL
#define SYMBOL_SIZE 0x100UL

static const char *const symbols[] = {
	"vfs_read", "kernel_clone", "do_exit", "twice",
	"twice",    "f.isra.0",	    "_sdata",
};

unsigned long kallsyms_lookup_name(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		if (!strcmp(symbols[i], name))
			return SYMBOL_BASE + i * SYMBOL_SIZE;
	return 0;
}

unsigned int kallsyms_name_count(const char *name)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(symbols); i++)
		n += !strcmp(symbols[i], name);
	return n;
}

const char *kallsyms_lookup(unsigned long addr, unsigned long *off,
			    unsigned long *size)
{
	size_t i = (addr - SYMBOL_BASE) / SYMBOL_SIZE;

	if (addr < SYMBOL_BASE || i >= ARRAY_SIZE(symbols))
		return NULL;
	if (off)
		*off = (addr - SYMBOL_BASE) % SYMBOL_SIZE;
	if (size)
		*size = SYMBOL_SIZE;
	return symbols[i];
}
