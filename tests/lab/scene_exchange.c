// SPDX-License-Identifier: MIT
/*
 * The scenes of a direct caller whose target is exchanged: by taking the old
 * one out and the new one in (calls in between reach nobody), and by
 * modify_ftrace_direct().
 *
 * Owns the direct caller of demo_step() while a scene is played.
 *
 * Context: task; callers with preemption off.
 */
#include "demo/demo.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/theatre.h"
#include "trace/core/ftrace.h"
#include <asm/cpu.h>
#include <asm/percpu.h>

#define CALLS_AROUND 20 /* of each CPU, before, between and after */

/* The targets in demo/direct_targets.asm; each counts its calls per CPU. */
void demo_first(void);
void demo_second(void);
DECLARE_PER_CPU(u64, demo_first_calls);
DECLARE_PER_CPU(u64, demo_second_calls);

static struct ftrace_ops direct;

/* did by the calls of the old target and of the new one. */
static enum record_did outcome(u64 first, u64 second)
{
	if (first + second == 0)
		return DID_NOBODY;
	if (first + second > 1)
		return DID_TWICE;
	return first ? DID_OLD : DID_NEW;
}

static void call_and_judge(struct record_call *call)
{
	u64 first = this_cpu_read(demo_first_calls);
	u64 second = this_cpu_read(demo_second_calls);
	struct theatre_traps traps = theatre_traps();

	call->t = rdtsc();
	demo_step();
	call->end = rdtsc();
	call->did = outcome(this_cpu_read(demo_first_calls) - first,
			    this_cpu_read(demo_second_calls) - second);
	theatre_route(call, &traps);
}

/* The old way. */
static int exchange_with_a_gap(void)
{
	int err = unregister_ftrace_direct(&direct, (unsigned long)demo_first,
					   false);

	err = err ?: theatre_calls(CALLS_AROUND);
	return err   ?:
		       register_ftrace_direct(&direct,
					      (unsigned long)demo_second);
}

static int exchange_in_one_step(void)
{
	return modify_ftrace_direct(&direct, (unsigned long)demo_second);
}

static int exchange(int (*how)(void))
{
	int err = theatre_calls(CALLS_AROUND);

	if (err)
		return err;
	theatre_delay();
	return how() ?: theatre_calls(CALLS_AROUND);
}

static int record(struct record_scene *about, int (*how)(void))
{
	int err = theatre_begin(call_and_judge);

	if (err)
		return err;
	poke_observe(slices_stagger);
	record_start(about);
	err = exchange(how);
	record_stop();
	poke_observe(NULL);
	theatre_end();
	return err;
}

static int take_out(void)
{
	if (!(direct.flags & FTRACE_OPS_FL_ENABLED))
		return 0;
	return unregister_ftrace_direct(&direct, direct.direct_call, true);
}

static int play(const char *name, int (*how)(void), u64 between)
{
	unsigned long site = ftrace_location((unsigned long)demo_step);
	struct record_scene about = {
		.method = name,
		.function = "demo_step",
		.site = site,
		.old = insn_call(site, (unsigned long)demo_first),
		.new = insn_call(site, (unsigned long)demo_second),
		.between = between,
	};
	int err = ftrace_set_filter_ip(&direct, site, 0, 1);

	err = err ?: register_ftrace_direct(&direct, (unsigned long)demo_first);
	if (err)
		return err;
	err = record(&about, how);
	return take_out() ?: err;
}

static int play_old_way(const struct theatre_scene *scene)
{
	return play(scene->name, exchange_with_a_gap, INSN_NOP5);
}

static int play_new_way(const struct theatre_scene *scene)
{
	return play(scene->name, exchange_in_one_step, 0);
}

THEATRE_SCENE(20, exchange_gap, "exchange-gap", play_old_way);
THEATRE_SCENE(21, exchange, "exchange", play_new_way);
