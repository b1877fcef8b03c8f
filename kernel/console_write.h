/* SPDX-License-Identifier: MIT */
/*
 * console_write.h - text of tasks that is no log line: shell, trace output.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * console_write() - write bytes as they are, as one piece
 *
 * Give whole lines, since log lines may come before and after, but not inside.
 * While the line stands still (a terminal that pauses) it sleeps; ^C ends that,
 * and what is left of the text is dropped.
 * Context: task, may sleep.
 */
void console_write(const char *buf, size_t len);
