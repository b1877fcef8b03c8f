// SPDX-License-Identifier: MIT
/*
 * trace_output.c - events as lines of text, byte for byte as Linux prints
 * them.
 *
 * Owns the column heads, the columns, and the text of each type of event.
 * Reading a trace is mostly this, so columns are put together from plain
 * pieces (trace_seq.h), and symbols and task names are looked up once and then
 * found in small direct-mapped tables of the reader.
 *
 * Context: task.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/graph/fgraph.h"
#include "trace/trace_internal.h"

/* ---- names --------------------------------------------------------------- */

static const struct trace_symbol *find_symbol(struct trace_iterator *iter,
					      unsigned long addr)
{
	struct trace_symbol *symbol = &iter->symbols[addr / 8 % TRACE_SYMBOLS];

	if (symbol->addr == addr && addr)
		return symbol;
	*symbol = (struct trace_symbol){ .addr = addr };
	symbol->name = kallsyms_lookup(addr, &symbol->off, &symbol->size);
	if (!symbol->name)
		symbol->name = ftrace_trampoline_symbol(addr, &symbol->off,
							&symbol->size);
	if (symbol->name)
		symbol->len = strlen(symbol->name);
	return symbol;
}

void trace_put_symbol(struct trace_iterator *iter, struct trace_seq *s,
		      unsigned long addr, bool offset)
{
	const struct trace_symbol *symbol = find_symbol(iter, addr);

	if (!symbol->name) {
		trace_seq_printf(s, "0x%lx", addr);
		return;
	}
	trace_seq_putmem(s, symbol->name, symbol->len);
	if (offset)
		trace_seq_printf(s, "+0x%lx/0x%lx", symbol->off, symbol->size);
}

static const struct trace_cmdline *find_task(struct trace_iterator *iter,
					     int pid)
{
	struct trace_cmdline *c =
		&iter->cmdlines[(unsigned int)pid % TRACE_CMDLINES];

	if (likely(c->valid && c->pid == pid))
		return c;
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
	struct ring_buffer_event next;
	u64 delay = 0;

	if (trace_iter_peek(iter, &next))
		delay = next.time - iter->time;
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

static void put_address(struct trace_iterator *iter, struct trace_seq *s,
			unsigned long addr)
{
	trace_put_symbol(iter, s, addr,
			 trace_option(iter->tr, TRACE_OPT_sym_offset));
	if (trace_option(iter->tr, TRACE_OPT_sym_addr))
		trace_seq_printf(s, " <%016lx>", addr);
}

static void put_function(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct ftrace_entry *entry = (const void *)iter->data;

	put_address(iter, s, entry->ip);
	if (!trace_option(iter->tr, TRACE_OPT_print_parent))
		return;
	trace_seq_putmem(s, " <-", 3);
	put_address(iter, s, entry->parent_ip);
}

static void put_stack(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct stack_entry *entry = (const void *)iter->data;
	u32 room = (iter->len - sizeof(*entry)) / sizeof(entry->caller[0]);
	u32 i;

	trace_seq_puts(s, "<stack trace>");
	for (i = 0; i < room && i < (u32)entry->size; i++) {
		trace_seq_puts(s, "\n => ");
		if (is_ftrace_trampoline(entry->caller[i]))
			trace_seq_puts(s, "[FTRACE TRAMPOLINE]");
		else
			put_address(iter, s, entry->caller[i]);
	}
}

/* The text of a marker, without its newline. */
static void put_print(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct print_entry *entry = (const void *)iter->data;
	size_t len = strnlen(entry->buf, iter->len - sizeof(*entry));

	if (len && entry->buf[len - 1] == '\n')
		len--;
	trace_seq_puts(s, "tracing_mark_write: ");
	trace_seq_putmem(s, entry->buf, len);
}

static void put_graph_entry(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct ftrace_graph_ent_entry *entry = (const void *)iter->data;

	trace_seq_puts(s, "graph_ent: func=");
	trace_put_symbol(iter, s, entry->func, false);
}

static void put_graph_return(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct ftrace_graph_ret_entry *entry = (const void *)iter->data;

	trace_seq_puts(s, "graph_ret: func=");
	trace_put_symbol(iter, s, entry->func, false);
}

/* How each type is printed, and the least it must have of data. */
static const struct {
	void (*put)(struct trace_iterator *iter, struct trace_seq *s);
	u32 size;
} types[] = {
	[TRACE_FN] = { put_function, sizeof(struct ftrace_entry) },
	[TRACE_STACK] = { put_stack, sizeof(struct stack_entry) },
	[TRACE_PRINT] = { put_print, sizeof(struct print_entry) },
	[TRACE_GRAPH_ENT] = { put_graph_entry,
			      sizeof(struct ftrace_graph_ent_entry) },
	[TRACE_GRAPH_RET] = { put_graph_return,
			      sizeof(struct ftrace_graph_ret_entry) },
	[TRACE_GRAPH_RETVAL] = { put_graph_return,
				 sizeof(struct ftrace_graph_retval_entry) },
};

void trace_put_event(struct trace_iterator *iter, struct trace_seq *s)
{
	u16 type = iter->ent.type;

	if (type < ARRAY_SIZE(types) && types[type].put &&
	    iter->len >= types[type].size)
		types[type].put(iter, s);
	else
		trace_seq_printf(s, "Unknown type %u", type);
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

static void put_latency_header(struct trace_iterator *iter, struct trace_seq *s)
{
	const char *rule = "# -----------------------------------------------"
			   "---------------------\n";

	trace_seq_printf(s, "# %s latency trace v1.1.5 on nop5\n",
			 trace_current_tracer(iter->tr)->name);
	trace_seq_puts(s, rule);
	put_counts(iter, s,
		   "# latency: 0 us, #%llu/%llu, CPU#0 | (M:preempt "
		   "VP:0, KP:0, SP:0 HP:0 #P:%u)\n");
	trace_seq_puts(s,
		       "#    -----------------\n"
		       "#    | task: -0 (uid:0 nice:0 policy:0 rt_prio:0)\n"
		       "#    -----------------\n"
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
