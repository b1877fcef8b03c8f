/* SPDX-License-Identifier: MIT */
/*
 * Compiler and memory barriers, and single accesses, which the compiler may
 * neither tear nor repeat.
 *
 * x86 keeps loads in order, stores in order, and a load before a later store;
 * only a store may pass a later load of another address. So acquire, release,
 * smp_rmb() and smp_wmb() restrict only the compiler, and only smp_mb() costs
 * an instruction.
 */
#pragma once

#define barrier() __asm__ volatile("" ::: "memory")

#define smp_mb()  __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb() barrier()
#define smp_wmb() barrier()

#define READ_ONCE(x)	   (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, val) (*(volatile __typeof__(x) *)&(x) = (val))

#define smp_load_acquire(p)	  __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define smp_store_release(p, val) __atomic_store_n((p), (val), __ATOMIC_RELEASE)
