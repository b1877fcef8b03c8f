// SPDX-License-Identifier: MIT
/*
 * Frames of TFS1 in a stream of bytes: whole, in pieces, damaged, cut off.
 *
 * host-sources: trace/serve/tfs1.c
 */
#include "trace/serve/tfs1.h"
#include "kernel/lib/crc32.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

static struct tfs1_parser parser;

/* Results of feeding bytes, in order: a letter each. */
static char told[256];
static u32 ids[256];

static struct tfs1_request make(u32 id, u16 op, const void *payload, u32 len)
{
	struct tfs1_request head = { .length = len, .id = id, .op = op };

	memcpy(head.magic, "TFS1", 4);
	head.payload_crc = len ? crc32(payload, len) : 0;
	head.header_crc = crc32(&head, 60);
	return head;
}

static size_t put(u8 *to, u32 id, u16 op, const void *payload, u32 len)
{
	struct tfs1_request head = make(id, op, payload, len);

	memcpy(to, &head, sizeof(head));
	memcpy(to + sizeof(head), payload, len);
	return sizeof(head) + len;
}

static void feed(const u8 *data, size_t len)
{
	static const char letter[] = { [TFS1_FRAME] = 'F',
				       [TFS1_NO_FRAME] = 'n',
				       [TFS1_TOO_LONG] = 'l',
				       [TFS1_BAD_CRC] = 'c' };
	enum tfs1_result r;

	while ((r = tfs1_feed(&parser, &data, &len)) != TFS1_MORE) {
		size_t n = strlen(told);

		if (n == sizeof(told) - 1)
			return;
		ids[n] = parser.head.id;
		told[n] = letter[r];
	}
	CHECK_EQ(len, 0);
}

static void start(void)
{
	memset(&parser, 0, sizeof(parser));
	memset(told, 0, sizeof(told));
}

UNIT(tfs1, a_frame_is_found_whole_or_byte_by_byte)
{
	u8 data[256];
	size_t len = put(data, 7, TFS1_STAT, "trace", 5), i;

	start();
	feed(data, len);
	CHECK_STR(told, "F");
	CHECK_EQ(parser.head.id, 7);
	CHECK_STR((char *)parser.payload, "trace");
	start();
	for (i = 0; i < len; i++) {
		CHECK_STR(told, "");
		feed(data + i, 1);
	}
	CHECK_STR(told, "F");
	CHECK(!tfs1_partial(&parser));
}

UNIT(tfs1, two_frames_in_one_piece)
{
	u8 data[256];
	size_t len = put(data, 1, TFS1_STAT, "a", 1);

	len += put(data + len, 2, TFS1_CLOSE, "", 0);
	start();
	feed(data, len);
	CHECK_STR(told, "FF");
	CHECK_EQ(ids[0], 1);
	CHECK_EQ(ids[1], 2);
}

/* W1: whichever byte is wrong, one reply tells it; the next frame counts. */
UNIT(tfs1, each_damaged_byte_is_noticed_W1)
{
	u8 data[256], copy[256];
	size_t first = put(data, 1, TFS1_STAT, "stat", 4), len, i;

	len = first + put(data + first, 2, TFS1_CLOSE, "", 0);
	for (i = 0; i < first; i++) {
		memcpy(copy, data, len);
		copy[i] ^= 0x40;
		start();
		feed(copy, len);
		CHECK_STR(told, i < 64 ? "nF" : "cF");
		CHECK_EQ(ids[1], 2);
		CHECK_EQ(parser.damaged, 1);
	}
}

UNIT(tfs1, garbage_is_told_once_until_a_pause)
{
	u8 data[256];
	size_t len = put(data, 3, TFS1_CLOSE, "", 0);

	start();
	feed((const u8 *)"hello, world", 12);
	feed((const u8 *)"hello, world", 12);
	CHECK_STR(told, "n");
	tfs1_pause(&parser);
	feed((const u8 *)"TFS", 3);
	feed((const u8 *)"TFTFS", 5);
	CHECK_STR(told, "nn");
	feed(data + 3, len - 3); /* its beginning is there */
	CHECK_STR(told, "nnF");
}

UNIT(tfs1, a_length_that_is_too_large_takes_no_payload)
{
	struct tfs1_request head = make(9, TFS1_WRITE, "", 0);
	u8 data[128];
	size_t len;

	head.length = TFS1_MAX_PAYLOAD + 1;
	head.header_crc = crc32(&head, 60);
	memcpy(data, &head, 64);
	len = 64 + put(data + 64, 4, TFS1_CLOSE, "", 0);
	start();
	feed(data, len);
	CHECK_STR(told, "lF");
	CHECK_EQ(ids[0], 9);
}

/* Of nothing the CRC is 0; what follows the frame is found. */
UNIT(tfs1, a_crc_of_no_payload_is_wrong)
{
	struct tfs1_request head = make(8, TFS1_CLOSE, "", 0);
	u8 data[128];
	size_t len;

	head.payload_crc = 1;
	head.header_crc = crc32(&head, 60);
	memcpy(data, &head, 64);
	len = 64 + put(data + 64, 4, TFS1_CLOSE, "", 0);
	start();
	feed(data, len);
	CHECK_STR(told, "cF");
	CHECK_EQ(ids[0], 8);
}

/* W2: the client ends at any byte, the next one begins with 0 and HELLO. */
UNIT(tfs1, a_hello_is_found_after_a_frame_cut_anywhere_W2)
{
	static u8 payload[300], data[1024];
	size_t len, at, hello;

	memset(payload, 'T', sizeof(payload));
	for (at = 0; at < 364; at++) {
		len = put(data, 1, TFS1_WRITE, payload, sizeof(payload));
		CHECK_EQ(len, 364);
		data[at] = 0;
		hello = 1 + put(data + at + 1, 77, TFS1_HELLO, "", 0);
		hello += put(data + at + hello, 78, TFS1_STAT, "x", 1);
		start();
		feed(data, at + hello);
		len = strlen(told);
		CHECK(len >= 2 && !strcmp(told + len - 2, "FF"));
		CHECK_EQ(ids[len - 2], 77);
		CHECK_EQ(ids[len - 1], 78);
	}
}

UNIT(tfs1, a_frame_cut_off_has_its_id_once_the_header_is_there)
{
	u8 data[256];

	put(data, 5, TFS1_STAT, "trace", 5);
	start();
	feed(data, 30);
	CHECK(tfs1_partial(&parser));
	CHECK_EQ(tfs1_cut_off(&parser), 0);
	feed(data, 66);
	CHECK_EQ(tfs1_cut_off(&parser), 5);
	CHECK(!tfs1_partial(&parser));
	feed(data, 69);
	CHECK_STR(told, "F");
}

static int check(struct tfs1_request head, const char *payload)
{
	return tfs1_check(&head, (const u8 *)payload);
}

UNIT(tfs1, forks_and_ends_name_their_tasks)
{
	static const struct {
		u16 op;
		int pid;
		u32 child;
		int want;
	} row[] = {
		{ TFS1_FORK, 5, 6, 0 },
		{ TFS1_FORK, TFS1_PID_MAX, 1, 0 },
		{ TFS1_FORK, 1, TFS1_PID_MAX, 0 },
		{ TFS1_FORK, 0, 6, -EINVAL },
		{ TFS1_FORK, 5, 0, -EINVAL },
		{ TFS1_FORK, 5, 5, -EINVAL },
		{ TFS1_FORK, 5, TFS1_PID_MAX + 1, -EINVAL },
		{ TFS1_EXIT, 5, 0, 0 },
		{ TFS1_EXIT, 0, 0, -EINVAL },
		{ TFS1_READ, 0, 0, 0 },
	};
	struct tfs1_request head;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(row); i++) {
		head = make(1, row[i].op, "", 0);
		head.pid = row[i].pid;
		head.count = row[i].child;
		CHECK_EQ(check(head, ""), row[i].want);
	}
}

UNIT(tfs1, requests_are_checked)
{
	char path[600];
	struct tfs1_request head = make(1, TFS1_STAT, "a", 1), bad;

	CHECK_EQ(check(head, "a"), 0);
	bad = head, bad.id = 0;
	CHECK_EQ(check(bad, "a"), -EINVAL);
	bad = head, bad.op = 0;
	CHECK_EQ(check(bad, "a"), -ENOSYS);
	bad = head, bad.op = TFS1_OPS;
	CHECK_EQ(check(bad, "a"), -ENOSYS);
	bad = head, bad.flags = TFS1_F_READ;
	CHECK_EQ(check(bad, "a"), -EINVAL);
	bad = head, bad.pid = -1;
	CHECK_EQ(check(bad, "a"), -EINVAL);
	bad = head, bad.pid = TFS1_PID_MAX + 1;
	CHECK_EQ(check(bad, "a"), -EINVAL);
	bad = head, bad.comm[15] = 'x';
	CHECK_EQ(check(bad, "a"), -EINVAL);
	CHECK_EQ(check(head, "/"), -EINVAL);
	CHECK_EQ(check(head, ""), -EINVAL); /* its one byte is a NUL */
	memset(path, 'a', sizeof(path));
	bad = head, bad.length = 511;
	CHECK_EQ(check(bad, path), 0);
	bad.length = 512;
	CHECK_EQ(check(bad, path), -ENAMETOOLONG);
	bad = make(1, TFS1_CLOSE, "a", 1);
	CHECK_EQ(check(bad, "a"), -EINVAL);
	bad = make(1, TFS1_OPEN, "a", 1);
	bad.flags = TFS1_F_WAIT;
	CHECK_EQ(check(bad, "a"), -EINVAL);
}

UNIT(tfs1, a_name_is_made_printable)
{
	struct tfs1_request head = { .comm = "a\nb\x80 c" };
	char comm[16];

	tfs1_comm(&head, comm);
	CHECK_STR(comm, "a?b? c");
}

UNIT(tfs1, a_reply_has_its_bytes)
{
	struct tfs1_reply reply;
	u8 *bytes = (u8 *)&reply;

	tfs1_reply(&reply, 0x01020304, -2, 0x1122334455667788, "abc", 3);
	CHECK(!memcmp(bytes, "TFR1\3\0\0\0\4\3\2\1\xfe\xff\xff\xff", 16));
	CHECK_EQ(bytes[16], 0x88);
	CHECK_EQ(reply.payload_crc, crc32("abc", 3));
	CHECK_EQ(reply.header_crc, crc32(&reply, 28));
}
