// SPDX-License-Identifier: MIT
/*
 * CRC-32, eight bytes at a time.
 *
 * Owns the tables, made at the first call: table[k][b] is the CRC of the byte b
 * and k zero bytes behind it. Two CPUs may make them at once: both write the
 * same words, and `made` is set last.
 */
#include "kernel/lib/crc32.h"

#define POLYNOMIAL 0xedb88320U /* bit-reversed */

static u32 table[8][256];
static bool made;

static void make_tables(void)
{
	unsigned int byte, i;

	for (byte = 0; byte < 256; byte++) {
		u32 crc = byte;

		for (i = 0; i < 8; i++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][byte] = crc;
	}
	for (byte = 0; byte < 256; byte++)
		for (i = 1; i < 8; i++)
			table[i][byte] = table[i - 1][byte] >> 8 ^
					 table[0][table[i - 1][byte] & 0xff];
	__atomic_store_n(&made, true, __ATOMIC_RELEASE); /* pairs: crc32() */
}

static u32 eight(u32 crc, const u8 *data)
{
	u32 a, b;

	__builtin_memcpy(&a, data, 4); /* a load; memcpy() would be a call */
	__builtin_memcpy(&b, data + 4, 4);
	a ^= crc;
	return table[7][a & 0xff] ^ table[6][a >> 8 & 0xff] ^
	       table[5][a >> 16 & 0xff] ^ table[4][a >> 24] ^
	       table[3][b & 0xff] ^ table[2][b >> 8 & 0xff] ^
	       table[1][b >> 16 & 0xff] ^ table[0][b >> 24];
}

u32 crc32(const void *data, size_t len)
{
	const u8 *at = data;
	u32 crc = ~0U;

	if (!__atomic_load_n(&made,
			     __ATOMIC_ACQUIRE)) /* pairs: make_tables() */
		make_tables();
	for (; len >= 8; len -= 8, at += 8)
		crc = eight(crc, at);
	for (; len; len--)
		crc = crc >> 8 ^ table[0][(crc ^ *at++) & 0xff];
	return ~crc;
}
