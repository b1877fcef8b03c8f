// SPDX-License-Identifier: MIT
/*
 * A batch made in place, against the words one by one and poke_verify(): random
 * runs of sites that change alike, over two regions, with errors.
 *
 * host-sources: arch/x86_64/patch/text_poke_make.c
 * host-sources: arch/x86_64/patch/text_poke_vec.c arch/x86_64/patch/insn.c
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"
#include "trace/arch_ftrace.h"

#define TEXT_SIZE 512
#define MAX_SITES 64

static u8 text[TEXT_SIZE] __aligned(16);
static struct text_region region[2];
static struct ftrace_patch lines[MAX_SITES];
static struct text_poke right[MAX_SITES];
static u64 seed = 5;

#define LOWEST	     ((unsigned long)text)
#define OUT_OF_REACH (LOWEST - 2)

static const struct text_region *region_of(unsigned long addr)
{
	for (int i = 0; i < 2; i++)
		if (addr >= region[i].start && addr < region[i].end)
			return &region[i];
	return NULL;
}

static u64 word_of(unsigned long ip, unsigned long addr)
{
	if (!addr)
		return INSN_NOP5;
	return addr & FTRACE_ADDR_JMP ? insn_jmp32(ip, addr - 1) :
					insn_call(ip, addr);
}

static unsigned long random_target(void)
{
	u64 n = host_random(&seed) % 8;

	return n < 3 ? 0 : (unsigned long)text + 2 * n + n % 2;
}

/* Random runs; one line in a hundred is wrong. Return: the number of lines. */
static size_t random_lines(void)
{
	unsigned long old = 0, new = 0;
	size_t n, at = 0;

	for (n = 0; n < MAX_SITES; n++) {
		at += host_random(&seed) % 12 + 5;
		if (host_random(&seed) % 100 == 0)
			at -= 2;
		if (at + 8 > TEXT_SIZE)
			break;
		if (n == 0 || host_random(&seed) % 12 == 0) {
			old = random_target();
			new = random_target();
		}
		lines[n] = (struct ftrace_patch){ (unsigned long)text + at, old,
						  new };
		right[n] = (struct text_poke){ lines[n].ip,
					       word_of(lines[n].ip, old),
					       word_of(lines[n].ip, new) };
		if (host_random(&seed) % 100)
			insn_store(text + at, right[n].old);
	}
	return n;
}

/* Lines that change alike, as a run or as any lines. */
static int make_some(struct text_poke *run, size_t n,
		     struct poke_making *making, struct text_poke_bug *bug)
{
	if (host_random(&seed) % 2)
		return poke_make_lines(making, run, n, bug);
	for (size_t i = 1; i < n; i++)
		run[i].old = run[i].new = 1; /* not valid */
	return poke_make_run(making, run, n, bug);
}

/* A cut run gives the same as a whole one. Return: as poke_make_run(). */
static int make(size_t n, struct text_poke_bug *bug)
{
	struct poke_making making = POKE_MAKING(LOWEST, region_of);
	size_t i, count;
	int err = 0;

	for (i = 0; i < n && !err; i += count) {
		for (count = 1; i + count < n; count++)
			if (lines[i + count].old != lines[i].old ||
			    lines[i + count].new != lines[i].new)
				break;
		if (host_random(&seed) % 2)
			count = host_random(&seed) % count + 1;
		err = make_some((struct text_poke *)lines + i, count, &making,
				bug);
	}
	return err;
}

UNIT(text_poke_make, words_and_answers_are_those_of_one_at_a_time)
{
	struct text_poke_bug bug, other;
	size_t good = 0;
	int err;

	for (int round = 0; round < 20000; round++) {
		size_t n, cut = host_random(&seed) % TEXT_SIZE;

		memset(text, 0x90, sizeof(text));
		region[0].start = (unsigned long)text;
		region[0].end = region[1].start = (unsigned long)text + cut;
		region[1].end = (unsigned long)text + TEXT_SIZE;
		n = random_lines();
		memset(&bug, 0, sizeof(bug));
		memset(&other, 0, sizeof(other));
		err = make(n, &bug);
		if (!CHECK_EQ(err, poke_verify(right, n, region_of, &other)))
			return;
		if (err) {
			CHECK(!memcmp(&bug, &other, sizeof(bug)));
			continue;
		}
		good++;
		if (!CHECK(!memcmp(lines, right, n * sizeof(right[0]))))
			return;
	}
	CHECK(good > 2000 && good < 18000);
}

UNIT(text_poke_make, a_target_out_of_reach_is_refused)
{
	struct text_poke_bug bug;

	region[0].start = (unsigned long)text;
	region[0].end = region[0].start + TEXT_SIZE;
	for (size_t bad = 0; bad < 8; bad++) {
		for (size_t i = 0; i < 8; i++) {
			insn_store(text + 8 * i, INSN_NOP5);
			lines[i] = (struct ftrace_patch){
				(unsigned long)text + 8 * i, 0,
				i == bad ? OUT_OF_REACH : (unsigned long)text
			};
		}
		CHECK_EQ(make(8, &bug), -ERANGE);
	}
}
