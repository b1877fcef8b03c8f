// SPDX-License-Identifier: MIT
/*
 * Hooked returns: every function returns to the right place with the right
 * value, whatever is switched during the call; several users at once each see
 * their calls in pairs; backtraces do not notice.
 */
#include "arch/x86_64/cpu/traps.h"
#include "kernel/stacktrace.h"
#include "tests/kernel/fgraph_targets.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/trace_test.h"
#include "trace/event/trace_record.h"
#include "trace/graph/fgraph.h"
#include <asm/atomic.h>

KTEST(fgraph, a_shadow_stack_for_every_task)
{
	u64 without = fgraph_no_stack();
	unsigned int cpu;

	if (tt_begin("function_graph", FG_FILTER, 64)) {
		for_each_online_cpu(cpu)
			EXPECT(sched_cpu_task(cpu)->ret_stack);
		EXPECT_EQ(fgraph_no_stack(), without);
	}
	tt_end();
}

/* ---- users of the test --------------------------------------------------- */

struct user {
	struct ftrace_ops ops;
	struct fgraph_ops gops;
	atomic64_t entries, returns, wrong, declined;
	bool decline;	  /* every second call */
	struct wide last; /* of fg_wide(), the deepest but few */
};

static bool user_entry(struct ftrace_graph_ent *ent, struct fgraph_ops *gops)
{
	struct user *user = gops->private;

	if (user->decline && atomic64_inc_return(&user->declined) % 2)
		return false;
	atomic64_inc(&user->entries);
	ent->calltime = ent->func;
	return true;
}

static void user_return(const struct ftrace_graph_ret *ret,
			struct fgraph_ops *gops)
{
	struct user *user = gops->private;

	atomic64_inc(&user->returns);
	if (ret->func == (unsigned long)fg_wide && ret->depth > 30)
		user->last = (struct wide){ ret->retval, ret->retval_high };
	if (ret->calltime != ret->func || ret->depth < 0)
		atomic64_inc(&user->wrong);
}

static bool user_begin(struct user *user, const char *filter)
{
	*user = (struct user){
		.gops = { .entryfunc = user_entry, .retfunc = user_return },
	};
	user->gops.ops = &user->ops;
	user->gops.private = user;
	return EXPECT_EQ(
		       ftrace_set_filter(&user->ops, filter, strlen(filter), 1),
		       0) &&
	       EXPECT_EQ(register_ftrace_graph(&user->gops), 0);
}

static void user_end(struct user *user)
{
	EXPECT_EQ(unregister_ftrace_graph(&user->gops), 0);
	EXPECT_EQ(ftrace_free_filter(&user->ops), 0);
}

KTEST(fgraph, one_user_sees_pairs)
{
	struct user user;

	ASSERT(user_begin(&user, FG_FILTER));
	EXPECT(fg_check_all(5, 20));
	user_end(&user);
	EXPECT_EQ(atomic64_read(&user.entries), fg_calls(20));
	EXPECT_EQ(atomic64_read(&user.returns), fg_calls(20));
	EXPECT_EQ(atomic64_read(&user.wrong), 0);
}

KTEST(fgraph, users_see_both_registers_of_the_result)
{
	struct wide expected = fg_wide_expected(2);
	struct user user;

	ASSERT(user_begin(&user, "fg_wide"));
	EXPECT(fg_check_all(5, 33));
	user_end(&user);
	EXPECT_EQ(user.last.low, expected.low);
	EXPECT_EQ(user.last.high, expected.high);
}

KTEST(fgraph, many_users_each_with_its_filter)
{
	static struct user user[FGRAPH_USERS + 1];
	unsigned int i;

	for (i = 0; i < FGRAPH_USERS; i++)
		ASSERT(user_begin(&user[i], i % 2 ? "fg_leaf" : FG_FILTER));
	user[FGRAPH_USERS] = (struct user){ 0 };
	user[FGRAPH_USERS].gops.ops = &user[FGRAPH_USERS].ops;
	EXPECT_EQ(register_ftrace_graph(&user[FGRAPH_USERS].gops), -ENOSPC);
	EXPECT_EQ(register_ftrace_graph(&user[3].gops), -EBUSY);
	EXPECT(fg_check_all(7, 4));
	for (i = 0; i < FGRAPH_USERS; i++) {
		unsigned int calls = i % 2 ? 3 : fg_calls(4);

		user_end(&user[i]);
		EXPECT_EQ(atomic64_read(&user[i].entries), calls);
		EXPECT_EQ(atomic64_read(&user[i].returns), calls);
	}
}

KTEST(fgraph, who_declines_gets_no_return)
{
	struct user all, half;

	ASSERT(user_begin(&all, FG_FILTER));
	ASSERT(user_begin(&half, FG_FILTER));
	half.decline = true;
	EXPECT(fg_check_all(9, 30));
	user_end(&half);
	user_end(&all);
	EXPECT_EQ(atomic64_read(&all.entries), fg_calls(30));
	EXPECT_EQ(atomic64_read(&all.returns), fg_calls(30));
	EXPECT_EQ(atomic64_read(&half.entries), atomic64_read(&half.returns));
}

/* A callback at return that calls what is hooked: once more, and no further. */
static void caller_return(const struct ftrace_graph_ret *ret,
			  struct fgraph_ops *gops)
{
	user_return(ret, gops);
	fg_leaf(1);
}

KTEST(fgraph, a_return_callback_does_not_recurse_R5)
{
	struct user user = { 0 };

	user.gops = (struct fgraph_ops){ .entryfunc = user_entry,
					 .retfunc = caller_return,
					 .ops = &user.ops,
					 .private = &user };
	ASSERT_EQ(filter_text(&user.ops, "fg_leaf"), 0);
	ASSERT_EQ(register_ftrace_graph(&user.gops), 0);
	EXPECT_EQ(fg_leaf(4), 5);
	user_end(&user);
	EXPECT_EQ(atomic64_read(&user.entries), 2);
	EXPECT_EQ(atomic64_read(&user.returns), 2);
	EXPECT_EQ(current->ret_stack->top - current->ret_stack->frame, 0);
}

/* ---- beside the tracer --------------------------------------------------- */

struct seen {
	unsigned int entries, returns, wrong, deepest;
};

static void see_event(unsigned int cpu, const struct ring_buffer_event *event,
		      void *arg)
{
	const struct ftrace_graph_ret_entry *r = event->data;
	struct seen *seen = arg;

	(void)cpu;
	if (r->ent.type == TRACE_GRAPH_ENT) {
		seen->entries++;
		return;
	}
	seen->returns++;
	seen->deepest = max(seen->deepest, (unsigned int)r->depth);
	if (r->calltime + 1000000000 < r->rettime || r->rettime < r->calltime)
		seen->wrong++;
}

/* A user that was there first, and the tracer: each has its own times. */
KTEST(fgraph, the_tracer_and_a_user_of_the_same_calls)
{
	struct seen seen = { 0 };
	struct user user;

	ASSERT(user_begin(&user, FG_FILTER));
	if (tt_begin("function_graph", FG_FILTER, 64)) {
		EXPECT(fg_check_all(3, 10));
		tt_consume(see_event, &seen);
	}
	tt_end();
	user_end(&user);
	EXPECT_EQ(seen.entries, fg_calls(10));
	EXPECT_EQ(seen.returns, fg_calls(10));
	EXPECT_EQ(seen.wrong, 0);
	EXPECT_EQ(seen.deepest, 10);
	EXPECT_EQ(atomic64_read(&user.returns), fg_calls(10));
	EXPECT_EQ(atomic64_read(&user.wrong), 0);
}

void fg_nap(void);
traced_function void fg_nap(void)
{
	msleep(10);
}

/* Without sleep-time the tracer's calls begin later, not those of others. */
KTEST(fgraph, the_tracer_leaves_the_times_of_others)
{
	struct user user;

	ASSERT(user_begin(&user, "fg_nap"));
	trace_set_option(trace_top(), TRACE_OPT_sleep_time, false);
	if (tt_begin("function_graph", "fg_leaf", 64))
		fg_nap();
	tt_end();
	trace_set_option(trace_top(), TRACE_OPT_sleep_time, true);
	user_end(&user);
	EXPECT_EQ(atomic64_read(&user.returns), 1);
	EXPECT_EQ(atomic64_read(&user.wrong), 0);
}

/* ---- storms -------------------------------------------------------------- */

static atomic64_t wrong_values;

static void check_in_storm(void *depth)
{
	if (!fg_check_all(42, (unsigned long)depth))
		atomic64_inc(&wrong_values);
}

/* Other tasks switch it on and off in the middle of calls. */
struct switcher {
	bool stop;
	unsigned int switches;
	void (*toggle)(bool on);
};

static int switch_on_and_off(void *arg)
{
	struct switcher *s = arg;

	while (!READ_ONCE(s->stop)) {
		s->toggle(s->switches % 2 == 0);
		s->switches++;
	}
	s->toggle(false);
	return 0;
}

static void storm_with(void (*toggle)(bool on), unsigned long depth)
{
	struct switcher s = { .toggle = toggle };
	struct task_struct *task;

	atomic64_set(&wrong_values, 0);
	task = kthread_run(switch_on_and_off, &s, "switcher");
	tt_storm(check_in_storm, (void *)depth, 300, 2, false);
	WRITE_ONCE(s.stop, true);
	kthread_join(task);
	EXPECT_EQ(atomic64_read(&wrong_values), 0);
	EXPECT(s.switches);
	EXPECT_EQ(ftrace_check(), 0);
}

static void toggle_tracer(bool on)
{
	EXPECT_EQ(trace_set_tracer(trace_top(), on ? "function_graph" : "nop"),
		  0);
}

KTEST_FLAGS(fgraph, values_under_storm_switched_on_and_off, 0, 120)
{
	if (tt_begin("nop", FG_FILTER, 64))
		storm_with(toggle_tracer, 10);
	tt_end();
}

static void keep_last_return(unsigned int cpu,
			     const struct ring_buffer_event *event, void *arg)
{
	const struct ftrace_graph_ret_entry *entry = event->data;
	struct ftrace_graph_ret_entry *last = arg;

	(void)cpu;
	if (entry->ent.type == TRACE_GRAPH_RET &&
	    (int)entry->ent.pid == current->pid &&
	    entry->rettime > last->rettime)
		*last = *entry;
}

KTEST_FLAGS(fgraph, values_beyond_the_shadow_stack, 0, 120)
{
	unsigned long before = current->trace_overrun;
	struct ftrace_graph_ret_entry last = { .rettime = 0 };

	if (tt_begin("function_graph", FG_FILTER, 64)) {
		EXPECT(fg_check_all(3, FGRAPH_DEPTH_MAX + 20));
		EXPECT(current->trace_overrun > before); /* R2 */
		tt_consume(keep_last_return, &last);
		EXPECT_EQ(last.overrun, current->trace_overrun);
		EXPECT_EQ(current->ret_stack->top - current->ret_stack->frame,
			  0);
		EXPECT_EQ(trace_set_tracer(trace_top(), "nop"), 0);
		storm_with(toggle_tracer, FGRAPH_DEPTH_MAX + 5);
	}
	tt_end();
}

/* ---- data words ---------------------------------------------------------- */

/* Each of two users of the same calls has words of its own in each call. */
struct words_user {
	struct user user; /* first: ->private is a struct user */
	unsigned int most;
	bool unreserved; /* breaks R6: the words are given back at once */
	atomic64_t refused;
};

static u64 word_of(u64 tag, unsigned int i)
{
	return tag * 0x9e3779b97f4a7c15ULL + i;
}

static bool words_entry(struct ftrace_graph_ent *ent, struct fgraph_ops *gops)
{
	static u64 serial; /* [A] */
	struct words_user *w = gops->private;
	u64 tag = fetch_add(&serial, 1);
	unsigned int words = 1 + tag % w->most, i;
	u64 *data = fgraph_reserve_data(words);

	if (!data) {
		atomic64_inc(&w->refused);
		return false;
	}
	for (i = 0; i < words; i++)
		data[i] = word_of(tag, i);
	if (w->unreserved)
		current->ret_stack->data_used -= words;
	atomic64_inc(&w->user.entries);
	ent->calltime = tag;
	return true;
}

static void words_return(const struct ftrace_graph_ret *ret,
			 struct fgraph_ops *gops)
{
	struct words_user *w = gops->private;
	const u64 *data = ret->data;
	unsigned int i;

	if (w->unreserved) { /* where they were, and what return takes away */
		data += ret->words;
		current->ret_stack->data_used += ret->words;
	}
	atomic64_inc(&w->user.returns);
	if (ret->words != 1 + ret->calltime % w->most)
		atomic64_inc(&w->user.wrong);
	for (i = 0; i < ret->words; i++)
		if (data[i] != word_of(ret->calltime, i))
			atomic64_inc(&w->user.wrong);
}

static bool words_begin(struct words_user *w, unsigned int most)
{
	*w = (struct words_user){ .most = most };
	w->user.gops = (struct fgraph_ops){ .entryfunc = words_entry,
					    .retfunc = words_return,
					    .ops = &w->user.ops,
					    .private = w };
	return EXPECT_EQ(filter_text(&w->user.ops, FG_FILTER), 0) &&
	       EXPECT_EQ(register_ftrace_graph(&w->user.gops), 0);
}

/* Two users of a storm. Return: words of both that were not as written. */
static u64 storm_with_words(unsigned int most, unsigned long depth,
			    bool unreserved)
{
	static struct words_user w[2];
	u64 wrong = 0;
	unsigned int i;

	atomic64_set(&wrong_values, 0);
	for (i = 0; i < 2; i++) {
		if (!words_begin(&w[i], most + i))
			return 1;
		w[i].unreserved = unreserved;
	}
	tt_storm(check_in_storm, (void *)depth, 100, 2, false);
	EXPECT_EQ(atomic64_read(&wrong_values), 0);
	EXPECT_EQ(current->ret_stack->data_used, 0);
	for (i = 0; i < 2; i++) {
		user_end(&w[i].user);
		EXPECT(atomic64_read(&w[i].user.entries) > 0);
		EXPECT_EQ(atomic64_read(&w[i].user.entries),
			  atomic64_read(&w[i].user.returns));
		EXPECT_EQ(atomic64_read(&w[i].refused) > 0,
			  most * depth > FGRAPH_DATA_WORDS);
		wrong += atomic64_read(&w[i].user.wrong);
	}
	return wrong;
}

KTEST_FLAGS(fgraph, two_users_have_words_of_their_own_under_storm_R6, 0, 120)
{
	EXPECT_EQ(storm_with_words(4, 10, false), 0);
}

KTEST_FLAGS(fgraph, words_beyond_the_shadow_stack_R6, 0, 120)
{
	EXPECT_EQ(storm_with_words(FGRAPH_DATA_MAX - 1, 40, false), 0);
}

static long frames_of_room(void)
{
	return current->ret_stack->end - current->ret_stack->frame;
}

KTEST(fgraph, a_user_that_is_refused_wants_no_room)
{
	struct user first = { 0 }, second = { 0 };

	first.gops = (struct fgraph_ops){ .ops = &first.ops, .words = 2 };
	second.gops = (struct fgraph_ops){ .ops = &second.ops, .words = 2 };
	ASSERT_EQ(filter_text(&first.ops, "fg_leaf"), 0);
	ASSERT_EQ(register_ftrace_graph(&first.gops), 0);
	EXPECT_EQ(frames_of_room(), FGRAPH_DEPTH_MAX);
	second.ops.flags = FTRACE_OPS_FL_IPMODIFY; /* without a filter */
	EXPECT_EQ(register_ftrace_graph(&second.gops), -EINVAL);
	EXPECT_EQ(frames_of_room(), FGRAPH_DEPTH_MAX);
	user_end(&first);
}

/* The protection is ->data_used; without it nested calls overwrite words. */
KTEST_FLAGS(fgraph, control_words_that_are_not_reserved_R6, 0, 120)
{
	EXPECT(storm_with_words(4, 10, true) > 0);
}

static struct user second;

static void toggle_second(bool on)
{
	static bool is_on;

	if (on && !is_on)
		user_begin(&second, "fg_recurse fg_leaf");
	else if (!on && is_on)
		user_end(&second);
	is_on = on;
}

KTEST_FLAGS(fgraph, values_under_storm_with_users_coming_and_going, 0, 120)
{
	if (tt_begin("function_graph", FG_FILTER, 64))
		storm_with(toggle_second, 6);
	tt_end();
}

/* ---- sharing a site with ops and direct callers -------------------------- */

static struct count_ops counter = COUNT_OPS(.flags = FTRACE_OPS_FL_SAVE_REGS);
static struct ftrace_ops direct_ops;

static void toggle_direct(bool on)
{
	static bool is_on;

	if (on == is_on)
		return;
	if (on)
		EXPECT_EQ(register_ftrace_direct(&direct_ops, direct_target[0]),
			  0);
	else
		EXPECT_EQ(unregister_ftrace_direct(&direct_ops,
						   direct_target[0], false),
			  0);
	is_on = on;
}

KTEST_FLAGS(fgraph, shares_sites_with_ops_and_direct_callers, 0, 120)
{
	struct user user;

	direct_ops = (struct ftrace_ops){ 0 };
	direct_reset();
	EXPECT_EQ(filter_text(&counter.ops, "fg_leaf fg_recurse"), 0);
	EXPECT_EQ(filter_text(&direct_ops, "fg_leaf fg_tail"), 0);
	ASSERT(user_begin(&user, FG_FILTER));
	EXPECT_EQ(register_ftrace_function(&counter.ops), 0);
	EXPECT_EQ(register_ftrace_direct(&direct_ops, direct_target[0]), 0);
	EXPECT(fg_check_all(1, 8));
	EXPECT_EQ(count_hits(&counter), 3 + 9);
	EXPECT_EQ(direct_hits(0), 3 + 1);
	EXPECT_EQ(atomic64_read(&user.entries), fg_calls(8));
	EXPECT_EQ(atomic64_read(&user.returns), fg_calls(8));
	EXPECT_EQ(
		unregister_ftrace_direct(&direct_ops, direct_target[0], false),
		0);
	storm_with(toggle_direct, 5);
	EXPECT_EQ(atomic64_read(&user.entries), atomic64_read(&user.returns));
	EXPECT_EQ(unregister_ftrace_function(&counter.ops), 0);
	user_end(&user);
	ftrace_free_filter(&direct_ops);
	ftrace_free_filter(&counter.ops);
	memset(counter.hits, 0, sizeof(counter.hits));
}

/* ---- backtraces ---------------------------------------------------------- */

static unsigned long walk[2][32];
static unsigned int walk_len[2];
static unsigned int walk_nr;

u64 fg_walk_end(u64 n);
traced_function u64 fg_walk_end(u64 n)
{
	walk_len[walk_nr] = stack_trace_save(walk[walk_nr], 32, 0);
	return n;
}

u64 fg_walk_tail(u64 n);
traced_function u64 fg_walk_tail(u64 n)
{
	return fg_walk_end(n + 1);
}

u64 fg_walk(u64 n);
traced_function u64 fg_walk(u64 n)
{
	return fg_walk_tail(n) + 1;
}

static traced_function void walk_from_here(unsigned int nr)
{
	walk_nr = nr;
	EXPECT_EQ(fg_walk(1), 3);
}

KTEST(fgraph, backtraces_see_through)
{
	walk_from_here(0);
	if (tt_begin("function_graph", "fg_walk*", 64))
		walk_from_here(1);
	tt_end();
	ASSERT_EQ(walk_len[0], walk_len[1]);
	EXPECT(walk_len[0] > 3);
	/* All but the place in this function. */
	walk[0][3] = walk[1][3];
	EXPECT(!memcmp(walk[0], walk[1], walk_len[0] * sizeof(walk[0][0])));
}

/* ---- calls left by force ------------------------------------------------- */

void fg_trap(void *arg);
traced_function void fg_trap(void *arg)
{
	(void)arg;
	__asm__ volatile("ud2");
}

u64 fg_catch(u64 n);
traced_function u64 fg_catch(u64 n)
{
	struct trap_info info;

	EXPECT(trap_catch(TRAP_BIT(6), fg_trap, NULL, &info));
	return n + 1;
}

/* R3 */
KTEST(fgraph, frames_of_calls_left_by_force_are_dropped)
{
	struct fgraph_ret_stack *stack;
	u64 before;

	if (tt_begin("function_graph", FG_FILTER " fg_catch fg_trap", 64)) {
		stack = current->ret_stack;
		before = stack->abandoned;
		EXPECT_EQ(fg_catch(4), 5);
		EXPECT(fg_check_all(4, 4));
		EXPECT_EQ(stack->abandoned, before + 1);
		EXPECT_EQ(stack->top - stack->frame, 0);
	}
	tt_end();
}
