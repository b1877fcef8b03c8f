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
#include "kernel/base/panic.h"
#include "trace/probes/kprobe_internal.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/pt_regs.h>

#define TABLE_BITS 12

static struct kprobe_key *table[1U << TABLE_BITS];

static DEFINE_PER_CPU(u32, kprobe_busy); /* CTX_ bits: a handler runs there */
static DEFINE_PER_CPU(struct kprobe *, current_kprobe);

static __always_inline struct kprobe_key **bucket(unsigned long addr)
{
	return &table[(addr * 0x9e3779b1U >> 20) & ((1U << TABLE_BITS) - 1)];
}

void kprobe_publish_key(struct kprobe_key *key)
{
	struct kprobe_key **head = bucket(key->addr);

	key->next = *head;
	smp_store_release(head, key);
}

void kprobe_unpublish_key(struct kprobe_key *key)
{
	struct kprobe_key **at = bucket(key->addr);

	while (*at != key)
		at = &(*at)->next;
	WRITE_ONCE(*at, key->next); /* a reader of key goes on from it */
}

struct kprobe_point *kprobe_find(unsigned long addr)
{
	const struct kprobe_key *key = smp_load_acquire(bucket(addr));

	while (key && key->addr != addr)
		key = smp_load_acquire(&key->next);
	return key ? key->point : NULL;
}

static noinline void count_missed(const struct kprobe_list *list)
{
	unsigned int i;

	for (i = 0; i < list->n; i++)
		fetch_add(&list->probe[i]->nmissed, 1);
}

/* Return: a pre handler has set regs->ip. */
static __always_inline bool call_pre(const struct kprobe_list *list,
				     struct pt_regs *regs)
{
	unsigned int i;

	for (i = 0; i < list->n; i++) {
		struct kprobe *p = list->probe[i];

		this_cpu_write(current_kprobe, p);
		if (p->pre_handler && p->pre_handler(p, regs))
			return true;
	}
	return false;
}

enum kprobe_next kprobe_pre(struct kprobe_point *point, struct pt_regs *regs)
{
	const struct kprobe_list *list = smp_load_acquire(&point->list);
	struct kprobe *outer = this_cpu_read(current_kprobe);
	u32 busy = this_cpu_read(kprobe_busy);
	u32 context = this_cpu_read(trace_context);
	bool redirected;

	if (unlikely(!list)) /* it is being removed */
		return KPROBE_GO_ON;
	if (unlikely(busy & context)) { /* K4 */
		count_missed(list);
		return KPROBE_GO_ON;
	}
	this_cpu_write(kprobe_busy, busy | context);
	barrier();
	redirected = call_pre(list, regs);
	barrier();
	this_cpu_write(current_kprobe, outer);
	this_cpu_write(kprobe_busy, busy);
	if (redirected)
		return KPROBE_REDIRECTED;
	return list->post ? KPROBE_POST : KPROBE_GO_ON;
}

void kprobe_post(struct kprobe_point *point, struct pt_regs *regs)
{
	const struct kprobe_list *list = smp_load_acquire(&point->list);
	struct kprobe *outer = this_cpu_read(current_kprobe);
	u32 busy = this_cpu_read(kprobe_busy);
	u32 context = this_cpu_read(trace_context);
	unsigned int i;

	if (!list || busy & context)
		return;
	this_cpu_write(kprobe_busy, busy | context);
	barrier();
	for (i = 0; i < list->n; i++) {
		struct kprobe *p = list->probe[i];

		this_cpu_write(current_kprobe, p);
		if (p->post_handler)
			p->post_handler(p, regs, 0);
	}
	barrier();
	this_cpu_write(current_kprobe, outer);
	this_cpu_write(kprobe_busy, busy);
}

struct kprobe *kprobe_running(void)
{
	return this_cpu_read(current_kprobe);
}
