/* SPDX-License-Identifier: MIT */
/* poke_film.h - of nop5-debug.elf: the batches of a load are filmed. */
#pragma once

#include "tests/lab/film.h"
