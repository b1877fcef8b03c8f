/* SPDX-License-Identifier: MIT */
/*
 * Single processor instructions as C functions: control registers, CPUID, time
 * stamp, halting, serialising. All are inline and can be used in every context
 * unless a comment says otherwise.
 */
#pragma once

#include "kernel/lib/types.h"

/*
 * Control registers (SDM 3, 2.5). MP, EM, TS: the FPU, which the kernel does
 * not use. NE: its errors are exceptions. WP: the kernel respects read-only
 * pages, too, which W^X depends on (I3).
 */
#define X86_CR0_MP (1UL << 1)
#define X86_CR0_EM (1UL << 2)
#define X86_CR0_TS (1UL << 3)
#define X86_CR0_NE (1UL << 5)
#define X86_CR0_WP (1UL << 16)
#define X86_CR0_PG (1UL << 31)

/*
 * PGE: global pages survive a load of CR3. PCIDE: off, so that a load of CR3
 * flushes. SMEP, SMAP, UMIP: on where the CPU has them, although no page here
 * is a user page.
 */
#define X86_CR4_TSD   (1UL << 2)
#define X86_CR4_PAE   (1UL << 5)
#define X86_CR4_MCE   (1UL << 6)
#define X86_CR4_PGE   (1UL << 7)
#define X86_CR4_UMIP  (1UL << 11)
#define X86_CR4_PCIDE (1UL << 17)
#define X86_CR4_SMEP  (1UL << 20)
#define X86_CR4_SMAP  (1UL << 21)

/* Selectors of the GDT (gdt.c); SS holds KERNEL_DS or 0. */
#define KERNEL_CS 0x08
#define KERNEL_DS 0x10

struct cpuid_regs {
	u32 eax, ebx, ecx, edx;
};

/* Leaf 0 returns the last basic leaf; a leaf above it reads as garbage. */
static __always_inline struct cpuid_regs cpuid(u32 leaf, u32 subleaf)
{
	struct cpuid_regs r;

	__asm__ volatile("cpuid"
			 : "=a"(r.eax), "=b"(r.ebx), "=c"(r.ecx), "=d"(r.edx)
			 : "a"(leaf), "c"(subleaf)
			 : "memory");
	return r;
}

/*
 * a * b / 2^32, modulo 2^64. (With the compiler's type of 128 bits the whole
 * function would align its stack to 16 bytes.)
 */
static __always_inline u64 mul_shift32(u64 a, u64 b)
{
	u64 high;

	__asm__("mulq %2\n\tshrdq $32, %1, %0"
		: "+a"(a), "=d"(high)
		: "rm"(b)
		: "cc");
	return a;
}

/* The upper half of a * b. */
static __always_inline u64 mul_high(u64 a, u64 b)
{
	u64 high;

	__asm__("mulq %2" : "+a"(a), "=d"(high) : "rm"(b) : "cc");
	return high;
}

/* Not ordered against loads before or after it; see rdtsc_ordered(). */
static __always_inline u64 rdtsc(void)
{
	u64 low, high; /* RDTSC clears the upper halves */

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return high << 32 | low;
}

/* rdtsc() << n, an instruction shorter than that. */
static __always_inline u64 rdtsc_shifted(unsigned int n)
{
	u64 low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (high << (32 + n)) + (low << n);
}

/* Ordered after the loads that precede it, for comparisons across CPUs. */
static __always_inline u64 rdtsc_ordered(void)
{
	u32 low, high;

	__asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high)::"memory");
	return (u64)high << 32 | low;
}

/*
 * In every loop that waits for another CPU: it lets a hyperthread run, ends an
 * exit loop under virtualisation, and ends a turn of QEMU under -icount.
 */
static __always_inline void cpu_relax(void)
{
	__asm__ volatile("pause" ::: "memory");
}

/*
 * Turn interrupts on and halt until the next one. STI takes effect after HLT,
 * so no interrupt can arrive between the two.
 */
static __always_inline void safe_halt(void)
{
	__asm__ volatile("sti; hlt" ::: "memory");
}

/* Turn interrupts off and halt for good. */
static __always_inline __noreturn void halt_forever(void)
{
	for (;;)
		__asm__ volatile("cli; hlt" ::: "memory");
}

/*
 * read_crN() and write_crN(). A write of CR3 flushes the TLB except global
 * pages; a write of CR0 or CR4 serialises (SDM 3, 9.3).
 */
#define DEFINE_CR_ACCESS(n)                                                  \
	static __always_inline unsigned long read_cr##n(void)                \
	{                                                                    \
		unsigned long value;                                         \
		__asm__ volatile("mov %%cr" #n ", %0"                        \
				 : "=r"(value)::"memory");                   \
		return value;                                                \
	}                                                                    \
	static __always_inline void write_cr##n(unsigned long value)         \
	{                                                                    \
		__asm__ volatile("mov %0, %%cr" #n ::"r"(value) : "memory"); \
	}

DEFINE_CR_ACCESS(0)
DEFINE_CR_ACCESS(2)
DEFINE_CR_ACCESS(3)
/* Setting a bit that the CPU lacks hangs QEMU's TCG: check CPUID first. */
DEFINE_CR_ACCESS(4)

/* Forget the translation of one page, global or not, on this CPU alone. */
static __always_inline void invlpg(const volatile void *addr)
{
	__asm__ volatile("invlpg %0" ::"m"(*(const volatile char *)addr)
			 : "memory");
}

/*
 * Store at base + offset, with no instruction for the sum; with @fresh, a
 * constant, the mapping of that address is dropped before.
 */
static __always_inline void store8_at(unsigned long base, unsigned long offset,
				      u8 value, bool fresh)
{
	if (fresh)
		__asm__ volatile("invlpg (%0,%1)" : : "r"(base), "r"(offset));
	__asm__ volatile("movb %b2, (%0,%1)"
			 :
			 : "r"(base), "r"(offset), "qi"(value)
			 : "memory");
}

static __always_inline void store32_at(unsigned long base, unsigned long offset,
				       u32 value, bool fresh)
{
	if (fresh)
		__asm__ volatile("invlpg (%0,%1)" : : "r"(base), "r"(offset));
	__asm__ volatile("movl %k2, (%0,%1)"
			 :
			 : "r"(base), "r"(offset), "ri"(value)
			 : "memory");
}

/* Not volatile: a value near the top of the stack is enough for its users. */
static __always_inline unsigned long read_sp(void)
{
	unsigned long sp;

	__asm__ volatile("mov %%rsp, %0" : "=r"(sp));
	return sp;
}

/*
 * Serialise: no instruction that was fetched or decoded before this call is
 * executed after it. IRET to the next instruction does it: every CPU and
 * emulator has IRET, and it needs no exit under virtualisation (CPUID does).
 * Context: any but NMI, because IRET unblocks the next NMI.
 */
static __always_inline void sync_core(void)
{
	unsigned long scratch;

	__asm__ volatile("mov %%ss, %k0\n\t"
			 "pushq %q0\n\t"
			 "pushq %%rsp\n\t"
			 "addq $8, (%%rsp)\n\t"
			 "pushfq\n\t"
			 "mov %%cs, %k0\n\t"
			 "pushq %q0\n\t"
			 "pushq $1f\n\t"
			 "iretq\n"
			 "1:"
			 : "=&r"(scratch)::"cc", "memory");
}
