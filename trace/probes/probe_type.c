// SPDX-License-Identifier: MIT
/*
 * probe_type.c - the types of a probe event's arguments.
 *
 * Owns the table of types.
 *
 * Pure. Context: task.
 */
#include "kernel/base/params.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/probes/probe_parse.h"

#define NUMBER(name_, field_, fmt_, size_, sign_)                           \
	{                                                                   \
		.name = name_, .field = field_, .fmt = fmt_, .size = size_, \
		.is_signed = sign_                                          \
	}
#define TEXT(name_, store_, user_)                                           \
	{                                                                    \
		.name = name_, .field = "__data_loc char[]",                 \
		.fmt = "\\\"%s\\\"", .size = sizeof(u32), .store = (store_), \
		.user = (user_), .is_signed = true                           \
	}

static const struct probe_type types[] = {
	NUMBER("u8", "u8", "%u", 1, false),
	NUMBER("u16", "u16", "%u", 2, false),
	NUMBER("u32", "u32", "%u", 4, false),
	NUMBER("u64", "u64", "%Lu", 8, false),
	NUMBER("s8", "s8", "%d", 1, true),
	NUMBER("s16", "s16", "%d", 2, true),
	NUMBER("s32", "s32", "%d", 4, true),
	NUMBER("s64", "s64", "%Ld", 8, true),
	NUMBER("x8", "u8", "0x%x", 1, false),
	NUMBER("x16", "u16", "0x%x", 2, false),
	NUMBER("x32", "u32", "0x%x", 4, false),
	NUMBER("x64", "u64", "0x%Lx", 8, false),
	NUMBER("char", "u8", "'%c'", 1, false),
	NUMBER("symbol", "u64", "%pS", 8, false),
	TEXT("string", PROBE_STORE_STRING, false),
	TEXT("ustring", PROBE_STORE_STRING, true),
	TEXT("symstr", PROBE_STORE_SYMSTR, false),
};

static const struct probe_type *find_type(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(types); i++)
		if (!strcmp(types[i].name, name))
			return &types[i];
	return NULL;
}

const struct probe_type *probe_type_of(const char *name)
{
	char container[PROBE_ARG_TEXT];
	const char *slash;

	if (!name)
		return find_type("x64");
	if (*name != 'b')
		return find_type(name);
	slash = strchr(name, '/');
	if (!slash)
		return NULL;
	snprintf(container, sizeof(container), "u%s", slash + 1);
	return find_type(container);
}

/* A number of C at *@text, which moves behind it. Return: it, up to 255. */
static unsigned int take_number(const char **text)
{
	unsigned int n = 0, base = 10;

	if (**text == '0')
		base = ((*text)[1] | 0x20) == 'x' ? 16 : 8;
	*text += base == 16 ? 2 : 0;
	while (isalnum(**text) && digit_value(**text) < base) {
		n = n * base + digit_value(*(*text)++);
		n = min(n, 255U);
	}
	return n;
}

int probe_type_bits(struct probe_arg *arg, const char *type)
{
	const unsigned int size = arg->type->size * 8;
	unsigned int width, at;
	const char *digits;

	type++;
	width = take_number(&type);
	if (!width || *type++ != '@')
		return -EINVAL;
	digits = type;
	at = take_number(&type);
	if (type == digits || *type != '/' || width + at > size)
		return -EINVAL;
	arg->left = (u8)(size - width - at);
	arg->right = (u8)(size - width);
	return 0;
}

void probe_type_of_param(struct probe_arg *arg, const struct param *param)
{
	bool number = param->kind == PARAM_UNSIGNED || param->kind == PARAM_INT;
	char name[8] = "x64";

	if (number)
		snprintf(name, sizeof(name), "%c%u",
			 param->kind == PARAM_INT ? 's' : 'u',
			 param->size * 8U);
	arg->type = find_type(name);
	if (number && param->bits) {
		arg->right = (u8)(param->size * 8 - param->bits);
		arg->left = (u8)(arg->right - param->bit_at);
	}
}

enum probe_how probe_how_of(const struct probe_arg *arg)
{
	unsigned int i;

	if (arg->type->store != PROBE_STORE_NUMBER || arg->count ||
	    arg->right || arg->step[0].op != PROBE_OP_REG)
		return PROBE_HOW_STEPS;
	for (i = 1; i < arg->n_steps; i++)
		if (arg->step[i].op != PROBE_OP_DEREF)
			return PROBE_HOW_STEPS;
	return i == 1 ? PROBE_HOW_REGISTER : PROBE_HOW_MEMORY;
}
