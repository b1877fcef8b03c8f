// SPDX-License-Identifier: MIT
/*
 * trace_events.c - what the bytes of the buffer mean, told to stock tools:
 * events/ftrace/NAME/format, events/header_page and events/header_event.
 *
 * Owns the lists of fields. Offsets and sizes are taken from the structs of
 * trace_entries.h, so these texts cannot disagree with what is written.
 *
 * Context: any.
 */
#include "trace/trace_internal.h"

struct field {
	const char *type, *name;
	unsigned int offset, size;
	bool is_signed;
};

#define FIELD(type, struct_, name, member, sign)                    \
	{                                                           \
		type, name, offsetof(struct struct_, member),       \
			sizeof(((struct struct_ *)0)->member), sign \
	}
#define END       \
	{         \
		0 \
	}

static const struct field common_fields[] = {
	FIELD("unsigned short", trace_entry, "common_type", type, false),
	FIELD("unsigned char", trace_entry, "common_flags", flags, false),
	FIELD("unsigned char", trace_entry, "common_preempt_count",
	      preempt_count, false),
	FIELD("int", trace_entry, "common_pid", pid, true),
	END,
};

static const struct field function_fields[] = {
	FIELD("unsigned long", ftrace_entry, "ip", ip, false),
	FIELD("unsigned long", ftrace_entry, "parent_ip", parent_ip, false),
	END,
};

static const struct field entry_fields[] = {
	FIELD("unsigned long", ftrace_graph_ent_entry, "func", func, false),
	FIELD("int", ftrace_graph_ent_entry, "depth", depth, true),
	END,
};

#define RETURN_FIELDS                                                          \
	FIELD("unsigned long", ftrace_graph_ret_entry, "func", func, false),   \
		FIELD("int", ftrace_graph_ret_entry, "depth", depth, true),    \
		FIELD("unsigned int", ftrace_graph_ret_entry, "overrun",       \
		      overrun, false),                                         \
		FIELD("unsigned long long", ftrace_graph_ret_entry,            \
		      "calltime", calltime, false),                            \
		FIELD("unsigned long long", ftrace_graph_ret_entry, "rettime", \
		      rettime, false)

static const struct field return_fields[] = { RETURN_FIELDS, END };

static const struct field retval_fields[] = {
	RETURN_FIELDS,
	FIELD("unsigned long", ftrace_graph_retval_entry, "retval", retval,
	      false),
	END,
};

/* Fields that fill the rest of the record have size 0. */
static const struct field stack_fields[] = {
	FIELD("int", stack_entry, "size", size, true),
	{ "unsigned long", "caller[]", offsetof(struct stack_entry, caller), 0,
	  false },
	END,
};

static const struct field print_fields[] = {
	FIELD("unsigned long", print_entry, "ip", ip, false),
	{ "char", "buf[]", offsetof(struct print_entry, buf), 0, true },
	END,
};

static const struct event {
	const char *name;
	enum trace_type id;
	const struct field *fields;
	const char *print;
} events[] = {
	{ "function", TRACE_FN, function_fields,
	  "\" %ps <-- %ps\", (void *)REC->ip, (void *)REC->parent_ip" },
	{ "funcgraph_entry", TRACE_GRAPH_ENT, entry_fields,
	  "\"--> %ps (%d)\", (void *)REC->func, REC->depth" },
	{ "funcgraph_exit", TRACE_GRAPH_RET, return_fields,
	  "\"<-- %ps (%d) (start: %llx  end: %llx) over: %u\", "
	  "(void *)REC->func, REC->depth, REC->calltime, REC->rettime, "
	  "REC->overrun" },
	{ "funcgraph_exit_retval", TRACE_GRAPH_RETVAL, retval_fields,
	  "\"<-- %ps (%d) (start: %llx  end: %llx) over: %u retval: %lx\", "
	  "(void *)REC->func, REC->depth, REC->calltime, REC->rettime, "
	  "REC->overrun, REC->retval" },
	{ "kernel_stack", TRACE_STACK, stack_fields,
	  "\"\\t=> %ps\\n\\t=> %ps\\n\\t=> %ps\\n\", (void *)REC->caller[0], "
	  "(void *)REC->caller[1], (void *)REC->caller[2]" },
	{ "print", TRACE_PRINT, print_fields,
	  "\"%ps: %s\", (void *)REC->ip, REC->buf" },
};

const char *trace_event_name(unsigned int i)
{
	return i < ARRAY_SIZE(events) ? events[i].name : NULL;
}

unsigned int trace_event_id(unsigned int i)
{
	return events[i].id;
}

static void show_fields(const struct field *f, struct trace_seq *s)
{
	for (; f->type; f++)
		trace_seq_printf(s,
				 "\tfield:%s %s;\toffset:%u;\tsize:%u;"
				 "\tsigned:%d;\n",
				 f->type, f->name, f->offset, f->size,
				 f->is_signed);
}

void trace_event_format_show(unsigned int i, struct trace_seq *s)
{
	trace_seq_printf(s, "name: %s\nID: %u\nformat:\n", events[i].name,
			 events[i].id);
	show_fields(common_fields, s);
	trace_seq_putc(s, '\n');
	show_fields(events[i].fields, s);
	trace_seq_printf(s, "\nprint fmt: %s\n", events[i].print);
}

void trace_header_page_show(struct trace_seq *s)
{
	/* "overwrite" shares its byte with commit: it names the flags there. */
	trace_seq_printf(s,
			 "\tfield: u64 timestamp;\toffset:0;\tsize:8;"
			 "\tsigned:0;\n"
			 "\tfield: local_t commit;\toffset:8;\tsize:8;"
			 "\tsigned:1;\n"
			 "\tfield: int overwrite;\toffset:8;\tsize:1;"
			 "\tsigned:1;\n"
			 "\tfield: char data;\toffset:%u;\tsize:%u;"
			 "\tsigned:1;\n",
			 RB_HEADER_SIZE, RB_DATA_SIZE);
}

void trace_header_event_show(struct trace_seq *s)
{
	trace_seq_printf(s,
			 "# compressed entry header\n"
			 "\ttype_len    :    %u bits\n"
			 "\ttime_delta  :   %u bits\n"
			 "\tarray       :   32 bits\n\n"
			 "\tpadding     : type == %u\n"
			 "\ttime_extend : type == %u\n"
			 "\ttime_stamp : type == %u\n"
			 "\tdata max type_len  == %u\n",
			 RB_TYPE_BITS, RB_DELTA_BITS, RB_TYPE_PADDING,
			 RB_TYPE_EXTEND, RB_TYPE_STAMP, RB_TYPE_DATA_MAX);
}
