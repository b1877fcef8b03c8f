/* SPDX-License-Identifier: MIT */
/*
 * console_input.h - bytes typed at the serial line, queued until asked for.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Begin to listen: by the port's interrupt, and by looking at it every tick,
 * so nothing depends on how the interrupt is routed.
 * Context: task; harmless to repeat. Return: 0. No other code is returned.
 */
int console_input_init(void);

/* The next byte; sleeps until there is one. Context: task. */
u8 console_getc(void);

/* Is there a byte? Context: any. */
bool console_input_pending(void);

/*
 * How many bytes found no room since the last call or ^C?
 * Context: any.
 */
u32 console_input_dropped(void);

/*
 * Is there a ^C among the bytes? Context: the task that reads them.
 */
bool console_break(void);

/*
 * Throw away everything up to the last ^C, as a terminal does.
 * Context: the task that reads. Return: was there one?
 */
bool console_break_take(void);
