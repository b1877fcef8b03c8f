// SPDX-License-Identifier: MIT
/*
 * The console on a line that stands still: nothing is lost that can wait, no
 * two pieces mix, and what is lost is counted.
 *
 * The port is a fake that takes as many bytes as a test says. A sleep gives it
 * room again, as a terminal that goes on does.
 *
 * host-sources: kernel/base/console.c kernel/base/printk.c
 * host-sources: kernel/base/machine_log.c kernel/base/log_buffer.c
 * host-sources: kernel/console_write.c
 */
#include "kernel/base/clock.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/console.h"
#include "kernel/base/printk.h"
#include "kernel/console_input.h"
#include "kernel/console_write.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/unit/unit.h"
#include <asm/tsc.h>

static char line[65536]; /* what the port took */
static size_t line_len, room, room_per_sleep;
static unsigned int sleeps, sleeps_to_break;
bool sched_active;

static int line_init(void)
{
	return 0;
}

static bool line_takes_bytes(void)
{
	return room;
}

static size_t line_write(const char *buf, size_t len)
{
	len = min(len, room);
	memcpy(line + line_len, buf, len);
	line_len += len;
	line[line_len] = '\0';
	room -= len;
	return len;
}

static const struct console_driver the_line = {
	.init = line_init,
	.write = line_write,
	.takes_bytes = line_takes_bytes,
};
TABLE_ENTRY(console_drivers, 10, the_line);

void sleep_ns(u64 ns)
{
	(void)ns;
	sleeps++;
	room += room_per_sleep;
}

bool console_break(void)
{
	return sleeps_to_break && sleeps >= sleeps_to_break;
}

bool cmdline_is(const char *key, const char *value)
{
	return false;
}

u64 cmdline_u64(const char *name, u64 otherwise)
{
	(void)name;
	return otherwise;
}

u64 ktime_ns(void)
{
	return 0;
}

static char screen[65536]; /* what a copy was given */
static size_t screen_len;

static size_t screen_write(const char *buf, size_t len)
{
	memcpy(screen + screen_len, buf, len);
	screen_len += len;
	screen[screen_len] = '\0';
	return len;
}

static const struct console_driver a_screen = {
	.init = line_init,
	.write = screen_write,
};
TABLE_ENTRY(console_drivers, 20, a_screen);

static void begin(size_t bytes)
{
	room = ~0UL;
	printk_finish(); /* of the test before */
	line_len = screen_len = 0;
	room = bytes;
	sleeps = sleeps_to_break = room_per_sleep = 0;
}

/* "line 0\n" and so on. Return: the length. */
static size_t make_lines(char *text, size_t size, unsigned int n)
{
	size_t len = 0;
	unsigned int i;

	for (i = 0; i < n; i++)
		len += scnprintf(text + len, size - len, "line %u\n", i);
	return len;
}

/* CO3 */
UNIT(console, a_task_waits_for_a_line_that_stands_still)
{
	static char text[32768];
	size_t len = make_lines(text, sizeof(text), 2600);

	begin(100);
	room_per_sleep = 7;
	console_write(text, len);
	CHECK(sleeps > 1000);
	while (console_unsent()) {
		room += 7;
		printk_flush();
	}
	CHECK_STR(line, text);
}

UNIT(console, the_tick_sends_the_end)
{
	begin(3);
	console_write("nop5# ", 6);
	CHECK_EQ(sleeps, 0); /* it is on its way */
	CHECK_STR(line, "nop");
	printk_flush();
	CHECK(console_stands_still());
	room = 3;
	CHECK(!console_stands_still());
	printk_flush();
	CHECK_STR(line, "nop5# ");
	CHECK(!console_unsent());
}

UNIT(console, ctrl_c_ends_the_wait)
{
	begin(4);
	sleeps_to_break = 10;
	console_write("first\n", 6);
	console_write("second\n", 7);
	CHECK_EQ(sleeps, 10);
	room = 1000;
	printk_flush();
	CHECK_STR(line, "first\n"); /* whole, and the second not at all */
}

/* CO1 */
UNIT(console, no_line_comes_inside_a_piece)
{
	begin(4);
	console_write("prompt", 6);
	printk_plain("a");
	printk_plain("b");
	CHECK_STR(line, "prom");
	CHECK_EQ(sleeps, 0); /* printk() never sleeps */
	room = 4;
	printk_plain("c");
	CHECK_STR(line, "prompt\na");
	room = 1000;
	printk_flush();
	CHECK_STR(line, "prompt\na\nb\nc\n");
}

UNIT(console, lines_without_room_are_counted_and_told)
{
	unsigned long lost = printk_lost();
	char expected[512];
	size_t len;
	int i;

	begin(0);
	for (i = 0; i < 21; i++) /* one on its way, 16 kept, 4 lost */
		printk_plain("line %d", i);
	CHECK_EQ(printk_lost(), lost + 4);
	room = 1; /* the loss is reported once, and not lost itself */
	for (i = 0; i < 1000; i++, room = 1)
		printk_flush();
	len = make_lines(expected, sizeof(expected), 17);
	strscpy(expected + len, "printk: 4 lines were lost\n",
		sizeof(expected) - len);
	CHECK_STR(line, expected);
}

UNIT(console, a_copy_gets_each_piece_that_the_line_accepts_once)
{
	begin(3);
	console_write("first\n", 6);
	CHECK_STR(line, "fir");
	CHECK_STR(screen, "first\n");
	printk_plain("kept"); /* the line stands still: not yet written */
	CHECK_STR(screen, "first\n");
	room = 1000;
	printk_flush();
	CHECK_STR(line, "first\nkept\n");
	CHECK_STR(screen, "first\nkept\n");
	console_emergency("last", 4);
	CHECK_STR(screen, "first\nkept\nlast");
	CHECK_STR(line, "first\nkept\nlast");
}

UNIT(console, the_end_of_the_run_is_bounded)
{
	begin(2);
	printk_plain("the end");
	printk_plain("really");
	printk_finish();
	CHECK_STR(line, "th");
	room = 1000;
	printk_finish();
	CHECK_STR(line, "the end\nreally\n");
}
