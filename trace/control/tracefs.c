// SPDX-License-Identifier: MIT
/*
 * tracefs.c - path lookup and open handles of the control tree.
 *
 * The tables of nodes live beside the code they belong to and are listed
 * here, in the order in which `ls` shows them.
 */
#include "trace/control/tracefs.h"

#include "kernel/base/slab.h"
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/control/error_log.h"
#include "trace/control/nodes.h"

/* The end of each table is a node without a path. */
static const struct tracefs_node *const tables[] = {
	tracer_nodes, filter_nodes, graph_nodes,
	buffer_nodes, stack_nodes,  event_nodes,
};

/* The node with number @n over all tables, NULL behind the last. */
static const struct tracefs_node *node_at(unsigned int n)
{
	unsigned int t;

	for (t = 0; t < ARRAY_SIZE(tables); t++) {
		const struct tracefs_node *node = tables[t];

		for (; node->path; node++)
			if (!n--)
				return node;
	}
	return NULL;
}

/*
 * Read the number of a CPU as `ls` writes it: without leading zeros. Return:
 * what follows; NULL there is no such CPU.
 */
static const char *match_cpu(const char *path, int *cpu)
{
	unsigned int n = 0, digits = 0;
	bool zero = *path == '0';

	for (; isdigit(*path) && digits < 4; path++, digits++)
		n = n * 10 + (*path - '0');
	if (!digits || (zero && digits > 1) || !cpu_online(n))
		return NULL;
	*cpu = n;
	return path;
}

/*
 * Go along @pattern as far as *@path is like it. Return: what is left of the
 * pattern; *path is what is left of the path.
 */
static const char *follow(const char *pattern, const char **path, int *cpu)
{
	for (; *pattern && **path; pattern++) {
		if (*pattern == '#') {
			const char *behind = match_cpu(*path, cpu);

			if (!behind)
				break;
			*path = behind;
		} else if (*pattern == **path) {
			++*path;
		} else {
			break;
		}
	}
	return pattern;
}

/*
 * What of @node's path stands below the directory @path, which may end in a
 * slash; NULL if nothing.
 */
static const char *below(const struct tracefs_node *node, const char *path)
{
	const char *left = path, *rest;
	int cpu;

	rest = follow(node->path, &left, &cpu);
	if (*left || !*path)
		return *left ? NULL : rest;
	if (*rest == '/')
		rest++;
	else if (left[-1] != '/')
		return NULL;
	return *rest ? rest : NULL;
}

static const struct tracefs_node *find_node(const char *path, int *cpu)
{
	const struct tracefs_node *node;
	int err = -ENOENT;
	unsigned int n;

	for (n = 0; (node = node_at(n)); n++) {
		const char *left = path, *rest;

		*cpu = -1;
		rest = follow(node->path, &left, cpu);
		if (!*rest && !*left)
			return node;
		if (!*rest && *left == '/')
			err = -ENOTDIR;
		if (below(node, path))
			err = -EISDIR;
	}
	return ERR_PTR(err);
}

int tracefs_lookup(const char *path)
{
	int cpu;
	const struct tracefs_node *node = find_node(path, &cpu);

	return IS_ERR(node) ? PTR_ERR(node) : 0;
}

static bool may_open(const struct tracefs_node *node, unsigned int flags)
{
	if ((flags & TRACEFS_READ) && !(node->mode & 0400))
		return false;
	return !(flags & TRACEFS_WRITE) || (node->mode & 0200);
}

int tracefs_open(const char *path, unsigned int flags,
		 struct tracefs_file **filep)
{
	struct tracefs_file *file;
	int cpu, ret;
	const struct tracefs_node *node = find_node(path, &cpu);

	if (IS_ERR(node))
		return PTR_ERR(node);
	if (!may_open(node, flags))
		return -EACCES;
	file = kzalloc(sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->node = node;
	file->flags = flags;
	file->cpu = cpu;
	ret = node->open ? node->open(file) : 0;
	if (ret) {
		kfree(file);
		return ret;
	}
	*filep = file;
	return 0;
}

#define ROOM_FIRST 8192
#define ROOM_MAX   (16UL << 20)

/* Double the room for text, keeping nothing. Return: 0 or -ENOMEM. */
static int make_room(struct tracefs_file *file)
{
	size_t size = file->seq.buf ? file->seq.size * 2 : ROOM_FIRST;
	char *text = size <= ROOM_MAX ? kmalloc(size) : NULL;

	if (!text)
		return -ENOMEM;
	kfree(file->seq.buf);
	trace_seq_init(&file->seq, text, size);
	return 0;
}

/* Append the node's next piece. Return: as show, -ENOSPC it did not fit. */
static int next_piece(struct tracefs_file *file)
{
	size_t len = file->seq.len;
	u64 pos = file->pos;
	int more = file->node->show(file, &file->seq);

	if (more >= 0 && file->seq.overflow) {
		trace_seq_truncate(&file->seq, len);
		file->seq.overflow = false;
		file->pos = pos;
		return -ENOSPC;
	}
	return more;
}

/* Make the next pieces of text; a handle that is never read has no buffer. */
static int generate(struct tracefs_file *file)
{
	int more = file->seq.buf ? 1 : make_room(file);

	if (more < 0)
		return more;
	trace_seq_reset(&file->seq);
	file->taken = 0;
	do {
		more = next_piece(file);
		if (more == -ENOSPC && !file->seq.len)
			more = make_room(file) ? -ENOMEM : 1;
	} while (more > 0 && file->seq.len < file->seq.size / 2);
	if (more < 0 && more != -ENOSPC)
		return more;
	file->ended = !more;
	return 0;
}

static ssize_t read_text(struct tracefs_file *file, char *buf, size_t len)
{
	while (file->taken == file->seq.len) {
		int ret;

		if (file->ended)
			return 0;
		ret = generate(file);
		if (ret)
			return ret;
	}
	len = min(len, file->seq.len - file->taken);
	memcpy(buf, file->seq.buf + file->taken, len);
	file->taken += len;
	return len;
}

ssize_t tracefs_read(struct tracefs_file *file, char *buf, size_t len)
{
	if (!(file->flags & TRACEFS_READ))
		return -EBADF;
	if (file->node->read)
		return file->node->read(file, buf, len);
	return file->node->show ? read_text(file, buf, len) : -EINVAL;
}

static void error_reset(struct tracefs_file *file)
{
	file->error_at = 0;
	file->error_text = NULL;
	file->error_quote[0] = '\0';
}

ssize_t tracefs_write(struct tracefs_file *file, const char *buf, size_t len)
{
	ssize_t ret;

	if (!(file->flags & TRACEFS_WRITE))
		return -EBADF;
	error_reset(file);
	ret = file->node->write(file, buf, len);
	if (ret < 0)
		error_log_add(file, buf, len, ret);
	return ret;
}

int tracefs_close(struct tracefs_file *file)
{
	int ret;

	error_reset(file);
	ret = file->node->release ? file->node->release(file) : 0;
	if (ret < 0)
		error_log_add(file, "", 0, ret);
	kfree(file->seq.buf);
	kfree(file);
	return ret;
}

/* The name that follows in @rest ("a/b": "a/"), with @cpu for a '#'. */
static void name_of(struct tracefs_dirent *entry, const char *rest, int cpu,
		    u16 mode)
{
	const char *slash = strchr(rest, '/');
	const char *hash = strchr(rest, '#');
	int len = slash ? slash - rest + 1 : (int)strlen(rest);

	entry->dir = slash;
	entry->mode = slash ? 0750 : mode;
	if (hash && hash < rest + len)
		snprintf(entry->name, sizeof(entry->name), "%.*s%d%.*s",
			 (int)(hash - rest), rest, cpu,
			 (int)(rest + len - hash - 1), hash + 1);
	else
		snprintf(entry->name, sizeof(entry->name), "%.*s", len, rest);
}

/* Is the directory that @rest begins with that of a node before @n, too? */
static bool seen_before(const char *path, unsigned int n, const char *rest)
{
	size_t len = strcspn(rest, "/") + 1;
	unsigned int i;

	for (i = 0; i < n; i++) {
		const char *other = below(node_at(i), path);

		if (other && !strncmp(other, rest, len))
			return true;
	}
	return false;
}

int tracefs_readdir(const char *path, unsigned int n,
		    struct tracefs_dirent *entry)
{
	const struct tracefs_node *node;
	unsigned int i, cpu, end;

	for (i = 0; (node = node_at(i)); i++) {
		const char *rest = below(node, path);

		if (!rest)
			continue;
		if (strchr(rest, '/') && seen_before(path, i, rest))
			continue;
		end = strcspn(rest, "#") < strcspn(rest, "/") ? NR_CPUS : 1;
		for (cpu = 0; cpu < end; cpu++) {
			if (!cpu_online(cpu) || n--)
				continue;
			name_of(entry, rest, cpu, node->mode);
			return 0;
		}
	}
	return -ENOENT;
}
