// SPDX-License-Identifier: MIT
/*
 * Constants that a writer in assembly shares with C: the build makes
 * ring-offsets.inc for NASM from this file's assembly (ring_fast.inc).
 */
#include "trace/ring/ring_fast.h"

#define DEFINE(name, value) \
	asm volatile("\n->%%define " #name " %c0" : : "i"(value))

void ring_offsets(void);

void ring_offsets(void)
{
	DEFINE(RING_REFUSED, RING_REFUSED);
	DEFINE(RB_HEADER_SIZE, RB_HEADER_SIZE);
	DEFINE(RB_EVENT_HEADER, RB_EVENT_HEADER);
}
