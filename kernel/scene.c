// SPDX-License-Identifier: MIT
/*
 * scene.c - the scene's tasks.
 *
 * Owns the parent, the daemons and the limits that children read. A child is
 * made, opens a file, reads and writes it, and ends; the parent waits for it. A
 * daemon replaces the limits while children read them, in the way of RCU: a
 * section with preemption off sees the old or the new ones, and the old ones
 * are freed when every such section has ended.
 *
 * SCN1  scene_stop() returns with no task, timer or limits left.
 * SCN2  Limits that a section may read are not freed.
 */
#include "kernel/scene.h"

#include <asm/atomic.h>
#include <asm/barrier.h>
#include <asm/context.h>

#include "kernel/base/clock.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/printk.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/service.h"
#include "kernel/timer.h"
#include "kernel/workload.h"

#define MS	 1000000UL
#define BURST_NS (100 * MS)
#define CYCLE_NS (1000 * MS)

/* What children may use. Replaced as a whole. */
struct limits {
	u64 serial;
	u64 complement; /* ~serial: it is whole */
};

enum { PARENT, READER, WRITER, UPDATER, DAEMONS };

static struct {
	bool running, stopping;
	enum scene_mode mode;
	u64 began_ns;
	struct task_struct *daemon[DAEMONS]; /* NULL: not in this mode */
	struct limits *limits;		     /* [A], freed as SCN2 says */
	struct timer timer;
	struct scene_stats stats; /* each has one writer, or is [A] */
} scene;

static bool stopping(void)
{
	return READ_ONCE(scene.stopping);
}

/* ---- limits: read often, replaced seldom --------------------------------- */

static noinline void rcu_read_lock(void)
{
	preempt_disable();
}

static noinline void rcu_read_unlock(void)
{
	preempt_enable();
}

/* SCN2. Each section that began before has ended. */
static noinline void synchronize_rcu(void)
{
	synchronize_cpus();
}

static noinline void check_limits(void)
{
	const struct limits *limits;

	rcu_read_lock();
	limits = smp_load_acquire(&scene.limits); /* pairs: update_limits() */
	if (limits && limits->complement != ~limits->serial)
		fetch_add(&scene.stats.spoiled, 1);
	rcu_read_unlock();
}

/* Return: false if there is no memory; then the old ones stay. */
static noinline bool update_limits(u64 serial)
{
	struct limits *next = kmalloc(sizeof(*next)), *old = scene.limits;

	if (!next)
		return false;
	next->serial = serial;
	next->complement = ~serial;
	smp_store_release(&scene.limits, next); /* pairs: check_limits() */
	if (old) {
		synchronize_rcu();
		memset(old, 0, sizeof(*old)); /* a late reader notices */
		kfree(old);
	}
	return true;
}

/* ---- files --------------------------------------------------------------- */

/* Bytes that are equal belong to one write. */
static noinline void read_file(const char *name)
{
	struct scene_file *file = vfs_open(name);
	char data[SCENE_FILE_ROOM];
	size_t i, n;

	if (IS_ERR(file))
		return;
	n = vfs_read(file, data, sizeof(data));
	for (i = 1; i < n && data[i] == data[0]; i++)
		;
	if (n && i < n)
		fetch_add(&scene.stats.spoiled, 1);
	fetch_add(&scene.stats.reads, 1);
	filp_close(file);
}

static noinline void write_file(const char *name, char byte)
{
	struct scene_file *file = vfs_open(name);
	char data[SCENE_FILE_ROOM];

	if (IS_ERR(file))
		return;
	memset(data, byte, sizeof(data));
	vfs_write(file, data, sizeof(data));
	fetch_add(&scene.stats.writes, 1);
	filp_close(file);
}

/* ---- children ------------------------------------------------------------ */

static int child_main(void *arg)
{
	u64 serial = (u64)arg;

	check_limits();
	read_file("motd");
	write_file("utmp", 'a' + serial % 26);
	fetch_add(&scene.stats.exits, 1);
	do_exit(serial & 0x7f);
}

static noinline void run_child(u64 serial)
{
	const struct kernel_clone_args args = { .fn = child_main,
						.arg = (void *)serial,
						.comm = "child" };
	struct task_struct *child = kernel_clone(&args);

	if (IS_ERR(child))
		return;
	scene.stats.clones++;
	if (do_wait(child) != (int)(serial & 0x7f))
		fetch_add(&scene.stats.spoiled, 1);
}

/* ---- daemons ------------------------------------------------------------- */

/* Rest for @ns; in a burst not at all, and between bursts until the next. */
static void rest(u64 ns)
{
	u64 at = (ktime_ns() - scene.began_ns) % CYCLE_NS;

	if (scene.mode != SCENE_BURST)
		sleep_ns(ns);
	else if (at < BURST_NS)
		cond_resched();
	else
		sleep_ns(min_t(u64, CYCLE_NS - at,
			       20 * MS)); /* the end may come */
}

static int parent(void *unused)
{
	u64 serial;

	for (serial = 1; !stopping(); serial++) {
		run_child(serial);
		rest(MS);
	}
	return 0;
}

static int reader(void *unused)
{
	while (!stopping()) {
		check_limits();
		read_file("wtmp");
		rest(scene.mode == SCENE_IDLE ? 50 * MS : MS);
	}
	return 0;
}

static int writer(void *unused)
{
	u64 serial;

	for (serial = 0; !stopping(); serial++) {
		write_file("motd", 'A' + serial % 26);
		write_file("wtmp", '0' + serial % 10);
		rest(3 * MS);
	}
	return 0;
}

static int updater(void *unused)
{
	u64 serial;

	for (serial = 1; !stopping(); serial++) {
		if (update_limits(serial))
			scene.stats.replaced++;
		sleep_ns(20 * MS);
	}
	return 0;
}

static void timer_rings(void *unused)
{
	scene.stats.rings++;
	if (!stopping())
		timer_add(&scene.timer, ktime_ns() + 10 * MS);
}

/* ---- start and end ------------------------------------------------------- */

static const struct {
	const char *name;
	int (*fn)(void *arg);
	bool when_idle;
} daemons[DAEMONS] = {
	[PARENT] = { "parent", parent },
	[READER] = { "reader", reader, .when_idle = true },
	[WRITER] = { "writer", writer },
	[UPDATER] = { "updater", updater },
};

/* SCN1 */
void scene_stop(void)
{
	unsigned int i;

	if (!scene.running)
		return;
	WRITE_ONCE(scene.stopping, true);
	for (i = 0; i < DAEMONS; i++) {
		if (scene.daemon[i])
			kthread_join(scene.daemon[i]);
		scene.daemon[i] = NULL;
	}
	timer_cancel_sync(&scene.timer);
	kfree(scene.limits);
	scene.limits = NULL;
	scene.running = false;
}

int scene_start(enum scene_mode mode)
{
	unsigned int i;

	if (scene.running)
		return -EBUSY;
	memset(&scene, 0, sizeof(scene));
	scene.running = true;
	scene.mode = mode;
	scene.began_ns = ktime_ns();
	timer_setup(&scene.timer, timer_rings, NULL);
	for (i = 0; i < DAEMONS; i++) {
		struct task_struct *task;

		if (mode == SCENE_IDLE && !daemons[i].when_idle)
			continue;
		task = kthread_run(daemons[i].fn, NULL, "%s", daemons[i].name);
		if (IS_ERR(task)) {
			scene_stop();
			return -ENOMEM;
		}
		scene.daemon[i] = task;
	}
	timer_add(&scene.timer, ktime_ns() + 10 * MS);
	return 0;
}

void scene_read(struct scene_stats *stats)
{
	*stats = scene.stats;
}

/* ---- the word ------------------------------------------------------------ */

static const char *const mode_names[SCENE_MODES] = { "idle", "steady",
						     "burst" };

static const char *scene_mode_name(size_t nr)
{
	return nr < SCENE_MODES ? mode_names[nr] : NULL;
}

CMDLINE_CHOICE(workload, NULL, scene_mode_name, "activity worth tracing");

static int workload_service(void)
{
	unsigned int mode;
	int ret;

	for (mode = 0; mode < SCENE_MODES; mode++)
		if (cmdline_is("workload", mode_names[mode]))
			break;
	if (mode == SCENE_MODES)
		return 0;
	ret = scene_start(mode);
	if (!ret && mode != SCENE_IDLE)
		ret = workload_start(1);
	if (ret)
		pr_err("workload: %pe", ERR_PTR(ret));
	return ret;
}

static const struct service workload = { .start = workload_service };
TABLE_ENTRY(services, 50, workload);
