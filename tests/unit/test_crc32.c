// SPDX-License-Identifier: MIT
/*
 * CRC-32 against its check value, and against a CRC of one bit at a time.
 */
#include "kernel/lib/crc32.h"
#include "tests/unit/unit.h"

static u32 slow(const u8 *data, size_t len)
{
	u32 crc = ~0U;
	size_t i;

	for (i = 0; i < 8 * len; i++) {
		u32 bit = (crc ^ data[i / 8] >> i % 8) & 1;

		crc = crc >> 1 ^ (bit ? 0xedb88320U : 0);
	}
	return ~crc;
}

UNIT(crc32, has_the_check_value)
{
	CHECK_EQ(crc32("123456789", 9), 0xcbf43926);
	CHECK_EQ(crc32("", 0), 0);
	CHECK_EQ(crc32("a", 1), 0xe8b7be43);
}

UNIT(crc32, is_the_same_bit_by_bit)
{
	u8 data[67];
	unsigned int i, from, len;

	for (i = 0; i < sizeof(data); i++)
		data[i] = i * 151 + 7;
	for (from = 0; from < 9; from++)
		for (len = 0; from + len <= sizeof(data); len++)
			CHECK_EQ(crc32(data + from, len),
				 slow(data + from, len));
}
