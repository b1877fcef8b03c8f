/* SPDX-License-Identifier: MIT */
/*
 * ring_buffer_persist.h - rings in a region of memory that survives a reset.
 *
 * The region begins with a struct ring_area; behind it each CPU has, in whole
 * pages, its struct ring_buffer_per_cpu, its slots, its infos, and its pages.
 * The writer uses them as it uses any ring: nothing is added to its path. The
 * next boot checks every byte that it uses and rebuilds the ring in place.
 */
#pragma once

#include "trace/ring/ring_buffer.h"

#define RING_AREA_MAGIC 0x4741455247354e4fULL

/*
 * The head of a region. tools/trace/memory.py reads it, too, so it says where
 * the fields of the structs are. Each part of a CPU has its slots at 4096.
 */
struct ring_area {
	u64 magic;
	u64 size;    /* bytes of the region */
	u64 cpus;    /* a bit for each ring */
	u64 build;   /* kallsyms_build_id() */
	u64 text;    /* the kernel's first address */
	u32 pages;   /* slots of each ring; it has one page more */
	u32 stride;  /* bytes of a CPU's part */
	u32 at_info; /* of a CPU's part: its infos; slots are at 4096 */
	u32 at_page; /* its first page */
	u32 info_size, at_info_first;
	u32 at_state, at_commit_seq, at_reader_seq, at_next_seq,
		at_reader_index;
	u32 crc; /* of all fields above */
	/* The name of the clock, ended by a NUL; the rings are empty whenever
	 * it changes. */
	char clock[16];
};

/* What a region held. */
struct ring_area_found {
	const char *refused;  /* NULL, or a sentence: nothing of it is used */
	u64 build, text;      /* of its head, if that is whole; or 0 */
	u64 events;	      /* now in the rings */
	u32 pages, bad_pages; /* with events; dropped because damaged */
};

/*
 * ring_buffer_init_area() - make rings for the CPUs in @cpus in a region
 * @area: of whole pages, @size bytes
 * @build: identity of this kernel; the region's must be equal for its events to
 *	be used
 * @text: the kernel's first address, for the head
 *
 * Events of an earlier boot are in the rings afterwards, where *@found says so;
 * then the rings have the clock of that boot, otherwise clock 0. Only
 * ring_buffer_reset() removes them. Such rings are not resized (-EBUSY) and not
 * destroyed.
 * Context: task, may sleep. Return: 0; -ENOSPC the region is too small for so
 * many CPUs; -ENOMEM. On an error the region is unchanged. No other code is
 * returned.
 */
int ring_buffer_init_area(struct ring_buffer *buffer, u64 cpus, void *area,
			  u64 size, u64 build, u64 text,
			  struct ring_area_found *found);

/* Note in the region's head that its rings, which are empty, have this clock.
 */
void ring_buffer_area_clock(struct ring_area *head,
			    const struct trace_clock *clock);
