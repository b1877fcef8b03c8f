// SPDX-License-Identifier: MIT
/*
 * A batch of any words at any addresses over any text, for the patch engine's
 * pure half: instructions there and back, poke_verify() against a slow check
 * by bytes. Two batches at rising addresses, one after the other, in an index
 * of few ranges: poke_search() against a linear search. ASan sees every read
 * outside of the text, and of the older batch.
 *
 * host-sources: arch/x86_64/patch/text_poke_vec.c arch/x86_64/patch/insn.c
 * host-sources: arch/x86_64/patch/text_poke_index.c
 */
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/base/panic.h"
#include "kernel/lib/errno.h"
#include "tests/fuzz/fuzz.h"

#define TEXT_SIZE 64
#define MAX_SITES 32

static struct text_poke vec[MAX_SITES];

/* One word of any of the lengths, from five bytes and a choice. */
static u64 any_word(u8 choice, const u8 *bytes)
{
	static const u8 lens[] = { 5, 5, 5, 1, 2, 5, 0, 7 };
	u8 len = lens[choice & 7];

	if (choice & 0x80)
		return INSN_NOP5;
	return len <= INSN_MAX ? insn_load(bytes, len) : INSN_WORD(len, 0x90);
}

static void check_insn(u64 word, unsigned long ip)
{
	unsigned long target = insn_target(word, ip);
	u64 again = 0;

	if (insn_kind(word) == INSN_KIND_CALL)
		again = insn_call(ip, target);
	else if (insn_kind(word) == INSN_KIND_JMP32)
		again = insn_jmp32(ip, target);
	else
		return;
	BUG_ON((again ^ word) & INSN_BYTES_MASK);
}

static bool len_ok(unsigned int len)
{
	return len == 1 || len == 2 || len == 5;
}

/* By its bytes: a new word that the INT3 handler could not do as it says. */
static bool cut_short(u64 word)
{
	u8 first = (u8)word;

	if (insn_len(word) == 1)
		return first == 0xe8 || first == 0xe9 || first == 0xeb;
	return insn_len(word) == 2 && first != 0xeb;
}

/* What poke_verify() must say of a batch: the index refused, or n. */
static size_t slow_verify(size_t n, const u8 *text)
{
	unsigned long start = (unsigned long)text, free_from = start;
	size_t i;

	for (i = 0; i < n; i++) {
		unsigned int old = insn_len(vec[i].old);
		unsigned int new = insn_len(vec[i].new);
		unsigned long ip = vec[i].ip;

		if (!len_ok(old) || !len_ok(new) || cut_short(vec[i].new) ||
		    ip < free_from || ip >= start + TEXT_SIZE ||
		    start + TEXT_SIZE - ip < max(old, new) ||
		    memcmp(text + (ip - start), &vec[i].old, old))
			return i;
		free_from = ip + max(old, new);
	}
	return n;
}

/* ---- the index ---- */

static struct poke_range ranges[4];
static unsigned long ips[MAX_SITES]; /* of the batch before */

static void check_search(struct poke_index index, unsigned long tag,
			 const struct text_poke *sites, size_t n,
			 unsigned long ip)
{
	const struct text_poke *found = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (sites[i].ip == ip)
			found = &sites[i];
	BUG_ON(poke_search(poke_range_of(index, ip), tag, ip) != found);
}

/* The distance to the next site: a byte of data for each. */
static unsigned long gap(u8 byte)
{
	static const u32 scale[] = { 1, 16, 512, 3 * PAGE_SIZE };

	return 1 + (unsigned long)(byte >> 2) * scale[byte & 3];
}

/* A batch of all sites; then it is freed. Return: its sites, now in ips. */
static size_t one_batch(struct poke_index index, unsigned long tag,
			const u8 *data, size_t n, size_t nr_before)
{
	struct text_poke *sites = host_malloc(n * sizeof(*sites));
	unsigned long ip = KERNEL_VMA;
	size_t i;

	for (i = 0; i < n; i++)
		sites[i].ip = ip += gap(data[i]);
	poke_index_fill(index, tag, sites, n);
	for (i = 0; i < nr_before; i++)
		check_search(index, tag, sites, n, ips[i]);
	for (i = 0; i < n; i++) {
		ips[i] = sites[i].ip;
		check_search(index, tag, sites, n, ips[i] - 1);
		check_search(index, tag, sites, n, ips[i]);
		check_search(index, tag, sites, n, ips[i] + 1);
		check_search(index, tag, sites, n, ips[i] + PAGE_SIZE);
	}
	host_free(sites);
	return n;
}

static void check_index(const u8 *data, size_t size)
{
	struct poke_index index = { .ranges = ranges };
	size_t first, n;

	if (size < 2)
		return;
	index.mask = ((1UL << data[0] % 3) - 1) * sizeof(*ranges);
	first = min((size_t)data[1] % MAX_SITES, size - 2);
	memset(ranges, 0, sizeof(ranges));
	n = one_batch(index, 1, data + 2, first, 0);
	size -= 2 + first;
	one_batch(index, 3, data + 2 + first, min(size, (size_t)MAX_SITES), n);
}

/* ---- the vector ---- */

static struct text_region region;

static const struct text_region *region_of(unsigned long addr)
{
	return addr >= region.start && addr < region.end ? &region : NULL;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct text_poke_bug bug = { .ip = 0 };
	u8 *text = host_malloc(TEXT_SIZE);
	size_t n = 0, refused;
	int err;

	check_index(data, size);
	memset(text, 0x90, TEXT_SIZE);
	for (; size >= 13 && n < MAX_SITES; data += 13, size -= 13, n++) {
		/* Mostly inside, and mostly what is really there. */
		size_t offset = data[0] % (TEXT_SIZE + 8) - 4;

		vec[n].ip = (unsigned long)text + offset;
		vec[n].old = any_word(data[1], data + 2);
		vec[n].new = any_word(data[7], data + 8);
		if (data[1] & 0x40 && offset <= TEXT_SIZE - 5)
			memcpy(text + offset, &vec[n].old, 5);
		check_insn(vec[n].new, vec[n].ip);
	}
	refused = slow_verify(n, text);
	region.start = (unsigned long)text;
	region.end = region.start + TEXT_SIZE;
	err = poke_verify(vec, n, region_of, &bug);
	BUG_ON((refused == n) != (err == 0));
	BUG_ON(err && err != -EINVAL && err != -EFAULT);
	BUG_ON(err && bug.ip != vec[refused].ip);
	host_free(text);
	return 0;
}
