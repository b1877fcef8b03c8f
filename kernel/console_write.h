/* SPDX-License-Identifier: MIT */
/*
 * console_write.h - output of tasks that is not the log: shell, trace output.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * console_write() - write bytes as they are, as one piece
 *
 * The caller passes whole lines; log lines may come before and after them, but
 * not inside. While the serial line stands still (the terminal pauses) the task
 * sleeps; a ^C ends the sleep, and the rest of the text is dropped.
 * Context: task, may sleep.
 */
void console_write(const char *buf, size_t len);
