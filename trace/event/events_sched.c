// SPDX-License-Identifier: MIT
/*
 * events_sched.c - the events of tasks, of kernel/sched.def.
 *
 * Context: probes: at worst a run queue is locked.
 */
#include "kernel/sched_events.h"
#include "trace/event/event_define.h"

#define EVENT_SYSTEM "sched"

/* What Linux gives a task with nice 0; there are no priorities here. */
#define TASK_PRIO 120

/* Bits of prev_state. */
#define STATE_SLEEPING	0x01
#define STATE_DEAD	0x10
#define STATE_PREEMPTED 0x100

static __always_inline void task_comm_copy(char *to,
					   const struct task_struct *task)
{
	const u64 *from = (const u64 *)task->comm;

	static_assert(TASK_COMM_LEN == 2 * sizeof(u64), "two words");
	((u64 *)to)[0] = from[0];
	((u64 *)to)[1] = from[1];
}

static __always_inline long task_state_bits(const struct task_struct *task,
					    bool preempt)
{
	if (preempt)
		return STATE_PREEMPTED;
	if (task->state == TASK_DEAD)
		return STATE_DEAD;
	return task->state == TASK_RUNNING ? 0 : STATE_SLEEPING;
}

#include "trace/event/event_struct.def"
#include "kernel/sched.def"

#include "trace/event/event_code.def"
#include "kernel/sched.def"

#include "trace/event/event_object.def"
#include "kernel/sched.def"
