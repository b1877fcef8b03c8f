// SPDX-License-Identifier: MIT
/*
 * kprobe_hit.c - what runs when a probed instruction is reached.
 *
 * Owns the hash table of places and the per-CPU words that say in which
 * contexts a handler runs. K4 stands in kprobe_internal.h.
 *
 * I5 Nothing here is traceable or can be probed, except what the handlers
 *    call.
 *
 * Context and locks: hits run in any context and take no lock; the table is
 * changed under kprobe_mutex.
 */
#include "trace/probes/kprobe_internal.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/ftrace_frame.h>
#include <asm/pt_regs.h>

#define TABLE_BITS 12

static struct kprobe_key *table[1U << TABLE_BITS];

DEFINE_PER_CPU(u32, kprobe_busy);
DEFINE_PER_CPU(struct kprobe_contexts, kprobe_contexts);
struct kprobe_site *kprobe_site_table[1U << KPROBE_SITE_BITS];

static_assert(offsetof(struct kprobe, pre_handler) == KPROBE_PRE_HANDLER,
	      "for kprobe_entry.asm");

static __always_inline struct kprobe_key **bucket(unsigned long addr)
{
	return &table[(u32)addr * 0x9e3779b1U >> (32 - TABLE_BITS)];
}

static void publish_key(struct kprobe_key *key)
{
	struct kprobe_key **head = bucket(key->addr);

	key->next = *head;
	smp_store_release(head, key);
}

static void unpublish_key(struct kprobe_key *key)
{
	struct kprobe_key **at = bucket(key->addr);

	while (*at != key)
		at = &(*at)->next;
	WRITE_ONCE(*at, key->next); /* a reader of key goes on from it */
}

static void publish_site(struct kprobe_site *site)
{
	struct kprobe_site **head =
		&kprobe_site_table[kprobe_site_bucket(site->ret)];

	site->next = *head;
	smp_store_release(head, site);
}

static void unpublish_site(struct kprobe_site *site)
{
	struct kprobe_site **at =
		&kprobe_site_table[kprobe_site_bucket(site->ret)];

	while (*at != site)
		at = &(*at)->next;
	WRITE_ONCE(*at, site->next);
}

void kprobe_publish(struct kprobe_place *place)
{
	publish_key(&place->key);
	if (place->on_site)
		publish_site(&place->site);
	else if (place->second.addr)
		publish_key(&place->second);
}

void kprobe_unpublish(struct kprobe_place *place)
{
	unpublish_key(&place->key);
	if (place->on_site)
		unpublish_site(&place->site);
	else if (place->second.addr)
		unpublish_key(&place->second);
}

static __always_inline const struct kprobe_key *find(unsigned long addr)
{
	const struct kprobe_key *key = smp_load_acquire(bucket(addr));

	while (likely(key) && unlikely(key->addr != addr))
		key = smp_load_acquire(&key->next);
	return key;
}

struct kprobe_point *kprobe_find(unsigned long addr)
{
	const struct kprobe_key *key = find(addr);

	return key ? key->point : NULL;
}

static noinline enum kprobe_next miss(const struct kprobe_list *list)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		fetch_add(&list->probe[i]->nmissed, 1);
	return KPROBE_GO_ON;
}

/* Return: the pre handler has set regs->ip. */
static __always_inline bool call_one(struct kprobe *p, u32 context,
				     struct pt_regs *regs)
{
	this_cpu_write(kprobe_contexts.probe[context], p);
	return likely(p->pre_handler) && p->pre_handler(p, regs);
}

static noinline enum kprobe_next call_many(const struct kprobe_list *list,
					   u32 context, struct pt_regs *regs)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		if (call_one(list->probe[i], context, regs))
			return KPROBE_REDIRECTED;
	return list->post ? KPROBE_POST : KPROBE_GO_ON;
}

/* Calls the pre handlers of a point (K4). */
static __always_inline enum kprobe_next pre(struct kprobe_point *point,
					    struct pt_regs *regs)
{
	const struct kprobe_list *list = smp_load_acquire(&point->list);
	u32 context = this_cpu_read(trace_context);
	enum kprobe_next next = KPROBE_GO_ON;

	if (unlikely(!list)) /* it is being removed */
		return KPROBE_GO_ON;
	if (unlikely(!kprobe_enter(context)))
		return miss(list);
	if (unlikely(list->n > 1))
		next = call_many(list, context, regs);
	else if (unlikely(call_one(list->probe[0], context, regs)))
		next = KPROBE_REDIRECTED;
	else if (unlikely(list->post))
		next = KPROBE_POST;
	kprobe_leave();
	return next;
}

__no_fp void kprobe_post(struct kprobe_point *point, struct pt_regs *regs)
{
	const struct kprobe_list *list = smp_load_acquire(&point->list);
	u32 context = this_cpu_read(trace_context);
	unsigned int i;

	if (!list || !kprobe_enter(context))
		return;
	for (i = 0; i < list->n; i++) {
		struct kprobe *p = list->probe[i];

		this_cpu_write(kprobe_contexts.probe[context], p);
		if (p->post_handler)
			p->post_handler(p, regs, 0);
	}
	kprobe_leave();
}

/* The INT3 behind a copy in a slot. */
static noinline enum kprobe_next second_trap(struct kprobe_point *point,
					     struct pt_regs *regs)
{
	WRITE_ONCE(regs->orig_ax, 0); /* INT3_TRAPPED: not any more */
	WRITE_ONCE(regs->ip, point->addr + point->arch.len);
	kprobe_post(point, regs);
	return KPROBE_REDIRECTED;
}

__no_fp enum kprobe_next kprobe_trap(struct pt_regs *regs,
				     struct kprobe_point **found)
{
	unsigned long ip = regs->ip - 1;
	const struct kprobe_key *key = find(ip);

	if (!key || !key->point->arch.len)
		return KPROBE_FOREIGN; /* a site's INT3 is the patch engine's */
	*found = key->point;
	if (unlikely(ip != key->point->addr))
		return second_trap(key->point, regs);
	return pre(key->point, regs);
}

/* Calls the handlers as an INT3 at the site would. regs->ip is behind it. */
static __always_inline void site_hit(unsigned long ip, struct pt_regs *regs)
{
	const struct kprobe_key *key = find(ip);
	unsigned long resume = regs->ip;
	enum kprobe_next next;

	if (unlikely(!key))
		return;
	regs->ip = ip + 1;
	next = pre(key->point, regs);
	if (unlikely(next == KPROBE_POST)) {
		regs->ip = ip + MCOUNT_INSN_SIZE;
		kprobe_post(key->point, regs);
	}
	if (likely(next != KPROBE_REDIRECTED))
		regs->ip = resume;
}

__no_fp void kprobe_site_general(struct pt_regs *regs)
{
	site_hit(regs->ip - MCOUNT_INSN_SIZE, regs);
}

/* The callback at a site with other subscribers. */
__no_fp void kprobe_site_hit(unsigned long ip, unsigned long parent_ip,
			     struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	struct pt_regs *regs = &ftrace_full_frame(fregs)->regs;

	preempt_disable_notrace();
	site_hit(ip, regs);
	regs->orig_ax = 0; /* others read that the frame is full */
	preempt_enable_notrace();
}

struct kprobe *kprobe_running(void)
{
	u32 context = this_cpu_read(trace_context);

	if (!(this_cpu_read(kprobe_busy) & context))
		return NULL;
	return this_cpu_read(kprobe_contexts.probe[context]);
}
