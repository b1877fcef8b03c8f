/* SPDX-License-Identifier: MIT */
/*
 * demo.h - acts that show on the serial line what the kernel can do.
 *
 * An act prints a few lines and checks what they claim: the demo fails if a
 * number is wrong.
 */
#pragma once

#include "kernel/lib/types.h"

/* Each returns 0 or a negative errno; demo_run() prints the error. */
int act_patch(void);
int act_consumers(void);
int act_direct(void);
int act_graph(void);

/* ---- load.c: every CPU calls demo_step() all the time -------------------- */

/* The function that the acts patch. It is traceable and does nothing. */
void demo_step(void);

/* Starts a caller on each CPU, with the gate closed. Return: 0 or -ENOMEM. */
int load_start(void);
/* Opens the gate: the callers call demo_step(). */
void load_open(void);
/* Closes the gate; on return no caller is inside a call. */
void load_close(void);
/* The number of calls since load_start(); exact while the gate is closed. */
u64 load_calls(void);
void load_stop(void);

/* Formats 1234567 as "1,234,567", in one of four static buffers. */
const char *grouped(u64 n);

/* Prints five bytes of a site and their meaning as one line. */
void show_site(const char *label, unsigned long ip, const u8 *bytes);
