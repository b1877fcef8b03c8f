/* SPDX-License-Identifier: MIT */
/*
 * forks.h - tells the guest which tasks of this host fork and end.
 *
 * Only of tasks that have called, and of their descendants. DESIGN.md, "Forks
 * and ends", says in which order.
 *
 * Context: one thread, that of FUSE's loop.
 */
#pragma once

#include <stdbool.h>

/*
 * Listen to the kernel's process events. Return: 0; -errno: this kernel has
 * none, or tells them only to root in the first namespaces; then nothing is
 * told, and the calls below do nothing.
 */
int forks_open(void);
/* Tell nothing any more. */
void forks_close(void);

/* For poll(); -1: none, or so much is under way that more is not read now. */
int forks_fd(void);

/* This task calls. */
void forks_caller(int pid);

/* Has no EXIT of this caller been sent? */
bool forks_alive(int pid);

/* Tell the forks of until now, before a call that may come from a child. */
void forks_tell(void);

/*
 * No call waits: tell the ends that are known, and the next event, if poll()
 * has seen that one @came. One, since what is read later may have happened
 * after a close that waits by then.
 */
void forks_idle(bool came);
