/* SPDX-License-Identifier: MIT */
/*
 * func_command.h - what happens when a function is called: function commands.
 *
 *	FUNCTION:traceoff	FUNCTION:stacktrace:3
 *	FUNCTION:enable_event:SYSTEM:EVENT
 *
 * The actions are those of triggers (event_trigger.h), and dumps of the top
 * trace (trace_dumper.h): `dump` of all CPUs, once for each function, `cpudump`
 * of the CPU that calls it. As on Linux, a command
 * with a count and the one without are two, and each function has its own count
 * and, with enable_event and disable_event, its own target.
 *
 * FC1  Only the functions with a command call its ops; each command of a trace
 *      has an ops of its own.
 * FC2  A function with the count N acts N times in all, on whichever CPUs.
 * FC3  A site is freed after every callback that may be in it.
 * FC4  An addition or a removal that fails has changed nothing.
 *
 * [session] is event_session_begin() to event_session_end(). Context: task.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/event/event_trigger.h"

struct ftrace_hash;

/* Return: the kind of a command, or COMMAND_KINDS. Pure. */
enum event_trigger_kind func_command_find(const char *name);

/* What a command is to be. */
struct func_command_spec {
	enum event_trigger_kind kind;
	bool counted;
	u64 count;			 /* or EVENT_TRIGGER_UNLIMITED */
	struct trace_event_file *target; /* of enable_event, disable_event */
};

/*
 * func_command_add() - give the functions of @hash a command
 * A function that has it keeps it as it is.
 * Return: 0; -EINVAL all of them have it; -ENOMEM; or the error of registering
 * the ops. [session]
 */
int func_command_add(struct trace_array *tr,
		     const struct func_command_spec *spec,
		     const struct ftrace_hash *hash);

/* Does any function of the trace have this command? [session] */
bool func_command_exists(struct trace_array *tr,
			 const struct func_command_spec *spec);

/*
 * func_command_remove() - take a command from the functions of @hash
 * @hash: NULL: from all
 * On return no CPU acts for them. The target of @spec does not matter.
 * Return: 0; -ENODEV no function has the command; -EINVAL none of @hash;
 * -ENOMEM; or the error of unregistering the ops. [session]
 */
int func_command_remove(struct trace_array *tr,
			const struct func_command_spec *spec,
			const struct ftrace_hash *hash);

/*
 * Print the line of the n-th function with a command. Return: false: there are
 * fewer. [session]
 */
bool func_command_show(struct trace_array *tr, u64 n, struct trace_seq *seq);
