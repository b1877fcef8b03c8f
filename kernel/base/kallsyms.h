/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own symbols: address to name and back.
 *
 * The table is made by tools/symtab.py from the linked image and linked in at
 * its end, so that adding it moves nothing; it is read-only and never changes.
 * Symbols are numbered in rising order of address.
 *
 * Context: any, NMI included: no locks, no memory.
 */
#pragma once

#include "kernel/lib/types.h"

unsigned kallsyms_count(void);

/* Symbol number i (< kallsyms_count()). size may be NULL. */
const char *kallsyms_symbol(unsigned i, unsigned long *addr,
			    unsigned long *size);

/*
 * kallsyms_lookup - the symbol that addr lies in
 * @off, @size: offset of addr in it and its size; may be NULL
 *
 * Return: its name, or NULL when addr is in no section of the kernel. Among
 * several names for one address the one that sorts first is given.
 */
const char *kallsyms_lookup(unsigned long addr, unsigned long *off,
			    unsigned long *size);

/* Address of the (first) symbol of that name, 0 if there is none. */
unsigned long kallsyms_lookup_name(const char *name);

/* As above, also telling how many symbols have the name. */
unsigned kallsyms_name_count(const char *name);

/* Calls fn in rising order until it returns nonzero; returns that. */
int kallsyms_for_each(int (*fn)(const char *name, unsigned long addr,
				unsigned long size, void *arg),
		      void *arg);

/* Letters as nm prints them: 't' text, 'r' rodata, 'd' data, 'b' bss. */
char kallsyms_type(unsigned i);

/*
 * Does addr lie in a function that cannot return? As tools/noreturn.py has
 * found in the linked image: no RET is reachable from its start.
 */
bool kallsyms_cannot_return(unsigned long addr);

/*
 * Recomputes the checksums that the build stored, of this table, of text and of
 * rodata; there are no symbols before. For the boot: later on ftrace has
 * changed text.
 * Return: true if they are as built; else the first two that differ.
 */
bool kallsyms_image_intact(u64 *found, u64 *expected);
