/* SPDX-License-Identifier: MIT */
/*
 * event_hist.h - the histogram of a trigger: events counted and summed by key.
 *
 * EH1  Each event that reaches the histogram since it began or was cleared is
 *      in one element's hitcount or in the map's ->dropped, so Hits + Dropped
 *      is their number. An event does not reach it that comes while it is
 *      paused, that the filter rejects, or that is inside an action (TG4).
 * EH2  A cleared histogram has a new map. The old one is freed after every
 *      probe that may add to it, and after every reader that shows it.
 * EH3  Histograms of one name, of whichever events and traces, have one map and
 *      the same keys and values; each is paused by itself.
 *
 * [session] is event_session_begin() to event_session_end(). Context: task,
 * unless stated otherwise.
 */
#pragma once

#include "kernel/lib/types.h"
#include "trace/event/hist_parse.h"

struct event_hist;
struct event_trigger;
struct trace_event_file;
struct trace_seq;

/*
 * event_hist_create() - a histogram for the event of @file, without memory for
 * elements and with one reference
 * Return: NULL without memory. [session]
 */
struct event_hist *event_hist_create(struct trace_event_file *file,
				     const struct hist_spec *spec);
/*
 * Allocate its map, or share that of its name; event_hist_fits_name() is true.
 * Return: 0; -ENOMEM. [session]
 */
int event_hist_start(struct event_hist *hist);
/* Does it count as those of its name do? True if there is none. [session] */
bool event_hist_fits_name(const struct event_hist *hist);
/* Its trigger goes: no other joins it. [session] */
void event_hist_retire(struct event_hist *hist);

/*
 * Drop a reference: the last one frees it. No probe may be in it. NULL is
 * allowed. [session]
 */
void event_hist_put(struct event_hist *hist);

/* What it was created from. */
const struct hist_spec *event_hist_spec(const struct event_hist *hist);

/* Do both count the same by the same keys? */
bool event_hist_same(const struct event_hist *a, const struct event_hist *b);

/* Count events, or do not. Context: any. Return: whether it has changed. */
bool event_hist_pause(struct event_hist *hist, bool pause);

/*
 * Begin anew. Return: 0, and the caller calls event_session_wait(); -ENOMEM,
 * and nothing has changed. [session]
 */
int event_hist_clear(struct event_hist *hist);
/* No probe is in a map that was cleared away: free them. [session] */
void event_hists_settled(void);

/* Does it read a common_ field of the record? */
bool event_hist_reads_entry(const struct event_hist *hist);

/*
 * event_hist_hit() - count an event, unless it is paused
 * @record: complete; its trace_entry only if event_hist_reads_entry()
 * Context: probe, NMI included, preemption off. Not traceable.
 */
void event_hist_hit(struct event_hist *hist, const void *record, u32 len);

/* "hist:keys=...:size=2048", as Linux prints it, without filter. */
void event_hist_show(const struct event_hist *hist, struct trace_seq *seq);
/* " [active]\n" or " [paused]\n" */
void event_hist_show_state(const struct event_hist *hist,
			   struct trace_seq *seq);

/* ---- reading ------------------------------------------------------------- */

/* The rows of a histogram at one moment, sorted. */
struct hist_view;

/*
 * Return: the rows now; ERR_PTR(-ENOMEM). Holds @hist and its map. [session]
 */
struct hist_view *hist_view_open(struct event_hist *hist);
/* NULL is allowed. [session] */
void hist_view_close(struct hist_view *view);
u32 hist_view_rows(const struct hist_view *view);
/* Print one row; the totals. */
void hist_view_show(const struct hist_view *view, u32 row,
		    struct trace_seq *seq);
void hist_view_show_totals(const struct hist_view *view, struct trace_seq *seq);
