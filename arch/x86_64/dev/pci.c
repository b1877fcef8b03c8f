// SPDX-License-Identifier: MIT
/*
 * PCI configuration: enumeration, BARs, capabilities, MSI-X.
 *
 * Owns: the ports 0xcf8 and 0xcfc. Firmware has given out bus numbers and
 * addresses; nothing is assigned here. A 64-bit BAR may lie above 4 GiB, as it
 * does under OVMF.
 */
#include "arch/x86_64/dev/pci.h"

#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/lib/errno.h"
#include <asm/io.h>

/*
 * Registers of a function (PCI 3.0, 6.1), read by 32 bits: so the status stands
 * in the upper half of the word at PCI_COMMAND.
 */
#define CONFIG_ADDRESS 0xcf8
#define CONFIG_DATA    0xcfc
#define CONFIG_ENABLE  0x80000000U

#define REG_ID	     0x00
#define REG_CLASS    0x08
#define REG_HEADER   0x0c
#define REG_BUSES    0x18
#define REG_CAP_LIST 0x34

#define HEADER_TYPE(reg) ((reg) >> 16 & 0x7f)
#define HEADER_MULTI	 BIT(23)
#define HEADER_BRIDGE	 1
#define STATUS_CAPS	 BIT(20)

#define SLOTS	32
#define FNS	8
#define MAX_BUS 255
#define NR_BARS 6
/* Each capability takes at least 4 of the 192 bytes behind the header. */
#define MAX_CAPS 48

/*
 * Bits of a base address register (6.2.5.1). Bits below the address say what
 * kind of space it is.
 */
#define BAR_IO	      BIT(0)
#define BAR_TYPE(bar) ((bar) >> 1 & 3)
#define BAR_64	      2
#define BAR_ADDRESS   0xfffffff0U

/*
 * MSI-X (6.8.2), and the message by which a local APIC gets an interrupt (SDM
 * 3, Message Signalled Interrupts).
 */
#define MSIX_ENABLE    BIT(31)
#define MSIX_MASK_ALL  BIT(30)
#define MSIX_BIR       7U
#define MSIX_ENTRY     16
#define MSIX_DATA      8
#define MSIX_CONTROL   12
#define MSI_ADDRESS    0xfee00000U
#define MSI_DEST_SHIFT 12

/* What the port CONFIG_ADDRESS takes; a register is a multiple of 4. */
static u32 config_address(const struct pci_function *f, unsigned int reg)
{
	return CONFIG_ENABLE | f->bus << 16 | f->slot << 11 | f->fn << 8 |
	       (reg & 0xfc);
}

/*
 * Two accesses that belong together: the caller is alone. All ones if there is
 * no such function.
 */
u32 pci_read(const struct pci_function *f, unsigned int reg)
{
	outl(CONFIG_ADDRESS, config_address(f, reg));
	return inl(CONFIG_DATA);
}

void pci_write(const struct pci_function *f, unsigned int reg, u32 value)
{
	outl(CONFIG_ADDRESS, config_address(f, reg));
	outl(CONFIG_DATA, value);
}

/* ---- enumeration --------------------------------------------------------- */

/* Read the numbers of a function. Return: false: nothing is there. */
static bool probe(struct pci_function *f)
{
	u32 id = pci_read(f, REG_ID);

	f->vendor = id;
	f->device = id >> 16;
	return f->vendor != 0xffff;
}

/* The bus behind a bridge, which has a higher number; 0: it is no bridge. */
static unsigned int bus_behind(const struct pci_function *f)
{
	unsigned int bus;

	if (HEADER_TYPE(pci_read(f, REG_HEADER)) != HEADER_BRIDGE)
		return 0;
	bus = pci_read(f, REG_BUSES) >> 8 & 0xff;
	return bus > f->bus ? bus : 0;
}

/* Only function 0 says whether the device has others. */
static unsigned int functions_of(const struct pci_function *f)
{
	return pci_read(f, REG_HEADER) & HEADER_MULTI ? FNS : 1;
}

/* @buses: a bit for each bus to look at; grows with the bridges found. */
static bool find_on_bus(u16 vendor, u16 device, u16 other, u64 buses[4],
			struct pci_function *f)
{
	unsigned int i, nr = SLOTS * FNS, bus;

	for (i = 0; i < nr; i++) {
		f->slot = i / FNS;
		f->fn = i % FNS;
		if (!probe(f)) {
			if (!f->fn)
				i += FNS - 1;
			continue;
		}
		if (f->vendor == vendor &&
		    (f->device == device || f->device == other))
			return true;
		bus = bus_behind(f);
		if (bus)
			buses[bus / 64] |= BIT(bus % 64);
		if (!f->fn && functions_of(f) == 1)
			i += FNS - 1;
	}
	return false;
}

/*
 * The first function in the order of buses and slots. A bridge leads to buses
 * of higher numbers only, so one pass finds all of them.
 */
bool pci_find(u16 vendor, u16 device, u16 other, struct pci_function *f)
{
	u64 buses[4] = { 1 };
	unsigned int bus;

	for (bus = 0; bus <= MAX_BUS; bus++) {
		f->bus = bus;
		if (buses[bus / 64] & BIT(bus % 64) &&
		    find_on_bus(vendor, device, other, buses, f))
			return true;
	}
	return false;
}

/*
 * The list is followed for MAX_CAPS steps at most, since a damaged one may be a
 * circle. @after 0: from its beginning.
 */
unsigned int pci_capability(const struct pci_function *f, u8 id,
			    unsigned int after)
{
	unsigned int at, nr;

	if (!(pci_read(f, PCI_COMMAND) & STATUS_CAPS))
		return 0;
	if (after)
		at = pci_read(f, after) >> 8 & 0xfc;
	else
		at = pci_read(f, REG_CAP_LIST) & 0xfc;
	for (nr = 0; at && nr < MAX_CAPS; nr++) {
		u32 head = pci_read(f, at);

		if ((head & 0xff) == id)
			return at;
		at = head >> 8 & 0xfc;
	}
	return 0;
}

/* ---- BARs and MSI-X ------------------------------------------------------ */

volatile void *pci_map_bar(const struct pci_function *f, unsigned int bar,
			   u32 offset, u32 len)
{
	u32 low = bar < NR_BARS ? pci_read(f, PCI_BAR(bar)) : BAR_IO;
	u64 base = low & BAR_ADDRESS;

	if (low & BAR_IO)
		return NULL;
	if (BAR_TYPE(low) == BAR_64 && bar + 1 < NR_BARS)
		base |= (u64)pci_read(f, PCI_BAR(bar + 1)) << 32;
	return base ? ioremap(base + offset, len) : NULL;
}

/*
 * All is masked while entry 0, the only one in use, is written. The message
 * goes to this CPU.
 */
int pci_msix_enable(const struct pci_function *f, unsigned int vector)
{
	unsigned int cap = pci_capability(f, PCI_CAP_MSIX, 0);
	volatile char *entry;
	u32 table;

	if (!cap)
		return -ENODEV;
	if (!apic_reaches(apic_id()))
		return -ERANGE;
	table = pci_read(f, cap + 4);
	entry = pci_map_bar(f, table & MSIX_BIR, table & ~MSIX_BIR, MSIX_ENTRY);
	if (!entry)
		return -ENODEV;
	pci_write(f, cap, pci_read(f, cap) | MSIX_ENABLE | MSIX_MASK_ALL);
	writel(entry, MSI_ADDRESS | apic_id() << MSI_DEST_SHIFT);
	writel(entry + 4, 0);
	writel(entry + MSIX_DATA, vector);
	writel(entry + MSIX_CONTROL, 0);
	pci_write(f, cap, (pci_read(f, cap) | MSIX_ENABLE) & ~MSIX_MASK_ALL);
	return 0;
}
