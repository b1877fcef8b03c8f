/* SPDX-License-Identifier: MIT */
/*
 * font8x16.h - the glyphs of the printable characters, for pixel screens.
 */
#pragma once

#include "kernel/lib/types.h"

#define FONT_WIDTH  8
#define FONT_HEIGHT 16
#define FONT_FIRST  ' '
#define FONT_LAST   '~'

/* One byte a line, from the top; the highest bit is the leftmost pixel. */
extern const u8 font8x16[FONT_LAST - FONT_FIRST + 1][FONT_HEIGHT];
