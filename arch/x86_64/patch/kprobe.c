// SPDX-License-Identifier: MIT
/*
 * kprobe.c - prepares the instruction of a probe, and writes and removes INT3s.
 *
 * Owns the slots between arch_kprobe_prepare() and arch_kprobe_release(). K2
 * and K3 stand in trace/arch_kprobe.h.
 *
 * Context: task, kprobe_mutex held by the caller.
 */
#include "arch/x86_64/cpu/entry.h"
#include "arch/x86_64/patch/exec_pool.h"
#include "arch/x86_64/patch/insn.h"
#include "arch/x86_64/patch/kprobe.h"
#include "arch/x86_64/patch/text_poke.h"
#include "arch/x86_64/patch/text_poke_internal.h"
#include "kernel/base/slab.h"
#include "kernel/base/text_region.h"
#include "kernel/lib/errno.h"
#include "kernel/jump_label.h"
#include "kernel/quiesce.h"
#include <asm/smp.h>

/* Does another patcher change the bytes, or do they enter the kernel? */
static bool is_reserved(unsigned long start, unsigned long end)
{
	return jump_label_text_reserved(start, end) ||
	       (start < (unsigned long)entry_code_end &&
		end > (unsigned long)entry_stubs);
}

static int make_slot(struct arch_kprobe *probe, unsigned long addr)
{
	u8 buf[EXEC_GRANULE];
	void *slot = exec_alloc(EXEC_GRANULE);
	int err;

	if (!slot)
		return -ENOMEM;
	err = kprobe_slot_emit(probe, addr, (unsigned long)slot, buf);
	if (!err)
		err = text_poke_copy(slot, buf, sizeof(buf));
	if (err)
		exec_free(slot, EXEC_GRANULE);
	else
		probe->slot = (unsigned long)slot;
	return err;
}

int arch_kprobe_prepare(struct arch_kprobe *probe, unsigned long addr)
{
	const struct text_region *region = text_region_of(addr);
	int err;

	if (!region || !region->compiled)
		return -EINVAL;
	mutex_lock(&text_mutex);
	err = kprobe_decode(probe, addr);
	mutex_unlock(&text_mutex);
	if (!err && is_reserved(addr, addr + probe->len))
		err = -EINVAL;
	if (!err && probe->how == KPROBE_SLOT)
		err = make_slot(probe, addr);
	return err;
}

void arch_kprobe_wait(void)
{
	synchronize_tasks();
	sync_core_all();
}

void arch_kprobe_release(struct arch_kprobe *probe)
{
	if (probe->slot)
		exec_free((void *)probe->slot, EXEC_GRANULE);
	probe->slot = 0;
}

unsigned long arch_kprobe_second_int3(const struct arch_kprobe *probe)
{
	if (!probe->slot || probe->no_post)
		return 0;
	return probe->slot + KPROBE_SLOT_POST + probe->len;
}

/*
 * The word that replaces the INT3. A CALL or JMP is written as a whole, so that
 * the engine can emulate it while the batch is live; of any other instruction
 * the first byte is enough, and a trap during the batch comes here.
 */
static u64 original_word(const struct arch_kprobe *probe)
{
	enum insn_kind kind = insn_kind(insn_load(probe->bytes, INSN_MAX));

	return insn_load(probe->bytes,
			 kind == INSN_KIND_NOP5 ? 1 : insn_kind_len(kind));
}

/* The same bytes with the INT3. */
static u64 armed_word(const struct arch_kprobe *probe)
{
	return (original_word(probe) & ~0xffull) | INSN_OP_INT3;
}

int arch_kprobe_arm(struct kprobe_point *const *points, size_t n, bool on)
{
	static struct text_poke few[8]; /* kprobe_mutex guards it */
	struct text_poke *vec = few;
	size_t i;
	int err;

	if (n > ARRAY_SIZE(few))
		vec = kcalloc(n, sizeof(*vec));
	if (!vec)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		vec[i].ip = points[i]->addr;
		vec[i].old = on ? original_word(&points[i]->arch) :
				  armed_word(&points[i]->arch);
		vec[i].new = on ? INSN_INT3 : original_word(&points[i]->arch);
	}
	err = text_poke_prepare(vec, n, NULL);
	if (!err)
		text_poke_apply();
	if (vec != few)
		kfree(vec);
	return err == -EFAULT ? -EINVAL : err;
}
