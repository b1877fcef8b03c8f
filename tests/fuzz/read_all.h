/* SPDX-License-Identifier: MIT */
/*
 * The text of a file of the control tree, for the fuzz targets.
 */
#pragma once

#include "kernel/base/panic.h"
#include "trace/control/tracefs.h"

/*
 * Read the file at @path as a string; a file that cannot be read, or that does
 * not fit, ends the run. Return: its length.
 */
static inline size_t read_all(const char *path, char *buf, size_t room)
{
	struct tracefs_file *file;
	size_t len = 0;
	ssize_t n;

	BUG_ON(tracefs_open(path, TRACEFS_READ, &file));
	while ((n = tracefs_read(file, buf + len, room - 1 - len)) > 0)
		len += n;
	BUG_ON(n || len == room - 1);
	BUG_ON(tracefs_close(file));
	buf[len] = '\0';
	return len;
}
