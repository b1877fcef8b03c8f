// SPDX-License-Identifier: MIT
/*
 * The load of the patch tests.
 *
 * Owns one task per CPU, an NMI handler, the INT3 hook, and the versions.
 *
 * Each context of each CPU counts for itself, so nothing here is shared but
 * the two version numbers and the history of kinds, which only grow.
 *
 * Context: load_*() task; the counting in task, irq and nmi. What runs in irq
 * and nmi here is small enough to be untraceable as a whole.
 */
#include "arch/x86_64/cpu/traps.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/kernel/poke_film.h"
#include "tests/kernel/poke_load.h"
#include "tests/kernel/trap_owner.h"
#include <asm/atomic.h>
#include <asm/cpu.h>
#include <asm/pt_regs.h>
#include <asm/smp.h>

#define HISTORY	   4096 /* versions; older ones are never asked for */
#define CALLS	   8	/* in a row, in each context */
#define PEST_EVERY 16	/* rounds of CALLS until others are interrupted */

struct cpu_load {
	struct load_count count[NR_LOAD_FROM];
	u64 random[NR_LOAD_FROM];
	u64 int3_fired, int3_handled;
	struct task_struct *task;
	u32 irq_pending;
} __aligned(64);

static struct cpu_load loads[NR_CPUS];
static struct farm *farm;
static unsigned int what;
static bool leaving;

static u8 history[HISTORY]; /* enum farm_kind of each version */
static u32 begun, done;	    /* [A] versions; done <= begun */

/* ---- one call, judged ---- */

static notrace bool allowed(u32 landed, u32 from, u32 to)
{
	u32 v;

	if (to - from >= HISTORY)
		return true;
	for (v = from; v != to + 1; v++)
		if (farm_landing(history[v % HISTORY]) == landed)
			return true;
	return false;
}

/* Which target, or -1 when it is none of them exactly once. */
static notrace int kind_of(u32 landed)
{
	switch (landed) {
	case LANDED_NOP:
		return FARM_NOP;
	case LANDED_A:
		return FARM_A;
	case LANDED_B:
		return FARM_B;
	case LANDED_C:
		return FARM_C;
	case LANDED_JMP8:
		return FARM_JMP8;
	default:
		return -1;
	}
}

static notrace void judge(struct load_count *count, u32 landed, u32 from,
			  u32 to)
{
	int kind = kind_of(landed);

	count->calls++;
	if (kind < 0) {
		count->torn++;
		count->doubled++;
	} else {
		count->landed[kind]++;
	}
	if (kind >= 0 && allowed(landed, from, to))
		return;
	count->lost += landed == LANDED_NOP;
	if (!count->wrong++) {
		count->first_wrong = landed;
		count->allowed_from = from;
		count->allowed_to = to;
	}
}

static notrace void call_some(enum load_from from)
{
	struct cpu_load *load = &loads[smp_processor_id()];
	unsigned int i;

	for (i = 0; i < CALLS; i++) {
		size_t pick = farm_random(&load->random[from]) % farm->n;
		u32 sure = READ_ONCE(done), landed;
		u64 since = film_time();

		barrier();
		landed = farm_call(farm_fn(farm, pick));
		barrier();
		judge(&load->count[from], landed, sure, READ_ONCE(begun));
		if (from == LOAD_TASK)
			film_call(pick, since, landed, NULL);
	}
}

/* ---- in an arena: one call that may end in a trap ---- */

struct caught_call {
	unsigned long fn;
	u32 landed;
};

static notrace void call_it(void *arg)
{
	struct caught_call *call = arg;

	call->landed = farm_call(call->fn);
}

static void call_and_survive(struct cpu_load *load)
{
	struct load_count *count = &load->count[LOAD_TASK];
	struct trap_info info;
	size_t pick = farm_random(&load->random[LOAD_TASK]) % farm->n;
	struct caught_call call = { .fn = farm_fn(farm, pick) };
	u32 sure = READ_ONCE(done);
	u64 since = film_time();

	barrier();
	if (trap_catch(ARENA_TRAPS, call_it, &call, &info)) {
		count->calls++;
		count->faults++;
		count->torn++;
		count->undefined += info.vector == X86_TRAP_UD;
		film_call(pick, since, 0, &info);
		return;
	}
	barrier();
	judge(count, call.landed, sure, READ_ONCE(begun));
	film_call(pick, since, call.landed, NULL);
}

/* ---- the three contexts ---- */

static notrace void in_interrupt(void *arg)
{
	call_some(LOAD_IRQ);
	WRITE_ONCE(*(u32 *)arg, 0);
}

static notrace bool in_an_nmi(struct pt_regs *regs)
{
	if (READ_ONCE(leaving))
		return true;
	call_some(LOAD_NMI);
	return true;
}

/* An INT3 that nobody but this test knows; see farm_int3(). */
static notrace bool unrelated_int3(struct pt_regs *regs)
{
	if (regs->ip - 1 != (unsigned long)farm_int3_at)
		return false;
	loads[smp_processor_id()].int3_handled++;
	return true;
}

static void be_a_pest(struct cpu_load *load)
{
	unsigned int other = farm_random(&load->random[0]) % num_online_cpus();

	if (what & LOAD(LOAD_NMI))
		send_nmi(other);
	/* At most one call of mine is on its way. */
	if (what & LOAD(LOAD_IRQ) && !READ_ONCE(load->irq_pending)) {
		WRITE_ONCE(load->irq_pending, 1);
		smp_call_function_single(other, in_interrupt,
					 &load->irq_pending, false);
	}
}

static int call_all_the_time(void *arg)
{
	struct cpu_load *load = arg;
	unsigned int turn = 0, i;

	while (!READ_ONCE(leaving)) {
		if (farm->arena) {
			for (i = 0; i < CALLS; i++)
				call_and_survive(load);
		} else if (what & LOAD(LOAD_TASK)) {
			preempt_disable();
			call_some(LOAD_TASK);
			preempt_enable();
		}
		if (what & LOAD_INT3) {
			preempt_disable();
			load->int3_fired++;
			if (farm_call((unsigned long)farm_int3))
				load->count[LOAD_TASK].torn++;
			preempt_enable();
		}
		if (!farm->arena && turn++ % PEST_EVERY == 0)
			be_a_pest(load);
		/*
		 * Where CPUs take turns, somebody may starve. In an arena
		 * turns must end anywhere, so they are seldom ended here.
		 */
		if (!farm->arena || farm_random(&load->random[0]) % 64 == 0)
			cpu_relax();
		cond_resched();
	}
	while (READ_ONCE(load->irq_pending))
		cpu_relax();
	return 0;
}

/* ---- beginning and end ---- */

static int start_task(unsigned int cpu)
{
	struct cpu_load *load = &loads[cpu];
	unsigned int i;

	for (i = 0; i < NR_LOAD_FROM; i++)
		load->random[i] = 0x9e3779b97f4a7c15ull * (cpu * 4 + i + 1);
	load->task = kthread_create(call_all_the_time, load, "load/%u", cpu);
	if (IS_ERR(load->task)) {
		load->task = NULL;
		return -ENOMEM;
	}
	kthread_bind(load->task, cpu);
	wake_up_process(load->task);
	return 0;
}

int load_begin(struct farm *on, unsigned int load, bool all_cpus)
{
	unsigned int cpu, me;
	int err = 0;

	memset(loads, 0, sizeof(loads));
	farm = on;
	what = load;
	leaving = false;
	begun = done = 0;
	history[0] = (u8)on->kind;
	me = smp_processor_id();
	kthread_bind(current, me);
	trap_set_int3_hook(unrelated_int3);
	if (what & LOAD(LOAD_NMI))
		err = nmi_handler_register(in_an_nmi);
	for_each_online_cpu(cpu)
		if (!err && (all_cpus || cpu != me))
			err = start_task(cpu);
	if (err)
		load_end();
	return err;
}

void load_poke_begins(enum farm_kind kind)
{
	history[(begun + 1) % HISTORY] = (u8)kind;
	smp_store_release(&begun, begun + 1);
}

void load_poke_is_done(void)
{
	smp_store_release(&done, begun);
}

int load_poke(enum farm_kind kind)
{
	int err;

	film_batch(farm, kind);
	load_poke_begins(kind);
	err = farm_poke(farm, kind);
	load_poke_is_done();
	return err;
}

static void add_count(struct load_count *sum, const struct load_count *count,
		      enum load_from from)
{
	unsigned int i;

	sum->calls += count->calls;
	sum->calls_from[from] += count->calls;
	sum->torn += count->torn;
	sum->lost += count->lost;
	sum->doubled += count->doubled;
	sum->faults += count->faults;
	sum->undefined += count->undefined;
	for (i = 0; i < NR_FARM_KINDS; i++)
		sum->landed[i] += count->landed[i];
	if (count->wrong && !sum->wrong) {
		sum->first_wrong = count->first_wrong;
		sum->allowed_from = count->allowed_from;
		sum->allowed_to = count->allowed_to;
	}
	sum->wrong += count->wrong;
}

struct load_count load_end(void)
{
	struct load_count sum = { .calls = 0 };
	unsigned int cpu, from;

	WRITE_ONCE(leaving, true);
	for_each_online_cpu(cpu)
		if (loads[cpu].task)
			kthread_join(loads[cpu].task);
	if (what & LOAD(LOAD_NMI))
		nmi_handler_unregister(in_an_nmi);
	trap_set_int3_hook(NULL);
	for_each_online_cpu(cpu)
		for (from = 0; from < NR_LOAD_FROM; from++)
			add_count(&sum, &loads[cpu].count[from], from);
	film_end(&sum);
	kthread_bind(current, CPU_ANY);
	return sum;
}

static u64 sum_over_cpus(size_t offset)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu)
		sum += *(volatile u64 *)((char *)&loads[cpu] + offset);
	return sum;
}

/* Of a member of load_count, over all contexts of all CPUs. */
static u64 sum_of_counts(size_t member)
{
	unsigned int from;
	u64 sum = 0;

	for (from = 0; from < NR_LOAD_FROM; from++)
		sum += sum_over_cpus(offsetof(struct cpu_load, count) +
				     from * sizeof(struct load_count) + member);
	return sum;
}

u64 load_calls_made(void)
{
	return sum_of_counts(offsetof(struct load_count, calls));
}

u64 load_torn(void)
{
	return sum_of_counts(offsetof(struct load_count, torn));
}

u64 load_wrong(void)
{
	return sum_of_counts(offsetof(struct load_count, wrong));
}

u64 load_int3_fired(void)
{
	return sum_over_cpus(offsetof(struct cpu_load, int3_fired));
}

u64 load_int3_handled(void)
{
	return sum_over_cpus(offsetof(struct cpu_load, int3_handled));
}

u64 load_landed_somewhere(const struct load_count *count)
{
	u64 sum = 0;
	unsigned int i;

	for (i = FARM_NOP + 1; i < NR_FARM_KINDS; i++)
		sum += count->landed[i];
	return sum;
}
