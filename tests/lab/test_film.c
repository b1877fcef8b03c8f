// SPDX-License-Identifier: MIT
/*
 * A load that fails leaves a recording: the failure is planted, for
 * tests/test_theatre_boot.py.
 */
#include "tests/debug/poke_faults.h"
#include "tests/kernel/ktest.h"
#include "tests/kernel/poke_load.h"
#include "tests/kernel/poke_slices.h"
#include "tests/lab/method.h"
#include <asm/cpu.h>

#define PATCHES 400 /* at most: the first torn call is enough */

static struct farm farm;

static void patch_by(const struct lab_method *method)
{
	unsigned int turn;

	lab_use_method(method);
	poke_observe(slices_stagger);
	poke_lab_faults(0, 1000);
	for (turn = 0; turn < PATCHES && !load_torn(); turn++) {
		EXPECT_EQ(load_poke(turn % 2 ? FARM_NOP : FARM_A), 0);
		slices_wait(3000);
		cpu_relax(); /* give a turn away */
	}
	poke_lab_faults(0, 0);
	poke_observe(NULL);
	lab_use_method(NULL);
}

static void load_by(const struct lab_method *method)
{
	ASSERT_EQ(farm_init_arena(&farm, 1, 0), 0);
	slices_begin(4);
	if (EXPECT_EQ(load_begin(&farm, LOAD(LOAD_TASK), false), 0)) {
		patch_by(method);
		EXPECT_EQ(load_end().torn, 0);
	}
	slices_end();
	farm_destroy(&farm);
}

KTEST_FLAGS(planted, load_that_tears, KTEST_ASKED, 0)
{
	load_by(lab_method_find("naive"));
}

KTEST_FLAGS(planted, load_that_does_not, KTEST_ASKED, 0)
{
	load_by(NULL);
}
