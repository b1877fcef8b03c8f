// SPDX-License-Identifier: MIT
/*
 * trace_task.c - the names of tasks for the trace.
 *
 * Owns the table of saved names. As on Linux, a task's name is saved while
 * tracing: when the task is switched out and its CPU has recorded an event
 * since the last switch, unless the option record-cmd is off. So an untraced
 * task changes nothing here, and the name of a task that has ended is found
 * until the table reuses its slot.
 *
 * Invariants
 * SN1  A slot's pid and name belong together whenever saved.busy is free.
 * SN2  A pid is in one slot at most.
 * SN3  task->trace_name is the slot + 1 that a task was last saved in. The slot
 *     is still the task's if it has the task's pid.
 *
 * Context and locks: the hook runs with a run queue locked, so it may only try
 * saved.busy; if it is taken, a later switch saves the name. Readers hold it,
 * with interrupts off, for a few instructions. Not traceable: printing looks up
 * a name for each event.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "kernel/trace_hooks.h"
#include "trace/trace_internal.h"
#include "trace/event/trace_record.h"
#include <asm/atomic.h>
#include <asm/irqflags.h>

#define SAVED_FIRST 256 /* names, until the size is set */

struct saved_name {
	int pid; /* 0: free */
	char comm[TASK_COMM_LEN];
};

static struct saved_name first_names[SAVED_FIRST];

static struct {
	u32 busy; /* [A] 1: locks the rest */
	unsigned int next, size;
	struct saved_name *name;
} saved = { .size = SAVED_FIRST, .name = first_names };

/* [C] commit_entries of the CPU's rings when it last switched */
static DEFINE_PER_CPU(u64, entries_seen);

/* The option record-cmd, which the top trace has for all. */
static bool recording(void)
{
	return trace_option(trace_top(), TRACE_OPT_record_cmd);
}

static bool saved_try(void)
{
	u32 free = 0;

	return !READ_ONCE(saved.busy) && try_cmpxchg(&saved.busy, &free, 1);
}

static unsigned long saved_lock(void)
{
	unsigned long flags = arch_irq_save();

	while (!saved_try())
		cpu_relax();
	return flags;
}

static void saved_unlock(unsigned long flags)
{
	smp_store_release(&saved.busy, 0);
	arch_irq_restore(flags);
}

/* SN3 */
static bool is_saved(const struct task_struct *task)
{
	return task->trace_name && task->trace_name <= saved.size &&
	       saved.name[task->trace_name - 1].pid == task->pid;
}

/* Save a name in place of one with the same pid, else of the oldest. */
static void save_name(struct task_struct *task)
{
	struct saved_name *name = saved.name;

	while (name < saved.name + saved.size && name->pid != task->pid)
		name++;
	if (name == saved.name + saved.size) {
		name = &saved.name[saved.next];
		saved.next = (saved.next + 1) % saved.size;
	}
	name->pid = task->pid;
	memcpy(name->comm, task->comm, TASK_COMM_LEN);
	task->trace_name = name - saved.name + 1;
}

/* Count the entries in this CPU's rings of all traces: trace_array.c, V2. */
static u64 entries_here(void)
{
	unsigned int cpu = smp_processor_id();
	const struct ring_buffer_per_cpu *rb;
	const struct trace_array *tr;
	u64 entries = 0;

	for (tr = trace_top(); tr; tr = READ_ONCE(tr->next)) {
		rb = READ_ONCE(tr->buffer.cpu[cpu]);
		entries += rb ? READ_ONCE(rb->data.commit_entries) : 0;
	}
	return entries;
}

/*
 * Save the name of @task if this CPU has recorded an event since the last
 * switch, while @task ran. (A ring that was emptied since then counts as no
 * event.)
 */
static void name_active(struct task_struct *task)
{
	u64 entries = entries_here();

	if (likely(entries == this_cpu_read(entries_seen)) || !saved_try())
		return;
	this_cpu_write(entries_seen, entries);
	if (recording() && entries && task->pid && !is_saved(task))
		save_name(task);
	smp_store_release(&saved.busy, 0);
}

static void name_switched(struct task_struct *prev, struct task_struct *next)
{
	(void)next;
	name_active(prev);
}

static const struct task_hooks names = { .switched = name_switched };
TABLE_ENTRY(task_hooks, 20, names);

static bool frozen; /* in a panic; a CPU may have stopped with the lock */

static bool find_saved(int pid, char *comm)
{
	unsigned long flags = frozen ? 0 : saved_lock();
	unsigned int i;
	bool found;

	for (i = 0; i < saved.size && saved.name[i].pid != pid; i++)
		;
	found = i < saved.size;
	if (found)
		memcpy(comm, saved.name[i].comm, TASK_COMM_LEN);
	if (!frozen)
		saved_unlock(flags);
	return found;
}

/* Find the name of a live task, which may never have been switched out. */
static bool find_alive(int pid, char *comm)
{
	struct task_struct *task;
	unsigned long flags;
	bool found = false;

	if (frozen)
		return false;
	spin_lock_irqsave(&task_list_lock, flags);
	for_each_task(task) {
		if (task->pid != pid)
			continue;
		memcpy(comm, task->comm, TASK_COMM_LEN);
		found = true;
		break;
	}
	spin_unlock_irqrestore(&task_list_lock, flags);
	return found;
}

void trace_cmdlines_freeze(void)
{
	frozen = true;
}

bool trace_find_cmdline(int pid, char *comm)
{
	if (pid &&
	    (find_saved(pid, comm) || (recording() && find_alive(pid, comm))))
		return true;
	memset(comm, 0, TASK_COMM_LEN);
	strscpy(comm, pid ? "<...>" : "<idle>", TASK_COMM_LEN);
	return !pid;
}

void trace_saved_cmdlines_show(struct trace_seq *s)
{
	struct saved_name name;
	unsigned long flags;
	bool done = false;
	unsigned int i;

	flags = arch_irq_save();
	name_active(current); /* it may never have been switched out */
	arch_irq_restore(flags);
	for (i = 0; !done; i++) {
		flags = saved_lock();
		done = i >= saved.size;
		name.pid = 0;
		if (!done)
			name = saved.name[i];
		saved_unlock(flags);
		if (name.pid)
			trace_seq_printf(s, "%d %s\n", name.pid, name.comm);
	}
}

unsigned int trace_saved_cmdlines_size(void)
{
	return READ_ONCE(saved.size);
}

int trace_set_saved_cmdlines_size(unsigned int n)
{
	struct saved_name *name = kcalloc(n, sizeof(*name)), *old;
	unsigned long flags;

	if (!name)
		return -ENOMEM;
	if (n == SAVED_FIRST) { /* the memory that is there anyway */
		kfree(name);
		name = first_names;
	}
	flags = saved_lock();
	old = saved.name;
	if (name == first_names)
		memset(name, 0, sizeof(first_names));
	saved.name = name;
	saved.size = n;
	saved.next = 0;
	saved_unlock(flags);
	if (old != first_names)
		kfree(old);
	return 0;
}
