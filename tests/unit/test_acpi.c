// SPDX-License-Identifier: MIT
/*
 * arch/x86_64/acpi/acpi.c: good tables, and every kind of damage by name.
 * host-sources: arch/x86_64/acpi/acpi.c
 */
#include "arch/x86_64/acpi/acpi.h"
#include "kernel/lib/errno.h"
#include "tests/unit/acpi_tables.h"
#include "tests/unit/unit.h"

#define RSDT 0xe1000UL
#define XSDT 0xe2000UL
#define FACP 0xe3000UL
#define MADT 0xe4000UL

#define MADT_BODY 44

static u8 rsdp[36];
static u32 madt_len;
static struct acpi_info info;

static void add_entry(const void *bytes, u8 len)
{
	memcpy(acpi_at(MADT + madt_len), bytes, len);
	madt_len += len;
	acpi_table(MADT, "APIC", madt_len);
}

static void add_lapic(u8 id, u8 enabled)
{
	u8 entry[8] = { 0, 8, id, id, enabled };

	add_entry(entry, sizeof(entry));
}

static void add_x2apic(u32 id)
{
	u8 entry[16] = { 9, 16, [8] = 1 };

	memcpy(entry + 4, &id, 4);
	add_entry(entry, sizeof(entry));
}

static void finish_rsdp(u8 revision)
{
	u32 rsdt = RSDT, len = 36;
	u64 xsdt = XSDT;

	memset(rsdp, 0, sizeof(rsdp));
	memcpy(rsdp, "RSD PTR ", 8);
	rsdp[15] = revision;
	memcpy(rsdp + 16, &rsdt, 4);
	if (revision >= 2) {
		memcpy(rsdp + 20, &len, 4);
		memcpy(rsdp + 24, &xsdt, 8);
	}
	acpi_checksum(rsdp, 20, 8);
	acpi_checksum(rsdp, 36, 32);
}

/* Two tables under both roots, a MADT with LAPIC address and nothing else. */
static void start(u8 revision)
{
	u32 t32[] = { FACP, MADT }, lapic = 0xfee00000;
	u64 t64[] = { FACP, MADT };

	memset(acpi_memory, 0, sizeof(acpi_memory));
	memcpy(acpi_at(RSDT + 36), t32, sizeof(t32));
	acpi_table(RSDT, "RSDT", 36 + sizeof(t32));
	memcpy(acpi_at(XSDT + 36), t64, sizeof(t64));
	acpi_table(XSDT, "XSDT", 36 + sizeof(t64));
	acpi_table(FACP, "FACP", 116);
	memcpy(acpi_at(MADT + 36), &lapic, 4);
	madt_len = MADT_BODY;
	acpi_table(MADT, "APIC", madt_len);
	finish_rsdp(revision);
}

static int parse(void)
{
	int err = acpi_parse(rsdp, rsdp[15] >= 2 ? 36 : 20, acpi_read, &info);

	acpi_forget();
	return err;
}

static void check_refused(int err, const char *why, u64 where)
{
	struct acpi_info zero = { .why = info.why, .where = info.where };

	CHECK_EQ(parse(), err);
	CHECK_STR(info.why, why);
	CHECK_EQ(info.where, where);
	zero.why = info.why;
	zero.where = info.where;
	CHECK(!memcmp(&zero, &info, sizeof(info)));
}

UNIT(acpi, cpus_by_both_kinds_of_root)
{
	for (u8 revision = 0; revision <= 2; revision += 2) {
		start(revision);
		for (u8 id = 0; id < 5; id++)
			add_lapic((u8)(id * 2), id != 3);
		CHECK_EQ(parse(), 0);
		CHECK_EQ(info.nr_cpus, 4);
		CHECK_EQ(info.apic_id[1], 2);
		CHECK_EQ(info.apic_id[3], 8);
		CHECK_EQ(info.lapic_phys, 0xfee00000);
		CHECK(!info.why);
	}
}

UNIT(acpi, a_cpu_listed_twice_counts_once)
{
	start(2);
	add_lapic(0, 1);
	add_lapic(1, 1);
	add_x2apic(1);
	add_x2apic(300);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.nr_cpus, 3);
	CHECK_EQ(info.apic_id[2], 300);
}

UNIT(acpi, too_many_cpus_are_counted)
{
	start(2);
	for (u8 id = 0; id < 70; id++)
		add_lapic(id, 1);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.nr_cpus, ACPI_MAX_CPUS);
	CHECK_EQ(info.nr_cpus_ignored, 6);
}

UNIT(acpi, controllers_and_overrides)
{
	static const u8 ioapic[12] = { 1, 12, 0, 0, 0, 0, 0xc0, 0xfe, 24 };
	static const u8 isa[10] = { 2, 10, 0, 9, 20, 0, 0, 0, 0x0d };
	static const u8 address[12] = { 5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1 };

	start(2);
	add_entry(ioapic, sizeof(ioapic));
	add_entry(isa, sizeof(isa));
	add_entry(address, sizeof(address));
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.nr_ioapics, 1);
	CHECK_EQ(info.ioapic[0].phys, 0xfec00000);
	CHECK_EQ(info.ioapic[0].gsi_base, 24);
	CHECK_EQ(info.nr_overrides, 1);
	CHECK_EQ(info.override[0].irq, 9);
	CHECK_EQ(info.override[0].gsi, 20);
	CHECK_EQ(info.override[0].flags, 0x0d);
	CHECK_EQ(info.lapic_phys, 0x1fee00000);
}

UNIT(acpi, damaged_root_pointer)
{
	start(2);
	rsdp[10] ^= 1;
	check_refused(-EINVAL, "the root pointer is damaged", 0);
	start(2);
	rsdp[33] ^= 1; /* only the second checksum covers it */
	check_refused(-EINVAL, "the root pointer is damaged", 0);
	start(0);
	memcpy(rsdp, "RSD PTX ", 8);
	acpi_checksum(rsdp, 20, 8);
	check_refused(-EINVAL, "the root pointer is damaged", 0);
	CHECK(!acpi_rsdp_valid(rsdp, 19));
	CHECK(!acpi_rsdp_valid(rsdp, 0));
}

/* AC1 */
UNIT(acpi, damaged_tables)
{
	static const u64 tables[] = { XSDT, MADT };

	for (size_t i = 0; i < ARRAY_SIZE(tables); i++) {
		start(2);
		acpi_at(tables[i])[20] ^= 1;
		check_refused(-EINVAL, "a table has a bad checksum", tables[i]);
		start(2);
		memset(acpi_at(tables[i] + 4), 0, 4);
		check_refused(-EINVAL, "a table has a bad length", tables[i]);
		start(2);
		memset(acpi_at(tables[i] + 4), 0xff, 4);
		check_refused(-EINVAL, "a table has a bad length", tables[i]);
		start(2);
		acpi_at(tables[i] + 6)[0] = 0x0f; /* past readable memory */
		check_refused(-EFAULT, "a table cannot be read", tables[i]);
	}
}

UNIT(acpi, wrong_or_missing_tables)
{
	start(2);
	acpi_table(XSDT, "RSDT", 52);
	check_refused(-EINVAL, "the root table is no RSDT or XSDT", XSDT);
	start(2);
	acpi_table(MADT, "HPET", MADT_BODY);
	check_refused(-ENOENT, "there is no MADT", XSDT);
	start(2);
	acpi_table(MADT, "APIC", 40);
	check_refused(-EINVAL, "the MADT has a bad length", MADT);
}

UNIT(acpi, damaged_entries)
{
	static const u8 half[1] = { 0 };
	static const u8 zero[2] = { 0, 0 };
	static const u8 short_lapic[4] = { 0, 4, 0, 0 };
	static const u8 long_lapic[8] = { 0, 9, 0, 0, 1 };
	static const u8 unknown[6] = { 77, 6 };

	start(2);
	add_entry(half, sizeof(half));
	check_refused(-EINVAL, "the MADT ends inside an entry", MADT);
	start(2);
	add_entry(zero, sizeof(zero));
	check_refused(-EINVAL, "the MADT has an entry of bad length", MADT);
	start(2);
	add_entry(short_lapic, sizeof(short_lapic));
	check_refused(-EINVAL, "the MADT has an entry of bad length", MADT);
	start(2);
	add_entry(long_lapic, sizeof(long_lapic));
	check_refused(-EINVAL, "the MADT has an entry of bad length", MADT);
	start(2);
	add_entry(unknown, sizeof(unknown));
	add_lapic(0, 1);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.nr_cpus, 1);
}

UNIT(acpi, the_clocks_are_found)
{
	u32 port = 0x608;
	u64 hpet = 0xfed00000;

	start(2);
	memcpy(acpi_at(FACP + 76), &port, 4);
	acpi_table(FACP, "FACP", 116);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.pm_timer_port, 0x608);
	CHECK_EQ(info.hpet_phys, 0);
	start(2);
	memcpy(acpi_at(FACP + 44), &hpet, 8);
	acpi_table(FACP, "HPET", 56);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.hpet_phys, hpet);
	CHECK_EQ(info.pm_timer_port, 0);
}

/* Too short, damaged, or in I/O space: no clock, and no error. */
UNIT(acpi, a_table_of_a_clock_that_is_no_good_names_none)
{
	u64 hpet = 0xfed00000;

	start(2);
	memcpy(acpi_at(FACP + 44), &hpet, 8);
	acpi_table(FACP, "HPET", 51);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.hpet_phys, 0);
	acpi_table(FACP, "HPET", 56);
	*acpi_at(FACP + 50) ^= 1;
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.hpet_phys, 0);
	*acpi_at(FACP + 50) ^= 1;
	*acpi_at(FACP + 40) = 1;
	acpi_table(FACP, "HPET", 56);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.hpet_phys, 0);
	acpi_table(FACP, "FACP", 79);
	CHECK_EQ(parse(), 0);
	CHECK_EQ(info.pm_timer_port, 0);
}
