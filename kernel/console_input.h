/* SPDX-License-Identifier: MIT */
/*
 * console_input.h - a queue of bytes typed at the serial line.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Start input: by the port's interrupt, and by polling the port every tick, so
 * that input works even if the interrupt is not routed.
 * Context: task; harmless to repeat. Return: 0. No other code is returned.
 */
int console_input_init(void);

/* Return the next byte; sleeps until there is one. Context: task. */
u8 console_getc(void);

/* The next byte, or -1. Context: the task that reads; does not sleep. */
int console_poll_getc(void);

/* Is there a byte? Context: any. */
bool console_input_pending(void);

/*
 * Number of bytes dropped for lack of room since the last call or ^C.
 * Context: any.
 */
u32 console_input_dropped(void);

/*
 * Is there a ^C among the queued bytes? Context: the task that reads them.
 */
bool console_break(void);

/*
 * Discard everything up to the last ^C, as a terminal does.
 * Context: the task that reads. Return: whether there was a ^C.
 */
bool console_break_take(void);
