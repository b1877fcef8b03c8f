// SPDX-License-Identifier: MIT
/*
 * fprobe.c - handlers at entry and exit, on the return side of the graph.
 *
 * Owns the words of a call that an exit handler needs: struct fprobe_call,
 * then the user's entry data.
 *
 * An fprobe with an exit handler has targets of its own instead of the graph
 * (trace/core/ftrace_fexit.h), and the same promises. The graph serves it
 * - with a function whose arguments do not all lie in registers, or that looks
 *   at its return address, calls itself, jumps to a function with a site or
 *   cannot return: the code shows it (arch_ftrace_in_registers());
 * - with more than 64 functions or 64 bytes of data, which would fill the
 *   executable pool and the tasks' stacks; with full registers, as for a
 *   kretprobe's entry handler; with FPROBE_FL_KPROBE_SHARED;
 * - if a function has a direct caller or an ip modifier, and from the moment
 *   when a function gets one; if no set is free.
 * A target finds its fprobe through two words. They hold nobody while it is
 * disabled, and once it is unregistered, so that it may be freed while calls
 * are inside.
 *
 * K7 For each call of a probed function either the entry handler is called, or
 *    the call is counted in nmissed, or the fprobe is disabled. The exit
 *    handler is called exactly if the entry handler returned 0, when the call
 *    returns.
 *
 * Context: handlers in probes; registration in tasks.
 */
#include "kernel/base/kallsyms.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/core/ftrace_fexit.h"
#include "trace/probes/fprobe.h"
#include "trace/probes/kprobe.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/ftrace_frame.h>

/* What the exit handler sees of the entry, in the call's data words. */
struct fprobe_call {
	unsigned long ret_ip;
	unsigned long arg[6]; /* di si dx cx r8 r9 */
};

#define CALL_WORDS (sizeof(struct fprobe_call) / sizeof(u64))

/* Between the callback at a site and the entry function, on one CPU. */
struct fprobe_entry {
	struct ftrace_regs *fregs;
	bool seen; /* the entry function has been called */
};
static DEFINE_PER_CPU(struct fprobe_entry *, fprobe_entry);
static DEFINE_PER_CPU(u32, fprobe_busy); /* CTX_ bits: a handler runs there */

static void save_arguments(struct fprobe_call *call, struct ftrace_regs *fregs)
{
	call->arg[0] = fregs->di;
	call->arg[1] = fregs->si;
	call->arg[2] = fregs->dx;
	call->arg[3] = fregs->cx;
	call->arg[4] = fregs->r8;
	call->arg[5] = fregs->r9;
}

/* Return: is the exit handler to be called? */
static bool call_entry(struct fprobe *fp, unsigned long ip,
		       struct ftrace_regs *fregs)
{
	unsigned long *retp = ftrace_return_slot(fregs);
	unsigned long ret_ip = current->ret_stack->top->ret;
	struct fprobe_call *call = NULL;
	void *data = NULL;

	ret_ip = ftrace_graph_ret_addr(current, ret_ip, retp);
	if (fp->words) {
		call = (struct fprobe_call *)fgraph_reserve_data(fp->words);
		if (!call) {
			fetch_add(&fp->nmissed, 1);
			return false;
		}
		call->ret_ip = ret_ip;
		save_arguments(call, fregs);
		data = fp->entry_data_size ? call + 1 : NULL;
	}
	if (fp->entry_handler && fp->entry_handler(fp, ip, ret_ip, fregs, data))
		return false;
	return call != NULL;
}

static bool fprobe_enter(struct ftrace_graph_ent *ent, struct fgraph_ops *gops)
{
	struct fprobe_entry *entry = this_cpu_read(fprobe_entry);

	entry->seen = true;
	return call_entry(gops->owner, ent->func, entry->fregs);
}

/* Not inside another handler of this context. */
static bool may_handle(const struct fprobe *fp)
{
	if (this_cpu_read(fprobe_busy) & this_cpu_read(trace_context))
		return false;
	return !(fp->flags & FPROBE_FL_KPROBE_SHARED && kprobe_running());
}

/* The ops' callback at a site. */
static void fprobe_call(unsigned long ip, unsigned long parent_ip,
			struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct fgraph_ops *gops = ops->private;
	struct fprobe *fp = gops->owner;
	struct fprobe_entry entry = { .fregs = fregs }, *outer;

	(void)parent_ip;
	if (READ_ONCE(fp->flags) & FPROBE_FL_DISABLED)
		return;
	preempt_disable_notrace();
	if (!may_handle(fp)) {
		fetch_add(&fp->nmissed, 1);
	} else {
		this_cpu_or(fprobe_busy, this_cpu_read(trace_context));
		outer = this_cpu_read(fprobe_entry);
		this_cpu_write(fprobe_entry, &entry);
		fgraph_enter(ip, gops, ftrace_return_slot(fregs), fprobe_enter);
		this_cpu_write(fprobe_entry, outer);
		this_cpu_and(fprobe_busy, ~this_cpu_read(trace_context));
		if (!entry.seen) /* no room */
			fetch_add(&fp->nmissed, 1);
	}
	preempt_enable_notrace();
}

static void fprobe_return(const struct ftrace_graph_ret *ret,
			  struct fgraph_ops *gops)
{
	struct fprobe *fp = gops->owner;
	struct fprobe_call *call = (struct fprobe_call *)ret->data;
	struct ftrace_regs fregs = {
		.di = call->arg[0],
		.si = call->arg[1],
		.dx = call->arg[2],
		.cx = call->arg[3],
		.r8 = call->arg[4],
		.r9 = call->arg[5],
		.ax = *ret->result,
		.ip = call->ret_ip,
		.parent_ip = call->ret_ip,
	};

	if (READ_ONCE(fp->flags) & FPROBE_FL_NO_EXIT)
		return;
	preempt_disable_notrace();
	this_cpu_or(fprobe_busy, this_cpu_read(trace_context));
	fp->exit_handler(fp, ret->func, call->ret_ip, &fregs,
			 fp->entry_data_size ? call + 1 : NULL);
	*ret->result = fregs.ax;
	this_cpu_and(fprobe_busy, ~this_cpu_read(trace_context));
	preempt_enable_notrace();
}

static void fprobe_lost(const u64 *data, struct fgraph_ops *gops)
{
	struct fprobe *fp = gops->owner;

	(void)data;
	if (fp->lost_handler && !(READ_ONCE(fp->flags) & FPROBE_FL_NO_EXIT))
		fp->lost_handler(fp);
}

/* ---- the fast path ---- */

bool fprobe_may_be_fast = true;

#define FAST_MAX      64 /* functions: each takes code of its own */
#define FAST_DATA_MAX 64 /* bytes on the stack */

static int accept(struct fprobe *fp, unsigned long entry_ip,
		  unsigned long ret_ip, struct ftrace_regs *fregs, void *data)
{
	return 0;
}

static int decline(struct fprobe *fp, unsigned long entry_ip,
		   unsigned long ret_ip, struct ftrace_regs *fregs, void *data)
{
	return 1;
}

static void ignore(struct fprobe *fp, unsigned long entry_ip,
		   unsigned long ret_ip, struct ftrace_regs *fregs, void *data)
{
}

/* In the words of a target while the handlers rest, and for good afterwards. */
static struct fprobe nobody = { .entry_call = decline, .exit_call = ignore };

/* A target was entered by a call whose task has ended. */
static void lost(void *owner)
{
	struct fprobe *fp = owner;

	if (fp->lost_handler)
		fp->lost_handler(fp);
}

/* A target's call from within a handler of this context. */
static void missed(void *owner)
{
	struct fprobe *fp = owner;

	fetch_add(&fp->nmissed, 1);
}

static unsigned long resolve(unsigned long *retp)
{
	return ftrace_graph_ret_addr(current, *retp, retp);
}

static void set_words(struct fprobe *fp)
{
	if (fp->fexit)
		ftrace_fexit_set(fp->fexit, !(fp->flags & FPROBE_FL_DISABLED),
				 !(fp->flags & FPROBE_FL_NO_EXIT));
}

void disable_fprobe(struct fprobe *fp)
{
	fp->flags |= FPROBE_FL_DISABLED | FPROBE_FL_NO_EXIT;
	set_words(fp);
}

void disable_fprobe_entries(struct fprobe *fp)
{
	fp->flags |= FPROBE_FL_DISABLED;
	set_words(fp);
}

void enable_fprobe(struct fprobe *fp)
{
	fp->flags &= ~(FPROBE_FL_DISABLED | FPROBE_FL_NO_EXIT);
	set_words(fp);
}

bool fprobe_is_fast(const struct fprobe *fp)
{
	return fp->fexit && !ftrace_fexit_moved(fp->fexit);
}

/* ---- registration ---- */

static int fprobe_init(struct fprobe *fp)
{
	if (!fp)
		return -EINVAL;
	if (fp->registered)
		return -EEXIST;
	if (fp->entry_data_size > FPROBE_DATA_MAX + fp->own_data)
		return -E2BIG;
	fp->words = 0;
	if (fp->exit_handler)
		fp->words = (unsigned int)(CALL_WORDS +
					   DIV_ROUND_UP(fp->entry_data_size,
							sizeof(u64)));
	fp->nmissed = 0;
	memset(&fp->gops, 0, sizeof(fp->gops));
	fp->entry_call = fp->entry_handler ?: accept;
	fp->exit_call = fp->exit_handler ?: ignore;
	fp->fexit = NULL;
	fp->ops.func = fprobe_call;
	fp->gops.ops = &fp->ops;
	fp->gops.owner = fp;
	fp->gops.retfunc = fprobe_return;
	fp->gops.lostfunc = fprobe_lost;
	fp->gops.words = fp->words;
	return 0;
}

/*
 * The fast path: a target at each function, which calls the handlers itself
 * (trace/core/ftrace_fexit.h). The place of a user is taken nevertheless, so
 * that the fprobe can always step aside to the graph.
 */
static int attach_fast(struct fprobe *fp, const unsigned long *ips, size_t n)
{
	const struct ftrace_fexit_use use = {
		.owner = fp,
		.nobody = &nobody,
		.instead = &fp->ops,
		.lost = lost,
		.arch = { .entry_func = offsetof(struct fprobe, entry_call),
			  .exit_func = offsetof(struct fprobe, exit_call),
			  .words = DIV_ROUND_UP(fp->entry_data_size,
						sizeof(u64)),
			  .busy = &fprobe_busy,
			  .missed = missed,
			  .hooked = (unsigned long)return_to_handler,
			  .resolve = resolve },
	};
	const struct ftrace_fexit_spec spec = { .use = &use };
	struct ftrace_fexit *fexit;
	int err = fgraph_join(&fp->gops);

	if (err)
		return err;
	fexit = ftrace_fexit_attach(&spec, ips, n);
	if (IS_ERR(fexit)) {
		fgraph_leave(&fp->gops);
		return (int)PTR_ERR(fexit);
	}
	fp->fexit = fexit;
	set_words(fp);
	return 0;
}

/* Copies the sites of the filter. Return: their number; 0: not so many. */
static size_t sites_of(const struct fprobe *fp, unsigned long ips[FAST_MAX])
{
	struct ftrace_hash *hash = fp->ops.filter_hash;
	size_t i,
		n = hash && !fp->ops.notrace_hash ? ftrace_hash_count(hash) : 0;

	if (n > FAST_MAX)
		return 0;
	for (i = 0; i < n; i++)
		ips[i] = ftrace_rec_ip(ftrace_hash_rec(hash, i));
	return n;
}

static bool suits_fast(const struct fprobe *fp, const unsigned long *ips,
		       size_t n)
{
	size_t i;

	if (!READ_ONCE(fprobe_may_be_fast) || !fp->exit_handler ||
	    fp->entry_data_size > FAST_DATA_MAX ||
	    fp->flags & FPROBE_FL_KPROBE_SHARED ||
	    fp->ops.flags & FTRACE_OPS_FL_SAVE_REGS)
		return false;
	for (i = 0; i < n; i++)
		if (!arch_ftrace_in_registers(ips[i]))
			return false;
	return n;
}

/* Whatever prevents the fast path, the graph serves: only its errors count. */
static int register_either(struct fprobe *fp)
{
	unsigned long ips[FAST_MAX];
	size_t n = sites_of(fp, ips);

	if (suits_fast(fp, ips, n) && !attach_fast(fp, ips, n))
		return 0;
	return register_ftrace_graph(&fp->gops);
}

static int fprobe_finish(struct fprobe *fp, int err)
{
	if (!err)
		err = register_either(fp);
	fp->registered = !err;
	if (err)
		(void)ftrace_free_filter(&fp->ops);
	return err;
}

int register_fprobe(struct fprobe *fp, const char *filter,
		    const char *notfilter)
{
	int err = filter && *filter ? fprobe_init(fp) : -EINVAL;

	if (err)
		return err;
	err = ftrace_set_filter(&fp->ops, filter, strlen(filter), 1);
	if (!err && notfilter)
		err = ftrace_set_notrace(&fp->ops, notfilter, strlen(notfilter),
					 1);
	return fprobe_finish(fp, err);
}

int register_fprobe_ips(struct fprobe *fp, unsigned long *addrs, int num)
{
	int err = num > 0 && addrs ? fprobe_init(fp) : -EINVAL;

	if (err)
		return err;
	return fprobe_finish(fp,
			     ftrace_set_filter_ips(&fp->ops, addrs,
						   (unsigned int)num, 0, 1));
}

int register_fprobe_syms(struct fprobe *fp, const char **syms, int num)
{
	int err = num > 0 && syms ? fprobe_init(fp) : -EINVAL, i;
	unsigned long addr;

	if (err)
		return err;
	for (i = 0; !err && i < num; i++) {
		addr = kallsyms_lookup_name(syms[i]);
		if (!addr || !ftrace_location(addr))
			return fprobe_finish(fp, -ENOENT);
		err = ftrace_set_filter_ip(&fp->ops, addr, 0, i == 0);
	}
	return fprobe_finish(fp, err);
}

static int detach_fast(struct fprobe *fp)
{
	bool moved = ftrace_fexit_moved(fp->fexit);
	int err;

	if (moved) {
		err = unregister_ftrace_graph(&fp->gops);
		if (err)
			return err;
	}
	err = ftrace_fexit_detach(fp->fexit);
	if (err)
		return err;
	fp->fexit = NULL;
	if (moved)
		return 0;
	if (fp->ops.flags & FTRACE_OPS_FL_ENABLED) /* by now it has moved */
		return unregister_ftrace_graph(&fp->gops);
	fgraph_leave(&fp->gops);
	return 0;
}

int unregister_fprobe(struct fprobe *fp)
{
	int err;

	if (!fprobe_is_registered(fp))
		return -EINVAL;
	err = fp->fexit ? detach_fast(fp) : unregister_ftrace_graph(&fp->gops);
	if (err)
		return err;
	fp->registered = false;
	(void)ftrace_free_filter(&fp->ops);
	return 0;
}
