// SPDX-License-Identifier: MIT
/*
 * func_command_show.c - list the function commands of a trace, as Linux does.
 *
 * Owns nothing. Context: task, trace_lock held.
 */
#include "trace/event/func_command_internal.h"
#include "trace/event/trace_event_file.h"
#include <asm/barrier.h>

static void show_place(const struct func_command *command,
		       const struct func_place *place, struct trace_seq *seq)
{
	const struct trace_event_file *target = place->site->target;
	char name[FTRACE_NAME_MAX];

	trace_seq_printf(seq, "%s:%s",
			 ftrace_rec_name(ftrace_rec_find(place->ip), name),
			 event_trigger_name(command->kind));
	if (target)
		trace_seq_printf(seq, ":%s:%s", target->event->system,
				 target->event->name);
	if (command->counted)
		trace_seq_printf(seq, ":count=%lld\n",
				 (s64)READ_ONCE(place->site->left));
	else
		trace_seq_puts(seq, ":unlimited\n");
}

bool func_command_show(struct trace_array *tr, u64 n, struct trace_seq *seq)
{
	const struct func_command *command = tr->func_commands;
	const struct func_place *place;

	while (command && n >= command->live) {
		n -= command->live;
		command = command->next;
	}
	if (!command)
		return false;
	for (place = command->table->at; n || !place->site; place++)
		n -= place->site ? 1 : 0;
	show_place(command, place, seq);
	return true;
}
