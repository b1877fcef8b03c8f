/* SPDX-License-Identifier: MIT */
/* The demo: what the kernel can do, act by act, on the serial line. */
#pragma once

/*
 * demo_run - play all acts
 * Context: task. Return: 0; else an act did not show what it should have.
 */
int demo_run(void);
