/* SPDX-License-Identifier: MIT */
/*
 * link.h - the line to the guest: calls, their replies, and its end.
 *
 * LK1 Each call that is sent is answered exactly once, by done(): with the
 *     guest's reply, or with -EIO when the line has ended.
 * LK2 A guest is dead if it does not answer a call in LINK_PATIENCE seconds, or
 *     what is set instead. A call that may wait has so long after it was
 *     cancelled. So no call is stuck for ever.
 * LK3 No more calls are outstanding than the guest takes; the others wait here.
 *
 * A call of a dead guest is answered before link_send() returns.
 *
 * Context: one thread; done() may send.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tools/tracefs/wire.h"

#define LINK_PATIENCE 60 /* seconds */

/* One call. It belongs to who sends it, but not between link_send() and done().
 */
struct call {
	void (*done)(struct call *call, const struct wire_reply *reply);
	bool may_wait; /* the guest may answer whenever it likes */

	/* Of link.c. */
	struct call *next;
	uint32_t id;
	uint8_t *frame; /* to be sent; NULL: it is outstanding */
	size_t length, sent;
	int64_t deadline; /* of the answer, in ms; 0: none */
	bool unwanted;
};

/* LK2 */
void link_set_patience(int seconds);

/* Connect to the UNIX socket @path. Return: 0 or a negative errno. */
int link_connect(const char *path);

/*
 * Begin a session. Return: 0 and *@hello; -ETIMEDOUT no answer in @seconds;
 * -EPROTO an answer that is none of this version; or a negative errno of the
 * socket.
 */
int link_hello(struct wire_hello *hello, int seconds);

/* Send @request, whose id is set here. done() may come before it returns. */
void link_send(struct call *call, const struct wire_request *request);

/*
 * The call need not be carried out any more; done() still comes, but not before
 * link_work().
 */
void link_cancel(struct call *call);

/* For poll(): the descriptor, -1 of a dead guest, and what to wait for. */
int link_fd(void);
short link_events(void);

/* Milliseconds until link_work() is to be called in any case; -1: never. */
int link_timeout(void);

/* Read, answer, write: whatever can be done now. */
void link_work(void);

/* NULL, or a sentence that says how the line has ended. */
const char *link_ended(void);

/* Close the line. All calls are answered by -EIO. */
void link_close(void);
