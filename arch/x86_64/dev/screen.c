// SPDX-License-Identifier: MIT
/*
 * screen.c - VGA's text memory and framebuffers of 32 bits a pixel.
 *
 * Owns their mappings and the registers of VGA. No lock: kernel/base/screen.c
 * is the only caller. Screen memory is written but never read.
 *
 * VGA's registers: IBM VGA/XGA Technical Reference; a framebuffer is described
 * by the Multiboot2 specification, 3.6.12.
 */
#include "arch/x86_64/dev/screen.h"

#include "arch/x86_64/mm/paging.h"
#include "boot/boot_info.h"
#include "kernel/base/font8x16.h"
#include "kernel/base/screen.h"
#include <asm/io.h>

#define CRTC_INDEX	0x3d4 /* of a colour adapter; data behind it */
#define CRTC_CURSOR_ON	0x0a
#define CRTC_CURSOR_LOW 0x0f
#define CURSOR_OFF	0x20
#define GRAPHICS_INDEX	0x3ce
#define GRAPHICS_MISC	0x06
#define MISC_GRAPHICS	0x01 /* set: graphics, clear: text */
#define MISC_MAP	0x0c /* the addresses that VGA answers at */
#define MISC_MAP_B8000	0x0c

#define VGA_TEXT  0xb8000
#define VGA_COLS  80
#define VGA_ROWS  25
#define VGA_LIGHT 0x0700 /* light grey on black */

#define PIXEL_32    32
#define WIDE_ENOUGH (SCREEN_COLS * FONT_WIDTH)

/* ---- text ---------------------------------------------------------------- */

static volatile u16 *vga; /* [I] */

static void vga_draw(unsigned int row, unsigned int col, const u8 *text,
		     unsigned int n)
{
	volatile u16 *at = vga + row * VGA_COLS + col;

	while (n--)
		*at++ = VGA_LIGHT | *text++;
}

static u8 vga_register(u16 index, u8 number)
{
	outb(index, number);
	return inb(index + 1);
}

static void vga_set_register(u16 index, u8 number, u8 value)
{
	outb(index, number);
	outb(index + 1, value);
}

/* Without a VGA a register does not keep the value written to it. */
static bool vga_shows_text(void)
{
	u8 old = vga_register(CRTC_INDEX, CRTC_CURSOR_LOW), other = old ^ 0x55;
	u8 misc;

	vga_set_register(CRTC_INDEX, CRTC_CURSOR_LOW, other);
	if (vga_register(CRTC_INDEX, CRTC_CURSOR_LOW) != other)
		return false;
	vga_set_register(CRTC_INDEX, CRTC_CURSOR_LOW, old);
	misc = vga_register(GRAPHICS_INDEX, GRAPHICS_MISC);
	return (misc & (MISC_MAP | MISC_GRAPHICS)) == MISC_MAP_B8000;
}

static const struct screen_device *vga_probe(void)
{
	static const struct screen_device text = { .cols = VGA_COLS,
						   .rows = VGA_ROWS,
						   .draw = vga_draw };
	unsigned int i;

	if (!vga_shows_text())
		return NULL;
	vga = ioremap(VGA_TEXT, VGA_COLS * VGA_ROWS * sizeof(*vga));
	if (!vga)
		return NULL;
	vga_set_register(CRTC_INDEX, CRTC_CURSOR_ON, CURSOR_OFF);
	for (i = 0; i < VGA_COLS * VGA_ROWS; i++)
		vga[i] = VGA_LIGHT | ' ';
	return &text;
}

/* ---- pixels -------------------------------------------------------------- */

static u8 *pixels;	       /* [I] the first line */
static u32 line_bytes;	       /* [I] from one line to the next */
static unsigned int scale = 1; /* [I] width of a glyph's pixel, in pixels */
static u64 pair[4];	       /* [I] two pixels, each dark or light */

/* Draw one line of a glyph; the highest bit is leftmost. */
static void draw_line(u8 *at, u8 bits)
{
	volatile u64 *two = (volatile u64 *)at;
	volatile u32 *one = (volatile u32 *)at;
	unsigned int x, i;

	if (scale == 1) {
		for (x = 0; x < FONT_WIDTH / 2; x++, bits <<= 2)
			two[x] = pair[bits >> 6];
		return;
	}
	for (x = 0; x < FONT_WIDTH; x++, bits <<= 1)
		for (i = 0; i < scale; i++)
			*one++ = pair[bits >> 7 ? 3 : 0];
}

static void draw_glyph(u8 *at, const u8 *glyph)
{
	unsigned int y, i;

	for (y = 0; y < FONT_HEIGHT; y++)
		for (i = 0; i < scale; i++, at += line_bytes)
			draw_line(at, glyph[y]);
}

static void pixels_draw(unsigned int row, unsigned int col, const u8 *text,
			unsigned int n)
{
	u8 *at = pixels + (size_t)row * FONT_HEIGHT * scale * line_bytes;

	at += (size_t)col * FONT_WIDTH * scale * sizeof(u32);
	for (; n--; at += FONT_WIDTH * scale * sizeof(u32))
		draw_glyph(at, font8x16[*text++ - FONT_FIRST]);
}

/* Light grey has the same brightness of each colour. */
static u32 light(const struct boot_framebuffer *fb)
{
	u32 pixel = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(fb->colour); i++)
		pixel |= (u32)(0xd0 >> (8 - fb->colour[i].bits))
			 << fb->colour[i].shift;
	return pixel;
}

/* Can text be drawn into the framebuffer that the loader describes? */
static bool pixels_usable(const struct boot_framebuffer *fb)
{
	unsigned int i;

	if (fb->type != BOOT_FRAMEBUFFER_RGB || fb->bits != PIXEL_32 ||
	    fb->width < 20 * FONT_WIDTH || fb->height < 4 * FONT_HEIGHT ||
	    fb->pitch / sizeof(u32) < fb->width || fb->pitch % sizeof(u64) ||
	    fb->addr % sizeof(u64) || fb->width > 16384 || fb->height > 16384)
		return false;
	for (i = 0; i < ARRAY_SIZE(fb->colour); i++)
		if (fb->colour[i].bits > 8 || fb->colour[i].shift > 24)
			return false;
	return true;
}

static const struct screen_device *
pixels_probe(const struct boot_framebuffer *fb)
{
	static struct screen_device grid = { .draw = pixels_draw };
	size_t words = (size_t)fb->pitch * fb->height / sizeof(u64);
	u64 one = light(fb);
	void *at;

	at = pixels = ioremap_wc(fb->addr, words * sizeof(u64));
	if (!pixels)
		return NULL;
	line_bytes = fb->pitch;
	scale = max(fb->width / WIDE_ENOUGH, 1u);
	grid.cols = min(fb->width / (FONT_WIDTH * scale), SCREEN_COLS + 0u);
	grid.rows = min(fb->height / (FONT_HEIGHT * scale), SCREEN_ROWS + 0u);
	pair[1] = one << 32; /* the right pixel has the higher address */
	pair[2] = one;
	pair[3] = one << 32 | one;
	asm volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0UL) : "memory");
	return &grid;
}

const struct screen_device *screen_probe(const struct boot_framebuffer *fb)
{
	return pixels_usable(fb) ? pixels_probe(fb) : vga_probe();
}
