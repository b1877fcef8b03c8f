// SPDX-License-Identifier: MIT
/*
 * kretprobe.c - probes of returns, as fprobes.
 *
 * Owns the list of registered ones, and their counts of calls under way. The
 * instance of a call lies in the fprobe's entry data, so nothing is allocated;
 * maxactive only bounds how many there are.
 *
 * Context and locks: handlers in probes; registration in tasks, with
 * kprobe_mutex for the list, and while one is unregistered.
 */
#include "kernel/lib/errno.h"
#include "trace/probes/kprobe_internal.h"
#include "trace/probes/kretprobe.h"
#include <asm/atomic.h>
#include <asm/ftrace_frame.h>
#include <asm/smp.h>

LIST_HEAD(kretprobes);

static struct kretprobe *of_fprobe(struct fprobe *fp)
{
	return container_of(fp, struct kretprobe, fprobe);
}

/* Between these two rp is the probe whose handler runs (K4). */
static __always_inline bool begin(struct kretprobe *rp)
{
	u32 context = this_cpu_read(trace_context);

	if (unlikely(!kprobe_enter(context)))
		return false;
	this_cpu_write(kprobe_contexts.probe[context], &rp->kp);
	return true;
}

/* Not inside a handler of this context, nor above maxactive. */
static __always_inline bool may_handle(struct kretprobe *rp)
{
	if (unlikely(this_cpu_read(kprobe_busy) & this_cpu_read(trace_context)))
		return false;
	if (fetch_add(&rp->active, 1) < rp->maxactive)
		return true;
	fetch_add(&rp->active, -1);
	return false;
}

static noinline int call_entry_handler(struct kretprobe_instance *ri,
				       struct ftrace_regs *fregs)
{
	struct kretprobe *rp = ri->rp;
	struct pt_regs *regs = ftrace_get_regs(fregs);
	int declined;

	(void)begin(rp); /* may_handle() has looked */
	declined = rp->entry_handler(ri, regs);
	kprobe_leave();
	regs->orig_ax = 0; /* others read that the frame is full */
	if (declined)
		fetch_add(&rp->active, -1);
	return declined;
}

/* At entry: may this call have an instance, and is it wanted? */
static int call_entered(struct fprobe *fp, unsigned long entry_ip,
			unsigned long ret_ip, struct ftrace_regs *fregs,
			void *data)
{
	struct kretprobe *rp = of_fprobe(fp);
	struct kretprobe_instance *ri = data;

	(void)entry_ip;
	if (!may_handle(rp)) {
		fetch_add(&rp->nmissed, 1);
		return 1;
	}
	ri->rp = rp;
	ri->ret_addr = ret_ip;
	return unlikely(rp->entry_handler) ? call_entry_handler(ri, fregs) : 0;
}

/*
 * What is not set is 0. Not by an initializer: the compiler clears the whole
 * structure with REP STOS then, word by word.
 */
static __always_inline void make_regs(struct pt_regs *regs,
				      const struct ftrace_regs *fregs,
				      unsigned long ip)
{
	regs->r15 = regs->r14 = regs->r13 = regs->r12 = 0;
	regs->bp = regs->bx = regs->r11 = regs->r10 = 0;
	ftrace_partial_regs(fregs, regs);
	regs->orig_ax = 0;
	regs->ip = ip;
	regs->cs = regs->flags = regs->sp = regs->ss = 0;
}

static void call_returned(struct fprobe *fp, unsigned long entry_ip,
			  unsigned long ret_ip, struct ftrace_regs *fregs,
			  void *data)
{
	struct kretprobe *rp = of_fprobe(fp);
	kretprobe_handler_t handler = READ_ONCE(rp->handler);
	struct pt_regs regs;

	(void)entry_ip;
	fetch_add(&rp->active, -1);
	if (unlikely(!handler || !begin(rp)))
		return;
	make_regs(&regs, fregs, ret_ip);
	handler(data, &regs);
	fregs->ax = regs.ax;
	kprobe_leave();
}

/* Its task has ended, or left it by another way. */
static void call_lost(struct fprobe *fp)
{
	fetch_add(&of_fprobe(fp)->active, -1);
}

/* ---- registration ---- */

static bool rests(const struct kretprobe *rp)
{
	return rp->kp.flags & KPROBE_FLAG_DISABLED || !READ_ONCE(kprobes_on);
}

/* [K] The exit handler counts the calls under way, so it stays on. */
static void set_entries(struct kretprobe *rp)
{
	if (rests(rp))
		disable_fprobe_entries(&rp->fprobe);
	else
		enable_fprobe(&rp->fprobe);
}

static int prepare(struct kretprobe *rp, unsigned long *addr)
{
	int err = kprobe_address(&rp->kp, addr);

	if (err)
		return err;
	if (fprobe_is_registered(&rp->fprobe) || !ftrace_rec_find(*addr))
		return -EINVAL;
	if (rp->data_size > KRETPROBE_DATA_MAX)
		return -E2BIG;
	if (rp->maxactive <= 0)
		rp->maxactive = max(10, 2 * (int)num_online_cpus());
	rp->active = rp->nmissed = 0;
	rp->fprobe = (struct fprobe){
		.entry_handler = call_entered,
		.exit_handler = call_returned,
		.lost_handler = call_lost,
		.entry_data_size =
			sizeof(struct kretprobe_instance) + rp->data_size,
		.own_data = sizeof(struct kretprobe_instance),
		.flags = rests(rp) ? FPROBE_FL_DISABLED : 0,
		/* Only the entry handler gets them. */
		.ops.flags = rp->entry_handler ? FTRACE_OPS_FL_SAVE_REGS : 0,
	};
	return 0;
}

/* [K] Its line in kprobes/list while no call is hooked. */
static void show_resting(struct kretprobe *rp)
{
	rp->kp.flags = KPROBE_FLAG_DISABLED | KPROBE_FLAG_FTRACE |
		       KPROBE_FLAG_ON_FUNC_ENTRY;
}

void kretprobe_announce(struct kretprobe *rp)
{
	mutex_lock(&kprobe_mutex);
	rp->announced = true;
	show_resting(rp);
	list_add_tail(&rp->link, &kretprobes);
	mutex_unlock(&kprobe_mutex);
}

void kretprobe_withdraw(struct kretprobe *rp)
{
	mutex_lock(&kprobe_mutex);
	if (rp->announced && !fprobe_is_registered(&rp->fprobe))
		list_del(&rp->link);
	rp->announced = false;
	mutex_unlock(&kprobe_mutex);
}

/* [K] */
static void show_registered(struct kretprobe *rp, unsigned long addr)
{
	rp->kp.addr = (kprobe_opcode_t *)addr;
	rp->kp.flags &= KPROBE_FLAG_DISABLED;
	rp->kp.flags |= KPROBE_FLAG_FTRACE | KPROBE_FLAG_ON_FUNC_ENTRY;
	if (!rp->announced)
		list_add_tail(&rp->link, &kretprobes);
	set_entries(rp); /* kprobes_set_all() may have come */
}

int register_kretprobe(struct kretprobe *rp)
{
	unsigned long addr;
	int err = prepare(rp, &addr);

	if (!err)
		err = register_fprobe_ips(&rp->fprobe, &addr, 1);
	mutex_lock(&kprobe_mutex);
	if (!err)
		show_registered(rp, addr);
	else if (rp->announced && !fprobe_is_registered(&rp->fprobe))
		show_resting(rp);
	mutex_unlock(&kprobe_mutex);
	return err;
}

int register_kretprobes(struct kretprobe **rps, int num)
{
	int i, err = num > 0 ? 0 : -EINVAL;

	for (i = 0; i < num && !err; i++)
		err = register_kretprobe(rps[i]);
	if (err && i > 1)
		unregister_kretprobes(rps, i - 1);
	return err;
}

void unregister_kretprobe(struct kretprobe *rp)
{
	int err;

	if (!kprobe_may_request())
		return;
	mutex_lock(&kprobe_mutex); /* kprobes_set_all() must not arm it again */
	err = unregister_fprobe(&rp->fprobe);
	if (!err && rp->announced)
		show_resting(rp);
	else if (!err)
		list_del(&rp->link);
	mutex_unlock(&kprobe_mutex);
	if (err)
		return;
	/* What no handler saw: no room in the shadow stack, or nested. */
	fetch_add(&rp->nmissed, (int)rp->fprobe.nmissed);
	if (rp->kp.symbol_name)
		rp->kp.addr = NULL;
	else
		rp->kp.addr -= rp->kp.offset;
}

void unregister_kretprobes(struct kretprobe **rps, int num)
{
	int i;

	for (i = 0; i < num; i++)
		unregister_kretprobe(rps[i]);
}

static int set_disabled(struct kretprobe *rp, bool disabled)
{
	int err = -EINVAL;

	if (!kprobe_may_request())
		return -EDEADLK;
	mutex_lock(&kprobe_mutex);
	if (fprobe_is_registered(&rp->fprobe)) {
		rp->kp.flags &= ~KPROBE_FLAG_DISABLED;
		rp->kp.flags |= disabled ? KPROBE_FLAG_DISABLED : 0;
		set_entries(rp);
		err = 0;
	}
	mutex_unlock(&kprobe_mutex);
	return err;
}

int disable_kretprobe(struct kretprobe *rp)
{
	return set_disabled(rp, true);
}

int enable_kretprobe(struct kretprobe *rp)
{
	return set_disabled(rp, false);
}

void kretprobes_set_all(void)
{
	struct kretprobe *rp;
	struct list_head *at;

	for (at = kretprobes.next; at != &kretprobes; at = at->next) {
		rp = list_entry(at, struct kretprobe, link);
		if (fprobe_is_registered(&rp->fprobe))
			set_entries(rp);
	}
}
