// SPDX-License-Identifier: MIT
/*
 * tfs1.c - find frames in a stream of bytes, and check them.
 *
 * W1  Every byte is taken once. A header is believed only if its CRC is right,
 *     so a length is never a damaged one.
 * W2  A valid header of HELLO is found wherever it stands, also inside the
 *     payload of a frame that its client did not finish.
 *
 * Pure.
 */
#include "trace/serve/tfs1.h"

#include "kernel/lib/crc32.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

#define HEAD  sizeof(struct tfs1_request)
#define MAGIC 4

static const u8 request_magic[MAGIC] = { 'T', 'F', 'S', '1' };

/* Copy the header at @bytes. Return: whether it is valid. */
static bool read_head(const void *bytes, struct tfs1_request *head)
{
	memcpy(head, bytes, HEAD);
	return !memcmp(head->magic, request_magic, MAGIC) &&
	       head->header_crc == crc32(head, HEAD - sizeof(u32));
}

/* Keep what follows the first place in @bytes where a header may begin. */
static void restart(struct tfs1_parser *p, const u8 *bytes, size_t len)
{
	size_t at;

	for (at = 0; at < len; at++)
		if (!memcmp(bytes + at, request_magic,
			    min(len - at, (size_t)MAGIC)))
			break;
	memmove(p->raw, bytes + at, len - at);
	p->have = len - at;
	p->body = false;
}

/* Return: TFS1_NO_FRAME for the first damage since the last valid header, or
 * if @header: then something looked like one. */
static enum tfs1_result damage(struct tfs1_parser *p, bool header)
{
	if (p->lost && !header)
		return TFS1_MORE;
	p->lost = true;
	p->damaged++;
	return TFS1_NO_FRAME;
}

static enum tfs1_result begin_frame(struct tfs1_parser *p,
				    const struct tfs1_request *head)
{
	p->head = *head;
	p->lost = false;
	p->have = p->got = p->scan = 0;
	p->body = p->head.length && p->head.length <= TFS1_MAX_PAYLOAD;
	if (p->body)
		return TFS1_MORE;
	p->payload[0] = '\0';
	if (p->head.length)
		return TFS1_TOO_LONG;
	return p->head.payload_crc ? TFS1_BAD_CRC : TFS1_FRAME;
}

static size_t take(void *to, size_t room, const u8 **data, size_t *len)
{
	size_t n = min(room, *len);

	memcpy(to, *data, n);
	*data += n;
	*len -= n;
	return n;
}

static enum tfs1_result feed_head(struct tfs1_parser *p, const u8 **data,
				  size_t *len)
{
	struct tfs1_request head;

	p->have += take(p->raw + p->have, HEAD - p->have, data, len);
	if (memcmp(p->raw, request_magic, min(p->have, (u32)MAGIC))) {
		restart(p, p->raw + 1, p->have - 1);
		return damage(p, false);
	}
	if (p->have < HEAD)
		return TFS1_MORE;
	if (read_head(p->raw, &head))
		return begin_frame(p, &head);
	restart(p, p->raw + 1, HEAD - 1);
	return damage(p, true);
}

/* W2. Return: the offset behind a HELLO in the payload, 0 if there is none. */
static u32 find_hello(struct tfs1_parser *p, struct tfs1_request *head)
{
	for (; p->scan + HEAD <= p->got; p->scan++) {
		const u8 *at = p->payload + p->scan;

		if (*at == request_magic[0] && read_head(at, head) &&
		    head->op == TFS1_HELLO)
			return p->scan + HEAD;
	}
	return 0;
}

static enum tfs1_result feed_body(struct tfs1_parser *p, const u8 **data,
				  size_t *len)
{
	struct tfs1_request hello;
	u32 tail;

	p->got += take(p->payload + p->got, p->head.length - p->got, data, len);
	tail = find_hello(p, &hello);
	if (tail) {
		tail = p->got - tail; /* these bytes completed the HELLO */
		*data -= tail;
		*len += tail;
		return begin_frame(p, &hello);
	}
	if (p->got < p->head.length)
		return TFS1_MORE;
	p->payload[p->got] = '\0';
	p->body = false;
	if (crc32(p->payload, p->got) == p->head.payload_crc)
		return TFS1_FRAME;
	tail = min(p->got, (u32)HEAD - 1);
	restart(p, p->payload + p->got - tail, tail); /* W2 */
	p->damaged++;
	return TFS1_BAD_CRC;
}

enum tfs1_result tfs1_feed(struct tfs1_parser *p, const u8 **data, size_t *len)
{
	enum tfs1_result result = TFS1_MORE;

	while (*len && result == TFS1_MORE)
		result = p->body ? feed_body(p, data, len) :
				   feed_head(p, data, len);
	return result;
}

bool tfs1_partial(const struct tfs1_parser *p)
{
	return p->have || p->body;
}

u32 tfs1_cut_off(struct tfs1_parser *p)
{
	u32 id = p->body ? p->head.id : 0;

	p->have = 0;
	p->body = false;
	p->damaged++;
	return id;
}

void tfs1_pause(struct tfs1_parser *p)
{
	p->lost = false;
}

/* ---- is a request well formed? ------------------------------------------- */

/* What an operation may have beside its id. */
static const struct {
	u16 flags;
	bool path, data;
} form[TFS1_OPS] = {
	[TFS1_HELLO] = {},
	[TFS1_STAT] = { .path = true },
	[TFS1_READDIR] = { .path = true },
	[TFS1_OPEN] = { TFS1_F_READ | TFS1_F_WRITE | TFS1_F_TRUNC |
				TFS1_F_NONBLOCK,
			.path = true },
	[TFS1_READ] = { TFS1_F_NONBLOCK },
	[TFS1_WRITE] = { TFS1_F_NONBLOCK, .data = true },
	[TFS1_CLOSE] = {},
	[TFS1_POLL] = { TFS1_F_READ | TFS1_F_WRITE | TFS1_F_WAIT },
	[TFS1_CANCEL] = {},
	[TFS1_MKDIR] = { .path = true },
	[TFS1_RMDIR] = { .path = true },
	[TFS1_TRUNCATE] = { .path = true },
	[TFS1_FORK] = {},
	[TFS1_EXIT] = {},
};

static int check_path(const u8 *path, u32 len)
{
	if (len >= TFS1_PATH_MAX)
		return -ENAMETOOLONG;
	return memchr(path, '\0', len) || (len && *path == '/') ? -EINVAL : 0;
}

/* FORK and EXIT tell of a task, FORK of a child, too. */
static bool names_tasks(const struct tfs1_request *head)
{
	if (head->op == TFS1_FORK)
		return head->pid && head->count != (u32)head->pid &&
		       head->count && head->count <= TFS1_PID_MAX;
	return head->op != TFS1_EXIT || head->pid;
}

int tfs1_check(const struct tfs1_request *head, const u8 *payload)
{
	if (!head->id)
		return -EINVAL;
	if (!head->op || head->op >= TFS1_OPS)
		return -ENOSYS;
	if (head->flags & ~form[head->op].flags)
		return -EINVAL;
	if (head->pid < 0 || head->pid > TFS1_PID_MAX || head->ppid < 0 ||
	    head->ppid > TFS1_PID_MAX)
		return -EINVAL;
	if (head->comm[sizeof(head->comm) - 1])
		return -EINVAL;
	if (!names_tasks(head))
		return -EINVAL;
	if (form[head->op].path)
		return check_path(payload, head->length);
	return head->length && !form[head->op].data ? -EINVAL : 0;
}

void tfs1_reply(struct tfs1_reply *reply, u32 id, s32 status, u64 value,
		const void *payload, u32 length)
{
	memset(reply, 0, sizeof(*reply));
	memcpy(reply->magic, "TFR1", MAGIC);
	reply->length = length;
	reply->id = id;
	reply->status = status;
	reply->value = value;
	reply->payload_crc = length ? crc32(payload, length) : 0;
	reply->header_crc = crc32(reply, sizeof(*reply) - sizeof(u32));
}

void tfs1_comm(const struct tfs1_request *head, char comm[16])
{
	unsigned int i;

	memcpy(comm, head->comm, sizeof(head->comm));
	comm[sizeof(head->comm) - 1] = '\0';
	for (i = 0; comm[i]; i++)
		if (!isprint(comm[i]))
			comm[i] = '?';
}
