// SPDX-License-Identifier: MIT
/*
 * ftrace_show.c - describes one site in text, as Linux's enabled_functions:
 *
 *	NAME (USERS) R I D O M <TAB>tramp: WHAT (CALLBACK) ->INNER
 *
 * The target of the site and the targets of that are read back from the bytes,
 * so the line shows the actual state, not the wanted one.
 *
 * Context: task, takes ftrace_lock.
 */
#include "kernel/lib/trace_seq.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"

/* The callback of @ops without the PID filter. */
static const void *callback(const struct ftrace_ops *ops)
{
	return (const void *)ops->saved_func;
}

static void say_inner(struct trace_seq *s, unsigned long tramp, unsigned int n)
{
	ftrace_func_t func;
	unsigned int i;

	for (i = 0; i < n; i++) {
		func = arch_ftrace_inner(tramp, i);
		if (func)
			trace_seq_printf(s, " ->%pS", (void *)func);
		else
			trace_seq_puts(s, " ERROR!");
	}
}

static void say_target(struct trace_seq *s, const struct ftrace_set *set,
		       unsigned long target)
{
	unsigned int i;

	switch (set->kind) {
	case FTRACE_SET_TRAMP:
		trace_seq_printf(s, "\ttramp: %pS (%pS)", (void *)target,
				 callback(set->ops[0]));
		if (set->ops[0]->flags & FTRACE_OPS_FL_ALLOC_TRAMP)
			say_inner(s, target, 1);
		break;
	case FTRACE_SET_CHAIN:
		trace_seq_printf(s, "\ttramp: %pS (", (void *)target);
		for (i = 0; i < set->nr; i++)
			trace_seq_printf(s, "%s%pS", i ? ", " : "",
					 callback(set->ops[i]));
		trace_seq_putc(s, ')');
		say_inner(s, target, set->nr);
		break;
	case FTRACE_SET_LIST:
		say_inner(s, target, 1);
		break;
	}
	if (set->direct)
		trace_seq_printf(s, "\n\tdirect%s>%pS",
				 set->direct & FTRACE_ADDR_JMP ? "(jmp)--" :
								 "--",
				 (void *)(set->direct & ~FTRACE_ADDR_JMP));
}

void ftrace_describe_rec(const struct dyn_ftrace *rec, struct trace_seq *s)
{
	const struct ftrace_set *set;
	char name[FTRACE_NAME_MAX];
	unsigned long target;

	mutex_lock(&ftrace_lock);
	set = set_of(rec->wanted);
	target = arch_ftrace_read(rec_ip(rec));
	trace_seq_printf(s, "%s (%u)%s%s%s%s%s", ftrace_rec_name(rec, name),
			 set_users(set),
			 set->flags & FTRACE_SET_REGS ? " R" : "  ",
			 set->flags & FTRACE_SET_IPMODIFY ? " I" : "  ",
			 set->direct ? " D" : "  ", "  ",
			 rec->flags & FTRACE_FL_MODIFIED ? " M " : "   ");
	if (rec->flags & FTRACE_FL_DISABLED)
		trace_seq_puts(s, "\tdisabled");
	else if (target != set_of(rec->actual)->target)
		trace_seq_puts(s, "\ttramp: ERROR!");
	else if (rec->actual)
		say_target(s, set, target);
	trace_seq_putc(s, '\n');
	mutex_unlock(&ftrace_lock);
}
