// SPDX-License-Identifier: MIT
/*
 * link.c - the line to the guest: calls, their replies, and its end.
 */
#include "tools/tracefs/link.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MS	    1000
#define IN_SIZE	    (4 * (WIRE_REPLY_SIZE + WIRE_MAX_PAYLOAD))
#define HELLO_AGAIN (5 * MS) /* it may have followed half a frame */
#define LISTENS	    (5 * MS) /* QEMU makes its socket, then listens */
#define FOR_CANCEL  16	     /* outstanding calls kept free for CANCEL */
#define LEAST_CALLS (2 * FOR_CANCEL) /* that a guest has to take */

static int fd = -1;
static const char *ended;
static uint32_t last_id;
static int64_t patience = LINK_PATIENCE * MS; /* LK2 */
static unsigned int limit = LEAST_CALLS, outstanding;
static struct call *queue, *answers; /* to be sent; to be answered */
static int64_t stuck; /* since when the guest takes no byte; 0: it does */
static bool session;  /* HELLO was answered */
static bool cancels;  /* a call is to be cancelled */
static uint8_t in[IN_SIZE];
static size_t in_length;

static int64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (int64_t)time.tv_sec * MS + time.tv_nsec / (1000 * 1000);
}

static void answer(struct call *call, int status)
{
	struct wire_reply reply = { .id = call->id, .status = status };

	free(call->frame);
	call->frame = NULL;
	call->done(call, &reply);
}

/* LK1 */
static void end(const char *why)
{
	struct call *call;

	if (ended)
		return;
	ended = why;
	if (fd >= 0)
		close(fd);
	fd = -1;
	while ((call = answers)) {
		answers = call->next;
		answer(call, -EIO);
	}
	while ((call = queue)) {
		queue = call->next;
		answer(call, -EIO);
	}
}

void link_set_patience(int seconds)
{
	patience = (int64_t)seconds * MS;
}

int link_connect(const char *path)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	int64_t until = now() + LISTENS;

	if (strlen(path) >= sizeof(name.sun_path))
		return -ENAMETOOLONG;
	strcpy(name.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	while (connect(fd, (struct sockaddr *)&name, sizeof(name))) {
		if (errno != ECONNREFUSED || now() > until)
			return -errno;
		poll(NULL, 0, 10);
	}
	return 0;
}

static void append(struct call **list, struct call *call)
{
	while (*list)
		list = &(*list)->next;
	call->next = NULL;
	*list = call;
}

static bool take_out(struct call **list, const struct call *call)
{
	while (*list && *list != call)
		list = &(*list)->next;
	if (!*list)
		return false;
	*list = call->next;
	return true;
}

/* Bytes of the call's frame that are left, to the guest. Return: all of them */
static bool write_frame(struct call *call)
{
	ssize_t len = send(fd, call->frame + call->sent,
			   call->length - call->sent, MSG_NOSIGNAL);

	if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
		stuck = stuck ? stuck : now();
		return false;
	}
	if (len < 0) {
		end("the guest has closed its line");
		return false;
	}
	stuck = 0;
	call->sent += len;
	return call->sent == call->length;
}

/* The guest answers the cancelled call itself; this answer says nothing. */
static void cancelled(struct call *call, const struct wire_reply *reply)
{
	free(call);
}

/* LK3: does the guest take one more? A CANCEL it always does. */
static bool has_turn(const struct call *call)
{
	return outstanding < limit + (call->done == cancelled ? FOR_CANCEL : 0);
}

static void write_queue(void)
{
	while (queue && has_turn(queue) && write_frame(queue)) {
		struct call *call = queue;

		queue = call->next;
		free(call->frame);
		call->frame = NULL;
		call->deadline = call->may_wait ? 0 : now() + patience;
		append(&answers, call);
		outstanding++;
	}
}

static bool build_frame(struct call *call, struct wire_request *request)
{
	last_id = last_id + 1 ? last_id + 1 : 1;
	request->id = call->id = last_id;
	call->length = WIRE_REQUEST_SIZE + request->length;
	call->sent = 0;
	call->frame = malloc(call->length);
	if (!call->frame)
		return false;
	wire_put_request(request, call->frame);
	if (request->length)
		memcpy(call->frame + WIRE_REQUEST_SIZE, request->payload,
		       request->length);
	return true;
}

void link_send(struct call *call, const struct wire_request *request)
{
	struct wire_request copy = *request;

	call->frame = NULL;
	call->unwanted = false;
	if (ended) {
		answer(call, -EIO);
		return;
	}
	if (!build_frame(call, &copy)) {
		answer(call, -ENOMEM);
		return;
	}
	append(&queue, call);
	write_queue();
}

/* In front of what waits, but behind a frame of which a part is sent. */
static void send_cancel(uint32_t id)
{
	struct wire_request request = { .op = WIRE_CANCEL, .handle = id };
	struct call **at = queue && queue->sent ? &queue->next : &queue;
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return;
	call->done = cancelled;
	if (!build_frame(call, &request)) {
		free(call);
		return;
	}
	call->next = *at;
	*at = call;
	write_queue();
}

void link_cancel(struct call *call)
{
	call->unwanted = cancels = true;
}

/* The first call of a list that is to be cancelled. */
static struct call *unwanted(struct call *list)
{
	while (list && !list->unwanted)
		list = list->next;
	return list;
}

static void cancel_all(void)
{
	struct call *call;

	cancels = false;
	while ((call = unwanted(answers))) {
		call->unwanted = false;
		call->deadline = now() + patience; /* LK2 */
		send_cancel(call->id);
	}
	while ((call = unwanted(queue)) && !call->sent) {
		take_out(&queue, call);
		answer(call, -EINTR);
	}
	cancels = call; /* half of its frame is sent */
}

static void dispatch(const struct wire_reply *reply)
{
	struct call *call = answers;

	if (!reply->id && session) {
		end("the line damaged a request");
		return;
	}
	while (call && call->id != reply->id)
		call = call->next;
	if (!call)
		return; /* of a session before */
	take_out(&answers, call);
	outstanding--;
	call->done(call, reply);
}

static void take_replies(void)
{
	struct wire_reply reply;
	size_t used, at = 0;

	while (!ended &&
	       wire_take_reply(in + at, in_length - at, &reply, &used)) {
		at += used;
		dispatch(&reply);
	}
	if (ended)
		return;
	at += used;
	in_length -= at;
	memmove(in, in + at, in_length);
}

static void read_replies(void)
{
	while (!ended) {
		ssize_t len = recv(fd, in + in_length, IN_SIZE - in_length, 0);

		if (len < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (len <= 0) {
			end("the guest has closed its line");
			return;
		}
		in_length += len;
		take_replies();
	}
}

/* LK2 */
static int64_t first_deadline(void)
{
	int64_t first = 0;

	if (stuck)
		first = stuck + patience;
	for (struct call *call = answers; call; call = call->next)
		if (call->deadline && (!first || call->deadline < first))
			first = call->deadline;
	return first;
}

int link_timeout(void)
{
	int64_t first = first_deadline(), left = first - now();

	if (ended || !first)
		return -1;
	return left < 0 ? 0 : left;
}

void link_work(void)
{
	int64_t first;

	if (ended)
		return;
	read_replies();
	if (ended)
		return;
	if (cancels)
		cancel_all();
	write_queue();
	first = first_deadline();
	if (first && first <= now())
		end("the guest does not answer");
}

int link_fd(void)
{
	return fd;
}

short link_events(void)
{
	return POLLIN | (queue && has_turn(queue) ? POLLOUT : 0);
}

const char *link_ended(void)
{
	return ended;
}

void link_close(void)
{
	end("the line is closed");
}

/* ---- the beginning ---- */

struct hello_call {
	struct call call;
	struct hello_call *before; /* sent, and not answered so far */
	struct wire_hello *hello;
	int result; /* 1: none so far */
};

static void hello_done(struct call *call, const struct wire_reply *reply)
{
	struct hello_call *own = (struct hello_call *)call;

	if (reply->status || wire_hello(reply, own->hello) ||
	    own->hello->version != WIRE_VERSION ||
	    own->hello->max_requests < LEAST_CALLS)
		own->result = reply->status == -EIO ? -EIO : -EPROTO;
	else
		own->result = 0;
}

/* Wait until @until for the answer to the last HELLO: it begins the session. */
static void wait_hello(struct hello_call *last, int64_t until)
{
	while (last->result > 0 && !ended && now() < until) {
		struct pollfd line = { .fd = fd, .events = link_events() };

		poll(&line, 1, until - now());
		link_work();
	}
}

static struct hello_call *send_hello(struct hello_call *before,
				     struct wire_hello *hello)
{
	struct wire_request request = { .op = WIRE_HELLO,
					.offset = WIRE_VERSION };
	struct hello_call *own = calloc(1, sizeof(*own));

	if (!own)
		abort();
	own->call.done = hello_done;
	own->call.may_wait = true;
	own->before = before;
	own->hello = hello;
	own->result = 1;
	link_send(&own->call, &request);
	return own;
}

/* What answers a HELLO of ours that is not the last came too late. */
static void forget_hello(struct hello_call *own)
{
	while (own) {
		struct hello_call *before = own->before;

		if (take_out(&answers, &own->call))
			outstanding--;
		take_out(&queue, &own->call);
		free(own->call.frame);
		free(own);
		own = before;
	}
}

int link_hello(struct wire_hello *hello, int seconds)
{
	int64_t until = now() + (int64_t)seconds * MS;
	struct hello_call *last = NULL;
	int result;

	do {
		int64_t again = now() + HELLO_AGAIN;

		last = send_hello(last, hello);
		wait_hello(last, again < until ? again : until);
	} while (last->result > 0 && !ended && now() < until);
	result = ended ? -EIO : last->result > 0 ? -ETIMEDOUT : last->result;
	forget_hello(last);
	session = !result;
	if (!result)
		limit = hello->max_requests - FOR_CANCEL;
	return result;
}
