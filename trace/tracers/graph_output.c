// SPDX-License-Identifier: MIT
/*
 * graph_output.c - print the function_graph tracer's events as indented code,
 * byte for byte as Linux does.
 *
 * Owns the columns of this form. If an entry's own return follows directly,
 * both become one line, "func();". If not, each gets a line. The closing line
 * names its function when that is not the last function opened at that depth:
 * events in between were lost or not recorded.
 *
 * Context: task.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/tracers/function_graph.h"

#define INDENT	   2
#define PROC_WIDTH 14
#define RULE	   " ------------------------------------------\n"

/* The state of a CPU while its events are printed. */
struct graph_cpu {
	int last_pid;  /* -1: none yet */
	int depth;     /* of the last line */
	int irq_depth; /* of the outermost function in an interrupt; -1 */
	unsigned long open[FGRAPH_DEPTH_MAX]; /* functions, by depth */
};

static struct graph_cpu *graph_cpu(const struct trace_iterator *iter)
{
	return (struct graph_cpu *)iter->tracer_data + iter->cpu;
}

int graph_open(struct trace_iterator *iter)
{
	struct graph_cpu *cpu = kzalloc(iter->nr_cpus * sizeof(*cpu));
	unsigned int i;

	if (!cpu)
		return -ENOMEM;
	for (i = 0; i < iter->nr_cpus; i++)
		cpu[i].last_pid = cpu[i].irq_depth = -1;
	iter->tracer_data = cpu;
	return 0;
}

void graph_close(struct trace_iterator *iter)
{
	kfree(iter->tracer_data);
}

static bool option(const struct trace_iterator *iter, unsigned int opt)
{
	return trace_option(iter->tr, opt);
}

/* ---- columns ------------------------------------------------------------- */

static void put_cpu(const struct trace_iterator *iter, struct trace_seq *s)
{
	unsigned int highest = iter->nr_cpus - 1, width = 1;

	for (; highest >= 10; highest /= 10)
		width++;
	trace_seq_putc(s, ' ');
	trace_seq_dec(s, iter->cpu, width, ' ');
	trace_seq_putmem(s, ") ", 2);
}

static void put_proc(struct trace_iterator *iter, struct trace_seq *s, int pid)
{
	char text[7 + 1 + 11 + 1];
	int len = snprintf(text, sizeof(text), "%.7s-%d",
			   trace_iter_comm(iter, pid), pid);
	int blanks = max(PROC_WIDTH - len, 0);

	trace_seq_fill(s, ' ', blanks / 2);
	trace_seq_puts(s, text);
	trace_seq_fill(s, ' ', blanks - blanks / 2);
}

static void put_abstime(struct trace_seq *s, u64 time)
{
	trace_seq_dec(s, time / 1000000000, 5, ' ');
	trace_seq_putc(s, '.');
	trace_seq_dec(s, time % 1000000000 / 1000, 6, '0');
	trace_seq_puts(s, " |  ");
}

/* Print a rule when the CPU has switched to another task. */
static void put_switch(struct trace_iterator *iter, struct trace_seq *s)
{
	struct graph_cpu *cpu = graph_cpu(iter);
	int last = cpu->last_pid;

	cpu->last_pid = iter->ent.pid;
	if (last == iter->ent.pid || last == -1)
		return;
	trace_seq_puts(s, RULE);
	put_cpu(iter, s);
	put_proc(iter, s, last);
	trace_seq_puts(s, " => ");
	put_proc(iter, s, iter->ent.pid);
	trace_seq_puts(s, "\n" RULE "\n");
}

/* Print all columns before the duration. */
static void put_prologue(struct trace_iterator *iter, struct trace_seq *s)
{
	if (!option(iter, TRACE_OPT_context_info))
		return;
	if (option(iter, TRACE_OPT_funcgraph_abstime))
		put_abstime(s, iter->time);
	if (option(iter, TRACE_OPT_funcgraph_cpu))
		put_cpu(iter, s);
	if (option(iter, TRACE_OPT_funcgraph_proc)) {
		put_proc(iter, s, iter->ent.pid);
		trace_seq_puts(s, " | ");
	}
	if (option(iter, TRACE_OPT_latency_format)) {
		trace_seq_putc(s, ' ');
		trace_put_flags(&iter->ent, s);
		trace_seq_puts(s, " | ");
	}
}

void graph_put_time(struct trace_seq *s, u64 ns)
{
	static const unsigned int divisor[] = { 100, 10, 1 };
	size_t start = s->len, len;
	unsigned int decimals;

	trace_seq_dec(s, ns / 1000, 0, ' ');
	len = s->len - start;
	if (len < 7) {
		decimals = min(3U, (unsigned int)(7 - len));
		trace_seq_putc(s, '.');
		trace_seq_dec(s, ns % 1000 / divisor[decimals - 1], decimals,
			      '0');
		len = s->len - start;
	}
	trace_seq_puts(s, " us ");
	if (len < 8)
		trace_seq_fill(s, ' ', 8 - len);
}

static void put_duration(struct trace_iterator *iter, struct trace_seq *s,
			 u64 ns)
{
	bool mark = option(iter, TRACE_OPT_funcgraph_overhead);

	if (!option(iter, TRACE_OPT_funcgraph_duration) ||
	    !option(iter, TRACE_OPT_context_info))
		return;
	trace_seq_putc(s, mark ? trace_delay_mark(ns) : ' ');
	trace_seq_putc(s, ' ');
	graph_put_time(s, ns);
	trace_seq_putmem(s, "|  ", 3);
}

static void put_no_duration(struct trace_iterator *iter, struct trace_seq *s)
{
	if (!option(iter, TRACE_OPT_funcgraph_duration) ||
	    !option(iter, TRACE_OPT_context_info))
		return;
	trace_seq_fill(s, ' ', 14);
	trace_seq_putmem(s, "|  ", 3);
}

static void put_irq_arrow(struct trace_iterator *iter, struct trace_seq *s,
			  const char *arrow)
{
	bool column = option(iter, TRACE_OPT_funcgraph_duration);

	put_prologue(iter, s);
	trace_seq_puts(s, column ? "  " : "");
	trace_seq_puts(s, arrow);
	trace_seq_puts(s, column ? " |\n" : "\n");
}

/* ---- lines --------------------------------------------------------------- */

/* Return: the record if it is a return, or NULL. */
static const struct ftrace_graph_ret_entry *as_return(const void *data, u32 len)
{
	const struct trace_event *event = trace_event_of(data, len);

	if (!event)
		return NULL;
	return event->id == TRACE_GRAPH_RET || event->id == TRACE_GRAPH_RETVAL ?
		       data :
		       NULL;
}

/* Return: the next event if it is the return of this same entry, or NULL. */
static const struct ftrace_graph_ret_entry *
leaf_return(struct trace_iterator *iter, struct ring_buffer_event *next)
{
	const struct ftrace_graph_ent_entry *entry = (const void *)iter->data;
	const struct ftrace_graph_ret_entry *ret;

	if (!trace_iter_peek(iter, next) || next->lost)
		return NULL;
	ret = as_return(next->data, next->len);
	if (!ret || ret->ent.pid != entry->ent.pid || ret->func != entry->func)
		return NULL;
	return ret;
}

/* Print a function's result as " = 0x2a", and an errno as a decimal. */
static void put_retval(struct trace_iterator *iter, struct trace_seq *s,
		       const struct ftrace_graph_ret_entry *ret)
{
	u64 value = ((const struct ftrace_graph_retval_entry *)ret)->retval;
	s64 number = value >> 32 ? (s64)value : (s64)(s32)value;

	if (number < 0 && number >= -MAX_ERRNO &&
	    !option(iter, TRACE_OPT_funcgraph_retval_hex))
		trace_seq_printf(s, " = %lld", number);
	else
		trace_seq_printf(s, " = 0x%llx", value);
}

/* A damaged record has any depth; those after it are printed all the same. */
static int real_depth(int depth)
{
	return min(max(depth, 0), FGRAPH_DEPTH_MAX);
}

static unsigned long *open_at(struct trace_iterator *iter, int depth)
{
	struct graph_cpu *cpu = graph_cpu(iter);

	return depth >= 0 && depth < FGRAPH_DEPTH_MAX ? &cpu->open[depth] :
							NULL;
}

static void put_function(struct trace_iterator *iter, struct trace_seq *s,
			 const struct ftrace_graph_ent_entry *entry)
{
	trace_seq_fill(s, ' ', real_depth(entry->depth) * INDENT);
	trace_put_symbol(iter, s, entry->func, false);
}

static void put_leaf(struct trace_iterator *iter, struct trace_seq *s,
		     const struct ftrace_graph_ret_entry *ret)
{
	const struct ftrace_graph_ent_entry *entry = (const void *)iter->data;

	put_duration(iter, s, ret->rettime - ret->calltime);
	put_function(iter, s, entry);
	trace_seq_puts(s, "();");
	if (ret->ent.type == TRACE_GRAPH_RETVAL) {
		trace_seq_puts(s, " /*");
		put_retval(iter, s, ret);
		trace_seq_puts(s, " */");
	}
	trace_seq_putc(s, '\n');
}

/* Print an arrow if the outermost function of an interrupt has returned. */
static void end_of_irq(struct trace_iterator *iter, struct trace_seq *s,
		       int depth)
{
	struct graph_cpu *cpu = graph_cpu(iter);

	if (cpu->irq_depth != depth)
		return;
	cpu->irq_depth = -1;
	put_irq_arrow(iter, s, "<==========");
}

static void put_entry(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct ftrace_graph_ent_entry *entry = (const void *)iter->data;
	struct graph_cpu *cpu = graph_cpu(iter);
	unsigned long *open = open_at(iter, entry->depth);
	const struct ftrace_graph_ret_entry *ret;
	struct ring_buffer_event next;

	if (entry->ent.flags & (TRACE_FLAG_HARDIRQ | TRACE_FLAG_NMI) &&
	    cpu->irq_depth < 0) {
		cpu->irq_depth = entry->depth;
		put_irq_arrow(iter, s, "==========>");
	}
	put_prologue(iter, s);
	ret = leaf_return(iter, &next);
	cpu->depth = real_depth(entry->depth) - (ret != NULL);
	if (open)
		*open = ret ? 0 : entry->func;
	if (ret) {
		put_leaf(iter, s, ret);
		trace_iter_skip(iter);
		end_of_irq(iter, s, entry->depth);
		return;
	}
	put_no_duration(iter, s);
	put_function(iter, s, entry);
	trace_seq_puts(s, "() {\n");
}

static void put_return(struct trace_iterator *iter, struct trace_seq *s,
		       const struct ftrace_graph_ret_entry *ret)
{
	struct graph_cpu *cpu = graph_cpu(iter);
	unsigned long *open = open_at(iter, ret->depth);
	bool value = ret->ent.type == TRACE_GRAPH_RETVAL;
	bool match = !open || *open == ret->func;

	cpu->depth = real_depth(ret->depth) - 1;
	if (open)
		*open = 0;
	put_prologue(iter, s);
	put_duration(iter, s, ret->rettime - ret->calltime);
	trace_seq_fill(s, ' ', real_depth(ret->depth) * INDENT);
	trace_seq_putc(s, '}');
	if (!match || value || option(iter, TRACE_OPT_funcgraph_tail)) {
		trace_seq_puts(s, " /* ");
		trace_put_symbol(iter, s, ret->func, false);
		if (value)
			put_retval(iter, s, ret);
		trace_seq_puts(s, " */");
	}
	if (option(iter, TRACE_OPT_funcgraph_overrun)) /* not for leaves */
		trace_seq_printf(s, " (Overruns: %u)", ret->overrun);
	trace_seq_putc(s, '\n');
	end_of_irq(iter, s, ret->depth);
}

/* Print any other event as a comment in the code. */
static void put_comment(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct print_entry *print = (const void *)iter->data;
	struct graph_cpu *cpu = graph_cpu(iter);
	size_t len;

	put_prologue(iter, s);
	put_no_duration(iter, s);
	if (cpu->depth > 0)
		trace_seq_fill(s, ' ', (cpu->depth + 1) * INDENT);
	trace_seq_puts(s, "/* ");
	if (iter->event && iter->ent.type == TRACE_PRINT) {
		len = strnlen(print->buf, iter->len - sizeof(*print));
		len -= len && print->buf[len - 1] == '\n';
		trace_seq_putmem(s, print->buf, len);
	} else {
		trace_put_event(iter, s);
	}
	trace_seq_puts(s, " */\n");
}

bool graph_line(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct ftrace_graph_ret_entry *ret;

	if (iter->ent.type == TRACE_FN)
		return false;
	put_switch(iter, s);
	ret = as_return(iter->data, iter->len);
	if (ret)
		put_return(iter, s, ret);
	else if (iter->event && iter->ent.type == TRACE_GRAPH_ENT)
		put_entry(iter, s);
	else
		put_comment(iter, s);
	return true;
}

/* ---- heads --------------------------------------------------------------- */

void graph_header(struct trace_iterator *iter, struct trace_seq *s)
{
	bool abstime = option(iter, TRACE_OPT_funcgraph_abstime);
	bool cpu = option(iter, TRACE_OPT_funcgraph_cpu);
	bool proc = option(iter, TRACE_OPT_funcgraph_proc);
	bool flags = option(iter, TRACE_OPT_latency_format);
	bool duration = option(iter, TRACE_OPT_funcgraph_duration);

	if (!option(iter, TRACE_OPT_context_info))
		return;
	trace_seq_printf(s, "#%s%s%s%s%s               FUNCTION CALLS\n",
			 abstime ? "     TIME       " : "", cpu ? " CPU" : "",
			 proc ? "  TASK/PID       " : "",
			 flags ? "|||||   " : "",
			 duration ? "  DURATION   " : "");
	trace_seq_printf(s, "#%s%s%s%s%s               |   |   |   |\n",
			 abstime ? "      |         " : "", cpu ? " |  " : "",
			 proc ? "   |    |        " : "",
			 flags ? "|||||   " : "",
			 duration ? "   |   |      " : "");
}
