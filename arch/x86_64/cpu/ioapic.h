/* SPDX-License-Identifier: MIT */
/* I/O APICs: they route a device's interrupt line to a CPU and a vector. */
#pragma once

#include "kernel/lib/types.h"

/*
 * Mask every line of every I/O APIC of the MADT. Context: boot, after
 * acpi_init() and paging. Return: 0; -ENOMEM. No other code is returned.
 */
int ioapic_init(void);

/*
 * Route an ISA interrupt to the boot CPU as vector, by the MADT's overrides.
 * Return: 0; -ENODEV if no I/O APIC has that line. No other code is returned.
 */
int ioapic_route_isa(unsigned int irq, unsigned int vector);
