// SPDX-License-Identifier: MIT
/*
 * kmalloc: small objects of a few sizes are cut out of slabs; larger ones come
 * from the page allocator.
 *
 * A slab is a block of pages that begins with its header. No object lies at the
 * start of a page block, so the address alone distinguishes a slab object from
 * whole pages:
 *
 *	kfree(p): block = page_block(p)
 *		  p == block -> pages,  else -> object of the slab at block
 *
 * Owns: the size classes and all slabs.
 *
 * Invariants:
 * SL1 a slab with free objects is on its class's list; a full one is on no
 *    list. Each class keeps one empty slab, class->empty, so that repeated
 *    allocation and freeing of a single object does not create and destroy a
 *    slab each time. Any other empty slab goes back to the page allocator at
 *    once.
 * SL2 in a poisoning slab each free object holds POISON_FREE behind its link.
 *
 * Context and locks: one irq-saving lock for each class. It is released before
 * the page allocator is called.
 */
#include "kernel/base/slab.h"
#include <asm/atomic.h>
#include "kernel/base/fail.h"
#include "kernel/base/page.h"
#include "kernel/base/base_events.h"
#include "kernel/base/panic.h"
#include "kernel/base/printk.h"
#include "kernel/base/spinlock.h"
#include "kernel/lib/list.h"
#include "kernel/lib/string.h"

#define RETURN_ADDRESS (unsigned long)__builtin_return_address(0)

#define SLAB_MAGIC   0x51ab51abU
#define POISON_FREE  0x6b
#define POISON_ALLOC 0xa5

/* Legend: [I] immutable, [L] the class's lock. */

struct object {
	struct object *next;
};

struct slab_class {
	spinlock_t lock;
	u32 size;	       /* [I] of one object */
	u32 order;	       /* [I] log 2 of the pages in a slab */
	struct list_head list; /* [L] slabs with free objects */
	struct slab *empty;    /* [L] the empty one on the list, or NULL */
};

struct slab {
	u32 magic;		  /* [I] */
	bool poison;		  /* [I] */
	struct slab_class *class; /* [I] */
	struct list_head link;	  /* [L] */
	struct object *free;	  /* [L] */
	u32 nr_used;		  /* [L] */
	u32 nr_objects;		  /* [I] */
};

#define SLAB_HEADER 64UL
static_assert(sizeof(struct slab) <= SLAB_HEADER, "objects start behind it");

#define CLASS(nr, bytes, pages_log2)          \
	[nr] = { .lock = SPIN_LOCK_INIT(#nr), \
		 .size = (bytes),             \
		 .order = (pages_log2),       \
		 .list = LIST_HEAD_INIT(classes[nr].list) }

static struct slab_class classes[] = {
	CLASS(0, 16, 0),   CLASS(1, 32, 0),    CLASS(2, 64, 0),
	CLASS(3, 128, 0),  CLASS(4, 192, 0),   CLASS(5, 256, 1),
	CLASS(6, 384, 1),  CLASS(7, 512, 2),   CLASS(8, 768, 2),
	CLASS(9, 1024, 3), CLASS(10, 1536, 3), CLASS(11, 2048, 3),
};

static atomic64_t nr_live;
static atomic_t poison_errors;
static bool poison_new_slabs;

static struct slab_class *class_for(size_t size)
{
	for (size_t i = 0; i < ARRAY_SIZE(classes); i++) {
		if (size <= classes[i].size)
			return &classes[i];
	}
	return NULL;
}

static void poison_object(const struct slab *slab, struct object *obj)
{
	if (slab->poison)
		memset(obj + 1, POISON_FREE, slab->class->size - sizeof(*obj));
}

/* Is a poisoned object freed again? Then the slab is left unchanged. */
static bool freed_twice(const struct slab *slab, const struct object *obj)
{
	if (!slab->poison ||
	    memchr_inv(obj + 1, POISON_FREE, slab->class->size - sizeof(*obj)))
		return false;
	atomic_inc(&poison_errors);
	pr_err("slab: the object %p (size %u) was freed twice", obj,
	       slab->class->size);
	return true;
}

/* Reports an object that SL2 does not hold for. */
static void check_object(const struct slab *slab, struct object *obj)
{
	size_t size = slab->class->size;
	const u8 *bad;

	if (!slab->poison)
		return;
	bad = memchr_inv(obj + 1, POISON_FREE, size - sizeof(*obj));
	if (bad) {
		atomic_inc(&poison_errors);
		pr_err("slab: byte %zu of the free object %p (size %zu) was "
		       "written: %02x",
		       (size_t)(bad - (const u8 *)obj), obj, size, *bad);
	}
	memset(obj, POISON_ALLOC, size);
}

static struct slab *slab_create(struct slab_class *class)
{
	struct slab *slab = alloc_pages(class->order);
	char *obj, *end;

	if (!slab)
		return NULL;
	end = (char *)slab + (PAGE_SIZE << class->order);
	*slab = (struct slab){ .magic = SLAB_MAGIC,
			       .poison = READ_ONCE(poison_new_slabs),
			       .class = class };
	for (obj = (char *)slab + SLAB_HEADER; obj + class->size <= end;
	     obj += class->size) {
		struct object *o = (struct object *)obj;

		poison_object(slab, o);
		o->next = slab->free;
		slab->free = o;
		slab->nr_objects++;
	}
	return slab;
}

/* Takes one object. The class has a free one, and class->lock is held. */
static struct object *take_object(struct slab_class *class)
{
	struct slab *slab = list_first_entry(&class->list, struct slab, link);
	struct object *obj = slab->free;

	slab->free = obj->next;
	slab->nr_used++;
	if (class->empty == slab)
		class->empty = NULL;
	if (!slab->free)
		list_del_init(&slab->link); /* SL1 */
	check_object(slab, obj);
	return obj;
}

static void *alloc_object(struct slab_class *class)
{
	struct object *obj = NULL;
	struct slab *slab;
	unsigned long flags;

	spin_lock_irqsave(&class->lock, flags);
	if (!list_empty(&class->list))
		obj = take_object(class);
	spin_unlock_irqrestore(&class->lock, flags);
	if (obj)
		return obj;
	slab = slab_create(class);
	if (!slab)
		return NULL;
	spin_lock_irqsave(&class->lock, flags);
	list_add(&slab->link, &class->list);
	obj = take_object(class);
	spin_unlock_irqrestore(&class->lock, flags);
	return obj;
}

/*
 * SL1. The slab has just become empty, and the class's lock is held. Return:
 * true if the slab is off the list and the caller must free it.
 */
static bool let_go(struct slab_class *class, struct slab *slab)
{
	if (!class->empty) {
		class->empty = slab;
		return false;
	}
	list_del(&slab->link);
	return true;
}

/* Return: false if the object was freed already, which is refused. */
static bool free_object(struct slab *slab, struct object *obj)
{
	struct slab_class *class = slab->class;
	unsigned long flags;
	bool gone;

	if (freed_twice(slab, obj))
		return false;
	poison_object(slab, obj);
	spin_lock_irqsave(&class->lock, flags);
	if (!slab->free)
		list_add(&slab->link, &class->list);
	obj->next = slab->free;
	slab->free = obj;
	gone = --slab->nr_used == 0 && let_go(class, slab);
	spin_unlock_irqrestore(&class->lock, flags);
	if (gone)
		free_pages(slab, class->order);
	return true;
}

bool slab_drain(void)
{
	struct slab_class *class;
	struct slab *slab;
	unsigned long flags;
	bool any = false;

	for (class = classes; class < classes + ARRAY_SIZE(classes); class ++) {
		spin_lock_irqsave(&class->lock, flags);
		slab = class->empty;
		class->empty = NULL;
		if (slab)
			list_del(&slab->link);
		spin_unlock_irqrestore(&class->lock, flags);
		if (slab)
			free_pages(slab, class->order);
		any |= slab != NULL;
	}
	return any;
}

static void *allocate(size_t size, unsigned long call_site)
{
	struct slab_class *class = class_for(size);
	void *p;

	if (!size || page_order(size) > PAGE_MAX_ORDER || should_fail_alloc())
		return NULL;
	do {
		p = class ? alloc_object(class) : alloc_pages_exact(size);
	} while (unlikely(!p) && slab_drain());
	if (p)
		atomic64_inc(&nr_live);
	trace_kmalloc(call_site, p, size,
		      class ? class->size : ALIGN_UP(size, PAGE_SIZE));
	return p;
}

void *kmalloc(size_t size)
{
	return allocate(size, RETURN_ADDRESS);
}

static void *allocate_zeroed(size_t size, unsigned long call_site)
{
	void *p = allocate(size, call_site);

	return p ? memset(p, 0, size) : NULL;
}

void *kzalloc(size_t size)
{
	return allocate_zeroed(size, RETURN_ADDRESS);
}

void *kcalloc(size_t n, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(n, size, &bytes))
		return NULL;
	return allocate_zeroed(bytes, RETURN_ADDRESS);
}

/*
 * The slab of @p, or NULL if kmalloc() took whole pages for @p. Any other
 * pointer was not allocated, and panics.
 */
static struct slab *slab_of(const void *p)
{
	unsigned int order;
	struct slab *slab = page_block(p, &order);
	size_t offset = (size_t)((const char *)p - (const char *)slab);

	if (!slab)
		panic("slab: %p was not allocated", p);
	if (!offset)
		return NULL;
	if (slab->magic != SLAB_MAGIC || offset < SLAB_HEADER ||
	    (offset - SLAB_HEADER) % slab->class->size)
		panic("slab: %p is not the start of an object", p);
	return slab;
}

void kfree(const void *p)
{
	struct slab *slab;
	bool freed = true;

	trace_kfree(RETURN_ADDRESS, p);
	if (!p)
		return;
	slab = slab_of(p);
	if (slab)
		freed = free_object(slab, (struct object *)p);
	else
		free_pages_exact((void *)p);
	if (freed)
		atomic64_add(-1, &nr_live);
}

size_t ksize(const void *p)
{
	struct slab *slab = slab_of(p);

	return slab ? slab->class->size : PAGE_SIZE * pages_exact(p);
}

void *krealloc(void *p, size_t size)
{
	size_t old = p ? ksize(p) : 0;
	void *grown;

	/* Stay in place unless it grows or would free half or more. */
	if (p && size && size <= old && size > old / 2)
		return p;
	grown = kmalloc(size);
	if (!grown)
		return NULL;
	if (p)
		memcpy(grown, p, min(old, size));
	kfree(p);
	return grown;
}

size_t kmalloc_live(void)
{
	return (size_t)atomic64_read(&nr_live);
}

bool slab_set_poison(bool on)
{
	bool before = xchg(&poison_new_slabs, on);

	slab_drain(); /* a kept empty slab has the old setting */
	return before;
}

unsigned int slab_poison_errors(void)
{
	return (unsigned int)atomic_read(&poison_errors);
}
