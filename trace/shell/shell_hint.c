// SPDX-License-Identifier: MIT
/*
 * shell_hint.c - why a trace that was shown is empty.
 *
 * A filter that is left over from an earlier experiment is the usual reason,
 * and the text of `trace` has no place for it: tools read that. So the hint is
 * an error message of the shell, which 2>/dev/null hides.
 */
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"
#include "trace/shell/shell.h"
#include "trace/shell/shell_filters.h"

/* How a file begins that keeps nothing out of the trace. */
static const struct {
	const char *name, *open;
} gates[] = {
	{ "tracing_on", "1" },
	{ "set_ftrace_filter", "#" },
	{ "set_ftrace_notrace", "#" },
	{ "set_graph_function", "#" },
	{ "set_graph_notrace", "#" },
	{ "set_ftrace_pid", "no pid" },
	{ "set_ftrace_notrace_pid", "no pid" },
	{ "tracing_thresh", "0" },
};

/* The beginning of a file as a string, "" if it cannot be read. */
static void read_start(const char *dir, const char *name, char *text,
		       size_t size)
{
	static char path[2 * LINE_ROOM]; /* the shell is one task */

	snprintf(path, sizeof(path), "%s%s", dir, name);
	(void)tracefs_get_text(path, text, size);
}

/* Has @text lines other than those of a head? */
static bool has_events(const char *text)
{
	for (; text && *text; text = strchr(text, '\n'), text += !!text)
		if (*text != '#' && *text != '\n')
			return true;
	return false;
}

static bool begins(const char *text, const char *start)
{
	return !strncmp(text, start, strlen(start));
}

const char *shell_hint_empty(const char *typed)
{
	static char text[1024]; /* more than a head; the shell is one task */
	static char dir[LINE_ROOM + 1];
	char list[256] = "";
	const char *path = shell_path(typed), *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	unsigned int i;

	snprintf(dir, sizeof(dir), "%.*s", (int)(name - path), path);
	if (strcmp(name, "trace"))
		return NULL;
	read_start(dir, "trace", text, sizeof(text));
	if (!*text || has_events(text))
		return NULL;
	read_start(dir, "current_tracer", text, sizeof(text));
	if (begins(text, "nop"))
		return NULL; /* events alone have filters of their own */
	for (i = 0; i < ARRAY_SIZE(gates); i++) {
		size_t len = strlen(list);

		read_start(dir, gates[i].name, text, sizeof(text));
		if (*text && !begins(text, gates[i].open))
			scnprintf(list + len, sizeof(list) - len, "%s%s",
				  len ? ", " : "", gates[i].name);
	}
	if (!*list)
		return NULL;
	snprintf(text, sizeof(text),
		 "no event; look at %s (`reset` undoes all)", list);
	return text;
}
