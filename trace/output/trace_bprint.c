// SPDX-License-Identifier: MIT
/*
 * trace_bprint.c - the event bprint, and the list of formats.
 *
 * Owns the table of formats. A format is looked up by its text's address, which
 * the linker may have merged with that of an equal text; both are in the table.
 *
 * Context: trace_bprintk(): any; put: task.
 */
#include "trace/output/trace_bprint.h"

#include "kernel/lib/binprintf.h"
#include "kernel/lib/string.h"
#include "trace/event/trace_event.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"

DEFINE_TABLE(char, trace_formats);

int trace_bprintk(unsigned long ip, const char *fmt, ...)
{
	struct trace_array *tr = trace_top();
	u32 args[TRACE_PRINTK_MAX / sizeof(u32)];
	struct bprint_entry *entry;
	va_list ap;
	int bytes;

	if (!READ_ONCE(tr->on))
		return 0;
	va_start(ap, fmt);
	bytes = vbin_printf(args, sizeof(args), fmt, ap);
	va_end(ap);
	if (bytes < 0)
		return 0;
	entry = ring_buffer_lock_reserve(&tr->buffer, sizeof(*entry) + bytes,
					 NULL);
	if (!entry)
		return 0;
	trace_fill(entry, TRACE_BPRINT);
	entry->ip = ip;
	entry->fmt = fmt;
	memcpy(entry->buf, args, bytes);
	ring_buffer_unlock_commit(&tr->buffer);
	return bytes;
}

static const struct trace_field bprint_fields[] = {
	TRACE_FIELD(bprint_entry, unsigned long, ip),
	TRACE_POINTER_OF(struct bprint_entry, const char *, fmt),
	TRACE_REST_OF(struct bprint_entry, u32, buf),
	TRACE_FIELDS_END,
};

void trace_formats_show(struct trace_seq *s)
{
	const char *const *at;
	const char *c;

	for_each_entry(at, trace_formats)
	{
		trace_seq_printf(s, "0x%lx : \"", (unsigned long)*at);
		for (c = *at; *c; c++) {
			if (*c == '\n')
				trace_seq_puts(s, "\\n");
			else if (*c == '\t')
				trace_seq_puts(s, "\\t");
			else if (*c == '"' || *c == '\\')
				trace_seq_printf(s, "\\%c", *c);
			else
				trace_seq_putc(s, *c);
		}
		trace_seq_puts(s, "\"\n");
	}
}

static bool format_known(const char *fmt)
{
	const char *const *at;

	for_each_entry(at, trace_formats)
	{
		if (*at == fmt)
			return true;
	}
	return false;
}

static void put_bprint(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct bprint_entry *entry = (const void *)iter->data;
	char text[TRACE_PLACE_MAX * 4];
	int len;

	trace_put_symbol(iter, s, entry->ip, false);
	trace_seq_puts(s, ": ");
	if (!format_known(entry->fmt)) {
		trace_seq_printf(s, "unknown format %p", entry->fmt);
		return;
	}
	len = bstr_printf(text, sizeof(text), entry->fmt, entry->buf,
			  iter->len - sizeof(*entry));
	if (len && text[len - 1] == '\n')
		len--;
	trace_seq_putmem(s, text, len);
}

static const struct trace_event bprint_event = {
	.system = "ftrace",
	.name = "bprint",
	.id = TRACE_BPRINT,
	.size = sizeof(struct bprint_entry),
	.fields = bprint_fields,
	.print_fmt = "\"%ps: %s\", (void *)REC->ip, REC->fmt",
	.put = put_bprint,
};

TABLE_ENTRY(trace_events, 20, bprint_event);
