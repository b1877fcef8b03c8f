/* SPDX-License-Identifier: MIT */
/*
 * table.h - tables whose entries are declared wherever they belong, and put
 * together by the linker.
 *
 * An entry is a pointer to a constant object. Who iterates knows the type
 * only; who adds an entry knows the table only. So a lower layer can call what
 * a higher one registers, and an image without a folder lacks just its entries.
 *
 *	DECLARE_TABLE(struct tracer, tracers);		in the header
 *	DEFINE_TABLE(struct tracer, tracers);		where it is iterated
 *	TABLE_ENTRY(tracers, 20, function_tracer);	in any other file
 *	for_each_entry(entry, tracers) ...
 *
 * The order is that of the keys, two digits each; entries with the same key are
 * in the order of their names. The names of the sections are identifiers, so
 * that the address sanitizer leaves them alone in host builds. linker.ld sorts
 * all sections table_*.
 */
#pragma once

#include "kernel/lib/types.h"

#define TABLE_SECTION(name, part) \
	__attribute__((used, section("table_" #name "_" part)))

#define DECLARE_TABLE(type, name)                \
	extern const type *const name##_first[]; \
	extern const type *const name##_end[]

/* In assembly: for C, an array of known size 0 would have no entries at all. */
#define TABLE_MARK(name, part, label)                                \
	__asm__(".pushsection table_" #name "_" part ",\"a\"\n"      \
		".balign 8\n"                                        \
		".globl " #name "_" label "\n" #name "_" label ":\n" \
		".popsection\n")

#define DEFINE_TABLE(type, name)        \
	TABLE_MARK(name, "", "first");  \
	TABLE_MARK(name, "end", "end"); \
	DECLARE_TABLE(type, name)

#define TABLE_ENTRY(name, key, object)                                    \
	static const typeof(object) *const name##_##object TABLE_SECTION( \
		name, #key "_" #object) = &(object)

/* @at: a const type *const *, which runs over the entries. */
#define for_each_entry(at, name) \
	for ((at) = name##_first; (at) < name##_end; (at)++)

/* How many there are. */
#define table_size(name) ((size_t)(name##_end - name##_first))
