// SPDX-License-Identifier: MIT
/*
 * wire.c - frames of the protocol TFS1, as bytes.
 */
#include "tools/tracefs/wire.h"

#include <stdbool.h>
#include <string.h>

static const uint8_t reply_magic[4] = { 'T', 'F', 'R', '1' };

/* The CRC of a byte alone, before the last inversion. */
static uint32_t of_byte(uint32_t byte)
{
	for (int bit = 0; bit < 8; bit++)
		byte = byte >> 1 ^ (byte & 1 ? 0xedb88320 : 0);
	return byte;
}

uint32_t wire_crc(const void *from, size_t len)
{
	static uint32_t table[256];
	const uint8_t *bytes = from;
	uint32_t crc = ~0u;

	for (uint32_t i = 0; !table[255] && i < 256; i++)
		table[i] = of_byte(i);
	for (size_t i = 0; i < len; i++)
		crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 255];
	return ~crc;
}

static void put(uint8_t *to, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		to[i] = value >> 8 * i;
}

static uint64_t get(const uint8_t *from, int bytes)
{
	uint64_t value = 0;

	for (int i = 0; i < bytes; i++)
		value |= (uint64_t)from[i] << 8 * i;
	return value;
}

void wire_put_request(const struct wire_request *request,
		      uint8_t to[WIRE_REQUEST_SIZE])
{
	memcpy(to, "TFS1", 4);
	put(to + 4, request->length, 4);
	put(to + 8, request->id, 4);
	put(to + 12, request->op, 2);
	put(to + 14, request->flags, 2);
	put(to + 16, request->handle, 4);
	put(to + 20, request->count, 4);
	put(to + 24, request->offset, 8);
	put(to + 32, (uint32_t)request->caller.pid, 4);
	put(to + 36, (uint32_t)request->caller.ppid, 4);
	memcpy(to + 40, request->caller.comm, WIRE_COMM_SIZE);
	to[40 + WIRE_COMM_SIZE - 1] = 0;
	put(to + 56, wire_crc(request->payload, request->length), 4);
	put(to + 60, wire_crc(to, 60), 4);
}

/* Is there a header with a right CRC, and a length that may be? */
static bool is_header(const uint8_t *from)
{
	return !memcmp(from, reply_magic, sizeof(reply_magic)) &&
	       get(from + 28, 4) == wire_crc(from, 28) &&
	       get(from + 4, 4) <= WIRE_MAX_PAYLOAD;
}

int wire_take_reply(const uint8_t *from, size_t len, struct wire_reply *reply,
		    size_t *used)
{
	size_t at = 0;

	for (; len - at >= WIRE_REPLY_SIZE; at++) {
		const uint8_t *head = from + at;

		if (!is_header(head))
			continue;
		reply->length = get(head + 4, 4);
		if (len - at - WIRE_REPLY_SIZE < reply->length)
			break;
		reply->payload = head + WIRE_REPLY_SIZE;
		if (wire_crc(reply->payload, reply->length) !=
		    get(head + 24, 4))
			continue;
		reply->id = get(head + 8, 4);
		reply->status = (int32_t)get(head + 12, 4);
		reply->value = get(head + 16, 8);
		*used = at + WIRE_REPLY_SIZE + reply->length;
		return 1;
	}
	*used = at;
	return 0;
}

int wire_hello(const struct wire_reply *reply, struct wire_hello *hello)
{
	if (reply->length != WIRE_HELLO_SIZE)
		return -1;
	hello->version = get(reply->payload, 2);
	hello->cpus = get(reply->payload + 2, 2);
	hello->max_requests = get(reply->payload + 12, 4);
	memcpy(hello->build, reply->payload + 32, 64);
	hello->build[64] = 0;
	return 0;
}

int wire_stat(const struct wire_reply *reply, struct wire_stat *stat)
{
	if (reply->length != WIRE_STAT_SIZE)
		return -1;
	stat->ino = get(reply->payload, 8);
	stat->size = get(reply->payload + 8, 8);
	stat->mode = get(reply->payload + 16, 4);
	return 0;
}

int wire_entry(const struct wire_reply *reply, size_t *at,
	       struct wire_entry *entry)
{
	const uint8_t *from = reply->payload + *at;
	size_t left = reply->length - *at, length;

	if (!left)
		return 0;
	if (left < WIRE_ENTRY_SIZE)
		return -1;
	length = get(from + 20, 2);
	if (!length || length > left - WIRE_ENTRY_SIZE ||
	    length >= sizeof(entry->name) ||
	    memchr(from + WIRE_ENTRY_SIZE, 0, length) ||
	    memchr(from + WIRE_ENTRY_SIZE, '/', length))
		return -1;
	entry->ino = get(from, 8);
	entry->cursor = get(from + 8, 8);
	entry->mode = get(from + 16, 4);
	memcpy(entry->name, from + WIRE_ENTRY_SIZE, length);
	entry->name[length] = 0;
	*at += WIRE_ENTRY_SIZE + length;
	return 1;
}
