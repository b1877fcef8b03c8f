// SPDX-License-Identifier: MIT
/*
 * The parameters of the kernel's functions, in the layout that tools/params.py
 * writes:
 *
 *	u32			how many there are of each of:
 *	struct function		rising by address
 *	struct prototype	equal ones are there once
 *	struct parameter	of all prototypes
 *	struct object		the structures that a parameter points to
 *	struct field		of all objects
 *	char			names, each with its NUL
 */
#include "kernel/base/params.h"

#include "kernel/lib/string.h"
#include <asm/layout.h>

struct function {
	u32 start; /* less KERNEL_VMA */
	u16 prototype;
	u16 unused;
};

struct prototype {
	u16 first; /* of its parameters */
	u16 object;
	u8 count;
	u8 returned; /* kind and size */
	u16 unused;
};

struct parameter {
	u32 name;
	u8 type; /* kind and size */
	u8 slot;
	u16 object;
};

struct object {
	u16 first; /* of its fields */
	u16 count;
};

struct field {
	u32 name;
	u16 offset;
	u8 type;
	u8 bits, bit_at;
	u8 unused[3];
};

struct table {
	u32 functions, prototypes, parameters, objects, fields, names;
	struct function function[];
};

static_assert(sizeof(struct function) == 8 && sizeof(struct prototype) == 8 &&
		      sizeof(struct parameter) == 8 &&
		      sizeof(struct object) == 4 && sizeof(struct field) == 12,
	      "layout of tools/params.py");

extern const struct table params_table;

/* ---- the tables ---------------------------------------------------------- */

static const struct prototype *prototypes(void)
{
	return (const void *)&params_table.function[params_table.functions];
}

static const struct parameter *parameters(void)
{
	return (const void *)&prototypes()[params_table.prototypes];
}

static const struct object *objects(void)
{
	return (const void *)&parameters()[params_table.parameters];
}

static const struct field *fields(void)
{
	return (const void *)&objects()[params_table.objects];
}

static const char *name_at(u32 offset)
{
	return (const char *)&fields()[params_table.fields] + offset;
}

/* Return: NULL: there is none. */
static const struct prototype *find(unsigned long addr)
{
	const struct function *f = params_table.function;
	u32 low = 0, high = params_table.functions, mid;
	u32 start = (u32)(addr - KERNEL_VMA);

	while (low < high) {
		mid = low + (high - low) / 2;
		if (f[mid].start < start)
			low = mid + 1;
		else
			high = mid;
	}
	if (addr < KERNEL_VMA || low == params_table.functions ||
	    f[low].start != start)
		return NULL;
	return &prototypes()[f[low].prototype];
}

static struct param of_type(u8 type, u32 object)
{
	return (struct param){ .name = "",
			       .kind = (enum param_kind)(type >> 4),
			       .size = type & 15,
			       .object = (u16)object };
}

/* ---- the public functions ------------------------------------------------ */

int param_count(unsigned long function)
{
	const struct prototype *p = find(function);

	return p ? p->count : -1;
}

unsigned long param_function(unsigned int n)
{
	return n < params_table.functions ?
		       KERNEL_VMA + params_table.function[n].start :
		       0;
}

void param_get(unsigned long function, unsigned int n, struct param *param)
{
	const struct parameter *row = &parameters()[find(function)->first + n];

	*param = of_type(row->type, row->object);
	param->name = name_at(row->name);
	param->slot = row->slot;
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
	const struct prototype *p = find(function);

	*param = of_type(p->returned, p->object);
}

bool param_field(unsigned int object, const char *name, struct param *param)
{
	const struct object *o;
	const struct field *row;

	if (object >= params_table.objects)
		return false;
	o = &objects()[object];
	for (row = &fields()[o->first]; row < &fields()[o->first + o->count];
	     row++) {
		if (strcmp(name_at(row->name), name))
			continue;
		*param = of_type(row->type, PARAM_NO_OBJECT);
		param->name = name_at(row->name);
		param->offset = row->offset;
		param->bits = row->bits;
		param->bit_at = row->bit_at;
		return true;
	}
	return false;
}
