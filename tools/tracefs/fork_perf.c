// SPDX-License-Identifier: MIT
/*
 * fork_perf.c - forks and ends by perf_event_open(2): in any pid namespace, to
 * root (CAP_PERFMON) of the first user namespace. No counter is used.
 *
 * A CPU writes its records into a ring of its own. Records of several CPUs are
 * taken by rising time, which is the order of what happened: the clock is one
 * for all CPUs. A CPU that is switched on later is not heard.
 */
#include <errno.h>
#include <linux/perf_event.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tools/tracefs/fork_source.h"

#define ROOM (512 << 10) /* of a ring: 16,384 records */

/* As perf_event_open(2) says: FORK and EXIT. Of LOST the head alone is used. */
struct record {
	struct perf_event_header head;
	uint32_t pid, ppid;
	uint32_t tid, ptid;
	uint64_t time;
};
_Static_assert(sizeof(struct record) == 32, "in pieces of 8 bytes");

static struct ring {
	int fd;
	struct perf_event_mmap_page *page;
} * rings;
static int nr_rings;
static int all = -1; /* an epoll of the rings */

/* The oldest record of a ring. Return: whether there is one. */
static bool peek(const struct ring *ring, struct record *out)
{
	const char *data = (char *)ring->page + ring->page->data_offset;
	uint64_t tail = ring->page->data_tail;
	size_t at, len;

	if (__atomic_load_n(&ring->page->data_head, __ATOMIC_ACQUIRE) == tail)
		return false;
	memset(out, 0, sizeof(*out));
	memcpy(&out->head, data + tail % ROOM, sizeof(out->head));
	len = out->head.size < sizeof(*out) ? out->head.size : sizeof(*out);
	for (at = 8; at < len; at += 8)
		memcpy((char *)out + at, data + (tail + at) % ROOM, 8);
	if (out->head.type == PERF_RECORD_LOST)
		out->time = 0; /* it has none: at once */
	return true;
}

static const struct ring *earliest(struct record *out)
{
	const struct ring *found = NULL;
	struct record one;

	for (int i = 0; i < nr_rings; i++) {
		if (!peek(&rings[i], &one) || (found && one.time >= out->time))
			continue;
		found = &rings[i];
		*out = one;
	}
	return found;
}

/*
 * A record that is seen may have an earlier one in front of it, in a ring that
 * was looked at before that came: look until nothing changes.
 */
static const struct ring *first(struct record *out)
{
	const struct ring *before, *found = NULL;

	do {
		before = found;
		found = earliest(out);
	} while (found != before);
	return found;
}

static bool perf_next(struct fork_event *out)
{
	struct record record;
	const struct ring *ring = first(&record);

	if (!ring)
		return false;
	*out = (struct fork_event){ .what = FORK_OTHER };
	if (record.head.type == PERF_RECORD_FORK)
		*out = (struct fork_event){ FORK_MADE, record.ptid,
					    record.tid };
	else if (record.head.type == PERF_RECORD_EXIT)
		*out = (struct fork_event){ FORK_ENDED, record.tid, 0 };
	else if (record.head.type == PERF_RECORD_LOST)
		out->what = FORK_LOST;
	__atomic_store_n(&ring->page->data_tail,
			 ring->page->data_tail + record.head.size,
			 __ATOMIC_RELEASE); /* then the kernel writes there */
	return true;
}

static bool perf_any(void)
{
	struct record record;

	return earliest(&record);
}

static int perf_fd(void)
{
	return all;
}

/* Return: 0; -ENODEV: the CPU is off; -errno */
static int open_ring(struct ring *ring, int cpu)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.size = sizeof(attr),
		.config = PERF_COUNT_SW_DUMMY,
		.task = 1,
		.watermark = 1,
		.wakeup_watermark = 1, /* by each record */
		.use_clockid = 1,
		.clockid = CLOCK_MONOTONIC,
	};
	struct epoll_event event = { .events = EPOLLIN };
	size_t size = sysconf(_SC_PAGESIZE) + ROOM;

	ring->fd = syscall(SYS_perf_event_open, &attr, -1, cpu, -1,
			   PERF_FLAG_FD_CLOEXEC);
	if (ring->fd < 0)
		return -errno;
	ring->page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED,
			  ring->fd, 0);
	if (ring->page == MAP_FAILED ||
	    epoll_ctl(all, EPOLL_CTL_ADD, ring->fd, &event)) {
		int ret = -errno;

		close(ring->fd); /* the memory goes with the process */
		return ret;
	}
	return 0;
}

static void perf_close(void)
{
	while (nr_rings) {
		struct ring *ring = &rings[--nr_rings];

		munmap(ring->page, sysconf(_SC_PAGESIZE) + ROOM);
		close(ring->fd);
	}
	free(rings);
	rings = NULL;
	close(all);
	all = -1;
}

static int perf_open(void)
{
	int cpus = sysconf(_SC_NPROCESSORS_CONF), cpu, ret = 0;

	all = epoll_create1(EPOLL_CLOEXEC);
	rings = calloc(cpus, sizeof(*rings));
	if (all < 0 || !rings)
		ret = -ENOMEM;
	for (cpu = 0; !ret && cpu < cpus; cpu++) {
		ret = open_ring(&rings[nr_rings], cpu);
		if (!ret)
			nr_rings++;
		else if (ret == -ENODEV)
			ret = 0;
	}
	if (ret)
		perf_close();
	return ret;
}

const struct fork_source fork_perf = {
	.name = "perf",
	.early = true,
	.open = perf_open,
	.close = perf_close,
	.fd = perf_fd,
	.any = perf_any,
	.next = perf_next,
};
