// SPDX-License-Identifier: MIT
/*
 * mode=theatre: plays scenes one after the other, and prints the recording of
 * each between two marks, for tools/theatre.
 *
 * Owns the callers, one task on each CPU but the patcher's.
 *
 * Where instructions are counted, turns are short and seed= chooses them, so a
 * scene is the same in every run; else the CPUs run at once.
 *
 * Context: task, in the thread "init"; nobody else patches.
 */
#include "arch/x86_64/patch/text_poke_view.h"
#include "kernel/base/clock.h"
#include "kernel/base/cmdline.h"
#include "kernel/base/machine_log.h"
#include "kernel/base/printk.h"
#include "kernel/lib/errno.h"
#include "kernel/mode.h"
#include "kernel/sched.h"
#include "kernel/smp.h"
#include "tests/kernel/poke_farm.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/theatre.h"
#include <asm/cpu.h>
#include <asm/smp.h>
#include <asm/tsc.h>

/* A scene whose callers make no call for so long has failed. */
#define PATIENCE_NS 20000000000ULL
/* Calls between two that end the CPU's turn; see poke_slices.h. */
#define RELAX_EVERY 16

DEFINE_TABLE(struct theatre_scene, theatre_scenes);

static struct task_struct *callers[NR_CPUS];
static theatre_call_t call_once;
static bool leaving; /* [A] */
static u64 random;

/* ---- the route of a call ---- */

struct theatre_traps theatre_traps(void)
{
	const struct poke_hits *hits = this_cpu_ptr(&poke_hits);
	struct theatre_traps traps = { .again = hits->again };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(hits->live); i++) {
		traps.live += hits->live[i];
		traps.late += hits->late[i];
	}
	return traps;
}

void theatre_route(struct record_call *call, const struct theatre_traps *before)
{
	struct theatre_traps now = theatre_traps();

	call->late = now.late != before->late;
	call->again = (u32)(now.again - before->again);
	if (call->late || now.live != before->live)
		call->how = HOW_TRAP;
}

/* ---- the callers ---- */

static int call_all_the_time(void *arg)
{
	struct record_call call;
	u64 draw = 0x9e3779b97f4a7c15ull * (smp_processor_id() + 1);

	while (!READ_ONCE(leaving)) {
		preempt_disable();
		call = (struct record_call){ .did = DID_OLD };
		call_once(&call);
		record_call(&call);
		preempt_enable();
		if (farm_random(&draw) % RELAX_EVERY == 0)
			cpu_relax();
		cond_resched();
	}
	return 0;
}

static int start_caller(unsigned int cpu)
{
	struct task_struct *task;

	task = kthread_create(call_all_the_time, NULL, "caller/%u", cpu);
	if (IS_ERR(task))
		return -ENOMEM;
	callers[cpu] = task;
	kthread_bind(task, cpu);
	wake_up_process(task);
	return 0;
}

int theatre_begin(theatre_call_t call)
{
	unsigned int me = smp_processor_id(), cpu;
	int err = 0;

	call_once = call;
	leaving = false;
	random = (cmdline_u64("seed", 1) + 1) * 0x9e3779b97f4a7c15ull | 1;
	slices_begin(4);
	for_each_online_cpu(cpu)
		if (!err && cpu != me)
			err = start_caller(cpu);
	if (err)
		theatre_end();
	return err;
}

static bool all_called(const u64 *wanted)
{
	unsigned int cpu;

	for_each_online_cpu(cpu)
		if (callers[cpu] && record_calls(cpu) < wanted[cpu])
			return false;
	return true;
}

int theatre_calls(unsigned int more)
{
	static u64 wanted[NR_CPUS];
	u64 end = ktime_ns() + PATIENCE_NS;
	unsigned int cpu;

	for_each_online_cpu(cpu)
		wanted[cpu] = record_calls(cpu) + more;
	while (!all_called(wanted)) {
		if (ktime_ns() > end)
			return -ETIMEDOUT;
		cpu_relax();
	}
	return 0;
}

void theatre_delay(void)
{
	slices_wait(farm_random(&random) % 20000);
}

void theatre_end(void)
{
	unsigned int cpu;

	WRITE_ONCE(leaving, true);
	for_each_online_cpu(cpu) {
		if (callers[cpu])
			kthread_join(callers[cpu]);
		callers[cpu] = NULL;
	}
	slices_end();
}

/* ---- the mode ---- */

static const char *scene_name(size_t nr)
{
	return nr < table_size(theatre_scenes) ?
		       theatre_scenes_first[nr]->name :
		       NULL;
}

CMDLINE_CHOICE(scene, "SCENE", scene_name, "which, for mode=theatre; else all");

/* Its lines stand between the marks alone: all that printed has ended. */
static int play(const struct theatre_scene *scene)
{
	int err = scene->play(scene);

	if (err) {
		pr_err("scene %s: %pe", scene->name, ERR_PTR(err));
		return err;
	}
	printk_plain("THEATRE BEGIN %s", scene->name);
	err = record_print();
	printk_plain("THEATRE END %s", scene->name);
	return err;
}

static int theatre_run(void)
{
	char name[24] = "";
	const struct theatre_scene *const *at;
	int err = 0;

	if (num_online_cpus() == 1) {
		pr_err("mode=theatre needs a second CPU");
		return -ENODEV;
	}
	cmdline_get("scene", name, sizeof(name));
	kthread_bind(current, smp_processor_id());
	for_each_entry(at, theatre_scenes)
	{
		if (!err && (!name[0] || cmdline_is("scene", (*at)->name)))
			err = play(*at);
	}
	kthread_bind(current, CPU_ANY);
	return err;
}

KERNEL_MODE(theatre, theatre_run, "record patches, byte by byte");
