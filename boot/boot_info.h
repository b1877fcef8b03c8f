/* SPDX-License-Identifier: MIT */
/*
 * What the loader told us, in one form for every loader.
 *
 * The parsers (multiboot2.c, pvh.c) are pure: they copy everything they need
 * out of the loader's memory, so that memory is free afterwards, and damaged
 * input is an error code with a sentence, never a crash.
 */
#pragma once

#include "kernel/lib/types.h"

#define BOOT_MAX_REGIONS  128
#define BOOT_CMDLINE_SIZE 1024
#define BOOT_LOADER_SIZE  32
#define BOOT_RSDP_SIZE	  36

/* The type numbers are E820's, which both loaders pass through. */
enum boot_region_type {
	BOOT_REGION_RAM = 1,
	BOOT_REGION_RESERVED = 2,
	BOOT_REGION_ACPI = 3,
	BOOT_REGION_NVS = 4,
	BOOT_REGION_BAD = 5,
};

struct boot_region {
	u64 start; /* physical, first byte */
	u64 end;   /* physical, one past the last byte; start < end */
	u32 type;  /* enum boot_region_type; unknown numbers are kept */
};

enum boot_framebuffer_type {
	BOOT_FRAMEBUFFER_INDEXED = 0,
	BOOT_FRAMEBUFFER_RGB = 1,
	BOOT_FRAMEBUFFER_TEXT = 2, /* VGA's text memory */
};

/* The screen as the loader left it; width 0: it said nothing of one. */
struct boot_framebuffer {
	u64 addr;  /* physical */
	u32 pitch; /* bytes from one line to the next */
	u32 width, height;
	u8 bits; /* of one pixel */
	u8 type; /* enum boot_framebuffer_type */
	struct {
		u8 shift, bits;
	} colour[3]; /* red, green, blue of BOOT_FRAMEBUFFER_RGB */
};

/*
 * All fields are immutable once kernel_main() runs. Regions are as the
 * firmware gave them: not sorted, possibly overlapping (kernel/base/memmap.c
 * tidies them up).
 */
struct boot_info {
	int error;	      /* 0, or the parser's -errno */
	const char *why;      /* a sentence about error, or NULL */
	u32 where;	      /* byte offset of the bad tag or entry */
	const char *protocol; /* "multiboot2" or "PVH" */
	char loader[BOOT_LOADER_SIZE];
	char cmdline[BOOT_CMDLINE_SIZE];
	u32 nr_regions;
	struct boot_region region[BOOT_MAX_REGIONS];
	u32 rsdp_len;		 /* bytes in rsdp[]; 0 = not in the tags */
	u8 rsdp[BOOT_RSDP_SIZE]; /* a copy of the ACPI root pointer */
	u64 rsdp_phys;		 /* its address, when only that is known */
	struct boot_framebuffer framebuffer;
};

/*
 * For the parsers. boot_bad - note what is wrong; boot_add_region - one more,
 * unless it is empty. Context: boot (pure). Return: @error; 0, -EINVAL for a
 * region that wraps around, -E2BIG for one too many, both noted.
 */
int boot_bad(struct boot_info *info, int error, const char *why);
int boot_add_region(struct boot_info *info, u64 base, u64 length, u32 type);

/*
 * multiboot2_parse - read a multiboot2 information structure
 * @tags: the structure; @size: bytes that may be read at it; @info: filled in
 *
 * Context: boot (pure).
 * Return: 0; -EINVAL for damaged tags, -E2BIG for more regions than boot_info
 * holds, -ENAMETOOLONG for a command line of BOOT_CMDLINE_SIZE bytes or more.
 * On error info->why and info->where say what and where. No other code is
 * returned.
 */
int multiboot2_parse(const void *tags, size_t size, struct boot_info *info);

/* Reads physical memory for pvh_parse(); NULL if it may not be read. */
typedef const void *(*boot_phys_fn)(u64 phys, size_t len);

/*
 * pvh_parse - read a PVH start_info structure
 * @start_info: its physical address; @read: access to physical memory
 *
 * Context: boot (pure).
 * Return: as multiboot2_parse().
 */
int pvh_parse(u64 start_info, boot_phys_fn read, struct boot_info *info);

/*
 * The up-call out of the boot layer: the kernel begins here, on the boot CPU,
 * interrupts off, on a small static stack, with the first 4 GiB of physical
 * memory mapped at PAGE_OFFSET by the early page tables.
 */
void __noreturn kernel_main(const struct boot_info *info);
