/* SPDX-License-Identifier: MIT */
/*
 * nodes.h - inodes of the mounted tree: what the kernel knows, by path.
 *
 * FUSE names a file by a number that it got from a lookup, TFS1 by its path.
 *
 * NT1 A node lives as long as the kernel knows its number or a node is below.
 * NT2 A name whose inode number in the guest changed is another node; the old
 *     one is gone and no path leads to it.
 *
 * Context: one thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct node;

/* Make the root, with the number 1. */
void nodes_init(void);

/* Free all, whatever the kernel knows. */
void nodes_free(void);

/* The node of a number that nodes_ino() gave. */
struct node *nodes_find(uint64_t number);

/* FUSE's number of a node. */
uint64_t nodes_number(const struct node *node);

/*
 * Write the path of @name in the directory @dir (NULL: of @dir itself).
 * Return: its length; -ENOENT it is gone; -ENAMETOOLONG it does not fit.
 */
int nodes_path(const struct node *dir, const char *name, char *to, size_t room);

/*
 * A lookup of @name in @dir found inode @ino of the guest: the node, which the
 * kernel knows once more. NULL: no memory.
 */
struct node *nodes_known(struct node *dir, const char *name, uint64_t ino);

/* The directory @name in @dir was removed. */
void nodes_gone(struct node *dir, const char *name);

/* Is @name its name? */
bool nodes_named(const struct node *node, const char *name);

/* The kernel knows it @times less often. */
void nodes_forget(struct node *node, uint64_t times);

/* Number of nodes but the root, for the test. */
size_t nodes_count(void);
