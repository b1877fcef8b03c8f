// SPDX-License-Identifier: MIT
/*
 * Spinlocks and mutexes.
 *
 * Owns nothing but the code; the words are in the locks.
 *
 * Why no ticket lock: where there are more CPUs than the host has, the next in
 * line is often one that the host does not run, and each hand-over costs a time
 * slice of the host (8 CPUs on 2: 24 rounds in a second, instead of
 * thousands). So whoever runs may take a free lock, and fairness comes in only
 * for a CPU that has been unlucky for SPIN_PATIENCE_NS.
 *
 * Invariants:
 * I1 A spinlock's holder word is non-zero exactly while it is held.
 * I2 The urgent word, once set, is cleared only by the CPU it names, when that
 *    has the lock; until then no other CPU takes the lock by spin_lock().
 * I3 A mutex's owner word is never 0 while somebody is on its wait list: the
 *    unlocker hands it to the first waiter instead of freeing it.
 *
 * Context and locks: spinlocks in task and irq context (irq forms), mutexes in
 * task context. A mutex's wait_lock is innermost but for run queues.
 */
#include "kernel/base/panic.h"
#include "kernel/lock.h"
#include "kernel/sched.h"
#include <asm/atomic.h>
#include <asm/tsc.h>

#define MUTEX_WAITERS 1UL

struct mutex_waiter {
	struct list_head link;	  /* [wait_lock] */
	struct task_struct *task; /* [I] */
	bool granted;		  /* [wait_lock] to set */
};

static __always_inline bool spin_take(spinlock_t *lock, u32 self)
{
	u32 free = 0;

	return READ_ONCE(lock->holder) == 0 &&
	       try_cmpxchg(&lock->holder, &free, self); /* I1 */
}

/* May this CPU try? Only another's urgency holds it back (I2). */
static __always_inline bool spin_may_try(spinlock_t *lock, u32 self)
{
	u32 urgent = READ_ONCE(lock->urgent);

	return urgent == 0 || urgent == self;
}

static void spin_lost_patience(spinlock_t *lock, u32 self, u64 waited)
{
	u32 nobody = 0;

	if (waited > SPIN_STUCK_NS)
		panic("spinlock %pS stuck, held by CPU %d", (void *)lock,
		      (int)READ_ONCE(lock->holder) - 1);
	try_cmpxchg(&lock->urgent, &nobody, self);
}

static noinline void spin_wait(spinlock_t *lock, u32 self)
{
	struct spin_clock clock = spin_clock_start();
	u64 waited;

	if (spin_is_held(lock))
		panic("spinlock %pS taken twice by this CPU", (void *)lock);
	while (!spin_may_try(lock, self) || !spin_take(lock, self)) {
		cpu_relax();
		waited = spin_clock_look(&clock);
		if (unlikely(waited > SPIN_PATIENCE_NS))
			spin_lost_patience(lock, self, waited);
	}
	if (READ_ONCE(lock->urgent) == self)
		WRITE_ONCE(lock->urgent, 0); /* I2 */
}

/* Context: preemption off. */
static __always_inline void spin_acquire(spinlock_t *lock)
{
	u32 self = smp_processor_id() + 1;

	if (unlikely(READ_ONCE(lock->urgent) || !spin_take(lock, self)))
		spin_wait(lock, self);
}

static __always_inline void spin_release(spinlock_t *lock)
{
	if (unlikely(!spin_is_held(lock)))
		assert_held_failed(lock, __FILE__, __LINE__);
	smp_store_release(&lock->holder, 0); /* I1 */
}

void spin_lock(spinlock_t *lock)
{
	preempt_disable();
	spin_acquire(lock);
}

bool spin_trylock(spinlock_t *lock)
{
	preempt_disable();
	if (spin_take(lock, smp_processor_id() + 1))
		return true;
	preempt_enable();
	return false;
}

void spin_unlock(spinlock_t *lock)
{
	spin_release(lock);
	preempt_enable();
}

unsigned long spin_lock_save(spinlock_t *lock)
{
	unsigned long flags = arch_irq_save();

	preempt_disable();
	spin_acquire(lock);
	return flags;
}

void spin_unlock_irqrestore(spinlock_t *lock, unsigned long flags)
{
	spin_release(lock);
	local_irq_restore(flags);
	preempt_enable();
}

void mutex_init(struct mutex *mutex)
{
	mutex->owner = 0;
	spin_lock_init(&mutex->wait_lock);
	INIT_LIST_HEAD(&mutex->waiters);
}

/* Asked by every assertion, those of untraceable code included. */
notrace bool mutex_is_held(const struct mutex *mutex)
{
	return (READ_ONCE(mutex->owner) & ~MUTEX_WAITERS) ==
	       (unsigned long)current;
}

/*
 * Takes the mutex if it has become free, else marks it so that its owner will
 * look at the wait list. Return: whether it is now ours.
 */
static bool mutex_take_or_mark(struct mutex *mutex)
{
	unsigned long owner = READ_ONCE(mutex->owner);
	unsigned long wanted;

	assert_held(&mutex->wait_lock);
	do {
		wanted = owner ? owner | MUTEX_WAITERS : (unsigned long)current;
	} while (!try_cmpxchg(&mutex->owner, &owner, wanted));
	return owner == 0;
}

static noinline void mutex_lock_slow(struct mutex *mutex)
{
	struct mutex_waiter waiter = { .task = current };

	spin_lock(&mutex->wait_lock);
	if (mutex_take_or_mark(mutex)) {
		spin_unlock(&mutex->wait_lock);
		return;
	}
	list_add_tail(&waiter.link, &mutex->waiters);
	for (;;) {
		set_current_state(TASK_SLEEPING);
		if (waiter.granted)
			break;
		spin_unlock(&mutex->wait_lock);
		schedule();
		spin_lock(&mutex->wait_lock);
	}
	set_current_state(TASK_RUNNING);
	spin_unlock(&mutex->wait_lock);
}

static __always_inline bool mutex_take(struct mutex *mutex)
{
	unsigned long owner = 0;

	return try_cmpxchg(&mutex->owner, &owner, (unsigned long)current);
}

bool mutex_trylock(struct mutex *mutex)
{
	return mutex_take(mutex);
}

static __always_inline void mutex_acquire(struct mutex *mutex)
{
	might_sleep();
	if (likely(mutex_take(mutex)))
		return;
	if (unlikely(mutex_is_held(mutex)))
		panic("mutex %pS taken twice by %s", (void *)mutex,
		      current->comm);
	mutex_lock_slow(mutex);
}

void mutex_lock(struct mutex *mutex)
{
	mutex_acquire(mutex);
}

notrace void mutex_lock_notrace(struct mutex *mutex)
{
	mutex_acquire(mutex);
}

/* I3: the first waiter becomes the owner before it knows. */
static noinline void mutex_hand_over(struct mutex *mutex)
{
	struct mutex_waiter *first;
	struct task_struct *task;
	unsigned long owner;

	spin_lock(&mutex->wait_lock);
	first = list_first_entry(&mutex->waiters, struct mutex_waiter, link);
	task = first->task;
	list_del(&first->link);
	owner = (unsigned long)task;
	if (!list_empty(&mutex->waiters))
		owner |= MUTEX_WAITERS;
	WRITE_ONCE(mutex->owner, owner);
	first->granted = true;
	/* The lock keeps the waiter, and so its task, from going away. */
	wake_up_process(task);
	spin_unlock(&mutex->wait_lock);
}

static __always_inline void mutex_release(struct mutex *mutex)
{
	unsigned long owner = (unsigned long)current;

	assert_held(mutex);
	if (likely(try_cmpxchg(&mutex->owner, &owner, 0)))
		return;
	mutex_hand_over(mutex);
}

void mutex_unlock(struct mutex *mutex)
{
	mutex_release(mutex);
}

notrace void mutex_unlock_notrace(struct mutex *mutex)
{
	mutex_release(mutex);
}

void assert_held_failed(const void *lock, const char *file, int line)
{
	panic("%s:%d: lock %pS is not held by %s on CPU %u", file, line, lock,
	      current->comm, smp_processor_id());
}

void assert_irqs_failed(bool want_on, const char *file, int line)
{
	panic("%s:%d: interrupts must be %s here", file, line,
	      want_on ? "on" : "off");
}

void might_sleep_failed(const char *file, int line)
{
	panic("%s:%d: may sleep, but preempt count %u, context %u, irqs %s",
	      file, line, preempt_count(), this_cpu_read(trace_context),
	      irqs_disabled() ? "off" : "on");
}
