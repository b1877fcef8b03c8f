/* SPDX-License-Identifier: MIT */
/*
 * Fuzz targets: one file each, found by itself. Seeds, if any, are the files
 * of tests/fuzz/seeds/NAME/.
 */
#pragma once

#include "kernel/lib/string.h"
#include "kernel/lib/types.h"
#include "tests/host/host.h"

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

/* A terminated copy of exactly that size, so that an overrun is seen. */
static inline char *fuzz_string(const u8 *data, size_t size)
{
	char *s = host_malloc(size + 1);

	memcpy(s, data, size);
	s[size] = '\0';
	return s;
}
