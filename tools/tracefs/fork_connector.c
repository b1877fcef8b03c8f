// SPDX-License-Identifier: MIT
/*
 * fork_connector.c - forks and ends by the kernel's process events: netlink
 * connector, CONFIG_PROC_EVENTS. It tells them to root in the first pid
 * namespace and the first user namespace.
 */
#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools/tracefs/fork_source.h"

#define ROOM	   (16 << 20) /* of the socket: some 20,000 events */
#define ANSWERS_MS 1000	      /* the kernel answers during the call */

static int fd = -1;
static bool listens;

/* In front of an event, and of what is asked of the connector. */
struct head {
	struct nlmsghdr netlink;
	struct cn_msg connector;
};

/*
 * Return: 1; 0: there is none; -ENOBUFS: some are lost. If what came was no
 * event, event->what is no known value.
 */
static int read_event(struct proc_event *event)
{
	uint8_t bytes[sizeof(struct head) + sizeof(*event)];
	ssize_t len;

	do
		len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	while (len < 0 && errno == EINTR);
	if (len <= 0)
		return len < 0 && errno == ENOBUFS ? -ENOBUFS : 0;
	memset(event, 0xff, sizeof(*event));
	if (len == sizeof(bytes))
		memcpy(event, bytes + sizeof(struct head), sizeof(*event));
	return 1;
}

/*
 * The kernel does not tell which thread made a thread: the leader of the
 * process stands for it.
 */
static void on_fork(const struct proc_event *event, struct fork_event *out)
{
	out->what = FORK_MADE;
	out->pid = event->event_data.fork.parent_pid;
	out->child = event->event_data.fork.child_pid;
	if (out->child != event->event_data.fork.child_tgid)
		out->pid = event->event_data.fork.child_tgid;
}

static bool connector_next(struct fork_event *out)
{
	struct proc_event event;
	int got = read_event(&event);

	*out = (struct fork_event){ .what = got < 0 ? FORK_LOST : FORK_OTHER };
	if (got <= 0)
		return got;
	if (event.what == PROC_EVENT_FORK) {
		on_fork(&event, out);
	} else if (event.what == PROC_EVENT_EXIT) {
		out->what = FORK_ENDED;
		out->pid = event.event_data.exit.process_pid;
	}
	return true;
}

static bool connector_any(void)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return poll(&one, 1, 0) > 0;
}

static int ask(enum proc_cn_mcast_op op)
{
	const struct head head = {
		.netlink = { .nlmsg_len = sizeof(head) + sizeof(op),
			     .nlmsg_type = NLMSG_DONE },
		.connector = { .id = { CN_IDX_PROC, CN_VAL_PROC },
			       .len = sizeof(op) },
	};
	uint8_t bytes[sizeof(head) + sizeof(op)];

	memcpy(bytes, &head, sizeof(head));
	memcpy(bytes + sizeof(head), &op, sizeof(op));
	return send(fd, bytes, sizeof(bytes), 0) < 0 ? -errno : 0;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Return: the kernel's answer to the subscription. */
static int subscribe(void)
{
	struct pollfd answer = { .fd = fd, .events = POLLIN };
	int64_t left, until = now_ms() + ANSWERS_MS;
	struct proc_event event;
	int ret = ask(PROC_CN_MCAST_LISTEN);

	if (ret)
		return ret;
	listens = true;
	while ((left = until - now_ms()) > 0 && poll(&answer, 1, left) > 0) {
		if (read_event(&event) > 0 && event.what == PROC_EVENT_NONE)
			return -(int)event.event_data.ack.err;
	}
	return -EPERM; /* another namespace than the first one */
}

/* Before Linux 6.6 close() alone leaves one listener too many. */
static void connector_close(void)
{
	if (listens)
		ask(PROC_CN_MCAST_IGNORE);
	listens = false;
	close(fd);
	fd = -1;
}

static int connector_open(void)
{
	struct sockaddr_nl name = { .nl_family = AF_NETLINK,
				    .nl_groups = CN_IDX_PROC };
	int room = ROOM, ret = 0;

	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    NETLINK_CONNECTOR);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(fd, (struct sockaddr *)&name, sizeof(name)))
		ret = -errno;
	if (!ret)
		ret = subscribe();
	if (ret)
		connector_close();
	return ret;
}

static int connector_fd(void)
{
	return fd;
}

const struct fork_source fork_connector = {
	.name = "connector",
	.open = connector_open,
	.close = connector_close,
	.fd = connector_fd,
	.any = connector_any,
	.next = connector_next,
};
