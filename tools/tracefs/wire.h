/* SPDX-License-Identifier: MIT */
/*
 * wire.h - frames of the protocol TFS1 (trace/serve/DESIGN.md), as bytes.
 *
 * Pure: no descriptor, no allocation. All integers on the wire are
 * little-endian, whatever the host is.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define WIRE_REQUEST_SIZE 64
#define WIRE_REPLY_SIZE	  32
#define WIRE_HELLO_SIZE	  96
#define WIRE_STAT_SIZE	  24
#define WIRE_ENTRY_SIZE	  22 /* and the name behind it */
#define WIRE_MAX_PAYLOAD  65536
#define WIRE_MAX_PATH	  511
#define WIRE_COMM_SIZE	  16
#define WIRE_VERSION	  1

enum wire_op {
	WIRE_HELLO = 1,
	WIRE_STAT,
	WIRE_READDIR,
	WIRE_OPEN,
	WIRE_READ,
	WIRE_WRITE,
	WIRE_CLOSE,
	WIRE_POLL,
	WIRE_CANCEL,
	WIRE_MKDIR,
	WIRE_RMDIR,
	WIRE_TRUNCATE,
	WIRE_FORK,
	WIRE_EXIT,
};

/* Flags of a request. */
#define WIRE_F_READ	1
#define WIRE_F_WRITE	2
#define WIRE_F_TRUNC	4
#define WIRE_F_NONBLOCK 8
#define WIRE_F_WAIT	16

/* The task that asks. pid 0: none. */
struct wire_caller {
	int32_t pid;
	int32_t ppid;
	char comm[WIRE_COMM_SIZE];
};

struct wire_request {
	uint32_t id;
	uint16_t op;
	uint16_t flags;
	uint32_t handle;
	uint32_t count;
	uint64_t offset;
	struct wire_caller caller;
	const void *payload;
	uint32_t length; /* bytes of the payload */
};

struct wire_reply {
	uint32_t id;
	int32_t status;
	uint64_t value;
	const uint8_t *payload; /* in the buffer that was parsed */
	uint32_t length;
};

struct wire_hello {
	uint16_t version;
	uint16_t cpus;
	uint32_t max_requests;
	char build[65];
};

struct wire_stat {
	uint64_t ino;
	uint64_t size;
	uint32_t mode;
};

struct wire_entry {
	uint64_t ino;
	uint64_t cursor; /* where the next entry is found */
	uint32_t mode;
	char name[256];
};

/* Write the header of @request to @to; its payload goes behind it. */
void wire_put_request(const struct wire_request *request,
		      uint8_t to[WIRE_REQUEST_SIZE]);

/*
 * Take one reply out of @len bytes. *@used is the number of bytes that are done
 * with: those in front of the reply, which are no frame, and the reply.
 * Return: 1 and *@reply; 0 more bytes are needed. No other code is returned.
 */
int wire_take_reply(const uint8_t *from, size_t len, struct wire_reply *reply,
		    size_t *used);

/* Return: 0, or -1 if the payload has not the form its operation gives it. */
int wire_hello(const struct wire_reply *reply, struct wire_hello *hello);
int wire_stat(const struct wire_reply *reply, struct wire_stat *stat);

/*
 * The entry at *@at of a reply to READDIR; *@at moves behind it.
 * Return: 1 and *@entry; 0 at the end; -1 it is malformed.
 */
int wire_entry(const struct wire_reply *reply, size_t *at,
	       struct wire_entry *entry);

/* CRC-32 of IEEE 802.3; of nothing it is 0. */
uint32_t wire_crc(const void *from, size_t len);
