/* SPDX-License-Identifier: MIT */
/*
 * A record with a field of each kind, its event, and two functions at known
 * addresses, for the tests of filters.
 */
#pragma once

#include "kernel/base/kallsyms.h"
#include "kernel/lib/string.h"
#include "trace/event/trace_event.h"

struct rec {
	struct trace_entry ent;
	u8 u1;
	s8 s1;
	u16 u2;
	s16 s2;
	char tag[6];
	u32 u4;
	s32 s4;
	u64 u8_;
	s64 s8_;
	char name[8];
	u32 loc, cpus;
	int ints[2];
	u64 mask;
	char text[24];
} __packed;

static const struct trace_field fields[] = {
	TRACE_FIELD(rec, unsigned char, u1),
	TRACE_FIELD(rec, signed char, s1),
	TRACE_FIELD(rec, unsigned short, u2),
	TRACE_FIELD(rec, short, s2),
	TRACE_FIELD_ARRAY(rec, char, tag, 6),
	TRACE_FIELD(rec, unsigned int, u4),
	TRACE_FIELD(rec, int, s4),
	TRACE_FIELD(rec, unsigned long, u8_),
	TRACE_FIELD(rec, long, s8_),
	TRACE_FIELD_ARRAY(rec, char, name, 8),
	TRACE_FIELD_STRING_AT(rec, loc),
	TRACE_FIELD_CPUMASK_AT(rec, cpus),
	TRACE_FIELD_ARRAY(rec, int, ints, 2),
	TRACE_FIELDS_END,
};

static const struct trace_event event = {
	.system = "unit",
	.name = "rec",
	.size = offsetof(struct rec, text),
	.fields = fields,
};

/* ---- symbols ------------------------------------------------------------- */

#define FIRST  0x1000UL
#define SECOND 0x2000UL

unsigned long kallsyms_lookup_name(const char *name)
{
	if (!strcmp(name, "first"))
		return FIRST;
	return strcmp(name, "second") ? 0 : SECOND;
}

const char *kallsyms_lookup(unsigned long addr, unsigned long *off,
			    unsigned long *size)
{
	*size = 0x100;
	*off = addr & 0xfff;
	return (addr >= FIRST && addr < FIRST + 0x100) ||
			       (addr >= SECOND && addr < SECOND + 0x100) ?
		       "it" :
		       NULL;
}
