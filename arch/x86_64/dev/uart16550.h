/* SPDX-License-Identifier: MIT */
/*
 * The first serial port, COM1: 115200 8n1, written by polling, read by
 * polling or by interrupt.
 *
 * No lock inside: the console layer serialises writers.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Program the port. Harmless to repeat.
 * Context: any; the first thing at boot.
 * Return: 0; -ENODEV if nothing answers there (output is then dropped).
 */
int uart_init(void);

/*
 * Send raw bytes, bounded wait for each.
 * Context: any. Return: how many the port took; it stops where it would have
 * to wait for longer.
 */
size_t uart_write(const char *buf, size_t len);

/* Would the port take bytes without a wait? Context: any. */
bool uart_takes_bytes(void);

/* Return: the next received byte; -EAGAIN if there is none. Context: any. */
int uart_getc_nonblock(void);

/* Wait, bounded, until the last byte has left the chip. Context: any. */
void uart_flush(void);

/*
 * From now on call fn in irq context when bytes have arrived; fn should drain
 * them with uart_getc_nonblock(), since more come silently while there are
 * any. NULL: no longer.
 * Context: task.
 * Return: 0; -EBUSY if somebody else is called; -ENODEV if there is no port or
 * its interrupt cannot be routed (poll then). No other code is returned.
 */
int uart_rx_irq_enable(void (*fn)(void));
