/* SPDX-License-Identifier: MIT */
/*
 * font8x16.h - the shapes of the printable characters, for screens of pixels.
 */
#pragma once

#include "kernel/lib/types.h"

#define FONT_WIDTH  8
#define FONT_HEIGHT 16
#define FONT_FIRST  ' '
#define FONT_LAST   '~'

/* From the top, a byte a line; its highest bit is the leftmost pixel. */
extern const u8 font8x16[FONT_LAST - FONT_FIRST + 1][FONT_HEIGHT];
