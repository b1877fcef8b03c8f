/* SPDX-License-Identifier: MIT */
/*
 * ftrace_fexit.h - handlers around functions: at entry with the arguments, at
 * exit with arguments and return value.
 *
 * For each function a direct target is generated that does just this; what it
 * costs is some forty instructions. It is entered by a jump and calls the rest
 * of the function, so calls and returns stay paired.
 *
 * Handlers are called from the target: where the function is called, interrupts
 * and NMIs included. They may not sleep and must not be traceable; the function
 * itself may sleep, with the target on its stack.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/arch_ftrace.h"

#define FTRACE_FEXIT_PROGS	 8 /* at most, for one target */
#define FTRACE_FEXIT_STACK_WORDS 16

struct ftrace_fexit_spec {
	unsigned int nr;		      /* progs, called in order */
	const struct ftrace_fexit_prog *prog; /* copied */
	unsigned int stack_words;	      /* arguments on the stack */
	bool varargs;			      /* takes a variable number */
};

struct ftrace_fexit;

/*
 * ftrace_fexit_attach - wrap functions
 * @ips: their sites; all of them have what @spec says about arguments
 *
 * Context: task.
 * Return: to be given to detach; ERR_PTR of -EINVAL: no function, an address
 * without a site, a function that cannot return (nobody would ever leave its
 * target; Linux refuses those that it has on a list), too many progs or stack
 * words, variable arguments without stack_words (nobody knows how many to
 * copy), a handler that a call does not reach; -EBUSY a function has a direct
 * caller or an ip modifier; -ENOSPC too many sets alive (those that do not
 * drain included), or too many different sets of subscribers; -ENOMEM;
 * -EDEADLK; -ENODEV. No other code is returned.
 */
struct ftrace_fexit *ftrace_fexit_attach(const struct ftrace_fexit_spec *spec,
					 const unsigned long *ips, size_t n);

/*
 * ftrace_fexit_replace - other handlers for the same functions
 *
 * No call goes without: each runs the old or the new ones, at entry and exit
 * alike. Does not wait for calls under way; when it returns the old handlers
 * are not entered any more, but their exits may still be called.
 * Return: 0, or as attach, with everything as before.
 */
int ftrace_fexit_replace(struct ftrace_fexit *fexit,
			 const struct ftrace_fexit_spec *spec);

/*
 * ftrace_fexit_detach - take them off
 * @fexit: gone, if 0 is returned. Calls under way: as replace.
 * Return: 0; -ENOMEM, -ENOSPC (those who stay need sets, too), -EDEADLK,
 * -ENODEV with everything as before. No other code is returned.
 */
int ftrace_fexit_detach(struct ftrace_fexit *fexit);

/*
 * ftrace_fexit_reap - free replaced and detached targets that nobody is in
 *
 * Also done by attach, replace and detach. Progs and their data may be freed
 * when the set they were given in is reaped.
 * Context: task. Return: sets that still have users.
 */
size_t ftrace_fexit_reap(void);

/* A set replaced or detached, that calls have not left yet. */
struct ftrace_fexit_pending {
	unsigned long ip; /* its first function */
	size_t nr;	  /* functions */
	u64 users;	  /* calls still inside */
};

/* Up to @max of them. Context: task. Return: how many there are. */
size_t ftrace_fexit_pending(struct ftrace_fexit_pending *pending, size_t max);
