// SPDX-License-Identifier: MIT
/*
 * Text put together piece by piece: every piece at every size of the buffer.
 */
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

static const char *const whole = "abc-   42:0007 ff00ff*** x=9 y=two.";

static void put_all(struct trace_seq *s)
{
	trace_seq_puts(s, "abc");
	trace_seq_putc(s, '-');
	trace_seq_dec(s, 42, 5, ' ');
	trace_seq_putmem(s, ":ignored", 1);
	trace_seq_dec(s, 7, 4, '0');
	trace_seq_putc(s, ' ');
	trace_seq_hex(s, 0xff00ff);
	trace_seq_fill(s, '*', 3);
	trace_seq_printf(s, " x=%d y=%s", 9, "two");
	trace_seq_putc(s, '.');
}

/* SQ1 */
UNIT(trace_seq, pieces_at_every_size)
{
	size_t len = strlen(whole), size;

	for (size = 1; size <= len + 3; size++) {
		char *buf = host_malloc(size);
		struct trace_seq s;

		trace_seq_init(&s, buf, size);
		put_all(&s);
		CHECK_EQ(s.overflow, size <= len);
		CHECK_EQ(s.len, min(len, size - 1));
		CHECK(!memcmp(buf, whole, s.len));
		CHECK_EQ(buf[s.len], '\0');
		trace_seq_reset(&s);
		CHECK_EQ(s.len, 0);
		CHECK(!s.overflow);
		host_free(buf);
	}
}

UNIT(trace_seq, numbers)
{
	char buf[64];
	struct trace_seq s;

	trace_seq_init(&s, buf, sizeof(buf));
	trace_seq_dec(&s, ~0ULL, 0, ' ');
	CHECK_STR(buf, "18446744073709551615");
	trace_seq_reset(&s);
	trace_seq_dec(&s, 0, 3, ' ');
	trace_seq_hex(&s, 0);
	trace_seq_hex(&s, ~0ULL);
	CHECK_STR(buf, "  00ffffffffffffffff");
	trace_seq_truncate(&s, 3);
	CHECK_STR(buf, "  0");
	trace_seq_truncate(&s, 10);
	CHECK_EQ(s.len, 3);
	trace_seq_reset(&s);
	trace_seq_dec(&s, 5, 40, ' ');
	CHECK_EQ(s.len, 40);
}
