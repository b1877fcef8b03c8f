// SPDX-License-Identifier: MIT
/*
 * kernel/base/reserve_mem.c: the grammar of Linux's words, and where a region
 * lies.
 *
 * host-sources: kernel/base/reserve_mem.c kernel/base/memmap.c
 * host-sources: kernel/base/cmdline.c
 */
#include "kernel/base/reserve_mem.h"

#include "kernel/base/cmdline.h"
#include "kernel/base/memmap.h"
#include "kernel/lib/string.h"
#include "tests/host/host.h"
#include "tests/unit/unit.h"

#define MB (1ULL << 20)

static u64 parse(const char *text, size_t used)
{
	const char *at = text;
	u64 n = reserve_mem_parse(&at);

	CHECK_EQ(at - text, used);
	return n;
}

UNIT(reserve_mem, sizes)
{
	CHECK_EQ(parse("4096", 4), 4096);
	CHECK_EQ(parse("12M:x", 3), 12 * MB);
	CHECK_EQ(parse("12m", 3), 12 * MB);
	CHECK_EQ(parse("3k", 2), 3072);
	CHECK_EQ(parse("1G", 2), 1024 * MB);
	CHECK_EQ(parse("1T", 2), MB * MB);
	CHECK_EQ(parse("15E", 3), 15ULL << 60);
	CHECK_EQ(parse("0x10K", 5), 16384);
	CHECK_EQ(parse("0xBadF00d", 9), 0xbadf00d);
	CHECK_EQ(parse("010", 3), 8);
	CHECK_EQ(parse("18446744073709551615", 20), ~0ULL);
	/* What does not fit, or is no number. */
	CHECK_EQ(parse("18446744073709551616", 0), 0);
	CHECK_EQ(parse("16E", 0), 0);
	CHECK_EQ(parse("", 0), 0);
	CHECK_EQ(parse(":", 0), 0);
}

/* Is no byte of the region free? */
static bool is_apart(u64 start, u64 size)
{
	u32 i;

	for (i = 0; i < memmap_free.nr; i++) {
		if (memmap_free.range[i].start < start + size &&
		    start < memmap_free.range[i].end)
			return false;
	}
	return true;
}

/* Boot with @mb of memory, of which the first 24 MiB are in use. */
static void boot(u64 mb, const char *words)
{
	memmap_ram = (struct memmap){ .nr = 1, .range = { { 0, mb * MB } } };
	memmap_free =
		(struct memmap){ .nr = 1, .range = { { 24 * MB, mb * MB } } };
	host_log[0] = '\0';
	cmdline_init(words);
	reserve_mem_init();
}

static u64 start, size;

UNIT(reserve_mem, a_region_begins_at_a_quarter)
{
	boot(256, "reserve_mem=1M:4096:a reserve_mem=5000::b "
		  "reserve_mem=1M:64M:c");
	CHECK(!reserve_mem_take("a", &start, &size));
	CHECK_EQ(start, 64 * MB);
	CHECK_EQ(size, MB);
	CHECK(!reserve_mem_take("b", &start, &size)); /* whole pages */
	CHECK_EQ(start, 65 * MB);
	CHECK_EQ(size, 8192);
	CHECK(!reserve_mem_take("c", &start, &size));
	CHECK_EQ(start, 128 * MB);
	CHECK_EQ(memmap_free.nr, 3); /* 24-64, 65-128, 129-256 less 8 KiB */
	CHECK(is_apart(64 * MB, MB + 8192)); /* RM1 */
	CHECK(is_apart(128 * MB, MB));
	CHECK(!is_apart(64 * MB - 1, 1));
	boot(250, "reserve_mem=1M:4096:a"); /* as UEFI has it */
	CHECK(!reserve_mem_take("a", &start, &size));
	CHECK_EQ(start, 64 * MB);
	boot(64, "reserve_mem=1M:4096:a");
	CHECK(!reserve_mem_take("a", &start, &size));
	CHECK_EQ(start, 32 * MB);
}

UNIT(reserve_mem, a_region_is_taken_once)
{
	boot(256, "reserve_mem=1M:4096:a trace_instance=x@0x8000000:2M,sched");
	CHECK(!reserve_mem_take("a", &start, &size));
	CHECK_STR(reserve_mem_take("a", &start, &size),
		  "this memory is taken already");
	CHECK_STR(reserve_mem_take("b", &start, &size),
		  "no such memory is reserved");
	CHECK_STR(reserve_mem_take("", &start, &size),
		  "no such memory is reserved");
	CHECK_STR(reserve_mem_take("134217728:1M", &start, &size),
		  "this memory is not free"); /* another size */
	CHECK(!reserve_mem_take("134217728:2M", &start, &size));
	CHECK_EQ(start, 128 * MB);
	CHECK_EQ(size, 2 * MB);
}

UNIT(reserve_mem, nine_regions_are_too_many)
{
	boot(256, "reserve_mem=4K:0:a reserve_mem=4K:0:b reserve_mem=4K:0:c "
		  "reserve_mem=4K:0:d reserve_mem=4K:0:e reserve_mem=4K:0:f "
		  "reserve_mem=4K:0:g reserve_mem=4K:0:h reserve_mem=4K:0:i");
	CHECK(strstr(host_log, "not reserved: reserve_mem=4K:0:i: "
			       "there are 8 regions already"));
	CHECK(!reserve_mem_take("h", &start, &size));
	CHECK(reserve_mem_take("i", &start, &size));
}
