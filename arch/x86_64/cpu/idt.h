/* SPDX-License-Identifier: MIT */
/* The interrupt descriptor table, one for all CPUs. */
#pragma once

/* Make this CPU use it. */
void idt_load(void);
