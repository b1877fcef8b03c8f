/* SPDX-License-Identifier: MIT */
/*
 * Locks: spinlocks and sleeping mutexes, and assertions about them.
 *
 * A mutex is handed to the task that has waited longest. A spinlock goes to
 * whoever comes by first, but a CPU that has waited for SPIN_PATIENCE_NS is
 * next. Neither may be taken twice by its holder; this, and releasing what one
 * does not hold, is a panic. Spinning for SPIN_STUCK_NS is a panic that names
 * the holder.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include <asm/context.h>
#include <asm/irqflags.h>

struct task_struct;

/* Both by a spin_clock, which does not run while this CPU does not. */
#define SPIN_STUCK_NS	 10000000000ULL
#define SPIN_PATIENCE_NS 20000000ULL

typedef struct {
	u32 holder; /* [A] CPU + 1, 0 when free */
	u32 urgent; /* [A] CPU + 1 that all others let pass, 0: none */
} spinlock_t;

/* clang-format off */
#define SPIN_LOCK_INIT { 0, 0 }
/* clang-format on */
#define DEFINE_SPINLOCK(x) spinlock_t x = SPIN_LOCK_INIT

static __always_inline void spin_lock_init(spinlock_t *lock)
{
	*lock = (spinlock_t)SPIN_LOCK_INIT;
}

/*
 * Preemption is off while one is held. The plain form is for locks that no
 * interrupt handler takes. Context: task, boot; irq with the irq forms.
 */
void spin_lock(spinlock_t *lock);
bool spin_trylock(spinlock_t *lock);
void spin_unlock(spinlock_t *lock);

unsigned long spin_lock_save(spinlock_t *lock);
void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags);

#define spin_lock_irqsave(lock, flags) ((flags) = spin_lock_save(lock))

/* Held by this CPU? */
static __always_inline bool spin_is_held(const spinlock_t *lock)
{
	return READ_ONCE(lock->holder) == smp_processor_id() + 1;
}

struct mutex {
	unsigned long owner; /* [A] task, bit 0: somebody waits */
	spinlock_t wait_lock;
	struct list_head waiters; /* [wait_lock] struct mutex_waiter */
};

#define MUTEX_INIT(name)                                          \
	{                                                         \
		0, SPIN_LOCK_INIT, LIST_HEAD_INIT((name).waiters) \
	}
#define DEFINE_MUTEX(name) struct mutex name = MUTEX_INIT(name)

void mutex_init(struct mutex *mutex);

/*
 * Context: task, preemption and interrupts on; trylock: task. Also boot, where
 * a mutex is never contended.
 */
void mutex_lock(struct mutex *mutex);
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);

/*
 * The same where the tracer serves itself: what reads a trace does not appear
 * in it. (A wait for the mutex does.) Context: as above.
 */
void mutex_lock_notrace(struct mutex *mutex);
void mutex_unlock_notrace(struct mutex *mutex);

/* Held by the current task? */
bool mutex_is_held(const struct mutex *mutex);

__noreturn __cold void assert_held_failed(const void *lock, const char *file,
					  int line);
__noreturn __cold void assert_irqs_failed(bool want_on, const char *file,
					  int line);
__noreturn __cold void might_sleep_failed(const char *file, int line);

/* Of a spinlock: held by this CPU; of a mutex: held by this task. */
#define lock_is_held(l) \
	_Generic((l), spinlock_t * : spin_is_held, default : mutex_is_held)(l)

#define assert_held(lock)                                             \
	do {                                                          \
		if (unlikely(!lock_is_held(lock)))                    \
			assert_held_failed(lock, __FILE__, __LINE__); \
	} while (0)

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

/* [I] set by sched_start(): before that nobody else could be let run */
extern bool sched_active;

/* Only where the current task may be switched away from. */
#define might_sleep()                                           \
	do {                                                    \
		if (unlikely(preempt_count() || !in_task() ||   \
			     irqs_disabled()) &&                \
		    sched_active)                               \
			might_sleep_failed(__FILE__, __LINE__); \
	} while (0)
