/* SPDX-License-Identifier: MIT */
/*
 * Builds ACPI tables in a piece of fake physical memory, and reads them so
 * that a byte too many is found by the sanitizer.
 */
#pragma once

#include "kernel/lib/string.h"
#include "tests/host/host.h"

#define ACPI_BASE 0xe0000UL
#define ACPI_SIZE 0x10000UL

static u8 acpi_memory[ACPI_SIZE];
/* Exact copies handed out by acpi_read(), until acpi_forget(). */
static void *acpi_copies[4096];
static size_t acpi_nr_copies;

static inline const void *acpi_read(u64 phys, size_t len)
{
	void *copy;

	if (phys < ACPI_BASE || phys - ACPI_BASE > ACPI_SIZE ||
	    len > ACPI_SIZE - (phys - ACPI_BASE) ||
	    acpi_nr_copies == ARRAY_SIZE(acpi_copies))
		return NULL;
	copy = host_malloc(len);
	acpi_copies[acpi_nr_copies++] = copy;
	return memcpy(copy, acpi_memory + (phys - ACPI_BASE), len);
}

static inline void acpi_forget(void)
{
	while (acpi_nr_copies)
		host_free(acpi_copies[--acpi_nr_copies]);
}

static inline u8 *acpi_at(u64 phys)
{
	return acpi_memory + (phys - ACPI_BASE);
}

/* Makes the @len bytes at @p sum to zero by the byte at @sum. */
static inline void acpi_checksum(u8 *p, size_t len, size_t sum)
{
	u8 total = 0;

	p[sum] = 0;
	for (size_t i = 0; i < len; i++)
		total += p[i];
	p[sum] = (u8)-total;
}

/* Completes a table of @len bytes whose body is already there. */
static inline void acpi_table(u64 phys, const char *signature, u32 len)
{
	u8 *p = acpi_at(phys);

	memcpy(p, signature, 4);
	memcpy(p + 4, &len, 4);
	acpi_checksum(p, len, 9);
}
