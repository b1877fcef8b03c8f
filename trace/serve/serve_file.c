// SPDX-License-Identifier: MIT
/*
 * serve_file.c - open files by handle.
 *
 * Owns the table of handles. A handle is a slot and above it a number that
 * grows, so that a closed handle is not mistaken for a newer one.
 *
 * Context: task. serve_lock for the table; a file's own lock for its contents.
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "trace/control/tracefs.h"
#include "trace/serve/serve.h"

DEFINE_SPINLOCK(serve_lock);

static struct {
	bool taken;		 /* [S] */
	u32 handle;		 /* [S] */
	struct serve_file *file; /* [S] NULL: not open, or not yet */
} slots[SERVE_HANDLES];
static u32 opened; /* [S] */

#define GENERATIONS BIT(24)

/* Return: a new handle, of which nothing is open yet; 0 if there is no room. */
static u32 take_slot(void)
{
	unsigned long flags;
	u32 i, handle = 0;

	spin_lock_irqsave(&serve_lock, flags);
	for (i = 0; i < SERVE_HANDLES && slots[i].taken; i++)
		;
	if (i < SERVE_HANDLES) {
		opened = opened % (GENERATIONS - 1) + 1;
		handle = opened * SERVE_HANDLES + i;
		slots[i].taken = true;
		slots[i].handle = handle;
	}
	spin_unlock_irqrestore(&serve_lock, flags);
	return handle;
}

/* @file NULL: the slot is free again. */
static void set_slot(u32 handle, struct serve_file *file)
{
	unsigned int slot = handle % SERVE_HANDLES;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	slots[slot].file = file;
	slots[slot].taken = file;
	spin_unlock_irqrestore(&serve_lock, flags);
}

static struct serve_file *find(u32 handle, bool take)
{
	unsigned int slot = handle % SERVE_HANDLES;
	struct serve_file *file = NULL;
	unsigned long flags;

	spin_lock_irqsave(&serve_lock, flags);
	if (slots[slot].handle == handle)
		file = slots[slot].file;
	if (file && take) {
		slots[slot].file = NULL;
		slots[slot].taken = false;
	}
	spin_unlock_irqrestore(&serve_lock, flags);
	return file;
}

struct serve_file *serve_file_get(u32 handle)
{
	return find(handle, false);
}

/* The guest's files never wait: serve_ops.c waits, and can be cancelled. */
int serve_file_open(const char *path, unsigned int flags, bool nonblock,
		    u32 *handle)
{
	struct serve_file *file = kzalloc(sizeof(*file));
	int ret;

	if (!file)
		return -ENOMEM;
	mutex_init(&file->lock);
	file->nonblock = nonblock;
	/* The slot first: an open that then had no slot would have effects. */
	*handle = take_slot();
	ret = *handle ? tracefs_open(path, flags | TRACEFS_NONBLOCK,
				     &file->file) :
			-EMFILE;
	if (ret)
		kfree(file);
	if (*handle)
		set_slot(*handle, ret ? NULL : file);
	return ret;
}

int serve_file_close(u32 handle)
{
	struct serve_file *file = find(handle, true);
	int ret;

	if (!file)
		return -EBADF;
	ret = tracefs_close(file->file);
	kfree(file);
	return ret;
}

void serve_files_close_all(void)
{
	unsigned int i;

	for (i = 0; i < SERVE_HANDLES; i++)
		serve_file_close(READ_ONCE(slots[i].handle));
}
