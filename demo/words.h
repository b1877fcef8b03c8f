/* SPDX-License-Identifier: MIT */
/*
 * words.h - shared by the shell's words that do what the acts show: consumer,
 * direct, exchange, fexit, patch, disas.
 *
 * Context: task (the shell's own thread).
 */
#pragma once

#include "trace/shell/shell.h"

#define WORD_NAME 64 /* bytes of a name that a word keeps, its NUL included */

/*
 * word_site() - the site of the function that a word names
 * @word: the command, for its error message
 * Return: its address; 0 after an error message: no such function, or it
 * cannot be traced.
 */
unsigned long word_site(const char *word, const char *function);

/* Print the bytes at a site and its subscribers. Return: as stage_put(). */
int word_show_site(struct stage *stage, unsigned long ip);

/* Print how a word is typed. Return: -EINVAL. */
int word_usage(struct stage *stage);

/*
 * probe_hint() - if @arg of `probe PLACE ARG` names no parameter of function
 * PLACE, print which ones it has, and functions that have one of that name.
 * Prints nothing if the function is not known. probe_hint.c.
 */
void probe_hint(const char *place, const char *arg);
