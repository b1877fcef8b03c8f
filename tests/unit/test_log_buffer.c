// SPDX-License-Identifier: MIT
/*
 * kernel/base/log_buffer.c: the log as it was written, and its newest part once
 * the buffer is full.
 * host-sources: kernel/base/log_buffer.c
 */
#include "kernel/base/console.h"
#include "kernel/base/log_buffer.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

static bool busy;
static unsigned int held; /* LB2 */

bool console_lock(unsigned long *flags)
{
	*flags = 0;
	held += !busy;
	return !busy;
}

void console_unlock(unsigned long flags)
{
	(void)flags;
	held--;
}

static char text[2 * LOG_BUFFER_SIZE];

/* Everything from *@pos on, read in pieces. Return: its length. */
static size_t read_all(u64 *pos, size_t piece)
{
	size_t n, len = 0;

	while ((n = log_buffer_read(pos, text + len, piece)))
		len += n;
	text[len] = '\0';
	CHECK_EQ(held, 0);
	return len;
}

UNIT(log_buffer, what_was_written_is_read_once_LB1)
{
	u64 pos = 0;

	log_buffer_add("one\n", 4);
	log_buffer_add("two\n", 4);
	CHECK_EQ(read_all(&pos, 3), 8);
	CHECK_STR(text, "one\ntwo\n");
	CHECK_EQ(read_all(&pos, 3), 0);
	log_buffer_add("three\n", 6);
	CHECK_EQ(read_all(&pos, 100), 6);
	CHECK_STR(text, "three\n");
}

UNIT(log_buffer, of_a_full_one_the_newest_whole_lines_LB1)
{
	unsigned int i, first, lines = LOG_BUFFER_SIZE / 5;
	char line[32];
	u64 pos = 0;
	size_t len;

	for (i = 0; i < lines; i++)
		log_buffer_add(line, host_snprintf(line, sizeof(line),
						   "line %05u\n", i));
	len = read_all(&pos, 1000);
	CHECK(len <= LOG_BUFFER_SIZE && len > LOG_BUFFER_SIZE - 11);
	CHECK_EQ(len % 11, 0);
	first = lines - len / 11;
	host_snprintf(line, sizeof(line), "line %05u\n", first);
	CHECK(!memcmp(text, line, 11));
	host_snprintf(line, sizeof(line), "line %05u\n", lines - 1);
	CHECK(!memcmp(text + len - 11, line, 11));
}

/* Without the console's lock nothing is read. */
UNIT(log_buffer, without_the_lock_nothing_is_read_LB2)
{
	u64 pos = 0;

	log_buffer_add("x\n", 2);
	busy = true;
	CHECK_EQ(log_buffer_read(&pos, text, sizeof(text)), 0);
	busy = false;
	CHECK(log_buffer_read(&pos, text, sizeof(text)) > 0);
}
