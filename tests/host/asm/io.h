/* SPDX-License-Identifier: MIT */
/* Host fake of <asm/io.h>: the device at the ports is the test's own. */
#pragma once

#include "kernel/lib/types.h"

void outb(u16 port, u8 value);
u8 inb(u16 port);
