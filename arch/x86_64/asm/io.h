/* SPDX-License-Identifier: MIT */
/* Port and memory-mapped input and output. Each function is one instruction. */
#pragma once

#include "kernel/lib/types.h"

/*
 * Ports. The memory clobber keeps the compiler from moving memory accesses
 * across; the processor itself completes earlier stores before an OUT (SDM 1,
 * "Ordering I/O").
 */
static __always_inline void outb(u16 port, u8 value)
{
	__asm__ volatile("outb %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static __always_inline void outl(u16 port, u32 value)
{
	__asm__ volatile("outl %0, %1" ::"a"(value), "Nd"(port) : "memory");
}

static __always_inline u8 inb(u16 port)
{
	u8 value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

static __always_inline u32 inl(u16 port)
{
	u32 value;

	__asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port) : "memory");
	return value;
}

/*
 * Registers of a device, mapped uncached (ioremap()). The width of an access
 * is the function's: b 8, w 16, l 32 bits. A device may refuse any other width.
 * Volatile orders these accesses among themselves, not against ordinary memory;
 * a driver that needs that has a barrier (virtio.c).
 */
static __always_inline u32 readl(const volatile void *addr)
{
	return *(const volatile u32 *)addr;
}

static __always_inline void writel(volatile void *addr, u32 value)
{
	*(volatile u32 *)addr = value;
}

static __always_inline u8 readb(const volatile void *addr)
{
	return *(const volatile u8 *)addr;
}

static __always_inline u16 readw(const volatile void *addr)
{
	return *(const volatile u16 *)addr;
}

static __always_inline void writeb(volatile void *addr, u8 value)
{
	*(volatile u8 *)addr = value;
}

static __always_inline void writew(volatile void *addr, u16 value)
{
	*(volatile u16 *)addr = value;
}
