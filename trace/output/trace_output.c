// SPDX-License-Identifier: MIT
/*
 * trace_output.c - print events as lines of text, byte for byte as Linux does.
 *
 * Owns the column heads, the columns, and the text of a record that belongs to
 * no event; each event prints its own text (trace_entries.c). Most of the time
 * to read a trace is spent here. So columns are appended from plain pieces
 * (trace_seq.h), and each reader caches symbols and task names in small
 * direct-mapped tables.
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

static const struct trace_cmdline *find_task(struct trace_iterator *iter,
					     int pid)
{
	struct trace_cmdline *c =
		&iter->cmdlines[(unsigned int)pid % TRACE_CMDLINES];

	if (likely(c->valid && c->pid == pid))
		return c;
	if (trace_last_boot(iter->tr))
		strscpy(c->comm, pid ? "<...>" : "<idle>", TASK_COMM_LEN);
	else
		trace_find_cmdline(pid, c->comm);
	c->pid = pid;
	c->valid = true;
	c->len = scnprintf(c->column, sizeof(c->column), "%16s-%-7d ", c->comm,
			   pid);
	return c;
}

const char *trace_iter_comm(struct trace_iterator *iter, int pid)
{
	return find_task(iter, pid)->comm;
}

/* ---- columns ------------------------------------------------------------- */

void trace_put_time(struct trace_iterator *iter, struct trace_seq *s, u64 time)
{
	u64 us = (time + 500) / 1000;

	if (!iter->tr->clock->in_ns) {
		trace_seq_dec(s, time, 12, ' ');
		return;
	}
	trace_seq_dec(s, us / 1000000, 5, ' ');
	trace_seq_putc(s, '.');
	trace_seq_dec(s, us % 1000000, 6, '0');
}

/* Interrupts, resched, context, preempt depth, migrate-disable depth. */
static void make_flags(const struct trace_entry *ent, char text[5])
{
	unsigned int depth = ent->preempt_count & 15;
	u8 flags = ent->flags;

	text[0] = flags & TRACE_FLAG_IRQS_OFF ? 'd' : '.';
	text[1] = flags & TRACE_FLAG_NEED_RESCHED ? 'n' : '.';
	text[2] = flags & TRACE_FLAG_HARDIRQ ? 'h' : '.';
	if (flags & TRACE_FLAG_NMI)
		text[2] = flags & TRACE_FLAG_HARDIRQ ? 'Z' : 'z';
	text[3] = ".123456789abcdef"[depth];
	text[4] = '.';
}

void trace_put_flags(const struct trace_entry *ent, struct trace_seq *s)
{
	char text[5];

	make_flags(ent, text);
	trace_seq_putmem(s, text, sizeof(text));
}

static void put_columns(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct trace_cmdline *task = find_task(iter, iter->ent.pid);
	char text[13] = { '[', '0', iter->cpu / 10 + '0', iter->cpu % 10 + '0',
			  ']', ' ' };
	unsigned int len = 6;

	trace_seq_putmem(s, task->column, task->len);
	if (trace_option(iter->tr, TRACE_OPT_irq_info)) {
		make_flags(&iter->ent, text + len);
		len += 5;
		text[len++] = ' ';
	}
	trace_seq_putmem(s, text, len);
	trace_put_time(iter, s, iter->time);
	trace_seq_putmem(s, ": ", 2);
}

static_assert(NR_CPUS <= 100, "two digits");

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

static void put_latency_columns(struct trace_iterator *iter,
				struct trace_seq *s)
{
	trace_seq_printf(s, "%8.8s-%-7d %3u",
			 trace_iter_comm(iter, iter->ent.pid), iter->ent.pid,
			 iter->cpu);
	trace_put_flags(&iter->ent, s);
	if (iter->tr->clock->in_ns)
		trace_seq_printf(
			s, " %4lluus%c: ", (iter->time - iter->start) / 1000,
			trace_delay_mark(iter->delay));
	else
		trace_seq_printf(s, " %4llu: ", iter->time);
}

/* ---- bodies -------------------------------------------------------------- */

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
	if (likely(!(READ_ONCE(iter->tr->options) &
		     (BIT(TRACE_OPT_sym_offset) | BIT(TRACE_OPT_sym_addr))))) {
		trace_put_symbol(iter, s, addr, false);
		return;
	}
	put_long_address(iter, s, addr);
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
	if (!trace_option(iter->tr, TRACE_OPT_context_info))
		; /* the bare text */
	else if (trace_option(iter->tr, TRACE_OPT_latency_format))
		put_latency_columns(iter, s);
	else
		put_columns(iter, s);
	trace_put_event(iter, s);
	trace_seq_putc(s, '\n');
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
