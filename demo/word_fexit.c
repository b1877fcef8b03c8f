// SPDX-License-Identifier: MIT
/*
 * word_fexit.c - fexit: counts the calls of a function, their time, and shows
 * the last return value.
 *
 * Owns the list of wrapped functions. A function that is unwrapped stays in the
 * list of leaving ones until no call is inside its target any more.
 */
#include "demo/words.h"
#include "kernel/base/clock.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/core/ftrace_fexit.h"
#include <asm/atomic.h>

struct wrapped {
	struct wrapped *next;
	struct ftrace_fexit *fexit;
	unsigned long ip;
	atomic64_t entries, exits;
	u64 last; /* [A] rax of the last return */
	char function[WORD_NAME];
};

static struct wrapped *wrapped, *leaving;

static notrace void at_entry(struct ftrace_fexit_call *call, void *data)
{
	atomic64_inc(&((struct wrapped *)data)->entries);
}

static notrace void at_exit(struct ftrace_fexit_call *call, void *data)
{
	struct wrapped *w = data;

	WRITE_ONCE(w->last, call->ret);
	atomic64_inc(&w->exits);
}

static struct wrapped **find(const char *function)
{
	struct wrapped **at = &wrapped;

	while (*at && strcmp((*at)->function, function))
		at = &(*at)->next;
	return at;
}

/* Free what has left, once no target has a call inside. */
static void reap(void)
{
	struct wrapped *w;

	if (ftrace_fexit_reap())
		return;
	while ((w = leaving)) {
		leaving = w->next;
		kfree(w);
	}
}

static int add(const char *function, unsigned long ip)
{
	struct ftrace_fexit_prog prog = { at_entry, at_exit, NULL };
	struct ftrace_fexit_spec spec = { .nr = 1, .prog = &prog };
	struct wrapped *w;
	int ret;

	if (strlen(function) >= WORD_NAME)
		return -ENAMETOOLONG;
	if (*find(function))
		return -EEXIST;
	w = kzalloc(sizeof(*w));
	if (!w)
		return -ENOMEM;
	strscpy(w->function, function, sizeof(w->function));
	w->ip = ip;
	prog.data = w;
	w->fexit = ftrace_fexit_attach(&spec, &ip, 1);
	if (!IS_ERR(w->fexit)) {
		*find(function) = w;
		return 0;
	}
	ret = PTR_ERR(w->fexit);
	kfree(w);
	return ret;
}

static int del(const char *function)
{
	struct wrapped **at = find(function), *w = *at;
	int ret = w ? ftrace_fexit_detach(w->fexit) : -ENOENT;

	if (ret)
		return ret;
	*at = w->next;
	w->next = leaving;
	leaving = w;
	reap();
	return 0;
}

static int list(struct stage *stage)
{
	const struct wrapped *w;
	int ret = 0;

	for (w = wrapped; w && !ret; w = w->next)
		ret = stage_printf(stage,
				   "%-24s entered %lld, left %lld, the last "
				   "return value %#llx\n",
				   w->function, atomic64_read(&w->entries),
				   atomic64_read(&w->exits),
				   READ_ONCE(w->last));
	return ret;
}

static int fexit_run(struct stage *stage)
{
	unsigned long ip;
	bool off = stage->argc == 3 && !strcmp(stage->argv[2], "off");
	int ret;

	reap();
	if (stage->argc == 1)
		return list(stage);
	if (stage->argc != 2 && !off)
		return word_usage(stage);
	ip = word_site("fexit", stage->argv[1]);
	if (!ip)
		return -ENOENT;
	ret = off ? del(stage->argv[1]) : add(stage->argv[1], ip);
	if (ret)
		shell_error("fexit", stage->argv[1], ret);
	return ret ? ret : word_show_site(stage, ip);
}

SHELL_COMMAND(fexit, .usage = "fexit [FUNC [off]]", .run = fexit_run,
	      .help = "count entries and exits of FUNC");
