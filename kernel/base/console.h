/* SPDX-License-Identifier: MIT */
/*
 * The console: bytes to and from the serial line, and the lock that keeps
 * the writers apart.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

/*
 * A device that shows console output. The first driver in the table is the
 * serial line: bytes that it does not accept yet wait. Each other driver shows
 * a copy of the line's output, and accepts all of it at once.
 *
 * Context of all functions but init: any, NMI included; interrupts off; one
 * caller at a time, except for a panic inside a panic. They take no locks.
 */
struct console_driver {
	int (*init)(void); /* at boot; after an error it still gets output */
	/* Return: how many bytes were accepted, in bounded time. */
	size_t (*write)(const char *buf, size_t len);
	bool (*takes_bytes)(void); /* accepts bytes now? NULL: always */
	void (*flush)(void); /* bounded wait for the last byte; NULL: none */
};

/* TABLE_ENTRY(console_drivers, 10, the_line); copies have keys from 20 on. */
DECLARE_TABLE(struct console_driver, console_drivers);

/*
 * console_init() - start all drivers and read loglevel= from the command
 * line. Context: boot, before all other steps. Return: 0. No other code is
 * returned.
 */
int console_init(void);

/* The longest piece in bytes; it bounds the time with interrupts off. */
#define CONSOLE_CHUNK 1024

/*
 * console_lock() - become owner of the serial line, interrupts off. For printk.
 * Return: false if this CPU already owns it (the caller interrupted its own
 * writing), if another CPU owns it and the caller is in an NMI, or if another
 * CPU has seized it.
 */
bool console_lock(unsigned long *flags);
void console_unlock(unsigned long flags);

/*
 * console_seize() - make this CPU the line's owner for good and remove the tap.
 * Another owner may finish its piece, but after one second it loses the line
 * too.
 * Context: any. For panic() and other code that ends the run.
 */
void console_seize(void);

/*
 * console_emit() - write one piece of at most CONSOLE_CHUNK bytes
 * console_fresh_line() - write a newline unless the line is at its start
 * Context: between console_lock() and console_unlock().
 * Return: true if the piece was accepted; false if the line is stalled and no
 * byte of the piece was accepted.
 */
bool console_emit(const char *buf, size_t len);
bool console_fresh_line(void);

/*
 * console_unsent() - are there bytes that the port has not accepted yet?
 * console_stands_still() - are there, and would it not accept them now either?
 * Context: any.
 */
bool console_unsent(void);
bool console_stands_still(void);

/*
 * console_emergency() - write without any lock, for a panic inside a panic;
 * bytes that a driver does not accept are lost
 * console_flush() - bounded wait until the last byte is sent
 * Context: any.
 */
void console_emergency(const char *buf, size_t len);
void console_flush(void);

/*
 * Sends the bytes that wait. Context: between console_lock() and
 * console_unlock(). Return: true if none are left.
 */
bool console_send_rest(void);

/*
 * console_set_tap() - pass every piece to a function before it is written
 * For tests. The tap is called with the lock held, in any context. It returns
 * true to keep the piece off the line. NULL removes the tap.
 * Context: task.
 */
typedef bool (*console_tap_t)(const char *buf, size_t len);
void console_set_tap(console_tap_t tap);
