// SPDX-License-Identifier: MIT
/*
 * spinlock.c - spinlocks.
 *
 * Owns the limit spin_stuck_ns; each lock holds its own words.
 *
 * Why no ticket lock: if the machine has more CPUs than its host, the host
 * often does not run the next CPU in line, and each hand-over costs a time
 * slice of the host (8 CPUs on 2: 24 rounds in a second, instead of thousands).
 * So any running CPU may take a free lock, and only a CPU that has waited for
 * SPIN_PATIENCE_NS goes first.
 *
 * Invariants:
 * SP1 A spinlock's holder word is non-zero exactly while it is held.
 * SP2 Only the CPU named by the urgent word clears it, once it holds the lock.
 *    Until then no other CPU takes the lock by spin_lock().
 *
 * Context: task and irq (irq forms).
 */
#include "kernel/base/base_events.h"
#include "kernel/base/panic.h"
#include "kernel/base/spinlock.h"
#include <asm/atomic.h>
#include <asm/tsc.h>

u64 spin_stuck_ns = 10000000000ULL;

static __always_inline bool spin_take(spinlock_t *lock, u32 self)
{
	u32 free = 0;

	return READ_ONCE(lock->holder) == 0 &&
	       try_cmpxchg(&lock->holder, &free, self); /* SP1 */
}

/* May this CPU try? Only if no other CPU is urgent (SP2). */
static __always_inline bool spin_may_try(spinlock_t *lock, u32 self)
{
	u32 urgent = READ_ONCE(lock->urgent);

	return urgent == 0 || urgent == self;
}

static void spin_lost_patience(spinlock_t *lock, u32 self, u64 waited)
{
	u32 nobody = 0;

	if (waited > READ_ONCE(spin_stuck_ns))
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
	trace_contention_begin(lock, LCB_F_SPIN);
	while (!spin_may_try(lock, self) || !spin_take(lock, self)) {
		cpu_relax();
		waited = spin_clock_look(&clock);
		if (unlikely(waited > SPIN_PATIENCE_NS))
			spin_lost_patience(lock, self, waited);
	}
	trace_contention_end(lock, 0);
	if (READ_ONCE(lock->urgent) == self)
		WRITE_ONCE(lock->urgent, 0); /* SP2 */
}

/* Context: preemption off. */
static __always_inline void spin_acquire(spinlock_t *lock)
{
	u32 self = smp_processor_id() + 1;

	lock_order_take(&lock->tag);
	if (unlikely(READ_ONCE(lock->urgent) || !spin_take(lock, self)))
		spin_wait(lock, self);
}

static __always_inline void spin_release(spinlock_t *lock)
{
	if (unlikely(!spin_is_held(lock)))
		spin_not_held(lock, __FILE__, __LINE__);
	lock_order_release(&lock->tag);
	smp_store_release(&lock->holder, 0); /* SP1 */
}

void spin_lock(spinlock_t *lock)
{
	preempt_disable();
	spin_acquire(lock);
}

bool spin_trylock(spinlock_t *lock)
{
	preempt_disable();
	if (spin_take(lock, smp_processor_id() + 1)) {
		lock_order_tried(&lock->tag);
		return true;
	}
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
	unsigned long flags = local_irq_off();

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

void spin_not_held(const spinlock_t *lock, const char *file, int line)
{
	panic("%s:%d: lock %pS is not held by CPU %u", file, line,
	      (const void *)lock, smp_processor_id());
}

void assert_irqs_failed(bool want_on, const char *file, int line)
{
	panic("%s:%d: interrupts must be %s here", file, line,
	      want_on ? "on" : "off");
}
