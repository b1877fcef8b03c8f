/* SPDX-License-Identifier: MIT */
/*
 * tracefs_tree.h - the parts of the control tree: kinds of directories, and
 * sources that supply their names.
 *
 * A directory has no list of its own. It has a kind, and its names come from
 * all sources registered for this kind. A source is an array of fixed names, or
 * a pair of functions for names that appear and disappear (CPUs, events,
 * instances):
 *
 *	TRACEFS_FILES(50, trace_dir, my_nodes);
 *	TABLE_ENTRY(tracefs_sources, 50, my_source);
 *
 * Following a path yields a row of levels, from the root to a file or a
 * directory. Each level carries the data of its object: a file below
 * per_cpu/cpu3/ finds its CPU by tracefs_above().
 *
 * T1  A level is a reference to its object, from the lookup until
 *     tracefs_put(). An open handle holds all levels of its path, so a source
 *     that counts references knows whether an object is in use, and refuses to
 *     remove it: -EBUSY.
 * T2  The inode number of an object never changes, and no other object gets it,
 *     not even one that later has the same path: it is a hash of the ids of all
 *     levels, and a source never uses an id twice. The numbers of two objects
 *     in one directory always differ; other numbers are equal with a
 *     probability of 2^-64.
 * T3  A cursor does not count names. A name that is in a directory from the
 *     first to the last call of tracefs_readdir() is returned exactly once,
 *     whichever names appear or disappear in between.
 *
 * Context: task, may sleep. The functions of a source take the source's locks.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

struct tracefs_file;
struct tracefs_path;
struct trace_seq;

#define TRACEFS_NAME_MAX 64 /* bytes of a name, its NUL included */
#define TRACEFS_DEPTH	 8  /* levels of a path, the root included */
/* Every existing file has a shorter path. */
#define TRACEFS_PATH_MAX (TRACEFS_DEPTH * TRACEFS_NAME_MAX)

/* A kind of directory. */
struct tracefs_dir {
	u16 mode; /* permission bits of its directories: 0750 */
	/*
	 * Make or remove the directory @name in @dir, which is of this kind;
	 * NULL: not possible, -EPERM. @name is not empty, below
	 * TRACEFS_NAME_MAX, without slashes. Return: 0 or the errno.
	 */
	int (*mkdir)(const struct tracefs_path *dir, const char *name);
	int (*rmdir)(const struct tracefs_path *dir, const char *name);
	/* Its directories also have the names of this kind; NULL: none. */
	const struct tracefs_dir *also;
};

/* The kinds of the root and of a directory of one trace. */
extern const struct tracefs_dir root_dir, trace_dir;

/* A file or a directory, in every directory of its kind. */
struct tracefs_node {
	const char *name;	       /* without slashes */
	const struct tracefs_dir *dir; /* a directory; the rest is unused */
	/* Is it in this directory of its kind? NULL: always. */
	bool (*exists)(const struct tracefs_path *dir);
	u16 mode; /* permission bits: 0440, 0640, 0220 */
	u32 size; /* bytes, if all handles read the same text; or 0 */
	int (*open)(struct tracefs_file *file);
	/*
	 * Append the next piece of text. file->pos belongs to the node and
	 * starts at 0. If a piece does not fit, show is called again with the
	 * same pos and more room. Return: 1 = call again, 0 = no more text,
	 * negative errno.
	 */
	int (*show)(struct tracefs_file *file, struct trace_seq *seq);
	/* Instead of show, for streams and binary data. */
	ssize_t (*read)(struct tracefs_file *file, char *buf, size_t len);
	/* Would read return at once? NULL: always. */
	bool (*poll)(struct tracefs_file *file);
	ssize_t (*write)(struct tracefs_file *file, const char *buf,
			 size_t len);
	int (*release)(struct tracefs_file *file);
};

/* One component of a path. */
struct tracefs_level {
	const struct tracefs_node *node;
	void *data; /* the object, for the source */
	u64 id;	    /* unique in its directory, see T2 */
	const struct tracefs_source *source; /* NULL: the root */
};

/* The levels from the root, level[0], to the named file or directory. */
struct tracefs_path {
	unsigned int depth; /* levels */
	struct tracefs_level level[TRACEFS_DEPTH];
};

/*
 * A source of names for a kind of directory. @dir is the path of the directory;
 * the caller holds it. The functions fill node, data and id of @level.
 */
struct tracefs_source {
	const struct tracefs_dir *in;
	/* The fixed names; NULL: use the functions. */
	const struct tracefs_node *nodes;
	u64 nr_nodes;
	/* Find @name and take a reference. Return: false: not found. */
	bool (*lookup)(const struct tracefs_path *dir, const char *name,
		       struct tracefs_level *level);
	/*
	 * Find the first name at or after position *@pos, and set *@pos to the
	 * position after it. The source defines its positions: ascending from
	 * 0, below 2^56; an object's position never changes (T3). Takes no
	 * reference; data is not used. Return: false: no more names.
	 */
	bool (*next)(const struct tracefs_path *dir, u64 *pos,
		     char name[TRACEFS_NAME_MAX], struct tracefs_level *level);
	/* Drop the reference of lookup; NULL: objects are never removed. */
	void (*put)(const struct tracefs_level *level);
};

/* The names in a directory are in the order of this table. */
DECLARE_TABLE(struct tracefs_source, tracefs_sources);

/* Register an array of nodes; no two arrays have the same name. */
#define TRACEFS_FILES(key, kind, array)                                        \
	static const struct tracefs_source array##_source = {                  \
		.in = &(kind), .nodes = (array), .nr_nodes = ARRAY_SIZE(array) \
	};                                                                     \
	TABLE_ENTRY(tracefs_sources, key, array##_source)

/*
 * tracefs_walk() - follow a path from the root; a slash at its end means a
 * directory, "" is the root
 * Return: 0 and *@path, which the caller passes to tracefs_put(); -ENOTDIR the
 * path goes on below a file; -ENOENT it does not exist. No other code is
 * returned.
 */
int tracefs_walk(const char *name, struct tracefs_path *path);

/* Return: an id for an object that has only a name. Pure. */
u64 tracefs_name_id(const char *name);

/* Release the levels of a path, the last one first. */
void tracefs_put(struct tracefs_path *path);

/* The last level. */
static inline const struct tracefs_level *
tracefs_last(const struct tracefs_path *path)
{
	return &path->level[path->depth - 1];
}

/*
 * Return: the last level that is a directory of this kind, or NULL. Context:
 * any.
 */
const struct tracefs_level *tracefs_above(const struct tracefs_path *path,
					  const struct tracefs_dir *kind);
