// SPDX-License-Identifier: MIT
/*
 * probe_event_format.c - what records of a probe event look like: the fields
 * and the print format of its file, and the text of a line.
 *
 * Owns nothing.
 *
 * Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "trace/probes/probe_event_internal.h"
#include "trace/trace_internal.h"

/* ---- a line of text ------------------------------------------------------ */

static u64 load(const char *at, unsigned int size)
{
	u64 value = 0;

	memcpy(&value, at, size);
	return value;
}

static s64 extend(u64 value, unsigned int size)
{
	unsigned int shift = 64 - 8 * size;

	return (s64)(value << shift) >> shift;
}

/* A text of the length 0 could not be read; a long one is within the record. */
static void put_string(const struct trace_iterator *iter, u32 loc,
		       struct trace_seq *s)
{
	u32 at = loc & 0xffff, len = loc >> 16;

	if (!len)
		trace_seq_puts(s, "(fault)");
	else if (at > iter->len || len > iter->len - at)
		trace_seq_puts(s, "<bad>");
	else
		trace_seq_printf(s, "\"%.*s\"", (int)len - 1,
				 (const char *)iter->data + at);
}

static void put_number(struct trace_iterator *iter,
		       const struct probe_type *type, u64 value,
		       struct trace_seq *s)
{
	if (!strcmp(type->fmt, "%pS"))
		trace_put_symbol(iter, s, value, true);
	else if (type->fmt[0] == '\'')
		trace_seq_printf(s, "'%c'", (int)(u8)value);
	else if (type->fmt[0] == '0')
		trace_seq_printf(s, "0x%llx", value);
	else if (type->is_signed)
		trace_seq_printf(s, "%lld", extend(value, type->size));
	else
		trace_seq_printf(s, "%llu", value);
}

static void put_element(struct trace_iterator *iter,
			const struct probe_arg *arg, unsigned int i,
			struct trace_seq *s)
{
	u64 value = load((const char *)iter->data + arg->offset + i * arg->size,
			 arg->size);

	if (arg->type->store == PROBE_STORE_NUMBER)
		put_number(iter, arg->type, value, s);
	else
		put_string(iter, (u32)value, s);
}

static void put_args(struct trace_iterator *iter, const struct probe_def *def,
		     struct trace_seq *s)
{
	const struct probe_arg *arg;
	unsigned int i;

	for (arg = def->arg; arg < def->arg + def->n_args; arg++) {
		trace_seq_printf(s, " %s=", arg->name);
		if (!arg->count) {
			put_element(iter, arg, 0, s);
			continue;
		}
		for (i = 0; i < arg->count; i++) {
			trace_seq_putc(s, i ? ',' : '{');
			put_element(iter, arg, i, s);
		}
		trace_seq_putc(s, '}');
	}
}

static void put_place(struct trace_iterator *iter, struct trace_seq *s,
		      unsigned long addr, bool offset)
{
	trace_put_symbol(iter, s, addr, offset);
	if (trace_option(iter->tr, TRACE_OPT_sym_addr))
		trace_seq_printf(s, " <%016lx>", addr);
}

/* All probes of an event have the same arguments: those of its form. */
static void put_event(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct probe_head *head = (const void *)iter->data;
	const struct trace_event *event = trace_event_find(head->ent.type);
	const struct probe_def *def;

	if (!event)
		return;
	def = probe_event_of(event)->form;
	trace_seq_printf(s, "%s: (", event->name);
	if (probe_args_offset(def->kind) > 16) {
		put_place(iter, s, head->ret_ip, true);
		trace_seq_puts(s, " <- ");
	}
	put_place(iter, s, head->ip, probe_args_offset(def->kind) <= 16);
	trace_seq_putc(s, ')');
	put_args(iter, def, s);
}

/* ---- fields -------------------------------------------------------------- */

static struct trace_field head_field(const char *name, u32 offset)
{
	return (struct trace_field){ .type = "unsigned long",
				     .name = name,
				     .array = "",
				     .offset = offset,
				     .size = sizeof(long),
				     .kind = TRACE_FIELD_NUMBER };
}

static struct trace_field arg_field(const struct probe_arg *arg,
				    const char *array)
{
	bool text = arg->type->store != PROBE_STORE_NUMBER;

	return (struct trace_field){
		.type = arg->type->field,
		.name = arg->name,
		.array = array,
		.offset = arg->offset,
		.size = arg->size * probe_elements(arg),
		.is_signed = arg->type->is_signed,
		.kind = arg->count ? TRACE_FIELD_OPAQUE :
			text	   ? TRACE_FIELD_DATA_LOC :
				     TRACE_FIELD_NUMBER,
	};
}

static int make_fields(struct probe_event *pe, const struct probe_def *def)
{
	bool ret = probe_args_offset(def->kind) > 16;
	struct trace_field *field;
	unsigned int i;

	pe->fields = kcalloc(def->n_args + 3, sizeof(pe->fields[0]));
	pe->arrays = kcalloc(def->n_args + 1, sizeof(pe->arrays[0]));
	if (!pe->fields || !pe->arrays)
		return -ENOMEM;
	field = pe->fields;
	*field++ = head_field(ret ? "__probe_func" : "__probe_ip", 8);
	if (ret)
		*field++ = head_field("__probe_ret_ip", 16);
	for (i = 0; i < def->n_args; i++) {
		if (def->arg[i].count)
			snprintf(pe->arrays[i], sizeof(pe->arrays[i]), "[%u]",
				 def->arg[i].count);
		*field++ = arg_field(&def->arg[i], pe->arrays[i]);
	}
	return 0;
}

/* ---- the print format ---------------------------------------------------- */

/* Bytes enough for all elements of all arguments. */
static size_t print_fmt_room(const struct probe_def *def)
{
	size_t room = 128;
	unsigned int i;

	for (i = 0; i < def->n_args; i++)
		room += PROBE_ARG_NAME +
			probe_elements(&def->arg[i]) * (PROBE_ARG_NAME + 32U);
	return room;
}

static void fmt_of_arg(const struct probe_arg *arg, struct trace_seq *s)
{
	unsigned int i;

	trace_seq_printf(s, " %s=", arg->name);
	for (i = 0; i < arg->count; i++)
		trace_seq_printf(s, "%c%s", i ? ',' : '{', arg->type->fmt);
	trace_seq_puts(s, arg->count ? "}" : arg->type->fmt);
}

static void values_of_arg(const struct probe_arg *arg, struct trace_seq *s)
{
	bool text = arg->type->store != PROBE_STORE_NUMBER;
	unsigned int i;

	for (i = 0; i < probe_elements(arg); i++) {
		trace_seq_puts(s, text ? ", __get_str(" : ", REC->");
		trace_seq_puts(s, arg->name);
		if (arg->count)
			trace_seq_printf(s, "[%u]", i);
		if (text)
			trace_seq_putc(s, ')');
	}
}

static int make_print_fmt(struct probe_event *pe, const struct probe_def *def)
{
	bool ret = probe_args_offset(def->kind) > 16;
	size_t room = print_fmt_room(def);
	struct trace_seq s;
	unsigned int i;

	pe->print_fmt = kmalloc(room);
	if (!pe->print_fmt)
		return -ENOMEM;
	trace_seq_init(&s, pe->print_fmt, room);
	trace_seq_puts(&s, ret ? "\"(%lx <- %lx)" : "\"(%lx)");
	for (i = 0; i < def->n_args; i++)
		fmt_of_arg(&def->arg[i], &s);
	trace_seq_puts(&s, ret ? "\", REC->__probe_func, REC->__probe_ret_ip" :
				 "\", REC->__probe_ip");
	for (i = 0; i < def->n_args; i++)
		values_of_arg(&def->arg[i], &s);
	return 0;
}

int probe_format_make(struct probe_event *pe, const struct probe_def *def)
{
	int err = make_fields(pe, def) ?: make_print_fmt(pe, def);

	if (err)
		return err;
	pe->event.system = def->group;
	pe->event.name = def->event;
	pe->event.fields = pe->fields;
	pe->event.print_fmt = pe->print_fmt;
	pe->event.size = def->size;
	pe->event.put = put_event;
	pe->event.reg = probe_event_reg;
	pe->event.unreg = probe_event_unreg;
	return 0;
}

void probe_format_free(struct probe_event *pe)
{
	kfree(pe->fields);
	kfree(pe->arrays);
	kfree(pe->print_fmt);
}
