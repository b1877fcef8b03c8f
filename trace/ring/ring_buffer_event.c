// SPDX-License-Identifier: MIT
/*
 * ring_buffer_event.c - decode the events of a page.
 *
 * Owns nothing. It is pure, so the host can run and fuzz it. A writer may still
 * be writing the page: the decoder reads each word once, checks every value,
 * and never reads past the end of the page.
 */
#include "kernel/lib/errno.h"
#include "trace/ring/ring_buffer_internal.h"

/* Read bytes 4 to 7 of an event, which only some types have. */
static bool rb_second_word(const struct ring_buffer_page *page, u32 size,
			   u32 offset, u32 *word)
{
	if (offset + 8 > size)
		return false;
	*word = *(const u32 *)(page->data + offset + 4);
	return true;
}

/* Skip a time extend, time stamp or padding. Return: its bytes, 0 if bad. */
static u32 rb_skip(u32 type, u32 delta, u32 word, u64 *time)
{
	u64 wide = (u64)word << RB_DELTA_BITS | delta;

	switch (type) {
	case RB_TYPE_EXTEND:
		*time += wide;
		return 8;
	case RB_TYPE_STAMP: /* the upper 5 bits stay */
		*time = (*time & ~((1ULL << 59) - 1)) | wide;
		return 8;
	default:
		*time += delta;
		return word > RB_DATA_SIZE || word % 4 ? 0 : word + 4;
	}
}

int ring_buffer_decode(const struct ring_buffer_page *page, u32 size,
		       u32 *offset, u64 *time, struct ring_buffer_event *event)
{
	u32 header, type, delta, word, len;

	for (;;) {
		if (rb_decode_data(page, size, offset, time, event))
			return 1;
		if (size > RB_DATA_SIZE || *offset > size || *offset % 4)
			return -EINVAL;
		if (size - *offset < RB_EVENT_HEADER)
			return 0;
		header = *(const u32 *)(page->data + *offset);
		type = header & RB_TYPE_MASK;
		delta = header >> RB_TYPE_BITS;
		if (type == RB_TYPE_PADDING && !delta)
			return 0;
		if (type >= 1 && type <= RB_TYPE_DATA_MAX)
			return -EINVAL; /* longer than what the page has */
		if (!rb_second_word(page, size, *offset, &word))
			return -EINVAL;
		if (type == RB_TYPE_LONG)
			break;
		len = rb_skip(type, delta, word, time);
		if (!len)
			return -EINVAL;
		*offset += len;
	}
	len = word - 4;
	if (len % 4 || len > size || *offset + 8 + len > size)
		return -EINVAL;
	*time += delta;
	*event = (struct ring_buffer_event){
		.data = page->data + *offset + 8,
		.len = len,
		.time = *time,
	};
	*offset += 8 + len;
	return 1;
}
