// SPDX-License-Identifier: MIT
/*
 * The audit of W^X over all address spaces, per physical frame.
 *
 * The audit first records the executable runs of frames (there are few: text
 * and pool are adjacent), then compares every writable mapping with them. So
 * its memory does not grow with RAM. Tables that several spaces share are
 * walked once, as the first's. It needs no lock, because tables are never
 * freed.
 *
 * Context: any; a patch may be in progress on another CPU.
 */
#include "arch/x86_64/mm/paging.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

#define MAX_RUNS 32

struct run {
	u64 start, end;
};

struct audit {
	struct paging_audit *report;
	const struct address_space *space;
	struct run run[MAX_RUNS];
	unsigned int nr_runs;
};

static bool is_poke_window(const struct audit *audit,
			   const struct paging_leaf *leaf)
{
	return leaf->addr == POKE_WINDOW &&
	       audit->space->root == paging_poke_root();
}

/* A frame that is adjacent to a run, or already in one, joins that run. */
static int note_executable(const struct paging_leaf *leaf, void *arg)
{
	struct audit *audit = arg;
	u64 end = leaf->phys + leaf->size;
	struct run *run;

	audit->report->leaves++;
	if (leaf->flags & PTE_NX)
		return 0;
	for (run = audit->run; run < audit->run + audit->nr_runs; run++) {
		if (run->start <= leaf->phys && end <= run->end)
			return 0;
		if (run->end != leaf->phys)
			continue;
		run->end = end;
		return 0;
	}
	if (audit->nr_runs == MAX_RUNS)
		return -E2BIG;
	*run = (struct run){ leaf->phys, end };
	audit->nr_runs++;
	return 0;
}

static int check_writable(const struct paging_leaf *leaf, void *arg)
{
	struct audit *audit = arg;
	struct paging_audit *report = audit->report;
	const struct run *run;

	if (!(leaf->flags & PTE_W))
		return 0;
	for (run = audit->run; run < audit->run + audit->nr_runs; run++) {
		if (leaf->phys >= run->end ||
		    leaf->phys + leaf->size <= run->start)
			continue;
		if (is_poke_window(audit, leaf)) {
			report->window_open = true;
			break;
		}
		if (!report->conflicts++) {
			report->writable_at = *leaf;
			report->space = audit->space->name;
		}
		break;
	}
	return 0;
}

/* Each leaf of all spaces, once. */
static int walk_all(struct audit *audit,
		    int (*fn)(const struct paging_leaf *, void *))
{
	const struct address_space *spaces;
	unsigned int n = paging_spaces(&spaces), i;
	int ret = 0;

	for (i = 0; i < n && !ret; i++) {
		audit->space = &spaces[i];
		ret = paging_walk(spaces[i].root, i ? spaces[0].root : 0, fn,
				  audit);
	}
	return ret;
}

int paging_audit(struct paging_audit *report)
{
	struct audit audit = { .report = report };
	unsigned int i;
	int ret;

	memset(report, 0, sizeof(*report));
	ret = walk_all(&audit, note_executable);
	if (ret)
		return ret;
	walk_all(&audit, check_writable);
	for (i = 0; i < audit.nr_runs; i++)
		report->executable += audit.run[i].end - audit.run[i].start;
	return report->conflicts ? -EPERM : 0;
}
