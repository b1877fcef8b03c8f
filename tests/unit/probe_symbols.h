/* SPDX-License-Identifier: MIT */
/*
 * A table of symbols for tests of the parser of probes: each is 0x100 bytes
 * long. "twice" is there two times.
 */
#pragma once

#include "kernel/base/kallsyms.h"
#include "kernel/base/params.h"
#include "kernel/lib/string.h"
#include "trace/probes/probe_parse.h"

#define SYMBOL_BASE 0xffffffff80001000UL
#define SYMBOL_SIZE 0x100UL

static const char *const symbols[] = {
	"vfs_read", "kernel_clone", "do_exit", "twice",
	"twice",    "f.isra.0",	    "_sdata",  "pos",
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

/* ---- parameters ---------------------------------------------------------- */

/*
 * u64 vfs_read(struct file *file, char *buf, u64 count, struct pair pair, s16
 * pos), the first twice with the same, void do_exit(void), and a tracepoint
 * forked(struct file *parent, int pid). struct file has number (s32), name
 * (char *), text (char []), flag (3 bits from the 5th on of 32) and other (a
 * structure).
 */
#define POINT_FUNCTION 0xffffffff80009000UL

static const struct param file_fields[] = {
	{ "number", PARAM_INT, 4, .offset = 8, .object = PARAM_NO_OBJECT },
	{ "name", PARAM_CHARS_AT, 8, .offset = 16, .object = PARAM_NO_OBJECT },
	{ "text", PARAM_CHARS_IN, .offset = 24, .object = PARAM_NO_OBJECT },
	{ "flag", PARAM_UNSIGNED, 4, .bits = 3, .bit_at = 5, .offset = 40,
	  .object = PARAM_NO_OBJECT },
	{ "other", PARAM_OTHER, .offset = 48, .object = PARAM_NO_OBJECT },
};

static const struct param vfs_read_params[] = {
	{ "file", PARAM_POINTER, 8, .slot = 0, .object = 0 },
	{ "buf", PARAM_CHARS_AT, 8, .slot = 1, .object = PARAM_NO_OBJECT },
	{ "count", PARAM_UNSIGNED, 8, .slot = 2, .object = PARAM_NO_OBJECT },
	{ "pair", PARAM_OTHER, .slot = 3, .object = PARAM_NO_OBJECT },
	{ "pos", PARAM_INT, 2, .slot = 5, .object = PARAM_NO_OBJECT },
};

static const struct param forked_params[] = {
	{ "data", PARAM_POINTER, 8, .slot = 0, .object = PARAM_NO_OBJECT },
	{ "parent", PARAM_POINTER, 8, .slot = 1, .object = 0 },
	{ "pid", PARAM_INT, 4, .slot = 2, .object = PARAM_NO_OBJECT },
};

unsigned long probe_point_function(const char *tracepoint)
{
	return strcmp(tracepoint, "forked") ? 0 : POINT_FUNCTION;
}

int param_count(unsigned long function)
{
	if (function == POINT_FUNCTION)
		return ARRAY_SIZE(forked_params);
	if (function == kallsyms_lookup_name("vfs_read") ||
	    function == kallsyms_lookup_name("twice"))
		return ARRAY_SIZE(vfs_read_params);
	return function == kallsyms_lookup_name("do_exit") ? 0 : -1;
}

void param_get(unsigned long function, unsigned int n, struct param *param)
{
	*param = function == POINT_FUNCTION ? forked_params[n] :
					      vfs_read_params[n];
}

bool param_find(unsigned long function, const char *name, struct param *param)
{
	int n, count = param_count(function);

	for (n = 0; n < count; n++) {
		param_get(function, (unsigned int)n, param);
		if (!strcmp(param->name, name))
			return true;
	}
	return false;
}

void param_returned(unsigned long function, struct param *param)
{
	*param = function == kallsyms_lookup_name("vfs_read") ?
			 vfs_read_params[2] :
			 (struct param){ .name = "" };
}

bool param_field(unsigned int object, const char *name, struct param *param)
{
	size_t i;

	for (i = 0; !object && i < ARRAY_SIZE(file_fields); i++)
		if (!strcmp(file_fields[i].name, name)) {
			*param = file_fields[i];
			return true;
		}
	return false;
}
