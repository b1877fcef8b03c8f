// SPDX-License-Identifier: MIT
/*
 * caller.c - the task of this host that makes a call.
 */
#include "tools/tracefs/caller.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The text of /proc/PID/stat: "PID (name) state parent ..." */
static ssize_t read_stat(int pid, char *to, size_t room)
{
	char path[32];
	ssize_t len;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	len = read(fd, to, room - 1);
	close(fd);
	if (len >= 0)
		to[len] = 0;
	return len;
}

void caller_find(int pid, struct wire_caller *caller)
{
	char text[512], *name, *end;
	size_t len;

	memset(caller, 0, sizeof(*caller));
	if (pid <= 0 || read_stat(pid, text, sizeof(text)) <= 0)
		return;
	name = strchr(text, '(');
	end = strrchr(text, ')'); /* a name may contain one */
	if (!name || !end || end < name)
		return;
	caller->pid = pid;
	len = end - ++name;
	if (len >= sizeof(caller->comm))
		len = sizeof(caller->comm) - 1;
	memcpy(caller->comm, name, len);
	if (sscanf(end + 1, " %*c %d", &caller->ppid) != 1)
		caller->ppid = 0;
}
