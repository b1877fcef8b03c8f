/* SPDX-License-Identifier: MIT */
/*
 * The console: bytes to and from the serial line, and the lock that keeps
 * the writers apart.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * console_init() - start the serial line and read loglevel= from the command
 * line. Context: boot, first of all steps. Return: 0. No other code is
 * returned.
 */
int console_init(void);

/*
 * console_write() - write bytes as they are, as one piece
 *
 * For text that is no log line (shell, trace output). Give whole lines, since
 * log lines may come before and after, but not inside.
 * Context: any but NMI.
 */
void console_write(const char *buf, size_t len);

/*
 * console_trylock() - own the serial line, interrupts off
 * @force: take it away from its owner after a while (panic)
 *
 * For printk. Return: false if this CPU itself holds it already (the caller
 * interrupted the holder), or if another does and the caller is in an NMI.
 */
bool console_trylock(unsigned long *flags, bool force);
void console_unlock(unsigned long flags);

/* Only between the two. */
void console_emit(const char *buf, size_t len);
