// SPDX-License-Identifier: MIT
/*
 * trace_output.c - print events as lines of text, byte for byte as Linux does.
 *
 * Owns the column heads, and the text of a record that belongs to no event;
 * each event prints its own text (trace_entries.c), and trace_columns.c the
 * columns before it. Most of the time to read a trace is spent here and there.
 * So text is put together from plain pieces (trace_seq.h), and each reader
 * caches symbols in a small direct-mapped table.
 *
 * Context: task.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/graph/fgraph.h"
#include "trace/trace_area.h"
#include "trace/trace_internal.h"

/* ---- names --------------------------------------------------------------- */

static struct trace_symbol *symbol_slot(struct trace_iterator *iter,
					unsigned long addr)
{
	return &iter->symbols[addr / 8 % TRACE_SYMBOLS];
}

static void look_up(struct trace_symbol *symbol, unsigned long addr)
{
	*symbol = (struct trace_symbol){ .addr = addr };
	symbol->name = kallsyms_lookup(addr, &symbol->off, &symbol->size);
	if (!symbol->name)
		symbol->name = ftrace_trampoline_symbol(addr, &symbol->off,
							&symbol->size);
	if (symbol->name)
		symbol->len = strlen(symbol->name);
}

/* Out of line, so that the common case saves no registers. */
static noinline void put_symbol_slow(struct trace_iterator *iter,
				     struct trace_seq *s, unsigned long addr,
				     bool offset)
{
	struct trace_symbol *symbol = symbol_slot(iter, addr);

	if (symbol->addr != addr || !addr)
		look_up(symbol, addr);
	if (!symbol->name) {
		trace_seq_printf(s, "0x%lx", addr);
		return;
	}
	trace_seq_putmem(s, symbol->name, symbol->len);
	if (offset)
		trace_seq_printf(s, "+0x%lx/0x%lx", symbol->off, symbol->size);
}

void trace_put_symbol(struct trace_iterator *iter, struct trace_seq *s,
		      unsigned long addr, bool offset)
{
	const struct trace_symbol *symbol = symbol_slot(iter, addr);

	if (likely(symbol->addr == addr && symbol->name && !offset))
		trace_seq_putmem(s, symbol->name, symbol->len);
	else
		put_symbol_slow(iter, s, addr, offset);
}

char trace_delay_mark(u64 ns)
{
	return ns > 1000000000 ? '$' :
	       ns > 100000000  ? '@' :
	       ns > 10000000   ? '*' :
	       ns > 1000000    ? '#' :
	       ns > 100000     ? '!' :
	       ns > 10000      ? '+' :
				 ' ';
}

/* Time from this event to the next one of its CPU; 0 if there is none yet. */
static u64 delay_to_next(struct trace_iterator *iter)
{
	struct ring_buffer_event next;

	return trace_iter_peek(iter, &next) ? next.time - iter->time : 0;
}

static noinline void put_latency_columns(struct trace_iterator *iter,
					 struct trace_seq *s)
{
	u64 delay = delay_to_next(iter);

	trace_seq_printf(s, "%8.8s-%-7d %3u",
			 trace_iter_comm(iter, iter->ent.pid), iter->ent.pid,
			 iter->cpu);
	trace_put_flags(&iter->ent, s);
	if (iter->tr->clock->in_ns)
		trace_seq_printf(
			s, " %4lluus%c: ", (iter->time - iter->start) / 1000,
			trace_delay_mark(delay));
	else
		trace_seq_printf(s, " %4llu: ", iter->time);
}

/* ---- bodies -------------------------------------------------------------- */

#define LONG_FORMS (BIT(TRACE_OPT_sym_offset) | BIT(TRACE_OPT_sym_addr))

static noinline void put_long_address(struct trace_iterator *iter,
				      struct trace_seq *s, unsigned long addr)
{
	trace_put_symbol(iter, s, addr,
			 trace_option(iter->tr, TRACE_OPT_sym_offset));
	if (trace_option(iter->tr, TRACE_OPT_sym_addr))
		trace_seq_printf(s, " <%016lx>", addr);
}

void trace_put_address(struct trace_iterator *iter, struct trace_seq *s,
		       unsigned long addr)
{
	if (likely(!(READ_ONCE(iter->tr->options) & LONG_FORMS))) {
		trace_put_symbol(iter, s, addr, false);
		return;
	}
	put_long_address(iter, s, addr);
}

/* Its symbol, if only the name of it is to be printed and is in the cache. */
static __always_inline const struct trace_symbol *
bare_symbol(struct trace_iterator *iter, unsigned long addr)
{
	const struct trace_symbol *symbol = symbol_slot(iter, addr);

	return likely(symbol->addr == addr && symbol->name) ? symbol : NULL;
}

void trace_put_call(struct trace_iterator *iter, struct trace_seq *s,
		    unsigned long ip, unsigned long parent_ip)
{
	const struct trace_symbol *to = bare_symbol(iter, ip);
	const struct trace_symbol *from = bare_symbol(iter, parent_ip);
	char *at = NULL;

	if (likely(to && from && !(READ_ONCE(iter->tr->options) & LONG_FORMS)))
		at = trace_seq_room(s, to->len + from->len + 4);
	if (unlikely(!at)) {
		trace_put_address(iter, s, ip);
		trace_seq_putmem(s, " <-", 3);
		trace_put_address(iter, s, parent_ip);
		return;
	}
	memcpy(at, to->name, to->len);
	at += to->len;
	__builtin_memcpy(at, " <-", 4);
	at += 3;
	memcpy(at, from->name, from->len);
	trace_seq_end(s, at + from->len);
}

#define BYTES_MAX 64 /* printed of a record of no event */

/* Print the bytes of the record after its trace_entry. */
static void put_bytes(struct trace_iterator *iter, struct trace_seq *s)
{
	u32 head = min(iter->len, (u32)sizeof(iter->ent));
	u32 n = min(iter->len - head, (u32)BYTES_MAX);

	if (n)
		trace_seq_printf(s, ": %*ph%s", n, iter->data + head,
				 head + n < iter->len ? " ..." : "");
}

/* Print a record whose id has no event, or that is shorter than its event. */
static noinline void put_unknown(struct trace_iterator *iter,
				 struct trace_seq *s)
{
	const struct trace_event *owner = trace_event_find(iter->ent.type);

	if (owner)
		trace_seq_printf(s, "%s: %u bytes instead of %u", owner->name,
				 iter->len, owner->size);
	else
		trace_seq_printf(s, "Unknown type %u", iter->ent.type);
	put_bytes(iter, s);
}

void trace_put_event(struct trace_iterator *iter, struct trace_seq *s)
{
	if (likely(iter->event))
		iter->event->put(iter, s);
	else
		put_unknown(iter, s);
}

void trace_put_line(struct trace_iterator *iter, struct trace_seq *s)
{
	char *at;
	u64 form =
		READ_ONCE(iter->tr->options) &
		(BIT(TRACE_OPT_context_info) | BIT(TRACE_OPT_latency_format));

	if (likely(form == BIT(TRACE_OPT_context_info)))
		trace_put_columns(iter, s);
	else if (form & BIT(TRACE_OPT_context_info))
		put_latency_columns(iter, s);
	trace_put_event(iter, s);
	at = trace_seq_room(s, 1);
	if (likely(at)) {
		*at = '\n';
		trace_seq_end(s, at + 1);
	} else {
		s->overflow = true;
	}
}

/* ---- heads --------------------------------------------------------------- */

static void put_counts(struct trace_iterator *iter, struct trace_seq *s,
		       const char *fmt)
{
	struct ring_buffer_stats stats;
	u64 entries = 0, total = 0;
	unsigned int cpu;

	for (cpu = 0; cpu < iter->nr_cpus; cpu++) {
		if (!iter->source[cpu].rb)
			continue;
		ring_buffer_stats(iter->source[cpu].rb, &stats);
		entries += stats.entries;
		total += stats.entries + stats.overrun;
	}
	trace_seq_printf(s, fmt, entries, total, num_online_cpus());
}

/* Where the latency began and ended, if that is known. */
static void put_where(struct trace_iterator *iter, struct trace_seq *s,
		      const struct trace_max *max)
{
	if (!max->begin)
		return;
	trace_seq_puts(s, "#  => started at: ");
	trace_put_address(iter, s, max->begin);
	trace_seq_puts(s, "\n#  => ended at:   ");
	trace_put_address(iter, s, max->end);
	trace_seq_puts(s, "\n#\n");
}

static void put_latency_header(struct trace_iterator *iter, struct trace_seq *s)
{
	static const struct trace_max none;
	const struct trace_max *max = iter->snapshot ? &iter->tr->max : &none;
	const char *rule = "# -----------------------------------------------"
			   "---------------------\n";

	trace_seq_printf(s, "# %s latency trace v1.1.5 on nop5\n",
			 trace_current_tracer(iter->tr)->name);
	trace_seq_puts(s, rule);
	trace_seq_printf(s, "# latency: %llu us, ", max->ns / 1000);
	put_counts(iter, s, "#%llu/%llu, ");
	trace_seq_printf(s,
			 "CPU#%u | (M:preempt VP:0, KP:0, SP:0 HP:0 #P:%u)\n"
			 "#    -----------------\n"
			 "#    | task: %s-%d (uid:0 nice:0 policy:0 "
			 "rt_prio:0)\n"
			 "#    -----------------\n",
			 max->cpu, num_online_cpus(), max->comm, max->pid);
	put_where(iter, s, max);
	trace_seq_puts(s,
		       "#\n"
		       "#                    _------=> CPU#            \n"
		       "#                   / _-----=> irqs-off/BH-disabled\n"
		       "#                  | / _----=> need-resched    \n"
		       "#                  || / _---=> hardirq/softirq \n"
		       "#                  ||| / _--=> preempt-depth   \n"
		       "#                  |||| / _-=> migrate-disable \n"
		       "#                  ||||| /     delay           \n"
		       "#  cmd     pid     |||||| time  |   caller     \n"
		       "#     \\   /        ||||||  \\    |    /       \n");
}

void trace_put_header(struct trace_iterator *iter, struct trace_seq *s)
{
	bool irq_info = trace_option(iter->tr, TRACE_OPT_irq_info);

	if (!trace_option(iter->tr, TRACE_OPT_context_info))
		return;
	if (trace_option(iter->tr, TRACE_OPT_latency_format)) {
		put_latency_header(iter, s);
		return;
	}
	put_counts(iter, s,
		   "# entries-in-buffer/entries-written: %llu/%llu   "
		   "#P:%u\n#\n");
	if (irq_info)
		trace_seq_puts(
			s, "#                                _-----=> "
			   "irqs-off/BH-disabled\n"
			   "#                               / _----=> "
			   "need-resched\n"
			   "#                              | / _---=> "
			   "hardirq/softirq\n"
			   "#                              || / _--=> "
			   "preempt-depth\n"
			   "#                              ||| / _-=> "
			   "migrate-disable\n"
			   "#                              |||| /     delay\n"
			   "#           TASK-PID     CPU#  |||||  TIMESTAMP  "
			   "FUNCTION\n"
			   "#              | |         |   |||||     |         "
			   "|\n");
	else
		trace_seq_puts(
			s,
			"#           TASK-PID     CPU#     TIMESTAMP  "
			"FUNCTION\n"
			"#              | |         |         |         |\n");
}
