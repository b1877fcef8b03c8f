/* SPDX-License-Identifier: MIT */
/*
 * demo.h - acts that show on the serial line what the kernel can do.
 *
 * An act prints a few lines and checks what they claim: the demo fails if a
 * number is wrong.
 */
#pragma once

#include "kernel/lib/table.h"
#include "kernel/lib/types.h"

struct trace_seq;

struct demo_act {
	const char *title;
	/* Return: 0, or a negative errno: the demo ends with status 35. */
	int (*play)(void);
};

DECLARE_TABLE(struct demo_act, demo_acts);

/* DEMO_ACT(20, patch, "title", act_patch): played in order of the numbers. */
#define DEMO_ACT(key, name_, title_, play_)          \
	static const struct demo_act name_##_act = { \
		.title = (title_),                   \
		.play = (play_),                     \
	};                                           \
	TABLE_ENTRY(demo_acts, key, name_##_act)

/*
 * demo_result() - a line for scripts: "RESULT act=patch key=value ..."
 * Every act prints one, with what it has checked.
 */
__printf(1, 2) void demo_result(const char *fmt, ...);

/* Prints a line behind the prompt, and gives it to the shell. Its status. */
int demo_type(const char *line);

/* "on 4 CPUs", "on its only CPU"; static. */
const char *on_all_cpus(void);

/*
 * step_wait() - with step=on, print what comes next and wait for Enter
 * ^C ends all later waits. Context: task; preemption may be off: it does not
 * sleep then.
 */
void step_wait(const char *next);
/* The same, with step=on or without. Return: false if ^C ended the wait. */
bool step_wait_line(const char *next);
bool step_by_step(void);

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

/*
 * describe_site() - five bytes of a site and their meaning, without a newline
 * @old: the bytes before the batch: they tell which tail is behind an INT3
 */
void describe_site(struct trace_seq *s, const char *label, unsigned long ip,
		   const u8 *bytes, const u8 *old);
/* Prints that as one line of the log; before the batch there was a NOP. */
void show_site(const char *label, unsigned long ip, const u8 *bytes);
