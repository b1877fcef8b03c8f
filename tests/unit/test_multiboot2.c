// SPDX-License-Identifier: MIT
/*
 * The readers of what boot loaders hand over: good tables, and every way of
 * damaging them that a reader must survive.
 *
 * host-sources: boot/boot_info.c boot/multiboot2.c boot/pvh.c
 */
#include "boot/boot_info.h"
#include "boot/start.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "tests/unit/unit.h"

/* ---- multiboot2 ---------------------------------------------------------- */

static u64 space[1024]; /* tags are aligned to 8 bytes */
static u8 *const tags = (u8 *)space;
static size_t used;
static struct boot_info info;

static void put32(size_t at, u32 value)
{
	memcpy(tags + at, &value, sizeof(value));
}

static void put64(size_t at, u64 value)
{
	memcpy(tags + at, &value, sizeof(value));
}

static size_t tag(u32 type, const void *body, size_t len)
{
	size_t at = used;

	put32(at, type);
	put32(at + 4, 8 + len);
	memcpy(tags + at + 8, body, len);
	used = ALIGN_UP(at + 8 + len, 8);
	return at;
}

static void begin(void)
{
	memset(space, 0, sizeof(space));
	used = 8;
}

static void entry(size_t at, u64 base, u64 length, u32 type)
{
	put64(at, base);
	put64(at + 8, length);
	put32(at + 16, type);
}

/* A memory map of two regions; returns where the tag begins. */
static size_t mmap_tag(void)
{
	u8 body[8 + 2 * 24] = { 0 };
	size_t at = tag(6, body, sizeof(body));

	put32(at + 8, 24);
	entry(at + 16, 0, 0x9f000, 1);
	entry(at + 40, 0x100000, 0xff00000, 1);
	return at;
}

static int finish(void)
{
	tag(0, "", 0);
	put32(0, used);
	return multiboot2_parse(tags, used, &info);
}

/* MB2 */
UNIT(multiboot2, reads_what_grub_writes)
{
	u8 rsdp[36] = "RSD PTR ";

	begin();
	tag(1, "mode=tests seed=4", 18);
	tag(2, "GRUB 2.06", 10);
	mmap_tag();
	tag(14, rsdp, 20);
	CHECK_EQ(finish(), 0);
	CHECK_STR(info.cmdline, "mode=tests seed=4");
	CHECK_STR(info.loader, "GRUB 2.06");
	CHECK_EQ(info.nr_regions, 2);
	CHECK_EQ(info.region[1].start, 0x100000);
	CHECK_EQ(info.region[1].end, 0x10000000);
	CHECK_EQ(info.region[1].type, 1);
	CHECK_EQ(info.rsdp_len, 20);
}

/* The tag of a framebuffer; its type depends. */
static size_t framebuffer_tag(u8 type, size_t len)
{
	u8 body[30] = { 0 };
	size_t at;

	body[21] = type;
	body[24] = 16;
	body[25] = 8;
	body[26] = 8;
	body[27] = 7;
	body[28] = 0;
	body[29] = 6;
	at = tag(8, body, len);
	put64(at + 8, 0x480000000);
	put32(at + 16, 5120);
	put32(at + 20, 1280);
	put32(at + 24, 800);
	tags[at + 28] = 32;
	return at;
}

UNIT(multiboot2, reads_a_framebuffer)
{
	begin();
	mmap_tag();
	framebuffer_tag(BOOT_FRAMEBUFFER_RGB, 30);
	CHECK_EQ(finish(), 0);
	CHECK_EQ(info.framebuffer.addr, 0x480000000);
	CHECK_EQ(info.framebuffer.pitch, 5120);
	CHECK_EQ(info.framebuffer.width, 1280);
	CHECK_EQ(info.framebuffer.height, 800);
	CHECK_EQ(info.framebuffer.bits, 32);
	CHECK_EQ(info.framebuffer.type, BOOT_FRAMEBUFFER_RGB);
	CHECK_EQ(info.framebuffer.colour[0].shift, 16);
	CHECK_EQ(info.framebuffer.colour[1].bits, 7);
	CHECK_EQ(info.framebuffer.colour[2].bits, 6);
	begin();
	mmap_tag();
	framebuffer_tag(BOOT_FRAMEBUFFER_TEXT, 24); /* without colours */
	CHECK_EQ(finish(), 0);
	CHECK_EQ(info.framebuffer.type, BOOT_FRAMEBUFFER_TEXT);
	begin();
	mmap_tag();
	CHECK_EQ(finish(), 0);
	CHECK_EQ(info.framebuffer.width, 0);
}

UNIT(multiboot2, refuses_a_short_framebuffer)
{
	begin();
	mmap_tag();
	framebuffer_tag(BOOT_FRAMEBUFFER_TEXT, 23);
	CHECK_EQ(finish(), -EINVAL);
	begin();
	mmap_tag();
	framebuffer_tag(BOOT_FRAMEBUFFER_RGB, 29);
	CHECK_EQ(finish(), -EINVAL);
}

UNIT(multiboot2, prefers_the_new_root_pointer)
{
	u8 old[20] = "old", new[36] = "new";

	for (int order = 0; order < 2; order++) {
		begin();
		mmap_tag();
		tag(order ? 15 : 14, order ? new : old, order ? 36 : 20);
		tag(order ? 14 : 15, order ? old : new, order ? 20 : 36);
		CHECK_EQ(finish(), 0);
		CHECK_EQ(info.rsdp_len, 36);
		CHECK_STR((char *)info.rsdp, "new");
	}
}

UNIT(multiboot2, refuses_a_wrong_total_size)
{
	begin();
	mmap_tag();
	CHECK_EQ(finish(), 0);
	CHECK_EQ(multiboot2_parse(tags, used - 1, &info), -EINVAL);
	CHECK_EQ(multiboot2_parse(tags, 7, &info), -EINVAL);
	put32(0, 7);
	CHECK_EQ(multiboot2_parse(tags, used, &info), -EINVAL);
	put32(0, 0xffffffff);
	CHECK_EQ(multiboot2_parse(tags, used, &info), -EINVAL);
	CHECK_STR(info.why, "the total size cannot be true");
}

UNIT(multiboot2, refuses_tags_without_end)
{
	begin();
	mmap_tag();
	put32(0, used);
	CHECK_EQ(multiboot2_parse(tags, used, &info), -EINVAL);
	CHECK_STR(info.why, "the tags do not end");
}

/* MB1 */
UNIT(multiboot2, refuses_tag_sizes)
{
	static const u32 sizes[] = { 0,		 7,	     1000,
				     0x7fffffff, 0xfffffff9, 0xffffffff };

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		size_t at;

		begin();
		mmap_tag();
		at = tag(99, "ignored", 8);
		tag(0, "", 0);
		put32(0, used);
		put32(at + 4, sizes[i]);
		CHECK_EQ(multiboot2_parse(tags, used, &info), -EINVAL);
		CHECK_EQ(info.where, at);
	}
}

UNIT(multiboot2, refuses_a_damaged_memory_map)
{
	static const struct {
		u32 offset, value;
	} damage[] = {
		{ 4, 15 },	    /* no room for its own header */
		{ 8, 0 },	    /* entries of 0 bytes */
		{ 8, 16 },	    /* too small */
		{ 8, 25 },	    /* not aligned */
		{ 8, 32 },	    /* the last one is cut */
		{ 28, 0xffffffff }, /* base + length wraps around */
	};

	for (size_t i = 0; i < ARRAY_SIZE(damage); i++) {
		size_t at;

		begin();
		at = mmap_tag();
		put32(at + damage[i].offset, damage[i].value);
		if (damage[i].offset == 28)
			put64(at + 16, 1ULL << 60);
		tag(0, "", 0);
		put32(0, used);
		CHECK_EQ(multiboot2_parse(tags, used, &info), -EINVAL);
		CHECK(info.why != NULL);
	}
}

UNIT(multiboot2, wants_a_memory_map)
{
	begin();
	tag(1, "", 1);
	CHECK_EQ(finish(), -EINVAL);
	CHECK_STR(info.why, "there is no memory map");
}

UNIT(multiboot2, refuses_too_many_regions)
{
	u8 body[8 + 24 * (BOOT_MAX_REGIONS + 1)] = { 0 };
	size_t at;

	begin();
	at = tag(6, body, sizeof(body));
	put32(at + 8, 24);
	for (int i = 0; i <= BOOT_MAX_REGIONS; i++)
		entry(at + 16 + 24 * i, i * 0x2000, 0x1000, 1);
	CHECK_EQ(finish(), -E2BIG);
}

UNIT(multiboot2, refuses_endless_and_long_command_lines)
{
	char text[BOOT_CMDLINE_SIZE + 1];

	memset(text, 'x', sizeof(text));
	begin();
	tag(1, text, 8);
	CHECK_EQ(finish(), -EINVAL);
	CHECK_STR(info.why, "the command line does not end");
	begin();
	text[BOOT_CMDLINE_SIZE] = '\0';
	tag(1, text, sizeof(text));
	CHECK_EQ(finish(), -ENAMETOOLONG);
	CHECK_STR(info.cmdline, "");
	begin();
	mmap_tag();
	tag(1, text + 1, sizeof(text) - 1);
	CHECK_EQ(finish(), 0);
	CHECK_EQ(strlen(info.cmdline), BOOT_CMDLINE_SIZE - 1);
}

UNIT(multiboot2, refuses_a_short_root_pointer)
{
	begin();
	mmap_tag();
	tag(14, "RSD PTR ", 9);
	CHECK_EQ(finish(), -EINVAL);
}

/* ---- PVH ----------------------------------------------------------------- */

#define PHYS_BASE 0x7000

static u8 memory[4096];

/* A machine whose memory is just that one page. */
static const void *read_memory(u64 phys, size_t len)
{
	if (phys < PHYS_BASE || phys - PHYS_BASE > sizeof(memory) ||
	    len > sizeof(memory) - (phys - PHYS_BASE))
		return NULL;
	return memory + (phys - PHYS_BASE);
}

static void pvh_put(size_t at, u64 value, size_t len)
{
	memcpy(memory + at, &value, len);
}

static void pvh_begin(void)
{
	memset(memory, 0, sizeof(memory));
	pvh_put(0, PVH_MAGIC, 4);
	pvh_put(4, 1, 4);		  /* version */
	pvh_put(24, PHYS_BASE + 1024, 8); /* command line */
	pvh_put(40, PHYS_BASE + 2048, 8); /* memory map */
	pvh_put(48, 2, 4);
	strscpy((char *)memory + 1024, "mode=lab", 100);
	pvh_put(2048 + 8, 0x9f000, 8);
	pvh_put(2048 + 16, 1, 4);
	pvh_put(2048 + 24, 0x100000, 8);
	pvh_put(2048 + 32, 0x100000, 8);
	pvh_put(2048 + 40, 2, 4);
}

UNIT(pvh, reads_what_qemu_writes)
{
	pvh_begin();
	CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), 0);
	CHECK_STR(info.cmdline, "mode=lab");
	CHECK_EQ(info.nr_regions, 2);
	CHECK_EQ(info.region[1].start, 0x100000);
	CHECK_EQ(info.region[1].end, 0x200000);
	CHECK_EQ(info.region[1].type, 2);
}

UNIT(pvh, refuses_pointers_to_nowhere)
{
	static const u64 nowhere[] = { 0x1000, PHYS_BASE + 4096 - 4, ~0ULL - 8,
				       1ULL << 40 };

	for (size_t i = 0; i < ARRAY_SIZE(nowhere); i++) {
		CHECK_EQ(pvh_parse(nowhere[i], read_memory, &info), -EINVAL);
		pvh_begin();
		pvh_put(40, nowhere[i], 8);
		CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), -EINVAL);
		CHECK_STR(info.why, "the memory map is nowhere");
	}
	pvh_begin();
	pvh_put(24, 0x1000, 8);
	CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), -EINVAL);
	pvh_begin(); /* a text that runs off the end of memory */
	pvh_put(24, PHYS_BASE + 4096 - 4, 8);
	memset(memory + 4096 - 4, 'x', 4);
	CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), -EINVAL);
	CHECK_STR(info.why, "the command line is nowhere");
}

UNIT(pvh, refuses_damage)
{
	pvh_begin();
	memory[0] ^= 1;
	CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), -EINVAL);
	pvh_begin();
	pvh_put(4, 0, 4); /* version 0 has no memory map */
	CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), -EINVAL);
	pvh_begin();
	pvh_put(2048 + 32, ~0ULL, 8);
	CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), -EINVAL);
	CHECK_STR(info.why, "a memory region wraps around");
	pvh_begin();
	memset(memory + 1024, 'x', BOOT_CMDLINE_SIZE);
	CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), -ENAMETOOLONG);
	CHECK_STR(info.cmdline, "");
	pvh_begin();
	memset(memory + 1024, 'x', BOOT_CMDLINE_SIZE - 1);
	CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), 0);
	CHECK_EQ(strlen(info.cmdline), BOOT_CMDLINE_SIZE - 1);
	pvh_begin();
	pvh_put(48, 0, 4);
	CHECK_EQ(pvh_parse(PHYS_BASE, read_memory, &info), -EINVAL);
	CHECK_STR(info.why, "there is no memory map");
}
