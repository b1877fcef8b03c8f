// SPDX-License-Identifier: MIT
/*
 * trace_entries.c - the kernel's own events: the fields, the format and the
 * text of each, as on Linux.
 *
 * Owns one declaration for each struct of trace/event/trace_entries.h.
 * Everything else about an event comes from it: see trace/event/trace_event.h.
 *
 * Context: task; a put function must not sleep.
 */
#include "kernel/lib/string.h"
#include "trace/event/trace_event.h"
#include "trace/trace_internal.h"

/* ---- function ------------------------------------------------------------ */

static const struct trace_field function_fields[] = {
	TRACE_FIELD(ftrace_entry, unsigned long, ip),
	TRACE_FIELD(ftrace_entry, unsigned long, parent_ip),
	TRACE_FIELDS_END,
};

/* `mutex_lock <-queue_try_put`; without print-parent only the first. */
static void put_function(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct ftrace_entry *entry = (const void *)iter->data;

	if (likely(trace_option(iter->tr, TRACE_OPT_print_parent)))
		trace_put_call(iter, s, entry->ip, entry->parent_ip);
	else
		trace_put_address(iter, s, entry->ip);
}

static const struct trace_event function_event = {
	.system = "ftrace",
	.name = "function",
	.id = TRACE_FN,
	.size = sizeof(struct ftrace_entry),
	.fields = function_fields,
	.print_fmt =
		"\" %ps <-- %ps\", (void *)REC->ip, (void *)REC->parent_ip",
	.put = put_function,
};

TABLE_ENTRY(trace_events, 20, function_event);

/* ---- context_switch, wakeup ---------------------------------------------- */

static const struct trace_field switch_fields[] = {
	TRACE_FIELD(ctx_switch_entry, unsigned int, prev_pid),
	TRACE_FIELD(ctx_switch_entry, unsigned int, next_pid),
	TRACE_FIELD(ctx_switch_entry, unsigned int, next_cpu),
	TRACE_FIELD(ctx_switch_entry, unsigned char, prev_prio),
	TRACE_FIELD(ctx_switch_entry, unsigned char, prev_state),
	TRACE_FIELD(ctx_switch_entry, unsigned char, next_prio),
	TRACE_FIELD(ctx_switch_entry, unsigned char, next_state),
	TRACE_FIELDS_END,
};

/* pid:priority:state of both; S stands for any sleep, R for runnable. */
static void put_two_tasks(struct trace_iterator *iter, struct trace_seq *s,
			  const char *between)
{
	const struct ctx_switch_entry *e = (const void *)iter->data;

	trace_seq_printf(s, " %7u:%3u:%c %s [%03u] %7u:%3u:%c %s", e->prev_pid,
			 e->prev_prio, e->prev_state ? 'S' : 'R', between,
			 e->next_cpu, e->next_pid, e->next_prio,
			 e->next_state ? 'S' : 'R',
			 trace_iter_comm(iter, e->next_pid));
}

static void put_switch(struct trace_iterator *iter, struct trace_seq *s)
{
	put_two_tasks(iter, s, "==>");
}

static void put_wake(struct trace_iterator *iter, struct trace_seq *s)
{
	put_two_tasks(iter, s, "  +");
}

#define SWITCH_VALUES                                      \
	"REC->prev_pid, REC->prev_prio, REC->prev_state, " \
	"REC->next_pid, REC->next_prio, REC->next_state, REC->next_cpu"

static const struct trace_event context_switch_event = {
	.system = "ftrace",
	.name = "context_switch",
	.id = TRACE_CTX,
	.size = sizeof(struct ctx_switch_entry),
	.fields = switch_fields,
	.print_fmt = "\"%u:%u:%u  ==> %u:%u:%u [%03u]\", " SWITCH_VALUES,
	.put = put_switch,
};

TABLE_ENTRY(trace_events, 20, context_switch_event);

static const struct trace_event wakeup_event = {
	.system = "ftrace",
	.name = "wakeup",
	.id = TRACE_WAKE,
	.size = sizeof(struct ctx_switch_entry),
	.fields = switch_fields,
	.print_fmt = "\"%u:%u:%u  ==+ %u:%u:%u [%03u]\", " SWITCH_VALUES,
	.put = put_wake,
};

TABLE_ENTRY(trace_events, 20, wakeup_event);

/* ---- funcgraph_entry, funcgraph_exit, funcgraph_exit_retval -------------- */

static const struct trace_field entry_fields[] = {
	TRACE_FIELD(ftrace_graph_ent_entry, unsigned long, func),
	TRACE_FIELD(ftrace_graph_ent_entry, int, depth),
	TRACE_FIELDS_END,
};

/*
 * For traces that another tracer shows: function_graph has a text of its own,
 * with braces (graph_output.c).
 */
static void put_graph_entry(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct ftrace_graph_ent_entry *entry = (const void *)iter->data;

	trace_seq_puts(s, "graph_ent: func=");
	trace_put_symbol(iter, s, entry->func, false);
}

static const struct trace_event funcgraph_entry_event = {
	.system = "ftrace",
	.name = "funcgraph_entry",
	.id = TRACE_GRAPH_ENT,
	.size = sizeof(struct ftrace_graph_ent_entry),
	.fields = entry_fields,
	.print_fmt = "\"--> %ps (%d)\", (void *)REC->func, REC->depth",
	.put = put_graph_entry,
};

TABLE_ENTRY(trace_events, 20, funcgraph_entry_event);

/*
 * Of both events of a return: the one with a value is the other one and a word
 * behind it.
 */
#define RETURN_FIELDS                                                       \
	TRACE_FIELD(ftrace_graph_ret_entry, unsigned long, func),           \
		TRACE_FIELD(ftrace_graph_ret_entry, int, depth),            \
		TRACE_FIELD(ftrace_graph_ret_entry, unsigned int, overrun), \
		TRACE_FIELD(ftrace_graph_ret_entry, unsigned long long,     \
			    calltime),                                      \
		TRACE_FIELD(ftrace_graph_ret_entry, unsigned long long,     \
			    rettime)
#define RETURN_FORMAT "\"<-- %ps (%d) (start: %llx  end: %llx) over: %u"
#define RETURN_VALUES                                                  \
	"(void *)REC->func, REC->depth, REC->calltime, REC->rettime, " \
	"REC->overrun"

static const struct trace_field return_fields[] = {
	RETURN_FIELDS,
	TRACE_FIELDS_END,
};

static void put_graph_return(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct ftrace_graph_ret_entry *entry = (const void *)iter->data;

	trace_seq_puts(s, "graph_ret: func=");
	trace_put_symbol(iter, s, entry->func, false);
}

static const struct trace_event funcgraph_exit_event = {
	.system = "ftrace",
	.name = "funcgraph_exit",
	.id = TRACE_GRAPH_RET,
	.size = sizeof(struct ftrace_graph_ret_entry),
	.fields = return_fields,
	.print_fmt = RETURN_FORMAT "\", " RETURN_VALUES,
	.put = put_graph_return,
};

TABLE_ENTRY(trace_events, 20, funcgraph_exit_event);

static const struct trace_field retval_fields[] = {
	RETURN_FIELDS,
	TRACE_FIELD(ftrace_graph_retval_entry, unsigned long, retval),
	TRACE_FIELDS_END,
};

static const struct trace_event funcgraph_exit_retval_event = {
	.system = "ftrace",
	.name = "funcgraph_exit_retval",
	.id = TRACE_GRAPH_RETVAL,
	.size = sizeof(struct ftrace_graph_retval_entry),
	.fields = retval_fields,
	.print_fmt = RETURN_FORMAT " retval: %lx\", " RETURN_VALUES
				   ", REC->retval",
	.put = put_graph_return,
};

TABLE_ENTRY(trace_events, 20, funcgraph_exit_retval_event);

/* ---- kernel_stack -------------------------------------------------------- */

static const struct trace_field stack_fields[] = {
	TRACE_FIELD(stack_entry, int, size),
	TRACE_FIELD_REST(stack_entry, unsigned long, caller),
	TRACE_FIELDS_END,
};

/*
 * Frames in trampolines have no name of their own. The size in the record is
 * not trusted beyond its length.
 */
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
			trace_put_address(iter, s, entry->caller[i]);
	}
}

static const struct trace_event kernel_stack_event = {
	.system = "ftrace",
	.name = "kernel_stack",
	.id = TRACE_STACK,
	.size = sizeof(struct stack_entry),
	.fields = stack_fields,
	.print_fmt = "\"\\t=> %ps\\n\\t=> %ps\\n\\t=> %ps\\n\", "
		     "(void *)REC->caller[0], (void *)REC->caller[1], "
		     "(void *)REC->caller[2]",
	.put = put_stack,
};

TABLE_ENTRY(trace_events, 20, kernel_stack_event);

/* ---- print --------------------------------------------------------------- */

static const struct trace_field print_fields[] = {
	TRACE_FIELD(print_entry, unsigned long, ip),
	TRACE_FIELD_REST(print_entry, char, buf),
	TRACE_FIELDS_END,
};

/* Print the text of a marker without its newline. */
static void put_print(struct trace_iterator *iter, struct trace_seq *s)
{
	const struct print_entry *entry = (const void *)iter->data;
	size_t len = strnlen(entry->buf, iter->len - sizeof(*entry));

	if (len && entry->buf[len - 1] == '\n')
		len--;
	trace_seq_puts(s, "tracing_mark_write: ");
	trace_seq_putmem(s, entry->buf, len);
}

static const struct trace_event print_event = {
	.system = "ftrace",
	.name = "print",
	.id = TRACE_PRINT,
	.size = sizeof(struct print_entry),
	.fields = print_fields,
	.print_fmt = "\"%ps: %s\", (void *)REC->ip, REC->buf",
	.put = put_print,
	.has_triggers = true,
};

TABLE_ENTRY(trace_events, 20, print_event);
