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

/* Send raw bytes, bounded wait for each. Context: any. */
void uart_write(const char *buf, size_t len);

/* Return: the next received byte; -EAGAIN if there is none. Context: any. */
int uart_getc_nonblock(void);

/*
 * From now on call fn in irq context when bytes have arrived; fn drains them
 * with uart_getc_nonblock().
 * Return: 0; -ENODEV if the interrupt cannot be routed (poll then).
 */
int uart_rx_irq_enable(void (*fn)(void));
