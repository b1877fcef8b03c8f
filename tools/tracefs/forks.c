// SPDX-License-Identifier: MIT
/*
 * forks.c - the kernel's process events as FORK and EXIT of TFS1.
 *
 * FK1  A task is in `known` from its first call, or the fork that made it, to
 *      its end. The guest learns nothing of others.
 * FK2  EXIT is sent when no call waits: a close by a task that ends comes from
 *      the kernel before its end, but by another way. At the latest it is sent
 *      before a FORK of the same pid.
 */
#include "tools/tracefs/forks.h"

#include <errno.h>
#include <linux/cn_proc.h>
#include <linux/connector.h>
#include <linux/netlink.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tools/tracefs/caller.h"
#include "tools/tracefs/link.h"

#define PIDS	   4194304
#define ROOM	   (16 << 20) /* of the socket: some 20,000 events */
#define UNDER_WAY  4096	      /* calls; then events wait in the socket */
#define ENDS	   64	      /* as many as the guest has tasks */
#define ANSWERS_MS 1000	      /* the kernel answers during the call */

static int fd = -1;
static unsigned int under_way;
static uint8_t known[PIDS / 8 + 1];
static int ended[ENDS]; /* FK2 */
static unsigned int nr_ended;
static bool said; /* that events were lost */
static bool lost; /* events, perhaps ends in `known` */
static bool listens;

/* In front of an event, and of what is asked of the connector. */
struct head {
	struct nlmsghdr netlink;
	struct cn_msg connector;
};

static bool is_known(int pid)
{
	return pid > 0 && pid < PIDS && known[pid / 8] & 1 << pid % 8;
}

static void set_known(int pid, bool is)
{
	if (pid <= 0 || pid >= PIDS)
		return;
	if (is)
		known[pid / 8] |= 1 << pid % 8;
	else
		known[pid / 8] &= ~(1 << pid % 8);
}

/* ---- the guest ---- */

/* An older guest does not have these operations. */
static void told(struct call *call, const struct wire_reply *reply)
{
	under_way--;
	free(call);
	if (reply->status == -ENOSYS)
		forks_close();
}

static void tell(enum wire_op op, int pid, int child)
{
	struct wire_request request = { .op = op, .count = child };
	struct call *call = calloc(1, sizeof(*call));

	if (!call)
		return;
	caller_find(pid, &request.caller);
	request.caller.pid = pid; /* also of one that is gone, without a name */
	call->done = told;
	under_way++;
	link_send(call, &request);
}

/* FK2: all, or @pid. */
static void tell_ended(int pid)
{
	unsigned int i, left = 0;

	for (i = 0; i < nr_ended; i++) {
		if (!pid || ended[i] == pid)
			tell(WIRE_EXIT, ended[i], 0);
		else
			ended[left++] = ended[i];
	}
	nr_ended = left;
}

/* ---- events ---- */

/*
 * The kernel does not tell which thread made a thread: the leader of the
 * process stands for it.
 */
static void on_fork(int parent, int child, int leader)
{
	if (child != leader)
		parent = leader;
	if (!is_known(parent))
		return;
	tell_ended(child);
	set_known(child, true);
	tell(WIRE_FORK, parent, child);
}

static void on_exit_of(int pid)
{
	if (!is_known(pid))
		return;
	set_known(pid, false);
	if (nr_ended == ENDS)
		tell_ended(0);
	ended[nr_ended++] = pid;
}

static void on_event(const struct proc_event *event)
{
	if (event->what == PROC_EVENT_FORK)
		on_fork(event->event_data.fork.parent_pid,
			event->event_data.fork.child_pid,
			event->event_data.fork.child_tgid);
	else if (event->what == PROC_EVENT_EXIT)
		on_exit_of(event->event_data.exit.process_pid);
}

static void on_loss(void)
{
	if (!said)
		fprintf(stderr, "nop5fs: forks and ends of this host were "
				"lost: there are too many\n");
	said = true;
	lost = true;
}

/*
 * Return: whether a message came. If it was no event, event->what is no known
 * value.
 */
static bool read_event(struct proc_event *event)
{
	uint8_t bytes[sizeof(struct head) + sizeof(*event)];
	ssize_t len;

	do {
		len = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
		if (len < 0 && errno == ENOBUFS)
			on_loss();
	} while (len < 0 && (errno == ENOBUFS || errno == EINTR));
	memset(event, 0xff, sizeof(*event));
	if (len == sizeof(bytes))
		memcpy(event, bytes + sizeof(struct head), sizeof(*event));
	return len > 0;
}

void forks_tell(void)
{
	struct proc_event event;

	while (forks_fd() >= 0 && read_event(&event))
		on_event(&event);
}

/* Whose ends were lost? One that nobody has waited for counts as alive. */
static void find_lost(void)
{
	struct pollfd more = { .fd = fd, .events = POLLIN };
	int pid;

	if (!lost || forks_fd() < 0 || poll(&more, 1, 0) > 0)
		return;
	lost = false;
	for (pid = 1; pid < PIDS; pid++)
		if (is_known(pid) && kill(pid, 0) && errno == ESRCH)
			on_exit_of(pid);
}

void forks_idle(bool came)
{
	struct proc_event event;

	if (came && forks_fd() >= 0 && read_event(&event))
		on_event(&event);
	find_lost();
	tell_ended(0);
}

int forks_fd(void)
{
	return under_way < UNDER_WAY ? fd : -1;
}

void forks_caller(int pid)
{
	if (fd >= 0)
		set_known(pid, true);
}

bool forks_alive(int pid)
{
	for (unsigned int i = 0; i < nr_ended; i++)
		if (ended[i] == pid)
			return true;
	return fd < 0 || is_known(pid);
}

/* ---- the beginning and the end ---- */

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
		if (read_event(&event) && event.what == PROC_EVENT_NONE)
			return -(int)event.event_data.ack.err;
	}
	return -EPERM; /* another namespace than the first one */
}

int forks_open(void)
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
		forks_close();
	return ret;
}

/* Before Linux 6.6 close() alone leaves one listener too many. */
void forks_close(void)
{
	if (fd < 0)
		return;
	if (listens)
		ask(PROC_CN_MCAST_IGNORE);
	listens = false;
	close(fd);
	fd = -1;
}
