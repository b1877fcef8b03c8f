/* SPDX-License-Identifier: MIT */
/* Host fake of <asm/io.h>: the device at the ports is the test's own. */
#pragma once

#include "kernel/lib/types.h"

void outb(u16 port, u8 value);
u8 inb(u16 port);

/* Registers in memory are the test's own device, too. */
u8 readb(const volatile void *addr);
u16 readw(const volatile void *addr);
u32 readl(const volatile void *addr);
void writeb(volatile void *addr, u8 value);
void writew(volatile void *addr, u16 value);
void writel(volatile void *addr, u32 value);
