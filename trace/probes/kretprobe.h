/* SPDX-License-Identifier: MIT */
/*
 * kretprobe.h - call a handler when a function returns. Names and errors are
 * Linux's. A kretprobe is an fprobe (fprobe.h) with full registers and a bound
 * on the calls under way.
 *
 * Lock legend: [K] kprobe_mutex; [A] read in probes.
 */
#pragma once

#include "kernel/lib/list.h"
#include "trace/probes/fprobe.h"
#include "trace/probes/kprobe.h"
#include <asm/pt_regs.h>

struct kretprobe;

/* One call under way. */
struct kretprobe_instance {
	struct kretprobe *rp;
	unsigned long ret_addr; /* the address that the call returns to */
	char data[];		/* rp->data_size bytes, not zeroed */
};

/*
 * entry_handler: regs are those at entry; any value but 0: this call's return
 * is not handled. handler: regs->ax is the return value, and what it leaves
 * there is returned; regs->ip is the address that the call returns to, and the
 * argument registers are as at entry. Its value is ignored. Context of both: as
 * of a kprobe's pre handler, with which they exclude each other: a probe that
 * is reached in one of these is missed, and so is a call inside a kprobe's
 * handler.
 */
typedef int (*kretprobe_handler_t)(struct kretprobe_instance *ri,
				   struct pt_regs *regs);

struct kretprobe {
	struct kprobe kp;	     /* its address, and KPROBE_FLAG_DISABLED */
	kretprobe_handler_t handler; /* [A] or NULL */
	kretprobe_handler_t entry_handler; /* or NULL */
	int maxactive; /* calls at a time; not positive: a default is set */
	int nmissed;   /* [A] calls above maxactive, without room, or nested
			* in a handler */
	size_t data_size;
	/* The core owns these. */
	struct fprobe fprobe;
	struct list_head link; /* [K] while registered or announced */
	bool announced;	       /* [K] */
	int active;	       /* [A] calls under way */
};

#define KRETPROBE_DATA_MAX 256 /* bytes */

/**
 * register_kretprobe - handle the returns of a function
 * Return: 0; -EINVAL no address or two, not the start of a function that can be
 * traced, registered already; -ENOENT unknown symbol; -E2BIG data_size is above
 * KRETPROBE_DATA_MAX; errors of register_fprobe(). No other code is returned.
 */
int __must_check register_kretprobe(struct kretprobe *rp);
/* All or none. Return: as above; -EINVAL @num is not positive. */
int __must_check register_kretprobes(struct kretprobe **rps, int num);

/*
 * No handler runs after the return; calls under way return as usual. Without
 * memory for it rp->fprobe stays registered (unregister_fprobe()), all goes on,
 * and it is to be called again. It does nothing from a handler, or where the
 * caller cannot sleep.
 */
void unregister_kretprobe(struct kretprobe *rp);
void unregister_kretprobes(struct kretprobe **rps, int num);

/*
 * Calls under way are handled. Return: 0; -EINVAL not registered; -EDEADLK from
 * a handler, or where the caller cannot sleep. No other code is returned.
 */
int disable_kretprobe(struct kretprobe *rp);
int enable_kretprobe(struct kretprobe *rp);

/*
 * Show a kretprobe in kprobes/list as a disabled one even while it is not
 * registered, as it has no place in the graph then. kp.addr is set.
 * kretprobe_withdraw() takes it off; one that is still registered is listed
 * until it is unregistered. It does nothing for one that was not announced.
 */
void kretprobe_announce(struct kretprobe *rp);
void kretprobe_withdraw(struct kretprobe *rp);

static inline struct kretprobe *get_kretprobe(struct kretprobe_instance *ri)
{
	return ri->rp;
}

static inline unsigned long get_kretprobe_retaddr(struct kretprobe_instance *ri)
{
	return ri->ret_addr;
}
