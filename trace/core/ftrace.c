// SPDX-License-Identifier: MIT
/*
 * ftrace.c - what all files of the core share: locks, switches, the list of
 * ops, and the entry of a request.
 *
 * Owns the two switches (enabled, dead) and both mutexes. It calls nothing else
 * of the core but the question whether a callback is on the stack.
 *
 * Context and locks: direct_mutex serialises requests. ftrace_lock is held
 * while records, sets and the list change, but not during the wait before
 * memory is freed.
 */
#include "kernel/lib/errno.h"
#include "kernel/mutex.h"
#include "trace/core/ftrace_internal.h"
#include <asm/context.h>
#include <asm/irqflags.h>

DEFINE_MUTEX(direct_mutex);
DEFINE_MUTEX(ftrace_lock);
struct ftrace_ops *ftrace_ops_list;
bool ftrace_enabled = true;
bool ftrace_dead;

void ftrace_stub(unsigned long ip, unsigned long parent_ip,
		 struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
}

bool ftrace_may_request(void)
{
	return in_task() && !preempt_count() && !irqs_disabled() &&
	       !mutex_is_held(&direct_mutex) && !mutex_is_held(&ftrace_lock) &&
	       !ftrace_in_callback();
}

int ftrace_enter(void)
{
	if (!ftrace_may_request())
		return -EDEADLK;
	mutex_lock(&direct_mutex);
	if (!ftrace_dead)
		return 0;
	mutex_unlock(&direct_mutex);
	return -ENODEV;
}

void ftrace_leave(void)
{
	mutex_unlock(&direct_mutex);
}

void ftrace_kill(void)
{
	WRITE_ONCE(ftrace_dead, true);
}

bool ftrace_is_dead(void)
{
	return READ_ONCE(ftrace_dead);
}

bool ftrace_is_enabled(void)
{
	return ftrace_enabled;
}
