/* SPDX-License-Identifier: MIT */
/*
 * demo.h - what the kernel can do, act by act, on the serial line.
 *
 * An act tells its story in a few lines and checks what it claims: a demo
 * that shows a wrong number fails.
 */
#pragma once

#include "kernel/lib/types.h"

/* Each returns 0, or negative errno after having said what went wrong. */
int act_patch(void);
int act_consumers(void);
int act_direct(void);
int act_graph(void);

/* ---- load.c: every CPU calls demo_step() all the time -------------------- */

/* The function the acts patch. Traceable; does nothing of note. */
void demo_step(void);

/* Start a caller on each CPU, with the gate closed. Return: 0 or -ENOMEM. */
int load_start(void);
/* Let the callers run. */
void load_open(void);
/* Stop them; on return none is inside a call. */
void load_close(void);
/* Calls made since load_start(); exact while the gate is closed. */
u64 load_calls(void);
void load_stop(void);

/* "1234567" -> "1,234,567", in one of four static buffers. */
const char *grouped(u64 n);

/* Five bytes and what they mean, as one line. */
void show_site(const char *label, unsigned long ip, const u8 *bytes);
