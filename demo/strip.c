// SPDX-License-Identifier: MIT
/*
 * strip.c - reads the events sched_switch from the rings of a trace and draws
 * them.
 *
 * A column stands for a moment, the middle of its time. The letter is the task
 * that the CPU executed at that moment: the previous task of the next switch.
 *
 * Owns the strip.
 */
#include "demo/strip.h"
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/smp.h"
#include "trace/trace.h"

#define COLUMNS	   64
#define LEGEND	   88 /* characters of a line of the legend */
#define STATE_DEAD 0x10

static const char letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

static struct {
	u64 begin, end; /* times of the first and the last event */
	u64 switches;
	struct strip_task task[sizeof(letters) - 1];
	unsigned int tasks;
	char row[NR_CPUS][COLUMNS + 1];
} strip;

/* One event, decoded by the fields that the event declares. */
struct one_switch {
	u64 time;
	int prev, next;
	s64 prev_state;
	const char *prev_comm, *next_comm;
};

/* The CPU being read. */
struct reading {
	unsigned int cpu, column;
	bool known; /* next and comm are those of an event */
	int next;   /* the task it has switched to */
	char last[TASK_COMM_LEN];
};

typedef int (*switch_fn)(struct reading *reading, const struct one_switch *s);

static const void *field(const struct trace_event *event, const void *record,
			 const char *name)
{
	const struct trace_field *f = event->fields;

	while (strcmp(f->name, name))
		f++;
	return (const char *)record + f->offset;
}

static struct one_switch decode(const struct trace_event *event,
				const struct ring_buffer_event *e)
{
	struct one_switch s = { .time = e->time };

	memcpy(&s.prev, field(event, e->data, "prev_pid"), sizeof(s.prev));
	memcpy(&s.next, field(event, e->data, "next_pid"), sizeof(s.next));
	memcpy(&s.prev_state, field(event, e->data, "prev_state"),
	       sizeof(s.prev_state));
	s.prev_comm = field(event, e->data, "prev_comm");
	s.next_comm = field(event, e->data, "next_comm");
	return s;
}

/* Calls @fn for each switch of one CPU. Return: 0, or the error of fn. */
static int walk(struct trace_array *tr, struct reading *reading,
		struct ring_buffer_page *page, switch_fn fn)
{
	const struct trace_event *event =
		trace_event_by_name("sched", "sched_switch");
	struct ring_buffer_iter iter;
	int ret = event ? 0 : -ENOENT;

	if (ret)
		return ret;
	ring_buffer_iter_start(&iter, tr->buffer.cpu[reading->cpu], page);
	for (; iter.valid && !ret; ring_buffer_iter_next(&iter)) {
		struct one_switch s;

		if (trace_event_of(iter.event.data, iter.event.len) != event)
			continue;
		s = decode(event, &iter.event);
		ret = iter.event.lost ? -EIO : fn(reading, &s);
	}
	return ret;
}

static int measure(struct reading *reading, const struct one_switch *s)
{
	(void)reading;
	strip.begin = min(strip.begin, s->time);
	strip.end = max(strip.end, s->time);
	strip.switches++;
	return 0;
}

/* The task's entry, a new one if there is none; NULL: no letter is left. */
static struct strip_task *enter(int pid, const char *comm)
{
	struct strip_task *task = strip.task;
	unsigned int i;

	for (i = 0; i < strip.tasks; i++)
		if (task[i].pid == pid)
			return &task[i];
	if (i == ARRAY_SIZE(strip.task))
		return NULL;
	strip.tasks++;
	task[i] = (struct strip_task){ .pid = pid };
	strscpy(task[i].comm, comm, sizeof(task[i].comm));
	return &task[i];
}

/* The task @pid ran on the CPU up to @time. Return: 0 or -ENOSPC. */
static int draw_until(struct reading *reading, u64 time, int pid,
		      const char *comm)
{
	u64 span = strip.end - strip.begin;
	const struct strip_task *task = pid ? enter(pid, comm) : NULL;
	unsigned int *at = &reading->column;

	if (pid && !task)
		return -ENOSPC;
	while (*at < COLUMNS &&
	       strip.begin + span * (2 * *at + 1) / (2 * COLUMNS) < time)
		strip.row[reading->cpu][(*at)++] =
			task ? letters[task - strip.task] : '.';
	return 0;
}

static int draw(struct reading *reading, const struct one_switch *s)
{
	int ret = draw_until(reading, s->time, s->prev, s->prev_comm);
	struct strip_task *prev;

	if (ret)
		return ret;
	if (reading->known && reading->next != s->prev)
		return -EIO;
	if (s->prev) {
		prev = enter(s->prev, s->prev_comm);
		prev->cpus |= BIT(reading->cpu);
		prev->left++;
		prev->died += s->prev_state == STATE_DEAD;
	}
	reading->known = true;
	reading->next = s->next;
	strscpy(reading->last, s->next_comm, sizeof(reading->last));
	return 0;
}

/* Its last task ran on to the end; a CPU without a switch is left blank. */
static int draw_rest(struct reading *reading)
{
	unsigned int *at = &reading->column;

	if (reading->known)
		return draw_until(reading, ~0ULL, reading->next, reading->last);
	while (*at < COLUMNS)
		strip.row[reading->cpu][(*at)++] = ' ';
	return 0;
}

static int read_all(struct trace_array *tr, struct ring_buffer_page *page)
{
	unsigned int cpu;
	int ret = 0;

	for_each_online_cpu(cpu) {
		struct reading reading = { .cpu = cpu };

		if (!ret)
			ret = walk(tr, &reading, page, measure);
	}
	if (!ret && !strip.switches)
		ret = -ENODATA;
	for_each_online_cpu(cpu) {
		struct reading reading = { .cpu = cpu };

		if (!ret)
			ret = walk(tr, &reading, page, draw);
		if (!ret)
			ret = draw_rest(&reading);
	}
	return ret;
}

int strip_read(struct trace_array *tr)
{
	struct ring_buffer_page *page = kmalloc(sizeof(*page));
	int ret;

	if (!page)
		return -ENOMEM;
	memset(&strip, 0, sizeof(strip));
	strip.begin = ~0ULL;
	ret = read_all(tr, page);
	kfree(page);
	return ret;
}

static void print_legend(void)
{
	char line[LEGEND + 32];
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < strip.tasks; i++) {
		n += scnprintf(line + n, sizeof(line) - n, "  %c %s",
			       letters[i], strip.task[i].comm);
		if (n < LEGEND - TASK_COMM_LEN && i + 1 < strip.tasks)
			continue;
		printk_plain("        %s", line);
		n = 0;
	}
	printk_plain("          . idle");
}

void strip_print(void)
{
	u64 us = (strip.end - strip.begin) / 1000;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		printk_plain("    cpu%-2u |%s|", cpu, strip.row[cpu]);
	printk_plain("          %u columns, %llu us in all; the letter is the "
		     "task at a column's middle:",
		     COLUMNS, us);
	print_legend();
}

const struct strip_task *strip_task(int pid)
{
	unsigned int i;

	for (i = 0; i < strip.tasks; i++)
		if (strip.task[i].pid == pid)
			return &strip.task[i];
	return NULL;
}

unsigned int strip_tasks(void)
{
	return strip.tasks;
}

u64 strip_switches(void)
{
	return strip.switches;
}
