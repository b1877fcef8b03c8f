/* SPDX-License-Identifier: MIT */
/*
 * scene.h - activity worth tracing: a small system of tasks that are made and
 * end, read and write files, take locks and replace what others read.
 *
 * Functions have Linux's names where they do that work on the scene's own
 * objects: kernel_clone() makes a task, do_exit() ends it, vfs_read() reads a
 * file. None exists for its name alone. The word workload=NAME starts it; the
 * queues, timers and deep calls of kernel/workload.h run beside it.
 *
 * Context: task.
 */
#pragma once

#include "kernel/lib/types.h"

enum scene_mode {
	SCENE_IDLE,   /* a timer, and a task that seldom reads a file */
	SCENE_STEADY, /* a child each millisecond (with tick=1000) */
	SCENE_BURST,  /* children without a pause for 100 ms of each second */
	SCENE_MODES
};

/* Counts since the start. */
struct scene_stats {
	u64 clones;   /* children made by kernel_clone() */
	u64 exits;    /* children that ended */
	u64 reads;    /* of files */
	u64 writes;   /* of files */
	u64 replaced; /* limits replaced, the old ones freed */
	u64 rings;    /* of the timer */
	u64 spoiled;  /* contents that were not whole: must stay 0 */
};

/*
 * Start the scene. Return: 0; -EBUSY it runs already; -ENOMEM (then nothing
 * runs). No other code is returned.
 */
int scene_start(enum scene_mode mode);

/* End it and wait for all its tasks. Harmless if it does not run. */
void scene_stop(void);

void scene_read(struct scene_stats *stats);

/* ---- its tasks ----------------------------------------------------------- */

struct task_struct;

/* What kernel_clone() needs to make a task. */
struct kernel_clone_args {
	int (*fn)(void *arg);
	void *arg;
	int pid; /* 0: the next one */
	const char *comm;
};

/*
 * Make a task and let it run. The file server makes the tasks of the host's
 * children by it, too. Return: the task; ERR_PTR(-ENOMEM); ERR_PTR(-EBUSY) a
 * task has this pid.
 */
struct task_struct *kernel_clone(const struct kernel_clone_args *args);

/* Wait for a task's end and free it. Return: its code. */
int do_wait(struct task_struct *child);

/* End the current task. */
void do_exit(int code) __noreturn;

/* ---- its files: scene_file.c --------------------------------------------- */

#define SCENE_FILE_ROOM 64

struct scene_file;

/* Return: the opened file; ERR_PTR(-ENOENT) no such name; ERR_PTR(-ENOMEM). */
struct scene_file *vfs_open(const char *name);
/* Both start at the file's beginning. Return: bytes. */
size_t vfs_read(struct scene_file *file, char *buf, size_t len);
size_t vfs_write(struct scene_file *file, const char *buf, size_t len);
void filp_close(struct scene_file *file);
