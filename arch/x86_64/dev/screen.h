/* SPDX-License-Identifier: MIT */
/*
 * screen.h - the screens of a PC: VGA's text mode or a framebuffer.
 */
#pragma once

#include "kernel/lib/types.h"

struct boot_framebuffer;
struct screen_device;

/*
 * screen_probe - find a screen that can show text
 * @fb: the loader's description of a framebuffer
 *
 * A framebuffer of 32 bits a pixel is used as the loader left it, else VGA if
 * it exists and is in a text mode. Nothing is written to a missing device, so a
 * machine without a screen behaves as before.
 *
 * Context: boot, when ioremap() works.
 * Return: the device, all of it dark; NULL if there is none.
 */
const struct screen_device *screen_probe(const struct boot_framebuffer *fb);
