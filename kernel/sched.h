/* SPDX-License-Identifier: MIT */
/*
 * Kernel threads and the scheduler.
 *
 * Preemptive round robin on one run queue per CPU. An idle CPU pulls a task
 * that is not pinned from another CPU. Every CPU has an idle task (pid 0,
 * "swapper/N") that runs with preemption off and switches only by calling the
 * scheduler, so it is never preempted.
 *
 * Legend: [I] immutable once the task exists; [R] lock of the run queue of
 * task->cpu; [L] task_list_lock; [S] the task itself; [A] atomic;
 * [T] the tracer's (trace/), accessed only from this task's context or when
 * it cannot run.
 */
#pragma once

#include "kernel/base/spinlock.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/list.h"
#include "kernel/lib/types.h"
#include <asm/context.h>
#include <asm/percpu.h>
#include <asm/upcalls.h>

#define TASK_COMM_LEN 16
#define TICK_HZ	      250
#define TICK_NS	      (1000000000ULL / TICK_HZ)
#define CPU_ANY	      (~0U)

struct fgraph_ret_stack;

enum task_state {
	TASK_RUNNING,  /* running, or on a run queue */
	TASK_SLEEPING, /* waits for wake_up_process(), or is about to */
	TASK_NEW,      /* waits for its first wake_up_process() */
	TASK_DEAD,
};

struct task_struct {
	unsigned long sp; /* [R] while switched out; switch.asm */

	/* Words of the tracer; asm reaches them by asm-offsets.inc. */
	u32 trace_recursion;		    /* [T] one bit per context */
	struct fgraph_ret_stack *ret_stack; /* [T] NULL: none yet */
	unsigned long trace_overrun;	    /* [T] */
	u32 trace_name; /* trace_task.c: the place of its saved name */

	int pid;		  /* [I] 0 for idle tasks */
	char comm[TASK_COMM_LEN]; /* [S] changed under task_list_lock */
	void *stack;		  /* [I] lowest address, STACK_SIZE bytes */
	unsigned long stack_size; /* [I] */
	int (*fn)(void *arg);	  /* [I] */
	void *arg;		  /* [I] */

	enum task_state state; /* [S] to sleep, [R] to wake */
	bool on_rq;	       /* [R] running or queued: not asleep */
	bool on_cpu;	       /* [R] some CPU executes on its stack */
	u32 quiesce_marks;     /* [R] of waits for this task: quiesce.h */
	bool gone;	       /* [L] dead and off its stack */
	bool detached;	       /* [L] it will not be joined */
	unsigned int cpu;      /* [R] */
	unsigned int pinned;   /* [R] the only CPU it may run on, or CPU_ANY */
	struct list_head run_list; /* [R] */

	unsigned long nvcsw;	  /* [R] voluntary switches */
	unsigned long nivcsw;	  /* [R] preemptions */
	unsigned long migrations; /* [R] */
	u64 exec_ns;		  /* [R] time on a CPU, up to the last switch */
	u64 switched_in_ns;	  /* [R] */

	struct list_head task_list; /* [L] */
	int result;		    /* [S] until dead */
	struct task_struct *joiner; /* [L] */

	struct lock_held locks; /* [S] last: another size in nop5-debug.elf */
};

/* All tasks except the idle ones, in order of creation. */
extern struct list_head task_list;
extern spinlock_t task_list_lock;

/* Context: task_list_lock held. */
#define for_each_task(t) list_for_each_entry(t, &task_list, task_list)

/*
 * sched_init_early() - make the boot path a task ("swapper/0") so that
 * `current` is valid. Context: boot, once, before anything traceable is
 * patched and before the first lock.
 */
void sched_init_early(void);

/*
 * sched_init() - prepare for threads; they can be created from now on
 * Context: boot, heap up. Return: 0. No other code is returned.
 */
int sched_init(void);

/*
 * sched_start() - end the boot path: it becomes CPU 0's idle task, and fn runs
 * in the thread "init", the first one that may sleep
 * Context: boot, timers and interrupts ready. Turns interrupts on. Panics if
 * the thread cannot be created.
 */
void sched_start(int (*fn)(void *arg), void *arg) __noreturn;

/* From timer_tick(). Context: irq. */
void scheduler_tick(void);

/* preempt_schedule_irq(), secondary_*(): <asm/upcalls.h>. */

/*
 * kthread_create() - create a thread that does not run yet
 * The caller must join it by kthread_join() or detach it by kthread_detach().
 * Context: task or boot. Return: the task, or ERR_PTR(-ENOMEM).
 */
__printf(3, 4) struct task_struct *kthread_create(int (*fn)(void *arg),
						  void *arg,
						  const char *namefmt, ...);

/*
 * The same, with a pid that the caller chooses. Return: the task;
 * ERR_PTR(-EBUSY) if a task has this pid (one that ended, too, until it is
 * joined or reaped); ERR_PTR(-ENOMEM).
 */
__printf(4, 5) struct task_struct *kthread_create_as(int (*fn)(void *arg),
						     void *arg, int pid,
						     const char *namefmt, ...);

/* The pids of tasks made by kthread_create() are at least @first from now on.
 * Context: the only task that creates tasks. */
void kthread_pids_from(int first);

/* The same as kthread_create(), and wake the thread up. */
#define kthread_run(fn, arg, namefmt, ...)                               \
	({                                                               \
		struct task_struct *run_ =                               \
			kthread_create(fn, arg, namefmt, ##__VA_ARGS__); \
		if (!IS_ERR(run_))                                       \
			wake_up_process(run_);                           \
		run_;                                                    \
	})

/*
 * kthread_bind() - let a task run on @cpu only (CPU_ANY: on all)
 * Context: task; @task is new, or is the current one, which is on that CPU
 * when this returns. Return: 0; -EINVAL if the CPU is not online.
 */
int kthread_bind(struct task_struct *task, unsigned int cpu);

/*
 * kthread_join() - wait for a thread's end and free it
 * Context: task, may sleep; once per thread. Return: the result of its fn.
 */
int kthread_join(struct task_struct *task);

/*
 * kthread_detach() - declare that the thread will not be joined; the next
 * kthread_create() or kthread_reap() after its end frees it. Context: task.
 */
void kthread_detach(struct task_struct *task);
void kthread_reap(void);

void kthread_exit(int result) __noreturn;

/* Give the current task another name; a longer one is cut. Context: task. */
void kthread_rename(const char *name);

/*
 * wake_up_process() - make a sleeping or new task runnable
 * Context: any but NMI; not with a run queue locked.
 * Return: whether it was asleep (or about to sleep).
 */
bool wake_up_process(struct task_struct *task);

/*
 * set_current_state() - set the current task's state
 * To wait for a condition, set TASK_SLEEPING, test the condition, then call
 * schedule(): so a wake-up between the last two is not lost.
 * A full barrier; pairs with the lock in wake_up_process().
 */
void set_current_state(enum task_state state);

/* Switch: sleep if that is the state, else go to the end of the queue. */
void schedule(void);
/* schedule() in state TASK_RUNNING. */
void yield(void);

/*
 * cond_resched() - let a long loop switch if need_resched is set
 * Counts as a voluntary switch for synchronize_tasks() even if none happens.
 * Context: task, may sleep. Return: whether it switched.
 */
bool cond_resched(void);

/* Sleep for at least that long. Context: task, may sleep. */
void sleep_ns(u64 ns);
void msleep(unsigned int ms);

/*
 * schedule_timeout() - schedule() with a wake-up after @ns
 * The caller has set its state. Return: nanoseconds left, 0 if time is up.
 */
u64 schedule_timeout(u64 ns);

/* Number of tasks running or queued on a CPU, without its idle task. A hint. */
unsigned int sched_nr_running(unsigned int cpu);
/* Switches made by a CPU since boot. */
unsigned long sched_nr_switches(unsigned int cpu);
/* A CPU number's idle task; NULL: no start of that CPU was ever tried. */
struct task_struct *sched_idle_task(unsigned int cpu);
/* The task a CPU executes. Only a hint unless it is this CPU. */
struct task_struct *sched_cpu_task(unsigned int cpu);

static __always_inline bool task_is_idle(const struct task_struct *task)
{
	return task->pid == 0;
}

/* asm: save callee-saved registers and sp in *prev, continue as next. Returns
 * the task that was switched out when this one was switched in again. */
struct task_struct *switch_to(struct task_struct *prev,
			      struct task_struct *next);

__noreturn __cold void might_sleep_failed(const char *file, int line);

/* [I] set by sched_start(); before that only one task runs */
extern bool sched_active;

/* Panics unless the current task may sleep here. */
#define might_sleep()                                           \
	do {                                                    \
		if (unlikely(preempt_count() || !in_task() ||   \
			     irqs_disabled()) &&                \
		    sched_active)                               \
			might_sleep_failed(__FILE__, __LINE__); \
	} while (0)
