/* SPDX-License-Identifier: MIT */
/*
 * CRC-32 of IEEE 802.3, as zlib's crc32(). Pure.
 */
#pragma once

#include "kernel/lib/types.h"

/* Return: the CRC of @len bytes; of nothing it is 0. Context: any. */
u32 crc32(const void *data, size_t len);
