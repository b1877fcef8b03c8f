/* SPDX-License-Identifier: MIT */
/*
 * The last LOG_BUFFER_SIZE bytes of the log: every line that printk() and
 * printk_plain() have written to the console.
 */
#pragma once

#include "kernel/lib/types.h"

#define LOG_BUFFER_SIZE 32768

/* Appends a line. Context: between console_lock() and console_unlock(). */
void log_buffer_add(const char *text, size_t len);

/*
 * log_buffer_read() - copy the log from a position on
 * @pos: 0 at first; moves behind what was copied, and over lines that are gone
 * Return: the number of bytes; 0 at the end. Context: task.
 */
size_t log_buffer_read(u64 *pos, char *buf, size_t size);
