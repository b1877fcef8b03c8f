/* SPDX-License-Identifier: MIT */
/* The interrupt descriptor table, one for all CPUs. */
#pragma once

/* Fill the table: 256 interrupt gates to the stubs of entry.asm. Boot. */
void idt_init(void);

/* Make this CPU use it. */
void idt_load(void);
