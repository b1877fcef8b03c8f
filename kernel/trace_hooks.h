/* SPDX-License-Identifier: MIT */
/*
 * Up-calls from the scheduler to code that follows tasks: tracers, filters by
 * pid. Each registers a struct task_hooks in the table task_hooks. All hooks
 * are always called, so a hook must be short when it has nothing to do.
 */
#pragma once

#include "kernel/lib/table.h"

struct task_struct;

struct task_hooks {
	/* Any of them may be NULL: that hook is not called. */

	/* Before the task first runs. Context: task (boot for idle tasks). */
	void (*created)(struct task_struct *task);

	/*
	 * The task has ended and will never run again; free the data that
	 * belongs to it. Context: task, may sleep.
	 */
	void (*ended)(struct task_struct *task);

	/*
	 * This CPU is about to switch from @prev to @next. Context: interrupts
	 * off, run queue locked: it may take no lock and wake no task.
	 */
	void (*switched)(struct task_struct *prev, struct task_struct *next);

	/*
	 * A CPU is about to be started as number @cpu, possibly again.
	 * Context: task, may sleep. Return: 0; -ENOMEM, and the CPU is not
	 * started. No other code is returned.
	 */
	int (*cpu_starting)(unsigned int cpu);
};

DECLARE_TABLE(struct task_hooks, task_hooks);

#define for_each_task_hook(hook, ...)                         \
	do {                                                  \
		const struct task_hooks *const *hooks_;       \
                                                              \
		for_each_entry(hooks_, task_hooks)            \
		{                                             \
			if ((*hooks_)->hook)                  \
				(*hooks_)->hook(__VA_ARGS__); \
		}                                             \
	} while (0)
