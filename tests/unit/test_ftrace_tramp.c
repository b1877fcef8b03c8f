// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/patch/ftrace_tramp.c: sizes, and taking a trampoline apart again.
 * What the code does is tested in the image.
 *
 * host-sources: arch/x86_64/patch/ftrace_tramp.c arch/x86_64/patch/insn.c
 */
#include "arch/x86_64/patch/ftrace_tramp.h"
#include "arch/x86_64/patch/insn.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define MAX_CALLS  64
#define MOST_CALLS 200

static union {
	struct ftrace_tramp_desc desc;
	u8 room[sizeof(struct ftrace_tramp_desc) +
		MOST_CALLS * sizeof(struct ftrace_tramp_call)];
} made;

static u8 code[FTRACE_TRAMP_MAX] __aligned(64);

static ftrace_func_t target(unsigned int i)
{
	return (ftrace_func_t)((unsigned long)code + 0x10000 + 16 * i);
}

static size_t emit(unsigned int n, bool regs, u64 guards, unsigned long direct)
{
	struct ftrace_tramp_desc *desc = &made.desc;

	desc->n = n;
	desc->regs = regs;
	desc->direct = direct;
	for (unsigned int i = 0; i < n; i++)
		desc->call[i] = (struct ftrace_tramp_call){
			.func = target(i),
			.ops = (struct ftrace_ops *)(0x1000UL + i),
			.guard = guards >> i & 1,
		};
	memset(code, 0xcc, sizeof(code));
	return ftrace_tramp_emit(desc, code, (unsigned long)code);
}

UNIT(ftrace_tramp, sizes)
{
	CHECK(emit(1, false, 0, 0) <= 128);
	CHECK(emit(1, false, 1, 0) <= 128);
	CHECK(emit(1, true, 0, 0) <= 256);
	CHECK(emit(1, true, 1, 0) <= 256);
	CHECK(emit(32, true, ~0ULL, 0) > 0);
}

/* The size is computed; how far the code really goes shows in the bytes. */
UNIT(ftrace_tramp, the_size_is_that_of_the_code)
{
	static const u64 guards[] = { 0, 1, 0x55, 0xff00ff00ff00ff00ULL,
				      ~0ULL };
	const unsigned long direct[] = { 0, (unsigned long)code + 0x20000,
					 (unsigned long)code + 0x20001 };
	unsigned int n, regs, g, d;
	size_t size, end;

	for (n = 1; n <= MAX_CALLS; n++)
		for (regs = 0; regs < 2; regs++)
			for (g = 0; g < ARRAY_SIZE(guards); g++)
				for (d = 0; d < ARRAY_SIZE(direct); d++) {
					size = emit(n, regs, guards[g],
						    direct[d]);
					end = sizeof(code);
					while (end && code[end - 1] == 0xcc)
						end--;
					CHECK_EQ(size,
						 ftrace_tramp_size(&made.desc));
					/* A displacement may end in 0xcc. */
					CHECK(end <= size &&
					      (!size || end + 4 >= size));
				}
}

static void check_calls(unsigned int n, bool regs, u64 guards)
{
	size_t size = emit(n, regs, guards, 0);
	const struct ftrace_tramp_header *header =
		(const struct ftrace_tramp_header *)code;

	CHECK_EQ(header->n, n);
	CHECK_EQ(header->kind & TRAMP_REGS, regs);
	CHECK_EQ(header->size, size - sizeof(*header));
	CHECK_EQ(code[size - 1], 0xc3);
	for (unsigned int i = 0; i < n; i++) {
		unsigned long at = ftrace_tramp_call_site(header, i);
		u64 word = insn_load((void *)at, INSN_MAX);

		CHECK_EQ(insn_kind(word), INSN_KIND_CALL);
		CHECK_EQ(insn_target(word, at), (unsigned long)target(i));
		CHECK_EQ(ftrace_tramp_guarded(at + INSN_MAX), guards >> i & 1);
	}
	CHECK_EQ(ftrace_tramp_call_site(header, n), 0);
}

UNIT(ftrace_tramp, every_call_is_found_again)
{
	for (unsigned int n = 1; n <= 5; n++)
		for (u64 guards = 0; guards < 1u << n; guards++) {
			check_calls(n, false, guards);
			check_calls(n, true, guards);
		}
}

UNIT(ftrace_tramp, found_from_any_address_inside)
{
	size_t size = emit(16, true, 0xaaaa, 0);
	unsigned long base = (unsigned long)code, at;

	for (at = base; at < base + size + 200; at++) {
		bool inside = at >= base + sizeof(struct ftrace_tramp_header) &&
			      at < base + size;

		CHECK_EQ((unsigned long)ftrace_tramp_find(at, base),
			 inside ? base : 0);
	}
}

/* The last instruction is a jump; the odd form drops the return address. */
UNIT(ftrace_tramp, direct_target_at_the_end)
{
	unsigned long direct = (unsigned long)code + 0x20000;
	size_t size = emit(1, false, 0, direct);
	unsigned long jmp = (unsigned long)code + size - INSN_MAX;

	CHECK_EQ(insn_load((void *)jmp, INSN_MAX), insn_jmp32(jmp, direct));
	CHECK_EQ(emit(1, false, 0, direct | FTRACE_ADDR_JMP), size + 5);
	jmp += 5;
	CHECK_EQ(insn_load((void *)jmp, INSN_MAX), insn_jmp32(jmp, direct));
}

UNIT(ftrace_tramp, what_does_not_fit_is_refused)
{
	CHECK_EQ(emit(1, false, 0, (unsigned long)code + (1UL << 33)), 0);
	/* Longer than FTRACE_TRAMP_MAX: counting tells. */
	emit(32, true, ~0ULL, 0);
	for (unsigned int i = 32; i < MOST_CALLS; i++)
		made.desc.call[i] = made.desc.call[0];
	made.desc.n = MOST_CALLS;
	CHECK_EQ(ftrace_tramp_size(&made.desc), 0);
	CHECK_EQ(ftrace_tramp_emit(&made.desc, code, (unsigned long)code), 0);
}

/* In front of the frame; behind its end is the call of late(). */
static void check_fast(const struct ftrace_fast *fast, size_t plain)
{
	size_t size = emit(1, false, 0, 0), before = 11; /* the gate */
	const struct ftrace_tramp_header *header = (void *)code;
	unsigned long start = ftrace_tramp_start(header), at;

	CHECK_EQ(size, plain + before + 3 + FTRACE_FAST_LATE);
	CHECK(header->kind & TRAMP_FAST);
	start += before;
	CHECK(!memcmp((void *)start, fast->code, 3));
	at = start + 3 + FTRACE_FAST_LATE - 1 - 9 - INSN_MAX; /* 7 pops, ret */
	CHECK_EQ(insn_load((void *)at, INSN_MAX),
		 insn_call(at, (unsigned long)fast->late));
	CHECK_EQ(*(u8 *)(start + 3 + FTRACE_FAST_LATE - 1), 0xc3);
	/* What follows is the plain trampoline. */
	at = ftrace_tramp_call_site(header, 0);
	CHECK_EQ(insn_target(insn_load((void *)at, INSN_MAX), at),
		 (unsigned long)target(0));
	CHECK(at > start + 3 + FTRACE_FAST_LATE);
}

UNIT(ftrace_tramp, fast_code_lies_in_front_of_the_frame)
{
	static const u8 bytes[] = { 0x0f, 0x1f, 0x00 };
	struct ftrace_fast fast = { .code = bytes, .end = bytes + 3 };
	size_t plain = emit(1, false, 0, 0), others[3];

	fast.late = (void *)target(9);
	made.desc.fast = &fast;
	CHECK_EQ(emit(1, false, 0, 0), plain); /* it needs a gate */
	made.desc.fast = NULL;
	made.desc.gate = (const bool *)0x1000; /* not read here */
	others[0] = emit(1, true, 0, 0);
	others[1] = emit(1, false, 1, 0);
	others[2] = emit(2, false, 0, 0);
	made.desc.fast = &fast;
	check_fast(&fast, plain);
	/* Not where there is more than a plain callback. */
	CHECK_EQ(emit(1, true, 0, 0), others[0]);
	CHECK_EQ(emit(1, false, 1, 0), others[1]);
	CHECK_EQ(emit(2, false, 0, 0), others[2]);
	made.desc.fast = NULL;
	made.desc.gate = NULL;
}
