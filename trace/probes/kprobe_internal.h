/* SPDX-License-Identifier: MIT */
/*
 * Shared by the files of probes.
 *
 *	probe	what a user registers: handlers and an address
 *	place	one probed address: its probes in order of registration
 *	list	the enabled probes of a place, as its handlers' caller reads
 *		them; immutable, replaced as a whole
 *
 * K4 A hit runs each handler of one list, the one that its place has at the
 *    hit, and counts in nmissed of each probe of it if a handler already runs
 *    in this context.
 * K5 A list is freed after synchronize_cpus(), a place too, because a hit
 *    under way may read them, with preemption off.
 * K6 Build may fail and changes nothing; a request for several probes arms all
 *    or none.
 *
 * Lock order: kprobe_mutex > fexit_lock or graph_lock > direct_mutex >
 * ftrace_lock > text_mutex.
 */
#pragma once

#include "kernel/lib/list.h"
#include "kernel/mutex.h"
#include "trace/arch_kprobe.h"
#include "trace/core/ftrace.h"
#include "trace/probes/kprobe.h"
#include <asm/context.h>
#include <asm/percpu.h>

struct kprobe_list {
	unsigned int n;
	bool post;   /* one of them has a post handler */
	bool simple; /* one probe, with a pre handler only */
	struct kprobe *probe[];
};

/* A place is found by the address of each of its INT3s, or of its site. */
struct kprobe_key {
	unsigned long addr;
	struct kprobe_point *point;
	struct kprobe_key *next; /* [A] */
};

/* The ops that serves a place at a site. */
enum kprobe_site_ops {
	KPROBE_SITE_NONE,
	KPROBE_SITE_PLAIN,
	KPROBE_SITE_POST, /* may change ip: a probe has a post handler */
};

struct kprobe_place {
	struct kprobe_point point; /* first */
	struct kprobe_key key, second;
	struct kprobe_site site; /* published if it is on_site */
	struct list_head probes; /* [K] all registered ones */
	struct list_head link;	 /* [K] in kprobe_places */
	bool on_site;		 /* [I] */
	bool armed;		 /* [K] */
	bool was_armed;		 /* [K] a task may be in its slot */
	bool chosen;		 /* [K] part of the present request */
	bool published;		 /* [K] the present request has set its list */
	bool blanked;		 /* [K] it has changed its list in place */
	enum kprobe_site_ops has, want, had; /* [K] now, to be set, before */
	struct kprobe_list *built; /* [K] the list it shall get, then its old */
	bool first_used;	   /* [K] for good: it may still be read */
	union {
		struct kprobe_list list;
		char room[sizeof(struct kprobe_list) + sizeof(struct kprobe *)];
	} first;
};

/* The places of a request, each once, by rising address. */
struct kprobe_request {
	struct kprobe_place **place;
	struct kprobe_place **some; /* scratch, of the same size */
	size_t n;
	unsigned long last; /* address of the place added last */
	bool sorted;
	bool int3s; /* one has no site */
	bool known; /* one is armed, or has a list already */
};

/* A request with at most so many places needs no array. */
#define KPROBE_SMALL 8

/* Return: 0 and the address; -EINVAL none or two; -ENOENT unknown symbol. */
int kprobe_address(const struct kprobe *p, unsigned long *addr);

/* Not from a handler, nor where one cannot sleep. */
bool kprobe_may_request(void);

/* Each kretprobe as kprobes_on says. [K] */
void kretprobes_set_all(void);

extern struct list_head kretprobes; /* [K] */
extern struct mutex kprobe_mutex;
extern struct list_head kprobe_places; /* [K] */
extern bool kprobes_on;		       /* [K] kprobes_set_all() */

static inline struct kprobe_place *place_of_point(struct kprobe_point *point)
{
	return container_of(point, struct kprobe_place, point);
}

/* From here to kprobe_leave() a probe reached in this context is missed. */
static __always_inline bool kprobe_enter(u32 context)
{
	if (unlikely(this_cpu_read(kprobe_busy) & context)) /* K4 */
		return false;
	this_cpu_or(kprobe_busy, context);
	barrier();
	return true;
}

/* Reading the context again is cheaper than keeping it over a handler. */
static __always_inline void kprobe_leave(void)
{
	barrier();
	this_cpu_and(kprobe_busy, ~this_cpu_read(trace_context));
}

/* ---- kprobe_hit.c ---- */

/* The callback of both ops. Context: probe. */
void kprobe_site_hit(unsigned long ip, unsigned long parent_ip,
		     struct ftrace_ops *ops, struct ftrace_regs *fregs);

/*
 * From now on hits find the place by its keys and its site; or no longer, which
 * is before its memory is freed (K5). Context: [K].
 */
void kprobe_publish(struct kprobe_place *place);
void kprobe_unpublish(struct kprobe_place *place);

/* ---- kprobe_place.c ---- */

/*
 * The place at @addr, a new one if there is none. Return: ERR_PTR of an error
 * of register_kprobe().
 */
struct kprobe_place *kprobe_place_get(unsigned long addr);
/* The place at @addr, or NULL. */
struct kprobe_place *kprobe_place_find(unsigned long addr);

/*
 * Gives each place the list of its enabled probes; arms and disarms. Return: 0,
 * or an error with nothing changed. A place that no probe wants cannot fail: if
 * it cannot be disarmed, it stays armed without a list, and a later request
 * tries again.
 */
int kprobe_update(struct kprobe_request *request);

/* Frees the places without probes that are not armed (K3, K5). Waits. */
void kprobe_reap(void);

/* ---- kprobe_room.c ---- */

/* A place of zeros, or NULL. Context: [K]. */
struct kprobe_place *kprobe_room_take(void);
void kprobe_room_give(struct kprobe_place *place);

/* ---- kprobe_site.c ---- */

/*
 * Gives each place the ops that it wants. Return: 0; as
 * register_ftrace_function(), and each place has what it had.
 * undo: gives them back what they had, as far as possible.
 */
int kprobe_sites_set(struct kprobe_place *const *places, size_t n);
void kprobe_sites_undo(struct kprobe_place *const *places, size_t n);
