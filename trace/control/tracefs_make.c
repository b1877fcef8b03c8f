// SPDX-License-Identifier: MIT
/*
 * tracefs_make.c - make and remove directories of the control tree.
 *
 * The kind of the directory above decides whether and how: it holds its objects
 * and knows which are in use (T1 of tracefs_tree.h).
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"

/*
 * Follow the path to the directory above the last component, which is copied.
 * Return: 0, and the caller puts *@above; -ENOENT, -ENOTDIR, -ENAMETOOLONG.
 */
static int walk_above(const char *path, struct tracefs_path *above,
		      char name[TRACEFS_NAME_MAX])
{
	char parent[TRACEFS_PATH_MAX];
	size_t end = strlen(path), start;
	int err;

	while (end && path[end - 1] == '/')
		end--;
	start = end;
	while (start && path[start - 1] != '/')
		start--;
	if (end - start >= TRACEFS_NAME_MAX || start > sizeof(parent))
		return -ENAMETOOLONG;
	memcpy(name, path + start, end - start);
	name[end - start] = '\0';
	memcpy(parent, path, start);
	parent[start ? start - 1 : 0] = '\0';
	err = tracefs_walk(parent, above);
	if (!err && !tracefs_last(above)->node->dir) {
		tracefs_put(above);
		err = -ENOTDIR;
	}
	return err;
}

/* Call mkdir or rmdir of the directory above. */
static int change(const char *path, bool make)
{
	struct tracefs_path above;
	char name[TRACEFS_NAME_MAX];
	int (*fn)(const struct tracefs_path *dir, const char *name_);
	const struct tracefs_dir *dir;
	int err = walk_above(path, &above, name);

	if (err)
		return err;
	dir = tracefs_last(&above)->node->dir;
	fn = make ? dir->mkdir : dir->rmdir;
	err = fn && *name ? fn(&above, name) : -EPERM;
	tracefs_put(&above);
	return err;
}

int tracefs_mkdir(const char *path)
{
	struct tracefs_stat stat;

	return tracefs_stat(path, &stat) ? change(path, true) : -EEXIST;
}

int tracefs_rmdir(const char *path)
{
	struct tracefs_stat stat;
	int err = tracefs_stat(path, &stat);

	if (!err && !stat.dir)
		err = -ENOTDIR;
	return err ? err : change(path, false);
}
