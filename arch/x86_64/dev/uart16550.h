/* SPDX-License-Identifier: MIT */
/*
 * The first serial port, COM1: 115200 8n1, written by polling, read by
 * polling or by interrupt.
 *
 * It takes no lock: the console layer serialises writers.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Program the port. Harmless to repeat.
 * Context: any; the console calls it early at boot.
 * Return: 0; -ENODEV if no port answers (output is then dropped).
 */
int uart_init(void);

/*
 * Send raw bytes, with a bounded wait for each.
 * Context: any. Return: the number of bytes that the port took; it stops at the
 * first one whose wait exceeds the bound.
 */
size_t uart_write(const char *buf, size_t len);

/* Can the port take bytes without a wait? Context: any. */
bool uart_takes_bytes(void);

/* Return: the next received byte; -EAGAIN if there is none. Context: any. */
int uart_getc_nonblock(void);

/* Wait for a bounded time until the last byte has left. Context: any. */
void uart_flush(void);

/*
 * From now on call fn in irq context when bytes have arrived. fn should drain
 * them with uart_getc_nonblock(), because bytes that arrive while others wait
 * raise no interrupt. A NULL fn ends this.
 * Context: task.
 * Return: 0; -EBUSY if another fn is set; -ENODEV if there is no port or its
 * interrupt cannot be routed (the caller then polls). No other code is
 * returned.
 */
int uart_rx_irq_enable(void (*fn)(void));
