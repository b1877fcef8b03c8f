// SPDX-License-Identifier: MIT
/*
 * Filters: the grammar, sets of sites, changes of live ops.
 *
 * host-sources: trace/core/
 * host-sources: arch/x86_64/patch/insn.c kernel/base/fail.c
 */
#include "kernel/base/fail.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/glob.h"
#include "kernel/lib/printf.h"
#include "kernel/lib/string.h"
#include "kernel/lib/trace_seq.h"
#include "kernel/sched.h"
#include "tests/host/ftrace_util.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define OPS FTRACE_COUNT_OPS

static const char *const names[] = {
	"alloc_page", "alloc_pages", "do_exit",	      "do_fork", "free_page",
	"page_alloc", "schedule",    "schedule_tail", "try[0]",	 "vfs_read",
};
static struct ftrace_ops ops = OPS(0);

static void fresh(void)
{
	ftrace_hits_reset();
	host_sites_init(names, ARRAY_SIZE(names));
}

/* Bit i of the result: names[i] is in the filter. */
static unsigned long bits(const struct ftrace_hash *hash)
{
	unsigned long mask = 0;
	size_t i;

	if (!hash)
		return ~0UL;
	for (i = 0; i < hash->count; i++)
		mask |= 1UL << hash->rec[i];
	return mask;
}

static unsigned long select(const char *text)
{
	unsigned long mask = ~1UL;

	if (!ftrace_filter(&ops, text))
		mask = bits(ops.filter_hash);
	ftrace_free_filter(&ops);
	return mask;
}

#define REFUSED (~1UL)

/* 1 to @max letters of two, so that names hold each other, and repeat. */
static void random_name(char *to, size_t max, u64 *seed)
{
	size_t len = 1 + host_random(seed) % max;

	for (size_t i = 0; i < len; i++)
		to[i] = "ab"[host_random(seed) % 2];
	to[len] = '\0';
}

/* The names that a glob matches, one bit each. */
static unsigned long globbed(const char *const *all, size_t n, const char *glob)
{
	unsigned long mask = 0;

	for (size_t i = 0; i < n; i++)
		mask |= (unsigned long)glob_match(glob, all[i]) << i;
	return mask;
}

UNIT(ftrace_filter, kinds_of_patterns)
{
	fresh();
	CHECK_EQ(select("do_exit"), 1 << 2);
	CHECK_EQ(select("alloc*"), 3);
	CHECK_EQ(select("*page"), 1 | 1 << 4);
	CHECK_EQ(select("*page*"), 1 | 2 | 1 << 4 | 1 << 5);
	CHECK_EQ(select("s*l"), 1 << 7);
	CHECK_EQ(select("*"), (1 << 10) - 1);
	CHECK_EQ(select("**"), (1 << 10) - 1);
	CHECK_EQ(select("do_????"), 1 << 2 | 1 << 3);
	CHECK_EQ(select("*[ek]"), 1 | 1 << 3 | 1 << 4 | 1 << 6);
	CHECK_EQ(select("*a*o*"), 1 | 2 | 1 << 5);
	CHECK_EQ(select("*[!a-z]"), 1 << 8);
	CHECK_EQ(select("try\\[0]"), 1 << 8);
	CHECK_EQ(select("do_exit*"), 1 << 2);
	CHECK_EQ(select("schedule"), 1 << 6);
	ftrace_no_leaks();
}

/* glob_match() is the oracle of the one pass over all names. */
UNIT(ftrace_filter, the_pass_over_all_names_finds_what_globs_match)
{
	static char room[40][8];
	static const char *many[40];
	char text[4], glob[8];
	unsigned long right;
	u64 seed = 3;

	for (int round = 0; round < 3000; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(many); i++) {
			random_name(room[i], 6, &seed);
			many[i] = room[i];
		}
		random_name(text, 3, &seed);
		ftrace_hits_reset();
		host_sites_init(many, ARRAY_SIZE(many));
		for (unsigned int stars = 0; stars < 4; stars++) {
			snprintf(glob, sizeof(glob), "%s%s%s",
				 stars & 1 ? "*" : "", text,
				 stars & 2 ? "*" : "");
			right = globbed(many, ARRAY_SIZE(many), glob);
			if (!CHECK_EQ(select(glob), right ? right : REFUSED))
				return;
		}
	}
	ftrace_no_leaks();
}

UNIT(ftrace_filter, several_and_removal)
{
	fresh();
	CHECK_EQ(select("do_exit vfs_read"), 1 << 2 | 1 << 9);
	CHECK_EQ(select(" \tdo_exit\n\nvfs_read \n"), 1 << 2 | 1 << 9);
	CHECK_EQ(select("*page* !free_page"), 1 | 2 | 1 << 5);
	CHECK_EQ(select("!free_page *page*"), 1 | 2 | 1 << 4 | 1 << 5);
	CHECK_EQ(select("do_exit !do_exit"), 0);
	CHECK_EQ(select("do_exit do_exit"), 1 << 2);
	ftrace_no_leaks();
}

UNIT(ftrace_filter, refused)
{
	static const char *const bad[] = {
		"nothing",
		"do_exit nothing",
		"!nothing",
		"!",
		"do_exit !",
		"0",
		"11",
		"99999999999999999999999",
		"1x",
		"*nothing*",
		"do_exit:traceon",
	};
	char lng[200];
	size_t i;

	fresh();
	CHECK_EQ(ftrace_filter(&ops, "do_exit"), 0);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK_EQ(ftrace_filter(&ops, bad[i]), (u64)-EINVAL);
	memset(lng, 'a', sizeof(lng));
	CHECK_EQ(ftrace_set_filter(&ops, lng, sizeof(lng), 1), (u64)-EINVAL);
	CHECK_EQ(ftrace_set_filter(&ops, "a\0b", 3, 1), (u64)-EINVAL);
	CHECK_EQ(bits(ops.filter_hash), 1 << 2); /* I6 */
	ftrace_free_filter(&ops);
	ftrace_no_leaks();
}

UNIT(ftrace_filter, index_counts_from_one)
{
	fresh();
	CHECK_EQ(select("1"), 1);
	CHECK_EQ(select("10"), 1 << 9);
	CHECK_EQ(select("* !3"), ((1 << 10) - 1) & ~(1 << 2));
	ftrace_no_leaks();
}

/* The three: all, nothing, and an ops that takes no part at all. */
UNIT(ftrace_filter, all_nothing_nobody)
{
	fresh();
	CHECK_EQ(register_ftrace_function(&ops), 0);
	CHECK_EQ(ops.nr_sites, 10);
	CHECK_EQ(ftrace_filter(&ops, "do_exit"), 0);
	CHECK_EQ(ops.nr_sites, 1);
	/* The last one taken out leaves nothing, not everything. */
	CHECK_EQ(ftrace_set_filter(&ops, "!do_exit", 8, 0), 0);
	CHECK_EQ(ops.nr_sites, 0);
	CHECK(ops.filter_hash);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(ftrace_set_filter(&ops, NULL, 0, 1), 0);
	CHECK_EQ(ops.nr_sites, 10);
	CHECK(!ops.filter_hash);
	/* Out of "all" comes all but one. */
	CHECK_EQ(ftrace_set_filter(&ops, "!do_exit", 8, 0), 0);
	CHECK_EQ(ops.nr_sites, 9);
	CHECK_EQ(ftrace_set_notrace(&ops, "*page*", 6, 0), 0);
	CHECK_EQ(ops.nr_sites, 5);
	CHECK_EQ(ftrace_set_notrace(&ops, "!*page*", 7, 0), 0);
	CHECK_EQ(ops.nr_sites, 9);
	CHECK_EQ(ftrace_set_notrace(&ops, "*", 1, 0), 0);
	CHECK_EQ(ops.nr_sites, 0);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_free_filter(&ops);
	CHECK(!ops.filter_hash && !ops.notrace_hash);
	ftrace_no_leaks();
}

UNIT(ftrace_filter, live_change_is_one_session)
{
	size_t batches, patches;

	fresh();
	CHECK_EQ(ftrace_filter(&ops, "*page*"), 0);
	CHECK_EQ(register_ftrace_function(&ops), 0);
	batches = host_arch.batches;
	patches = host_arch.patches;
	CHECK_EQ(ftrace_filter(&ops, "do_* alloc_page"), 0);
	CHECK_EQ(host_arch.batches, batches + 1);
	CHECK_EQ(host_arch.patches, patches + 5); /* 3 off, 2 on, 1 stays */
	CHECK_EQ(ftrace_filter(&ops, "do_* alloc_page"), 0);
	CHECK_EQ(host_arch.batches, batches + 1); /* nothing to do */
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_free_filter(&ops);
	ftrace_no_leaks();
}

UNIT(ftrace_filter, by_address)
{
	unsigned long ips[3] = { host_site(9), host_site(2), host_site(9) };
	unsigned long bad[2] = { host_site(1), host_site(1) + 1 };

	fresh();
	CHECK_EQ(ftrace_set_filter_ips(&ops, ips, 3, 0, 0), 0);
	CHECK_EQ(bits(ops.filter_hash), 1 << 2 | 1 << 9);
	CHECK_EQ(ftrace_set_filter_ips(&ops, bad, 2, 0, 0), (u64)-EINVAL);
	CHECK_EQ(ftrace_set_filter_ip(&ops, host_site(1), 1, 0), (u64)-ENOENT);
	CHECK_EQ(ftrace_set_filter_ip(&ops, host_site(2), 0, 0), 0);
	CHECK_EQ(bits(ops.filter_hash), 1 << 2 | 1 << 9);
	CHECK_EQ(ftrace_set_filter_ip(&ops, host_site(2), 1, 0), 0);
	CHECK_EQ(bits(ops.filter_hash), 1 << 9);
	CHECK_EQ(ftrace_set_filter_ip(&ops, host_site(2), 0, 1), 0);
	CHECK_EQ(bits(ops.filter_hash), 1 << 2);
	CHECK_EQ(ftrace_set_notrace_ips(&ops, ips, 2, 0, 0), 0);
	CHECK(ftrace_hash_has(ops.filter_hash, host_site(2)));
	CHECK(!ftrace_hash_has(NULL, host_site(2)));
	ftrace_free_filter(&ops);
	CHECK(!ops.filter_hash && !ops.notrace_hash);
	ftrace_no_leaks();
}

/* Candidates, as the files of the control tree make them. */
UNIT(ftrace_filter, candidate)
{
	struct ftrace_hash *hash, *copy;

	fresh();
	hash = ftrace_hash_begin(NULL);
	CHECK_EQ(ftrace_hash_count(hash), 0);
	CHECK_EQ(ftrace_hash_edit(&hash, "do_*", 4), 0);
	CHECK_EQ(ftrace_hash_edit(&hash, "nothing", 7), (u64)-EINVAL);
	CHECK_EQ(ftrace_hash_count(hash), 2);
	CHECK_EQ(ftrace_rec_index(ftrace_hash_rec(hash, 1)), 3);
	copy = ftrace_hash_begin(hash);
	CHECK_EQ(ftrace_hash_edit(&copy, "!do_exit vfs_read", 17), 0);
	CHECK_EQ(bits(copy), 1 << 3 | 1 << 9);
	CHECK_EQ(register_ftrace_function(&ops), 0);
	CHECK_EQ(ftrace_ops_set_hashes(&ops, hash, copy), 0);
	CHECK_EQ(ops.nr_sites, 1);
	CHECK_EQ(ftrace_ops_set_hashes(&ops, NULL, NULL), 0);
	CHECK_EQ(ops.nr_sites, 10);
	CHECK_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_no_leaks();
}

/* Weak leftovers, wrong bytes, duplicates, addresses outside. */
UNIT(ftrace_filter, unusable_records)
{
	unsigned long entry[6] = {
		host_site(3), host_site(1), host_site(1), host_site(4) + 8, 0,
		host_site(5),
	};
	char buf[FTRACE_NAME_MAX];

	fresh();
	host_site_bytes(5)[0] = 0x90;
	memcpy(host_site_bytes(4) + 8, host_site_bytes(0), 5);
	ftrace_rec_init(entry, entry + 6);
	ftrace_list_init();
	CHECK_EQ(ftrace_rec_count(), 4);
	CHECK(!ftrace_rec_disabled(ftrace_rec(0)));
	CHECK(!ftrace_rec_disabled(ftrace_rec(1)));
	CHECK(ftrace_rec_disabled(ftrace_rec(2)));
	CHECK(ftrace_rec_disabled(ftrace_rec(3)));
	CHECK_STR(ftrace_rec_name(ftrace_rec(2), buf),
		  "__ftrace_invalid_address___8");
	CHECK_EQ(ftrace_rec_ip(ftrace_rec(0)), host_site(1));
	CHECK_EQ(register_ftrace_function(&ops), 0);
	CHECK_EQ(ops.nr_sites, 2);
	CHECK_EQ(arch_ftrace_read(host_site(4) + 8), 0);
	CHECK_EQ(host_site_bytes(5)[0], 0x90);
	CHECK_EQ(ftrace_check(), 0);
	CHECK_EQ(ftrace_filter(&ops, "__ftrace*"), (u64)-EINVAL);
	CHECK_EQ(ftrace_filter(&ops, "3"), (u64)-EINVAL);
	CHECK_EQ(unregister_ftrace_function(&ops), 0);
	ftrace_no_leaks();
}

static char line[400];

/* The line about site 2. */
static const char *described(size_t room)
{
	struct trace_seq s;

	trace_seq_init(&s, line, room);
	ftrace_describe_rec(ftrace_rec(2), &s);
	CHECK_EQ(s.overflow, room < sizeof(line));
	return line;
}

UNIT(ftrace_filter, described)
{
	static struct ftrace_ops regs =
		OPS(1, .flags = FTRACE_OPS_FL_SAVE_REGS);
	static struct ftrace_ops direct;

	fresh();
	CHECK_STR(described(sizeof(line)), "do_exit (0)           \n");
	CHECK_EQ(ftrace_filter(&ops, "do_exit"), 0);
	CHECK_EQ(register_ftrace_function(&ops), 0);
	described(sizeof(line));
	CHECK(!strncmp(line, "do_exit (1)           \ttramp: ", 30));
	CHECK(strstr(line, " ->"));
	CHECK_EQ(register_ftrace_function(&regs), 0);
	CHECK_EQ(ftrace_filter(&direct, "do_exit"), 0);
	CHECK_EQ(register_ftrace_direct(&direct, direct_target[1]), 0);
	described(sizeof(line));
	CHECK(!strncmp(line, "do_exit (3) R   D   M \ttramp: ", 30));
	CHECK(strstr(line, "\n\tdirect-->"));
	CHECK_STR(described(8), "do_exit");
	CHECK_EQ(unregister_ftrace_direct(&direct, direct_target[1], true), 0);
	CHECK_EQ(unregister_ftrace_function(&regs), 0);
	CHECK_EQ(unregister_ftrace_function(&ops), 0);
	CHECK_STR(described(sizeof(line)), "do_exit (0)         M \n");
	CHECK(ftrace_rec_touched(ftrace_rec(2)));
	CHECK(!ftrace_rec_enabled(ftrace_rec(2)));
	ftrace_free_filter(&ops);
	ftrace_no_leaks();
}
