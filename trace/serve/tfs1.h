/* SPDX-License-Identifier: MIT */
/*
 * tfs1.h - the protocol TFS1: frames, and the parser that finds them.
 *
 * DESIGN.md defines every byte. All of this is pure: it runs on the host under
 * the sanitizers.
 */
#pragma once

#include "kernel/lib/types.h"

#define TFS1_VERSION	 1
#define TFS1_MAX_PAYLOAD 65536U
#define TFS1_PATH_MAX	 512 /* a path and its NUL */
#define TFS1_PID_MAX	 4194304

enum tfs1_op {
	TFS1_HELLO = 1,
	TFS1_STAT,
	TFS1_READDIR,
	TFS1_OPEN,
	TFS1_READ,
	TFS1_WRITE,
	TFS1_CLOSE,
	TFS1_POLL,
	TFS1_CANCEL,
	TFS1_MKDIR,
	TFS1_RMDIR,
	TFS1_TRUNCATE,
	TFS1_FORK,
	TFS1_EXIT,
	TFS1_OPS
};

#define TFS1_F_READ	BIT(0)
#define TFS1_F_WRITE	BIT(1)
#define TFS1_F_TRUNC	BIT(2)
#define TFS1_F_NONBLOCK BIT(3)
#define TFS1_F_WAIT	BIT(4)

/* The status of POLL, with the values of poll(). */
#define TFS1_POLLIN  1
#define TFS1_POLLOUT 4

struct tfs1_request {
	u8 magic[4];
	u32 length;
	u32 id;
	u16 op;
	u16 flags;
	u32 handle;
	u32 count;
	u64 offset;
	s32 pid;
	s32 ppid;
	char comm[16];
	u32 payload_crc;
	u32 header_crc;
};
static_assert(sizeof(struct tfs1_request) == 64);
static_assert(offsetof(struct tfs1_request, comm) == 40);

struct tfs1_reply {
	u8 magic[4];
	u32 length;
	u32 id;
	s32 status;
	u64 value;
	u32 payload_crc;
	u32 header_crc;
};
static_assert(sizeof(struct tfs1_reply) == 32);

struct tfs1_hello {
	u16 version;
	u16 cpus;
	u32 max_payload;
	u32 max_handles;
	u32 max_requests;
	u32 max_tasks;
	u32 page_size;
	u64 session;
	char build[64];
};
static_assert(sizeof(struct tfs1_hello) == 96);

struct tfs1_stat {
	u64 ino;
	u64 size;
	u32 mode;
	u32 zero;
};
static_assert(sizeof(struct tfs1_stat) == 24);

/* Followed by the name. */
struct tfs1_entry {
	u64 ino;
	u64 cursor;
	u32 mode;
	u16 name_len;
} __packed;
static_assert(sizeof(struct tfs1_entry) == 22);

/* Where the bytes that arrived stand. All zero: at the start of a frame. */
struct tfs1_parser {
	struct tfs1_request head; /* of the frame, once its header is valid */
	u8 raw[sizeof(struct tfs1_request)] __aligned(8);
	u32 have;    /* bytes in raw */
	bool body;   /* the payload of ->head arrives */
	u32 got;     /* bytes of payload */
	u32 scan;    /* of these, known not to begin a HELLO */
	bool lost;   /* looks for the next header; this has been reported */
	u64 damaged; /* damaged places so far */
	u8 payload[TFS1_MAX_PAYLOAD + 1]; /* a NUL behind it */
};

enum tfs1_result {
	TFS1_MORE,     /* every byte is taken, no frame is complete */
	TFS1_FRAME,    /* ->head and ->payload are a request */
	TFS1_NO_FRAME, /* bytes that are no frame: reply to id 0 */
	TFS1_TOO_LONG, /* ->head.length is: reply to ->head.id */
	TFS1_BAD_CRC   /* of the payload: reply to ->head.id */
};

/*
 * Take bytes from *data (*len of them) up to the first result. ->head and
 * ->payload are valid until the next call. The bytes that follow belong to
 * other frames: call again until TFS1_MORE.
 */
enum tfs1_result tfs1_feed(struct tfs1_parser *p, const u8 **data, size_t *len);

/* Does the parser hold a part of a frame? */
bool tfs1_partial(const struct tfs1_parser *p);
/* Drop it. Return: its id; 0 if the header is not complete. */
u32 tfs1_cut_off(struct tfs1_parser *p);
/* The bytes that arrived are all taken: more garbage is a new place. */
void tfs1_pause(struct tfs1_parser *p);

/*
 * Is a request well formed, apart from handle and path? @payload: its
 * ->length bytes. Return: 0; -ENOSYS unknown op; -EINVAL; -ENAMETOOLONG. No
 * other code is returned.
 */
int tfs1_check(const struct tfs1_request *head, const u8 *payload);

/* Fill in a reply; @payload may be NULL if @length is 0. */
void tfs1_reply(struct tfs1_reply *reply, u32 id, s32 status, u64 value,
		const void *payload, u32 length);

/* The caller's name, printable, with its NUL. */
void tfs1_comm(const struct tfs1_request *head, char comm[16]);
