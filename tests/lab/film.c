// SPDX-License-Identifier: MIT
/*
 * film.c - films the batches of a load.
 *
 * Owns nothing but what the current recording is about.
 *
 * Context: film_call() task, the rest task without a load's calls under way.
 */
#include "tests/lab/film.h"
#include "kernel/base/printk.h"
#include "kernel/sched.h"
#include "tests/lab/record.h"
#include "tests/lab/torn.h"

static struct record_scene about;
static u32 lands_old, lands_new;

static bool failed(void)
{
	return load_torn() || load_wrong();
}

void film_batch(const struct farm *farm, enum farm_kind to)
{
	if (recording() && failed())
		return;
	record_stop();
	about = (struct record_scene){
		.method = current->comm,
		.function = "sacrifice",
		.site = farm_fn(farm, 0),
		.old = farm_word(farm, 0, farm->kind),
		.new = farm_word(farm, 0, to),
	};
	if (!insn_is_full(&about.old) || !insn_is_full(&about.new))
		return; /* the format has words of five bytes */
	lands_old = farm_landing(farm->kind);
	lands_new = farm_landing(to);
	record_start(&about);
}

static notrace enum record_did outcome(u32 landed)
{
	if (landed == lands_new)
		return DID_NEW;
	if (landed == lands_old)
		return DID_OLD;
	return landed == LANDED_NOP ? DID_NOBODY : DID_TWICE;
}

notrace void film_call(size_t pick, u64 since, u32 landed,
		       const struct trap_info *info)
{
	struct record_call call = { .t = since, .end = rdtsc() };

	if (pick != 0 || !recording())
		return;
	preempt_disable_notrace();
	if (info) {
		call.did = DID_MIX;
		call.vector = info->vector;
		call.saw = torn_word(about.site, about.old, about.new, info);
	} else {
		call.did = outcome(landed);
	}
	record_call(&call);
	preempt_enable_notrace();
}

void film_end(const struct load_count *count)
{
	if (!recording())
		return;
	record_stop();
	if (!count->torn && !count->wrong)
		return;
	printk_plain("THEATRE BEGIN %s", about.method);
	record_print();
	printk_plain("THEATRE END %s", about.method);
}
