// SPDX-License-Identifier: MIT
/*
 * Kernel threads: creating, binding, ending and joining them.
 *
 * Owns the contents of task_list and the lifetime of task_structs and their
 * stacks.
 *
 * Invariants:
 * KT1 A task is on task_list from its creation until it has been joined or
 *    reaped; only then are its struct and its stack freed.
 * KT2 No task is freed before it is `gone`: dead, and no CPU is on its stack.
 * KT3 A CPU number has one idle task, however often its CPU is started.
 *
 * Context and locks: task_list_lock is taken with interrupts off, run queue
 * locks come inside it.
 */
#include "kernel/base/panic.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched_internal.h"
#include "kernel/timer.h"
#include "kernel/trace_hooks.h"
#include <asm/atomic.h>
#include <asm/smp.h>
#include <asm/switch.h>
#include "arch/x86_64/mm/paging.h"
#include "kernel/sched.h"
#include "kernel/sched_events.h"

/*
 * boot_task is what runs from the first instruction on: it becomes the idle
 * task of CPU 0.
 */
static atomic_t last_pid;
static struct task_struct boot_task;
static struct task_struct *idle_tasks[NR_CPUS]; /* KT3; [I] once it is set */

struct task_struct *sched_idle_task(unsigned int cpu)
{
	return READ_ONCE(idle_tasks[cpu]);
}

unsigned int sched_nr_running(unsigned int cpu)
{
	const struct run_queue *rq = &per_cpu(run_queue, cpu);

	return READ_ONCE(rq->nr_queued) + (READ_ONCE(rq->curr) != rq->idle);
}

unsigned long sched_nr_switches(unsigned int cpu)
{
	return READ_ONCE(per_cpu(run_queue, cpu).nr_switches);
}

struct task_struct *sched_cpu_task(unsigned int cpu)
{
	return READ_ONCE(per_cpu(run_queue, cpu).curr);
}

/* pid 0, on no list: an idle task is never created, joined or reaped. */
static void idle_task_init(struct task_struct *task, unsigned int cpu)
{
	snprintf(task->comm, sizeof(task->comm), "swapper/%u", cpu);
	INIT_LIST_HEAD(&task->run_list);
	INIT_LIST_HEAD(&task->task_list);
	run_queue_init(cpu, task);
	WRITE_ONCE(idle_tasks[cpu], task);
}

/* Before anything asks for `current`. */
void sched_init_early(void)
{
	set_current_task(&boot_task, 0);
	idle_task_init(&boot_task, 0);
}

/* Return: a zeroed task with a stack; NULL if there is no memory. */
static struct task_struct *task_alloc(void)
{
	struct task_struct *task = kzalloc(sizeof(*task));

	if (!task)
		return NULL;
	task->stack = stack_alloc();
	if (!task->stack) {
		kfree(task);
		return NULL;
	}
	task->stack_size = STACK_SIZE;
	return task;
}

/* KT2: the task is gone. Its hooks may still look at it. */
static void task_free(struct task_struct *task)
{
	trace_sched_process_free(task);
	for_each_task_hook(ended, task);
	stack_free(task->stack);
	kfree(task);
}

/*
 * The first code of a new thread. It comes here from a switch, so with the run
 * queue locked and interrupts off, as every other task leaves one.
 */
static void kthread_main(struct task_struct *prev)
{
	finish_switch(prev);
	local_irq_enable();
	preempt_enable();
	kthread_exit(current->fn(current->arg));
}

/* Return: whether a task on task_list has the pid. Context: task_list_lock. */
static bool pid_taken(int pid)
{
	struct task_struct *task;

	for_each_task(task)
		if (task->pid == pid)
			return true;
	return false;
}

/* List a new task, unless its pid is taken. Return: 0; -EBUSY */
static int list_task(struct task_struct *task)
{
	unsigned long flags;
	bool taken;

	spin_lock_irqsave(&task_list_lock, flags);
	taken = pid_taken(task->pid);
	if (!taken)
		list_add_tail(&task->task_list, &task_list);
	spin_unlock_irqrestore(&task_list_lock, flags);
	return taken ? -EBUSY : 0;
}

/* @pid 0: the next one. */
static struct task_struct *create(int (*fn)(void *arg), void *arg, int pid,
				  const char *namefmt, va_list ap)
{
	struct task_struct *task;
	int ret;

	kthread_reap();
	task = task_alloc();
	if (!task)
		return ERR_PTR(-ENOMEM);
	vsnprintf(task->comm, sizeof(task->comm), namefmt, ap);
	task->fn = fn;
	task->arg = arg;
	task->state = TASK_NEW;
	task->pinned = CPU_ANY;
	task->cpu = smp_processor_id();
	task->sp = switch_stack_prepare((char *)task->stack + STACK_SIZE,
					kthread_main);
	INIT_LIST_HEAD(&task->run_list);
	do {
		task->pid = pid ?: atomic_inc_return(&last_pid);
		ret = list_task(task);
	} while (ret && !pid);
	if (ret) {
		stack_free(task->stack);
		kfree(task);
		return ERR_PTR(ret);
	}
	/* List it first: the tracer walks the list, then expects this call. */
	for_each_task_hook(created, task);
	trace_sched_process_fork(current, task);
	return task;
}

/*
 * The task does not run before wake_up_process(): until then it can be bound.
 */
struct task_struct *kthread_create(int (*fn)(void *arg), void *arg,
				   const char *namefmt, ...)
{
	struct task_struct *task;
	va_list ap;

	va_start(ap, namefmt);
	task = create(fn, arg, 0, namefmt, ap);
	va_end(ap);
	return task;
}

struct task_struct *kthread_create_as(int (*fn)(void *arg), void *arg, int pid,
				      const char *namefmt, ...)
{
	struct task_struct *task;
	va_list ap;

	BUG_ON(pid <= 0);
	va_start(ap, namefmt);
	task = create(fn, arg, pid, namefmt, ap);
	va_end(ap);
	return task;
}

/* Never backwards: a pid is not given twice. */
void kthread_pids_from(int first)
{
	if (atomic_read(&last_pid) < first - 1)
		atomic_set(&last_pid, first - 1);
}

/*
 * A task binds itself, or one that has not run yet: so it is never on a CPU
 * where it may not be.
 */
int kthread_bind(struct task_struct *task, unsigned int cpu)
{
	struct run_queue *rq;
	unsigned long flags;

	if (cpu != CPU_ANY && !cpu_online(cpu))
		return -EINVAL;
	BUG_ON(task != current && task->state != TASK_NEW);
	rq = task_rq_lock(task, &flags);
	task->pinned = cpu;
	if (task->state == TASK_NEW && cpu != CPU_ANY)
		task->cpu = cpu;
	spin_unlock_irqrestore(&rq->lock, flags);
	while (task == current && cpu != CPU_ANY && smp_processor_id() != cpu)
		yield();
	return 0;
}

/*
 * The task's struct and stack stay until somebody joins or reaps it: it still
 * stands on that stack.
 */
void kthread_exit(int result)
{
	trace_sched_process_exit(current);
	current->result = result;
	set_current_state(TASK_DEAD);
	for (;;)
		schedule();
}

/* The tracer saves a name once: it has to save this one, too. */
void kthread_rename(const char *name)
{
	unsigned long flags;

	spin_lock_irqsave(&task_list_lock, flags);
	memset(current->comm, 0, sizeof(current->comm));
	strscpy(current->comm, name, sizeof(current->comm));
	current->trace_name = 0;
	spin_unlock_irqrestore(&task_list_lock, flags);
}

/*
 * The exit of the task wakes its joiner under task_list_lock, so the state is
 * set before `gone` is read.
 */
int kthread_join(struct task_struct *task)
{
	unsigned long flags;
	int result;

	might_sleep();
	trace_sched_process_wait(task);
	spin_lock_irqsave(&task_list_lock, flags);
	BUG_ON(task->joiner || task->detached);
	task->joiner = current;
	for (;;) {
		set_current_state(TASK_SLEEPING);
		if (task->gone)
			break;
		spin_unlock_irqrestore(&task_list_lock, flags);
		schedule();
		spin_lock_irqsave(&task_list_lock, flags);
	}
	set_current_state(TASK_RUNNING);
	list_del(&task->task_list);
	spin_unlock_irqrestore(&task_list_lock, flags);
	result = task->result;
	task_free(task);
	return result;
}

/* Nobody will join it; kthread_reap() frees it when it is gone. */
void kthread_detach(struct task_struct *task)
{
	unsigned long flags;

	spin_lock_irqsave(&task_list_lock, flags);
	BUG_ON(task->joiner || task->detached);
	task->detached = true;
	spin_unlock_irqrestore(&task_list_lock, flags);
}

/* Unlink a detached task that is gone. Return: the task, or NULL. */
static struct task_struct *take_gone(void)
{
	struct task_struct *task, *found = NULL;
	unsigned long flags;

	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task) {
		if (!task->detached || !task->gone)
			continue;
		list_del(&task->task_list);
		found = task;
		break;
	}
	spin_unlock_irqrestore(&task_list_lock, flags);
	return found;
}

/* One at a time: the list is unlocked while a task is freed. */
void kthread_reap(void)
{
	struct task_struct *task;

	while ((task = take_gone()))
		task_free(task);
}

/* The boot task was there before the hooks were. */
int sched_init(void)
{
	for_each_task_hook(created, &boot_task);
	return 0;
}

void sched_start(int (*fn)(void *arg), void *arg)
{
	struct task_struct *init;

	sched_active = true;
	preempt_disable(); /* for good: this is the idle task from now on */
	init = kthread_run(fn, arg, "init");
	if (IS_ERR(init))
		panic("no memory for the first thread");
	kthread_detach(init);
	local_irq_enable();
	idle_loop();
}

/* Up-calls from CPU bring-up, see <asm/upcalls.h>. */

/* Return: NULL without memory. */
static struct task_struct *make_idle_task(unsigned int cpu)
{
	struct task_struct *task = task_alloc();

	if (!task)
		return NULL;
	idle_task_init(task, cpu);
	timer_init_cpu(cpu);
	for_each_task_hook(created, task);
	return task;
}

/* The first error ends it, and the CPU is not started. */
static int call_cpu_starting(unsigned int cpu)
{
	const struct task_hooks *const *hooks;
	int ret = 0;

	for_each_entry(hooks, task_hooks) if (!ret && (*hooks)->cpu_starting)
		ret = (*hooks)->cpu_starting(cpu);
	return ret;
}

int secondary_prepare(unsigned int cpu, struct task_struct **idle,
		      void **stack_top)
{
	struct task_struct *task = sched_idle_task(cpu); /* KT3 */

	if (!task)
		task = make_idle_task(cpu);
	if (!task)
		return -ENOMEM;
	*idle = task;
	*stack_top = (char *)task->stack + STACK_SIZE;
	return call_cpu_starting(cpu);
}

/* A secondary CPU is its own idle task from here on. */
void secondary_main(void)
{
	preempt_disable();
	local_irq_enable();
	idle_loop();
}
