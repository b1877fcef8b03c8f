// SPDX-License-Identifier: MIT
/*
 * tree_ops.c - calls of FUSE by path: lookup, stat, directories.
 */
#define FUSE_USE_VERSION 34
#include "tools/tracefs/ops.h"

#include <errno.h>
#include <fuse_lowlevel.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tools/tracefs/nodes.h"

/* The offsets behind "." and "..", which the guest does not list. */
#define DOT	(INT64_MAX - 1)
#define DOT_DOT INT64_MAX

/* ---- lookup ---- */

static void lookup_done(struct op *op, const struct wire_reply *reply)
{
	struct fuse_entry_param entry = { 0 }; /* OP2: no time to live */
	struct wire_stat stat;
	struct node *node;

	if (reply->status < 0 || wire_stat(reply, &stat)) {
		op_error(op, reply->status < 0 ? reply->status : -EIO);
		return;
	}
	node = nodes_known(op->node, op->name, stat.ino);
	if (!node) {
		op_error(op, -ENOMEM);
		return;
	}
	op_attributes(node, &stat, &entry.attr);
	entry.ino = nodes_number(node);
	if (fuse_reply_entry(op->req, &entry))
		nodes_forget(node, 1);
	op_free(op);
}

static void lookup(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	struct op *op = op_new(req, WIRE_STAT, lookup_done);

	if (!op || !op_path(op, nodes_find(parent), name))
		return;
	memcpy(op->name, name, strlen(name) + 1);
	op_send(op, false);
}

static void forget(fuse_req_t req, fuse_ino_t ino, uint64_t times)
{
	nodes_forget(nodes_find(ino), times);
	fuse_reply_none(req);
}

static void forget_multi(fuse_req_t req, size_t count,
			 struct fuse_forget_data *all)
{
	for (size_t i = 0; i < count; i++)
		nodes_forget(nodes_find(all[i].ino), all[i].nlookup);
	fuse_reply_none(req);
}

/* ---- attributes ---- */

static void getattr_done(struct op *op, const struct wire_reply *reply)
{
	struct wire_stat stat;
	struct stat attr;

	if (reply->status < 0 || wire_stat(reply, &stat)) {
		op_error(op, reply->status < 0 ? reply->status : -EIO);
		return;
	}
	op_attributes(op->node, &stat, &attr);
	fuse_reply_attr(op->req, &attr, 0);
	op_free(op);
}

static void getattr(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct op *op = op_new(req, WIRE_STAT, getattr_done);

	if (op && op_path(op, nodes_find(ino), NULL))
		op_send(op, false);
}

/* It was truncated; its attributes are wanted. */
static void truncate_done(struct op *op, const struct wire_reply *reply)
{
	if (reply->status < 0) {
		op_error(op, reply->status);
		return;
	}
	op->request.op = WIRE_STAT;
	op->request.offset = 0;
	op->done = getattr_done;
	op_send(op, false);
}

/*
 * truncate() is what opening with O_TRUNC is. Times are not kept, so touch does
 * nothing. Owner and permissions are the guest's.
 */
static void setattr(fuse_req_t req, fuse_ino_t ino, struct stat *attr, int what,
		    struct fuse_file_info *fi)
{
	struct op *op;

	if (what &
	    (FUSE_SET_ATTR_MODE | FUSE_SET_ATTR_UID | FUSE_SET_ATTR_GID)) {
		fuse_reply_err(req, EPERM);
		return;
	}
	if (!(what & FUSE_SET_ATTR_SIZE)) {
		getattr(req, ino, fi);
		return;
	}
	op = op_new(req, WIRE_TRUNCATE, truncate_done);
	if (!op || !op_path(op, nodes_find(ino), NULL))
		return;
	op->request.offset = attr->st_size;
	op_send(op, false);
}

/* Nothing in it is of the guest, but -EIO tells that the guest is dead. */
static void statfs(fuse_req_t req, fuse_ino_t ino)
{
	struct statvfs stat = { .f_bsize = 4096,
				.f_frsize = 4096,
				.f_namemax = 255 };

	if (link_ended())
		fuse_reply_err(req, EIO);
	else
		fuse_reply_statfs(req, &stat);
}

/* ---- directories ---- */

static size_t put_entry(struct op *op, char *to, size_t room, const char *name,
			mode_t mode, uint64_t next)
{
	struct stat attr = { .st_ino = 1, .st_mode = mode };

	return fuse_add_direntry(op->req, to, room, name, &attr, next);
}

/* The entries of a reply, until there is no room. Return: bytes, or -EIO */
static ssize_t put_entries(struct op *op, char *to,
			   const struct wire_reply *reply)
{
	size_t at = 0, len = 0, more;
	struct wire_entry entry;
	int ret;

	while ((ret = wire_entry(reply, &at, &entry)) > 0) {
		struct stat attr = { .st_ino = entry.ino,
				     .st_mode = entry.mode };

		if (entry.cursor - 1 >= DOT - 1)
			return -EIO;
		more = fuse_add_direntry(op->req, to + len, op->room - len,
					 entry.name, &attr, entry.cursor);
		if (more > op->room - len)
			break;
		len += more;
	}
	return ret < 0 ? -EIO : (ssize_t)len;
}

static void readdir_done(struct op *op, const struct wire_reply *reply)
{
	ssize_t len = reply->status;
	char *text = malloc(op->room);

	if (!text)
		len = -ENOMEM;
	if (len >= 0)
		len = put_entries(op, text, reply);
	if (len < 0) {
		op_error(op, len);
	} else {
		fuse_reply_buf(op->req, text, len);
		op_free(op);
	}
	free(text);
}

static void reply_dot(struct op *op, const char *name, uint64_t next)
{
	char text[64];
	size_t len = put_entry(op, text, sizeof(text), name, S_IFDIR, next);

	fuse_reply_buf(op->req, text, len > op->room ? 0 : len);
	op_free(op);
}

static void readdir(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		    struct fuse_file_info *fi)
{
	struct op *op = op_new(req, WIRE_READDIR, readdir_done);

	if (!op)
		return;
	op->room = size < WIRE_MAX_PAYLOAD ? size : WIRE_MAX_PAYLOAD;
	if (!off || off == DOT) {
		reply_dot(op, off ? ".." : ".", off ? DOT_DOT : DOT);
		return;
	}
	if (!op_path(op, nodes_find(ino), NULL))
		return;
	op->request.offset = off == DOT_DOT ? 0 : off;
	op->request.count = op->room;
	op_send(op, false);
}

/* It was made; the kernel wants to know it. */
static void mkdir_done(struct op *op, const struct wire_reply *reply)
{
	if (reply->status < 0) {
		op_error(op, reply->status);
		return;
	}
	op->request.op = WIRE_STAT;
	op->request.count = 0;
	op->done = lookup_done;
	op_send(op, false);
}

static void make_directory(fuse_req_t req, fuse_ino_t parent, const char *name,
			   mode_t mode)
{
	struct op *op = op_new(req, WIRE_MKDIR, mkdir_done);

	if (!op || !op_path(op, nodes_find(parent), name))
		return;
	memcpy(op->name, name, strlen(name) + 1);
	op->request.count = mode & 07777;
	op_send(op, false);
}

static void rmdir_done(struct op *op, const struct wire_reply *reply)
{
	if (!reply->status)
		nodes_gone(op->node, op->name);
	op_error(op, reply->status);
}

static void remove_directory(fuse_req_t req, fuse_ino_t parent,
			     const char *name)
{
	struct op *op = op_new(req, WIRE_RMDIR, rmdir_done);

	if (!op || !op_path(op, nodes_find(parent), name))
		return;
	memcpy(op->name, name, strlen(name) + 1);
	op_send(op, false);
}

/* ---- what tracefs refuses ---- */

static void refuse_create(fuse_req_t req, fuse_ino_t parent, const char *name,
			  mode_t mode, struct fuse_file_info *fi)
{
	fuse_reply_err(req, EACCES);
}

static void refuse_node(fuse_req_t req, fuse_ino_t parent, const char *name,
			mode_t mode, dev_t device)
{
	fuse_reply_err(req, EPERM);
}

static void refuse_unlink(fuse_req_t req, fuse_ino_t parent, const char *name)
{
	fuse_reply_err(req, EPERM);
}

static void refuse_symlink(fuse_req_t req, const char *target,
			   fuse_ino_t parent, const char *name)
{
	fuse_reply_err(req, EPERM);
}

static void refuse_link(fuse_req_t req, fuse_ino_t ino, fuse_ino_t parent,
			const char *name)
{
	fuse_reply_err(req, EPERM);
}

static void refuse_rename(fuse_req_t req, fuse_ino_t parent, const char *name,
			  fuse_ino_t other, const char *new_name,
			  unsigned int flags)
{
	fuse_reply_err(req, EPERM);
}

void tree_ops_add(struct fuse_lowlevel_ops *ops)
{
	ops->lookup = lookup;
	ops->forget = forget;
	ops->forget_multi = forget_multi;
	ops->getattr = getattr;
	ops->setattr = setattr;
	ops->statfs = statfs;
	ops->readdir = readdir;
	ops->mkdir = make_directory;
	ops->rmdir = remove_directory;
	ops->create = refuse_create;
	ops->mknod = refuse_node;
	ops->unlink = refuse_unlink;
	ops->symlink = refuse_symlink;
	ops->link = refuse_link;
	ops->rename = refuse_rename;
}
