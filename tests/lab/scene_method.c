// SPDX-License-Identifier: MIT
/*
 * The scenes of the five methods: a NOP becomes a call, once.
 *
 * Owns the arena with the site. It is laid out so that any mixture of the two
 * instructions traps, and so that the trap tells which bytes were executed.
 *
 * Context: task; callers with preemption off.
 */
#include "arch/x86_64/cpu/traps.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/debug/poke_faults.h"
#include "tests/kernel/poke_farm.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/method.h"
#include "tests/lab/theatre.h"
#include "tests/lab/torn.h"
#include <asm/cpu.h>

#define CALLS_AROUND 20 /* of each CPU, before the patch and after */
/* Cycles, at most: as long as a turn, so that one may end between two bytes. */
#define BETWEEN_STORES 1000

static struct farm farm;
static u64 old_word, new_word;

/* ---- one call ---- */

static void call_site(void *arg)
{
	*(u32 *)arg = farm_call(farm_fn(&farm, 0));
}

static void judge(struct record_call *call, u32 where)
{
	if (where == LANDED_NOP)
		call->did = DID_OLD;
	else if (where == LANDED_A)
		call->did = DID_NEW;
	else
		call->did = DID_TWICE;
}

static void call_and_judge(struct record_call *call)
{
	struct theatre_traps traps = theatre_traps();
	struct trap_info info;
	u32 where = 0;

	call->t = rdtsc();
	if (trap_catch(ARENA_TRAPS, call_site, &where, &info)) {
		call->did = DID_MIX;
		call->vector = info.vector;
		call->saw =
			torn_word(farm_fn(&farm, 0), old_word, new_word, &info);
	} else {
		judge(call, where);
	}
	call->end = rdtsc();
	theatre_route(call, &traps);
	if (call->how == HOW_DIRECT && call->did == DID_NEW &&
	    record_waited(call->t))
		call->how = HOW_SPIN;
}

/* ---- the patch ---- */

static int patch(void)
{
	int err = theatre_calls(CALLS_AROUND);

	if (err)
		return err;
	theatre_delay();
	err = farm_poke(&farm, FARM_A);
	return err ?: theatre_calls(CALLS_AROUND);
}

static int play_method(const struct theatre_scene *scene)
{
	struct record_scene about = { .method = scene->name,
				      .function = "sacrifice" };
	int err = farm_init_arena(&farm, 1, 0);

	if (err)
		return err;
	about.site = farm_fn(&farm, 0);
	about.old = old_word = farm_word(&farm, 0, FARM_NOP);
	about.new = new_word = farm_word(&farm, 0, FARM_A);
	lab_use_method(lab_method_find(scene->name));
	record_start(&about);
	err = theatre_begin(call_and_judge);
	if (!err) {
		poke_observe(slices_stagger);
		poke_lab_faults(0, BETWEEN_STORES);
		err = patch();
		poke_lab_faults(0, 0);
		poke_observe(NULL);
		theatre_end();
	}
	record_stop(); /* not before the last call */
	lab_use_method(NULL);
	farm_destroy(&farm);
	return err;
}

THEATRE_SCENE(10, naive, "naive", play_method);
THEATRE_SCENE(11, int3, "int3", play_method);
THEATRE_SCENE(12, nosync, "int3-nosync", play_method);
THEATRE_SCENE(13, stop, "stop", play_method);
THEATRE_SCENE(14, jmpself, "jmpself", play_method);
