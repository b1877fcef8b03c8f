/* SPDX-License-Identifier: MIT */
/*
 * screen.h - what the console prints, on a screen, too.
 *
 * The serial line is the console; a screen only shows what went there. Text
 * only: no colours, no cursor, no input. Where a screen comes from is the
 * driver's business (arch/x86_64/dev/screen.c).
 */
#pragma once

#include "kernel/lib/types.h"

#define SCREEN_COLS 160 /* of a larger screen the rest stays empty */
#define SCREEN_ROWS 75

struct screen_device {
	unsigned int cols, rows; /* at most SCREEN_COLS, SCREEN_ROWS */
	/*
	 * Draw @n characters (printable ASCII) from @col on in @row. Context:
	 * any, also a panic that interrupted it; no lock, no allocation.
	 */
	void (*draw)(unsigned int row, unsigned int col, const u8 *text,
		     unsigned int n);
};

/*
 * The console's driver: show @len bytes. Before there is a device, what comes
 * first is kept for it. Context: any, with the console's lock. Return: @len.
 */
size_t screen_write(const char *buf, size_t len);

/*
 * From now on the screen is @device, all of it blank; it shows what was kept,
 * under @headline. Context: boot; takes the console's lock.
 */
void screen_attach(const struct screen_device *device, const char *headline);

/* There will be no screen: nothing is kept any more. Context: boot. */
void screen_none(void);
