/* SPDX-License-Identifier: MIT */
/*
 * Services: what the command line asks for beside the mode. A service starts
 * its threads after the last boot step and before the mode runs, in the order
 * of the table.
 */
#pragma once

#include "kernel/lib/table.h"

struct service {
	/*
	 * Read the words of the command line; start, or do nothing. Context:
	 * the thread "init", may sleep. Return: 0; an errno: it has printed
	 * why, and the mode runs without it.
	 */
	int (*start)(void);
};

DECLARE_TABLE(struct service, services);
