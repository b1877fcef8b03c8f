// SPDX-License-Identifier: MIT
/*
 * The inodes of the mounted tree: how long one lives, and what its path is.
 *
 * host-sources: tools/tracefs/nodes.c
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"
#include "tools/tracefs/nodes.h"

static bool path_is(const struct node *node, const char *path)
{
	char text[64];

	return nodes_path(node, NULL, text, sizeof(text)) ==
		       (int)strlen(path) &&
	       !strcmp(text, path);
}

UNIT(nodes, live_while_known_or_above_one_NT1)
{
	struct node *dir, *file;

	nodes_init();
	dir = nodes_known(nodes_find(1), "events", 10);
	file = nodes_known(dir, "enable", 11);
	CHECK_EQ(nodes_count(), 2);
	nodes_forget(dir, 1); /* a node is below it */
	CHECK_EQ(nodes_count(), 2);
	CHECK(path_is(file, "events/enable"));
	CHECK(nodes_known(nodes_find(1), "events", 10) == dir);
	CHECK(nodes_known(dir, "enable", 11) == file);
	nodes_forget(file, 1); /* of two lookups */
	CHECK_EQ(nodes_count(), 2);
	CHECK(nodes_find(nodes_number(file)) == file);
	CHECK(nodes_named(file, "enable"));
	nodes_forget(file, 1);
	CHECK_EQ(nodes_count(), 1); /* the directory is still known */
	CHECK(path_is(dir, "events"));
	nodes_forget(dir, 5); /* more often than it was known */
	CHECK_EQ(nodes_count(), 0);
	nodes_free();
}

UNIT(nodes, the_last_one_below_takes_those_above_along_NT1)
{
	struct node *a, *b, *c;

	nodes_init();
	a = nodes_known(nodes_find(1), "a", 1);
	b = nodes_known(a, "b", 2);
	c = nodes_known(b, "c", 3);
	nodes_forget(a, 1);
	nodes_forget(b, 1);
	CHECK_EQ(nodes_count(), 3);
	CHECK(path_is(c, "a/b/c"));
	nodes_forget(c, 1);
	CHECK_EQ(nodes_count(), 0);
	nodes_free();
}

UNIT(nodes, another_inode_is_another_node_NT2)
{
	struct node *old, *other;
	char text[16];

	nodes_init();
	old = nodes_known(nodes_find(1), "foo", 7);
	other = nodes_known(nodes_find(1), "foo", 8);
	CHECK(other != old);
	CHECK_EQ(nodes_path(old, NULL, text, sizeof(text)), -ENOENT);
	CHECK(path_is(other, "foo"));
	nodes_gone(nodes_find(1), "foo");
	CHECK_EQ(nodes_path(other, NULL, text, sizeof(text)), -ENOENT);
	nodes_forget(old, 1);
	nodes_forget(other, 1);
	CHECK_EQ(nodes_count(), 0);
	nodes_free();
}
