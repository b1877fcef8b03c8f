// SPDX-License-Identifier: MIT
/*
 * ACPI tables: root pointer -> XSDT or RSDT -> MADT.
 *
 * Pure: nothing here knows where the tables come from; acpi_boot.c does. The
 * input is the firmware's and may be anything, so no length or address in it
 * is believed before it has been compared with what may be read.
 *
 * I1 No byte outside what the reader has granted is ever read.
 */
#include "arch/x86_64/dev/acpi.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

#define TABLE_MAX (1U << 20) /* a larger one is damaged */

struct rsdp {
	char signature[8];
	u8 checksum;
	char oem[6];
	u8 revision;
	u32 rsdt;
	/* from revision 2 on */
	u32 length;
	u64 xsdt;
	u8 checksum_all;
	u8 reserved[3];
} __packed;

#define RSDP_V1_SIZE offsetof(struct rsdp, length)

struct sdt_header {
	char signature[4];
	u32 length;
	u8 revision;
	u8 checksum;
	char oem[6];
	char oem_table[8];
	u32 oem_revision;
	u32 creator;
	u32 creator_revision;
} __packed;

struct madt {
	struct sdt_header header;
	u32 lapic_phys;
	u32 flags;
} __packed;

static_assert(sizeof(struct rsdp) == 36, "as ACPI defines it");
static_assert(sizeof(struct sdt_header) == 36, "as ACPI defines it");

struct madt_entry {
	u8 type;
	u8 length;
} __packed;

enum madt_type {
	MADT_LAPIC = 0,
	MADT_IOAPIC = 1,
	MADT_OVERRIDE = 2,
	MADT_LAPIC_ADDRESS = 5,
	MADT_X2APIC = 9,
};

#define MADT_CPU_ENABLED 1U

struct madt_lapic {
	struct madt_entry entry;
	u8 processor;
	u8 apic_id;
	u32 flags;
} __packed;

struct madt_ioapic {
	struct madt_entry entry;
	u8 id;
	u8 reserved;
	u32 phys;
	u32 gsi_base;
} __packed;

struct madt_override {
	struct madt_entry entry;
	u8 bus;
	u8 irq;
	u32 gsi;
	u16 flags;
} __packed;

struct madt_lapic_address {
	struct madt_entry entry;
	u16 reserved;
	u64 phys;
} __packed;

struct madt_x2apic {
	struct madt_entry entry;
	u16 reserved;
	u32 apic_id;
	u32 flags;
	u32 processor;
} __packed;

static int fail(struct acpi_info *info, int err, const char *why, u64 where)
{
	memset(info, 0, sizeof(*info));
	info->why = why;
	info->where = where;
	return err;
}

static bool sums_to_zero(const void *data, size_t len)
{
	const u8 *byte = data;
	u8 sum = 0;

	while (len--)
		sum += *byte++;
	return sum == 0;
}

bool acpi_rsdp_valid(const void *data, size_t len)
{
	struct rsdp rsdp;

	if (len < RSDP_V1_SIZE || memcmp(data, "RSD PTR ", 8) ||
	    !sums_to_zero(data, RSDP_V1_SIZE))
		return false;
	memset(&rsdp, 0, sizeof(rsdp));
	memcpy(&rsdp, data, min(len, sizeof(rsdp)));
	if (rsdp.revision < 2)
		return true;
	return rsdp.length >= sizeof(rsdp) && rsdp.length <= len &&
	       sums_to_zero(data, rsdp.length);
}

/* A whole table, its checksum verified; NULL with info telling why. */
static const struct sdt_header *read_table(u64 phys, acpi_read_fn read,
					   struct acpi_info *info, int *err)
{
	const struct sdt_header *table = read(phys, sizeof(*table));
	u32 length;

	*err = 0;
	if (!table) {
		*err = fail(info, -EFAULT, "a table cannot be read", phys);
		return NULL;
	}
	memcpy(&length, &table->length, sizeof(length));
	if (length < sizeof(*table) || length > TABLE_MAX) {
		*err = fail(info, -EINVAL, "a table has a bad length", phys);
		return NULL;
	}
	table = read(phys, length);
	if (!table) {
		*err = fail(info, -EFAULT, "a table cannot be read", phys);
		return NULL;
	}
	if (!sums_to_zero(table, length)) {
		*err = fail(info, -EINVAL, "a table has a bad checksum", phys);
		return NULL;
	}
	return table;
}

static void add_cpu(struct acpi_info *info, u32 apic_id, u32 flags)
{
	if (!(flags & MADT_CPU_ENABLED))
		return;
	for (u32 i = 0; i < info->nr_cpus; i++)
		if (info->apic_id[i] == apic_id)
			return; /* listed as APIC and as x2APIC */
	if (info->nr_cpus == ACPI_MAX_CPUS)
		info->nr_cpus_ignored++;
	else
		info->apic_id[info->nr_cpus++] = apic_id;
}

/* Copies an entry of at least that size out; false if it is shorter. */
#define take(entry, to)                   \
	((entry)->length >= sizeof(to) && \
	 (memcpy(&(to), (entry), sizeof(to)), true))

static bool parse_interrupt_controllers(const struct madt_entry *entry,
					struct acpi_info *info)
{
	struct madt_ioapic ioapic;
	struct madt_override override;

	if (entry->type == MADT_IOAPIC) {
		if (!take(entry, ioapic))
			return false;
		if (info->nr_ioapics < ACPI_MAX_IOAPICS)
			info->ioapic[info->nr_ioapics++] =
				(struct acpi_ioapic){ ioapic.gsi_base,
						      ioapic.phys };
	} else if (entry->type == MADT_OVERRIDE) {
		if (!take(entry, override))
			return false;
		if (info->nr_overrides < ACPI_MAX_OVERRIDES)
			info->override[info->nr_overrides++] =
				(struct acpi_override){ override.gsi,
							override.flags,
							override.irq };
	}
	return true;
}

/* False if the entry is shorter than its type wants. */
static bool parse_entry(const struct madt_entry *entry, struct acpi_info *info)
{
	struct madt_lapic lapic;
	struct madt_x2apic x2apic;
	struct madt_lapic_address address;

	switch (entry->type) {
	case MADT_LAPIC:
		if (!take(entry, lapic))
			return false;
		add_cpu(info, lapic.apic_id, lapic.flags);
		return true;
	case MADT_X2APIC:
		if (!take(entry, x2apic))
			return false;
		add_cpu(info, x2apic.apic_id, x2apic.flags);
		return true;
	case MADT_LAPIC_ADDRESS:
		if (!take(entry, address))
			return false;
		info->lapic_phys = address.phys;
		return true;
	default:
		return parse_interrupt_controllers(entry, info);
	}
}

static int parse_madt(const struct sdt_header *table, u64 phys,
		      struct acpi_info *info)
{
	struct madt madt;
	const u8 *at = (const u8 *)table + sizeof(madt);
	const u8 *end;

	if (table->length < sizeof(madt))
		return fail(info, -EINVAL, "the MADT has a bad length", phys);
	memcpy(&madt, table, sizeof(madt));
	end = (const u8 *)table + madt.header.length;
	info->lapic_phys = madt.lapic_phys;
	while (at < end) {
		struct madt_entry entry;

		if (end - at < (ssize_t)sizeof(entry))
			return fail(info, -EINVAL,
				    "the MADT ends inside an entry", phys);
		memcpy(&entry, at, sizeof(entry));
		if (entry.length < sizeof(entry) || entry.length > end - at ||
		    !parse_entry((const void *)at, info))
			return fail(info, -EINVAL,
				    "the MADT has an entry of bad length",
				    phys);
		at += entry.length;
	}
	return 0;
}

int acpi_parse(const void *data, size_t len, acpi_read_fn read,
	       struct acpi_info *info)
{
	struct rsdp rsdp = { .revision = 0 };
	const struct sdt_header *root, *table;
	size_t width, count;
	u64 root_phys;
	int err;

	memset(info, 0, sizeof(*info));
	if (!acpi_rsdp_valid(data, len))
		return fail(info, -EINVAL, "the root pointer is damaged", 0);
	memcpy(&rsdp, data, min(len, sizeof(rsdp)));
	width = rsdp.revision >= 2 && rsdp.xsdt ? sizeof(u64) : sizeof(u32);
	root_phys = width == sizeof(u64) ? rsdp.xsdt : rsdp.rsdt;
	root = read_table(root_phys, read, info, &err);
	if (!root)
		return err;
	if (memcmp(root->signature, width == 8 ? "XSDT" : "RSDT", 4))
		return fail(info, -EINVAL, "the root table is no RSDT or XSDT",
			    root_phys);
	count = (root->length - sizeof(*root)) / width;
	for (size_t i = 0; i < count; i++) {
		u64 phys = 0;

		memcpy(&phys, (const u8 *)(root + 1) + i * width, width);
		table = read(phys, sizeof(*table));
		if (!table || memcmp(table->signature, "APIC", 4))
			continue;
		table = read_table(phys, read, info, &err);
		return table ? parse_madt(table, phys, info) : err;
	}
	return fail(info, -ENOENT, "there is no MADT", root_phys);
}
