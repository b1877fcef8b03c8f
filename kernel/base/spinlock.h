/* SPDX-License-Identifier: MIT */
/*
 * spinlock.h - spinlocks, and assertions about locks and interrupts.
 *
 * The first CPU that tries gets a free spinlock, except that a CPU that has
 * waited for SPIN_PATIENCE_NS is next. It is a panic if a CPU takes a spinlock
 * twice, or releases one that it does not hold. Spinning for spin_stuck_ns is a
 * panic that names the holder.
 */
#pragma once

#include "kernel/base/lock_hooks.h"
#include "kernel/lib/types.h"
#include <asm/context.h>
#include <asm/irqflags.h>

/* A spin_clock measures both; it stops while the host does not run this CPU. */
#define SPIN_PATIENCE_NS 20000000ULL
extern u64 spin_stuck_ns; /* [A] only a test changes it */

typedef struct {
	u32 holder; /* [A] CPU + 1, 0 when free */
	u32 urgent; /* [A] CPU + 1 that takes it next, 0: none */
	struct lock_tag tag;
} spinlock_t;

/* clang-format off */
#define SPIN_LOCK_INIT(name) { 0, 0, LOCK_TAG(name) }
/* clang-format on */
#define DEFINE_SPINLOCK(x) spinlock_t x = SPIN_LOCK_INIT(#x)

#define spin_lock_init(lock) (*(lock) = (spinlock_t)SPIN_LOCK_INIT(#lock))

/*
 * Preemption is off while a spinlock is held. The plain form is for locks that
 * no interrupt handler takes. Context: task, boot; irq with the irq forms.
 */
void spin_lock(spinlock_t *lock);
bool spin_trylock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);

/*
 * With interrupts off from before the lock is taken until after it is released.
 * Return: the flags for spin_unlock_irqrestore().
 */
unsigned long spin_lock_save(spinlock_t *lock);
void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);

#define spin_lock_irqsave(lock, flags) ((flags) = spin_lock_save(lock))

/* Does this CPU hold the lock? */
static __always_inline bool spin_is_held(const spinlock_t *lock)
{
	return READ_ONCE(lock->holder) == smp_processor_id() + 1;
}

/* The panics of the assertions below; not called directly. */
__noreturn __cold void spin_not_held(const spinlock_t *lock, const char *file,
				     int line);
__noreturn __cold void assert_irqs_failed(bool want_on, const char *file,
					  int line);

/* Declarations of kernel/mutex.h, for assert_held(). */
struct mutex;
bool mutex_is_held(const struct mutex *mutex);
__noreturn __cold void mutex_not_held(const struct mutex *mutex,
				      const char *file, int line);

/* Is a spinlock held by this CPU, or a mutex held by this task? */
#define lock_is_held(l) \
	_Generic((l), spinlock_t * : spin_is_held, default : mutex_is_held)(l)

#define lock_not_held(l) \
	_Generic((l), spinlock_t * : spin_not_held, default : mutex_not_held)

/*
 * At the start of each helper that relies on a lock: a panic with file and line
 * if the caller does not hold it. @lock is evaluated twice.
 */
#define assert_held(lock)                                              \
	do {                                                           \
		if (unlikely(!lock_is_held(lock)))                     \
			lock_not_held(lock)(lock, __FILE__, __LINE__); \
	} while (0)

/* The same for the interrupt flag of this CPU. */
#define assert_irqs_on()                                              \
	do {                                                          \
		if (unlikely(irqs_disabled()))                        \
			assert_irqs_failed(true, __FILE__, __LINE__); \
	} while (0)

#define assert_irqs_off()                                              \
	do {                                                           \
		if (unlikely(!irqs_disabled()))                        \
			assert_irqs_failed(false, __FILE__, __LINE__); \
	} while (0)
