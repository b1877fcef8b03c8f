// SPDX-License-Identifier: MIT
/*
 * forks.c - what the kernel tells of forks and ends as FORK and EXIT of TFS1.
 *
 * FK1  A task is in `known` from its first call, or the fork that made it, to
 *      its end. The guest learns nothing of others.
 * FK2  EXIT is sent when no call waits: a close by a task that ends comes from
 *      the kernel before its end, but by another way. At the latest it is sent
 *      before a FORK of the same pid.
 */
#include "tools/tracefs/forks.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/tracefs/caller.h"
#include "tools/tracefs/fork_source.h"
#include "tools/tracefs/link.h"

#define PIDS	  4194304
#define UNDER_WAY 4096 /* calls; then events wait in the kernel */
#define ENDS	  64   /* as many as the guest has tasks */
#define ALL	  (-1)
/* Until the next look at a task that ends: soon, for some looks, then later. */
#define LOOKS	 100
#define SOON_MS	 1
#define LATER_MS 100

static const struct fork_source *source; /* NULL: none */
static unsigned int under_way;
static uint8_t known[PIDS / 8 + 1];
/* FK2. `over`: it has closed its files. */
static struct {
	int pid;
	bool over;
	unsigned int looks;
} ended[ENDS];
static unsigned int nr_ended;
static bool said; /* that events were lost */
static bool lost; /* events, perhaps ends in `known` */

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

/* FK2: @pid; 0: all that are over; or ALL. */
static void tell_ended(int pid)
{
	unsigned int i, left = 0;

	for (i = 0; i < nr_ended; i++) {
		if (pid == ALL || ended[i].pid == pid ||
		    (!pid && ended[i].over))
			tell(WIRE_EXIT, ended[i].pid, 0);
		else
			ended[left++] = ended[i];
	}
	nr_ended = left;
}

/* ---- events ---- */

static void on_fork(int parent, int child)
{
	tell_ended(child);
	if (!is_known(parent))
		return;
	set_known(child, true);
	tell(WIRE_FORK, parent, child);
}

static void on_exit_of(int pid)
{
	if (!is_known(pid))
		return;
	set_known(pid, false);
	if (nr_ended == ENDS)
		tell_ended(ALL);
	ended[nr_ended].pid = pid;
	ended[nr_ended].looks = 0;
	ended[nr_ended++].over = !source->early;
}

static void on_loss(void)
{
	if (!said)
		fprintf(stderr, "nop5fs: forks and ends of this host were "
				"lost: there are too many\n");
	said = true;
	lost = true;
}

/* Return: whether there was one. */
static bool take_event(void)
{
	struct fork_event event;

	if (!source || !source->next(&event))
		return false;
	if (event.what == FORK_MADE)
		on_fork(event.pid, event.child);
	else if (event.what == FORK_ENDED)
		on_exit_of(event.pid);
	else if (event.what == FORK_LOST)
		on_loss();
	return true;
}

void forks_tell(void)
{
	while (forks_fd() >= 0 && take_event())
		;
}

/* Whose ends were lost? One that nobody has waited for counts as alive. */
static void find_lost(void)
{
	int pid;

	if (!lost || forks_fd() < 0 || source->any())
		return;
	lost = false;
	for (pid = 1; pid < PIDS; pid++)
		if (is_known(pid) && kill(pid, 0) && errno == ESRCH)
			on_exit_of(pid);
}

void forks_idle(bool came)
{
	if (came && forks_fd() >= 0)
		take_event();
	find_lost();
	tell_ended(0);
}

int forks_fd(void)
{
	return source && under_way < UNDER_WAY ? source->fd() : -1;
}

/* A task that is a zombie, or gone, has closed its files. */
static bool is_over(int pid)
{
	char path[32], text[512], *at;
	size_t len = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	if (file) {
		len = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[len] = '\0';
	at = strrchr(text, ')'); /* its name may have one, too */
	return !at || strchr("ZX", at[2]);
}

/*
 * The leader of a process becomes no zombie if another thread executes a
 * program: that thread takes its pid. Its EXIT waits for the end of the
 * process.
 */
bool forks_look(int *timeout)
{
	bool any = forks_fd() >= 0 && source->any();
	int ms = any ? 0 : *timeout;
	unsigned int i;

	for (i = 0; i < nr_ended; i++) {
		int next = ended[i].looks++ < LOOKS ? SOON_MS : LATER_MS;

		ended[i].over = ended[i].over || is_over(ended[i].pid);
		if (ended[i].over)
			next = 0;
		if (ms < 0 || ms > next)
			ms = next;
	}
	*timeout = ms;
	return any;
}

void forks_caller(int pid)
{
	if (source)
		set_known(pid, true);
}

bool forks_alive(int pid)
{
	for (unsigned int i = 0; i < nr_ended; i++)
		if (ended[i].pid == pid)
			return true;
	return !source || is_known(pid);
}

/* ---- the beginning and the end ---- */

int forks_open(const char *name)
{
	static const struct fork_source *const sources[] = { &fork_connector,
							     &fork_perf };
	int ret = -EOPNOTSUPP;

	for (unsigned int i = 0; i < 2 && !source; i++) {
		if (name && strcmp(name, sources[i]->name))
			continue;
		ret = sources[i]->open();
		if (!ret)
			source = sources[i];
	}
	return ret;
}

void forks_close(void)
{
	if (source)
		source->close();
	source = NULL;
}
