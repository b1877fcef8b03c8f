/* SPDX-License-Identifier: MIT */
/*
 * screen.h - the screens a PC may have: VGA's text and a framebuffer.
 */
#pragma once

#include "kernel/lib/types.h"

struct boot_framebuffer;
struct screen_device;

/*
 * screen_probe - find a screen that can show text
 * @fb: what the loader said of one
 *
 * A framebuffer of 32 bits a pixel is taken as it was handed over; else VGA
 * is, if it is there and in a text mode. Nothing is written to what is not
 * there: a machine without a screen behaves as before.
 *
 * Context: boot, when ioremap() works.
 * Return: the device, all of it dark; NULL, there is none.
 */
const struct screen_device *screen_probe(const struct boot_framebuffer *fb);
