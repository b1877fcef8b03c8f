// SPDX-License-Identifier: MIT
/*
 * ftrace_show.c - one site in words, as in Linux's enabled_functions:
 *
 *	NAME (USERS) R I D O M <TAB>tramp: WHAT (CALLBACK) ->INNER
 *
 * What is called, and what that calls, is read back from the bytes, so the
 * line shows what is, not what should be.
 *
 * Context: task, takes ftrace_lock.
 */
#include "trace/ftrace_internal.h"
#include "kernel/lib/printf.h"

struct line {
	char *buf;
	size_t size;
	int len;
};

#define say(line, ...)                                                     \
	((line)->len +=                                                    \
	 snprintf((line)->buf + min_t(size_t, (line)->len, (line)->size),  \
		  (line)->size - min_t(size_t, (line)->len, (line)->size), \
		  __VA_ARGS__))

/* The code that callback @i of this ops is meant to be. */
static const void *callback(const struct ftrace_ops *ops)
{
	return (const void *)ops->saved_func;
}

static void say_inner(struct line *line, unsigned long tramp, unsigned int n)
{
	ftrace_func_t func;
	unsigned int i;

	for (i = 0; i < n; i++) {
		func = arch_ftrace_inner(tramp, i);
		if (func)
			say(line, " ->%pS", (void *)func);
		else
			say(line, " ERROR!");
	}
}

static void say_target(struct line *line, const struct ftrace_set *set,
		       unsigned long target)
{
	unsigned int i;

	switch (set->kind) {
	case FTRACE_SET_TRAMP:
		say(line, "\ttramp: %pS (%pS)", (void *)target,
		    callback(set->ops[0]));
		if (set->ops[0]->flags & FTRACE_OPS_FL_ALLOC_TRAMP)
			say_inner(line, target, 1);
		break;
	case FTRACE_SET_CHAIN:
		say(line, "\ttramp: %pS (", (void *)target);
		for (i = 0; i < set->nr; i++)
			say(line, "%s%pS", i ? ", " : "",
			    callback(set->ops[i]));
		say(line, ")");
		say_inner(line, target, set->nr);
		break;
	case FTRACE_SET_LIST:
		say_inner(line, target, 1);
		break;
	}
	if (set->direct)
		say(line, "\n\tdirect%s>%pS",
		    set->direct & FTRACE_ADDR_JMP ? "(jmp)--" : "--",
		    (void *)(set->direct & ~FTRACE_ADDR_JMP));
}

int ftrace_describe_rec(const struct dyn_ftrace *rec, char *buf, size_t size)
{
	struct line line = { buf, size, 0 };
	const struct ftrace_set *set;
	char name[FTRACE_NAME_MAX];
	unsigned long target;

	mutex_lock(&ftrace_lock);
	set = set_of(rec->wanted);
	target = arch_ftrace_read(rec_ip(rec));
	say(&line, "%s (%u)%s%s%s%s%s", ftrace_rec_name(rec, name),
	    set_users(set), set->flags & FTRACE_SET_REGS ? " R" : "  ",
	    set->flags & FTRACE_SET_IPMODIFY ? " I" : "  ",
	    set->direct ? " D" : "  ", "  ",
	    rec->flags & FTRACE_FL_MODIFIED ? " M " : "   ");
	if (rec->flags & FTRACE_FL_DISABLED)
		say(&line, "\tdisabled");
	else if (target != set_of(rec->actual)->target)
		say(&line, "\ttramp: ERROR!");
	else if (rec->actual)
		say_target(&line, set, target);
	say(&line, "\n");
	mutex_unlock(&ftrace_lock);
	return line.len;
}
