// SPDX-License-Identifier: MIT
/*
 * The control tree against sources of its own: paths and their errors, inode
 * numbers, directories whose names come and go, handles that keep them.
 *
 * The tree: fixed, traced, dir/below, and boxes/NAME/ with read, fail and
 * again/, which has the boxes once more.
 *
 * host-sources: trace/control/tracefs.c trace/control/tracefs_tree.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"
#include "trace/control/error_log.h"
#include "trace/control/tracefs.h"

static unsigned int refused;

void error_log_add(const struct tracefs_file *file, const char *buf, size_t len,
		   int err)
{
	refused++;
}

const char *errno_sentence(int err)
{
	return "an error";
}

/* ---- fixed names --------------------------------------------------------- */

static bool readable;

static ssize_t one_read(struct tracefs_file *file, char *buf, size_t len)
{
	buf[0] = '1';
	return 1;
}

static bool one_poll(struct tracefs_file *file)
{
	return readable;
}

static ssize_t none_write(struct tracefs_file *file, const char *buf,
			  size_t len)
{
	return -EINVAL;
}

static const struct tracefs_dir fixed_dir = { .mode = 0700 };
static const struct tracefs_dir boxes_dir = { .mode = 0750 };
static const struct tracefs_dir box_dir = { .mode = 0750 };

static const struct tracefs_node in_root[] = {
	{ .name = "fixed",
	  .mode = 0640,
	  .size = 1,
	  .read = one_read,
	  .poll = one_poll,
	  .write = none_write },
	{ .name = "dir", .dir = &fixed_dir },
	{ .name = "boxes", .dir = &boxes_dir },
};
static const struct tracefs_node in_dir[] = {
	{ .name = "below", .mode = 0440, .read = one_read },
};
/* The root is also a directory of a trace. */
static const struct tracefs_node in_trace[] = {
	{ .name = "traced", .mode = 0440, .read = one_read },
};
TRACEFS_FILES(15, trace_dir, in_trace);
TRACEFS_FILES(10, root_dir, in_root);
TRACEFS_FILES(10, fixed_dir, in_dir);

/* ---- names that come and go ---------------------------------------------- */

#define BOXES 8

static struct box {
	char name[TRACEFS_NAME_MAX];
	u64 serial; /* 0: it is not there */
	unsigned int held;
} boxes[BOXES];
static u64 serials;

static struct box *box_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < BOXES; i++)
		if (boxes[i].serial && !strcmp(boxes[i].name, name))
			return &boxes[i];
	return NULL;
}

static void box_make(const char *name)
{
	unsigned int i;

	for (i = 0; boxes[i].serial; i++)
		;
	boxes[i].serial = ++serials;
	strscpy(boxes[i].name, name, sizeof(boxes[i].name));
}

/* As the rmdir of a later source. */
static int box_remove(const char *name)
{
	struct box *box = box_find(name);

	if (!box)
		return -ENOENT;
	if (box->held)
		return -EBUSY;
	memset(box, 0, sizeof(*box));
	return 0;
}

static const struct tracefs_node box_node = { .dir = &box_dir };

static void box_level(struct box *box, struct tracefs_level *level)
{
	level->node = &box_node;
	level->data = box;
	level->id = box->serial;
}

static bool box_lookup(const struct tracefs_path *dir, const char *name,
		       struct tracefs_level *level)
{
	struct box *box = box_find(name);

	if (box) {
		box->held++;
		box_level(box, level);
	}
	return box;
}

/* Positions are serial numbers: boxes change places in the array. */
static bool box_next(const struct tracefs_path *dir, u64 *pos,
		     char name[TRACEFS_NAME_MAX], struct tracefs_level *level)
{
	struct box *next = NULL;
	unsigned int i;

	for (i = 0; i < BOXES; i++)
		if (boxes[i].serial > *pos &&
		    (!next || boxes[i].serial < next->serial))
			next = &boxes[i];
	if (!next)
		return false;
	*pos = next->serial;
	strscpy(name, next->name, TRACEFS_NAME_MAX);
	box_level(next, level);
	return true;
}

static void box_put(const struct tracefs_level *level)
{
	struct box *box = level->data;

	CHECK(box->serial && box->held);
	box->held--;
}

static const struct tracefs_source box_source = {
	.in = &boxes_dir, .lookup = box_lookup, .next = box_next, .put = box_put
};
TABLE_ENTRY(tracefs_sources, 20, box_source);

/* Name the box that the directory above says. */
static int box_show(struct tracefs_file *file, struct trace_seq *seq)
{
	const struct box *box = tracefs_above(&file->at, &box_dir)->data;

	trace_seq_printf(seq, "%s\n", box->name);
	return 0;
}

static int box_fail(struct tracefs_file *file)
{
	return -EINVAL;
}

static const struct tracefs_node in_box[] = {
	{ .name = "read", .mode = 0440, .show = box_show },
	{ .name = "fail", .mode = 0440, .open = box_fail },
	{ .name = "again", .dir = &boxes_dir },
};
TRACEFS_FILES(30, box_dir, in_box);

static unsigned int all_held(void)
{
	unsigned int i, n = 0;

	for (i = 0; i < BOXES; i++)
		n += boxes[i].held;
	return n;
}

static void begin(void)
{
	memset(boxes, 0, sizeof(boxes));
	box_make("a");
	box_make("b");
	box_make("c");
}

/* ---- paths --------------------------------------------------------------- */

static int stat_of(const char *path)
{
	struct tracefs_stat stat;
	int err = tracefs_stat(path, &stat);

	return err ? err : stat.dir ? -EISDIR : 0;
}

static const struct {
	const char *path;
	int err;
} paths[] = {
	{ "", -EISDIR },
	{ "/", -ENOENT },
	{ "/fixed", -ENOENT },
	{ "fixed", 0 },
	{ "fixe", -ENOENT },
	{ "fixedd", -ENOENT },
	{ "fixed/", -ENOTDIR },
	{ "fixed/x", -ENOTDIR },
	{ "fixed//", -ENOTDIR },
	{ "dir", -EISDIR },
	{ "dir/", -EISDIR },
	{ "dir//", -ENOENT },
	{ "dir//below", -ENOENT },
	{ "dir/below", 0 },
	{ "dir/below/x/y", -ENOTDIR },
	{ "boxes/a", -EISDIR },
	{ "boxes/d", -ENOENT },
	{ "boxes/d/read", -ENOENT },
	{ "boxes/b/read", 0 },
	{ "boxes/b/read/", -ENOTDIR },
	{ "boxes/a/again/b/again/c/again", -EISDIR },
	/* More levels than there are in any path. */
	{ "boxes/a/again/b/again/c/again/a", -ENOENT },
	/* One byte more than there is room for in a name. */
	{ "0123456789012345678901234567890123456789012345678901234567890123",
	  -ENOENT },
};

UNIT(tracefs, each_path_has_its_error)
{
	struct tracefs_file *file;
	unsigned int i;

	begin();
	for (i = 0; i < ARRAY_SIZE(paths); i++) {
		int err = paths[i].err;

		if (!CHECK_EQ(stat_of(paths[i].path), err))
			CHECK_STR(paths[i].path, "");
		if (!CHECK_EQ(tracefs_open(paths[i].path, TRACEFS_READ, &file),
			      err))
			CHECK_STR(paths[i].path, "");
		else if (!err)
			tracefs_close(file);
	}
	CHECK_EQ(all_held(), 0);
}

UNIT(tracefs, the_mode_says_who_may_open)
{
	struct tracefs_file *file;
	struct tracefs_stat stat;

	CHECK_EQ(tracefs_open("dir/below", TRACEFS_WRITE, &file), -EACCES);
	CHECK_EQ(tracefs_stat("dir/below", &stat), 0);
	CHECK_EQ(stat.mode, 0440);
	CHECK_EQ(stat.size, 0);
	CHECK_EQ(tracefs_stat("fixed", &stat), 0);
	CHECK_EQ(stat.size, 1);
	CHECK_EQ(tracefs_stat("dir", &stat), 0);
	CHECK_EQ(stat.mode, 0700);
}

UNIT(tracefs, poll_tells_whether_a_read_waits)
{
	struct tracefs_file *file;
	size_t live = host_live;

	CHECK_EQ(tracefs_open("fixed", TRACEFS_READ | TRACEFS_WRITE, &file), 0);
	readable = false;
	CHECK_EQ(tracefs_poll(file), 0);
	readable = true;
	CHECK_EQ(tracefs_poll(file), 1);
	refused = 0;
	CHECK_EQ(tracefs_write(file, "x", 1), -EINVAL);
	CHECK_EQ(refused, 1);
	tracefs_close(file);
	CHECK_EQ(tracefs_open("fixed", TRACEFS_WRITE, &file), 0);
	CHECK_EQ(tracefs_poll(file), -EBADF);
	tracefs_close(file);
	CHECK_EQ(tracefs_open("dir/below", TRACEFS_READ, &file), 0);
	CHECK_EQ(tracefs_poll(file), 1); /* it has no poll: never waits */
	tracefs_close(file);
	CHECK_EQ(host_live, live);
}

/* ---- T1: levels are held ------------------------------------------------- */

/* TF4 */
UNIT(tracefs, T1_a_handle_keeps_its_directories)
{
	struct tracefs_file *file, *other;
	char text[8];

	begin();
	CHECK_EQ(tracefs_open("boxes/a/again/b/read", TRACEFS_READ, &file), 0);
	CHECK_EQ(tracefs_open("boxes/b/read", TRACEFS_READ, &other), 0);
	CHECK_EQ(box_remove("a"), -EBUSY);
	CHECK_EQ(box_remove("b"), -EBUSY);
	CHECK_EQ(box_remove("c"), 0);
	tracefs_close(other);
	CHECK_EQ(box_remove("b"), -EBUSY); /* the other handle's */
	CHECK_EQ(tracefs_read(file, text, sizeof(text)), 2);
	CHECK(!memcmp(text, "b\n", 2)); /* the nearest */
	tracefs_close(file);
	CHECK_EQ(box_remove("a"), 0);
	CHECK_EQ(box_remove("b"), 0);
}

/* Whatever ends a call, it holds nothing. */
UNIT(tracefs, T1_nothing_else_is_held)
{
	struct tracefs_dirent entry;
	struct tracefs_file *file;
	u64 cursor = 0;

	begin();
	CHECK_EQ(tracefs_open("boxes/a", TRACEFS_READ, &file), -EISDIR);
	CHECK_EQ(tracefs_open("boxes/a/no", TRACEFS_READ, &file), -ENOENT);
	CHECK_EQ(tracefs_open("boxes/a/read/", TRACEFS_READ, &file), -ENOTDIR);
	CHECK_EQ(tracefs_open("boxes/a/read", TRACEFS_WRITE, &file), -EACCES);
	CHECK_EQ(tracefs_open("boxes/a/fail", TRACEFS_READ, &file), -EINVAL);
	CHECK_EQ(stat_of("boxes/a/again/b/again/c"), -EISDIR);
	while (tracefs_readdir("boxes/a/again", &cursor, &entry) > 0)
		;
	cursor = 0;
	CHECK_EQ(tracefs_readdir("boxes/a/read", &cursor, &entry), -ENOTDIR);
	CHECK_EQ(tracefs_readdir("boxes/d", &cursor, &entry), -ENOENT);
	CHECK_EQ(all_held(), 0);
}

/* ---- T2: inode numbers --------------------------------------------------- */

static u64 inos[64];
static unsigned int nr_inos;

/* Collect the numbers of all names in @dir, and @depth levels below. */
static void collect(const char *dir, unsigned int depth)
{
	struct tracefs_dirent entry;
	char path[TRACEFS_PATH_MAX];
	struct tracefs_stat stat;
	u64 cursor = 0;

	while (tracefs_readdir(dir, &cursor, &entry) > 0 &&
	       nr_inos < ARRAY_SIZE(inos)) {
		snprintf(path, sizeof(path), "%s%s", dir, entry.name);
		CHECK_EQ(tracefs_stat(path, &stat), 0);
		CHECK_EQ(stat.ino, entry.ino);
		CHECK_EQ(stat.dir, entry.dir);
		CHECK_EQ(stat.mode, entry.mode);
		CHECK_EQ(entry.name[strlen(entry.name) - 1] == '/', entry.dir);
		inos[nr_inos++] = stat.ino;
		if (entry.dir && depth)
			collect(path, depth - 1);
	}
}

UNIT(tracefs, T2_inode_numbers_are_unique_and_stay)
{
	struct tracefs_stat root, before, after;
	unsigned int i, j;

	begin();
	CHECK_EQ(tracefs_stat("", &root), 0);
	inos[0] = root.ino;
	nr_inos = 1;
	collect("", 4);
	/* The root, 4 in it, 1 in dir, 3 boxes with 3, below each the same. */
	CHECK_EQ(nr_inos, 1 + 4 + 1 + 3 * (1 + 3 + 3 * (1 + 3)));
	for (i = 0; i < nr_inos; i++)
		for (j = 0; j <= i; j++)
			CHECK_EQ(inos[i] == inos[j], i == j);
	CHECK_EQ(tracefs_stat("boxes/b/read", &before), 0);
	CHECK_EQ(box_remove("a"), 0);
	CHECK_EQ(tracefs_stat("boxes/b/read", &after), 0);
	CHECK_EQ(before.ino, after.ino);
	CHECK_EQ(box_remove("b"), 0);
	box_make("b");
	CHECK_EQ(tracefs_stat("boxes/b/read", &after), 0);
	CHECK(before.ino != after.ino);
}

/* ---- T3: cursors --------------------------------------------------------- */

static char next_box(u64 *cursor)
{
	struct tracefs_dirent entry;

	return tracefs_readdir("boxes/", cursor, &entry) > 0 ? entry.name[0] :
							       '-';
}

UNIT(tracefs, T3_a_cursor_survives_what_comes_and_goes)
{
	u64 cursor = 0, kept;

	begin();
	CHECK_EQ(next_box(&cursor), 'a');
	CHECK_EQ(next_box(&cursor), 'b');
	kept = cursor;
	CHECK_EQ(box_remove("a"), 0);
	CHECK_EQ(box_remove("b"), 0);
	box_make("d"); /* in the place of a */
	CHECK_EQ(next_box(&cursor), 'c');
	CHECK_EQ(next_box(&cursor), 'd');
	CHECK_EQ(next_box(&cursor), '-');
	CHECK_EQ(next_box(&cursor), '-');
	CHECK_EQ(next_box(&kept), 'c');
}

UNIT(tracefs, names_come_in_the_order_of_their_sources)
{
	static const char *const names[] = { "fixed", "dir/", "boxes/",
					     "traced" };
	struct tracefs_dirent entry;
	unsigned int i;
	u64 cursor = 0;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		CHECK_EQ(tracefs_readdir("", &cursor, &entry), 1);
		CHECK_STR(entry.name, names[i]);
	}
	CHECK_EQ(tracefs_readdir("", &cursor, &entry), 0);
}

/* A client may give anything. */
UNIT(tracefs, a_cursor_beyond_all_names_is_at_the_end)
{
	struct tracefs_dirent entry;
	u64 past[] = { ~0ULL, ~0ULL << 8, 99 << 8 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(past); i++)
		CHECK_EQ(tracefs_readdir("dir", &past[i], &entry), 0);
}
