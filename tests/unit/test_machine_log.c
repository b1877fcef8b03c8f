// SPDX-License-Identifier: MIT
/*
 * kernel/base/machine_log.c: the object of a line, for any bytes and any room.
 * host-sources: kernel/base/machine_log.c
 */
#include "kernel/base/machine_log.h"
#include "kernel/base/printk.h"
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"

bool cmdline_is(const char *key, const char *value)
{
	return false;
}

void vprintk_raw(const char *fmt, va_list ap)
{
	CHECK(!"printed in text mode");
}

#define CHECK_LINE(want, size, text)                                          \
	do {                                                                  \
		char buf_[96] = { 0 };                                        \
		size_t n_ = machine_log_line(buf_, size, text, strlen(text)); \
		CHECK_STR(buf_, want);                                        \
		CHECK_EQ(n_, strlen(want));                                   \
	} while (0)

UNIT(machine_log, quotes_and_backslashes_are_escaped)
{
	CHECK_LINE("{\"e\":\"log\",\"text\":\"a \\\"b\\\" \\\\c\"}\n", 96,
		   "a \"b\" \\c");
}

UNIT(machine_log, other_bytes_become_printable)
{
	CHECK_LINE("{\"e\":\"log\",\"text\":\"a b?c??\"}\n", 96,
		   "a\tb\033c\303\244");
}

UNIT(machine_log, a_cut_line_is_a_whole_object)
{
	char text[64], buf[96];

	memset(text, '"', sizeof(text));
	for (size_t size = 32; size <= sizeof(buf); size++) {
		size_t n = machine_log_line(buf, size, text, sizeof(text));

		CHECK(n <= size);
		CHECK(n >= size - 2);
		CHECK(!memcmp(buf + n - 3, "\"}\n", 3));
		CHECK_EQ((n - 3 - 19) % 2, 0); /* no half escape */
	}
}

UNIT(machine_log, text_mode_prints_no_event)
{
	CHECK(!machine_event("{}"));
}
