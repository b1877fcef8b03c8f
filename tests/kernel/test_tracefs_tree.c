// SPDX-License-Identifier: MIT
/*
 * The control tree of the image: what stat and poll say of it, and a second
 * directory of traces, which this test registers as a later part of the kernel
 * would: twins/NAME/ has all files of a trace.
 *
 * tests/unit/test_tracefs.c has the rules of the tree itself.
 */
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/trace_test.h"
#include "trace/control/tracefs.h"
#include "trace/trace.h"

/* ---- twins/: directories that come and go -------------------------------- */

static DEFINE_MUTEX(twins_lock);
static struct twin {
	u64 serial;	   /* [twins_lock] 0: it is not there */
	unsigned int held; /* [twins_lock] */
	struct trace_array *trace;
} twin;
static u64 twin_serials; /* [twins_lock] */
static bool twins_there;

#define TWIN "second"

static void twin_make(size_t kb)
{
	struct trace_array *tr = trace_array_create(TWIN);

	ASSERT(!IS_ERR(tr));
	EXPECT_EQ(trace_set_buffer_kb(tr, TRACE_CPU_ALL, kb), 0);
	mutex_lock(&twins_lock);
	twin.trace = tr;
	twin.serial = ++twin_serials;
	mutex_unlock(&twins_lock);
}

static int twin_remove(void)
{
	int ret = -EBUSY;

	mutex_lock(&twins_lock);
	if (!twin.held) {
		twin.serial = 0;
		ret = 0;
	}
	mutex_unlock(&twins_lock);
	return ret ? ret : trace_array_destroy(twin.trace);
}

static const struct tracefs_dir twins_dir = { .mode = 0750 };
static const struct tracefs_node twins_node = { .dir = &twins_dir };
static const struct tracefs_node twin_node = { .dir = &trace_dir };

static bool twin_lookup(const struct tracefs_path *dir, const char *name,
			struct tracefs_level *level)
{
	bool found;

	mutex_lock(&twins_lock);
	found = twin.serial && !strcmp(name, TWIN);
	if (found) {
		twin.held++;
		*level = (struct tracefs_level){ .node = &twin_node,
						 .data = twin.trace,
						 .id = twin.serial };
	}
	mutex_unlock(&twins_lock);
	return found;
}

static bool twin_next(const struct tracefs_path *dir, u64 *pos,
		      char name[TRACEFS_NAME_MAX], struct tracefs_level *level)
{
	bool found;

	mutex_lock(&twins_lock);
	found = twin.serial > *pos;
	if (found) {
		*pos = twin.serial;
		level->node = &twin_node;
		level->id = twin.serial;
		strscpy(name, TWIN, TRACEFS_NAME_MAX);
	}
	mutex_unlock(&twins_lock);
	return found;
}

static void twin_put(const struct tracefs_level *level)
{
	mutex_lock(&twins_lock);
	twin.held--;
	mutex_unlock(&twins_lock);
}

static const struct tracefs_source twin_source = { .in = &twins_dir,
						   .lookup = twin_lookup,
						   .next = twin_next,
						   .put = twin_put };
TABLE_ENTRY(tracefs_sources, 90, twin_source);

static bool twins_next(const struct tracefs_path *dir, u64 *pos,
		       char name[TRACEFS_NAME_MAX], struct tracefs_level *level)
{
	if (!twins_there || *pos)
		return false;
	*pos = 1;
	level->node = &twins_node;
	level->id = 1;
	strscpy(name, "twins", TRACEFS_NAME_MAX);
	return true;
}

static bool twins_lookup(const struct tracefs_path *dir, const char *name,
			 struct tracefs_level *level)
{
	char other[TRACEFS_NAME_MAX];
	u64 pos = 0;

	return twins_next(dir, &pos, other, level) && !strcmp(name, other);
}

/* Not there for anybody but these tests. */
static const struct tracefs_source twins_source = { .in = &root_dir,
						    .lookup = twins_lookup,
						    .next = twins_next };
TABLE_ENTRY(tracefs_sources, 90, twins_source);

/* ---- what is in the tree ------------------------------------------------- */

/* Return: how many names there are in @dir and below. */
static unsigned int count_names(const char *dir)
{
	struct tracefs_dirent entry;
	char path[TRACEFS_PATH_MAX];
	struct tracefs_stat stat;
	unsigned int n = 0;
	u64 cursor = 0;

	while (tracefs_readdir(dir, &cursor, &entry) > 0) {
		snprintf(path, sizeof(path), "%s%s", dir, entry.name);
		if (!EXPECT_EQ(tracefs_stat(path, &stat), 0) ||
		    !EXPECT_EQ(stat.ino, entry.ino) ||
		    !EXPECT_EQ(stat.mode, entry.mode))
			pr_info("%s\n", path);
		n++;
		if (entry.dir)
			n += count_names(path);
	}
	return n;
}

static int error_of(const char *path)
{
	struct tracefs_stat stat;

	return tracefs_stat(path, &stat);
}

KTEST(tracefs_tree, a_cpu_has_one_name)
{
	struct tracefs_stat stat;

	EXPECT_EQ(error_of("per_cpu/cpu0/stats"), 0);
	EXPECT_EQ(error_of("per_cpu/cpu00/stats"), -ENOENT);
	EXPECT_EQ(error_of("per_cpu/cpu+0"), -ENOENT);
	EXPECT_EQ(error_of("per_cpu/cpu"), -ENOENT);
	EXPECT_EQ(error_of("per_cpu/cpu64"), -ENOENT);
	EXPECT_EQ(error_of("per_cpu/cpu4294967296"), -ENOENT);
	EXPECT_EQ(error_of("per_cpu/cpu0/stats/x"), -ENOTDIR);
	EXPECT_EQ(tracefs_stat("per_cpu/cpu0", &stat), 0);
	EXPECT(stat.dir);
	EXPECT_EQ(stat.mode, 0750);
}

KTEST(tracefs_tree, stat_tells_the_size_of_the_readme)
{
	static char text[8192];
	struct tracefs_stat stat;

	tt_read("README", text, sizeof(text));
	ASSERT_EQ(tracefs_stat("README", &stat), 0);
	EXPECT_EQ(stat.size, strlen(text));
	EXPECT_EQ(stat.mode, 0440);
	EXPECT(!stat.dir);
}

/* ---- a second directory of traces ---------------------------------------- */

static void read_handle(struct tracefs_file *file, const char *expected)
{
	char text[64];
	ssize_t n = tracefs_read(file, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	EXPECT(!strcmp(text, expected));
}

static ssize_t refusal_of(const char *path, const char *text)
{
	struct tracefs_file *file;
	ssize_t ret;

	if (!EXPECT_EQ(tracefs_open(path, TRACEFS_WRITE, &file), 0))
		return 0;
	ret = tracefs_write(file, text, strlen(text));
	EXPECT_EQ(tracefs_close(file), 0);
	return ret;
}

/* All handles of its files are of the second trace, and keep it. */
static void use_twin(void)
{
	struct tracefs_file *file, *below;
	char kb[32];

	ASSERT_EQ(tracefs_open("twins/" TWIN "/buffer_total_size_kb",
			       TRACEFS_READ, &file),
		  0);
	EXPECT_EQ(twin_remove(), -EBUSY);
	if (EXPECT_EQ(tracefs_open("twins/" TWIN "/per_cpu/cpu0/stats",
				   TRACEFS_READ, &below),
		      0)) {
		EXPECT_EQ(tracefs_close(below), 0);
	}
	EXPECT_EQ(twin_remove(), -EBUSY);
	snprintf(kb, sizeof(kb), "%u\n", 7 * num_online_cpus());
	read_handle(file, kb);
	EXPECT_EQ(tracefs_close(file), 0);
	/* A trace has no files of the root. */
	EXPECT_EQ(error_of("twins/" TWIN "/README"), -ENOENT);
	EXPECT_EQ(error_of("twins/" TWIN "/twins"), -ENOENT);
	EXPECT_EQ(error_of("twins/" TWIN "/events/header_page"), 0);
}

/* What its files change, and what they refuse, is its own. */
static void write_twin(void)
{
	static char text[512];

	tt_write("error_log", "\n");
	tt_write("twins/" TWIN "/max_graph_depth", "3\n");
	tt_write("twins/" TWIN "/set_ftrace_pid", "999999\n");
	tt_write("twins/" TWIN "/current_tracer", "function\n");
	EXPECT(tt_says("max_graph_depth", "0\n"));
	EXPECT(tt_says("set_ftrace_pid", "no pid\n"));
	EXPECT(tt_says("current_tracer", "nop\n"));
	EXPECT(tt_says("twins/" TWIN "/max_graph_depth", "3\n"));
	EXPECT(tt_says("twins/" TWIN "/set_ftrace_pid", "999999\n"));
	EXPECT(tt_says("twins/" TWIN "/current_tracer", "function\n"));
	EXPECT_EQ(refusal_of("twins/" TWIN "/current_tracer", "bogus\n"),
		  -EINVAL);
	EXPECT(tt_says("error_log", ""));
	tt_read("twins/" TWIN "/error_log", text, sizeof(text));
	EXPECT(strstr(text, "no such tracer"));
}

static void replace_twin(void)
{
	static const char path[] = "twins/" TWIN "/trace";
	struct tracefs_stat old, top, new;

	EXPECT_EQ(tracefs_stat("trace", &top), 0);
	EXPECT_EQ(tracefs_stat(path, &old), 0);
	EXPECT(old.ino != top.ino);
	EXPECT_EQ(twin_remove(), 0);
	EXPECT_EQ(tracefs_stat(path, &new), -ENOENT);
	EXPECT_EQ(count_names("twins/"), 0);
	twin_make(8);
	EXPECT_EQ(tracefs_stat(path, &new), 0);
	EXPECT(old.ino != new.ino);
}

KTEST(tracefs_tree, T1_a_second_trace_has_its_directory)
{
	unsigned int names = count_names("");

	twins_there = true;
	EXPECT_EQ(count_names(""), names + 1);
	twin_make(7);
	EXPECT(count_names("") > names + 2);
	use_twin();
	write_twin();
	replace_twin();
	EXPECT_EQ(twin_remove(), 0);
	EXPECT_EQ(count_names(""), names + 1);
	twins_there = false;
	EXPECT_EQ(error_of("twins"), -ENOENT);
	EXPECT_EQ(count_names(""), names);
}

/* ---- poll ---------------------------------------------------------------- */

/* A read returns -EAGAIN, or 0, where poll says it. */
static void poll_stream(const char *path)
{
	const unsigned int flags = TRACEFS_READ | TRACEFS_NONBLOCK;
	struct tracefs_file *file;
	static char page[RB_PAGE_SIZE];

	tt_write("trace", "\n");
	tt_write("tracing_on", "1\n");
	ASSERT_EQ(tracefs_open(path, flags, &file), 0);
	EXPECT_EQ(tracefs_poll(file), 0);
	EXPECT_EQ(tracefs_read(file, page, sizeof(page)), -EAGAIN);
	tt_write("trace_marker", "something to read\n");
	EXPECT_EQ(tracefs_poll(file), 1);
	EXPECT_EQ(tracefs_read(file, page, 8), 8); /* some is left */
	EXPECT_EQ(tracefs_poll(file), 1);
	while (tracefs_read(file, page, sizeof(page)) > 0)
		;
	EXPECT_EQ(tracefs_poll(file), 0);
	tt_write("tracing_on", "0\n");
	EXPECT_EQ(tracefs_poll(file), 1); /* it is at its end */
	EXPECT_EQ(tracefs_read(file, page, sizeof(page)), 0);
	EXPECT_EQ(tracefs_close(file), 0);
	tt_write("tracing_on", "1\n");
}

KTEST(tracefs_tree, poll_tells_whether_a_stream_waits)
{
	poll_stream("trace_pipe");
	/* The marker goes to the buffer of the CPU that writes it. */
	EXPECT_EQ(kthread_bind(current, 0), 0);
	poll_stream("per_cpu/cpu0/trace_pipe_raw");
	EXPECT_EQ(kthread_bind(current, CPU_ANY), 0);
}
