// SPDX-License-Identifier: MIT
/*
 * host-sources: kernel/base/screen.c
 *
 * The text screen against a model of a terminal that goes up by half a screen.
 */
#include "kernel/base/console.h"
#include "kernel/base/screen.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"
#include <asm/percpu.h>

#define COLS 20
#define ROWS 7

DEFINE_TABLE(struct console_driver, console_drivers);

static u8 shown[ROWS][COLS];
static unsigned long drawn, bad;
static const char *while_drawing; /* an NMI that prints */

bool console_lock(unsigned long *flags)
{
	*flags = 0;
	return true;
}

void console_unlock(unsigned long flags)
{
}

static void draw(unsigned int row, unsigned int col, const u8 *text,
		 unsigned int n)
{
	unsigned int i;

	bad += row >= ROWS || col + n > COLS || !n;
	for (i = 0; i < n; i++)
		bad += text[i] < ' ' || text[i] > '~';
	if (while_drawing)
		screen_write(while_drawing, strlen(while_drawing));
	if (bad)
		return;
	memcpy(&shown[row][col], text, n);
	drawn += n;
}

static const struct screen_device device = { COLS, ROWS, draw };

static void attach(const char *headline)
{
	memset(shown, ' ', sizeof(shown));
	while_drawing = NULL;
	drawn = 0;
	screen_attach(&device, headline);
}

static void say(const char *text)
{
	screen_write(text, strlen(text));
}

static const char *row(unsigned int n)
{
	static char text[COLS + 1];
	unsigned int len = COLS;

	while (len && shown[n][len - 1] == ' ')
		len--;
	memcpy(text, shown[n], len);
	text[len] = '\0';
	return text;
}

/* One test after the other: the screen is what the one before left. */
UNIT(screen, a_text_from_its_first_line)
{
	say("first\nsecond\n");
	attach("head\n");
	say("third");
	CHECK_STR(row(0), "head");
	CHECK_STR(row(1), "first");
	CHECK_STR(row(2), "second");
	CHECK_STR(row(3), "third");
	say("\b\b\b\bH\rT\tx\r\n\aend\177");
	CHECK_STR(row(3), "THird   x");
	CHECK_STR(row(4), "end?");
	CHECK_EQ(bad, 0);
}

UNIT(screen, a_long_line_takes_two_rows_a_full_one_does_not)
{
	say("\n12345678901234567890");
	CHECK_STR(row(5), "12345678901234567890");
	say("\nabcdefghijabcdefghijXY");
	/* seven rows were full: three are gone */
	CHECK_STR(row(0), "THird   x");
	CHECK_STR(row(2), "12345678901234567890");
	CHECK_STR(row(3), "abcdefghijabcdefghij");
	CHECK_STR(row(4), "XY");
	CHECK_STR(row(5), "");
	CHECK_EQ(bad, 0);
}

UNIT(screen, what_interrupts_the_drawing_does_not_draw_SR2)
{
	while_drawing = "\n\n\n\nnmi\n";
	say("\nz");
	while_drawing = NULL;
	CHECK_STR(row(5), "z");
	CHECK_EQ(bad, 0);
	host_cpu = 1; /* another CPU, which has seized the console */
	say("y");
	host_cpu = 0;
	CHECK_STR(row(5), "zy");
}

/*
 * A line is drawn, moved about once, and blanked, however high the screen is;
 * to move all rows for each would draw eight times as much as this line has.
 */
UNIT(screen, scrolling_is_cheap)
{
	unsigned int i;

	drawn = 0;
	for (i = 0; i < 1000; i++)
		say(i & 1 ? "abcdefghij\n" : "0123456789\n");
	CHECK(drawn <= 1000 * 10 * 4);
	CHECK_EQ(bad, 0);
}

UNIT(screen, random_bytes_stay_inside_SR1)
{
	u32 seed = 1;
	unsigned int i;

	for (i = 0; i < 300000; i++) {
		char byte;

		seed = seed * 1664525 + 1013904223;
		byte = seed >> 24;
		screen_write(&byte, 1);
	}
	CHECK_EQ(bad, 0);
}
