// SPDX-License-Identifier: MIT
/*
 * The load of the suites of the ftrace core; see the header.
 *
 * Each context of each CPU counts for itself. Irq and NMI parts are not
 * traceable, so that nobody but the targets is called there.
 */
#include "kernel/base/clock.h"
#include "kernel/base/cmdline.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/kernel/ftrace_load.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_slices.h"
#include <asm/cpu.h>
#include <asm/smp.h>

#define BURST		50 /* calls of a task between two interruptions */
#define INTERRUPT_CALLS 3

struct cpu_load {
	u64 task, irq, nmi; /* calls made; each written by one context */
	unsigned int turn;
	u32 irq_pending;
	struct task_struct *thread;
} __aligned(64);

static struct cpu_load loads[NR_CPUS];
static unsigned int first_target, nr_targets;
static bool leaving;

static notrace target_fn pick(struct cpu_load *load)
{
	return ftrace_target[first_target + load->turn++ % nr_targets];
}

static notrace void in_interrupt(void *arg)
{
	struct cpu_load *load = &loads[smp_processor_id()];
	unsigned int i;

	for (i = 0; i < INTERRUPT_CALLS; i++) {
		pick(load)();
		load->irq++;
	}
	WRITE_ONCE(*(u32 *)arg, 0);
}

static notrace bool in_an_nmi(struct pt_regs *regs)
{
	struct cpu_load *load = &loads[smp_processor_id()];
	unsigned int i;

	if (READ_ONCE(leaving))
		return true;
	for (i = 0; i < INTERRUPT_CALLS; i++) {
		ftrace_target[first_target + i % nr_targets]();
		load->nmi++;
	}
	return true;
}

static void disturb(struct cpu_load *load)
{
	unsigned int other = (smp_processor_id() + 1) % num_online_cpus();

	send_nmi(other);
	if (READ_ONCE(load->irq_pending))
		return;
	WRITE_ONCE(load->irq_pending, 1);
	smp_call_function_single(other, in_interrupt, &load->irq_pending,
				 false);
}

static int call_all_the_time(void *arg)
{
	struct cpu_load *load = arg;
	unsigned int i;

	while (!READ_ONCE(leaving)) {
		for (i = 0; i < BURST; i++) {
			pick(load)();
			load->task++;
		}
		disturb(load);
		cpu_relax(); /* where CPUs take turns: somebody may starve */
		yield(); /* to a patcher on this CPU: no slice is waited for */
	}
	while (READ_ONCE(load->irq_pending))
		cpu_relax();
	return 0;
}

static int start_on(unsigned int cpu)
{
	struct cpu_load *load = &loads[cpu];

	load->thread = kthread_create(call_all_the_time, load, "calls/%u", cpu);
	if (IS_ERR(load->thread)) {
		load->thread = NULL;
		return -ENOMEM;
	}
	kthread_bind(load->thread, cpu);
	wake_up_process(load->thread);
	return 0;
}

int call_load_begin(unsigned int first, unsigned int n)
{
	unsigned int cpu;
	int err;

	memset(loads, 0, sizeof(loads));
	first_target = first;
	nr_targets = n;
	leaving = false;
	slices_begin(SLICES_SHORT + 1);
	err = nmi_handler_register(in_an_nmi);
	for_each_online_cpu(cpu)
		if (!err)
			err = start_on(cpu);
	if (err)
		call_load_end();
	return err;
}

u64 call_load_made(void)
{
	unsigned int cpu;
	u64 sum = 0;

	for_each_online_cpu(cpu)
		sum += READ_ONCE(loads[cpu].task) + READ_ONCE(loads[cpu].irq) +
		       READ_ONCE(loads[cpu].nmi);
	return sum;
}

CMDLINE_NUMBER(rounds, 0, 1000000000,
	       "exchanges a test makes, instead of 2 s of them");

bool call_load_enough(unsigned int done, unsigned int normal, u64 start)
{
	u64 asked = cmdline_u64("rounds", 0);

	slices_vary();
	if (asked)
		return done >= asked;
	return done >= normal ||
	       (done >= 10 && ktime_ns() - start > 2000000000ULL);
}

u64 call_load_end(void)
{
	unsigned int cpu;

	slices_end();
	WRITE_ONCE(leaving, true);
	for_each_online_cpu(cpu)
		if (loads[cpu].thread)
			kthread_join(loads[cpu].thread);
	nmi_handler_unregister(in_an_nmi);
	return call_load_made();
}

void call_load_progress(void)
{
	u64 goal = call_load_made() + 2 * BURST * num_online_cpus();

	wait_until(call_load_made() > goal, 20000);
}
