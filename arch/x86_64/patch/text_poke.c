// SPDX-License-Identifier: MIT
/*
 * The entry points of the patch engine: prepare, apply, abort; copy and fill.
 *
 * Owns text_mutex and the batch between prepare and apply.
 *
 * I6 Nothing is written before every old byte has been compared.
 *
 * Context and locks: task, interrupts on, no spinlock held. text_mutex is
 * held from a successful prepare to the end of apply or abort. A nested poke
 * by its owner is refused; a poke by another task waits.
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/base/panic.h"
#include "kernel/base/text_region.h"
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include <asm/layout.h>

DEFINE_MUTEX(text_mutex);

/* The open batch; the lines below @made are verified. */
static const struct text_poke *pending_vec; /* [P] */
static size_t pending_n;		    /* [P] */
static struct poke_making making;	    /* [P] */
static const struct text_poke *made;	    /* [P] */

/* The number of lines that are not made. */
static __always_inline size_t left(void)
{
	return pending_vec + pending_n - made;
}

/* Keep the batch, or let the mutex go. Return: @err. */
static int prepared(int err, const struct text_poke *vec, size_t n)
{
	if (err) {
		mutex_unlock(&text_mutex);
		return err;
	}
	pending_vec = vec;
	pending_n = n;
	made = vec + n;
	return 0;
}

int text_poke_prepare(const struct text_poke *vec, size_t n,
		      struct text_poke_bug *bug)
{
	struct text_poke_bug unwanted;
	int err;

	if (mutex_is_held(&text_mutex))
		return -EBUSY;
	mutex_lock(&text_mutex);
	err = poke_verify(vec, n, text_region_of, bug ? bug : &unwanted);
	return prepared(err, vec, n);
}

int text_poke_prepare_targets(struct text_poke *vec, size_t n)
{
	if (mutex_is_held(&text_mutex))
		return -EBUSY;
	mutex_lock(&text_mutex);
	prepared(0, vec, n);
	making = POKE_MAKING(KERNEL_VMA, text_region_of);
	made = vec;
	return 0;
}

static __always_inline int
make_next(int (*make)(struct poke_making *making, struct text_poke *p, size_t n,
		      struct text_poke_bug *bug),
	  struct text_poke *p, size_t n, struct text_poke_bug *bug)
{
	int err;

	assert_held(&text_mutex);
	BUG_ON(p != made || n > left());
	made += n;
	err = make(&making, p, n, bug);
	if (unlikely(err))
		text_poke_abort();
	return err;
}

int text_poke_prepare_run(struct text_poke *run, size_t n,
			  struct text_poke_bug *bug)
{
	return make_next(poke_make_run, run, n, bug);
}

int text_poke_prepare_lines(struct text_poke *lines, size_t n,
			    struct text_poke_bug *bug)
{
	return make_next(poke_make_lines, lines, n, bug);
}

void text_poke_apply(void)
{
	assert_held(&text_mutex);
	BUG_ON(left()); /* I6 */
	might_sleep();	/* poke_run() does not, but it waits for every CPU */
	poke_run(pending_vec, pending_n);
	mutex_unlock(&text_mutex);
}

void text_poke_abort(void)
{
	assert_held(&text_mutex);
	mutex_unlock(&text_mutex);
}

int text_poke(unsigned long ip, u64 old, u64 new, struct text_poke_bug *bug)
{
	const struct text_poke one = { .ip = ip, .old = old, .new = new };
	int err = text_poke_prepare(&one, 1, bug);

	if (!err)
		text_poke_apply();
	return err;
}

static int write_bytes(unsigned long addr, const u8 *src, u8 fill, size_t len)
{
	if (len && !text_region_holds(addr, len))
		return -EFAULT;
	if (mutex_is_held(&text_mutex))
		return -EBUSY;
	mutex_lock(&text_mutex);
	poke_write_bytes(addr, src, fill, len);
	mutex_unlock(&text_mutex);
	return 0;
}

int text_poke_copy(void *dst, const void *src, size_t len)
{
	return write_bytes((unsigned long)dst, src, 0, len);
}

int text_poke_set(void *dst, u8 byte, size_t len)
{
	return write_bytes((unsigned long)dst, NULL, byte, len);
}

bool text_poke_live(void)
{
	return READ_ONCE(poke_seq) & 1;
}
