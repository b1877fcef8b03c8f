// SPDX-License-Identifier: MIT
/*
 * boot_instances.c - the word trace_instance= of the command line.
 *
 * A region of memory after an @ makes a trace that survives a reset.
 *
 * If such a trace has events of the last boot, it stays off, so that what the
 * word starts does not remove them.
 *
 * Context: boot, in a task.
 */
#include "trace/control/boot_instances.h"

#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "kernel/base/reserve_mem.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/control/tracefs.h"
#include "trace/trace_persist.h"
#include <asm/layout.h>

CMDLINE_TEXT(trace_instance, "NAME[^FLAG][@MEMORY][,EVENTS]",
	     "a trace beside the top one; may be there more than once");

static void complain(const char *part, const char *why)
{
	pr_err("not traced as asked: trace_instance=%s: %s", part, why);
}

/* Write an event to the set_event of the trace. */
static void enable_event(const char *name, const char *event)
{
	char path[TRACEFS_NAME_MAX + 32], line[CMDLINE_WORD_ROOM + 1];
	const char *why;

	snprintf(path, sizeof(path), "instances/%s/set_event", name);
	snprintf(line, sizeof(line), "%s\n", event);
	if (tracefs_put_text(path, 0, line, &why))
		complain(event, why);
}

/* Linux has three names for one of them. */
static const struct {
	const char *name;
	bool traceoff;
} flags_known[] = {
	{ "traceoff", true },
	{ "traceprintk", false },
	{ "trace_printk", false },
	{ "printk", false },
};

static void set_flag(struct trace_array *tr, const char *flag)
{
	unsigned int i = 0;
	int err = 0;

	while (i < ARRAY_SIZE(flags_known) &&
	       strcmp(flag, flags_known[i].name) != 0)
		i++;
	if (i == ARRAY_SIZE(flags_known))
		complain(flag, "no such flag");
	else if (flags_known[i].traceoff)
		trace_set_on(tr, false);
	else
		err = trace_set_option(tr, TRACE_OPT_trace_printk_dest, true);
	if (err)
		complain(flag, errno_sentence(err));
}

static void set_flags(struct trace_array *tr, char *flags)
{
	char *flag;

	while ((flag = strsep(&flags, "^")))
		set_flag(tr, flag);
}

/*
 * @memory: the name of a region, ADDR:SIZE, or NULL. Return: as
 * trace_array_create(); NULL no such memory, and the log says why.
 */
static struct trace_array *make_trace(const char *name, const char *memory)
{
	const char *why;
	u64 start, size;

	if (!memory)
		return trace_array_create(name);
	why = reserve_mem_take(memory, &start, &size);
	if (why) {
		complain(memory, why);
		return NULL;
	}
	return trace_persist_create(name, phys_to_virt(start), size);
}

/* @text: NAME[^FLAG...][@MEMORY][,EVENT...]; is cut up. */
static void make_instance(char *text)
{
	char *memory = strsep(&text, ","), *flags = strsep(&memory, "@");
	char *name = strsep(&flags, "^"), *event;
	struct trace_array *tr = make_trace(name, memory);

	if (!tr)
		return;
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
