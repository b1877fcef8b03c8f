/* SPDX-License-Identifier: MIT */
/*
 * Log lines on the console.
 *
 * A line looks like "[    0.123456] text" and is written under one lock, so
 * lines of different CPUs never mix. Conversions are those of
 * kernel/lib/printf.h (%pS, %ps, %pe, %*ph and the usual ones).
 *
 * Context: any, NMI and exceptions included, and also before the clock starts
 * (the time then reads 0). If printk() interrupts the writing of another line
 * on the same CPU, its line is kept and written right after that one.
 */
#pragma once

#include "kernel/lib/types.h"

/* First bytes of a format: SOH and the level's digit. */
#define KERN_ALWAYS \
	"\001"      \
	"/" /* below '0': printed at every loglevel */
#define KERN_EMERG \
	"\001"     \
	"0"
#define KERN_ERR \
	"\001"   \
	"3"
#define KERN_WARNING \
	"\001"       \
	"4"
#define KERN_NOTICE \
	"\001"      \
	"5"
#define KERN_INFO \
	"\001"    \
	"6"
#define KERN_DEBUG \
	"\001"     \
	"7"

/* Longest line, time stamp and newline included; the rest is cut off. */
#define PRINTK_LINE_MAX 240

/*
 * Lines of a level below this are printed. It is 7 (no debug lines) unless the
 * command line has loglevel=N.
 */
extern int console_loglevel;

/*
 * printk() - print one line; the newline at its end is optional.
 * Without a KERN_ level the line is KERN_INFO. A text with newlines inside
 * becomes several lines, each with its time.
 */
__printf(1, 2) void printk(const char *fmt, ...);
__printf(1, 0) void vprintk(const char *fmt, va_list ap);

#define pr_always(fmt, ...) printk(KERN_ALWAYS fmt, ##__VA_ARGS__)
#define pr_emerg(fmt, ...)  printk(KERN_EMERG fmt, ##__VA_ARGS__)
#define pr_err(fmt, ...)    printk(KERN_ERR fmt, ##__VA_ARGS__)
#define pr_warn(fmt, ...)   printk(KERN_WARNING fmt, ##__VA_ARGS__)
#define pr_info(fmt, ...)   printk(KERN_INFO fmt, ##__VA_ARGS__)
#define pr_debug(fmt, ...)  printk(KERN_DEBUG fmt, ##__VA_ARGS__)

/*
 * printk_plain() - print one line without time stamp, whatever the loglevel.
 * For output in a format of its own: KTAP, benchmark rows, the demo.
 */
__printf(1, 2) void printk_plain(const char *fmt, ...);
__printf(1, 0) void vprintk_plain(const char *fmt, va_list ap);

/*
 * Print one line as it is, in machine mode, too (kernel/base/machine_log.h).
 * The text has no newline.
 */
__printf(1, 0) void vprintk_raw(const char *fmt, va_list ap);

/* Writes as many kept lines as the console accepts. Every tick calls it. */
void printk_flush(void);

/*
 * printk_flush() for code that ends the run: waits for the line, in bounded
 * time. Context: any.
 */
void printk_finish(void);

/* How many lines were lost since boot because a ring was full. */
unsigned long printk_lost(void);
