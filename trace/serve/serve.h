/* SPDX-License-Identifier: MIT */
/*
 * serve.h - the file server, shared by its files. DESIGN.md has the protocol.
 *
 * serve_line.c has the line, serve.c receives requests, serve_request.c keeps
 * them until they are answered, serve_task.c runs them in tasks, serve_ops.c
 * does what they ask, serve_file.c keeps open files, serve_poll.c POLLs.
 *
 * N1  Each admitted request is in `active` from its admission to just before
 *     its reply is sent, and is finished exactly once.
 * N2  A request runs after every CLOSE and EXIT admitted before it, and a CLOSE
 *     after every request admitted before it that uses its handle.
 * N3  A session ends with no request, file or reply of its own left.
 *
 * Legend: [S] serve_lock; [H] lock of the open file; [R] the receiving thread.
 */
#pragma once

#include "kernel/base/spinlock.h"
#include "kernel/lib/list.h"
#include "kernel/mutex.h"
#include "kernel/wait.h"
#include "trace/serve/tfs1.h"

#define SERVE_REQUESTS 128
#define SERVE_HANDLES  256
#define SERVE_TASKS    64

struct serve_task;

struct serve_request {
	struct list_head active;	/* [S] N1 */
	struct list_head queued;	/* [S] of its task, or of the POLLs */
	struct tfs1_request head;	/* [I] */
	char *payload;			/* [I] a NUL behind it; NULL: none */
	char small[64];			/* [I] its place, if it fits */
	struct serve_request **running; /* [S] NULL: waits, or runs beside */
	struct serve_task *child;	/* [I] of FORK */
	/* [S] READ: run_beside(), each tick while it waits; EXIT: join() */
	void (*beside)(struct serve_request *req);
	bool cancelled;		      /* [S] */
	bool silent;		      /* [S] its session has ended: no reply */
	struct wait_queue_head woken; /* cancelled became true */
};

extern spinlock_t serve_lock;
/* A request was finished. */
extern struct wait_queue_head serve_progress;

/* ---- serve_line.c ---- */

/*
 * serve_line_open() - open the first stream device that is there; its
 * interrupts go to this CPU. Context: task, boot. Return: 0; -ENODEV there is
 * none; or the error of the last one, which the log has.
 */
int serve_line_open(void);
/* Its name, for the log. */
const char *serve_line_name(void);

/* Send a reply. Context: task, may sleep. */
void serve_send(u32 id, s32 status, u64 value, const void *payload, u32 length);

/* [R] Return: how many bytes were there; it does not wait. */
size_t serve_line_read(void *data, size_t size);
/* How often the host has ended its connection. */
u32 serve_line_hangups(void);
/* A number that changes with each event of the line. */
u32 serve_line_events(void);
/*
 * serve_line_wait() - wait for an event after @seen [R]
 * Return: false if none came in @timeout_ns; 0 is for ever.
 */
bool serve_line_wait(u32 seen, u64 timeout_ns);

/* ---- serve_request.c ---- */

/* N1. Return: 0; -EEXIST its id is in use; -ENOBUFS there are too many. */
int serve_admit(struct serve_request *req);
/* Free a request that was not admitted. */
void serve_free(struct serve_request *req);

/* Cancel what waits for a handle, because it is closed. */
void serve_cancel_waits(u32 handle);
/* Cancel what a task waits for, because it has ended. */
void serve_cancel_pid(int pid);
/* Cancel one. Return: 0; -ENOENT there is none. */
int serve_cancel_id(u32 id);
/* Cancel all without a reply, and wait until none is left. */
void serve_cancel_all(void);

/* Send a reply and free the request. Context: task, may sleep. */
void serve_finish(struct serve_request *req, s32 status, u64 value,
		  const void *payload, u32 length);

/* N2. Wait until the request may run. Context: the task that runs it. */
void serve_wait_turn(const struct serve_request *req);
/* N2. May it run now? */
bool serve_is_turn(const struct serve_request *req);

static inline bool serve_cancelled(const struct serve_request *req)
{
	return READ_ONCE(req->cancelled);
}

/* ---- serve_task.c ---- */

/*
 * Give a request to the task of its pid, which may have to be made.
 * Context: [R]. Return: 0; -EBUSY the pid is a task's of the guest, or has an
 * EXIT that is not answered, or no task is idle; -EEXIST (FORK) the child has a
 * task; -ESRCH (EXIT) the pid has none; -ENOMEM. No other code is returned.
 */
int serve_task_give(struct serve_request *req);

/* End all tasks, which are idle. Context: [R] */
void serve_tasks_end(void);

/* ---- serve_ops.c ---- */

/*
 * Do what a request asks and finish it; it is its turn.
 * Context: the task of its caller.
 */
void serve_run(struct serve_request *req);

/* ---- serve_file.c ---- */

struct tracefs_file;

struct serve_file {
	struct mutex lock;
	struct tracefs_file *file; /* [I]; its contents [H] */
	u64 pos;		   /* [H] where the next read goes on */
	bool nonblock;		   /* [I] */
};

/*
 * Open files by handle. serve_file_get() is valid until the request that asks
 * is finished: N2. Context: task.
 */
int serve_file_open(const char *path, unsigned int flags, bool nonblock,
		    u32 *handle);
struct serve_file *serve_file_get(u32 handle);
int serve_file_close(u32 handle);
void serve_files_close_all(void);

/* ---- serve_poll.c ---- */

/* Start the thread that answers POLL and EXIT. Return: 0; -ENOMEM */
int serve_poll_init(void);
/* Give it a POLL, or the EXIT of a task that is about to end. */
void serve_poll_give(struct serve_request *req);
/* Look at all waiting POLLs now: one was cancelled. */
void serve_poll_kick(void);
