/* SPDX-License-Identifier: MIT */
/*
 * screen.h - a screen that shows a copy of the console's output.
 *
 * The serial line is the console; a screen only shows a copy of its output. It
 * shows text only: no colours, no cursor, no input. The driver
 * (arch/x86_64/dev/screen.c) finds the screen.
 */
#pragma once

#include "kernel/lib/types.h"

#define SCREEN_COLS 160 /* the rest of a larger screen stays empty */
#define SCREEN_ROWS 75

struct screen_device {
	unsigned int cols, rows; /* at most SCREEN_COLS, SCREEN_ROWS */
	/*
	 * Draws @n characters (printable ASCII) in @row, starting at @col.
	 * Context: any, also a panic that interrupted this function. It takes
	 * no lock and allocates nothing.
	 */
	void (*draw)(unsigned int row, unsigned int col, const u8 *text,
		     unsigned int n);
};

/*
 * The write function of the console driver: shows @len bytes. Until there is a
 * device, the first bytes are kept for it and later ones are dropped.
 * Context: any, with the console's lock. Return: @len.
 */
size_t screen_write(const char *buf, size_t len);

/*
 * Makes @device, which must be blank, the screen. It shows @headline, then the
 * bytes kept so far. Context: boot; takes the console's lock.
 */
void screen_attach(const struct screen_device *device, const char *headline);

/* There is no screen: no more bytes are kept. Context: boot. */
void screen_none(void);
