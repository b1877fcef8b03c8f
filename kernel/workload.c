// SPDX-License-Identifier: MIT
/*
 * workload.c - kernel threads whose work is worth tracing.
 *
 * Owns the workers, their queues and counts. It uses locks, queues, timers and
 * allocations in the ordinary way, so a trace of it shows the kernel's ordinary
 * paths. A function that deserves a line in a trace is not inlined.
 *
 * WL1  A parcel that reaches the consumer has the checksum it was sent with
 *     (otherwise it is counted in ->spoiled).
 * WL2  workload_stop() returns with no worker, timer or block left.
 */
#include "kernel/workload.h"

#include <asm/atomic.h>
#include <asm/barrier.h>

#include "kernel/base/clock.h"
#include "kernel/base/slab.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/mutex.h"
#include "kernel/sched.h"
#include "kernel/timer.h"
#include "kernel/wait.h"

/*
 * Sizes and times of the work: small enough that a trace of a second stays
 * readable. REST_NS is the pause of a worker after a round.
 */
#define MAX_SETS     64
#define PARCEL_WORDS 12
#define QUEUE_ROOM   4
#define TREE_DEPTH   24
#define REST_NS	     200000UL
#define TIMER_NS     3000000UL

/* What the queues carry. sum: checksum() of the words. */
struct parcel {
	u32 words[PARCEL_WORDS];
	u32 sum;
};

/* A bounded queue; both ends sleep. */
struct queue {
	struct mutex lock;
	struct wait_queue_head changed;
	struct parcel *slot[QUEUE_ROOM];
	unsigned int in, out; /* [lock] total numbers put and taken */
};

/*
 * Two tasks that wake each other in turn: each pass is a wake-up and a switch.
 */
struct ball {
	struct wait_queue_head flew;
	unsigned int side; /* the player whose turn it is */
};

enum { PRODUCER, FILTER, CONSUMER, CHURNER, LEFT, RIGHT, WALKER, ROLES };

/* One of each worker. PRODUCER -> fresh -> FILTER -> filtered -> CONSUMER. */
struct set {
	struct task_struct *worker[ROLES];
	struct queue fresh, filtered;
	struct ball ball;
	struct timer timer;
	struct workload_stats stats; /* each field has one writer */
};

static struct set *sets[MAX_SETS];
static unsigned int nr_sets;
static bool stopping;
static bool fault; /* [I] while workers run */

/* Depends on the order of the words, so two that were exchanged are noticed. */
static noinline u32 checksum(const struct parcel *p)
{
	u32 sum = 17;
	unsigned int i;

	for (i = 0; i < PARCEL_WORDS; i++)
		sum = sum * 31 + p->words[i];
	return sum;
}

/* The planted fault: one parcel in 500 asks for 64 KiB. */
static size_t parcel_size(u32 seed)
{
	return fault && seed % 500 == 100 ? 65536 : sizeof(struct parcel);
}

/*
 * The words are pseudo-random and the same in every run. Return: NULL without
 * memory.
 */
static noinline struct parcel *make_parcel(u32 seed)
{
	struct parcel *p = kmalloc(parcel_size(seed));
	unsigned int i;

	if (!p)
		return NULL;
	for (i = 0; i < PARCEL_WORDS; i++)
		p->words[i] = seed = seed * 1664525 + 1013904223;
	p->sum = checksum(p);
	return p;
}

static void queue_init(struct queue *q)
{
	memset(q, 0, sizeof(*q));
	mutex_init(&q->lock);
	init_waitqueue_head(&q->changed);
}

/* Return: false if the queue is full. */
static noinline bool queue_try_put(struct queue *q, struct parcel *p)
{
	bool room;

	mutex_lock(&q->lock);
	room = q->in - q->out < QUEUE_ROOM;
	if (room)
		q->slot[q->in++ % QUEUE_ROOM] = p;
	mutex_unlock(&q->lock);
	return room;
}

/* Return: NULL if the queue is empty. */
static noinline struct parcel *queue_try_take(struct queue *q)
{
	struct parcel *p = NULL;

	mutex_lock(&q->lock);
	if (q->in != q->out)
		p = q->slot[q->out++ % QUEUE_ROOM];
	mutex_unlock(&q->lock);
	return p;
}

/* A guess without the lock, to sleep by: the try after it decides. */
static unsigned int queue_length(const struct queue *q)
{
	return READ_ONCE(q->in) - READ_ONCE(q->out);
}

/* Return: false if the workers must end; the caller then keeps the parcel. */
static noinline bool queue_put(struct queue *q, struct parcel *p)
{
	while (!queue_try_put(q, p)) {
		if (READ_ONCE(stopping))
			return false;
		wait_event(&q->changed,
			   queue_length(q) < QUEUE_ROOM || READ_ONCE(stopping));
	}
	wake_up(&q->changed);
	return true;
}

/* Return: NULL if the workers must end. */
static noinline struct parcel *queue_take(struct queue *q)
{
	struct parcel *p;

	while (!(p = queue_try_take(q))) {
		if (READ_ONCE(stopping))
			return NULL;
		wait_event(&q->changed, queue_length(q) || READ_ONCE(stopping));
	}
	wake_up(&q->changed);
	return p;
}

/* A round without memory makes no parcel; it is not an error. */
static int producer(void *arg)
{
	struct set *set = arg;
	u32 seed = 1;

	while (!READ_ONCE(stopping)) {
		struct parcel *p = make_parcel(seed++);

		if (p && !queue_put(&set->fresh, p))
			kfree(p);
		sleep_ns(REST_NS);
	}
	return 0;
}

/* Inverts every word and recomputes the sum. */
static noinline void refine_parcel(struct parcel *p)
{
	unsigned int i;

	for (i = 0; i < PARCEL_WORDS; i++)
		p->words[i] = ~p->words[i];
	p->sum = checksum(p);
}

/*
 * Ends when the queue in front of it says so, so no parcel is lost on the way.
 */
static int filter(void *arg)
{
	struct set *set = arg;
	struct parcel *p;

	while ((p = queue_take(&set->fresh))) {
		refine_parcel(p);
		if (!queue_put(&set->filtered, p))
			kfree(p);
	}
	return 0;
}

static int consumer(void *arg)
{
	struct set *set = arg;
	struct parcel *p;

	while ((p = queue_take(&set->filtered))) {
		if (checksum(p) != p->sum) /* WL1 */
			set->stats.spoiled++;
		set->stats.parcels++;
		kfree(p);
	}
	return 0;
}

/* Allocate blocks of growing size, free them in another order. */
static noinline void churn_memory(struct set *set)
{
	void *block[16];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(block); i++)
		block[i] = kmalloc(16U << (i % 8));
	for (i = 0; i < ARRAY_SIZE(block); i++)
		kfree(block[(i * 7) % ARRAY_SIZE(block)]);
	set->stats.allocated += ARRAY_SIZE(block);
}

static int churner(void *arg)
{
	while (!READ_ONCE(stopping)) {
		churn_memory(arg);
		sleep_ns(REST_NS);
	}
	return 0;
}

/* Passes are counted by one side only: one writer for each field. */
static int play(struct set *set, unsigned int side)
{
	struct ball *ball = &set->ball;

	while (!READ_ONCE(stopping)) {
		wait_event(&ball->flew, READ_ONCE(ball->side) == side ||
						READ_ONCE(stopping));
		if (!side)
			set->stats.passes++;
		WRITE_ONCE(ball->side, !side);
		wake_up(&ball->flew);
		sleep_ns(REST_NS / 4);
	}
	return 0;
}

static int player_left(void *arg)
{
	return play(arg, 0);
}

static int player_right(void *arg)
{
	return play(arg, 1);
}

/* Recursion for the graph tracer: depth + 1 nested calls. */
noinline unsigned long walk_tree(unsigned int depth, unsigned long seed)
{
	unsigned long below;

	if (!depth)
		return seed & 1;
	below = walk_tree(depth - 1, seed * 6364136223846793005UL + 1);
	barrier(); /* work after the call, so it does not become a tail call */
	return 1 + below;
}

static int walker(void *arg)
{
	struct set *set = arg;
	unsigned long seed = 42;

	while (!READ_ONCE(stopping)) {
		seed += walk_tree(TREE_DEPTH, seed);
		set->stats.leaves++;
		sleep_ns(REST_NS);
	}
	return 0;
}

/* Context: irq. Starts itself again until the workers stop. */
static void timer_rings(void *arg)
{
	struct set *set = arg;

	set->stats.ticks++;
	if (!READ_ONCE(stopping))
		timer_add(&set->timer, ktime_ns() + TIMER_NS);
}

/*
 * Those that sleep on a queue or on the ball; the others sleep for a short time
 * only.
 */
static void wake_workers(struct set *set)
{
	wake_up(&set->fresh.changed);
	wake_up(&set->filtered.changed);
	wake_up(&set->ball.flew);
}

/* Parcels that nobody took. Its workers have ended. */
static void drain(struct queue *q)
{
	struct parcel *p;

	while ((p = queue_try_take(q)))
		kfree(p);
}

/* WL2 */
static void stop_set(struct set *set)
{
	unsigned int i;

	wake_workers(set);
	for (i = 0; i < ROLES; i++)
		if (set->worker[i])
			kthread_join(set->worker[i]);
	timer_cancel_sync(&set->timer);
	drain(&set->fresh);
	drain(&set->filtered);
	kfree(set);
}

/*
 * The set is in sets[] before its first worker starts, so that workload_stop()
 * ends a set that was started in part. Return: NULL without memory.
 */
static struct set *start_set(unsigned int number)
{
	static int (*const role[ROLES])(void *) = {
		producer,    filter,	   consumer, churner,
		player_left, player_right, walker,
	};
	static const char *const name[ROLES] = { "producer", "filter",
						 "consumer", "churner",
						 "left",     "right",
						 "walker" };
	struct set *set = kzalloc(sizeof(*set));
	unsigned int i;

	if (!set)
		return NULL;
	queue_init(&set->fresh);
	queue_init(&set->filtered);
	init_waitqueue_head(&set->ball.flew);
	timer_setup(&set->timer, timer_rings, set);
	sets[nr_sets++] = set;
	for (i = 0; i < ROLES; i++) {
		struct task_struct *task =
			kthread_run(role[i], set, "%s/%u", name[i], number);

		if (IS_ERR(task))
			return NULL;
		set->worker[i] = task;
	}
	timer_add(&set->timer, ktime_ns() + TIMER_NS);
	return set;
}

int workload_start(unsigned int n)
{
	unsigned int i;

	if (nr_sets)
		return -EBUSY;
	stopping = false;
	for (i = 0; i < n && i < MAX_SETS; i++) {
		if (!start_set(i)) {
			workload_stop();
			return -ENOMEM;
		}
	}
	return 0;
}

int workload_start_faulty(unsigned int n)
{
	if (nr_sets)
		return -EBUSY;
	fault = true;
	return workload_start(n);
}

void workload_stop(void)
{
	WRITE_ONCE(stopping, true);
	while (nr_sets)
		stop_set(sets[--nr_sets]);
	fault = false;
}

void workload_read(struct workload_stats *stats)
{
	unsigned int i;

	memset(stats, 0, sizeof(*stats));
	for (i = 0; i < nr_sets; i++) {
		const struct workload_stats *s = &sets[i]->stats;

		stats->parcels += s->parcels;
		stats->spoiled += s->spoiled;
		stats->allocated += s->allocated;
		stats->passes += s->passes;
		stats->ticks += s->ticks;
		stats->leaves += s->leaves;
	}
}
