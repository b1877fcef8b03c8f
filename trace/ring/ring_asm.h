/* SPDX-License-Identifier: MIT */
/*
 * ring_asm.h - the common case of a writer in assembly, made of ring_steps.h.
 *
 * For a file of constants for NASM (trace/tracers/entry-offsets.c). It is only
 * compiled to assembly, of which the build takes the lines that begin with
 * "->": the two macros of an event. Addresses in them are absolute, so that the
 * code may be copied.
 */
#pragma once

#include "trace/ring/ring_fast.h"

/*
 * Registers: r11 is the ring; the code around the macros loads it (ring_get).
 * RDTSC and MUL need word and now where they are.
 */
#define RING_R_word    "rax"
#define RING_R_now     "rdx"
#define RING_R_event   "r10"
#define RING_R_delta   "rax"
#define RING_R32_word  "eax"
#define RING_R32_event "r10d"
#define RING_R32_delta "eax"

/* Ways out: parameters of the macros. */
#define RING_WAY_refused "%%1"
#define RING_WAY_undo	 "%%2"
#define RING_WAY_rest	 "%%1"

/* An instruction with constants of C: %c0 and so on. */
#define RING_INSN(text, ...) asm volatile("\n->\t" text : : __VA_ARGS__)

/* On a member of so many bytes, [r11 + %c0]; constants from %c1 on. */
#define RING_ON(bytes, m, text, ...)                                          \
	do {                                                                  \
		static_assert(sizeof(((struct ring_buffer_per_cpu *)0)->m) == \
				      (bytes),                                \
			      #m);                                            \
		RING_INSN(text, "i"(offsetof(struct ring_buffer_per_cpu,      \
					     m))__VA_ARGS__);                 \
	} while (0)

/* Register, member; and member, register. */
#define RING_RM(bytes, insn, r, m) RING_ON(bytes, m, insn " " r ", [r11 + %c0]")
#define RING_MR(bytes, insn, m, r) RING_ON(bytes, m, insn " [r11 + %c0], " r)

/* The operations of ring_steps.h in assembly. */
#define RING_ASM(step)	     RING_##step(RING_ASM_DO)
#define RING_ASM_DO(op, ...) RING_ASM_##op(__VA_ARGS__)
#define RING_ASM_load16(r, m) \
	RING_ON(4, m, "movzx " RING_R32_##r ", word [r11 + %c0]");
#define RING_ASM_load32(r, m)	  RING_RM(4, "mov", RING_R32_##r, m);
#define RING_ASM_or32(r, m)	  RING_RM(4, "or", RING_R32_##r, m);
#define RING_ASM_add(r, m)	  RING_RM(8, "add", RING_R_##r, m);
#define RING_ASM_sub(r, m)	  RING_RM(8, "sub", RING_R_##r, m);
#define RING_ASM_store(m, r)	  RING_MR(8, "mov", m, RING_R_##r);
#define RING_ASM_copy(r, s)	  RING_INSN("mov " RING_R_##r ", " RING_R_##s);
#define RING_ASM_shift_left(r, c) RING_INSN("shl " RING_R_##r ", %c0", "i"(c));
#define RING_ASM_add_const(r, c)  RING_INSN("add " RING_R_##r ", %c0", "i"(c));
#define RING_ASM_tsc(r, c)	  RING_ASM_tsc_##r(c)
#define RING_ASM_tsc_word(c)                      \
	RING_INSN("rdtsc");                       \
	RING_INSN("shl rdx, %c0", "i"(32 + (c))); \
	RING_INSN("lea rax, [rdx + rax * %c0]", "i"(1 << (c)));
#define RING_ASM_mul_high(r, s, m)    RING_ASM_mul_high_##r##_##s(m)
#define RING_ASM_mul_high_now_word(m) RING_ON(8, m, "mul qword [r11 + %c0]");
#define RING_ASM_put32(r, c, s) \
	RING_INSN("mov [" RING_R_##r " + %c0], " RING_R32_##s, "i"(c));
#define RING_ASM_add32(m, c) \
	RING_ON(4, m, "add dword [r11 + %c0], %c1", , "i"(c));
#define RING_ASM_add32_sign(m, c, way) \
	RING_ASM_add32(m, c) RING_INSN("js " RING_WAY_##way);
#define RING_ASM_count(m) RING_ON(8, m, "inc qword [r11 + %c0]");
#define RING_ASM_above(r, c, way)                     \
	RING_INSN("cmp " RING_R_##r ", %c0", "i"(c)); \
	RING_INSN("ja " RING_WAY_##way);
#define RING_ASM_differ(r, m, way)        \
	RING_MR(8, "cmp", m, RING_R_##r); \
	RING_INSN("jne " RING_WAY_##way);

/*
 * A macro for NASM, of one of the two lists. %line is for the debugger: without
 * it, the image would have the name of a file of the build's.
 */
#define RING_ASM_MACRO(name, ways, list)                 \
	RING_INSN("%%line 1+0 trace/ring/ring_steps.h"); \
	RING_INSN("%%macro " name " " #ways);            \
	list(RING_ASM);                                  \
	RING_INSN("%%endmacro")

/*
 * RING_ASM_EVENT() - the macros that write an event
 * @name: a string, of which their names are made
 * @type: the payload; its size is constant
 *
 *	NAME_reserve REFUSED, UNDO
 *		r10 is the event's address less RB_HEADER_SIZE, rdx the time,
 *		the header is written; rax is clobbered
 *	NAME_commit REST
 *		the event is complete; r11 as before, r10 and rax are not read
 *
 * At a label it goes on as ring_steps.h says of that way out.
 */
#define RING_ASM_EVENT(name, type)                                        \
	do {                                                              \
		enum {                                                    \
			payload = sizeof(type),                           \
			size = RB_EVENT_HEADER + payload                  \
		};                                                        \
		static_assert(payload >= RB_FAST_MIN && payload % 4 == 0, \
			      "ring_buffer_undo()");                      \
		RING_ASM_MACRO(name "_reserve", 2, RING_RESERVE);         \
		RING_ASM_MACRO(name "_commit", 1, RING_COMMIT);           \
	} while (0)
