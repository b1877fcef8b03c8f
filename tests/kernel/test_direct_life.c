// SPDX-License-Identifier: MIT
/*
 * D2: when unregister or modify returns nobody is in the old target, so its
 * memory may go at once. A task is held in the target, preempted there again
 * and again, while it is taken away.
 */
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/text_poke.h"
#include "kernel/lib/errno.h"
#include "kernel/lib/string.h"
#include "kernel/sched.h"
#include "tests/kernel/ftrace_targets.h"
#include "tests/kernel/ktest.h"
#include "trace/core/ftrace_internal.h"

#define TARGET_SIZE 64

static u32 inside, leave;
static struct ftrace_ops direct;

/*
 *	mov dword [inside], 1
 * 1:	pause
 *	cmp dword [leave], 0
 *	je 1b
 *	ret
 */
static unsigned long make_target(void)
{
	u8 code[] = {
		0xc7, 0x04, 0x25, 0,	0, 0, 0, 1, 0, 0,    0,	   0xf3,
		0x90, 0x83, 0x3c, 0x25, 0, 0, 0, 0, 0, 0x74, 0xf4, 0xc3,
	};
	u32 at_inside = (u32)(unsigned long)&inside;
	u32 at_leave = (u32)(unsigned long)&leave;
	char *target = exec_alloc(TARGET_SIZE);

	memcpy(code + 3, &at_inside, sizeof(u32));
	memcpy(code + 16, &at_leave, sizeof(u32));
	if (target)
		text_poke_copy(target, code, sizeof(code));
	return (unsigned long)target;
}

static int call_it(void *arg)
{
	ftrace_target[30]();
	return 0;
}

static bool gone;

static int modify_and_free(void *target)
{
	EXPECT_EQ(modify_ftrace_direct(&direct, direct_target[0]), 0);
	exec_free(target, TARGET_SIZE);
	WRITE_ONCE(gone, true);
	return 0;
}

static int unregister_and_free(void *target)
{
	EXPECT_EQ(
		unregister_ftrace_direct(&direct, (unsigned long)target, false),
		0);
	exec_free(target, TARGET_SIZE);
	WRITE_ONCE(gone, true);
	return 0;
}

static void take_away(int (*how)(void *target))
{
	unsigned long target = make_target();
	struct task_struct *caller, *remover;

	ASSERT(target);
	direct = (struct ftrace_ops){ 0 };
	inside = leave = 0;
	gone = false;
	EXPECT_EQ(filter_targets(&direct, 30, 1), 0);
	EXPECT_EQ(register_ftrace_direct(&direct, target), 0);
	caller = kthread_run(call_it, NULL, "inside");
	wait_until(READ_ONCE(inside), 5000);
	remover = kthread_run(how, (void *)target, "remover");
	/* New calls go elsewhere soon, but the old target stays. */
	wait_until(arch_ftrace_read(target_ip(30)) != target, 5000);
	msleep(30);
	EXPECT(!READ_ONCE(gone));
	EXPECT_EQ(*(u8 *)target, 0xc7);
	WRITE_ONCE(leave, 1);
	kthread_join(caller);
	kthread_join(remover);
	EXPECT_EQ(*(u8 *)target, 0xcc);
	if (direct.flags & FTRACE_OPS_FL_ENABLED)
		EXPECT_EQ(unregister_ftrace_direct(&direct, direct_target[0],
						   false),
			  0);
	ftrace_free_filter(&direct);
}

KTEST(direct_life, modify_waits_D2)
{
	take_away(modify_and_free);
}

KTEST(direct_life, modify_by_stub_waits_D2)
{
	ftrace_exchange_way = FTRACE_BY_STUB;
	take_away(modify_and_free);
	ftrace_exchange_way = FTRACE_BY_SITE;
}

KTEST(direct_life, unregister_waits_D2)
{
	take_away(unregister_and_free);
}

/* One ops, many targets: the same promise for the pair that changes. */
static int mod_and_free(void *target)
{
	struct ftrace_hash *hash = ftrace_direct_hash_new(1);

	EXPECT_EQ(ftrace_direct_hash_add(hash, target_ip(30), direct_target[1]),
		  0);
	EXPECT_EQ(update_ftrace_direct_mod(&direct, hash, true), 0);
	exec_free(target, TARGET_SIZE);
	WRITE_ONCE(gone, true);
	ftrace_hash_free(hash);
	return 0;
}

KTEST(direct_life, mod_of_one_pair_waits_D2)
{
	struct ftrace_hash *hash = ftrace_direct_hash_new(2);
	unsigned long target = make_target();
	struct task_struct *caller, *remover;

	direct = (struct ftrace_ops){ 0 };
	inside = leave = 0;
	gone = false;
	EXPECT_EQ(ftrace_direct_hash_add(hash, target_ip(30), target), 0);
	EXPECT_EQ(ftrace_direct_hash_add(hash, target_ip(31), direct_target[0]),
		  0);
	EXPECT_EQ(update_ftrace_direct_add(&direct, hash), 0);
	caller = kthread_run(call_it, NULL, "inside");
	wait_until(READ_ONCE(inside), 5000);
	remover = kthread_run(mod_and_free, (void *)target, "remover");
	msleep(30);
	EXPECT(!READ_ONCE(gone));
	WRITE_ONCE(leave, 1);
	kthread_join(caller);
	kthread_join(remover);
	hash->direct[0] = direct_target[1];
	EXPECT_EQ(update_ftrace_direct_del(&direct, hash), 0);
	ftrace_hash_free(hash);
	EXPECT_EQ(ftrace_check(), 0);
}
