// SPDX-License-Identifier: MIT
/* Helpers of the host suites of the ftrace core; see the header. */
#include "kernel/lib/string.h"
#include "tests/host/ftrace_util.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

unsigned int ftrace_hits[HITS];
unsigned int direct_hits[4];

void ftrace_count(unsigned long ip, unsigned long parent_ip,
		  struct ftrace_ops *ops, struct ftrace_regs *fregs)
{
	ftrace_hits[(unsigned long)ops->private]++;
}

int ftrace_filter(struct ftrace_ops *ops, const char *text)
{
	return ftrace_set_filter(ops, text, strlen(text), 1);
}

/* Even addresses, as real targets have: bit 0 says jump. */
#define TARGET(n)                                  \
	static void __aligned(16) target_##n(void) \
	{                                          \
		direct_hits[n]++;                  \
	}
TARGET(0)
TARGET(1)
TARGET(2)
TARGET(3)

const unsigned long direct_target[4] = {
	(unsigned long)target_0,
	(unsigned long)target_1,
	(unsigned long)target_2,
	(unsigned long)target_3,
};

void ftrace_hits_reset(void)
{
	memset(ftrace_hits, 0, sizeof(ftrace_hits));
	memset(direct_hits, 0, sizeof(direct_hits));
}

void ftrace_no_leaks(void)
{
	struct ftrace_set_stats stats;

	ftrace_set_stats(&stats);
	CHECK_EQ(stats.sets, 0);
	CHECK_EQ(stats.chains, 0);
	CHECK_EQ(stats.chain_bytes, 0);
	CHECK_EQ(host_arch.tramps, 0);
	CHECK_EQ(ftrace_check(), 0);
}

static u64 mix(u64 sum, u64 value)
{
	sum = (sum ^ value) * 0x9e3779b97f4a7c15ULL;
	return sum ^ sum >> 29;
}

static u64 mix_hash(u64 sum, const struct ftrace_hash *hash)
{
	size_t i;

	sum = mix(sum, (unsigned long)hash);
	for (i = 0; hash && i < hash->count; i++)
		sum = mix(sum, hash->rec[i]);
	return sum;
}

static u64 mix_ops(u64 sum, const struct ftrace_ops *ops)
{
	sum = mix(sum, (unsigned long)ops);
	sum = mix(sum, (unsigned long)ops->func);
	sum = mix(sum, ops->flags);
	sum = mix(sum, ops->trampoline);
	sum = mix(sum, ops->direct_call);
	sum = mix(sum, ops->nr_sites);
	sum = mix_hash(sum, ops->filter_hash);
	return mix_hash(sum, ops->notrace_hash);
}

static void mix_site(struct ftrace_picture *pic, size_t i)
{
	const struct ftrace_set *set = set_of(ftrace_recs[i].wanted);
	size_t k;

	for (k = 0; k < 5; k++)
		pic->sites = mix(pic->sites, host_site_bytes(i)[k]);
	pic->sets = mix(pic->sets, ftrace_recs[i].sets);
	pic->sets = mix(pic->sets, ftrace_recs[i].flags);
	pic->sets = mix(pic->sets, set->target);
	pic->sets = mix(pic->sets, set->refs);
	pic->meaning = mix(pic->meaning, set->kind);
	pic->meaning = mix(pic->meaning, set->direct);
	pic->meaning = mix(pic->meaning, (unsigned long)set->direct_ops);
	for (k = 0; k < set->nr; k++)
		pic->meaning = mix(pic->meaning, (unsigned long)set->ops[k]);
}

struct ftrace_picture ftrace_take_picture(void)
{
	struct ftrace_picture pic = { .live = host_live,
				      .tramps = host_arch.tramps };
	const struct ftrace_ops *ops;
	size_t i;

	for (i = 0; i < ftrace_nr_recs; i++)
		mix_site(&pic, i);
	for (ops = ftrace_ops_list; ops; ops = ops->next)
		pic.ops = mix_ops(pic.ops, ops);
	return pic;
}

bool ftrace_same_meaning(struct ftrace_picture a, struct ftrace_picture b)
{
	return CHECK_EQ(a.ops, b.ops) & CHECK_EQ(a.meaning, b.meaning) &
	       CHECK_EQ(a.live, b.live) & CHECK_EQ(a.tramps, b.tramps);
}

bool ftrace_same_picture(struct ftrace_picture a, struct ftrace_picture b)
{
	return ftrace_same_meaning(a, b) & CHECK_EQ(a.sites, b.sites) &
	       CHECK_EQ(a.sets, b.sets);
}
