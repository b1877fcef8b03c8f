/* SPDX-License-Identifier: MIT */
/*
 * ops.h - the calls of FUSE, each carried out by a call of TFS1.
 *
 * OP1 Each call of FUSE is answered exactly once, with the errno of the guest.
 * OP2 Nothing is kept in a cache: each lookup, attribute and read asks the
 *     guest, since its files change by themselves.
 *
 * tree_ops.c has what is done by path, file_ops.c what is done with an open
 * file, ops.c what both use.
 *
 * Context: one thread, that of FUSE's loop.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tools/tracefs/link.h"

struct fuse_lowlevel_ops;
struct fuse_req;
struct handle;
struct node;
struct stat;

/* A call of FUSE under way. */
struct op {
	struct call call; /* first, so that one is the other */
	struct fuse_req *req;
	void (*done)(struct op *op, const struct wire_reply *reply);
	struct wire_request request;
	bool sent, interrupted;

	/* What done() needs, each for the calls that have it. */
	struct node *node;
	struct handle *handle;
	uint64_t offset;
	size_t room;
	uint32_t events;
	char name[256];
	char path[WIRE_MAX_PATH + 1];
};

/* The numbers of the mount that statfs() and stat() show. */
void ops_init(void);

/*
 * A call of @req, which @done answers. NULL: no memory, and @req is answered.
 * What the guest is asked is put into op->request.
 */
struct op *op_new(struct fuse_req *req, enum wire_op what,
		  void (*done)(struct op *op, const struct wire_reply *reply));

/*
 * Put the path of @name in @dir (NULL: of @dir) into the request.
 * Return: false if there is none; then the call is answered, and is no more.
 */
bool op_path(struct op *op, struct node *dir, const char *name);

/* Ask the guest. If @interruptible, an interrupt of the caller cancels it. */
void op_send(struct op *op, bool interruptible);

/* Answer by an errno (0: it is done), and free. */
void op_error(struct op *op, int status);

/* Free; the call is answered. */
void op_free(struct op *op);

/* Fill in @attr by what the guest says of @node. */
void op_attributes(const struct node *node, const struct wire_stat *from,
		   struct stat *attr);

void tree_ops_add(struct fuse_lowlevel_ops *ops);
void file_ops_add(struct fuse_lowlevel_ops *ops);

/* Free what is open; the tree is unmounted, and the line is closed. */
void file_ops_end(void);
