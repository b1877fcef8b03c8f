// SPDX-License-Identifier: MIT
/*
 * probe_event_hit.c - arm the probes of an event, and write its records.
 *
 * Owns the scratch buffers, one for each CPU and context, in which a record of
 * variable size is put together. PE4 stands in probe_event.h.
 *
 * A file that is enabled is linked by its ->next_probed into the event's list.
 * It is freed after a wait for probes (EF1), so a probe may follow the link.
 *
 * Context: hits in probes, preemption off; the rest in tasks, under trace_lock.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/core/ftrace.h"
#include "trace/event/event_write.h"
#include "trace/event/tracepoint.h"
#include "trace/probes/probe_event_internal.h"
#include "trace/probes/probe_fetch.h"
#include "trace/trace_internal.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/ftrace_frame.h>
#include <asm/smp.h>

/* ---- records ------------------------------------------------------------- */

#define SCRATCH	 ALIGN_DOWN(RB_PAYLOAD_MAX, 8)
#define CONTEXTS 4 /* CTX_NMI to CTX_TASK */

static char *scratch_base; /* [D] while no probe is armed */

int probe_scratch_make(void)
{
	size_t cpus = 64 - (size_t)__builtin_clzll(cpu_online_mask);

	if (!scratch_base)
		scratch_base = kmalloc(cpus * CONTEXTS * SCRATCH);
	return scratch_base ? 0 : -ENOMEM;
}

void probe_scratch_free(void)
{
	kfree(scratch_base);
	scratch_base = NULL;
}

/* In one context of a CPU there is one probe at a time. */
static __always_inline void *scratch(void)
{
	u32 context = __builtin_ctz(this_cpu_read(trace_context));

	return scratch_base +
	       (smp_processor_id() * CONTEXTS + context) * SCRATCH;
}

static __always_inline void fill_head(void *record, unsigned long ip,
				      unsigned long ret_ip, bool ret)
{
	struct probe_head *head = record;

	head->ip = ip;
	if (ret)
		head->ret_ip = ret_ip;
}

/* A record of variable size, or for a file with something rare. */
static noinline void write_slow(struct probe *p, struct trace_event_file *file,
				const struct pt_regs *regs, unsigned long ip,
				unsigned long ret_ip)
{
	void *record = scratch(), *entry;
	u32 len;

	fill_head(record, ip, ret_ip, probe_args_offset(p->def->kind) > 16);
	len = probe_fetch_all(p->def, regs, record, SCRATCH);
	entry = event_begin(file, len, record);
	if (!entry)
		return;
	if (entry != record)
		memcpy((struct trace_entry *)entry + 1,
		       (struct trace_entry *)record + 1,
		       len - sizeof(struct trace_entry));
	event_commit(file, entry, len, record);
}

static __always_inline void write_one(struct probe *p,
				      struct trace_event_file *file,
				      const struct pt_regs *regs,
				      unsigned long ip, unsigned long ret_ip,
				      bool ret)
{
	u32 flags = READ_ONCE(file->flags), len = p->def->size;
	struct event_write w;

	if (unlikely(flags & EVENT_FILE_SLOW || p->of->texts) ||
	    !event_begin_fast(&w, file, len)) {
		write_slow(p, file, regs, ip, ret_ip);
		return;
	}
	fill_head(w.entry, ip, ret_ip, ret);
	probe_fetch_all(p->def, regs, w.entry, len);
	event_commit_fast(&w);
}

/* Into each trace that has the event enabled. */
static __always_inline void hit(struct probe *p, const struct pt_regs *regs,
				unsigned long ip, unsigned long ret_ip,
				bool ret)
{
	struct trace_event_file *file = smp_load_acquire(&p->of->files);

	fetch_add(&p->hits, 1);
	for (; file; file = smp_load_acquire(&file->next_probed))
		write_one(p, file, regs, ip, ret_ip, ret);
}

/* ---- the five kinds ------------------------------------------------------ */

/*
 * A record says how deep preemption was off in the probed code. At a site
 * preemption is off by one level here; at an INT3 interrupts are off instead.
 */
static int probe_entry_hit(struct kprobe *kp, struct pt_regs *regs)
{
	struct probe *p = container_of(kp, struct probe, kp);
	bool site = kp->flags & KPROBE_FLAG_FTRACE;

	if (!site)
		preempt_disable_notrace();
	hit(p, regs, (unsigned long)kp->addr, 0, false);
	if (!site)
		preempt_enable_no_resched();
	return 0;
}

/* Where the stack was, for the handler of the return. */
static int probe_return_entered(struct kretprobe_instance *ri,
				struct pt_regs *regs)
{
	*(unsigned long *)ri->data = regs->sp;
	return 0;
}

static int probe_return_hit(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct kretprobe *rp = get_kretprobe(ri);
	struct probe *p = container_of(rp, struct probe, rp);

	if (rp->entry_handler) /* behind the return address */
		regs->sp = *(unsigned long *)ri->data + sizeof(long);
	hit(p, regs, (unsigned long)rp->kp.addr, get_kretprobe_retaddr(ri),
	    true);
	return 0;
}

/* Of an fprobe, a definition may ask for no more than what a site keeps. */
static int probe_fentry_hit(struct fprobe *fp, unsigned long ip,
			    unsigned long ret_ip, struct ftrace_regs *fregs,
			    void *data)
{
	struct probe *p = container_of(fp, struct probe, fp);
	struct pt_regs regs;

	ftrace_partial_regs(fregs, &regs);
	regs.sp = (unsigned long)ftrace_return_slot(fregs);
	hit(p, &regs, ip, 0, false);
	return 0;
}

static int probe_fexit_entered(struct fprobe *fp, unsigned long ip,
			       unsigned long ret_ip, struct ftrace_regs *fregs,
			       void *data)
{
	*(unsigned long *)data = (unsigned long)ftrace_return_slot(fregs);
	return 0;
}

static void probe_fexit_hit(struct fprobe *fp, unsigned long ip,
			    unsigned long ret_ip, struct ftrace_regs *fregs,
			    void *data)
{
	struct probe *p = container_of(fp, struct probe, fp);
	struct pt_regs regs;

	ftrace_partial_regs(fregs, &regs);
	regs.sp = data ? *(unsigned long *)data + sizeof(long) : 0;
	hit(p, &regs, ip, ret_ip, true);
}

/* The arguments of any tracepoint, by the calling convention. */
static void probe_point_hit(void *data, unsigned long a1, unsigned long a2,
			    unsigned long a3, unsigned long a4,
			    unsigned long a5, unsigned long a6)
{
	struct probe *p = data;
	struct pt_regs regs;

	regs.di = a1;
	regs.si = a2;
	regs.dx = a3;
	regs.cx = a4;
	regs.r8 = a5;
	regs.r9 = a6;
	regs.sp = (unsigned long)__builtin_frame_address(0);
	hit(p, &regs, (unsigned long)p->tp, 0, false);
}

unsigned long probe_point_function(const char *tracepoint)
{
	const struct trace_event *event;
	u32 slot = 0;

	while ((event = trace_event_next(&slot)))
		if (event->tp && !strcmp(event->tp->name, tracepoint))
			return (unsigned long)event->probe;
	return 0;
}

/* ---- arm and disarm ------------------------------------------------------ */

static void set_return(struct probe *p)
{
	p->rp.kp.addr = (kprobe_opcode_t *)p->def->address;
	p->hook = &p->rp.fprobe;
	p->rp.maxactive = (int)p->def->maxactive;
	if (probe_uses_stack(p->def)) {
		p->rp.entry_handler = probe_return_entered;
		p->rp.data_size = sizeof(long);
	}
}

static void set_fprobe(struct probe *p)
{
	p->hook = &p->fp;
	if (p->def->kind == PROBE_FENTRY) {
		p->fp.entry_handler = probe_fentry_hit;
		return;
	}
	p->fp.exit_handler = probe_fexit_hit;
	if (probe_uses_stack(p->def)) {
		p->fp.entry_handler = probe_fexit_entered;
		p->fp.entry_data_size = sizeof(long);
	}
}

/* A return is hooked at the function's site. */
static int check_site(const struct probe *p)
{
	struct dyn_ftrace *rec = ftrace_rec_find(p->def->address);

	return rec && !ftrace_rec_disabled(rec) ? 0 : -EINVAL;
}

static int prepare_return(struct probe *p)
{
	int err = check_site(p);

	if (err)
		return err;
	set_return(p);
	kretprobe_announce(&p->rp);
	return 0;
}

int probe_prepare(struct probe *p)
{
	switch (p->def->kind) {
	case PROBE_ENTRY:
		p->kp.addr = (kprobe_opcode_t *)p->def->address;
		p->kp.pre_handler = probe_entry_hit;
		p->kp.flags = KPROBE_FLAG_DISABLED;
		return register_kprobe(&p->kp);
	case PROBE_RETURN:
		return prepare_return(p);
	case PROBE_POINT:
		p->tp = tracepoint_find(p->def->symbol);
		return p->tp ? 0 : -ENOENT;
	default:
		set_fprobe(p);
		return check_site(p);
	}
}

void probe_release(struct probe *p)
{
	if (p->def->kind == PROBE_ENTRY)
		unregister_kprobe(&p->kp);
}

/* The hook has stayed at the site (PE7). */
static int wake_hook(struct probe *p)
{
	if (p->hook == &p->fp) {
		enable_fprobe(&p->fp);
		return 0;
	}
	WRITE_ONCE(p->rp.handler, probe_return_hit);
	return enable_kretprobe(&p->rp);
}

int probe_arm(struct probe *p)
{
	if (fprobe_is_registered(p->hook))
		return wake_hook(p);
	switch (p->def->kind) {
	case PROBE_ENTRY:
		return enable_kprobe(&p->kp);
	case PROBE_RETURN:
		p->rp.handler = probe_return_hit;
		p->rp.kp.flags = 0;
		return register_kretprobe(&p->rp);
	case PROBE_POINT:
		return tracepoint_probe_register(p->tp, probe_point_hit, p);
	default:
		p->fp.flags = 0;
		return register_fprobe_ips(&p->fp, &p->def->address, 1);
	}
}

/* Counts of a registration that has ended. */
static void add_missed(struct probe *p, unsigned long missed)
{
	WRITE_ONCE(p->missed, p->missed + missed);
}

static void disarm_return(struct probe *p)
{
	unregister_kretprobe(&p->rp);
	if (!fprobe_is_registered(p->hook)) {
		add_missed(p, (unsigned long)p->rp.nmissed);
		return;
	}
	/* Calls under way still count themselves out. */
	(void)disable_kretprobe(&p->rp); /* -EINVAL: not registered */
	WRITE_ONCE(p->rp.handler, NULL);
}

static void disarm_fprobe(struct probe *p)
{
	if (unregister_fprobe(&p->fp))
		disable_fprobe(&p->fp);
	else
		add_missed(p, p->fp.nmissed);
}

/* Not by ->def, which a probe that is stuck has no more. */
void probe_disarm(struct probe *p)
{
	if (p->hook == &p->fp)
		disarm_fprobe(p);
	else if (p->hook)
		disarm_return(p);
	else if (p->tp)
		(void)tracepoint_probe_unregister(p->tp, probe_point_hit, p);
	else
		(void)disable_kprobe(&p->kp); /* it only removes */
}

bool probe_is_stuck(const struct probe *p)
{
	return fprobe_is_registered(p->hook);
}

unsigned long probe_missed(const struct probe *p)
{
	unsigned long missed = READ_ONCE(p->missed);

	if (p->def->kind == PROBE_ENTRY)
		return READ_ONCE(p->kp.nmissed);
	if (!fprobe_is_registered(p->hook))
		return missed;
	if (p->def->kind == PROBE_RETURN)
		missed += (unsigned long)READ_ONCE(p->rp.nmissed);
	return missed + READ_ONCE(p->hook->nmissed);
}

static void disarm_before(struct probe_event *pe, const struct list_head *end)
{
	struct list_head *at;

	for (at = pe->probes.next; at != end; at = at->next)
		probe_disarm(list_entry(at, struct probe, link));
}

static int arm_all(struct probe_event *pe)
{
	struct list_head *at;
	int err;

	for (at = pe->probes.next; at != &pe->probes; at = at->next) {
		err = probe_arm(list_entry(at, struct probe, link));
		if (!err)
			continue;
		disarm_before(pe, at);
		return err;
	}
	return 0;
}

int probe_event_reg(struct trace_event_file *file)
{
	struct probe_event *pe = probe_event_of(file->event);
	bool first = !pe->files;
	int err = pe->dying ? -ENODEV : 0;

	if (!err && first)
		err = arm_all(pe);
	if (err)
		return err;
	trace_event_file_set(file, EVENT_FILE_WAS_ENABLED, true);
	file->next_probed = pe->files;
	smp_store_release(&pe->files, file);
	return 0;
}

void probe_event_unreg(struct trace_event_file *file)
{
	struct probe_event *pe = probe_event_of(file->event);
	struct trace_event_file **at = &pe->files;

	while (*at != file)
		at = &(*at)->next_probed;
	WRITE_ONCE(*at, file->next_probed); /* a reader of file goes on */
	if (!pe->files)
		disarm_before(pe, &pe->probes); /* PE4 */
}
