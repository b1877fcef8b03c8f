// SPDX-License-Identifier: MIT
/*
 * Threads: life and death, preemption, sleeping and waking, pinning, pulling.
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched_internal.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include <asm/atomic.h>
#include <asm/cpu.h>

#define WAIT_MS 20000

static int return_arg(void *arg)
{
	return (int)(long)arg;
}

KTEST(sched, join_returns_the_result)
{
	struct task_struct *task = kthread_run(return_arg, (void *)42L, "t");

	ASSERT(!IS_ERR(task));
	EXPECT_EQ(kthread_join(task), 42);
}

/* KT1 */
KTEST(sched, join_of_a_thread_that_has_ended)
{
	struct task_struct *task = kthread_run(return_arg, (void *)-7L, "t");

	ASSERT(!IS_ERR(task));
	wait_until(READ_ONCE(task->gone), WAIT_MS);
	EXPECT_EQ(task->state, TASK_DEAD);
	EXPECT_EQ(kthread_join(task), -7);
}

static int exit_early(void *arg)
{
	kthread_exit(5);
	return 6;
}

KTEST(sched, kthread_exit)
{
	struct task_struct *task = kthread_run(exit_early, NULL, "t");

	ASSERT(!IS_ERR(task));
	EXPECT_EQ(kthread_join(task), 5);
}

static int set_flag(void *flag)
{
	WRITE_ONCE(*(bool *)flag, true);
	return 0;
}

KTEST(sched, a_new_thread_waits_for_its_first_waking)
{
	bool ran = false;
	struct task_struct *task = kthread_create(set_flag, &ran, "new/%d", 17);

	ASSERT(!IS_ERR(task));
	EXPECT_EQ(task->state, TASK_NEW);
	EXPECT(!strcmp(task->comm, "new/17"));
	msleep(10);
	EXPECT(!READ_ONCE(ran));
	EXPECT(wake_up_process(task));
	EXPECT_EQ(kthread_join(task), 0);
	EXPECT(ran);
}

KTEST(sched, long_names_are_cut)
{
	struct task_struct *task =
		kthread_run(return_arg, NULL, "a name of some %s", "length");

	ASSERT(!IS_ERR(task));
	EXPECT_EQ(strlen(task->comm), TASK_COMM_LEN - 1);
	EXPECT(str_has_prefix("a name of some length", task->comm));
	kthread_join(task);
}

static int check_start(void *arg)
{
	EXPECT_EQ(preempt_count(), 0);
	EXPECT(!irqs_disabled());
	EXPECT(in_task());
	EXPECT_EQ(current->arg, (u64)arg);
	EXPECT_EQ((unsigned long)__builtin_frame_address(0) % 16, 0);
	EXPECT(read_sp() > (unsigned long)current->stack);
	EXPECT(read_sp() < (unsigned long)current->stack + current->stack_size);
	return current->pid;
}

KTEST(sched, how_a_thread_starts)
{
	struct task_struct *task = kthread_run(check_start, &task, "t");
	int pid;

	ASSERT(!IS_ERR(task));
	pid = task->pid;
	EXPECT_EQ(kthread_join(task), pid);
	EXPECT(pid != current->pid);
}

KTEST(sched, detached_threads_free_themselves)
{
	bool ran = false;
	struct task_struct *task = kthread_create(set_flag, &ran, "t");

	ASSERT(!IS_ERR(task));
	kthread_detach(task);
	wake_up_process(task);
	wait_until(READ_ONCE(ran), WAIT_MS);
	/* the runner counts threads and memory */
}

/*
 * Each allocation fails in turn, and nothing is left behind: no thread, or, if
 * it was only the tracer's, one that runs untraced.
 */
static void create_and_join(unsigned int n, int *refused)
{
	struct task_struct *task;

	fail_nth(n);
	task = kthread_create(return_arg, (void *)9L, "t");
	fail_end();
	if (IS_ERR(task)) {
		EXPECT_EQ(PTR_ERR(task), -ENOMEM);
		++*refused;
		return;
	}
	wake_up_process(task);
	EXPECT_EQ(kthread_join(task), 9);
}

KTEST(sched, create_without_memory)
{
	int refused = 0;
	unsigned int n;

	for (n = 1; n < 20; n++)
		create_and_join(n, &refused);
	EXPECT(refused >= 1);
	EXPECT(refused < 19);
}

static int churn(void *arg)
{
	struct task_struct *task[4];
	int i, j, sum = 0;

	for (i = 0; i < 20; i++) {
		for (j = 0; j < 4; j++) {
			task[j] = kthread_run(return_arg, (void *)1L, "churn");
			if (!EXPECT(!IS_ERR(task[j])))
				return 0;
		}
		for (j = 0; j < 4; j++)
			sum += kthread_join(task[j]);
	}
	return sum;
}

/* KS1, KT2 */
KTEST(sched, threads_come_and_go_on_all_cpus)
{
	EXPECT_EQ(on_all_cpus_run(churn, NULL), 80 * num_online_cpus());
}

/* ---- preemption ---------------------------------------------------------- */

/* Spins without ever giving the CPU away. */
struct spinner {
	struct task_struct *task;
	bool stop;
	bool no_preempt; /* with preemption off */
	unsigned long turns;
	u64 cpus; /* where it has been */
};

static int spin(void *arg)
{
	struct spinner *s = arg;

	if (s->no_preempt)
		preempt_disable();
	while (!READ_ONCE(s->stop)) {
		WRITE_ONCE(s->turns, s->turns + 1);
		s->cpus |= BIT(smp_processor_id());
		cpu_relax();
	}
	if (s->no_preempt)
		preempt_enable();
	return 0;
}

static bool spinner_start(struct spinner *s, unsigned int cpu)
{
	s->task = kthread_create(spin, s, "spinner");
	if (!EXPECT(!IS_ERR(s->task)))
		return false;
	kthread_bind(s->task, cpu);
	wake_up_process(s->task);
	return true;
}

static void spinner_end(struct spinner *s)
{
	WRITE_ONCE(s->stop, true);
	kthread_join(s->task);
}

KTEST(sched, a_spinning_thread_is_preempted)
{
	struct spinner s = { 0 };
	unsigned int cpu = smp_processor_id();

	kthread_bind(current, cpu);
	ASSERT(spinner_start(&s, cpu));
	/* We share the CPU with it: each time we run it has been preempted. */
	wait_until(READ_ONCE(s.turns), WAIT_MS);
	wait_until(READ_ONCE(s.task->nivcsw) >= 3, WAIT_MS);
	spinner_end(&s);
}

/* Negative control: it is preemption that lets us run. */
static int run_for_ticks(void *arg)
{
	struct spinner *s = arg;
	u64 end = ktime_ns() + 8 * TICK_NS, last = end + 20000000000;
	unsigned long turns, switches;

	preempt_disable();
	turns = READ_ONCE(s->turns);
	switches = current->nivcsw;
	while (ktime_ns() < end || (!need_resched() && ktime_ns() < last))
		cpu_relax();
	EXPECT_EQ(READ_ONCE(s->turns), turns);
	EXPECT(need_resched());
	preempt_enable(); /* switches here and now */
	EXPECT(current->nivcsw > switches);
	return 0;
}

/* SC4 */
KTEST(sched, preempt_disable_holds_preemption_off)
{
	struct spinner s = { 0 };
	unsigned int cpu = smp_processor_id();

	kthread_bind(current, cpu);
	ASSERT(spinner_start(&s, cpu));
	wait_until(READ_ONCE(s.turns), WAIT_MS);
	run_for_ticks(&s);
	spinner_end(&s);
}

KTEST(sched, round_robin_lets_each_have_its_turn)
{
	static struct spinner s[3];
	unsigned int cpu = smp_processor_id();
	int i;

	kthread_bind(current, cpu);
	memset(s, 0, sizeof(s));
	for (i = 0; i < 3; i++)
		ASSERT(spinner_start(&s[i], cpu));
	for (i = 0; i < 3; i++) {
		wait_until(READ_ONCE(s[i].task->nivcsw) >= 3, WAIT_MS);
		EXPECT(READ_ONCE(s[i].task->exec_ns) > 0);
	}
	for (i = 0; i < 3; i++)
		spinner_end(&s[i]);
}

/* All registers survive a preemption: the sums are made of all of them. */
static u64 register_loop(u64 seed, u64 turns)
{
	__asm__ volatile(
		"mov %0, %%rax; lea 1(%0), %%rbx; lea 2(%0), %%rdx\n\t"
		"lea 3(%0), %%rsi; lea 4(%0), %%r8; lea 5(%0), %%r9\n\t"
		"lea 6(%0), %%r10; lea 7(%0), %%r11; lea 8(%0), %%r12\n\t"
		"lea 9(%0), %%r13; lea 10(%0), %%r14\n"
		"lea 11(%0), %%r15\n"
		"1: pause\n\t"
		"dec %1\n\t"
		"jnz 1b\n\t"
		"add %%rax, %0; add %%rbx, %0; add %%rdx, %0\n\t"
		"add %%rsi, %0; add %%r8, %0; add %%r9, %0\n\t"
		"add %%r10, %0; add %%r11, %0; add %%r12, %0\n\t"
		"add %%r13, %0; add %%r14, %0; add %%r15, %0"
		: "+D"(seed), "+c"(turns)
		:
		: "rax", "rbx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12",
		  "r13", "r14", "r15", "cc");
	return seed;
}

static int register_thread(void *arg)
{
	u64 seed = (u64)arg, end = ktime_ns() + 10000000000;
	unsigned long first = current->nivcsw;

	while (READ_ONCE(current->nivcsw) < first + 3 && ktime_ns() < end)
		EXPECT_EQ(register_loop(seed, 20000), 13 * seed + 66);
	return 1;
}

/* SC3 */
KTEST(sched, registers_survive_preemption)
{
	unsigned int cpu = smp_processor_id();
	struct task_struct *task[2];
	int i;

	for (i = 0; i < 2; i++) {
		task[i] = kthread_create(register_thread,
					 (void *)(0x1111111100000000 * (i + 1)),
					 "registers");
		ASSERT(!IS_ERR(task[i]));
		kthread_bind(task[i], cpu);
	}
	for (i = 0; i < 2; i++)
		wake_up_process(task[i]);
	for (i = 0; i < 2; i++)
		EXPECT_EQ(kthread_join(task[i]), 1);
}

/* ---- sleeping and waking ------------------------------------------------- */

KTEST(sched, a_wakeup_before_the_sleep_is_not_lost)
{
	set_current_state(TASK_SLEEPING);
	EXPECT(wake_up_process(current));
	schedule(); /* does not sleep: nobody would wake this task */
	EXPECT_EQ(current->state, TASK_RUNNING);
	EXPECT(!wake_up_process(current));
}

/* Preempted between saying "asleep" and schedule(): still gets there. */
KTEST(sched, preemption_does_not_put_to_sleep_SC5)
{
	struct spinner s = { 0 };
	unsigned int cpu = smp_processor_id();
	unsigned long first;

	kthread_bind(current, cpu);
	ASSERT(spinner_start(&s, cpu));
	first = current->nivcsw;
	set_current_state(TASK_SLEEPING);
	/* Nobody would wake us. */
	while (READ_ONCE(current->nivcsw) < first + 2)
		cpu_relax();
	EXPECT(current->on_rq);
	set_current_state(TASK_RUNNING);
	spinner_end(&s);
}

static int sleep_forever(void *arg)
{
	bool *stop = arg;

	for (;;) {
		set_current_state(TASK_SLEEPING);
		if (READ_ONCE(*stop))
			break;
		schedule();
	}
	set_current_state(TASK_RUNNING);
	return 0;
}

KTEST(sched, a_sleeper_is_off_the_queue)
{
	bool stop = false;
	struct task_struct *task = kthread_run(sleep_forever, &stop, "sleeper");
	unsigned long before;

	ASSERT(!IS_ERR(task));
	wait_until(!READ_ONCE(task->on_rq) && !READ_ONCE(task->on_cpu),
		   WAIT_MS);
	before = READ_ONCE(task->nvcsw);
	EXPECT(wake_up_process(task));
	wait_until(READ_ONCE(task->nvcsw) == before + 1, WAIT_MS);
	WRITE_ONCE(stop, true);
	wake_up_process(task);
	kthread_join(task);
}

KTEST(sched, yield_counts_as_voluntary)
{
	unsigned long nvcsw = current->nvcsw;

	yield();
	yield();
	EXPECT_EQ(current->nvcsw, nvcsw + 2);
}

/* ---- places -------------------------------------------------------------- */

/* SC2 */
KTEST(sched, a_thread_moves_where_it_is_bound)
{
	unsigned int cpu;
	int round;

	for (round = 0; round < 5; round++) {
		for_each_online_cpu(cpu) {
			EXPECT_EQ(kthread_bind(current, cpu), 0);
			EXPECT_EQ(smp_processor_id(), cpu);
			EXPECT_EQ(current->cpu, cpu);
		}
	}
	EXPECT_EQ(kthread_bind(current, NR_CPUS), -EINVAL);
	EXPECT_EQ(kthread_bind(current, num_online_cpus()), -EINVAL);
	kthread_bind(current, CPU_ANY);
}

static int stay(void *arg)
{
	unsigned int cpu = smp_processor_id();
	int i;

	for (i = 0; i < 20; i++) {
		yield();
		EXPECT_EQ(smp_processor_id(), cpu);
		sleep_ns(1);
		EXPECT_EQ(smp_processor_id(), cpu);
	}
	return 1;
}

KTEST(sched, a_bound_thread_stays)
{
	EXPECT_EQ(on_all_cpus_run(stay, NULL), num_online_cpus());
}

/* Several that are bound to one CPU stay though the others idle. */
KTEST(sched, nobody_pulls_a_bound_thread)
{
	static struct spinner s[3];
	int i;

	memset(s, 0, sizeof(s));
	for (i = 0; i < 3; i++)
		ASSERT(spinner_start(&s[i], 0));
	for (i = 0; i < 3; i++)
		wait_until(READ_ONCE(s[i].task->nivcsw) >= 2, WAIT_MS);
	for (i = 0; i < 3; i++) {
		spinner_end(&s[i]);
		EXPECT_EQ(s[i].cpus, BIT(0));
	}
}

static u64 places(const struct spinner *s, unsigned int n)
{
	u64 cpus = 0;

	while (n--)
		cpus |= READ_ONCE(s[n].cpus);
	return cpus;
}

/* As many spinners as CPUs, all born on one: idle CPUs come and get them. */
/* SC1 */
KTEST(sched, idle_cpus_pull)
{
	static struct spinner s[NR_CPUS];
	unsigned int i, n = num_online_cpus();

	if (n == 1)
		KTEST_SKIP("needs two CPUs");
	memset(s, 0, sizeof(s));
	kthread_bind(current, 0);
	for (i = 0; i < n; i++)
		ASSERT(spinner_start(&s[i], CPU_ANY));
	wait_until(places(s, n) == READ_ONCE(cpu_online_mask), WAIT_MS);
	for (i = 0; i < n; i++)
		spinner_end(&s[i]);
}

/* ---- asking idle CPUs to pull -------------------------------------------- */

/* CPUs held in a handler: what they are asked stays to be seen. */
static struct held {
	bool in, go; /* [A] */
	bool halted; /* the handler came to a CPU that halts */
} held[NR_CPUS];

static void hold(void *arg)
{
	struct held *h = &held[smp_processor_id()];

	h->halted = this_cpu_read(idle_quiet);
	smp_store_release(&h->in, true);
	spin_until(READ_ONCE(h->go), smp_timeout_ns);
	smp_store_release(&h->in, false);
}

static void let_go(unsigned int cpu)
{
	for (; cpu < num_online_cpus(); cpu++)
		WRITE_ONCE(held[cpu].go, true);
}

static bool was_asked(unsigned int cpu)
{
	return READ_ONCE(per_cpu(resched_request, cpu));
}

/* Hold all CPUs but 0. Return: whether all halt and nobody has asked them. */
static bool hold_others(void)
{
	unsigned int cpu, n = num_online_cpus();
	bool good = true;

	for (cpu = 1; cpu < n; cpu++) {
		spin_until(!smp_load_acquire(&held[cpu].in), smp_timeout_ns);
		held[cpu].go = false;
		smp_call_function_single(cpu, hold, NULL, false);
	}
	for (cpu = 1; cpu < n; cpu++)
		good &= spin_until(smp_load_acquire(&held[cpu].in),
				   smp_timeout_ns) &&
			held[cpu].halted;
	for (cpu = 1; cpu < n; cpu++)
		good &= !was_asked(cpu);
	if (!good)
		let_go(1);
	return good;
}

/* CPU 1 halts and is asked for both. It takes @own, so it asks CPU 2. */
static void wake_two(struct spinner *own, struct spinner *other)
{
	bool ready;

	preempt_disable();
	ready = EXPECT(spin_until(hold_others(), smp_timeout_ns));
	local_irq_disable();
	wake_up_process(own->task);
	wake_up_process(other->task);
	EXPECT(!ready || (was_asked(1) && !was_asked(2)));
	WRITE_ONCE(held[1].go, true);
	EXPECT(spin_until(READ_ONCE(own->turns), smp_timeout_ns));
	EXPECT(was_asked(2));
	local_irq_enable();
	let_go(2);
	preempt_enable();
	wait_until(READ_ONCE(other->turns), WAIT_MS);
}

/* @other is queued on @cpu, and may move. */
static void wake_own_and(struct spinner *other, unsigned int cpu)
{
	struct spinner own = { .no_preempt = true };

	own.task = kthread_create(spin, &own, "own");
	ASSERT(!IS_ERR(own.task));
	other->task = kthread_create(spin, other, "other");
	if (EXPECT(!IS_ERR(other->task))) {
		kthread_bind(current, 0);
		kthread_bind(own.task, 1);
		kthread_bind(other->task, cpu);
		kthread_bind(other->task, CPU_ANY);
		wake_two(&own, other);
		spinner_end(other);
	} else {
		wake_up_process(own.task);
	}
	spinner_end(&own);
}

static void wake_on_0(struct spinner *bound, struct spinner *free)
{
	preempt_disable();
	EXPECT(spin_until(hold_others(), smp_timeout_ns));
	local_irq_disable();
	wake_up_process(bound->task);
	EXPECT(!was_asked(1));
	wake_up_process(free->task);
	EXPECT(was_asked(1));
	local_irq_enable();
	let_go(1);
	preempt_enable();
}

KTEST(sched, a_busy_cpu_asks_one_that_halts_SC7)
{
	struct spinner bound = { 0 }, other = { 0 };

	if (num_online_cpus() < 2)
		KTEST_SKIP("needs two CPUs");
	kthread_bind(current, 0);
	bound.task = kthread_create(spin, &bound, "bound");
	ASSERT(!IS_ERR(bound.task));
	kthread_bind(bound.task, 0);
	other.task = kthread_create(spin, &other, "other");
	if (EXPECT(!IS_ERR(other.task))) {
		wake_on_0(&bound, &other);
		spinner_end(&other);
	} else {
		wake_up_process(bound.task);
	}
	spinner_end(&bound);
}

KTEST(sched, a_cpu_with_a_task_of_its_own_passes_a_request_on_SC7)
{
	struct spinner other = { 0 };

	if (num_online_cpus() < 3)
		KTEST_SKIP("needs three CPUs");
	wake_own_and(&other, 0);
}

KTEST(sched, a_cpu_with_two_tasks_of_its_own_asks_for_one_SC7)
{
	struct spinner other = { 0 };

	if (num_online_cpus() < 3)
		KTEST_SKIP("needs three CPUs");
	wake_own_and(&other, 1);
}

/* With nothing to do every CPU but ours halts. */
static unsigned int busy_cpus(void)
{
	unsigned int cpu, n = 0;

	for_each_online_cpu(cpu)
		n += sched_nr_running(cpu) != 0;
	return n;
}

KTEST(sched, the_others_idle)
{
	EXPECT(wait_until(busy_cpus() == 1, WAIT_MS));
	EXPECT(sched_cpu_task(smp_processor_id()) == current ||
	       preempt_count() == 0);
}
