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
 * Listen to the first source of events that this kernel lets us have, or to the
 * one with that name. Return: 0; -errno: there is none; then the guest
 * learns nothing, and the calls below do nothing.
 */
int forks_open(const char *name);
/* Tell nothing any more. */
void forks_close(void);

/* For poll(); -1: none, or so much is under way that more is not read now. */
int forks_fd(void);

/*
 * Before poll(): what has happened until now? Return: is an event there?
 * *timeout, in ms, becomes less if there is something to do.
 */
bool forks_look(int *timeout);

/* This task calls. */
void forks_caller(int pid);

/* Has no EXIT of this caller been sent? */
bool forks_alive(int pid);

/* Tell the forks of until now, before a call that may come from a child. */
void forks_tell(void);

/*
 * No call waits: tell the ends that are known, and the next event, if one @came
 * before poll() saw that. One, since what is read later may have happened
 * after a close that waits by then.
 */
void forks_idle(bool came);
