/* SPDX-License-Identifier: MIT */
/*
 * fork_source.h - what the kernel of this host tells of forks and ends.
 *
 * Each source tells of all tasks, in the order of what happened, and of a fork
 * before fork() returns and before the child runs.
 */
#pragma once

#include <stdbool.h>

enum fork_what {
	FORK_OTHER, /* no event, for example an answer of the kernel */
	FORK_MADE,  /* pid has made child */
	FORK_ENDED, /* pid has ended */
	FORK_LOST   /* events, of which there were too many */
};

struct fork_event {
	enum fork_what what;
	int pid;
	int child;
};

struct fork_source {
	const char *name;
	/* It tells of an end before the task's files are closed: since Linux
	 * 6.16, for one. */
	bool early;
	/* Return: 0; -errno: this kernel does not tell us. */
	int (*open)(void);
	void (*close)(void);
	/* Becomes readable when an event comes, perhaps for a moment only. */
	int (*fd)(void);
	/* Is an event there? */
	bool (*any)(void);
	/* Take one. Return: whether there was one. */
	bool (*next)(struct fork_event *event);
};

extern const struct fork_source fork_connector, fork_perf;
