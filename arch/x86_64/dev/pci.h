/* SPDX-License-Identifier: MIT */
/*
 * PCI: find a function on any bus, map its BARs, route its MSI-X interrupts.
 *
 * Access goes through the ports 0xcf8 and 0xcfc, so only the first 256 bytes of
 * a function's configuration are reached. All that is needed lies there.
 *
 * Context of all calls: one task at a time (the ports have no lock).
 */
#pragma once

#include "kernel/lib/types.h"

struct pci_function {
	u8 bus, slot, fn;
	u16 vendor, device;
};

#define PCI_COMMAND	   0x04
#define PCI_COMMAND_MEMORY BIT(1)
#define PCI_COMMAND_MASTER BIT(2)
#define PCI_BAR(n)	   (0x10 + 4 * (n))
#define PCI_CAP_VENDOR	   0x09
#define PCI_CAP_MSIX	   0x11

/* A register of 32 bits; @reg is a multiple of 4. */
u32 pci_read(const struct pci_function *f, unsigned int reg);
void pci_write(const struct pci_function *f, unsigned int reg, u32 value);

/*
 * Find the first function with this vendor and one of two device numbers, on
 * bus 0 and behind its bridges. Return: false: there is none, or no PCI.
 */
bool pci_find(u16 vendor, u16 device, u16 other, struct pci_function *f);

/*
 * The next capability with this id behind the one at @after (0: the first).
 * Return: its offset, 0 if there is none.
 */
unsigned int pci_capability(const struct pci_function *f, u8 id,
			    unsigned int after);

/*
 * Map @len bytes at @offset of a memory BAR of 32 or 64 bits. Return: the
 * address; NULL: it is no memory BAR, firmware gave it no address, or ioremap()
 * failed.
 */
volatile void *pci_map_bar(const struct pci_function *f, unsigned int bar,
			   u32 offset, u32 len);

/*
 * Let entry 0 of the MSI-X table raise @vector on this CPU and turn MSI-X on;
 * all other entries stay masked. Context: as above, task bound to its CPU.
 * Return: 0; -ENODEV the function has no MSI-X, or its table cannot be mapped;
 * -ERANGE the CPU's APIC id does not fit a message. No other code is returned.
 */
int pci_msix_enable(const struct pci_function *f, unsigned int vector);
