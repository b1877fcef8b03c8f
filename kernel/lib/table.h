/* SPDX-License-Identifier: MIT */
/*
 * table.h - tables that the linker collects from entries declared in any file.
 *
 * An entry is a pointer to a constant object. The code that iterates knows only
 * the type; the code that adds an entry knows only the table. So a lower layer
 * can call what a higher layer registers, and an image without a folder lacks
 * only that folder's entries.
 *
 *	DECLARE_TABLE(struct tracer, tracers);		in the header
 *	DEFINE_TABLE(struct tracer, tracers);		where it is iterated
 *	TABLE_ENTRY(tracers, 20, function_tracer);	in any other file
 *	for_each_entry(entry, tracers) ...
 *
 * Entries are sorted by their keys of two digits, and by name where keys are
 * equal. The names of the sections are identifiers, so that the address
 * sanitizer does not change them in host builds. linker.ld sorts all sections
 * table_*.
 */
#pragma once

#include "kernel/lib/types.h"

#define TABLE_SECTION(name, part) \
	__attribute__((used, section("table_" #name "_" part)))

#define DECLARE_TABLE(type, name)                \
	extern const type *const name##_first[]; \
	extern const type *const name##_end[]

/* In assembly: C would take an array of known size 0 to have no entry. */
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

/* @at: a const type *const *, which points to each entry in turn. */
#define for_each_entry(at, name) \
	for ((at) = name##_first; (at) < name##_end; (at)++)

/* The number of entries. */
#define table_size(name) ((size_t)(name##_end - name##_first))
