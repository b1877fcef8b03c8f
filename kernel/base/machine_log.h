/* SPDX-License-Identifier: MIT */
/*
 * The log in machine mode: with log=json on the command line every line of the
 * kernel's log is one JSON object, for programs that read it.
 *
 *	{"nop5":1,"build":"1f2e3d4c5b6a7988","clock":"ns"}
 *	{"e":"log","text":"[    0.000312] command line: log=json"}
 *	{"e":"cpus","online":4}
 *	{"e":"test","nr":1,"name":"lib.sort","result":"ok","ns":51200}
 *	{"e":"exit","status":33}
 *
 * The first is the identity, the last QEMU's status. "result" is "ok", "not
 * ok" or "skip"; a skip has its reason in "why". A line of any other kind is
 * "log". Readers must ignore an "e" or a key that they do not know. Only a
 * panic inside a panic writes text that is not JSON, and what a shell prints
 * for its user.
 */
#pragma once

#include "kernel/lib/types.h"

/* Reads log= from the command line. Context: boot, before the first line. */
void machine_log_init(void);

/* Is the log in machine mode? Context: any. */
bool machine_log(void);

/*
 * machine_event() - in machine mode, print one line that is a JSON object
 * The caller quotes texts itself and they contain neither quote nor backslash.
 * Return: true in machine mode; else false, and nothing is printed.
 * Context: any, as printk().
 */
__printf(1, 2) bool machine_event(const char *fmt, ...);

/*
 * machine_log_line() - the "log" object of a line of text, with its newline
 * @text, @len: the line without newline; any bytes. Bytes outside printable
 * ASCII become '?'. What does not fit @size bytes is cut, the object is whole.
 * @size: at least 32.
 * Return: the number of bytes in @buf. Pure.
 */
size_t machine_log_line(char *buf, size_t size, const char *text, size_t len);
