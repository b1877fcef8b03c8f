// SPDX-License-Identifier: MIT
/*
 * Model check of the policy: every state of five ops, each off or on with one
 * of eight filters over three sites (9^5 = 59,049, of which those that may not
 * be are refused), every change from each; and every sequence of four changes
 * from nothing, for what history might leave behind. An oracle of thirty lines
 * says what each site has to call.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/host/ftrace_util.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

enum { PLAIN, REGS, STUB, IPMOD, DIRECT, NR_OPS };

#define SITES	3
#define CHOICES (1 << SITES) /* filters of an ops; CHOICES itself: off */

static struct ftrace_ops ops[NR_OPS];

static void model_fresh(void)
{
	int i;

	ftrace_hits_reset();
	host_sites_count(SITES);
	for (i = 0; i < NR_OPS; i++)
		ops[i] = (struct ftrace_ops)FTRACE_COUNT_OPS(i);
	ops[REGS].flags = FTRACE_OPS_FL_SAVE_REGS;
	ops[STUB].flags = FTRACE_OPS_FL_STUB;
	ops[IPMOD].flags = FTRACE_OPS_FL_IPMODIFY;
	ops[DIRECT].func = NULL;
}

/* ---- the oracle ---- */

struct model {
	u8 filter[NR_OPS]; /* CHOICES: not registered */
};

static bool on(const struct model *m, int who, int site)
{
	return m->filter[who] != CHOICES && m->filter[who] >> site & 1;
}

/* Is the state one that may exist at all? */
static int model_error(const struct model *m)
{
	int site;

	if (m->filter[IPMOD] == 0 || m->filter[DIRECT] == 0)
		return -EINVAL;
	for (site = 0; site < SITES; site++)
		if (on(m, IPMOD, site) && on(m, DIRECT, site))
			return -EBUSY;
	return 0;
}

/* What must the bytes of a site lead to? */
static bool site_is_right(const struct model *m, int site)
{
	unsigned long addr = arch_ftrace_read(host_site(site));
	int who, nr = 0, last = 0;
	bool regs = on(m, REGS, site);

	for (who = 0; who < NR_OPS; who++)
		if (on(m, who, site)) {
			last = who;
			nr++;
		}
	if (nr == 0)
		return addr == 0;
	if (nr == 1 && last == DIRECT)
		return addr == direct_target[0];
	if (on(m, STUB, site))
		return addr == arch_ftrace_static_caller(regs);
	if (!ftrace_use_trampolines || (nr > 1 && !ftrace_use_chains))
		return addr == arch_ftrace_static_caller(regs);
	if (nr == 1)
		return addr == ops[last].trampoline;
	return host_tramp_live(addr) && addr != ops[PLAIN].trampoline &&
	       addr != ops[REGS].trampoline && addr != ops[IPMOD].trampoline;
}

static bool calls_are_right(const struct model *m, int site)
{
	int who;

	ftrace_hits_reset();
	host_call(site);
	for (who = PLAIN; who <= IPMOD; who++)
		if (ftrace_hits[who] != (who != STUB && on(m, who, site)))
			return false;
	return direct_hits[0] == on(m, DIRECT, site);
}

static bool state_is_right(const struct model *m)
{
	int site;

	for (site = 0; site < SITES; site++)
		if (!site_is_right(m, site) || !calls_are_right(m, site))
			return false;
	return ftrace_check() == 0;
}

/* ---- the thing itself ---- */

static int set_filter_bits(struct ftrace_ops *o, unsigned int mask)
{
	struct ftrace_hash *hash = ftrace_hash_alloc(SITES, false);
	u32 i;

	for (i = 0; i < SITES; i++)
		if (mask >> i & 1)
			hash->rec[hash->count++] = i;
	return ftrace_ops_set_hashes(o, hash, NULL);
}

static int switch_on(int who)
{
	return who == DIRECT ?
		       register_ftrace_direct(&ops[who], direct_target[0]) :
		       register_ftrace_function(&ops[who]);
}

static int switch_off(int who)
{
	return who == DIRECT ? unregister_ftrace_direct(
				       &ops[who], direct_target[0], false) :
			       unregister_ftrace_function(&ops[who]);
}

/* Bring one ops from what it has to @choice. */
static int change(int who, unsigned int was, unsigned int choice)
{
	int err;

	if (choice == CHOICES)
		return switch_off(who);
	err = set_filter_bits(&ops[who], choice);
	if (err || was != CHOICES)
		return err;
	return switch_on(who);
}

/* One transition from @m, compared with the oracle; then @m is the result. */
static bool step(struct model *m, int who, unsigned int choice)
{
	struct model next = *m;
	int err, expect;

	next.filter[who] = choice;
	expect = model_error(&next);
	err = change(who, m->filter[who], choice);
	if (err != expect)
		return CHECK_EQ(err, expect);
	if (!err)
		*m = next;
	return CHECK(state_is_right(m));
}

/*
 * Depth first over the digits, so that neighbours differ in one ops: every
 * state is visited, and from each every change is tried and taken back.
 */
static size_t states, edges;

static bool all_changes(struct model *m)
{
	unsigned int choice, was;
	int who;

	states++;
	for (who = 0; who < NR_OPS; who++) {
		was = m->filter[who];
		for (choice = 0; choice <= CHOICES; choice++) {
			if (choice == was)
				continue;
			edges++;
			if (!step(m, who, choice))
				return false;
			if (m->filter[who] != was && !step(m, who, was))
				return false;
		}
	}
	return true;
}

static bool visit(struct model *m, int who)
{
	unsigned int choice;

	if (who == NR_OPS)
		return all_changes(m);
	for (choice = 0; choice <= CHOICES; choice++) {
		if (m->filter[who] != choice && !step(m, who, choice))
			return false;
		if (m->filter[who] == choice && !visit(m, who + 1))
			return false;
	}
	return true;
}

static const struct model nothing = { { CHOICES, CHOICES, CHOICES, CHOICES,
					CHOICES } };

static void clean_up(struct model *m)
{
	int who;

	for (who = 0; who < NR_OPS; who++) {
		if (m->filter[who] != CHOICES)
			CHECK(step(m, who, CHOICES));
		ftrace_free_filter(&ops[who]);
	}
}

static void check_everything(void)
{
	struct model m = nothing;

	states = edges = 0;
	model_fresh();
	CHECK(visit(&m, 0));
	clean_up(&m);
	ftrace_no_leaks();
	/* 9^5 without those with an empty filter where there may be none, or
	 * with an ip modifier and a direct caller on the same site. */
	CHECK_EQ(states, 9 * 9 * 9 * 27);
	CHECK_EQ(edges, states * NR_OPS * CHOICES);
}

UNIT(ftrace_model, every_state_and_change)
{
	check_everything();
}

UNIT(ftrace_model, every_state_without_chains)
{
	ftrace_use_chains = false;
	check_everything();
	ftrace_use_chains = true;
}

UNIT(ftrace_model, every_state_without_trampolines)
{
	ftrace_use_trampolines = false;
	check_everything();
	ftrace_use_trampolines = true;
}

/* ---- sequences from nothing ---- */

/* Fewer filters, so that all sequences of four are few enough. */
static const u8 seq_choice[] = { CHOICES, 1, 3, 7 };
#define SEQ_STEPS (NR_OPS * ARRAY_SIZE(seq_choice))

static bool run_sequence(unsigned int number)
{
	struct model m = nothing;
	unsigned int i, who, choice;

	for (i = 0; i < 4; i++, number /= SEQ_STEPS) {
		who = number % NR_OPS;
		choice = seq_choice[number / NR_OPS % ARRAY_SIZE(seq_choice)];
		if (m.filter[who] == choice)
			continue;
		if (!step(&m, who, choice))
			return false;
	}
	clean_up(&m);
	return CHECK(!ftrace_ops_list) && CHECK_EQ(host_arch.tramps, 0);
}

UNIT(ftrace_model, every_sequence_of_four)
{
	unsigned int number;

	model_fresh();
	for (number = 0; number < SEQ_STEPS * SEQ_STEPS * SEQ_STEPS * SEQ_STEPS;
	     number++)
		if (!run_sequence(number))
			break;
	ftrace_no_leaks();
}
