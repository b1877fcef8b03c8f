// SPDX-License-Identifier: MIT
/*
 * Where the firmware's tables may lie: nowhere that this CPU cannot address,
 * whatever a root pointer with a right checksum says.
 */
#include "arch/x86_64/acpi/acpi.h"
#include "arch/x86_64/mm/paging.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/kernel/ktest.h"
#include <asm/cpu.h>

#define RSDP_SIZE 36

static const void *read_phys(u64 phys, size_t len)
{
	return memremap(phys, len);
}

static void set_sum(u8 *data, size_t len, size_t at)
{
	u8 sum = 0;

	data[at] = 0;
	for (size_t i = 0; i < len; i++)
		sum += data[i];
	data[at] = -sum;
}

/* A root pointer of revision 2 whose XSDT is at phys. */
static int parse_with_xsdt_at(u64 phys)
{
	u8 rsdp[RSDP_SIZE] = "RSD PTR ";
	static struct acpi_info info;

	rsdp[15] = 2;
	rsdp[20] = RSDP_SIZE;
	memcpy(rsdp + 24, &phys, sizeof(phys));
	set_sum(rsdp, 20, 8);
	set_sum(rsdp, RSDP_SIZE, 32);
	EXPECT(acpi_rsdp_valid(rsdp, RSDP_SIZE));
	return acpi_parse(rsdp, RSDP_SIZE, read_phys, &info);
}

KTEST(acpi, a_table_that_no_address_reaches_is_an_error)
{
	u64 limit = 1ULL << (cpuid(0x80000008, 0).eax & 0xff);
	const u64 nowhere[] = { limit - 1,  limit,  1ULL << 52, 1ULL << 63,
				-PAGE_SIZE, -36ULL, -35ULL,	-1ULL };

	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++)
		EXPECT_EQ(parse_with_xsdt_at(nowhere[i]), -EFAULT);
}
