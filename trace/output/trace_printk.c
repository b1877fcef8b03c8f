// SPDX-License-Identifier: MIT
/*
 * trace_printk.c - the word tp_printk: each event of the top trace is a line of
 * the log, too, when it happens.
 *
 * Owns an iterator for each CPU, in which the text is made. An event that
 * happens while its CPU prints another one (in an interrupt, or in printk()
 * itself) is recorded but not printed.
 *
 * Context: trace_printk_start(): boot. trace_printk_event(): probe, preemption
 * off; printk() may be called in any context.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace_internal.h"

static DEFINE_PER_CPU(struct trace_iterator *, printer); /* [I] after boot */
static DEFINE_PER_CPU(u8, printing);

static void trace_printk_event(const struct trace_event_file *file,
			       const void *record, u32 len)
{
	struct trace_iterator *iter = this_cpu_read(printer);

	if (this_cpu_read(printing) || !iter || len > sizeof(iter->data))
		return;
	this_cpu_write(printing, 1);
	iter->cpu = smp_processor_id();
	iter->len = len;
	iter->event = file->event;
	memcpy(iter->data, record, len);
	trace_seq_reset(&iter->seq);
	file->event->put(iter, &iter->seq);
	pr_info("%s", iter->seq.buf);
	this_cpu_write(printing, 0);
}

int trace_printk_start(void)
{
	struct trace_event_file *file;
	unsigned int cpu;
	u32 slot = 0;

	for_each_online_cpu(cpu) {
		per_cpu(printer, cpu) = trace_iter_alloc(trace_top());
		if (!per_cpu(printer, cpu))
			return -ENOMEM;
	}
	event_session_begin();
	event_printk = trace_printk_event;
	while ((file = trace_event_file_next(trace_top(), &slot)))
		trace_event_file_set(file, EVENT_FILE_PRINTK, true);
	event_session_end();
	return 0;
}
