/* SPDX-License-Identifier: MIT */
/*
 * The console: bytes to and from the serial line, and the lock that keeps
 * the writers apart.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

/*
 * Something that shows what is written. The first in the table is the line:
 * what it does not take yet waits. Each other one shows a copy of what the
 * line has been given, and takes all of it at once.
 *
 * Context of all but init: any, NMI included; interrupts off, one caller at a
 * time but for a panic inside a panic. No locks.
 */
struct console_driver {
	int (*init)(void); /* boot; on an error it is written to all the same */
	/* Return: how many bytes were taken, in bounded time. */
	size_t (*write)(const char *buf, size_t len);
	bool (*takes_bytes)(void); /* now? NULL: always */
	void (*flush)(void); /* wait, bounded, for the last byte; NULL: none */
};

/* TABLE_ENTRY(console_drivers, 10, the_line); copies have keys from 20 on. */
DECLARE_TABLE(struct console_driver, console_drivers);

/*
 * console_init() - start all drivers and read loglevel= from the command
 * line. Context: boot, first of all steps. Return: 0. No other code is
 * returned.
 */
int console_init(void);

/* The longest piece; as long as interrupts are off at a time. */
#define CONSOLE_CHUNK 1024

/*
 * console_lock() - own the serial line, interrupts off. For printk.
 * Return: false if this CPU itself has it already (the caller interrupted its
 * own writing), if another has it and the caller is in an NMI, or if another
 * CPU has seized it.
 */
bool console_lock(unsigned long *flags);
void console_unlock(unsigned long flags);

/*
 * This CPU has the line from now on, and no tap keeps anything off it. Another
 * CPU that has it may end its piece; after a second it has lost it, too.
 * Context: any. For panic() and for what else ends the run.
 */
void console_seize(void);

/*
 * Between lock and unlock only: one piece of at most CONSOLE_CHUNK bytes out; a
 * newline if one is missing.
 * Return: true, the piece is on its way; false, the line stands still and
 * nothing of the piece was taken.
 */
bool console_emit(const char *buf, size_t len);
bool console_fresh_line(void);

/*
 * Is there something on its way that the port has not taken yet? And would it
 * not take it now, either? Context: any.
 */
bool console_unsent(void);
bool console_stands_still(void);

/*
 * Past every lock, for a panic inside a panic: what the drivers take of it.
 * And: wait, bounded, until the last byte is out. Context: any.
 */
void console_emergency(const char *buf, size_t len);
void console_flush(void);

/* Between lock and unlock only: go on with it. Return: has it all gone? */
bool console_send_rest(void);

/*
 * console_set_tap() - show every piece that is written to a function
 * For tests. It is called with the lock held, in any context, and returns
 * whether the piece is to be kept off the line. NULL: no tap any more.
 * Context: task.
 */
typedef bool (*console_tap_t)(const char *buf, size_t len);
void console_set_tap(console_tap_t tap);
