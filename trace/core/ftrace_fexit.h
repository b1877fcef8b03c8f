/* SPDX-License-Identifier: MIT */
/*
 * ftrace_fexit.h - handlers around functions: at entry with the arguments, at
 * exit with arguments and return value.
 *
 * For each function a direct target is generated. It costs about forty
 * instructions. The site jumps to it, and it calls the rest of the function, so
 * calls and returns stay paired.
 *
 * The target calls the handlers in the context of the function, interrupts and
 * NMIs included. They may not sleep and must not be traceable; the function
 * itself may sleep, with the target on its stack.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/arch_ftrace.h"

#define FTRACE_FEXIT_PROGS	 8 /* the maximum for one target */
#define FTRACE_FEXIT_STACK_WORDS 16

/*
 * Handlers of one owner in place of progs, called as those of an fprobe
 * (trace/arch_ftrace.h has the fields). An owner yields: when a direct caller
 * or an ip modifier comes to one of the functions, all of them move to @instead
 * in one step, and each call reaches the one or the other.
 */
struct ftrace_fexit_use {
	void *owner, *nobody; /* nobody: as the owner, with handlers that do
			       * nothing; static data */
	struct ftrace_fexit_owner arch; /* its words are set by attach */
	struct ftrace_ops *instead;
	/* NULL, or called for a call whose task has ended inside. Context:
	 * task, preemption off. */
	void (*lost)(void *owner);
};

struct ftrace_fexit_spec {
	unsigned int nr;		      /* progs, called in order */
	const struct ftrace_fexit_prog *prog; /* copied */
	unsigned int stack_words;	      /* arguments on the stack */
	bool varargs;			      /* a variadic function */
	const struct ftrace_fexit_use *use;   /* copied; or NULL */
};

struct ftrace_fexit;

/*
 * ftrace_fexit_attach - wrap functions with handlers
 * @ips: their sites; @spec describes the arguments of all of them
 *
 * Context: task.
 * Return: the argument for detach; ERR_PTR of -EINVAL: no function, an address
 * without a site, a function that cannot return (a call would never leave its
 * target; Linux refuses the functions on a list of its own), too many progs or
 * stack words, variable arguments without stack_words (the number to copy is
 * unknown), a handler out of reach of a call; -EBUSY a function has a direct
 * caller or an ip modifier; -ENOSPC too many sets alive (including those that
 * do not drain), or too many different sets of subscribers; -ENOMEM; -EDEADLK;
 * -ENODEV. No other code is returned.
 */
struct ftrace_fexit *ftrace_fexit_attach(const struct ftrace_fexit_spec *spec,
					 const unsigned long *ips, size_t n);

/*
 * ftrace_fexit_replace - set other handlers for the same functions
 *
 * Every call runs either the old or the new handlers, the same at entry and
 * exit. This does not wait for calls in progress. After it returns no old entry
 * handler is called, but old exit handlers may still be called.
 * Return: 0; on an error of attach everything is as before.
 */
int ftrace_fexit_replace(struct ftrace_fexit *fexit,
			 const struct ftrace_fexit_spec *spec);

/*
 * ftrace_fexit_detach - remove the handlers
 * @fexit: freed if 0 is returned. Calls in progress: as for replace; those of
 *	an owner find no handler any more, and no handler runs after the return
 * Return: 0; -ENOMEM, -ENOSPC (the remaining subscribers need new sets),
 * -EDEADLK, -ENODEV with everything as before. No other code is returned.
 */
int ftrace_fexit_detach(struct ftrace_fexit *fexit);

/*
 * For a set with an owner: whose handlers are called at entry, and at exit, of
 * calls that are under way, too: the owner's (true) or none (false). Handlers
 * that have begun go on. Context: any.
 */
void ftrace_fexit_set(struct ftrace_fexit *fexit, bool entry, bool exit);

/* Has it moved to ->instead? Then detach only frees. Context: task. */
bool ftrace_fexit_moved(const struct ftrace_fexit *fexit);

/*
 * ftrace_fexit_reap - free replaced and detached targets without a call inside
 *
 * attach, replace and detach do this too. Progs and their data may be freed
 * after their set is reaped.
 * Context: task. Return: the number of sets with calls inside.
 */
size_t ftrace_fexit_reap(void);

/* A replaced or detached set that calls have not left yet. */
struct ftrace_fexit_pending {
	unsigned long ip; /* its first function */
	size_t nr;	  /* functions */
	u64 users;	  /* calls still inside */
};

/* Copies up to @max of them. Context: task. Return: their number. */
size_t ftrace_fexit_pending(struct ftrace_fexit_pending *pending, size_t max);
