/* SPDX-License-Identifier: MIT */
/*
 * tracefs_tree.h - what the control tree is made of: kinds of directories, and
 * sources that give them names.
 *
 * A directory has no list of its own. It has a kind, and holds what all sources
 * registered for this kind give. A source is an array of fixed names, or a pair
 * of functions for names that come and go (CPUs, events, later instances):
 *
 *	TRACEFS_FILES(50, trace_dir, my_nodes);
 *	TABLE_ENTRY(tracefs_sources, 50, my_source);
 *
 * A path that was followed is a row of levels, from the root to a file or a
 * directory. Each level carries the data of the object that it stands for: a
 * file below per_cpu/cpu3/ asks tracefs_above() for the CPU.
 *
 * T1  A level is held, from the lookup that found it until tracefs_put(). An
 *     open handle holds all levels of its path, so a source that counts holds
 *     knows whether an object is in use, and refuses to remove it: -EBUSY.
 * T2  The inode number of an object never changes, and no other object gets
 *     it, not even one that later has the same path: it is a hash of the ids
 *     of all levels, and a source gives no id twice. Two objects in one
 *     directory always differ; others are equal with a probability of 2^-64.
 * T3  A cursor does not count names. What is in a directory from the first to
 *     the last call of tracefs_readdir() is given exactly once, whatever comes
 *     and goes meanwhile.
 *
 * Context: task, may sleep. The functions of a source take its own locks.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

struct tracefs_file;
struct trace_seq;

#define TRACEFS_NAME_MAX 64 /* bytes of a name, with the 0 at its end */
#define TRACEFS_DEPTH	 8  /* levels of a path, with the root */
/* Whatever there is has a shorter path. */
#define TRACEFS_PATH_MAX (TRACEFS_DEPTH * TRACEFS_NAME_MAX)

/* A kind of directory. */
struct tracefs_dir {
	u16 mode; /* permission bits of its directories: 0750 */
	/* It also holds what is registered for this kind; NULL: none. */
	const struct tracefs_dir *also;
};

/* The root of the tree, and every directory of one trace: so far the root. */
extern const struct tracefs_dir root_dir, trace_dir;

/* A file or a directory, or all files of the same name in a kind. */
struct tracefs_node {
	const char *name;	       /* without slashes */
	const struct tracefs_dir *dir; /* a directory, the rest is not used */
	u16 mode;		       /* permission bits: 0440, 0640, 0220 */
	u32 size; /* bytes, if all handles read the same; else 0 */
	int (*open)(struct tracefs_file *file);
	/*
	 * Append the next piece of text; file->pos is the node's own, 0 at
	 * first. A piece that did not fit is asked for again, at the same
	 * pos, with more room. Return: 1 = call again, 0 = that was all,
	 * negative errno.
	 */
	int (*show)(struct tracefs_file *file, struct trace_seq *seq);
	/* In place of show, for streams and binary data. */
	ssize_t (*read)(struct tracefs_file *file, char *buf, size_t len);
	/* Does read return at once? NULL: it always does. */
	bool (*poll)(struct tracefs_file *file);
	ssize_t (*write)(struct tracefs_file *file, const char *buf,
			 size_t len);
	int (*release)(struct tracefs_file *file);
};

/* One component of a path. */
struct tracefs_level {
	const struct tracefs_node *node;
	void *data; /* what the source says that this is */
	u64 id;	    /* in its directory, see T2 */
	const struct tracefs_source *source; /* NULL: the root */
};

/* From the root, level[0], down to what the path names. */
struct tracefs_path {
	unsigned int depth; /* levels */
	struct tracefs_level level[TRACEFS_DEPTH];
};

/*
 * Where names of a directory come from. @dir is the path of the directory, held
 * by the caller. Functions fill node, data and id of @level.
 */
struct tracefs_source {
	const struct tracefs_dir *in;
	/* Fixed names; NULL: the functions are called. */
	const struct tracefs_node *nodes;
	u64 nr_nodes;
	/* Find @name, and hold it. Return: false: there is none. */
	bool (*lookup)(const struct tracefs_path *dir, const char *name,
		       struct tracefs_level *level);
	/*
	 * The first name at or behind position *@pos, below 2^56; *@pos then
	 * is behind it. Positions are the source's own, ascending, 0 at first;
	 * those of objects do not change (T3). Nothing is held; data is not
	 * used. Return: false: there are no more.
	 */
	bool (*next)(const struct tracefs_path *dir, u64 *pos,
		     char name[TRACEFS_NAME_MAX], struct tracefs_level *level);
	/* Release what lookup held; NULL: its objects stay for ever. */
	void (*put)(const struct tracefs_level *level);
};

/* In a directory names come in the order of this table. */
DECLARE_TABLE(struct tracefs_source, tracefs_sources);

/* Register an array of nodes; its name is unique among them. */
#define TRACEFS_FILES(key, kind, array)                                        \
	static const struct tracefs_source array##_source = {                  \
		.in = &(kind), .nodes = (array), .nr_nodes = ARRAY_SIZE(array) \
	};                                                                     \
	TABLE_ENTRY(tracefs_sources, key, array##_source)

/*
 * tracefs_walk() - follow a path from the root; a slash at its end means a
 * directory, "" is the root
 * Return: 0 and *@path, to be given to tracefs_put(); -ENOTDIR it goes on below
 * a file; -ENOENT there is nothing. No other code is returned.
 */
int tracefs_walk(const char *name, struct tracefs_path *path);

/* An id for what is known by nothing but its name. Pure. */
u64 tracefs_name_id(const char *name);

/* Release the levels of a path, the last one first. */
void tracefs_put(struct tracefs_path *path);

/* The last level. */
static inline const struct tracefs_level *
tracefs_last(const struct tracefs_path *path)
{
	return &path->level[path->depth - 1];
}

/* The last level that is a directory of this kind; NULL: none. Context: any. */
const struct tracefs_level *tracefs_above(const struct tracefs_path *path,
					  const struct tracefs_dir *kind);
