/* SPDX-License-Identifier: MIT */
/*
 * figures.h - what the benchmarks have recorded of what the acts show:
 * instructions (patch.rounds: rounds), those of call.* above an untraced call.
 * Linux is Debian's 6.1 under the same emulator. Written by
 * tests/bench/results.py, of tests/bench/history.tsv and linux/figures.tsv.
 */
#pragma once

enum demo_figure {
	OURS_CALL_OPS2 = 31,
	LINUX_CALL_OPS2 = 212,
	OURS_CALL_LIST2 = 75,
	LINUX_CALL_LIST2 = 212,
	OURS_CALL_GRAPH_RING = 172,
	LINUX_CALL_GRAPH_RING = 1320,
	OURS_CALL_KPROBE_FTRACE = 67,
	LINUX_CALL_KPROBE_FTRACE = 153,
	OURS_CALL_KPROBE_INT3 = 131,
	LINUX_CALL_KPROBE_INT3 = 278,
	OURS_CALL_KRETPROBE = 140,
	LINUX_CALL_KRETPROBE = 383,
	OURS_EVENT_ENABLED = 78,
	LINUX_EVENT_ENABLED = 594,
	OURS_KEYS_FLIP_1 = 3029,
	LINUX_KEYS_FLIP_1 = 4314,
	OURS_PATCH_ENABLE_ONE = 5235,
	LINUX_PATCH_ENABLE_ONE = 5873155,
	OURS_PATCH_ROUNDS_5000 = 3,
	LINUX_PATCH_ROUNDS_5000 = 60,
	OURS_PATCH_EXCHANGE_PER_SITE = 69,
	LINUX_PATCH_EXCHANGE_PER_SITE = 19749,
};
