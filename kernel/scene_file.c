// SPDX-License-Identifier: MIT
/*
 * scene_file.c - the scene's files: a few names with a few bytes each.
 *
 * Owns the inodes. Each has one mutex.
 *
 * SCF1  A read returns the bytes of one write, whole.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/scene.h"
#include <asm/atomic.h>

struct scene_inode {
	const char *name;
	struct mutex inode_lock;
	char data[SCENE_FILE_ROOM]; /* [inode_lock] */
	size_t size;		    /* [inode_lock] */
};

struct scene_file {
	struct scene_inode *inode; /* [I] */
};

static struct scene_inode inodes[] = {
	{ .name = "motd",
	  .inode_lock = MUTEX_INIT(inodes[0].inode_lock, "inode_lock") },
	{ .name = "utmp",
	  .inode_lock = MUTEX_INIT(inodes[1].inode_lock, "inode_lock") },
	{ .name = "wtmp",
	  .inode_lock = MUTEX_INIT(inodes[2].inode_lock, "inode_lock") },
};

static noinline struct scene_inode *path_lookup(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(inodes); i++)
		if (!strcmp(inodes[i].name, name))
			return &inodes[i];
	return NULL;
}

struct scene_file *vfs_open(const char *name)
{
	struct scene_inode *inode = path_lookup(name);
	struct scene_file *file;

	if (!inode)
		return ERR_PTR(-ENOENT);
	file = kzalloc(sizeof(*file));
	if (!file)
		return ERR_PTR(-ENOMEM);
	file->inode = inode;
	return file;
}

size_t vfs_read(struct scene_file *file, char *buf, size_t len)
{
	struct scene_inode *inode = file->inode;

	mutex_lock(&inode->inode_lock);
	len = min(len, inode->size);
	memcpy(buf, inode->data, len);
	mutex_unlock(&inode->inode_lock);
	return len;
}

size_t vfs_write(struct scene_file *file, const char *buf, size_t len)
{
	struct scene_inode *inode = file->inode;

	mutex_lock(&inode->inode_lock);
	inode->size = min(len, sizeof(inode->data));
	memcpy(inode->data, buf, inode->size);
	len = inode->size;
	mutex_unlock(&inode->inode_lock);
	return len;
}

void filp_close(struct scene_file *file)
{
	kfree(file);
}
