// SPDX-License-Identifier: MIT
/*
 * filter_cpulist.c - parse the list of CPUs in CPUS{list}.
 *
 * A list is a row of "all", N, N-M, and N-M:USED/GROUP (the first USED CPUs of
 * each GROUP), separated by commas and blanks.
 *
 * Context: any. Pure.
 */
#include "kernel/lib/ctype.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "trace/event/filter.h"
#include <asm/percpu.h>

struct list {
	const char *at, *end;
};

static bool take(struct list *list, char c)
{
	if (list->at == list->end || *list->at != c)
		return false;
	list->at++;
	return true;
}

/* A CPU, or the size of a group. Return: -EINVAL there is no such number. */
static int take_number(struct list *list, unsigned int *n)
{
	const char *start = list->at;

	for (*n = 0; list->at < list->end && isdigit(*list->at); list->at++) {
		*n = 10 * *n + (*list->at - '0');
		if (*n > NR_CPUS)
			return -EINVAL;
	}
	return list->at == start ? -EINVAL : 0;
}

static bool take_all(struct list *list)
{
	size_t n = strlen("all");

	if ((size_t)(list->end - list->at) < n || strncmp(list->at, "all", n))
		return false;
	list->at += n;
	return true;
}

static int take_region(struct list *list, u64 *mask)
{
	unsigned int cpu, first, last, used = 1, group = 1;

	if (take_all(list)) {
		*mask = ~0ULL >> (64 - NR_CPUS);
		return 0;
	}
	if (take_number(list, &first))
		return -EINVAL;
	last = first;
	if (take(list, '-') && take_number(list, &last))
		return -EINVAL;
	if (take(list, ':') && (take_number(list, &used) || !take(list, '/') ||
				take_number(list, &group)))
		return -EINVAL;
	if (first > last || last >= NR_CPUS || !group || used > group)
		return -EINVAL;
	for (cpu = first; cpu <= last; cpu++)
		if ((cpu - first) % group < used)
			*mask |= 1ULL << cpu;
	return 0;
}

static bool skip_separators(struct list *list)
{
	const char *start = list->at;

	while (list->at < list->end && (isspace(*list->at) || *list->at == ','))
		list->at++;
	return list->at != start;
}

int filter_cpulist(const char *text, size_t len, u64 *mask)
{
	struct list list = { .at = text, .end = text + len };
	bool apart = true;

	*mask = 0;
	skip_separators(&list);
	if (list.at == list.end)
		return -EINVAL;
	while (list.at < list.end) {
		if (!apart || take_region(&list, mask))
			return -EINVAL;
		apart = skip_separators(&list);
	}
	return 0;
}
