// SPDX-License-Identifier: MIT
/*
 * Events of the tests' own. Their places stand for tracepoints: a list of the
 * files that are attached, read with preemption off.
 */
#include "tests/kernel/event_bells.h"

#include "kernel/base/fail.h"
#include "kernel/base/printk.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/event/trace_record.h"

#define PLACES 8

static const struct trace_field bell_fields[] = {
	TRACE_FIELD(bell_entry, unsigned int, number),
	TRACE_FIELDS_END,
};

static const struct trace_field horn_fields[] = {
	TRACE_FIELD(bell_entry, unsigned int, number),
	TRACE_FIELD_ARRAY(bell_entry, char, tone, 8),
	TRACE_FIELDS_END,
};

int horn_answer;
static struct trace_event_file *places[PLACES]; /* of the bell */

static int bell_reg(struct trace_event_file *file)
{
	unsigned int i;

	for (i = 0; i < PLACES; i++) {
		if (places[i])
			continue;
		smp_store_release(&places[i], file);
		return 0;
	}
	return -ENOMEM;
}

static void bell_unreg(struct trace_event_file *file)
{
	unsigned int i;

	for (i = 0; i < PLACES; i++)
		if (places[i] == file)
			WRITE_ONCE(places[i], NULL);
}

static int horn_reg(struct trace_event_file *file)
{
	return horn_answer;
}

static void horn_unreg(struct trace_event_file *file)
{
}

#define BELL_EVENT(system_, name_, fields_, reg_, unreg_)             \
	{                                                             \
		.system = system_, .name = name_,                     \
		.size = sizeof(struct bell_entry), .fields = fields_, \
		.print_fmt = "\"%u\", REC->number", .reg = reg_,      \
		.unreg = unreg_                                       \
	}

struct trace_event bell =
	BELL_EVENT("belfry", "bell", bell_fields, bell_reg, bell_unreg);
struct trace_event horn =
	BELL_EVENT("belfry", "horn", horn_fields, horn_reg, horn_unreg);
struct trace_event tower_clock =
	BELL_EVENT("tower", "clock", bell_fields, horn_reg, horn_unreg);

bool bells_begin(void)
{
	horn_answer = 0;
	return tt_begin("nop", NULL, 64) &&
	       EXPECT_EQ(trace_event_add(&bell), 0) &&
	       EXPECT_EQ(trace_event_add(&horn), 0) &&
	       EXPECT_EQ(trace_event_add(&tower_clock), 0);
}

void bells_end(void)
{
	trace_event_remove(&tower_clock);
	trace_event_remove(&horn);
	trace_event_remove(&bell);
	tt_end();
}

/* ---- the probe ----------------------------------------------------------- */

static void record(struct trace_event_file *file, u32 number)
{
	struct bell_entry entry = { .number = number };
	struct event_filter *filter = READ_ONCE(file->filter);
	void *at;

	if (READ_ONCE(file->flags) & EVENT_FILE_SLOW &&
	    !trace_event_wanted(file))
		return;
	trace_fill(&entry, file->event->id);
	if (filter && !filter->match(filter, &entry, sizeof(entry)))
		return;
	at = ring_buffer_lock_reserve(&file->tr->buffer, sizeof(entry), NULL);
	if (!at)
		return;
	memcpy(at, &entry, sizeof(entry));
	ring_buffer_unlock_commit(&file->tr->buffer);
}

void bell_ring(u32 number)
{
	struct trace_event_file *file;
	unsigned int i;

	preempt_disable();
	for (i = 0; i < PLACES; i++) {
		file = smp_load_acquire(&places[i]);
		if (file)
			record(file, number);
	}
	preempt_enable();
}

/* ---- what came of it ----------------------------------------------------- */

unsigned int bells_recorded_in(struct trace_array *tr)
{
	struct ring_buffer_stats stats;
	unsigned int cpu, n = 0;

	for_each_online_cpu(cpu) {
		ring_buffer_stats(tr->buffer.cpu[cpu], &stats);
		n += stats.entries;
	}
	trace_reset(tr, TRACE_CPU_ALL);
	return n;
}

unsigned int bells_recorded(void)
{
	return bells_recorded_in(trace_top());
}

ssize_t bells_write(const char *path, const char *text, unsigned int flags)
{
	struct tracefs_file *file;
	ssize_t ret = tracefs_open(path, flags, &file);
	int err;

	if (ret)
		return ret;
	ret = tracefs_write(file, text, strlen(text));
	err = tracefs_close(file);
	return err ?: ret;
}

ssize_t bells_put(const char *path, const char *text)
{
	return bells_write(path, text, TRACEFS_WRITE);
}

void bells_accept(const char *path, const char *text)
{
	if (!EXPECT_EQ(bells_put(path, text), strlen(text)))
		pr_info("%s\n", text);
}

ssize_t bells_fail_write(const char *path, const char *text, unsigned int nth,
			 bool *failed)
{
	struct tracefs_file *file;
	ssize_t ret = tracefs_open(path, TRACEFS_WRITE, &file);

	*failed = false;
	if (!EXPECT_EQ(ret, 0))
		return ret;
	fail_nth(nth);
	ret = tracefs_write(file, text, strlen(text));
	*failed = fail_end();
	EXPECT_EQ(tracefs_close(file), 0);
	return ret;
}

bool bells_logged(const char *text)
{
	static char log[8192];
	size_t len, want = strlen(text);

	tt_read("error_log", log, sizeof(log));
	len = strlen(log);
	if (len >= want && !strcmp(log + len - want, text))
		return true;
	pr_info("%s", log);
	return false;
}
