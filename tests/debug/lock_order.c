// SPDX-License-Identifier: MIT
/*
 * lock_order.c - the lock-order check of nop5-debug.elf.
 *
 * Owns the order of lock classes as it is seen: "B is taken while A is held",
 * with the two places. A CPU has a list of the spinlocks that it holds, a task
 * one of its mutexes.
 *
 * LO1 The order of classes has no cycle: the first lock that would close one
 *    panics before it is waited for, and all places of the cycle are named.
 * LO2 A class that an interrupt handler waits for is never taken with
 *    interrupts on.
 *
 * A lock that is only tried waits for nobody, so trying adds no order; what is
 * taken while it is held does. Two locks of one class are a cycle, too: nothing
 * says which of them comes first, unless their ranks do.
 *
 * Context: any but NMI, in which nothing is looked at; interrupts are off
 * while a list or the order changes. Not traceable: traced code takes locks,
 * and the tracer does.
 */
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/unwind_hooks.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/irqflags.h>

#define MAX_CLASSES 256U
#define WORDS	    (MAX_CLASSES / 64)

/* Kernel addresses, of which the lower half tells all. */
struct edge {
	u32 held_since;
	u32 taken;
};

struct lock_class {
	const char *name;
	u64 after[WORDS];	 /* [A] classes taken while this one is held */
	unsigned long with_irqs; /* [A] where, or 0 */
	unsigned long in_irq;	 /* [A] where, or 0 */
};

/* Of these the first is nobody's: a tag says 0 when it has no class yet. */
static struct lock_class classes[MAX_CLASSES]; /* [O] but for what is [A] */
static u32 nr_classes = 1;		       /* [O] */
/* [O] of each bit in after[]; [O]: order_lock, interrupts off */
static struct edge edges[MAX_CLASSES][MAX_CLASSES];
static u32 order_lock;
static bool order_off; /* [A] a report is under way */

static DEFINE_PER_CPU(struct lock_held, spinlocks); /* [C] */

static void order_acquire(void)
{
	u32 free = 0;

	while (!try_cmpxchg(&order_lock, &free, 1)) {
		free = 0;
		cpu_relax();
	}
}

static void order_release(void)
{
	smp_store_release(&order_lock, 0);
}

static unsigned long address(u32 half)
{
	return (unsigned long)(long)(s32)half;
}

/* ---- classes ------------------------------------------------------------- */

/* Context: order_lock. Return: the class of that name, made if need be. */
static u32 find_class(const char *name)
{
	u32 nr;

	for (nr = 1; nr < nr_classes; nr++)
		if (!strcmp(classes[nr].name, name))
			return nr;
	if (nr_classes == MAX_CLASSES) {
		order_off = true;
		panic("lock order: more than %u classes", MAX_CLASSES - 1);
	}
	classes[nr].name = name;
	nr_classes++;
	return nr;
}

static u32 class_of(struct lock_tag *tag, unsigned long place)
{
	u32 class = READ_ONCE(tag->class);

	if (likely(class))
		return class;
	if (!tag->name) {
		WRITE_ONCE(order_off, true);
		panic("lock order: %pS takes a lock that is not initialised",
		      (void *)place);
	}
	order_acquire();
	class = find_class(tag->name);
	order_release();
	WRITE_ONCE(tag->class, class);
	return class;
}

/* ---- the order ----------------------------------------------------------- */

static bool follows(u32 first, u32 then)
{
	return READ_ONCE(classes[first].after[then / 64]) >> (then % 64) & 1;
}

/* All that is after the classes in *set joins it. Return: did it grow? */
static bool grow(u64 set[WORDS])
{
	bool grown = false;
	u32 nr, i;

	for (nr = 1; nr < nr_classes; nr++) {
		if (!(set[nr / 64] >> (nr % 64) & 1))
			continue;
		for (i = 0; i < WORDS; i++) {
			grown |= (classes[nr].after[i] & ~set[i]) != 0;
			set[i] |= classes[nr].after[i];
		}
	}
	return grown;
}

/* Is there a way from one to the other? Context: order_lock. */
static bool reaches(u32 from, u32 to)
{
	u64 set[WORDS] = { 0 };

	set[from / 64] = 1ull << (from % 64);
	while (grow(set))
		;
	return set[to / 64] >> (to % 64) & 1;
}

static void print_edge(u32 held, u32 taken, unsigned long since,
		       unsigned long place)
{
	pr_err("lock order: %pS takes \"%s\"", (void *)place,
	       classes[taken].name);
	pr_err("lock order:   and holds \"%s\" since %pS", classes[held].name,
	       (void *)since);
}

static void print_known_edge(u32 held, u32 taken)
{
	const struct edge *edge = &edges[held][taken];

	print_edge(held, taken, address(edge->held_since),
		   address(edge->taken));
}

/* The way that is known, an edge for each step. */
static void print_way(u32 from, u32 to)
{
	u32 next;

	while (from != to) {
		for (next = 1; next < nr_classes; next++)
			if (follows(from, next) && reaches(next, to))
				break;
		print_known_edge(from, next);
		from = next;
	}
}

/* LO1 */
static __noreturn void report_cycle(u32 held, u32 taken,
				    const struct lock_held_one *one,
				    unsigned long place)
{
	WRITE_ONCE(order_off, true);
	order_release();
	print_edge(held, taken, one->place, place);
	if (held == taken)
		panic("lock order: two locks of one class, \"%s\"",
		      classes[held].name);
	pr_err("lock order: the other way round, seen before:");
	print_way(taken, held);
	panic("lock order: \"%s\" is held where \"%s\" is taken, and the other "
	      "way round",
	      classes[held].name, classes[taken].name);
}

static void learn(const struct lock_held_one *one, u32 taken,
		  unsigned long place)
{
	u32 held = one->tag->class;

	if (likely(follows(held, taken)))
		return;
	order_acquire();
	if (reaches(taken, held))
		report_cycle(held, taken, one, place);
	edges[held][taken].held_since = (u32)one->place;
	edges[held][taken].taken = (u32)place;
	fetch_or(&classes[held].after[taken / 64], 1ull << (taken % 64));
	order_release();
}

/* Two that need not be looked at: the same lock panics by itself. */
static bool is_ordered(const struct lock_tag *held, const struct lock_tag *tag)
{
	return held == tag ||
	       (held->class == tag->class && held->rank < tag->rank);
}

static void learn_all(const struct lock_held *held, const struct lock_tag *tag,
		      unsigned long place)
{
	u32 i;

	for (i = 0; i < held->n; i++)
		if (!is_ordered(held->at[i].tag, tag))
			learn(&held->at[i], tag->class, place);
}

/* ---- interrupts ---------------------------------------------------------- */

/* LO2. Of a lock that is tried only the first half counts. */
static void note_context(struct lock_class *class, bool irqs_on, bool waits,
			 unsigned long place)
{
	if (irqs_on && !READ_ONCE(class->with_irqs))
		WRITE_ONCE(class->with_irqs, place);
	if (waits && in_irq() && !READ_ONCE(class->in_irq))
		WRITE_ONCE(class->in_irq, place);
	if (likely(!READ_ONCE(class->with_irqs) || !READ_ONCE(class->in_irq)))
		return;
	WRITE_ONCE(order_off, true);
	panic("lock order: \"%s\" is taken by an interrupt at %pS, and with "
	      "interrupts on at %pS",
	      class->name, (void *)class->in_irq, (void *)class->with_irqs);
}

/* ---- lists --------------------------------------------------------------- */

/* A lock that may be waited for asleep is a task's, any other a CPU's. */
static struct lock_held *list_of(const struct lock_tag *tag)
{
	return tag->sleeps ? &current->locks : this_cpu_ptr(&spinlocks);
}

static void push(struct lock_tag *tag, unsigned long place)
{
	struct lock_held *list = list_of(tag);

	if (list->n == LOCK_HELD_MAX) {
		WRITE_ONCE(order_off, true);
		panic("lock order: more than %u locks are held", LOCK_HELD_MAX);
	}
	list->at[list->n].tag = tag;
	list->at[list->n++].place = place;
}

static void take(struct lock_tag *tag, unsigned long *retp, bool waits)
{
	unsigned long flags, place;
	u32 class;

	if (in_nmi() || unlikely(READ_ONCE(order_off)))
		return;
	local_irq_save(flags);
	place = unwind_return_address(current, *retp, retp);
	class = class_of(tag, place);
	if (!tag->sleeps)
		note_context(&classes[class], !irqs_disabled_flags(flags),
			     waits, place);
	if (waits) {
		learn_all(this_cpu_ptr(&spinlocks), tag, place);
		if (in_task())
			learn_all(&current->locks, tag, place);
	}
	push(tag, place);
	local_irq_restore(flags);
}

void lock_order_take_at(struct lock_tag *tag, unsigned long *retp)
{
	take(tag, retp, true);
}

void lock_order_tried_at(struct lock_tag *tag, unsigned long *retp)
{
	take(tag, retp, false);
}

void lock_order_release(struct lock_tag *tag)
{
	struct lock_held *list;
	unsigned long flags;
	u32 i;

	if (in_nmi() || unlikely(READ_ONCE(order_off)))
		return;
	local_irq_save(flags);
	list = list_of(tag);
	for (i = list->n; i-- > 0;)
		if (list->at[i].tag == tag)
			break;
	if (i < list->n) {
		for (list->n--; i < list->n; i++)
			list->at[i] = list->at[i + 1];
	}
	local_irq_restore(flags);
}
