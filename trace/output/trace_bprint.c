// SPDX-License-Identifier: MIT
/*
 * trace_bprint.c - the event bprint, the list of formats, and the option
 * trace_printk_dest.
 *
 * Owns the table of formats. A format is looked up by its text's address, which
 * the linker may have merged with that of an equal text; both are in the table.
 *
 * BP1  One trace has the option trace_printk_dest: the one that prints go to.
 *      If another gets it, it loses it; if it is removed, or its option is
 *      cleared, the top trace has it again, which cannot give it up by itself.
 *
 * Context: trace_bprintk(): any; put: task. Locks: trace_lock, for the option.
 */
#include "trace/output/trace_bprint.h"

#include "kernel/lib/binprintf.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/event/trace_event.h"
#include "trace/event/trace_record.h"
#include "trace/trace_internal.h"
#include "trace/trace_options.h"

DEFINE_TABLE(char, trace_formats);

/* ---- where prints go ----------------------------------------------------- */

/*
 * [A], written under trace_lock. A writer that has read it is done before the
 * trace is freed (V2).
 */
static struct trace_array *print_dest = &trace_top_array;

/* BP1: the options of both traces say it. */
static void set_dest(struct trace_array *tr)
{
	const u32 bit = BIT(TRACE_OPT_trace_printk_dest);
	struct trace_array *old = print_dest;

	assert_held(&trace_lock);
	WRITE_ONCE(old->options, old->options & ~bit);
	WRITE_ONCE(tr->options, tr->options | bit);
	WRITE_ONCE(print_dest, tr);
}

static void dest_changed(struct trace_array *tr, unsigned int option, bool on)
{
	if (option == TRACE_OPT_trace_printk_dest)
		set_dest(on ? tr : trace_top());
}

/* Prints are a use of the trace: its rings grow. */
static int allow_dest(struct trace_array *tr, unsigned int option, bool on)
{
	if (option != TRACE_OPT_trace_printk_dest)
		return 0;
	if (on)
		return trace_expand(tr);
	return tr == trace_top() ? -EINVAL : 0;
}

static const struct trace_option_hook dest_option = { dest_changed,
						      allow_dest };
TABLE_ENTRY(trace_option_hooks, 50, dest_option);

static void leave_trace(struct trace_array *tr)
{
	if (print_dest == tr)
		set_dest(trace_top());
}

static const struct trace_part dest_part = { .destroy = leave_trace };
TABLE_ENTRY(trace_parts, 60, dest_part);

/* ---- prints -------------------------------------------------------------- */

int trace_bprintk(unsigned long ip, const char *fmt, ...)
{
	struct trace_array *tr = READ_ONCE(print_dest);
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
