// SPDX-License-Identifier: MIT
/*
 * scene_task.c - how tasks of the scene are made, end and are waited for.
 *
 * In a file of their own, so that each call of them is one that can be traced.
 */
#include "kernel/scene.h"
#include "kernel/sched.h"

struct task_struct *kernel_clone(const struct kernel_clone_args *args)
{
	struct task_struct *task =
		args->pid ?
			kthread_create_as(args->fn, args->arg, args->pid, "%s",
					  args->comm) :
			kthread_create(args->fn, args->arg, "%s", args->comm);

	if (!IS_ERR(task))
		wake_up_process(task);
	return task;
}

void do_exit(int code)
{
	kthread_exit(code);
}

int do_wait(struct task_struct *child)
{
	return kthread_join(child);
}
