/* SPDX-License-Identifier: MIT */
/*
 * The loader's information, in one form for every loader.
 *
 * The parsers (multiboot2.c, pvh.c) are pure. They copy all that they need out
 * of the loader's memory, so that memory is free afterwards. Damaged input
 * gives an error code with a sentence, never a crash.
 */
#pragma once

#include "kernel/lib/types.h"

#define BOOT_MAX_REGIONS  128
#define BOOT_CMDLINE_SIZE 1024
#define BOOT_LOADER_SIZE  32
#define BOOT_RSDP_SIZE	  36

/* The type numbers are those of E820, which both protocols pass through. */
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

/* The screen as the loader left it; width 0: the loader reports no screen. */
struct boot_framebuffer {
	u64 addr;  /* physical */
	u32 pitch; /* bytes from one line to the next */
	u32 width, height;
	u8 bits; /* per pixel */
	u8 type; /* enum boot_framebuffer_type */
	struct {
		u8 shift, bits;
	} colour[3]; /* red, green, blue of BOOT_FRAMEBUFFER_RGB */
};

/*
 * All fields are immutable once kernel_main() runs. The regions are as the
 * firmware reports them: not sorted, possibly overlapping (kernel/base/memmap.c
 * sorts and separates them).
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
	u64 rsdp_phys;		 /* its address, if only that is known */
	struct boot_framebuffer framebuffer;
};

/*
 * For the parsers. Context: boot (pure).
 * boot_bad - record an error and its sentence. Return: @error.
 * boot_add_region - add a region, unless it is empty. Return: 0; -EINVAL for a
 * region that wraps around, -E2BIG for one too many, both recorded. No other
 * code is returned.
 */
int boot_bad(struct boot_info *info, int error, const char *why);
int boot_add_region(struct boot_info *info, u64 base, u64 length, u32 type);

/*
 * multiboot2_parse - read a multiboot2 information structure
 * @tags: the structure; @size: its readable bytes; @info: filled in
 *
 * Context: boot (pure).
 * Return: 0; -EINVAL for damaged tags, -E2BIG for more regions than boot_info
 * holds, -ENAMETOOLONG for a command line of BOOT_CMDLINE_SIZE bytes or more.
 * On error, info->why describes the error and info->where is its offset. No
 * other code is returned.
 */
int multiboot2_parse(const void *tags, size_t size, struct boot_info *info);

/* Gives pvh_parse() access to physical memory; NULL if it is not readable. */
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
 * The up-call out of the boot layer: the kernel begins here. It runs on the
 * boot CPU with interrupts off, on a small static stack. The early page tables
 * map the first 4 GiB of physical memory at PAGE_OFFSET.
 */
void __noreturn kernel_main(const struct boot_info *info);
