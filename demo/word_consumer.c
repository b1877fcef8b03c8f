// SPDX-License-Identifier: MIT
/*
 * word_consumer.c - consumer: callbacks that count the calls of functions.
 *
 * Owns the list of consumers. Each has an ops of its own, so a function with
 * two consumers pays for both, and every other function for none.
 */
#include "demo/words.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "trace/core/ftrace.h"
#include <asm/atomic.h>

#define CONSUMERS_MAX 64

struct consumer {
	struct consumer *next;
	struct ftrace_ops ops;
	atomic64_t calls;
	char name[WORD_NAME], function[LINE_ROOM];
};

static struct consumer *consumers;

static notrace void consumer_count(unsigned long ip, unsigned long parent_ip,
				   struct ftrace_ops *ops,
				   struct ftrace_regs *fregs)
{
	atomic64_inc(&container_of(ops, struct consumer, ops)->calls);
}

/* Return: the pointer that points to the consumer, or to the list's end. */
static struct consumer **find(const char *name)
{
	struct consumer **at = &consumers;

	while (*at && strcmp((*at)->name, name))
		at = &(*at)->next;
	return at;
}

static unsigned int how_many(void)
{
	const struct consumer *at;
	unsigned int n = 0;

	for (at = consumers; at; at = at->next)
		n++;
	return n;
}

/* Return: 0 and the consumer is registered; or an errno and it is freed. */
static int enter(struct consumer *c)
{
	int ret =
		ftrace_set_filter(&c->ops, c->function, strlen(c->function), 1);

	if (!ret)
		ret = register_ftrace_function(&c->ops);
	if (!ret) {
		*find(c->name) = c;
		return 0;
	}
	ftrace_free_filter(&c->ops);
	kfree(c);
	return ret;
}

static void no_function(const char *pattern)
{
	static char text[LINE_ROOM + 32]; /* the shell is one task */

	scnprintf(text, sizeof(text), "%s: no function fits this", pattern);
	shell_error("consumer", text, 0);
}

/* Each consumer has an ops of its own, so its count is its own, too. */
static int add(struct stage *stage, const char *name, const char *function)
{
	struct consumer *c = NULL;
	int ret = -ENOMEM;

	if (!*function)
		ret = -EINVAL;
	else if (*find(name))
		ret = -EEXIST;
	else if (strlen(name) >= WORD_NAME || strlen(function) >= LINE_ROOM)
		ret = -ENAMETOOLONG;
	else if (how_many() == CONSUMERS_MAX)
		ret = -ENOSPC;
	else
		c = kzalloc(sizeof(*c));
	if (c) {
		strscpy(c->name, name, sizeof(c->name));
		strscpy(c->function, function, sizeof(c->function));
		c->ops.func = consumer_count;
		ret = enter(c);
	}
	if (ret == -EINVAL)
		no_function(function);
	else if (ret)
		shell_error("consumer", name, ret);
	return ret;
}

static int show(struct stage *stage, const struct consumer *c)
{
	static char text[LINE_ROOM + 64]; /* the shell is one task */
	int len = scnprintf(text, sizeof(text), "%-16s %-24s %lld calls\n",
			    c->name, c->function, atomic64_read(&c->calls));

	return stage_put(stage, text, len);
}

/* The count is exact: unregistering waits for callbacks that are running. */
static int del(struct stage *stage, const char *name)
{
	struct consumer **at = find(name), *c = *at;
	int ret = c ? unregister_ftrace_function(&c->ops) : -ENOENT;

	if (ret) {
		shell_error("consumer", name, ret);
		return ret;
	}
	ret = show(stage, c);
	*at = c->next;
	ftrace_free_filter(&c->ops);
	kfree(c);
	return ret;
}

static int consumer_run(struct stage *stage)
{
	const struct consumer *c;
	int ret = 0;

	if (stage->argc == 4 && !strcmp(stage->argv[1], "add"))
		return add(stage, stage->argv[2], stage->argv[3]);
	if (stage->argc == 3 && !strcmp(stage->argv[1], "del"))
		return del(stage, stage->argv[2]);
	if (stage->argc != 1)
		return word_usage(stage);
	for (c = consumers; c && !ret; c = c->next)
		ret = show(stage, c);
	return ret;
}

SHELL_COMMAND(consumer, .usage = "consumer [add NAME FUNC | del NAME]",
	      .run = consumer_run, .help = "callbacks that count calls");
