// SPDX-License-Identifier: MIT
/*
 * func_command_hit.c - function commands: a function is called.
 *
 * Owns nothing. Invariants FC2 and FC3: func_command.h.
 *
 * Context: any, NMI included; nothing here is traceable.
 */
#include "trace/core/recursion.h"
#include "trace/event/func_command_internal.h"
#include "trace/event/trace_event_file.h"
#include "trace/trace_dumper.h"
#include "trace/trace_internal.h"

/* ---- probe --------------------------------------------------------------- */

static struct func_site *find_site(const struct func_table *table,
				   unsigned long ip)
{
	size_t from = 0, to = table->n, mid;

	while (from < to) {
		mid = (from + to) / 2;
		if (table->at[mid].ip == ip)
			return READ_ONCE(table->at[mid].site);
		if (table->at[mid].ip < ip)
			from = mid + 1;
		else
			to = mid;
	}
	return NULL;
}

static void act(const struct func_command *command, struct func_site *site,
		unsigned long ip)
{
	/* Without a trace that is on, a stack has no effect to be counted. */
	if (command->kind == TRIGGER_STACKTRACE && !READ_ONCE(command->tr->on))
		return;
	event_trigger_fire(command->tr, command->kind, site->target,
			   &site->left, ip + MCOUNT_INSN_SIZE);
}

/* Any command: the whole way. */
static noinline void command_hit(struct func_command *command, unsigned long ip)
{
	u32 guard = ftrace_guard_enter(FTRACE_GUARD_CALLBACK);
	struct func_site *site;

	if (!guard)
		return;
	preempt_disable_notrace(); /* FC3 */
	site = find_site(smp_load_acquire(&command->table), ip);
	if (site)
		act(command, site, ip);
	preempt_enable_notrace();
	ftrace_guard_leave(guard);
}

static __no_fp void command_call(unsigned long ip, unsigned long parent_ip,
				 struct ftrace_ops *ops,
				 struct ftrace_regs *fregs)
{
	(void)parent_ip;
	(void)fregs;
	command_hit(container_of(ops, struct func_command, ops), ip);
}

/*
 * traceon and traceoff: mostly the trace is so already and no reader has paused
 * it. The action has no effect then, and no count changes.
 */
static __no_fp void command_call_switch(unsigned long ip,
					unsigned long parent_ip,
					struct ftrace_ops *ops,
					struct ftrace_regs *fregs)
{
	struct func_command *command =
		container_of(ops, struct func_command, ops);
	const struct trace_array *tr = command->tr;
	bool on = command->kind == TRIGGER_TRACEON;

	(void)parent_ip;
	(void)fregs;
	if (likely(READ_ONCE(tr->on) == on && !READ_ONCE(tr->paused)))
		return;
	command_hit(command, ip);
}

DEFINE_TABLE(struct trace_dumper, trace_dumpers);

const struct trace_dumper *func_command_dumper(void)
{
	const struct trace_dumper *const *at, *found = NULL;

	for_each_entry(at, trace_dumpers) found = *at;
	return found;
}

/* dump and cpudump print with preemption on, if the function has it on. */
static noinline void command_dump(struct func_command *command,
				  unsigned long ip)
{
	u32 guard = ftrace_guard_enter(FTRACE_GUARD_CALLBACK);
	unsigned int cpu = TRACE_CPU_ALL;
	struct func_site *site;
	bool taken;

	if (!guard)
		return;
	preempt_disable_notrace(); /* FC3 */
	site = find_site(smp_load_acquire(&command->table), ip);
	taken = site && event_trigger_take(&site->left);
	if (command->kind == COMMAND_CPUDUMP)
		cpu = smp_processor_id();
	preempt_enable_notrace();
	if (taken)
		func_command_dumper()->dump(cpu);
	ftrace_guard_leave(guard);
}

static __no_fp void command_call_dump(unsigned long ip, unsigned long parent_ip,
				      struct ftrace_ops *ops,
				      struct ftrace_regs *fregs)
{
	(void)parent_ip;
	(void)fregs;
	command_dump(container_of(ops, struct func_command, ops), ip);
}

ftrace_func_t func_command_callback(enum event_trigger_kind kind)
{
	switch (kind) {
	case TRIGGER_TRACEON:
	case TRIGGER_TRACEOFF:
		return command_call_switch;
	case COMMAND_DUMP:
	case COMMAND_CPUDUMP:
		return command_call_dump;
	default:
		return command_call;
	}
}
