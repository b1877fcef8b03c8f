// SPDX-License-Identifier: MIT
/*
 * screen.c - lines of text on a screen that is slow to write and slower to
 * read.
 *
 * Owns a copy of the character in every cell, and the position of the next
 * byte. So the screen is never read, and a cell is drawn only when it changes.
 *
 * How it scrolls: by half a screen at a time. Scrolling by one line would
 * redraw the whole screen for each line. Scrolling by half a screen makes a
 * line cost about two drawings of that line, on a screen of any size.
 *
 * Invariants
 *  SR1 row < rows and col <= cols, between any two instructions: a panic may
 *     interrupt this code and print.
 *  SR2 A CPU that interrupted its own drawing (in an NMI, or in a fault inside
 *     the drawing) does not draw: the screen may have caused the fault.
 *
 * Context and locks: any; the console's lock, or the console seized by panic.
 */
#include "kernel/base/screen.h"

#include "kernel/base/console.h"
#include "kernel/lib/string.h"
#include <asm/percpu.h>

#define TAB   8
#define EARLY 4096

static const struct screen_device *device; /* [console] */
static u8 cell[SCREEN_ROWS][SCREEN_COLS];  /* [console] */
static unsigned int row, col;		   /* [console] */
static u32 drawing;			   /* [console] CPU + 1 */

static char early[EARLY]; /* [console] until there is a device */
static size_t nr_early;	  /* [console] */
static bool none;	  /* [console] */

/* Shows @n characters in row @at from column @from; skips equal ends. */
static void set_cells(unsigned int at, unsigned int from, const u8 *text,
		      unsigned int n)
{
	u8 *shown = cell[at] + from;
	unsigned int first = 0;

	while (first < n && shown[first] == text[first])
		first++;
	while (n > first && shown[n - 1] == text[n - 1])
		n--;
	if (first == n)
		return;
	memcpy(shown + first, text + first, n - first);
	device->draw(at, from + first, text + first, n - first);
}

static void blank_row(unsigned int at)
{
	static const u8 blank[SCREEN_COLS] = {
		[0 ... SCREEN_COLS - 1] = ' ',
	};

	set_cells(at, 0, blank, device->cols);
}

static void new_line(void)
{
	unsigned int i, half = device->rows / 2;

	col = 0;
	if (row + 1 < device->rows) {
		row++;
		return;
	}
	row = device->rows - half; /* SR1 */
	for (i = 0; i < device->rows - half; i++)
		set_cells(i, 0, cell[i + half], device->cols);
	for (; i < device->rows; i++)
		blank_row(i);
}

/*
 * Shows the printable bytes at @text, of which there is at least one, up to the
 * end of the row. Return: how many bytes it has shown.
 */
static size_t put_text(const u8 *text, size_t len)
{
	size_t n = 0;

	if (col == device->cols)
		new_line();
	while (n < len && n < device->cols - col && text[n] >= ' ' &&
	       text[n] <= '~')
		n++;
	set_cells(row, col, text, n);
	col += n;
	return n;
}

static void put_control(u8 byte)
{
	unsigned int stop = ALIGN_DOWN(col, TAB) + TAB;

	if (byte == '\n')
		new_line();
	else if (byte == '\r')
		col = 0;
	else if (byte == '\b' && col)
		col--;
	else if (byte == '\t')
		col = min(stop, device->cols);
	else if (byte > '~')
		put_text((const u8 *)"?", 1);
}

static void put(const char *buf, size_t len)
{
	const u8 *at = (const u8 *)buf, *end = at + len;

	while (at < end) {
		if (*at >= ' ' && *at <= '~')
			at += put_text(at, end - at);
		else
			put_control(*at++);
	}
}

static void keep_early(const char *buf, size_t len)
{
	len = min(len, sizeof(early) - nr_early);
	memcpy(early + nr_early, buf, len);
	nr_early += len;
}

size_t screen_write(const char *buf, size_t len)
{
	u32 self = smp_processor_id() + 1;

	if (none || drawing == self)
		return len; /* SR2 */
	if (!device) {
		keep_early(buf, len);
		return len;
	}
	drawing = self;
	put(buf, len);
	drawing = 0;
	return len;
}

void screen_attach(const struct screen_device *found, const char *headline)
{
	unsigned long flags;

	if (!console_lock(&flags))
		return;
	device = found;
	memset(cell, ' ', sizeof(cell));
	screen_write(headline, strlen(headline));
	screen_write(early, nr_early);
	console_unlock(flags);
}

void screen_none(void)
{
	none = true;
}

/* screen_attach() adds the device once its memory can be mapped. */
static int nothing_yet(void)
{
	return 0;
}

static const struct console_driver screen = { .init = nothing_yet,
					      .write = screen_write };
TABLE_ENTRY(console_drivers, 20, screen);
