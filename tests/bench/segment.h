/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/*
 * segment.h - one measured stretch of instructions, the same on both sides
 *
 * Owns: how a benchmark row is counted. Included by our own rows
 * (tests/bench/kernel) and by the module measured under Linux
 * (tests/bench/linux/module), so that neither side can measure differently.
 *
 * Under `-icount shift=0` a TSC tick is an instruction, so the difference of
 * two rdtsc is an exact count: the instructions between them plus a constant
 * that the caller finds by measuring the empty stretch and subtracts.
 *
 * Context: interrupts off, else an interrupt is counted too.
 * See tests/bench/README.md.
 */
#pragma once

#define BENCH_CALLS   1000 /* calls in one stretch */
#define BENCH_SAMPLES 7	   /* equal stretches per row; the median counts */

#define BENCH_STR_(x) #x
#define BENCH_STR(x)  BENCH_STR_(x)

/*
 * Ticks spent in `body` (assembly text), constant overhead included. The body
 * may call functions and may use r12; rbx holds the start.
 */
#define bench_ticks(body)                                                     \
	({                                                                    \
		unsigned long bench_start_, bench_end_;                       \
                                                                              \
		asm volatile("rdtsc\n\t"                                      \
			     "shl $32, %%rdx\n\t"                             \
			     "or %%rdx, %%rax\n\t"                            \
			     "mov %%rax, %0\n\t" body "rdtsc\n\t"             \
			     "shl $32, %%rdx\n\t"                             \
			     "or %%rdx, %%rax\n\t"                            \
			     : "=&b"(bench_start_), "=&a"(bench_end_)         \
			     :                                                \
			     : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", \
			       "r11", "r12", "cc", "memory");                 \
		bench_end_ - bench_start_;                                    \
	})

/* n times `insns`; costs 2 n instructions plus n times `insns`, plus 1. */
#define BENCH_LOOP(n, insns)                                 \
	"mov $" BENCH_STR(n) ", %%r12d\n"                    \
			     "1:\n\t" insns "dec %%r12d\n\t" \
			     "jnz 1b\n\t"

#define BENCH_CALL_LOOP(function) \
	BENCH_LOOP(BENCH_CALLS, "call " function "\n\t")

/*
 * The loops of known length that both sides check before anything is
 * believed: X(name, instructions, body).
 */
#define BENCH_CALIBRATION(X)                                              \
	X("empty", 0, "")                                                 \
	X("nop2000", 2000, ".rept 2000\n\tnop\n\t.endr\n\t")              \
	X("nop5x1000", 1000,                                              \
	  ".rept 1000\n\tnopl 0(%%rax, %%rax, 1)\n\t.endr\n\t")           \
	X("decjnz1000", 2001, BENCH_LOOP(1000, ""))                       \
	X("decjnz100000", 200001, BENCH_LOOP(100000, ""))                 \
	X("pushpop1000", 4001,                                            \
	  BENCH_LOOP(1000, "push %%rax\n\tpop %%rax\n\t"))                \
	X("callret1000", 4001, BENCH_LOOP(1000, "call bench_return\n\t")) \
	X("pushfpopf100", 401, BENCH_LOOP(100, "pushf\n\tpopf\n\t"))      \
	X("rdtsc100", 301, BENCH_LOOP(100, "rdtsc\n\t"))                  \
	X("lfence100", 100, ".rept 100\n\tlfence\n\t.endr\n\t")

/*
 * The two direct targets: one that only returns, and one that saves two
 * arguments and calls C. Outside any function, so nothing traces them.
 */
#define BENCH_DIRECT_TARGETS                                   \
	asm(".pushsection .text\n"                             \
	    ".globl bench_return, bench_direct_call\n"         \
	    ".type bench_return, @function\n"                  \
	    ".type bench_direct_call, @function\n"             \
	    ".balign 16\n"                                     \
	    "bench_return:\n\t"                                \
	    "ret\n"                                            \
	    ".size bench_return, . - bench_return\n"           \
	    ".balign 16\n"                                     \
	    "bench_direct_call:\n\t"                           \
	    "push %rbp\n\t"                                    \
	    "mov %rsp, %rbp\n\t"                               \
	    "push %rdi\n\t"                                    \
	    "push %rsi\n\t"                                    \
	    "call bench_assist\n\t"                            \
	    "pop %rsi\n\t"                                     \
	    "pop %rdi\n\t"                                     \
	    "leave\n\t"                                        \
	    "ret\n"                                            \
	    ".size bench_direct_call, . - bench_direct_call\n" \
	    ".popsection")
