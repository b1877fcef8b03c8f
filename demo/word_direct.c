// SPDX-License-Identifier: MIT
/*
 * word_direct.c - direct, exchange: functions that call a target directly.
 *
 * Owns the list of direct callers that users made. The targets are those of
 * direct_targets.asm, which count calls and return.
 */
#include "demo/words.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/core/ftrace.h"
#include <asm/percpu.h>

void demo_first(void);
void demo_second(void);
DECLARE_PER_CPU(u64, demo_first_calls);
DECLARE_PER_CPU(u64, demo_second_calls);

/* A function with a direct caller; second: which of the two targets. */
struct direct {
	struct direct *next;
	struct ftrace_ops ops;
	bool second;
	char function[WORD_NAME];
};

static struct direct *directs;

static unsigned long target(bool second)
{
	return second ? (unsigned long)demo_second : (unsigned long)demo_first;
}

/* The place of a function in the list, or the end of the list. */
static struct direct **find(const char *function)
{
	struct direct **at = &directs;

	while (*at && strcmp((*at)->function, function))
		at = &(*at)->next;
	return at;
}

/* Parse the name of a target. Return: 0, or -EINVAL after an error message. */
static int parse_target(struct stage *stage, bool *second)
{
	*second = !strcmp(stage->argv[2], "second");
	if (*second || !strcmp(stage->argv[2], "first"))
		return 0;
	return word_usage(stage);
}

/* Return: 0, -EEXIST, or an errno with nothing changed. */
static int add(const char *function, unsigned long ip, bool second)
{
	struct direct *d;
	int ret;

	if (strlen(function) >= WORD_NAME)
		return -ENAMETOOLONG;
	if (*find(function))
		return -EEXIST;
	d = kzalloc(sizeof(*d));
	if (!d)
		return -ENOMEM;
	strscpy(d->function, function, sizeof(d->function));
	d->second = second;
	ret = ftrace_set_filter_ip(&d->ops, ip, 0, 1);
	if (!ret)
		ret = register_ftrace_direct(&d->ops, target(second));
	if (!ret) {
		*find(function) = d;
		return 0;
	}
	ftrace_free_filter(&d->ops);
	kfree(d);
	return ret;
}

/* Return: 0, or -ENOENT. */
static int del(const char *function)
{
	struct direct **at = find(function), *d = *at;
	int ret =
		d ? unregister_ftrace_direct(&d->ops, target(d->second), true) :
		    -ENOENT;

	if (ret)
		return ret;
	*at = d->next;
	kfree(d);
	return 0;
}

/* The counts are of all functions together: a target does not know its site. */
static int list(struct stage *stage)
{
	u64 first = 0, second = 0;
	const struct direct *d;
	unsigned int cpu;
	int ret = 0;

	for_each_online_cpu(cpu) {
		first += per_cpu(demo_first_calls, cpu);
		second += per_cpu(demo_second_calls, cpu);
	}
	for (d = directs; d && !ret; d = d->next)
		ret = stage_printf(stage, "%-24s calls %s\n", d->function,
				   d->second ? "second" : "first");
	return ret ? ret :
		     stage_printf(stage,
				  "first was called %llu times, second "
				  "%llu times\n",
				  first, second);
}

static int direct_run(struct stage *stage)
{
	unsigned long ip;
	bool second;
	int ret;

	if (stage->argc == 1)
		return list(stage);
	if (stage->argc != 3)
		return word_usage(stage);
	ip = word_site("direct", stage->argv[1]);
	if (!ip)
		return -ENOENT;
	if (!strcmp(stage->argv[2], "off")) {
		ret = del(stage->argv[1]);
	} else {
		ret = parse_target(stage, &second);
		if (ret)
			return ret;
		ret = add(stage->argv[1], ip, second);
	}
	if (ret)
		shell_error("direct", stage->argv[1], ret);
	return ret ? ret : word_show_site(stage, ip);
}

SHELL_COMMAND(direct, .usage = "direct [FUNC first|second|off]",
	      .run = direct_run, .help = "FUNC calls a target directly");

/* One batch, call to call: no call reaches neither target. */
static int exchange_run(struct stage *stage)
{
	struct direct *d;
	bool second;
	int ret;

	if (stage->argc != 3)
		return word_usage(stage);
	ret = parse_target(stage, &second);
	if (ret)
		return ret;
	d = *find(stage->argv[1]);
	ret = d ? modify_ftrace_direct(&d->ops, target(second)) : -ENOENT;
	if (ret) {
		shell_error("exchange", stage->argv[1], ret);
		return ret;
	}
	d->second = second;
	return word_show_site(stage, word_site("exchange", d->function));
}

SHELL_COMMAND(exchange, .usage = "exchange FUNC first|second",
	      .run = exchange_run,
	      .help = "another direct target; no call is missed");
