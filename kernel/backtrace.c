// SPDX-License-Identifier: MIT
/*
 * Backtraces of other CPUs and tasks: a CPU is asked by NMI.
 *
 * Owns the one outstanding question.
 *
 * Invariants:
 * BT1 The answer buffer belongs to the asker while the state is QUIET, ASKED or
 *    ANSWERED, and to the NMI handler of the asked CPU while it is ANSWERING.
 *
 * Context: asking: any but NMI, interrupts on or off; every wait is bounded.
 * Answering: NMI, not traceable.
 */
#include "kernel/base/clock.h"
#include "kernel/base/printk.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/stacktrace.h"
#include <asm/atomic.h>
#include <asm/context.h>
#include <asm/cpu.h>
#include <asm/smp.h>

#define ANSWER_DEPTH 32
#define ANSWER_MS    1000

enum question_state { QUIET, ASKED, ANSWERING, ANSWERED };

static struct {
	u32 busy;  /* [A] a CPU is asking */
	u32 state; /* [A] enum question_state */
	u32 cpu;   /* [busy] the CPU that is asked */
	unsigned int n;
	unsigned long trace[ANSWER_DEPTH];
} question;

/* NMI handler: answers if this CPU is asked. Not traceable. */
static notrace bool answer_nmi(struct pt_regs *regs)
{
	u32 asked = ASKED;

	if (READ_ONCE(question.cpu) != smp_processor_id() ||
	    !try_cmpxchg(&question.state, &asked, ANSWERING))
		return false;
	question.n =
		stack_trace_save_regs(regs, question.trace, ANSWER_DEPTH, 0);
	smp_store_release(&question.state, ANSWERED);
	return true;
}

int stacktrace_init(void)
{
	return nmi_handler_register(answer_nmi);
}

/* Wait for the answer, or withdraw the question. Return: whether answered. */
static bool wait_answer(u64 deadline)
{
	u32 asked = ASKED;

	while (smp_load_acquire(&question.state) != ANSWERED) {
		if (ktime_ns() > deadline &&
		    try_cmpxchg(&question.state, &asked, QUIET))
			return false;
		asked = ASKED;
		cpu_relax();
	}
	return true;
}

static bool question_begin(u64 deadline)
{
	u32 free;

	do {
		free = 0;
		if (try_cmpxchg(&question.busy, &free, 1))
			return true;
		cpu_relax();
	} while (ktime_ns() < deadline);
	return false;
}

static unsigned int ask(unsigned int cpu, unsigned long *buf, unsigned int max,
			u64 deadline)
{
	unsigned int n = 0;

	WRITE_ONCE(question.cpu, cpu);
	smp_store_release(&question.state, ASKED);
	send_nmi(cpu);
	if (wait_answer(deadline)) {
		n = min(question.n, max);
		memcpy(buf, question.trace, n * sizeof(*buf));
	}
	smp_store_release(&question.state, QUIET);
	return n;
}

unsigned int cpu_backtrace(unsigned int cpu, unsigned long *buf,
			   unsigned int max, unsigned int ms)
{
	u64 deadline = ktime_ns() + ms * 1000000ULL;
	unsigned int n = 0;

	preempt_disable();
	if (cpu == smp_processor_id()) {
		n = stack_trace_save(buf, max, 0);
	} else if (cpu_online(cpu) && question_begin(deadline)) {
		n = ask(cpu, buf, max, deadline);
		smp_store_release(&question.busy, 0);
	}
	preempt_enable();
	return n;
}

static void show_cpus(void)
{
	unsigned long trace[ANSWER_DEPTH];
	unsigned int cpu, n;

	for_each_online_cpu(cpu) {
		struct task_struct *task = sched_cpu_task(cpu);

		n = cpu_backtrace(cpu, trace, ANSWER_DEPTH, ANSWER_MS);
		pr_warn("CPU %u runs %s (pid %d)%s", cpu, task->comm, task->pid,
			n ? ":" : ", does not answer");
		stack_trace_print(trace, n);
	}
}

void show_all_tasks(void)
{
	static const char *const states[] = {
		[TASK_RUNNING] = "runnable",
		[TASK_SLEEPING] = "sleeping",
		[TASK_NEW] = "new",
		[TASK_DEAD] = "dead",
	};
	unsigned long trace[ANSWER_DEPTH];
	struct task_struct *task;

	show_cpus();
	if (!spin_trylock(&task_list_lock)) {
		pr_warn("list of tasks is locked");
		return;
	}
	for_each_task(task) {
		if (READ_ONCE(task->on_cpu))
			continue;
		pr_warn("%s (pid %d) is %s:", task->comm, task->pid,
			states[task->state]);
		stack_trace_print(trace, stack_trace_save_task(
						 task, trace, ANSWER_DEPTH, 0));
	}
	spin_unlock(&task_list_lock);
}
