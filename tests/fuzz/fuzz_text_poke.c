// SPDX-License-Identifier: MIT
/*
 * A batch of any words at any addresses over any text, for the patch engine's
 * pure half: instructions there and back, poke_verify() against a slow check
 * by bytes, poke_search() against a linear one. ASan sees every read outside
 * of the text.
 *
 * host-sources: arch/x86_64/patch/text_poke_vec.c arch/x86_64/patch/insn.c
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

static void check_search(size_t n, unsigned long ip)
{
	const struct text_poke *found = NULL;
	size_t i;

	for (i = 0; i < n; i++)
		if (vec[i].ip == ip)
			found = &vec[i];
	BUG_ON(poke_search(vec, n, poke_search_top(n), ip) != found);
}

static struct text_region region;

static const struct text_region *region_of(unsigned long addr)
{
	return addr >= region.start && addr < region.end ? &region : NULL;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	struct text_poke_bug bug = { .ip = 0 };
	u8 *text = host_malloc(TEXT_SIZE);
	size_t n = 0, i, refused;
	int err;

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
	for (i = 0; !err && i < n; i++) {
		check_search(n, vec[i].ip);
		check_search(n, vec[i].ip + 1);
	}
	host_free(text);
	return 0;
}
