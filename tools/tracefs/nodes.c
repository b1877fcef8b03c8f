// SPDX-License-Identifier: MIT
/*
 * nodes.c - inodes of the mounted tree: what the kernel knows, by path.
 */
#include "tools/tracefs/nodes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 1024

struct node {
	struct node *next;  /* of the same bucket */
	struct node *above; /* NULL: the root */
	uint64_t ino;	    /* the guest's */
	uint64_t known;	    /* lookups the kernel has not forgotten */
	size_t below;	    /* nodes in it */
	bool gone;
	char name[];
};

static struct node *buckets[BUCKETS];
static struct node *root;
static size_t count;

static struct node **bucket(const struct node *dir, const char *name)
{
	uint64_t hash = (uintptr_t)dir / sizeof(void *);

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 0x100000001b3;
	return &buckets[(hash ^ hash >> 32) % BUCKETS];
}

static struct node *make(struct node *dir, const char *name, uint64_t ino)
{
	struct node *node = calloc(1, sizeof(*node) + strlen(name) + 1);

	if (!node)
		return NULL;
	node->above = dir;
	node->ino = ino;
	memcpy(node->name, name, strlen(name));
	return node;
}

void nodes_init(void)
{
	root = make(NULL, "", 0);
	if (!root)
		abort();
	root->known = 1;
}

void nodes_free(void)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (buckets[i]) {
			struct node *node = buckets[i];

			buckets[i] = node->next;
			free(node);
		}
	free(root);
	root = NULL;
	count = 0;
}

struct node *nodes_find(uint64_t number)
{
	return number == 1 ? root : (struct node *)(uintptr_t)number;
}

uint64_t nodes_number(const struct node *node)
{
	return node == root ? 1 : (uintptr_t)node;
}

/* Put @part and a slash in front of what stands at *@at. */
static int prepend(const char *part, const char *to, char **at)
{
	size_t len = strlen(part);

	if ((size_t)(*at - to) < len + 1)
		return -ENAMETOOLONG;
	if (**at)
		*--*at = '/';
	*at -= len;
	memcpy(*at, part, len);
	return 0;
}

int nodes_path(const struct node *dir, const char *name, char *to, size_t room)
{
	char *at = to + room - 1;
	int ret = 0;

	*at = 0;
	if (name)
		ret = prepend(name, to, &at);
	for (; !ret && dir->above; dir = dir->above)
		ret = dir->gone ? -ENOENT : prepend(dir->name, to, &at);
	if (ret)
		return ret;
	memmove(to, at, to + room - at);
	return strlen(to);
}

static struct node *search(struct node *dir, const char *name)
{
	struct node *node = *bucket(dir, name);

	while (node &&
	       (node->gone || node->above != dir || strcmp(node->name, name)))
		node = node->next;
	return node;
}

struct node *nodes_known(struct node *dir, const char *name, uint64_t ino)
{
	struct node *node = search(dir, name);

	if (node && node->ino != ino) { /* NT2 */
		node->gone = true;
		node = NULL;
	}
	if (!node) {
		struct node **first = bucket(dir, name);

		node = make(dir, name, ino);
		if (!node)
			return NULL;
		node->next = *first;
		*first = node;
		dir->below++;
		count++;
	}
	node->known++;
	return node;
}

bool nodes_named(const struct node *node, const char *name)
{
	return !strcmp(node->name, name);
}

void nodes_gone(struct node *dir, const char *name)
{
	struct node *node = search(dir, name);

	if (node)
		node->gone = true;
}

void nodes_forget(struct node *node, uint64_t times)
{
	node->known -= times < node->known ? times : node->known;
	/* NT1 */
	while (node->above && !node->known && !node->below) {
		struct node *above = node->above;
		struct node **link = bucket(above, node->name);

		while (*link != node)
			link = &(*link)->next;
		*link = node->next;
		free(node);
		count--;
		above->below--;
		node = above;
	}
}

size_t nodes_count(void)
{
	return count;
}
