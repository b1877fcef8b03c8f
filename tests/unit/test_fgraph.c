// SPDX-License-Identifier: MIT
/*
 * The shadow stack against an oracle, by random schedules.
 *
 * A task calls functions, returns, leaves by tail calls and by force, on a
 * stack that is an array here; at every store of fgraph.c an interrupt may
 * come that does the same, and a walk that asks for the true return address
 * of every slot in use. Users come and go. The oracle is the list of true
 * return addresses.
 * host-sources: trace/graph/fgraph.c trace/graph/fgraph_stack.c
 * host-sources: kernel/base/fail.c
 */
#include "kernel/quiesce.h"
#include "kernel/sched.h"
#include "kernel/unwind_hooks.h"
#include "tests/host/host.h"
#include "tests/host/step.h"
#include "tests/unit/unit.h"
#include "trace/core/ftrace_internal.h"
#include "trace/graph/fgraph.h"
#include <asm/ftrace_frame.h>

/* ---- what fgraph.c wants of the kernel ----------------------------------- */

LIST_HEAD(task_list);
DEFINE_SPINLOCK(task_list_lock);

void return_to_handler(void)
{
}

struct task_struct *sched_idle_task(unsigned int cpu)
{
	(void)cpu;
	return NULL;
}

/* What a test looks at when something is waited for. */
static void (*at_wait)(void);

void synchronize_tasks(void)
{
	if (at_wait)
		at_wait();
}

bool ftrace_may_request(void)
{
	return true;
}

static bool refuse_ops; /* as for want of memory */
static unsigned int handlers_at_register;
static enum fgraph_handled refuses_all(unsigned long *retp);

int register_ftrace_function(struct ftrace_ops *ops)
{
	handlers_at_register += fgraph_return_handler == refuses_all;
	if (refuse_ops)
		return -ENOMEM;
	ops->flags |= FTRACE_OPS_FL_ENABLED;
	return 0;
}

int unregister_ftrace_function(struct ftrace_ops *ops)
{
	ops->flags &= ~FTRACE_OPS_FL_ENABLED;
	return 0;
}

/* ---- the machine --------------------------------------------------------- */

#define WORDS	  4096
#define FUNCTIONS 4
#define USERS	  3

struct call {
	unsigned int slot; /* in w.stack */
	unsigned long ret; /* what stood there */
	unsigned long ip;  /* of the last function that began there */
	int hooked;	   /* functions that share it and somebody wanted */
	int again;	   /* of them, the same one as before */
};

struct user {
	struct ftrace_ops ops;
	struct fgraph_ops gops;
	u64 entries, returns, forgotten;
	u64 open[512]; /* tags of calls entered, not returned from */
	bool on;
};

static struct world {
	unsigned long stack[WORDS];
	unsigned int sp;
	struct call call[512];
	unsigned int nr_calls;
	struct user user[USERS];
	u64 seed, returned;
	u32 odds;
	unsigned int nesting;
	int depth;     /* functions under way that somebody wanted */
	int unsure;    /* the sum of again: a second user, or a second call? */
	bool accepted; /* the one that begins now is */
	bool walking, force, eager;
} w;

static u32 dice(u32 sides)
{
	return host_random(&w.seed) % sides;
}

/* No two calls have the same; function, user and number of words are in it. */
static u64 tag_of(unsigned long func, const struct user *user,
		  unsigned int words)
{
	static u64 serial;

	return ++serial << 16 | words << 8 | (user - w.user) << 4 | func;
}

static u64 word_of(u64 tag, unsigned int i)
{
	return tag * 0x9e3779b97f4a7c15ull + i;
}

static bool entry(struct ftrace_graph_ent *ent, struct fgraph_ops *gops)
{
	unsigned int words = w.eager || dice(3) ? 0 : 1 + dice(8);
	struct user *user = gops->private;
	u64 tag, *data;

	if (!w.eager && dice(8) == 0)
		return false;
	tag = tag_of(ent->func, user, words);
	if (words) {
		data = fgraph_reserve_data(words);
		if (!data || dice(8) == 0)
			return false;
		for (unsigned int i = 0; i < words; i++)
			WRITE_ONCE(data[i], word_of(tag, i));
	}
	/* In an interrupt a call being made may be counted, or not yet. */
	if (!w.force && !w.nesting && !w.unsure)
		CHECK_EQ(ent->depth, w.depth);
	w.accepted = true;
	ent->calltime = tag;
	user->open[(user->entries++ - user->returns) % 512] = tag;
	return true;
}

static void leave(const struct ftrace_graph_ret *ret, struct fgraph_ops *gops)
{
	struct user *user = gops->private;

	CHECK(user->on);
	CHECK(ret->func >= 1 && ret->func <= FUNCTIONS);
	CHECK_EQ(ret->calltime & 15, ret->func);
	CHECK_EQ(ret->calltime >> 4 & 15, user - w.user);
	CHECK_EQ(ret->calltime >> 8 & 255, ret->words);
	for (unsigned int i = 0; i < ret->words; i++)
		CHECK_EQ(READ_ONCE(ret->data[i]), word_of(ret->calltime, i));
	CHECK_EQ(ret->retval, w.returned);
	user->returns++;
	if (!w.force)
		CHECK_EQ(user->open[(user->entries - user->returns) % 512],
			 ret->calltime);
}

/* R6: the words of the frames are those in use. */
static void check_words(void)
{
	const struct fgraph_ret_stack *stack = current->ret_stack;
	u64 words = 0;

	for (const struct fgraph_frame *f = stack->top; f > stack->frame; f--)
		words += fgraph_words(f);
	CHECK_EQ(stack->data_used, words);
}

/* A traced function begins: its return address stands at w.sp. */
static void call_users(unsigned long ip)
{
	unsigned long *slot = &w.stack[w.sp];
	struct ftrace_regs *fregs;
	bool around = w.accepted;

	w.accepted = false;
	fregs = (void *)((char *)slot -
			 offsetof(struct ftrace_regs, parent_ip));
	fregs->ip = ip; /* not 0: a fast frame */
	for (unsigned int i = 0; i < USERS; i++) {
		if (w.user[i].ops.flags & FTRACE_OPS_FL_ENABLED)
			w.user[i].ops.func(ip, *slot, &w.user[i].ops, fregs);
	}
	if (w.accepted) {
		w.call[w.nr_calls - 1].hooked++;
		w.depth++;
	}
	w.accepted = around;
}

/* On the slot of the innermost call. */
static void begin(unsigned long ip)
{
	struct call *c = &w.call[w.nr_calls - 1];

	if (c->ip == ip) {
		c->again++;
		w.unsure++;
	}
	c->ip = ip;
	call_users(ip);
}

static void call(void)
{
	static unsigned long serial = 1000000;
	unsigned int room = 2 + dice(4); /* ip, and frames of different size */

	if (w.sp < 256 || w.nr_calls == ARRAY_SIZE(w.call))
		return;
	w.sp -= room;
	w.stack[w.sp] = serial += 16;
	w.call[w.nr_calls++] = (struct call){ .slot = w.sp, .ret = serial };
	begin(1 + dice(FUNCTIONS));
}

/* The same slot serves one more function. */
static void tail_call(unsigned int bottom)
{
	if (w.nr_calls > bottom)
		begin(1 + dice(FUNCTIONS));
}

static void ret(unsigned int bottom)
{
	unsigned long *slot;

	if (w.nr_calls == bottom)
		return;
	slot = &w.stack[w.call[w.nr_calls - 1].slot];
	w.returned++;
	while (*slot == (unsigned long)return_to_handler) {
		if (fgraph_return_handler(slot) == FGRAPH_REFUSED)
			ftrace_return_to_handler(slot, w.returned, 7);
	}
	CHECK_EQ(*slot, w.call[w.nr_calls - 1].ret);
	w.depth -= w.call[w.nr_calls - 1].hooked;
	w.unsure -= w.call[w.nr_calls - 1].again;
	w.nr_calls--;
	w.sp = w.nr_calls ? w.call[w.nr_calls - 1].slot : WORDS - 1;
}

/* Some calls are left without a return, as by trap_catch_call(). */
static void leave_by_force(unsigned int bottom)
{
	unsigned int n = dice(3);

	while (n-- && w.nr_calls > bottom + 1)
		w.nr_calls--;
	w.sp = w.nr_calls ? w.call[w.nr_calls - 1].slot : WORDS - 1;
}

static void walk(void)
{
	w.walking = true;
	for (unsigned int i = w.nr_calls; i; i--) {
		unsigned long *slot = &w.stack[w.call[i - 1].slot];

		CHECK_EQ(ftrace_graph_ret_addr(current, *slot, slot),
			 w.call[i - 1].ret);
	}
	w.walking = false;
}

/* Runs some calls and returns, back to where it began. */
static void run(unsigned int steps, bool force)
{
	unsigned int bottom = w.nr_calls;
	bool down = dice(3) == 0;

	while (steps--) {
		if (dice(10) < (down ? 8U : 5U))
			call();
		else
			ret(bottom);
		if (dice(12) == 0)
			tail_call(bottom);
		if (force && dice(40) == 0)
			leave_by_force(bottom);
	}
	while (w.nr_calls > bottom)
		ret(bottom);
}

/* An interrupt, and one within, below what the one before is at. */
static void step(void)
{
	u32 context = this_cpu_read(trace_context);
	unsigned int sp = w.sp;

	if (w.walking || w.nesting == 2 || dice(1024) >= w.odds)
		return;
	this_cpu_write(trace_context, w.nesting++ ? CTX_NMI : CTX_IRQ);
	w.sp -= 16; /* what the interrupted code may be about to use */
	walk();
	u64 returned = w.returned;

	run(dice(8), false);
	walk();
	w.returned = returned;
	w.sp = sp;
	w.nesting--;
	this_cpu_write(trace_context, context);
}

static void toggle(struct user *user)
{
	if (user->on) {
		CHECK_EQ(unregister_ftrace_graph(&user->gops), 0);
		user->forgotten += user->entries - user->returns;
		user->returns = user->entries;
		user->on = false;
		return;
	}
	user->gops.entryfunc = entry;
	user->gops.retfunc = leave;
	user->gops.ops = &user->ops;
	user->gops.private = user;
	user->on = true;
	CHECK_EQ(register_ftrace_graph(&user->gops), 0);
}

static void schedule_run(u64 seed, bool force, bool toggles)
{
	struct fgraph_ret_stack *stack;

	w = (struct world){ .seed = seed, .sp = WORDS - 1 };
	w.odds = 30 + dice(200);
	w.force = force;
	if (!current->ret_stack)
		list_add(&current->task_list, &task_list);
	for (unsigned int i = 0; i < USERS; i++)
		toggle(&w.user[i]);
	stack = current->ret_stack;
	for (unsigned int n = 0; n < 6; n++) {
		host_step_fn = step;
		run(10 + dice(200), force);
		host_step_fn = NULL;
		walk();
		check_words();
		if (toggles)
			toggle(&w.user[dice(USERS)]);
	}
	for (unsigned int i = 0; i < USERS; i++) {
		if (w.user[i].on)
			toggle(&w.user[i]);
		if (!force)
			CHECK_EQ(w.user[i].forgotten, 0);
	}
	CHECK(force || stack->top == stack->frame);
	stack->top = stack->frame;
	stack->data_used = 0;
}

UNIT(fgraph, calls_returns_tail_calls_and_interrupts)
{
	for (u64 seed = 1; seed < 400; seed++)
		schedule_run(seed, false, false);
}

UNIT(fgraph, calls_left_by_force)
{
	for (u64 seed = 1; seed < 400; seed++)
		schedule_run(seed, true, false);
	CHECK(current->ret_stack->abandoned > 0);
}

/* Users go in the middle of calls: the rest of those is not theirs. */
static void toggle_inside(unsigned int levels)
{
	for (unsigned int i = 0; i < levels; i++) {
		call();
		if (dice(3) == 0)
			toggle(&w.user[dice(USERS)]);
	}
	while (w.nr_calls) {
		ret(0);
		if (dice(3) == 0)
			toggle(&w.user[dice(USERS)]);
	}
}

UNIT(fgraph, users_come_and_go_in_the_middle_of_calls)
{
	for (u64 seed = 1; seed < 400; seed++) {
		w = (struct world){ .seed = seed, .sp = WORDS - 1 };
		for (unsigned int i = 0; i < USERS; i++)
			toggle(&w.user[i]);
		for (unsigned int n = 0; n < 10; n++)
			toggle_inside(dice(20));
		for (unsigned int i = 0; i < USERS; i++) {
			if (w.user[i].on)
				toggle(&w.user[i]);
		}
		CHECK(current->ret_stack->top == current->ret_stack->frame);
		CHECK_EQ(current->ret_stack->data_used, 0);
	}
}

UNIT(fgraph, users_of_a_call_are_as_deep_as_one)
{
	const struct fgraph_ret_stack *stack = current->ret_stack;

	w = (struct world){ .seed = 1, .sp = WORDS - 1, .eager = true };
	for (unsigned int i = 0; i < USERS; i++)
		toggle(&w.user[i]);
	for (int depth = 0; depth < FGRAPH_DEPTH_MAX / USERS; depth++) {
		if (depth % 3 == 2) /* a function leaves to itself */
			call_users(stack->top->func);
		else
			call();
		CHECK_EQ(stack->top - stack->frame, USERS * (depth + 1));
		for (int i = 0; i < USERS; i++)
			CHECK_EQ(stack->top[-i].depth, depth);
	}
	while (w.nr_calls)
		ret(0);
	for (unsigned int i = 0; i < USERS; i++)
		toggle(&w.user[i]);
}

UNIT(fgraph, overflow_is_counted_and_harmless)
{
	unsigned long before = current->trace_overrun;

	w = (struct world){ .seed = 5, .sp = WORDS - 1 };
	toggle(&w.user[0]);
	for (unsigned int i = 0; i < 3 * FGRAPH_DEPTH_MAX; i++)
		call();
	CHECK_EQ(w.nr_calls, 3 * FGRAPH_DEPTH_MAX);
	CHECK(current->trace_overrun > before);
	CHECK(current->ret_stack->top == current->ret_stack->end);
	walk();
	while (w.nr_calls)
		ret(0);
	toggle(&w.user[0]);
}

/* ---- data words ---------------------------------------------------------- */

static unsigned int hooked, filled;

static bool entry_takes_most(struct ftrace_graph_ent *ent,
			     struct fgraph_ops *gops)
{
	u64 *data = fgraph_reserve_data(FGRAPH_DATA_MAX);

	if (!data)
		return false;
	for (unsigned int i = 0; i < FGRAPH_DATA_MAX; i++)
		data[i] = word_of(hooked, i);
	ent->calltime = hooked++;
	return true;
}

static void return_with_most(const struct ftrace_graph_ret *ret_,
			     struct fgraph_ops *gops)
{
	CHECK_EQ(ret_->words, FGRAPH_DATA_MAX);
	CHECK_EQ(ret_->calltime, --hooked);
	for (unsigned int i = 0; i < FGRAPH_DATA_MAX; i++)
		filled += ret_->data[i] == word_of(ret_->calltime, i);
}

static void user_with(struct user *user, trace_func_graph_ent_t entryfunc,
		      trace_func_graph_ret_t retfunc)
{
	user->gops = (struct fgraph_ops){ .entryfunc = entryfunc,
					  .retfunc = retfunc,
					  .ops = &user->ops };
	CHECK_EQ(register_ftrace_graph(&user->gops), 0);
}

/* R2, R6: frames there would be, but no words; then it is not hooked. */
UNIT(fgraph, calls_without_room_for_their_words_are_counted_R6)
{
	const unsigned int most = FGRAPH_DATA_WORDS / FGRAPH_DATA_MAX;
	unsigned long before = current->trace_overrun;
	struct user *user = &w.user[0];

	w = (struct world){ .seed = 5, .sp = WORDS - 1 };
	hooked = filled = 0;
	user_with(user, entry_takes_most, return_with_most);
	for (unsigned int i = 0; i < most + 3; i++)
		call();
	CHECK_EQ(hooked, most);
	CHECK_EQ(current->trace_overrun - before, 3);
	CHECK_EQ(current->ret_stack->data_used, most * FGRAPH_DATA_MAX);
	while (w.nr_calls)
		ret(0);
	CHECK_EQ(hooked, 0);
	CHECK_EQ(filled, most * FGRAPH_DATA_MAX);
	CHECK_EQ(current->ret_stack->data_used, 0);
	CHECK_EQ(unregister_ftrace_graph(&user->gops), 0);
}

static bool entry_asks_wrongly(struct ftrace_graph_ent *ent,
			       struct fgraph_ops *gops)
{
	CHECK(!fgraph_reserve_data(0));
	CHECK(!fgraph_reserve_data(FGRAPH_DATA_MAX + 1));
	CHECK(!fgraph_reserve_data(~0U));
	CHECK(fgraph_reserve_data(2));
	CHECK(!fgraph_reserve_data(1));
	hooked++;
	return true;
}

static void return_with_two(const struct ftrace_graph_ret *ret_,
			    struct fgraph_ops *gops)
{
	CHECK_EQ(ret_->words, 2);
	hooked--;
}

UNIT(fgraph, words_are_refused_that_cannot_be_had)
{
	unsigned long before = current->trace_overrun;
	struct user *user = &w.user[0];

	w = (struct world){ .seed = 5, .sp = WORDS - 1 };
	hooked = 0;
	user_with(user, entry_asks_wrongly, return_with_two);
	call();
	CHECK_EQ(hooked, 1);
	ret(0);
	CHECK_EQ(hooked, 0);
	CHECK_EQ(current->trace_overrun, before);
	CHECK_EQ(unregister_ftrace_graph(&user->gops), 0);
}

UNIT(fgraph, no_seventeenth_user)
{
	static struct ftrace_ops ops[FGRAPH_USERS + 1];
	static struct fgraph_ops gops[FGRAPH_USERS + 1];
	unsigned int i;

	for (i = 0; i < FGRAPH_USERS; i++) {
		gops[i].ops = &ops[i];
		CHECK_EQ(register_ftrace_graph(&gops[i]), 0);
		CHECK_EQ(register_ftrace_graph(&gops[i]), (u64)-EBUSY);
	}
	gops[i].ops = &ops[i];
	CHECK_EQ(register_ftrace_graph(&gops[i]), (u64)-ENOSPC);
	while (i--)
		CHECK_EQ(unregister_ftrace_graph(&gops[i]), 0);
}

/* Two cannot have the same ops: its ->private says whose callback it is. */
UNIT(fgraph, an_ops_has_one_user)
{
	static struct ftrace_ops ops;
	static struct fgraph_ops first = { .ops = &ops };
	static struct fgraph_ops second = { .ops = &ops };

	CHECK_EQ(unregister_ftrace_graph(&first), (u64)-EBUSY);
	CHECK_EQ(register_ftrace_graph(&first), 0);
	CHECK_EQ(register_ftrace_graph(&second), (u64)-EBUSY);
	CHECK(ops.private == &first);
	CHECK_EQ(unregister_ftrace_graph(&second), (u64)-EBUSY);
	CHECK(ops.flags & FTRACE_OPS_FL_ENABLED);
	CHECK_EQ(unregister_ftrace_graph(&first), 0);
}

/* ---- a user's own handler ------------------------------------------------ */

static unsigned int waits_with_handler, waits;

static enum fgraph_handled refuses_all(unsigned long *retp)
{
	(void)retp;
	return FGRAPH_REFUSED;
}

static void look_for_handler(void)
{
	waits++;
	waits_with_handler += fgraph_return_handler == refuses_all;
}

/* Nobody can have just read it when the wait for such begins. */
UNIT(fgraph, a_handler_is_out_of_use_before_the_wait_R4)
{
	static struct ftrace_ops ops, other_ops;
	static struct fgraph_ops gops = { .ops = &ops, .handler = refuses_all };
	static struct fgraph_ops other = { .ops = &other_ops };

	CHECK_EQ(register_ftrace_graph(&gops), 0);
	CHECK(fgraph_return_handler == refuses_all);
	CHECK_EQ(register_ftrace_graph(&other), 0);
	CHECK(fgraph_return_handler != refuses_all);
	CHECK_EQ(unregister_ftrace_graph(&other), 0);
	CHECK(fgraph_return_handler == refuses_all);
	waits = waits_with_handler = 0;
	at_wait = look_for_handler;
	CHECK_EQ(unregister_ftrace_graph(&gops), 0);
	at_wait = NULL;
	CHECK(waits > 0);
	CHECK_EQ(waits_with_handler, 0);
	CHECK(fgraph_return_handler != refuses_all);
}

/* The handler of one whose ops was refused was never in use. */
UNIT(fgraph, a_handler_is_not_used_before_its_ops_is_registered)
{
	static struct ftrace_ops ops;
	static struct fgraph_ops gops = { .ops = &ops, .handler = refuses_all };

	handlers_at_register = 0;
	refuse_ops = true;
	CHECK_EQ(register_ftrace_graph(&gops), (u64)-ENOMEM);
	refuse_ops = false;
	CHECK_EQ(handlers_at_register, 0);
	CHECK(fgraph_return_handler != refuses_all);
	CHECK_EQ(register_ftrace_graph(&gops), 0);
	CHECK_EQ(unregister_ftrace_graph(&gops), 0);
}

/* ---- callbacks that call what is hooked ---------------------------------- */

static struct {
	unsigned int inside, deepest, calls;
} nested;

/* A hooked function that is called, and returns, from a callback. */
static void call_from_callback(void)
{
	nested.calls++;
	nested.deepest = max(nested.deepest, ++nested.inside);
	if (nested.inside < FGRAPH_DEPTH_MAX && nested.calls < 1000) {
		call();
		ret(w.nr_calls - 1);
	}
	nested.inside--;
}

static bool entry_that_calls(struct ftrace_graph_ent *ent,
			     struct fgraph_ops *gops)
{
	call_from_callback();
	return true;
}

static void return_that_calls(const struct ftrace_graph_ret *ret_,
			      struct fgraph_ops *gops)
{
	call_from_callback();
}

static void call_once_with(trace_func_graph_ent_t entryfunc,
			   trace_func_graph_ret_t retfunc)
{
	struct fgraph_ops *gops = &w.user[0].gops;
	u64 before;

	w = (struct world){ .seed = 1, .sp = WORDS - 1, .eager = true };
	nested.inside = nested.deepest = nested.calls = 0;
	*gops = (struct fgraph_ops){ .entryfunc = entryfunc,
				     .retfunc = retfunc,
				     .ops = &w.user[0].ops };
	CHECK_EQ(register_ftrace_graph(gops), 0);
	before = current->ret_stack->recursed;
	call();
	ret(0);
	CHECK_EQ(w.nr_calls, 0);
	CHECK(nested.calls > 0);
	CHECK_EQ(nested.deepest, 2); /* and not FGRAPH_DEPTH_MAX */
	CHECK(current->ret_stack->recursed > before);
	CHECK(current->ret_stack->top == current->ret_stack->frame);
	CHECK_EQ(current->trace_recursion, 0);
	CHECK_EQ(unregister_ftrace_graph(gops), 0);
}

UNIT(fgraph, a_return_callback_does_not_recurse_R5)
{
	call_once_with(NULL, return_that_calls);
}

UNIT(fgraph, an_entry_callback_does_not_recurse_R5)
{
	call_once_with(entry_that_calls, NULL);
}

UNIT(fgraph, callbacks_that_call_at_both_ends_do_not_recurse_R5)
{
	call_once_with(entry_that_calls, return_that_calls);
}
