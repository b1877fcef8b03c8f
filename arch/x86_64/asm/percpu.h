/* SPDX-License-Identifier: MIT */
/*
 * Per-CPU variables, reached through GS.
 *
 * Owns the addressing rule: the section .percpu of the image is CPU 0's own
 * copy (GS base 0). Every other CPU has a copy of it at the same address plus
 * its GS base, which is also kept in per_cpu_offset[]. All copies start as
 * zero: DEFINE_PER_CPU() takes no initialiser.
 *
 * Each this_cpu_*() is ONE instruction, so an interrupt or a migration comes
 * before or after it, never in the middle. There is no lock prefix: only the
 * owner CPU may write with these. A sequence of more than one instruction
 * (this_cpu_ptr() and a use of its result) needs preemption off. They can be
 * used in every context.
 */
#pragma once

#include "kernel/lib/types.h"

/* The most CPUs that are started; masks of CPUs are one u64. */
#define NR_CPUS 64

#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name
#define DEFINE_PER_CPU(type, name) \
	__attribute__((section(".percpu"))) __typeof__(type) name

/* [I] after smp_init(): GS base of each CPU; 0 for CPU 0 */
extern unsigned long per_cpu_offset[NR_CPUS];

struct task_struct;

/*
 * this_cpu_off: this CPU's own GS base, to make addresses with. cpu_number: 0
 * for the CPU that boots. current_task: see get_current().
 */
DECLARE_PER_CPU(unsigned long, this_cpu_off);
DECLARE_PER_CPU(u32, cpu_number);
DECLARE_PER_CPU(struct task_struct *, current_task);

/* Never defined: a call that the compiler cannot remove is an error. */
extern void percpu_bad_size(void)
	__attribute__((error("per-CPU access of a size other than 1 2 4 8")));

/* Move an address by off, hidden from the compiler's bounds analysis. */
#define percpu_shift_(p, off)                                           \
	({                                                              \
		unsigned long shifted_;                                 \
		__asm__("" : "=r"(shifted_) : "0"((unsigned long)(p))); \
		(__typeof__(p))(shifted_ + (off));                      \
	})

/*
 * The copy of another CPU, or of this one as a pointer. Its owner may change it
 * at any time: use READ_ONCE() for what it counts.
 */
#define per_cpu_ptr(p, cpu) percpu_shift_(p, per_cpu_offset[cpu])
#define per_cpu(var, cpu)   (*per_cpu_ptr(&(var), cpu))
#define this_cpu_ptr(p)	    percpu_shift_(p, this_cpu_read(this_cpu_off))

/*
 * A load relative to GS, by size. volatile: two reads are two loads, since an
 * interrupt may come between them.
 */
#define this_cpu_read(var)                                   \
	({                                                   \
		__typeof__(var) read_;                       \
		switch (sizeof(var)) {                       \
		case 1:                                      \
			__asm__ volatile("movb %%gs:%1, %b0" \
					 : "=q"(read_)       \
					 : "m"(var));        \
			break;                               \
		case 2:                                      \
			__asm__ volatile("movw %%gs:%1, %w0" \
					 : "=r"(read_)       \
					 : "m"(var));        \
			break;                               \
		case 4:                                      \
			__asm__ volatile("movl %%gs:%1, %k0" \
					 : "=r"(read_)       \
					 : "m"(var));        \
			break;                               \
		case 8:                                      \
			__asm__ volatile("movq %%gs:%1, %q0" \
					 : "=r"(read_)       \
					 : "m"(var));        \
			break;                               \
		default:                                     \
			percpu_bad_size();                   \
		}                                            \
		read_;                                       \
	})

/* Is a byte not 0? The compiler branches on the flags of the comparison. */
#define this_cpu_is_set(var)                               \
	({                                                 \
		bool set_;                                 \
		static_assert(sizeof(var) == 1, "a byte"); \
		__asm__ volatile("cmpb $0, %%gs:%1"        \
				 : "=@ccne"(set_)          \
				 : "m"(var));              \
		set_;                                      \
	})

/* Reads one byte; the load itself extends it to 32 bits. */
#define this_cpu_read_byte(var)                            \
	({                                                 \
		u32 byte_;                                 \
		static_assert(sizeof(var) == 1, "a byte"); \
		__asm__ volatile("movzbl %%gs:%1, %0"      \
				 : "=r"(byte_)             \
				 : "m"(var));              \
		byte_;                                     \
	})

/* Reads four bytes as an index; the load clears the upper half. */
#define this_cpu_read_index(var)                            \
	({                                                  \
		unsigned long index_;                       \
		static_assert(sizeof(var) == 4, "4 bytes"); \
		__asm__ volatile("movl %%gs:%1, %k0"        \
				 : "=r"(index_)             \
				 : "m"(var));               \
		index_;                                     \
	})

/*
 * insn: "mov", "add", "sub", "or", "and", "xor", with a register or an
 * immediate.
 */
#define percpu_to_op_(insn, var, val)                          \
	do {                                                   \
		__typeof__(var) operand_ = (val);              \
		switch (sizeof(var)) {                         \
		case 1:                                        \
			__asm__ volatile(insn "b %b1, %%gs:%0" \
					 : "+m"(var)           \
					 : "q"(operand_)       \
					 : "cc");              \
			break;                                 \
		case 2:                                        \
			__asm__ volatile(insn "w %w1, %%gs:%0" \
					 : "+m"(var)           \
					 : "r"(operand_)       \
					 : "cc");              \
			break;                                 \
		case 4:                                        \
			__asm__ volatile(insn "l %k1, %%gs:%0" \
					 : "+m"(var)           \
					 : "re"(operand_)      \
					 : "cc");              \
			break;                                 \
		case 8:                                        \
			__asm__ volatile(insn "q %q1, %%gs:%0" \
					 : "+m"(var)           \
					 : "re"(operand_)      \
					 : "cc");              \
			break;                                 \
		default:                                       \
			percpu_bad_size();                     \
		}                                              \
	} while (0)

/*
 * Read-modify-write in one instruction without a lock prefix: atomic against
 * interrupts of this CPU, not against other CPUs.
 */
#define this_cpu_write(var, val) percpu_to_op_("mov", var, val)
#define this_cpu_add(var, val)	 percpu_to_op_("add", var, val)
#define this_cpu_sub(var, val)	 percpu_to_op_("sub", var, val)
#define this_cpu_or(var, val)	 percpu_to_op_("or", var, val)
#define this_cpu_and(var, val)	 percpu_to_op_("and", var, val)
#define this_cpu_xor(var, val)	 percpu_to_op_("xor", var, val)
#define this_cpu_inc(var)	 percpu_to_op_("add", var, 1)
#define this_cpu_dec(var)	 percpu_to_op_("sub", var, 1)

/* Adds to a 4- or 8-byte variable and returns its old value. */
#define this_cpu_fetch_add(var, val)                                     \
	({                                                               \
		__typeof__(var) sum_ = (val);                            \
		if (sizeof(var) == 4)                                    \
			__asm__ volatile("xaddl %k0, %%gs:%1"            \
					 : "+r"(sum_), "+m"(var)::"cc"); \
		else if (sizeof(var) == 8)                               \
			__asm__ volatile("xaddq %q0, %%gs:%1"            \
					 : "+r"(sum_), "+m"(var)::"cc"); \
		else                                                     \
			percpu_bad_size();                               \
		sum_;                                                    \
	})

/* Stays true only while preemption is off. */
#define smp_processor_id() this_cpu_read(cpu_number)

/*
 * The asm is deliberately not volatile: within one task the value never
 * changes, so the compiler may keep it, even across a switch.
 */
static __always_inline struct task_struct *get_current(void)
{
	struct task_struct *task;

	__asm__("movq %%gs:%1, %0" : "=r"(task) : "m"(current_task));
	return task;
}

#define current get_current()
