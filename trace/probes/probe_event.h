/* SPDX-License-Identifier: MIT */
/*
 * probe_event.h - events that are made at run time, each from one or several
 * probes: kprobe_events and dynamic_events.
 *
 * PE3 A probe event exists whole or not at all: a line that is refused leaves
 *     no event, no probe and no directory.
 * PE4 Probes of an event are armed exactly while the event is enabled in a
 *     trace: between trace_event.reg and trace_event.unreg of its files.
 * PE5 An event that is enabled, or in use by a trigger, is not removed.
 * PE7 Disabling and removal cannot fail. A probe that lacks the memory to leave
 *     its site rests there until the event is enabled again, or, once it is
 *     removed, until a later removal takes it away.
 *
 * Context of all calls: task, may sleep.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/probes/probe_parse.h"

struct trace_seq;

/* Which events a file is about. */
enum probe_family {
	PROBE_FAMILY_KPROBE = BIT(0), /* p and r */
	PROBE_FAMILY_FPROBE = BIT(1), /* f and t */
	PROBE_FAMILY_ANY = BIT(0) | BIT(1),
};

/*
 * probe_event_line() - carry out one line: make an event, append a probe to
 * one, or remove some
 * @line: cut by probe_line_cut(); its error is set where the line is to blame
 * Return: 0; -EINVAL what the grammar refuses, or an address that no probe can
 * be at; -E2BIG; -EEXIST the name or the probe is there already; -ENOENT no
 * such event or symbol; -EBUSY the event is in use (PE5); -EILSEQ not the start
 * of an instruction; -EOPNOTSUPP; -ENOSPC there are TRACE_EVENT_SLOTS events;
 * -ENOMEM; errors of register_kprobe().
 */
int probe_event_line(struct probe_line *line, unsigned int families);

/* Remove all. Return: 0; -EBUSY one is in use, and none is removed. */
int probe_event_clear(unsigned int families);

/*
 * Append the line with number *pos, and advance *pos, unless it does not fit.
 * Return: false: there is none.
 */
bool probe_event_show(u64 *pos, struct trace_seq *seq, unsigned int families);
/* The same of kprobe_profile: event, hits, misses. */
bool probe_event_show_profile(u64 *pos, struct trace_seq *seq);

/*
 * The same, "GROUP:EVENT" of each event of a probe of kprobe_events, as
 * set_event takes it.
 */
bool probe_event_name(u64 *pos, char *name, size_t size);

/* How many probes there are, for tests. */
unsigned int probe_event_count(void);
