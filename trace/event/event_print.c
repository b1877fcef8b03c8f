// SPDX-License-Identifier: MIT
/*
 * event_print.c - flags, symbols and texts in the print format of an event.
 *
 * Pure. Context: any.
 */
#include "trace/event/event_print.h"

#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"

static void put_hex(struct trace_seq *s, unsigned long value)
{
	trace_seq_puts(s, "0x");
	trace_seq_hex(s, value);
}

const char *trace_print_flags(char *buf, size_t size, unsigned long value,
			      const char *delim, const struct trace_value *list)
{
	struct trace_seq s;

	trace_seq_init(&s, buf, size);
	for (; list->name && value; list++) {
		if ((value & list->value) != list->value || !list->value)
			continue;
		value &= ~list->value;
		if (s.len)
			trace_seq_puts(&s, delim);
		trace_seq_puts(&s, list->name);
	}
	if (value) {
		if (s.len)
			trace_seq_puts(&s, delim);
		put_hex(&s, value);
	}
	return buf;
}

const char *trace_print_symbolic(char *buf, size_t size, unsigned long value,
				 const struct trace_value *list)
{
	struct trace_seq s;

	trace_seq_init(&s, buf, size);
	while (list->name && list->value != value)
		list++;
	if (list->name)
		trace_seq_puts(&s, list->name);
	else
		put_hex(&s, value);
	return buf;
}

const char *trace_record_str(const void *record, u32 len, u32 data_loc)
{
	u32 offset = data_loc & 0xffff, size = data_loc >> 16;
	const char *text = (const char *)record + offset;

	if (!size || offset > len || size > len - offset || text[size - 1])
		return "<bad>";
	return text;
}
