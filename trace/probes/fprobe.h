/* SPDX-License-Identifier: MIT */
/*
 * fprobe.h - call handlers at entry and exit of functions. Names, flags and
 * errors are Linux's.
 *
 * Each registered fprobe is a user of the return side (trace/graph/fgraph.h),
 * so at most FGRAPH_USERS of them, tracers and kretprobes exist at a time.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/core/ftrace.h"
#include "trace/graph/fgraph.h"

struct fprobe;

/*
 * Both handlers run in the context of the function, NMI included, with
 * preemption off. @entry_ip is the site, @ret_ip the address that the call
 * returns to. @data: entry_data_size bytes, the same at entry and exit of one
 * call, not zeroed; NULL if the size is 0.
 *
 * At entry @fregs are the registers. At exit they hold the arguments as they
 * were at entry, and the return value (ftrace_regs_get_return_value()), which
 * ftrace_regs_set_return_value() changes.
 *
 * If the entry handler returns another value than 0, the exit handler is not
 * called for this call, and nothing is counted.
 */
typedef int (*fprobe_entry_cb)(struct fprobe *fp, unsigned long entry_ip,
			       unsigned long ret_ip, struct ftrace_regs *fregs,
			       void *data);
typedef void (*fprobe_exit_cb)(struct fprobe *fp, unsigned long entry_ip,
			       unsigned long ret_ip, struct ftrace_regs *fregs,
			       void *data);

#define FPROBE_FL_DISABLED	1U /* sites stay patched, handlers rest */
#define FPROBE_FL_KPROBE_SHARED 2U /* not while a kprobe's handler runs */
#define FPROBE_FL_NO_EXIT	4U /* disable_fprobe(): nor calls under way */

#define FPROBE_DATA_MAX 256 /* bytes */

struct fprobe {
	fprobe_entry_cb entry_handler; /* or NULL; immutable, as the next two */
	fprobe_exit_cb exit_handler;   /* or NULL */
	size_t entry_data_size;
	/* NULL, or called once in place of the exit handler for a call that
	 * never returns: its task has ended. */
	void (*lost_handler)(struct fprobe *fp);
	unsigned int flags;
	unsigned long nmissed; /* [A] calls without handlers: no room, or nested
				* in a handler */
	/* The core owns these. */
	unsigned int own_data; /* bytes in front of a kretprobe's entry data */
	struct ftrace_ops ops;
	struct fgraph_ops gops;
	unsigned int words; /* of a call's data; 0: no exit handler */
	bool registered;
	struct ftrace_fexit *fexit; /* its fast path, or NULL */
	fprobe_entry_cb entry_call; /* the handlers, or ones that do nothing */
	fprobe_exit_cb exit_call;
};

/**
 * register_fprobe - by patterns, as in set_ftrace_filter
 * @filter: functions; @notfilter: those to leave out, or NULL
 * register_fprobe_ips - by addresses of functions or sites
 * register_fprobe_syms - by names
 *
 * Context: task, may sleep.
 * Return: 0; -EINVAL no fprobe, no filter or an empty one, @num is not
 * positive, a pattern that matches nothing, an address without a site; -ENOENT
 * a name of no function that can be traced; -E2BIG entry_data_size is above
 * FPROBE_DATA_MAX; -EEXIST registered already; errors of
 * register_ftrace_graph(). No other code is returned.
 */
int __must_check register_fprobe(struct fprobe *fp, const char *filter,
				 const char *notfilter);
int __must_check register_fprobe_ips(struct fprobe *fp, unsigned long *addrs,
				     int num);
int __must_check register_fprobe_syms(struct fprobe *fp, const char **syms,
				      int num);

/**
 * unregister_fprobe - no handler runs after the return
 * Calls under way return without their exit handler.
 * Return: 0; -EINVAL not registered; with the fprobe still registered: -ENOMEM,
 * -ENOSPC the other subscribers of its functions need new sets, which could not
 * be allocated; -EDEADLK from a callback, or where the caller cannot sleep;
 * -ENODEV ftrace is dead. No other code is returned.
 */
int unregister_fprobe(struct fprobe *fp);

static inline bool fprobe_is_registered(const struct fprobe *fp)
{
	return fp && fp->registered;
}

/* Handlers that have begun go on. Context: task. */
void disable_fprobe(struct fprobe *fp);
void enable_fprobe(struct fprobe *fp);
/* Only for new calls: the exit handlers of those under way are called. */
void disable_fprobe_entries(struct fprobe *fp);

/* Has it the fast path now? Context: task. */
bool fprobe_is_fast(const struct fprobe *fp);

/* Cleared by tests: all that register from now on have the graph's path. */
extern bool fprobe_may_be_fast;
