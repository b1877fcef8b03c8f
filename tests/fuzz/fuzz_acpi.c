// SPDX-License-Identifier: MIT
/*
 * The ACPI parser: input is the tables from 0xe0000 on, the root pointer
 * first. Checksums are put right half of the time (first byte of the input),
 * or nothing behind them would ever be reached.
 * host-sources: arch/x86_64/acpi/acpi.c
 */
#include "arch/x86_64/acpi/acpi.h"
#include "kernel/base/panic.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/acpi_tables.h"

static void repair(const void *data, size_t size)
{
	if (size >= 20)
		acpi_checksum((u8 *)data, 20, 8);
	if (size >= 36)
		acpi_checksum((u8 *)data, 36, 32);
	for (u64 at = 64; at + 36 <= size; at += 64) {
		u32 len;

		memcpy(&len, acpi_at(ACPI_BASE + at + 4), 4);
		if (len >= 36 && len <= ACPI_SIZE - at)
			acpi_checksum(acpi_at(ACPI_BASE + at), len, 9);
	}
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	static struct acpi_info info;
	size_t len;
	u8 *rsdp;

	if (!size || size > ACPI_SIZE)
		return 0;
	memset(acpi_memory, 0, sizeof(acpi_memory));
	memcpy(acpi_memory, data + 1, size - 1);
	len = min(size - 1, (size_t)36);
	if (data[0] & 1)
		repair(acpi_memory, size - 1);
	rsdp = host_malloc(len);
	memcpy(rsdp, acpi_memory, len);
	if (acpi_parse(rsdp, len, acpi_read, &info)) {
		BUG_ON(!info.why || info.nr_cpus);
	} else {
		BUG_ON(info.nr_cpus > ACPI_MAX_CPUS);
		BUG_ON(info.nr_ioapics > ACPI_MAX_IOAPICS);
	}
	acpi_forget();
	host_free(rsdp);
	return 0;
}
