// SPDX-License-Identifier: MIT
/*
 * shell_path.c - paths as they are typed: the working directory, dots and
 * slashes, Linux's mount points, and names that a pattern stands for.
 *
 * Owns the working directory.
 */
#include "kernel/lib/errno.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/sort.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"
#include "trace/shell/shell.h"
#include "trace/shell/shell_path.h"

#define ROOM (SHELL_WORDS(LINE_ROOM) + TRACEFS_PATH_MAX + 1)

/* Without slashes at its ends; "" is the root of the tree. */
static char directory[TRACEFS_PATH_MAX];

/*
 * Append the @n bytes of a component to @path, with the slash after it, if any.
 * Return: the new length.
 */
static size_t add_component(char *path, size_t len, const char *name, size_t n)
{
	if (!n || (n == 1 && name[0] == '.'))
		return len;
	if (n == 2 && !strncmp(name, "..", 2)) {
		while (len && --len && path[len - 1] != '/')
			;
		return len;
	}
	memcpy(path + len, name, n);
	len += n;
	if (name[n] == '/')
		path[len++] = '/';
	return len;
}

/* Append the components of @at to the @len bytes of @path. */
static void add_components(char *path, size_t len, const char *at)
{
	size_t n;

	for (; *at; at += n) {
		at += strspn(at, "/");
		n = strcspn(at, "/");
		len = add_component(path, len, at, n);
	}
	path[len] = '\0';
}

/* The part of an absolute path behind a directory that is in the tree. */
static const char *below_mount(const char *path)
{
	static const char *const roots[] = { "sys/kernel/tracing",
					     "sys/kernel/debug/tracing" };
	static const char *const settings[] = { "ftrace_enabled",
						"stack_tracer_enabled" };
	static const char proc[] = "proc/sys/kernel/";
	unsigned int i;
	size_t n;

	for (i = 0; i < ARRAY_SIZE(roots); i++) {
		n = strlen(roots[i]);
		if (!strncmp(path, roots[i], n) && strchr("/", path[n]))
			return path + n + (path[n] == '/');
	}
	n = strlen(proc);
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		if (!strncmp(path, proc, n) && !strcmp(path + n, settings[i]))
			return path + n;
	return path;
}

const char *shell_path(const char *typed)
{
	static char path[ROOM];
	size_t len = 0;

	if (*typed != '/' && directory[0]) {
		len = strlen(directory);
		memcpy(path, directory, len);
		path[len++] = '/';
	}
	add_components(path, len, typed);
	return *typed == '/' ? below_mount(path) : path;
}

const char *shell_directory(void)
{
	return directory;
}

int shell_change_directory(const char *typed)
{
	struct tracefs_stat stat;
	static char path[ROOM]; /* the shell is one task */
	size_t len;
	int ret;

	strscpy(path, shell_path(typed), sizeof(path));
	len = strlen(path);
	while (len && path[len - 1] == '/')
		path[--len] = '\0';
	ret = tracefs_stat(path, &stat);
	if (!ret && !stat.dir)
		ret = -ENOTDIR;
	if (!ret)
		strscpy(directory, path, sizeof(directory));
	return ret;
}

bool shell_is_null(const char *typed)
{
	return !strcmp(typed, "/dev/null");
}

/* ---- patterns ---- */

struct expansion {
	char *room, *end; /* of the names */
	char **names;
	int n, max;
	bool full;
};

static void add_name(struct expansion *to, const char *name)
{
	size_t len = strlen(name) + 1;

	if (to->n == to->max || to->room + len > to->end) {
		to->full = true;
		return;
	}
	memcpy(to->room, name, len);
	to->names[to->n++] = to->room;
	to->room += len;
}

/*
 * Does @name, an entry of a directory, match the @n bytes of @pattern? The name
 * of a directory ends in a slash.
 */
static bool entry_matches(const struct tracefs_dirent *entry,
			  const char *pattern, size_t n)
{
	static char glob[LINE_ROOM]; /* the shell is one task */
	char name[TRACEFS_NAME_MAX + 1];

	strscpy(glob, pattern, min(n + 1, sizeof(glob)));
	strscpy(name, entry->name, sizeof(name));
	name[strcspn(name, "/")] = '\0';
	return glob_match(glob, name);
}

/*
 * Match the component of @pattern at @at in the directory before it, which
 * @pattern[0, at) names. The names go to @to, with what stands behind.
 */
static void match_component(struct expansion *to, const char *pattern,
			    size_t at)
{
	size_t n = strcspn(pattern + at, "/");
	const char *behind = pattern + at + n;
	static char path[LINE_ROOM]; /* the shell is one task */
	struct tracefs_dirent entry;
	u64 cursor = 0;

	strscpy(path, pattern, at + 1);
	for (;;) {
		if (tracefs_readdir(shell_path(at ? path : "."), &cursor,
				    &entry) <= 0)
			return;
		if (!entry_matches(&entry, pattern + at, n) ||
		    (*behind && !entry.dir))
			continue;
		entry.name[strcspn(entry.name, "/")] = '\0';
		if (at + strlen(entry.name) + strlen(behind) >= LINE_ROOM)
			continue;
		memcpy(path + at, entry.name, strlen(entry.name) + 1);
		memcpy(path + strlen(path), behind, strlen(behind) + 1);
		add_name(to, path);
		path[at] = '\0';
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The first component with a pattern: its offset, or -1. */
static int pattern_component(const char *word)
{
	size_t at = strcspn(word, "*?[");

	if (!word[at])
		return -1;
	while (at && word[at - 1] != '/')
		at--;
	return at;
}

int shell_expand(const char *word, char **room, char *end, char **names,
		 int max)
{
	struct expansion to = { *room, end, names, 0, max, false };
	int done = 0, at = pattern_component(word);
	struct tracefs_stat stat;
	int kept = 0, i;

	if (at < 0 || strlen(word) >= LINE_ROOM)
		return 0;
	match_component(&to, word, at);
	/* A name that still has a pattern is replaced by what it stands for. */
	for (; done < to.n; done++) {
		at = pattern_component(names[done]);
		if (at >= 0)
			match_component(&to, names[done], at);
	}
	if (to.full)
		return -E2BIG;
	*room = to.room;
	for (i = 0; i < to.n; i++)
		if (pattern_component(names[i]) < 0 &&
		    !tracefs_stat(shell_path(names[i]), &stat))
			names[kept++] = names[i];
	sort(names, kept, sizeof(*names), by_text);
	return kept;
}
