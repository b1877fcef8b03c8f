/* SPDX-License-Identifier: MIT */
/*
 * The kernel's own symbols: address to name and back.
 *
 * tools/symtab.py makes the table from the linked image. A second link puts the
 * table at the image's end, so that no other address changes. The table is
 * read-only. Symbols are numbered in rising order of address.
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
 * Return: its name, or NULL when addr lies in no symbol of the kernel. Of
 * several names for one address, the one that sorts first is returned.
 */
const char *kallsyms_lookup(unsigned long addr, unsigned long *off,
			    unsigned long *size);

/* Address of the (first) symbol of that name, 0 if there is none. */
unsigned long kallsyms_lookup_name(const char *name);

/*
 * Number of the n-th symbol of that name, from 0, in their order; false if
 * there are not so many.
 */
bool kallsyms_nth_named(const char *name, unsigned n, unsigned *number);

/* Number of the last symbol that begins at or below addr; 0 if none does. */
unsigned kallsyms_not_after(unsigned long addr);

/*
 * Number of the symbol in whose name this byte is. The names lie one behind
 * another in the symbols' order (KA3). @from: a symbol that is not behind it,
 * where the search begins: it is short if the symbol is near.
 */
unsigned kallsyms_number_of(const char *byte, unsigned from);

/* How many symbols have that name. */
unsigned kallsyms_name_count(const char *name);

/* Letters as nm prints them: 't' text, 'r' rodata, 'd' data, 'b' bss. */
char kallsyms_type(unsigned i);

/*
 * Does addr lie in a function that cannot return? tools/noreturn.py marks the
 * functions of the linked image from whose start no RET is reachable.
 */
bool kallsyms_cannot_return(unsigned long addr);

/*
 * The identity of this build: the checksum that the build stored for the table,
 * which itself has the checksums of text and rodata. Equal sources and equal
 * tools give an equal one. Context: any.
 */
u64 kallsyms_build_id(void);

/*
 * Does addr lie in a function that runs before a probe's handler is safe?
 * tools/noprobe.py marks what the proof of `make lint` (tests/lint/reach.py)
 * reaches in the linked image.
 */
bool kallsyms_noprobe(unsigned long addr);

/*
 * Recomputes the checksums of this table, of text and of rodata, and compares
 * them with those that the build stored. No symbol is available before.
 * Context: boot; later, ftrace changes text.
 * Return: true if all are equal; false with the first pair that differs.
 */
bool kallsyms_image_intact(u64 *found, u64 *expected);
