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
#include <asm/cpu.h>

#define CALLS_AROUND 20 /* of each CPU, before the patch and after */
/* Cycles, at most: as long as a turn, so that one may end between two bytes. */
#define BETWEEN_STORES 1000

static struct farm farm;
static u64 old_word, new_word;

/* ---- which bytes ended in this trap? ---- */

/* A call's target holds INT3: a trap is reported one byte behind it. */
static bool ends_there(u64 word, unsigned long site,
		       const struct trap_info *info)
{
	u64 second = word >> 8 & 0xff, third = word >> 16 & 0xff;

	if (insn_first_byte(word) == INSN_OP_CALL)
		return insn_target(word, site) == info->ip ||
		       insn_target(word, site) + 1 == info->ip;
	if (second == 0x1f) /* a short NOP, then an access to address 0 */
		return third != 0x44 && info->ip == site + 3;
	return info->ip == site; /* no instruction at all */
}

/* The mixture of old and new bytes that ends in this trap. */
static u64 executed(const struct trap_info *info)
{
	u64 now = insn_load((const void *)farm_fn(&farm, 0), INSN_MAX);
	unsigned int pick, i;

	for (pick = 1; pick < (1U << INSN_MAX) - 1; pick++) {
		u64 mask = 0, word;

		for (i = 0; i < INSN_MAX; i++)
			mask |= pick >> i & 1 ? 0xffull << (8 * i) : 0;
		word = (new_word & mask) | (old_word & ~mask);
		if (word != old_word && word != new_word &&
		    ends_there(word, farm_fn(&farm, 0), info))
			return word;
	}
	return now;
}

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
		call->saw = executed(&info);
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
