// SPDX-License-Identifier: MIT
/*
 * ACPI tables: root pointer -> XSDT or RSDT -> MADT.
 *
 * Pure: only acpi_boot.c knows where the tables come from. The input is the
 * firmware's and may be damaged in any way, so no length or address in it is
 * used before it has been checked against the memory that may be read.
 *
 * AC1 No byte outside what the reader has granted is ever read.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"

#define TABLE_MAX (1U << 20) /* a larger one is damaged */

/*
 * The layouts are those of ACPI 6.4, 5.2. Tables may lie at any address, so a
 * field is copied before it is used.
 */
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

/* Flags of a CPU, bit 0: it can be started now. */
#define MADT_CPU_ENABLED 1U

/* Offsets in the FADT and in the HPET's table. */
#define FADT_PM_TIMER 76
#define HPET_SPACE    40
#define HPET_ADDRESS  44
#define SPACE_MEMORY  0

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

/*
 * The result has nothing but the reason, so nobody uses half of it. Return:
 * @err.
 */
static int fail(struct acpi_info *info, int err, const char *why, u64 where)
{
	memset(info, 0, sizeof(*info));
	info->why = why;
	info->where = where;
	return err;
}

/* The checksum of every ACPI table: all bytes add up to 0, modulo 256. */
static bool sums_to_zero(const void *data, size_t len)
{
	const u8 *byte = data;
	u8 sum = 0;

	while (len--)
		sum += *byte++;
	return sum == 0;
}

/* From revision 2 on there is a second checksum, over the longer structure. */
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

/* A whole table with a correct checksum; NULL, and info says why. */
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

/* Copies an entry to @to; false if the entry is shorter than @to. */
#define take(entry, to)                   \
	((entry)->length >= sizeof(to) && \
	 (memcpy(&(to), (entry), sizeof(to)), true))

/*
 * What does not fit into info is left out: it has room for what machines have.
 * Other types are skipped.
 */
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

/* Return: false if the entry is shorter than its type requires. */
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

/* The length of each entry is in it; the sum must be that of the table. */
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

/* The value at an offset of a whole table; 0 if the table is shorter. */
static u64 field(const struct sdt_header *table, u32 offset, size_t width)
{
	u64 value = 0;

	if (offset + width <= table->length)
		memcpy(&value, (const u8 *)table + offset, width);
	return value;
}

/* A damaged table of a clock is ignored: it is no reason to fail. */
static void parse_clock(u64 phys, const char *signature, acpi_read_fn read,
			struct acpi_info *info)
{
	struct acpi_info ignored;
	const struct sdt_header *table;
	bool hpet = !memcmp(signature, "HPET", 4);
	int err;

	if (!hpet && memcmp(signature, "FACP", 4))
		return;
	table = read_table(phys, read, &ignored, &err);
	if (!table)
		return;
	if (!hpet)
		info->pm_timer_port = field(table, FADT_PM_TIMER, 4);
	else if (field(table, HPET_SPACE, 1) == SPACE_MEMORY)
		info->hpet_phys = field(table, HPET_ADDRESS, 8);
}

/* Reads every table that the root lists; only the first MADT counts. */
static int parse_tables(const struct sdt_header *root, u64 root_phys,
			size_t width, acpi_read_fn read, struct acpi_info *info)
{
	size_t count = (root->length - sizeof(*root)) / width;
	const struct sdt_header *table;
	bool found = false;
	int err = 0;

	for (size_t i = 0; i < count && !err; i++) {
		u64 phys = field(root, sizeof(*root) + i * width, width);

		table = read(phys, sizeof(*table));
		if (!table)
			continue;
		parse_clock(phys, table->signature, read, info);
		if (found || memcmp(table->signature, "APIC", 4))
			continue;
		table = read_table(phys, read, info, &err);
		err = table ? parse_madt(table, phys, info) : err;
		found = true;
	}
	if (found)
		return err;
	return fail(info, -ENOENT, "there is no MADT", root_phys);
}

/* The XSDT has 64-bit addresses and wins over the RSDT. */
int acpi_parse(const void *data, size_t len, acpi_read_fn read,
	       struct acpi_info *info)
{
	struct rsdp rsdp = { .revision = 0 };
	const struct sdt_header *root;
	size_t width;
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
	return parse_tables(root, root_phys, width, read, info);
}
