// SPDX-License-Identifier: MIT
/*
 * The parser of TFS1 on any bytes, in pieces whose sizes are in the input. What
 * it takes ends: in each call with bytes left it has a result. Every other
 * input byte below 8 becomes a valid frame, so that payloads are reached.
 *
 * host-sources: trace/serve/tfs1.c
 */
#include "kernel/lib/crc32.h"
#include "tests/fuzz/fuzz.h"
#include "trace/serve/tfs1.h"

static void feed(struct tfs1_parser *p, const u8 *data, size_t len)
{
	char comm[16];
	enum tfs1_result r;

	do {
		size_t before = len;

		r = tfs1_feed(p, &data, &len);
		if (len > before || (r == TFS1_MORE && len))
			__builtin_trap();
		if (r != TFS1_FRAME)
			continue;
		if (p->head.length > TFS1_MAX_PAYLOAD ||
		    p->payload[p->head.length])
			__builtin_trap();
		tfs1_check(&p->head, p->payload);
		tfs1_comm(&p->head, comm);
	} while (len || r != TFS1_MORE);
}

static void feed_frame(struct tfs1_parser *p, u8 kind, const u8 *rest,
		       size_t len)
{
	struct tfs1_request head = { .magic = { 'T', 'F', 'S', '1' } };

	head.op = kind;
	head.id = len;
	head.length = kind & 1 ? len : len + 1;
	head.payload_crc = kind & 2 ? crc32(rest, len) : 0;
	head.header_crc = crc32(&head, 60);
	feed(p, (u8 *)&head, sizeof(head));
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct tfs1_parser *p = host_malloc(sizeof(*p));

	memset(p, 0, sizeof(*p));
	while (size) {
		size_t n = min((size_t)*data, size - 1);

		if (*data < 8)
			feed_frame(p, *data, data + 1, size - 1);
		feed(p, data + 1, n);
		data += n + 1;
		size -= n + 1;
		if (n % 16 == 1)
			tfs1_cut_off(p);
		tfs1_pause(p);
	}
	host_free(p);
	return 0;
}
