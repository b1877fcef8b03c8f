// SPDX-License-Identifier: MIT
/*
 * Tests that must fail, and code that must panic: negative controls of the
 * runner, of panic() and of the assertions in locks. Run one by one, when asked
 * for, by tests/test_ktest.py, which knows what each must print.
 */
#include "kernel/base/console.h"
#include "kernel/base/page.h"
#include "kernel/base/panic.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/smp.h"
#include "kernel/timer.h"
#include "tests/kernel/ktest.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

#define BROKEN(name)	   KTEST_FLAGS(broken, name, KTEST_ASKED, 0)
#define BROKEN_HANGS(name) KTEST_FLAGS(broken, name, KTEST_ASKED, 2)

/* ---- the runner ---------------------------------------------------------- */

BROKEN(expect)
{
	EXPECT(1 + 1 == 3);
	EXPECT_EQ(6 * 9, 42);
}

BROKEN(assert_leaves)
{
	ASSERT_EQ(1, 2);
	ktest_note("not reached");
}

static int failing_thread(void *unused)
{
	EXPECT(!"in another thread");
	return 0;
}

BROKEN(expect_in_a_thread)
{
	on_all_cpus_run(failing_thread, NULL);
}

BROKEN(flood)
{
	int i;

	for (i = 0; i < 1000; i++)
		EXPECT(i < 0);
}

static void *leaked;

BROKEN(leaks_memory)
{
	leaked = kmalloc(100);
}

BROKEN(leaks_a_page)
{
	leaked = alloc_page();
}

static __noreturn int sleep_for_ever(void *unused)
{
	for (;;)
		msleep(1000);
}

BROKEN(leaves_a_thread)
{
	kthread_detach(kthread_run(sleep_for_ever, NULL, "left"));
}

BROKEN(leaves_interrupts_off)
{
	local_irq_disable();
}

BROKEN(leaves_preemption_off)
{
	preempt_disable();
}

BROKEN(warns)
{
	WARN_ON(leaked == NULL);
}

BROKEN(wait_until_gives_up)
{
	EXPECT(!wait_until(leaked != NULL, 50));
}

BROKEN_HANGS(sleeps_for_ever)
{
	sleep_for_ever(NULL);
}

BROKEN_HANGS(spins_for_ever)
{
	for (;;)
		cpu_relax();
}

/* No watchdog on this CPU any more: another CPU's barks, and asks by NMI. */
BROKEN_HANGS(spins_with_interrupts_off)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

/* ---- panic --------------------------------------------------------------- */

/* The message itself cannot be formatted. */
BROKEN(panic_in_panic)
{
	const char *volatile nowhere = (const char *)16;

	panic("outer %s", nowhere);
}

static const char *panic_again(unsigned long addr, unsigned long *off,
			       unsigned long *size)
{
	const char *volatile nowhere = (const char *)16;

	panic("middle %s", nowhere);
}

/* The backtrace panics, and that message cannot be formatted, either. */
BROKEN(panic_in_panic_in_panic)
{
	printf_symbol = panic_again;
	panic("outer");
}

/* What a test keeps off the line is shown when it panics. */
static bool swallow(const char *buf, size_t len)
{
	return true;
}

BROKEN(panic_behind_a_tap)
{
	console_set_tap(swallow);
	panic("behind a tap");
}

BROKEN_HANGS(hangs_behind_a_tap)
{
	console_set_tap(swallow);
	sleep_for_ever(NULL);
}

static __noreturn int panic_here(void *unused)
{
	panic("together");
}

BROKEN(all_cpus_panic)
{
	on_all_cpus_run(panic_here, NULL);
}

static atomic_t deaf_cpus;

static noinline __noreturn int deaf_loop(void *unused)
{
	local_irq_disable();
	atomic_inc(&deaf_cpus);
	for (;;)
		cpu_relax();
}

/* The others do not take interrupts: an NMI still finds out where they are. */
BROKEN(panic_with_deaf_cpus)
{
	unsigned int cpu;
	struct task_struct *task;

	kthread_bind(current, 0);
	for_each_online_cpu(cpu) {
		if (cpu == 0)
			continue;
		task = kthread_create(deaf_loop, NULL, "deaf/%u", cpu);
		kthread_bind(task, cpu);
		wake_up_process(task);
	}
	wait_until(atomic_read(&deaf_cpus) == (int)num_online_cpus() - 1,
		   20000);
	panic("the others are deaf");
}

static void panic_in_irq(void *unused)
{
	panic("in an interrupt");
}

BROKEN(panic_in_an_interrupt)
{
	struct timer timer;

	timer_setup(&timer, panic_in_irq, NULL);
	timer_add(&timer, ktime_ns());
	sleep_for_ever(NULL);
}

static bool panic_in_nmi(struct pt_regs *regs)
{
	panic("in an NMI");
}

/* In the middle of a line: the lock is held by the CPU that panics. */
BROKEN(panic_in_an_nmi_while_printing)
{
	unsigned long flags;

	ASSERT_EQ(nmi_handler_register(panic_in_nmi), 0);
	if (console_lock(&flags))
		console_emit("half a line", 11);
	send_nmi(smp_processor_id());
	for (;;)
		cpu_relax();
}

/* ---- locks --------------------------------------------------------------- */

static DEFINE_SPINLOCK(broken_spin);
static DEFINE_MUTEX(broken_mutex);

BROKEN(spinlock_taken_twice)
{
	spin_lock(&broken_spin);
	spin_lock(&broken_spin);
}

BROKEN(spinlock_not_held)
{
	spin_unlock(&broken_spin);
}

BROKEN(spinlock_assertion)
{
	assert_held(&broken_spin);
}

static __noreturn int hold_spinlock(void *unused)
{
	spin_lock(&broken_spin);
	for (;;)
		cpu_relax();
}

/*
 * On a busy host, where a CPU is away for most of the time, the clock of a spin
 * is many times slower than the watchdog's.
 */
BROKEN(spinlock_stuck)
{
	struct task_struct *task = kthread_create(hold_spinlock, NULL, "hog");

	kthread_bind(task, num_online_cpus() - 1);
	wake_up_process(task);
	wait_until(READ_ONCE(broken_spin.holder), 20000);
	spin_stuck_ns = 300000000;
	spin_lock(&broken_spin);
}

BROKEN(mutex_taken_twice)
{
	mutex_lock(&broken_mutex);
	mutex_lock(&broken_mutex);
}

BROKEN(mutex_not_held)
{
	mutex_unlock(&broken_mutex);
}

static int take_mutex(void *unused)
{
	mutex_lock(&broken_mutex);
	return 0;
}

BROKEN(mutex_of_another)
{
	kthread_join(kthread_run(take_mutex, NULL, "taker"));
	mutex_unlock(&broken_mutex);
}

BROKEN(sleep_with_preemption_off)
{
	preempt_disable();
	msleep(1);
}

BROKEN(sleep_with_a_spinlock)
{
	spin_lock(&broken_spin);
	mutex_lock(&broken_mutex);
}

BROKEN(sleep_with_interrupts_off)
{
	local_irq_disable();
	mutex_lock(&broken_mutex);
}

BROKEN(interrupts_assertion)
{
	assert_irqs_off();
}

BROKEN(timer_added_twice)
{
	struct timer timer;

	timer_setup(&timer, panic_in_irq, NULL);
	timer_add(&timer, ktime_ns() + 1000000000);
	timer_add(&timer, ktime_ns() + 1000000000);
}
