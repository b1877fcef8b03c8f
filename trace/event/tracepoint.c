// SPDX-License-Identifier: MIT
/*
 * tracepoint.c - the lists of probes of the tracepoints.
 *
 * Owns the lists. A list is read without a lock, with preemption off, so an
 * element is published complete, and is freed after synchronize_cpus(). A
 * tracepoint with probes is one user of its static key; keys change in the end
 * of a session, all in one batch.
 *
 * Invariants TP1 to TP3: tracepoint.h.
 *
 * Context: task. Locks: tracepoints_mutex, then jump_label_mutex and
 * text_mutex. Legend: [T] tracepoints_mutex; [I] immutable while attached; [A]
 * written by one store under it, read by probes.
 */
#include "trace/event/tracepoint.h"

#include "kernel/base/slab.h"
#include "kernel/jump_label.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/quiesce.h"

DEFINE_TABLE(struct tracepoint, tracepoints);

static DEFINE_MUTEX(tracepoints_mutex);
static unsigned int depth;	     /* [T] sessions begun by the holder */
static struct tracepoint *changed;   /* [T] */
static struct tracepoint_func *gone; /* [T] detached, may be in use */

struct tracepoint *tracepoint_find(const char *name)
{
	const struct tracepoint *const *at;

	for_each_entry(at, tracepoints)
	{
		if (!strcmp((*at)->name, name))
			return (struct tracepoint *)*at;
	}
	return NULL;
}

/* ---- sessions ------------------------------------------------------------ */

void tracepoint_session_begin(void)
{
	if (!mutex_is_held(&tracepoints_mutex))
		mutex_lock(&tracepoints_mutex);
	depth++;
}

/* Turn the keys on and off that the lists want so. */
static void change_keys(void)
{
	struct tracepoint *tp;

	static_key_batch_begin();
	for (; (tp = changed); changed = tp->next) {
		tp->changed = false;
		if (tp->on == !!tp->funcs)
			continue;
		tp->on = tp->funcs;
		if (tp->on)
			static_key_queue_inc(&tp->key.key);
		else
			static_key_queue_dec(&tp->key.key);
	}
	static_key_batch_end();
}

static bool free_gone(void)
{
	struct tracepoint_func *it;

	if (!gone)
		return false;
	synchronize_cpus(); /* TP1 */
	while ((it = gone)) {
		gone = it->gone;
		kfree(it);
	}
	return true;
}

bool tracepoint_session_end(void)
{
	bool waited;

	assert_held(&tracepoints_mutex);
	if (--depth)
		return false;
	if (changed)
		change_keys();
	waited = free_gone();
	mutex_unlock(&tracepoints_mutex);
	return waited;
}

static void note_change(struct tracepoint *tp)
{
	if (tp->changed)
		return;
	tp->changed = true;
	tp->next = changed;
	changed = tp;
}

/* ---- probes -------------------------------------------------------------- */

/* Return: the link that points to this probe, or to NULL at the end. */
static struct tracepoint_func **find(struct tracepoint *tp, void *probe,
				     void *data)
{
	struct tracepoint_func **at = &tp->funcs;

	while (*at && ((*at)->func != probe || (*at)->data != data))
		at = &(*at)->next;
	return at;
}

static int attach(struct tracepoint *tp, void *probe, void *data, int prio)
{
	struct tracepoint_func **at = &tp->funcs, *it;

	if (*find(tp, probe, data))
		return -EEXIST;
	it = kmalloc(sizeof(*it));
	if (!it)
		return -ENOMEM;
	while (*at && (*at)->prio >= prio)
		at = &(*at)->next;
	*it = (struct tracepoint_func){ probe, data, prio, *at };
	smp_store_release(at, it); /* TP2: complete before it is found */
	note_change(tp);
	return 0;
}

int tracepoint_probe_register_prio(struct tracepoint *tp, void *probe,
				   void *data, int prio)
{
	int err;

	if (!probe)
		return -EINVAL;
	tracepoint_session_begin();
	err = attach(tp, probe, data, prio);
	tracepoint_session_end();
	return err;
}

int tracepoint_probe_register(struct tracepoint *tp, void *probe, void *data)
{
	return tracepoint_probe_register_prio(tp, probe, data,
					      TRACEPOINT_DEFAULT_PRIO);
}

/*
 * TP3. A CPU that is at the element goes on to its successor, so ->next must
 * stay: the elements that are gone are linked by another word.
 */
int tracepoint_probe_unregister(struct tracepoint *tp, void *probe, void *data)
{
	struct tracepoint_func **at, *it;

	tracepoint_session_begin();
	at = find(tp, probe, data);
	it = *at;
	if (it) {
		WRITE_ONCE(*at, it->next);
		it->gone = gone;
		gone = it;
		note_change(tp);
	}
	tracepoint_session_end();
	return it ? 0 : -ENOENT;
}
