// SPDX-License-Identifier: MIT
/*
 * The scene: what it counts is what the tracer sees of its functions, and it
 * leaves nothing behind.
 */
#include "kernel/base/clock.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/scene.h"
#include "kernel/sched.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace.h"

#define BOUND_NS 10000000000UL

static struct scene_stats now(void)
{
	struct scene_stats stats;

	scene_read(&stats);
	return stats;
}

/* Wait until the scene has made so many children. */
static bool wait_for_children(u64 children)
{
	u64 end = ktime_ns() + BOUND_NS;

	while (now().exits < children && ktime_ns() < end)
		msleep(1);
	return now().exits >= children;
}

static u64 calls;

static void count_call(unsigned long ip, unsigned long parent_ip,
		       struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	__atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED);
}

/* Return: calls of the functions of that name from a scene's start to end. */
static u64 calls_of(const char *name, enum scene_mode mode, u64 children)
{
	static struct ftrace_ops ops = { .func = count_call };
	char text[32];

	strscpy(text, name, sizeof(text));
	calls = 0;
	EXPECT_EQ(ftrace_set_filter(&ops, text, strlen(text), 1), 0);
	EXPECT_EQ(register_ftrace_function(&ops), 0);
	EXPECT_EQ(scene_start(mode), 0);
	EXPECT(wait_for_children(children));
	scene_stop();
	EXPECT_EQ(unregister_ftrace_function(&ops), 0);
	EXPECT_EQ(ftrace_free_filter(&ops), 0);
	EXPECT_EQ(now().spoiled, 0);
	return calls;
}

KTEST(scene, counts_what_is_traced)
{
	EXPECT_EQ(calls_of("kernel_clone", SCENE_STEADY, 20), now().clones);
	EXPECT_EQ(calls_of("do_exit", SCENE_STEADY, 20), now().exits);
	EXPECT_EQ(calls_of("vfs_read", SCENE_STEADY, 20), now().reads);
	EXPECT_EQ(calls_of("vfs_write", SCENE_STEADY, 20), now().writes);
	EXPECT_EQ(now().clones, now().exits);
}

/* SCN1, SCN2 */
KTEST(scene, leaves_nothing_behind_SCN1)
{
	enum scene_mode mode;
	size_t live;

	kthread_reap();
	live = kmalloc_live();
	for (mode = SCENE_IDLE; mode < SCENE_MODES; mode++) {
		EXPECT_EQ(scene_start(mode), 0);
		EXPECT_EQ(scene_start(mode), -EBUSY);
		msleep(50);
		scene_stop();
		scene_stop();
		EXPECT_EQ(now().clones, now().exits);
		EXPECT_EQ(now().spoiled, 0);
		EXPECT(now().rings > 0);
		EXPECT(mode == SCENE_IDLE ? !now().clones : now().clones > 0);
	}
	kthread_reap();
	EXPECT_EQ(kmalloc_live(), live);
}

KTEST(scene, files_are_read_whole_SCF1)
{
	struct scene_file *file = vfs_open("motd");
	char data[SCENE_FILE_ROOM];

	ASSERT(!IS_ERR(file));
	EXPECT_EQ(vfs_write(file, "hello", 5), 5);
	EXPECT_EQ(vfs_read(file, data, sizeof(data)), 5);
	EXPECT(!memcmp(data, "hello", 5));
	filp_close(file);
	EXPECT_EQ(PTR_ERR(vfs_open("nosuch")), -ENOENT);
}
