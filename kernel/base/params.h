/* SPDX-License-Identifier: MIT */
/*
 * params.h - the parameters of the kernel's functions: names, types, and the
 * fields of structures that they point to.
 *
 * tools/params.py makes the table from the image's debug information. It lies
 * behind the symbol table, and is covered by its checksum (KA2). Functions that
 * the compiler has cloned are not in it.
 *
 * Context: any: no locks, no memory.
 */
#pragma once

#include "kernel/lib/types.h"

enum param_kind {
	PARAM_VOID,
	PARAM_UNSIGNED,
	PARAM_INT,
	PARAM_POINTER,
	PARAM_CHARS_AT, /* char * */
	PARAM_CHARS_IN, /* char [] */
	PARAM_OTHER,	/* a structure, another array */
};

#define PARAM_NO_OBJECT 0xffff

/* A parameter, a return value or a field. */
struct param {
	const char *name; /* of a return value: "" */
	enum param_kind kind;
	u8 size;	 /* bytes of a number or pointer */
	u8 slot;	 /* of a parameter: how many words are before it */
	u8 bits, bit_at; /* of a bit field, or 0 */
	u16 offset;	 /* of a field: bytes */
	u16 object;	 /* of a pointer to a structure, for param_field() */
};

/*
 * The number of parameters of the function that begins at this address.
 * Return: -1: the table does not have it.
 */
int param_count(unsigned long function);

/* The functions of the table, rising. Return: 0: there are no more than @n. */
unsigned long param_function(unsigned int n);

/* Its parameter @n, below param_count(). */
void param_get(unsigned long function, unsigned int n, struct param *param);

/*
 * Its parameter of that name. Return: false: it has none, or the table does not
 * have the function; *param is anything then.
 */
bool param_find(unsigned long function, const char *name, struct param *param);

/* What it returns; param_count() is not -1. */
void param_returned(unsigned long function, struct param *param);

/* Return: false: the structure has no field of that name. */
bool param_field(unsigned int object, const char *name, struct param *param);
