/* SPDX-License-Identifier: MIT */
/*
 * Host fake of <asm/layout.h>: kernel data is the test program's own data; the
 * text is an array of sites (tests/host/sites.c).
 */
#pragma once

#include "arch/x86_64/asm/layout.h"

extern char __data_start[];
#define _data __data_start
