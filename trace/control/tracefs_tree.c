// SPDX-License-Identifier: MIT
/*
 * tracefs_tree.c - follow paths and list directories of the control tree.
 *
 * The tree itself has no state; its sources have. tests/unit/test_tracefs.c
 * tests T1 to T3, and mutants of this file prove that the test can fail.
 */
#include "trace/control/tracefs_tree.h"

#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"

DEFINE_TABLE(struct tracefs_source, tracefs_sources);

const struct tracefs_dir trace_dir = { .mode = 0750 };
const struct tracefs_dir root_dir = { .mode = 0750, .also = &trace_dir };
static const struct tracefs_node root = { .name = "", .dir = &root_dir };

/* ---- levels -------------------------------------------------------------- */

static bool is_a(const struct tracefs_dir *dir, const struct tracefs_dir *kind)
{
	for (; dir; dir = dir->also)
		if (dir == kind)
			return true;
	return false;
}

const struct tracefs_level *tracefs_above(const struct tracefs_path *path,
					  const struct tracefs_dir *kind)
{
	unsigned int i;

	for (i = path->depth; i--;)
		if (is_a(path->level[i].node->dir, kind))
			return &path->level[i];
	return NULL;
}

void tracefs_put(struct tracefs_path *path)
{
	while (path->depth) {
		const struct tracefs_level *level = tracefs_last(path);

		if (level->source && level->source->put)
			level->source->put(level);
		path->depth--;
	}
}

/* ---- inode numbers ------------------------------------------------------- */

/* The multiplier is that of the 64-bit FNV-1a hash; it is odd, so different
 * ids in one directory give different numbers. */
static u64 mix(u64 ino, u64 id)
{
	ino = (ino ^ id) * 0x100000001b3ULL;
	return ino ^ ino >> 29;
}

u64 tracefs_name_id(const char *name)
{
	u64 id = 0xcbf29ce484222325ULL;

	for (; *name; name++)
		id = mix(id, (u8)*name);
	return id;
}

static u64 path_ino(const struct tracefs_path *path)
{
	u64 ino = 1;
	unsigned int i;

	for (i = 1; i < path->depth; i++)
		ino = mix(ino, path->level[i].id);
	return ino;
}

/* ---- following a path ---------------------------------------------------- */

static bool exists(const struct tracefs_node *node,
		   const struct tracefs_path *dir)
{
	return !node->exists || node->exists(dir);
}

static bool find(const struct tracefs_source *source,
		 const struct tracefs_path *dir, const char *name,
		 struct tracefs_level *level)
{
	u64 i;

	if (!source->nodes)
		return source->lookup(dir, name, level);
	for (i = 0; i < source->nr_nodes; i++) {
		if (strcmp(source->nodes[i].name, name) ||
		    !exists(&source->nodes[i], dir))
			continue;
		level->node = &source->nodes[i];
		level->data = NULL;
		level->id = tracefs_name_id(name);
		return true;
	}
	return false;
}

/* Append the level of the name of @len bytes. Return: 0, -ENOTDIR, -ENOENT */
static int descend(struct tracefs_path *path, const char *component, size_t len)
{
	const struct tracefs_dir *dir = tracefs_last(path)->node->dir;
	const struct tracefs_source *const *at;
	char name[TRACEFS_NAME_MAX];

	if (!dir)
		return -ENOTDIR;
	if (!len || len >= sizeof(name) || path->depth == TRACEFS_DEPTH)
		return -ENOENT;
	memcpy(name, component, len);
	name[len] = '\0';
	for_each_entry(at, tracefs_sources)
	{
		struct tracefs_level *level = &path->level[path->depth];

		if (!is_a(dir, (*at)->in) || !find(*at, path, name, level))
			continue;
		level->source = *at;
		path->depth++;
		return 0;
	}
	return -ENOENT;
}

int tracefs_walk(const char *name, struct tracefs_path *path)
{
	path->level[0] = (struct tracefs_level){ .node = &root };
	path->depth = 1;
	while (*name) {
		size_t len = strcspn(name, "/");
		int err = descend(path, name, len);

		name += len;
		if (!err && *name == '/') {
			name++;
			err = tracefs_last(path)->node->dir ? 0 : -ENOTDIR;
		}
		if (err) {
			tracefs_put(path);
			return err;
		}
	}
	return 0;
}

/* ---- calls for clients --------------------------------------------------- */

static u16 mode_of(const struct tracefs_node *node)
{
	return node->dir ? node->dir->mode : node->mode;
}

int tracefs_stat(const char *name, struct tracefs_stat *stat)
{
	struct tracefs_path path;
	int err = tracefs_walk(name, &path);
	const struct tracefs_node *node;

	if (err)
		return err;
	node = tracefs_last(&path)->node;
	stat->ino = path_ino(&path);
	stat->size = node->size;
	stat->mode = mode_of(node);
	stat->dir = node->dir;
	tracefs_put(&path);
	return 0;
}

static bool next_of(const struct tracefs_source *source,
		    const struct tracefs_path *dir, u64 *pos, char *name,
		    struct tracefs_level *level)
{
	if (!source->nodes)
		return source->next(dir, pos, name, level);
	while (*pos < source->nr_nodes && !exists(&source->nodes[*pos], dir))
		++*pos;
	if (*pos >= source->nr_nodes)
		return false;
	level->node = &source->nodes[(*pos)++];
	strscpy(name, level->node->name, TRACEFS_NAME_MAX);
	level->id = tracefs_name_id(name);
	return true;
}

/* A cursor holds the number of a source, and above it a position in it. */
#define SOURCE_BITS 8

static int next_entry(const struct tracefs_path *dir, u64 *cursor,
		      struct tracefs_dirent *entry)
{
	const struct tracefs_dir *kind = tracefs_last(dir)->node->dir;
	u64 i = *cursor % BIT(SOURCE_BITS), pos = *cursor >> SOURCE_BITS;
	struct tracefs_level level;

	for (; i < table_size(tracefs_sources); i++, pos = 0) {
		const struct tracefs_source *source = tracefs_sources_first[i];

		if (!is_a(kind, source->in) ||
		    !next_of(source, dir, &pos, entry->name, &level))
			continue;
		*cursor = pos << SOURCE_BITS | i;
		entry->dir = level.node->dir;
		entry->mode = mode_of(level.node);
		entry->ino = mix(path_ino(dir), level.id);
		if (entry->dir)
			memcpy(entry->name + strlen(entry->name), "/", 2);
		return 1;
	}
	return 0;
}

int tracefs_readdir(const char *name, u64 *cursor, struct tracefs_dirent *entry)
{
	struct tracefs_path path;
	int err = tracefs_walk(name, &path);

	if (err)
		return err;
	err = tracefs_last(&path)->node->dir ?
		      next_entry(&path, cursor, entry) :
		      -ENOTDIR;
	tracefs_put(&path);
	return err;
}
