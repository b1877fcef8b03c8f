// SPDX-License-Identifier: MIT
/*
 * boot_instances.c - the word trace_instance= of the command line.
 *
 * Of Linux's grammar, a region of memory after an @ and the flags for
 * trace_printk() are refused: there is neither here.
 *
 * Context: boot, in a task.
 */
#include "trace/control/boot_instances.h"

#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"
#include "trace/trace.h"

CMDLINE_TEXT(trace_instance, "NAME[^FLAG][,EVENTS]",
	     "a trace beside the top one; may be there more than once");

static void complain(const char *part, const char *why)
{
	pr_err("not traced as asked: trace_instance=%s: %s", part, why);
}

/* Write an event to the set_event of the trace. */
static void enable_event(const char *name, const char *event)
{
	char path[TRACEFS_NAME_MAX + 32], line[CMDLINE_WORD_ROOM + 1];
	struct tracefs_file *file;
	ssize_t ret;
	size_t len;

	snprintf(path, sizeof(path), "instances/%s/set_event", name);
	len = snprintf(line, sizeof(line), "%s\n", event);
	ret = tracefs_open(path, TRACEFS_WRITE, &file);
	if (ret) {
		complain(event, errno_sentence(ret));
		return;
	}
	ret = tracefs_write(file, line, len);
	if (ret < 0)
		complain(event, file->error_text ?: errno_sentence(ret));
	tracefs_close(file);
}

static void set_flags(struct trace_array *tr, char *flags)
{
	char *flag;

	while ((flag = strsep(&flags, "^"))) {
		if (!strcmp(flag, "traceoff"))
			trace_set_on(tr, false);
		else
			complain(flag, "no such flag here");
	}
}

/* @text: NAME[^FLAG...][,EVENT...]; is cut up. */
static void make_instance(char *text)
{
	char *name = strsep(&text, ","), *flags = name, *event;
	struct trace_array *tr;

	if (strchr(name, '@')) {
		complain(name, "no memory survives a reset here");
		return;
	}
	name = strsep(&flags, "^");
	tr = trace_array_create(name);
	if (IS_ERR(tr)) {
		complain(name, errno_sentence(PTR_ERR(tr)));
		return;
	}
	if (flags)
		set_flags(tr, flags);
	while ((event = strsep(&text, ",")))
		if (*event)
			enable_event(name, event);
}

void trace_boot_instances(void)
{
	static const char word[] = "trace_instance=";
	const char *rest = cmdline();
	char text[CMDLINE_WORD_ROOM];

	while (cmdline_next(&rest, text, sizeof(text)))
		if (str_has_prefix(text, word))
			make_instance(text + strlen(word));
}
