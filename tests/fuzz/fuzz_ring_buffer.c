// SPDX-License-Identifier: MIT
/*
 * ring_buffer_decode() on a page of any content, cut to any size.
 * host-sources: trace/ring/ring_buffer_event.c
 */
#include "kernel/base/panic.h"
#include "tests/fuzz/fuzz.h"
#include "trace/ring/ring_buffer.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	/* Just as large as the data, so that a byte too far is found. */
	struct ring_buffer_page *page = host_malloc(RB_HEADER_SIZE + size);
	struct ring_buffer_event event;
	u32 offset = 0, before = 0;
	u64 time = 0;

	if (size > RB_DATA_SIZE)
		size = RB_DATA_SIZE;
	memcpy(page->data, data, size);
	while (ring_buffer_decode(page, size, &offset, &time, &event) > 0) {
		BUG_ON(offset <= before || offset > size);
		BUG_ON((const u8 *)event.data < page->data + before);
		BUG_ON((const u8 *)event.data + event.len !=
		       page->data + offset);
		before = offset;
	}
	host_free(page);
	return 0;
}
